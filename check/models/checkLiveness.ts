/**
 * Progress in a model (spec/Liveness.tla), by the explorer and by TLC: whether what must come after the chaos comes, and
 * stays.
 */
import * as Effect from "effect/Effect"
import { setImmediate } from "node:timers/promises"
import { explore } from "../explorer/Explore.ts"
import type { Graph } from "../explorer/Graph.ts"
import type { Lasso } from "../explorer/Liveness.ts"
import type { LocalStep } from "../explorer/Model.ts"
import { Calm, livenessNames, withinHorizon } from "../raft/Liveness.ts"
import type { TlcResult, TlcRun } from "../tlc/Tlc.ts"
import type { Message } from "../../src/raft/Message.ts"
import type { Server, ServerId } from "../../src/raft/Server.ts"
import type { Ghost } from "../../src/raft/World.ts"
import { decodeWorld, plain } from "./Decode.ts"
import { raftModel } from "./RaftModel.ts"
import type { RaftWorld } from "./RaftModel.ts"
import type { RaftSpec } from "./Table.ts"
import { tlcLiveness } from "./TlcModel.ts"

/** An infinite behaviour that violates a property: worlds of the chaos, then steps of the calm. */
export interface Endless {
  readonly name: string
  readonly chaos: ReadonlyArray<RaftWorld>
  /** Who is gone when the calm begins. */
  readonly gone: ReadonlyArray<ServerId>
  /** Steps once, and then those that repeat for ever; none: nothing happens any more. */
  readonly stem: ReadonlyArray<LocalStep<Server, Message>>
  readonly loop: ReadonlyArray<LocalStep<Server, Message>>
}

export interface LivenessResult {
  readonly model: string
  /** Different worlds of the chaos, and of the calm. */
  readonly chaos: number
  readonly calm: number
  readonly seconds: number
  readonly violations: ReadonlyArray<Endless>
  /** Properties that some world of the calm misses, before they come. Of the others the model says nothing. */
  readonly missed: ReadonlyArray<string>
  /** Every world of chaos and calm was looked at. */
  readonly complete: boolean
}

export interface LivenessOptions {
  readonly signal?: AbortSignal
  /** Of `livenessNames`; all unless told. */
  readonly names?: ReadonlyArray<string>
}

/** Worlds of the calm that are found before it is let go, undecided. */
const limit = 2_000_000

interface Explored {
  readonly chaos: Graph<Server, Message, Ghost>
  readonly calm: Calm
  /** The world of the chaos after which each of the calm's first worlds begins. */
  readonly origins: ReadonlyArray<number>
  readonly complete: boolean
}

const exploreCalm = async (spec: RaftSpec, signal: AbortSignal | undefined): Promise<Explored> => {
  const model = { ...raftModel(spec), properties: [], mustReach: [] }
  const { graph: chaos, result } = await explore(model, { ...(signal === undefined ? {} : { signal }), memory: 2 ** 32 })
  const calm = new Calm({ maxTerm: spec.maxTerm, values: spec.values, together: spec.together, applyAlone: spec.applyAlone }, model.actors)
  const origins: Array<number> = []
  for (let n = 0; n < chaos.size && result.complete; n++) {
    const { actors, left } = chaos.world(n)
    calm.begin(actors, left["requests"]!)
    while (origins.length < calm.size) origins.push(n)
  }
  let open = result.complete
  while (open && calm.size < limit && signal?.aborted !== true) {
    open = calm.explore(5_000)
    await setImmediate()
  }
  return { chaos, calm, origins, complete: result.complete && !open }
}

/** What the explorer finds. */
export const exploreLiveness = async (spec: RaftSpec, options: LivenessOptions = {}): Promise<LivenessResult> => {
  const began = performance.now()
  const { names = livenessNames, signal } = options
  const explored = await exploreCalm(spec, signal)
  const { calm, chaos, complete } = explored
  return {
    model: spec.name,
    chaos: chaos.size,
    calm: calm.size,
    violations: complete ? names.flatMap((name) => {
      const lasso = calm.violation(name)
      return lasso === undefined ? [] : [endless(explored, name, lasso)]
    }) : [],
    missed: complete ? names.filter((name) => name !== withinHorizon && calm.foundBy.some((_, n) => calm.missing(name)(n))) : [],
    complete,
    seconds: (performance.now() - began) / 1000
  }
}

const endless = ({ calm, chaos, origins }: Explored, name: string, { loop, start, stem }: Lasso): Endless =>
  endlessFrom(calm, name, chaos.traceTo(origins[start]!).map(({ world }) => world), start, stem, loop)

const endlessFrom = (
  calm: Calm,
  name: string,
  chaos: ReadonlyArray<RaftWorld>,
  start: number,
  stem: ReadonlyArray<number>,
  loop: ReadonlyArray<number>
): Endless => {
  const up = calm.up(start).map(({ id }) => id)
  const steps = (edges: ReadonlyArray<number>) => edges.flatMap((edge) => calm.localStep(edge) ?? [])
  const gone = chaos.at(-1)!.actors.map(({ id }) => id).filter((id) => !up.includes(id))
  return { name, chaos, gone, stem: steps(stem), loop: steps(loop) }
}

/** What both found. */
export interface LivenessComparison {
  readonly typescript: LivenessResult
  readonly tlc: TlcResult
}

/** Both. Fails as `tlcLiveness` does. */
export const compareLiveness = Effect.fnUntraced(function*(
  spec: RaftSpec,
  options: Pick<TlcRun, "onProgress" | "stop"> = {}
) {
  const typescript = yield* Effect.promise((signal) => exploreLiveness(spec, { signal }))
  const tlc = yield* tlcLiveness(spec, livenessNames, options)
  const comparison: LivenessComparison = { typescript, tlc }
  return comparison
})

/** What is wrong, a line each: in the code, in the specification, or between them. */
export const livenessFaults = ({ tlc, typescript }: LivenessComparison): ReadonlyArray<string> => [
  ...livenessViolations(typescript),
  ...(tlc.outcome === "ok" ? [] : [`TLC ends with ${tlc.outcome} ${tlc.violated ?? tlc.message ?? ""}`.trim()]),
  ...(tlc.outcome !== "ok" || typescript.violations.length > 0 || tlc.distinct === typescript.chaos + typescript.calm
    ? []
    : [`TLC has ${tlc.distinct} states, TypeScript ${typescript.chaos + typescript.calm}`])
]

/** What is wrong in the code alone, a line each. */
export const livenessViolations = ({ complete, missed, violations }: LivenessResult): ReadonlyArray<string> => [
  ...violations.map(({ name }) => `violates ${name}`),
  ...(complete && missed.length === 0 ? ["there was nothing to wait for"] : []),
  ...(complete ? [] : ["incomplete"])
]

/**
 * TLC's counterexample as a behaviour of the TypeScript, step for step; a text says what the TypeScript lacks. `calm` and
 * `started` are variables of spec/Liveness.tla.
 */
export const endlessOf = async (
  spec: RaftSpec,
  name: string,
  { loop, states }: NonNullable<TlcResult["counterexample"]>
): Promise<Endless | string> => {
  const { calm } = await exploreCalm(spec, undefined)
  const worlds = states.map(({ variables }) => ({
    world: decodeWorld(variables, spec.settings),
    calm: variables["calm"] === true,
    started: plain(variables["started"]!) as unknown as ReadonlyArray<ServerId>
  }))
  const begins = worlds.findIndex((each) => each.calm)
  if (begins < 0) return "the calm never begins"
  const numbers = worlds.slice(begins).map(({ started, world }) =>
    calm.find({ up: world.actors, messages: world.messages, requests: world.left["requests"]!, started })
  )
  const path = [...numbers, ...(loop === undefined ? [] : [numbers[loop - begins]])]
  const edges: Array<number> = []
  for (const [n, number] of path.entries()) {
    if (number === undefined) return `state ${begins + n + 1} is none of the TypeScript`
    const before = path[n - 1]
    if (before === undefined || before === number) continue
    const edge = calm.edge(before, number)
    if (edge === undefined) return `the step to state ${begins + n + 1} is none of the TypeScript`
    edges.push(edge)
  }
  const repeated = loop === undefined ? [] : path.slice(loop - begins)
  if (name !== withinHorizon && !repeated.some((number) => calm.missing(name)(number!))) {
    return `${name} is not missed by what repeats`
  }
  const stem = edges.length - Math.max(repeated.length - 1, 0)
  const still = repeated.length === 2 && repeated[0] === repeated[1]
  const chaos = worlds.slice(0, begins).map(({ world }) => world)
  return still
    ? endlessFrom(calm, name, chaos, path[0]!, edges, [])
    : endlessFrom(calm, name, chaos, path[0]!, edges.slice(0, stem), edges.slice(stem))
}
