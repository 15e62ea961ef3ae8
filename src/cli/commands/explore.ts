/** `lockstep explore`: every reachable world of a model of the TypeScript core. */
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import type { Options } from "../../../check/explorer/Result.ts"
import { exploreModel, exploreModelInParallel } from "../../../check/models/checkModel.ts"
import { storyPicture } from "../../../check/render/StoryPicture.ts"
import { badInput, honouringInterrupts, interrupted, json, result, undecided, violated } from "../Ending.ts"
import { html, withPictures, writePage } from "../html.ts"
import { exploreProgress, liveness, withProgress } from "../liveness.ts"
import { modelName, modelNamed, shown, summary, tell } from "../models.ts"
import { progress } from "../progress.ts"
import { grouped, seconds } from "../text.ts"

const workers = Flag.Int("workers").pipe(
  Flag.withDescription("threads (default 1; more pay from about a million states)"),
  Flag.withDefault(1)
)

const memory = Flag.Int("memory").pipe(
  Flag.withDescription("MiB that the tables may take before it stops, undecided (default 4096)"),
  Flag.withDefault(4096)
)

export const explore = Command.make("explore", { model: modelName, workers, memory, liveness, html, json }, (flags) =>
  Effect.gen(function*() {
    const spec = yield* modelNamed(flags.model)
    if (flags.workers < 1) return yield* badInput(`--workers ${flags.workers}: expected at least 1`)
    if (flags.memory < 1) return yield* badInput(`--memory ${flags.memory}: expected at least 1`)
    yield* withPictures(spec, flags.html)
    if (flags.liveness) return yield* exploreProgress(yield* withProgress(spec), flags)
    const { value: found, wasInterrupted } = yield* honouringInterrupts((signal) => {
      const options: Options = {
        signal,
        memory: flags.memory * 2 ** 20,
        onProgress: ({ generated, level, queue, states, statesPerSecond }) =>
          progress(
            `${spec.name}: level ${level}, ${grouped(states)} states, ${grouped(generated)} generated, `
              + `${grouped(queue)} to go, ${grouped(statesPerSecond)} states/s`
          )
      }
      return flags.workers === 1
        ? Effect.map(exploreModel(spec, options), ({ result }) => result)
        : exploreModelInParallel(spec, flags.workers, options)
    })
    progress("")
    const { complete, depth, distinct, generated, labels, model, mustReach, violations } = found
    const counted = `${model}: ${grouped(distinct)} distinct states, ${grouped(generated)} generated, depth ${depth}, ${seconds(found.seconds)}`
    const lines = [
      counted,
      `edges: ${Object.entries(labels).map(([label, n]) => `${label} ${grouped(n)}`).join(", ")}`,
      `reached: ${mustReach.filter((m) => m.depth !== undefined).map((m) => `${m.name} at depth ${m.depth}`).join(", ")}`,
      ...(complete ? [] : [
        `stopped (${found.stopped}): ${found.levels} levels complete, ${grouped(found.queue)} states not expanded`
      ]),
      ...violations.map((v) => shown(spec, v))
    ]
    yield* result(flags.json, {
      model,
      distinct,
      generated,
      depth,
      seconds: found.seconds,
      complete,
      stopped: found.stopped ?? null,
      levels: found.levels,
      queue: found.queue,
      peakBytes: found.peakBytes,
      labels,
      mustReach,
      violations: violations.map((v) => ({ ...v, summary: summary(v) }))
    }, lines.join("\n"))
    yield* writePage(flags.html, () => storyPicture(`explore ${model}`, counted, violations.flatMap((v) => tell(spec, v)?.story ?? [])))
    if (violations.length > 0) return yield* violated
    if (wasInterrupted) return yield* interrupted
    if (!complete) return yield* undecided
  }))
