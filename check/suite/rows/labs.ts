/** Scenarios of the labs and papers, on virtual time. */
import * as Effect from "effect/Effect"
import { distribution, progress } from "../../labs/Progress.ts"
import type { Lab } from "../../labs/Lab.ts"
import { labs, runLabs } from "../../labs/run.ts"
import { row } from "../Row.ts"
import type { SuiteOptions } from "../Options.ts"
import { grouped } from "../figures.ts"

/** What each kind is called, and with how many seeds it runs. */
const kinds: Readonly<Record<Lab["kind"], { readonly what: string; readonly runs: number; readonly deep: number }>> = {
  rules: { what: "scenarios on virtual time", runs: 10, deep: 1_000 },
  replicas: { what: "replicas at work", runs: 1, deep: 100 },
  statistic: { what: "election times", runs: 1, deep: 10 }
}

export const labsRow = (kind: Lab["kind"], { deep, onProgress, seed, signal }: SuiteOptions) =>
  row("labs", kinds[kind].what, Effect.promise(async () => {
    const some = labs.filter((lab) => lab.kind === kind)
    const runs = kinds[kind][deep ? "deep" : "runs"]
    const results = await runLabs(some, {
      seed,
      runs,
      signal,
      onProgress: (p) => onProgress(`labs: ${p.lab.id}, ${p.runs} of ${runs} seeds`)
    })
    const failed = results.flatMap(({ failure, id }) => failure === undefined ? [] : [{ id, ...failure }])
    if (failed[0] !== undefined) {
      const { claim, id, seed: one } = failed[0]
      return { status: "failed" as const, found: `${id}: ${claim} (seed ${one})`, detail: failed.map(({ text }) => text).join("\n") }
    }
    if (signal.aborted) return { status: "stopped" as const, found: "interrupted" }
    const what = kind === "statistic" ? "statistics" : "scenarios"
    const seeds = `${grouped(runs)} ${runs === 1 ? "seed" : "seeds"}`
    return { status: "ran" as const, found: `${some.length} ${what}, ${seeds} each` }
  }))

export const recoveryRow = ({ deep, onProgress, seed, signal }: SuiteOptions) =>
  row("labs", "progress after trouble", Effect.promise(async () => {
    const runs = deep ? 10_000 : 300
    const measured = await progress({ runs, seed, signal, onProgress: (done) => onProgress(`progress: ${done} of ${runs} seeds`) })
    if (measured.failures.length > 0) {
      return { status: "failed" as const, found: measured.failures[0]!, detail: measured.failures.join("\n") }
    }
    return {
      status: signal.aborted ? "stopped" as const : "ran" as const,
      found: `${grouped(measured.runs)} seeds; in election timeouts: ${distribution(measured).join("; ")}`
    }
  }))
