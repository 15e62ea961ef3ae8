/** What TLC says of what the servers of a run did. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { projectJar } from "../models/TlcModel.ts"
import { findJava } from "../tlc/Jar.ts"
import { grouped } from "../suite/figures.ts"
import { validateTraces } from "../trace/validate.ts"
import type { Verdict } from "../trace/validate.ts"
import type { NemesisRun } from "./Nemesis.ts"

export interface Validated {
  /** Or why there is none. */
  readonly verdict: Verdict | string
  readonly steps: number
  /** In a line. */
  readonly text: string
}

/** Short slices: a run of TLC must not take the memory of the machine. */
const longest = 10_000

/** Without TLC there is no verdict, and that is said. */
export const validateRun = Effect.fnUntraced(function*({ trace }: NemesisRun, onProgress: (line: string) => void) {
  if (Result.isFailure(trace)) {
    return { verdict: trace.failure.message, steps: 0, text: `unreadable: ${trace.failure.message}` } satisfies Validated
  }
  const { lost, steps } = trace.success
  const jar = yield* Effect.result(Effect.andThen(findJava(), projectJar))
  if (Result.isFailure(jar)) {
    const { message } = jar.failure
    return { verdict: message, steps: steps.length, text: `${grouped(steps.length)} steps, not validated: ${message}` } satisfies Validated
  }
  const { distinctSteps, verdicts } = yield* validateTraces([trace.success], {
    jar: jar.success,
    longest,
    onProgress: ({ lines, of }) => Effect.sync(() => onProgress(`nemesis: ${grouped(lines)} of ${grouped(of)} steps validated`))
  })
  const verdict = verdicts[0]!
  const text = verdict.status === "accepted"
    ? `${grouped(verdict.lines)} steps are the specification's, ${grouped(distinctSteps)} different ones; ${grouped(lost)} were undone by crashes`
    : `REJECTED: ${verdict.message}`
  return { verdict, steps: steps.length, text } satisfies Validated
})
