/** Log lines of what goes on again and again: one about the same thing, until it changes. */
import * as Effect from "effect/Effect"

export interface Reports {
  readonly info: (about: string, line: string) => void
  readonly warn: (about: string, line: string) => void
}

/** Strangers choose what some lines are about. */
const longest = 256

/** For callbacks: a line is written at once. */
export const makeReports: Effect.Effect<Reports> = Effect.gen(function*() {
  const run = Effect.runForkWith(yield* Effect.context())
  const latest = new Map<string, string>()
  const unlessSaid = (log: (line: string) => Effect.Effect<void>) => (about: string, line: string) => {
    if (latest.get(about) === line) return
    if (latest.size >= longest) latest.clear()
    latest.set(about, line)
    run(log(line))
  }
  return { info: unlessSaid(Effect.logInfo), warn: unlessSaid(Effect.logWarning) }
})
