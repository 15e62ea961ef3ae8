/** Linearizability of recorded and generated histories. */
import * as Effect from "effect/Effect"
import { disagreements, fixtures, verifyFiles } from "../../linearizability/index.ts"
import { row } from "../Row.ts"
import type { SuiteOptions } from "../Options.ts"

export const historyRow = ({ signal }: SuiteOptions) =>
  row("histories", "etcd logs, KV logs, generated ones", Effect.gen(function*() {
    const report = yield* Effect.promise(() => verifyFiles([fixtures], { signal, explanations: false }))
    const wrong = disagreements(report)
    const count = (verdict: string) => report.histories.filter((h) => h.verdict === verdict).length
    return wrong.length === 0 && report.histories.length > 0
      ? { status: "ran", found: `${report.histories.length}: ${count("ok")} linearizable, ${count("illegal")} not, as known` }
      : { status: "failed", found: wrong[0] ?? "no histories", detail: wrong.join("\n") }
  }))
