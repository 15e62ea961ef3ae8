/** `--liveness`: progress in a model (spec/Liveness.tla) instead of its safety properties. */
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Flag from "effect/cli/Flag"
import {
  compareLiveness,
  endlessOf,
  exploreLiveness,
  livenessFaults,
  livenessViolations
} from "../../check/models/checkLiveness.ts"
import type { LivenessResult } from "../../check/models/checkLiveness.ts"
import { toldText } from "../../check/models/RaftLayer.ts"
import type { ModelSpec, RaftSpec } from "../../check/models/Table.ts"
import { livenessNames } from "../../check/raft/Liveness.ts"
import { storyPicture } from "../../check/render/StoryPicture.ts"
import { fromEndless } from "../../check/scenario/FromEndless.ts"
import { aborted } from "../../check/suite/Interrupt.ts"
import { badInput, honouringInterrupts, interrupted, result, undecided, violated } from "./Ending.ts"
import { writePage } from "./html.ts"
import { progress } from "./progress.ts"
import { grouped, seconds } from "./text.ts"

export const liveness = Flag.Boolean("liveness").pipe(
  Flag.withDescription("progress: what must come, and stay, once the network is reliable again"),
  Flag.withDefault(false)
)

/** The model, if there are properties of progress for it. */
export const withProgress = (spec: ModelSpec) =>
  spec.layer === "raft"
    ? Effect.succeed(spec)
    : Effect.fail(badInput(`spec/Liveness.tla is about Raft: there is no progress to check in ${spec.name}`))

const numbers = ({ calm, chaos, seconds: s }: LivenessResult): string =>
  `${grouped(chaos)} states of the chaos, ${grouped(calm)} of the calm, ${seconds(s)}`

/** `lockstep explore MODEL --liveness`. */
export const exploreProgress = Effect.fnUntraced(function*(
  spec: RaftSpec,
  { html, json }: { readonly html: Option.Option<string>; readonly json: boolean }
) {
  const { value: found, wasInterrupted } = yield* honouringInterrupts((signal) =>
    Effect.promise(() => exploreLiveness(spec, { signal }))
  )
  const faults = livenessViolations(found)
  const told = found.violations.map((endless) => fromEndless(spec, endless))
  const counted = `${spec.name}: ${numbers(found)}`
  yield* result(json, found, [
    counted,
    faults.length === 0 ? `holds: ${livenessNames.join(", ")}` : faults.join("\n"),
    ...told.map(toldText)
  ].join("\n"))
  yield* writePage(html, () => storyPicture(`explore ${spec.name} --liveness`, counted, told))
  if (wasInterrupted) return yield* interrupted
  if (!found.complete) return yield* undecided
  if (faults.length > 0) return yield* violated
})

/** `lockstep equal MODEL --liveness`; gives the number of states if both hold and have as many. */
export const equalProgress = Effect.fnUntraced(function*(spec: RaftSpec, json: boolean) {
  const { value: comparison, wasInterrupted } = yield* honouringInterrupts((signal) =>
    compareLiveness(spec, {
      stop: aborted(signal),
      onProgress: ({ distinct }) => Effect.sync(() => progress(`${spec.name}: TLC has ${grouped(distinct)} states`))
    })
  )
  progress("")
  const { tlc, typescript } = comparison
  const faults = livenessFaults(comparison)
  const alone = tlc.counterexample !== undefined && typescript.violations.length === 0
    ? yield* Effect.promise(() => endlessOf(spec, tlc.violated ?? livenessNames[0]!, tlc.counterexample!))
    : undefined
  yield* result(json, comparison, [
    `${spec.name}: ${faults.length === 0 ? `both hold, with as many states: ${livenessNames.join(", ")}` : "NOT EQUAL, or violated"}`,
    `  TypeScript ${numbers(typescript)}`,
    `  TLC        ${grouped(tlc.distinct)} states, ${seconds(tlc.seconds)}`,
    ...faults.map((fault) => `  ${fault}`),
    ...typescript.violations.map((endless) => toldText(fromEndless(spec, endless))),
    ...(alone === undefined ? [] : [typeof alone === "string" ? alone : toldText(fromEndless(spec, alone))])
  ].join("\n"))
  if (wasInterrupted) return yield* interrupted
  if (faults.length > 0) return yield* violated
  return tlc.distinct
})
