/** How a command can end: the exit codes, and how its results are written. */
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as Flag from "effect/cli/Flag"
import { exitCodes } from "./exitCodes.ts"
import type { EndingName } from "./exitCodes.ts"

/** An ending other than "holds". The message, if any, is one line for stderr; results have been written already. */
export class Ending extends Data.TaggedError("Ending")<{
  readonly ending: EndingName
  readonly message: string
}> {
  override readonly [Runtime.errorExitCode] = exitCodes[this.ending]
}

export const violated = new Ending({ ending: "violated", message: "" })
export const undecided = new Ending({ ending: "undecided", message: "" })
export const badInput = (message: string) => new Ending({ ending: "badInput", message })
export const missingTool = (message: string) => new Ending({ ending: "missingTool", message })

export const interrupted = new Ending({ ending: "interrupted", message: "interrupted: the result is partial" })

/**
 * Runs long work that ends early, with what it has, when its signal is aborted: Ctrl-C then doesn't end the program
 * before the partial result is written.
 */
export const honouringInterrupts = <A, E, R>(
  work: (signal: AbortSignal) => Effect.Effect<A, E, R>
): Effect.Effect<{ readonly value: A; readonly wasInterrupted: boolean }, E, R> =>
  Effect.scoped(Effect.gen(function*() {
    const controller = new AbortController()
    const abort = () => controller.abort()
    yield* Effect.acquireRelease(
      Effect.sync(() => process.on("SIGINT", abort).on("SIGTERM", abort)),
      () => Effect.sync(() => process.off("SIGINT", abort).off("SIGTERM", abort))
    )
    const value = yield* work(controller.signal)
    return { value, wasInterrupted: controller.signal.aborted }
  }))

export const json = Flag.Boolean("json").pipe(
  Flag.withDescription("one JSON document on stdout; progress stays on stderr"),
  Flag.withDefault(false)
)

/** Writes a command's result, as JSON or as text. */
export const result = (asJson: boolean, value: unknown, text: string): Effect.Effect<void> =>
  Console.log(asJson ? JSON.stringify(value, null, 2) : text)
