/** A line of the summary of `lockstep check`. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** `pinned`: compared with what was found earlier; `skipped`: needs a tool that isn't here; `stopped`: interrupted. */
export type Status = "ran" | "pinned" | "skipped" | "stopped" | "failed"

export interface Row {
  /** The group of checks it belongs to. */
  readonly section: string
  readonly check: string
  readonly status: Status
  /** What was found, in figures. */
  readonly found: string
  /** Of a failure: everything there is to see. */
  readonly detail?: string
  readonly seconds: number
}

/** Runs one check and times it. What it dies of is a failure of that check, and the others go on. */
export const row = <E extends { readonly message: string }, R>(
  section: string,
  check: string,
  work: Effect.Effect<Omit<Row, "section" | "check" | "seconds">, E, R>
): Effect.Effect<Row, never, R> =>
  Effect.gen(function*() {
    const start = yield* Clock.currentTimeMillis
    const outcome = yield* work.pipe(
      Effect.catch((error) => Effect.succeed({ status: "failed" as const, found: error.message })),
      Effect.catchDefect((defect) =>
        Effect.succeed({
          status: "failed" as const,
          found: String(defect),
          detail: defect instanceof Error ? defect.stack ?? "" : ""
        })
      )
    )
    return { section, check, ...outcome, seconds: ((yield* Clock.currentTimeMillis) - start) / 1000 }
  })
