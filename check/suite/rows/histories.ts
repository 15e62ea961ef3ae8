/** Linearizability of recorded and generated histories. */
import * as Effect from "effect/Effect"
import { setImmediate } from "node:timers/promises"
import { campaign } from "../../linearizability/campaign/campaign.ts"
import { disagreements, fixtures, show, verifyFiles } from "../../linearizability/index.ts"
import { isQuick, proceduresOf } from "../../linearizability/campaign/procedures.ts"
import { vocabularies } from "../../linearizability/campaign/vocabularies.ts"
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

/** Random small histories per model. `check/linearizability/campaign/campaign.ts` does as many as one likes. */
const each = { check: 8_000, deep: 1_000_000 }

export const bruteForceRow = ({ deep, onProgress, seed, signal }: SuiteOptions) =>
  row("histories", "random small ones, against brute force", Effect.gen(function*() {
    let [ok, illegal] = [0, 0]
    const models = Object.keys(vocabularies)
    for (const model of models) {
      onProgress(`histories: random ones of model ${model}`)
      // It holds the thread: let a signal in between.
      yield* Effect.promise(() => setImmediate())
      const procedures = proceduresOf(model, isQuick)
      const report = campaign({ model, histories: deep ? each.deep : each.check, seed, procedures, signal })
      ok += report.ok
      illegal += report.illegal
      if (report.disagreement === undefined) continue
      const { history, procedure, reason } = report.disagreement
      return { status: "failed", found: `${model}, ${procedure}: ${reason}`, detail: history.map(show).join("\n") }
    }
    if (signal.aborted) return { status: "stopped", found: `${ok + illegal} decided` }
    return { status: "ran", found: `${models.length} models, ${ok + illegal}: ${ok} linearizable, ${illegal} not, procedures agree` }
  }))
