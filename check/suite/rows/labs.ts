/** Scenarios of the labs and papers, on virtual time. */
import * as Effect from "effect/Effect"
import { distribution, progress } from "../../labs/Progress.ts"
import { labs, runLabs } from "../../labs/run.ts"
import { row } from "../Row.ts"
import type { SuiteOptions } from "../Options.ts"
import { grouped } from "../figures.ts"

export const labsRow = (statistic: boolean, { deep, onProgress, seed, signal }: SuiteOptions) =>
  row("labs", statistic ? "election times" : "scenarios on virtual time", Effect.promise(async () => {
    const some = labs.filter(({ seeded }) => seeded !== statistic)
    const runs = statistic ? (deep ? 10 : 1) : deep ? 1_000 : 10
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
    return { status: "ran" as const, found: `${some.length} ${statistic ? "statistics" : "scenarios"}, ${grouped(runs)} seeds each` }
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
