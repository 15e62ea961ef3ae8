/** Real processes under torment. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { faults } from "../../nemesis/Faults.ts"
import { torment } from "../../nemesis/Nemesis.ts"
import { reportOf } from "../../nemesis/Report.ts"
import { validateRun } from "../../nemesis/validateRun.ts"
import { grouped } from "../figures.ts"
import { aborted } from "../Interrupt.ts"
import type { SuiteOptions } from "../Options.ts"
import { row } from "../Row.ts"

const clients = { clerks: 15, plain: 3 }

/** Fails also when the torment wasn't felt, or too little of it. */
export const nemesisRow = ({ deep, onProgress, seed, signal }: SuiteOptions) => {
  const [servers, seconds] = deep ? [5, 300] : [3, 15]
  return row("nemesis", `${servers} processes, ${seconds} s`, Effect.scoped(Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const folder = yield* files.makeTempDirectoryScoped({ prefix: "lockstep-nemesis-" })
    const found = yield* Effect.gen(function*() {
      const run = yield* torment({ servers, seconds, seed, faults, ...clients, folder, onProgress })
      return { run, validated: yield* validateRun(run, onProgress) }
    }).pipe(Effect.raceFirst(Effect.as(aborted(signal), undefined)))
    if (found === undefined) return { status: "stopped", found: "interrupted" }
    const { run, validated } = found
    const { failovers, gaps, operations, violations } = reportOf(run, validated.verdict, faults, seconds)
    const [wrong] = [...violations, ...gaps]
    if (wrong !== undefined) return { status: "failed", found: wrong, detail: [...violations, ...gaps].join("\n") }
    const steps = typeof validated.verdict === "string" ? "no steps" : `${grouped(validated.steps)} steps`
    return {
      status: "ran",
      found: `${run.struck.length} faults, ${failovers} failovers, ${grouped(operations.all)} operations `
        + `(${grouped(operations.unknown)} unknown), ${steps} validated`
    }
  })))
}
