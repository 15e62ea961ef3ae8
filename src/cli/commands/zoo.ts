/** `lockstep zoo`: planted bugs, and who notices each. */
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { matrixText } from "../../../check/zoo/Matrix.ts"
import { runZoo, zooAvailable, zooIds } from "../../../check/zoo/Zoo.ts"
import { badInput, honouringInterrupts, interrupted, json, result, violated } from "../Ending.ts"
import { progress } from "../progress.ts"

const only = Flag.String("only").pipe(
  Flag.withDescription("the id of one mutant or watcher; may be repeated (default: all)"),
  Flag.between(0, Infinity)
)

export const zoo = Command.make("zoo", { only, json }, (flags) =>
  Effect.gen(function*() {
    if (!zooAvailable) return yield* badInput("the zoo mutates the sources: run it in a clone")
    const unknown = flags.only.find((id) => !zooIds.includes(id))
    if (unknown !== undefined) return yield* badInput(`no mutant or watcher ${unknown} (there are ${zooIds.join(", ")})`)
    const { value: matrix, wasInterrupted } = yield* honouringInterrupts((signal) =>
      Effect.promise(() =>
        runZoo({
          scope: "deep",
          withTlc: true,
          only: flags.only.length === 0 ? undefined : flags.only,
          signal,
          onProgress: ({ done, id, of }) => progress(`${done} of ${of}: ${id}`)
        })
      )
    )
    progress("")
    yield* result(flags.json, matrix, matrixText(matrix))
    if (wasInterrupted || matrix.interrupted) return yield* interrupted
    if (matrix.faults.length > 0) return yield* violated
  }))
