/** `lockstep tlc`: the same model by TLC. */
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { aborted } from "../../../check/suite/Interrupt.ts"
import { layerOf } from "../../../check/models/Layer.ts"
import type { Telling } from "../../../check/models/Layer.ts"
import type { ModelSpec } from "../../../check/models/Table.ts"
import { tlcModel } from "../../../check/models/TlcModel.ts"
import { storyPicture } from "../../../check/render/StoryPicture.ts"
import type { TlcResult } from "../../../check/tlc/Tlc.ts"
import { badInput, honouringInterrupts, interrupted, json, result, violated } from "../Ending.ts"
import { html, withPictures, writePage } from "../html.ts"
import { modelName, modelNamed } from "../models.ts"
import { progress } from "../progress.ts"
import { grouped, seconds } from "../text.ts"

const workers = Flag.Int("workers").pipe(
  Flag.withDescription("TLC's threads (default 1: with more, the depth may differ)"),
  Flag.withDefault(1)
)

/** The counterexample, told like one of ours. */
const counterexample = (spec: ModelSpec, found: TlcResult): ReadonlyArray<Telling> => {
  if (found.counterexample === undefined) return []
  const layer = layerOf(spec)
  const worlds = found.counterexample.states.map(({ variables }) => layer.worldOf(variables))
  return [layer.told(worlds, `${spec.name} violates ${found.violated ?? (found.outcome === "error" ? "nothing: TLC could not go on" : "a property")} in TLC`)]
}

export const tlc = Command.make("tlc", { model: modelName, workers, html, json }, (flags) =>
  Effect.gen(function*() {
    const spec = yield* modelNamed(flags.model)
    yield* withPictures(spec, flags.html)
    if (flags.workers < 1) return yield* badInput(`--workers ${flags.workers}: expected at least 1`)
    const { value: found, wasInterrupted } = yield* honouringInterrupts((signal) =>
      tlcModel(spec, {
        workers: flags.workers,
        stop: aborted(signal),
        onProgress: ({ depth, distinct, generated, queue }) =>
          Effect.sync(() =>
            progress(
              `${spec.name}: level ${depth}, ${grouped(distinct)} states, ${grouped(generated)} generated, ${grouped(queue)} to go`
            )
          )
      })
    )
    progress("")
    const { depth, distinct, generated, outcome } = found
    const told = counterexample(spec, found)
    const counted = `${spec.name}: ${outcome}${found.violated === undefined ? "" : ` ${found.violated}`}, ${grouped(distinct)} distinct states, `
      + `${grouped(generated)} generated, depth ${depth}, ${seconds(found.seconds)}`
    const lines = [
      counted,
      ...(found.message === undefined ? [] : [found.message]),
      ...told.map(({ text }) => text)
    ]
    yield* result(flags.json, { model: spec.name, ...found }, lines.join("\n"))
    yield* writePage(flags.html, () => storyPicture(`tlc ${spec.name}`, counted, told.flatMap(({ story }) => story ?? [])))
    if (wasInterrupted) return yield* interrupted
    if (outcome !== "ok") return yield* violated
  }))
