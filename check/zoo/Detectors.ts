/**
 * Who may notice a mistake in the core. They run in a process that has loaded the mutant. Only what has a name counts:
 * a property, a predicate never reached, an edge or a line that differs. That something throws, never ends or has other
 * numbers than before is no verdict.
 */
import { readdirSync, readFileSync } from "node:fs"
import { crashPoints, crashSpec } from "../durability/CrashPoints.ts"
import { refine } from "../durability/Refinement.ts"
import { explore } from "../explorer/Explore.ts"
import { canonical } from "../explorer/Intern.ts"
import type { Outcome } from "../explorer/Model.ts"
import { fuzz } from "../fuzz/Fuzz.ts"
import type { FinishedRun } from "../fuzz/Fuzz.ts"
import { exploreLiveness } from "../models/checkLiveness.ts"
import { layerOf, modelOf } from "../models/Layer.ts"
import type { AnyLayer } from "../models/Layer.ts"
import type { ModelResult } from "../models/checkModel.ts"
import type { ModelSpec, RaftSpec } from "../models/Table.ts"
import { livenessNames } from "../raft/Liveness.ts"
import { fuzzRuntime } from "../runtime/Fuzz.ts"
import { ScenarioError } from "../scenario/Parse.ts"
import { runScenario } from "../scenario/Scenario.ts"
import { allModels, modelNamed, raftModelNamed } from "./models.ts"
import type { Expected } from "./Mutant.ts"

/** A verdict: `name` is what was violated or differs, `where` says where, in one line. */
export interface Notice {
  readonly name: string
  readonly where: string
}

/** `failed`: why nothing can be said, such as an exception. */
export interface Detection {
  readonly notices: ReadonlyArray<Notice>
  readonly failed?: string
}

/** Everything that `check` explores and compares edge by edge. */
const usualModels = (): ReadonlyArray<ModelSpec> => allModels().filter((model) => model.scope === "check" && model.edges)

const whereOf = (model: string, violation: ModelResult["violations"][number], { messageText }: AnyLayer): string => {
  switch (violation.kind) {
    case "property":
      return `${model}: after ${violation.trace.length - 1} steps`
    case "dead":
      return `${model}: ${messageText(violation.message)}`
    case "unreached":
      return `${model}: never reached`
    case "crash":
      return `${model}: ${violation.error}`
  }
}

/** Explores the models in which something is expected; where nothing is, all of the table's. */
export const byExplorer = async (expected: ReadonlyArray<Expected>, signal: AbortSignal): Promise<Detection> => {
  const notices: Array<Notice> = []
  let failed: string | undefined
  const look = async (spec: ModelSpec, name?: string): Promise<void> => {
    const layer = layerOf(spec)
    const { result } = await explore(name === undefined ? layer.model : layer.reduced(name), { signal, memory: 2 ** 31 })
    for (const violation of result.violations) {
      const where = whereOf(result.model, violation, layer)
      if (violation.kind === "crash") failed ??= where
      else notices.push({ name: violation.name, where })
    }
    if (result.stopped === "memory" || result.stopped === "aborted") failed ??= `${result.model}: ${result.stopped}`
  }
  /** What must come, and doesn't. */
  const wait = async (spec: RaftSpec, names: ReadonlyArray<string>): Promise<void> => {
    const { complete, violations } = await exploreLiveness(spec, { signal, names })
    if (!complete) failed ??= `${spec.name}: incomplete`
    for (const { chaos, loop, name, stem } of violations) {
      notices.push({ name, where: `${spec.name}: after ${chaos.length + stem.length} steps, then ${loop.length} for ever` })
    }
  }
  for (const { model, name } of expected) {
    if (livenessNames.includes(name)) await wait(raftModelNamed(model), [name])
    else await look(modelNamed(model), name)
  }
  if (expected.length === 0) {
    for (const spec of usualModels()) await look(spec)
    for (const spec of usualModels()) {
      if (spec.layer === "raft" && spec.liveness?.scope === "check") await wait(spec, livenessNames)
    }
  }
  return { notices, ...(failed === undefined ? {} : { failed }) }
}

/** Verdicts of a random execution that are none on the rules. */
const unnamed = new Set(["Exception", "Richness", "LinearizabilityUndecided", "StoryEnds"])

/** Random executions until one violates something; what the last one did is given to `onRun`, for its trace. */
export const byFuzz = async (
  batches: number,
  signal: AbortSignal,
  onRun: (run: FinishedRun) => void
): Promise<Detection> => {
  let failed: string | undefined
  for (let seed = 1; seed <= batches; seed++) {
    for (const servers of [3, 5]) {
      const { failure } = await fuzz({ servers, runs: 40, seed, events: 1000, shrink: false, signal, onRun })
      if (signal.aborted) return { notices: [], failed: "interrupted" }
      if (failure === undefined) continue
      if (!unnamed.has(failure.property)) {
        return { notices: [{ name: failure.property, where: `${servers} servers, seed ${seed}, path ${failure.path}` }] }
      }
      failed ??= `${failure.property}: ${failure.detail}`
    }
  }
  return { notices: [], ...(failed === undefined ? {} : { failed }) }
}

/** Random runs of real replicas, until one violates something. */
export const byRuntime = async (batches: number, signal: AbortSignal): Promise<Detection> => {
  let failed: string | undefined
  for (let seed = 1; seed <= batches; seed++) {
    for (const servers of [3, 5]) {
      const { failure } = await fuzzRuntime({ servers, runs: 25, seed, shrink: false, signal })
      if (signal.aborted) return { notices: [], failed: "interrupted" }
      if (failure === undefined) continue
      if (!unnamed.has(failure.property)) {
        return { notices: [{ name: failure.property, where: `${servers} servers, seed ${seed}, path ${failure.path}` }] }
      }
      failed ??= `${failure.property}: ${failure.detail}`
    }
  }
  return { notices: [], ...(failed === undefined ? {} : { failed }) }
}

const outcomeText = (layer: AnyLayer, outcome: Outcome<unknown, unknown> | undefined): string => {
  if (outcome === undefined) return "nothing happens"
  return `${layer.actorText(outcome.actor)}; sends ${outcome.sends.map(layer.messageText).join(", ") || "nothing"}`
}

/** Bytes for a graph in which an edge is sought: what differs at all does so in its first worlds. */
const graphMemory = 2 ** 26

/**
 * The first edge that leaves a world of the unmutated graph, in the order of its exploration, and that the mutant has
 * otherwise. Equality with the specification holds for the unmutated graph, so this edge is one where the mutant's and
 * the specification's graphs part. An edge is one local step, so each of those is looked at once.
 */
const firstDifferentEdge = async (
  layer: AnyLayer,
  original: AnyLayer["model"],
  mutant: AnyLayer["model"],
  signal: AbortSignal
): Promise<Detection> => {
  const { graph } = await explore({ ...original, properties: [], mustReach: [] }, { signal, memory: graphMemory })
  const looked = new Map<unknown, Set<unknown>>()
  let failed: string | undefined
  /** How the mutant's outcome differs, if it does. */
  const differs = (
    label: string,
    by: string,
    s: unknown,
    one: () => unknown,
    other: () => unknown
  ): Notice | undefined => {
    const [before, expected] = [layer.actorText(s), one()]
    let found: unknown
    try {
      found = other()
    } catch (error) {
      failed ??= `${original.name}: ${label} from ${before}${by}: ${String(error)}`
      return undefined
    }
    if (canonical([expected ?? null]) === canonical([found ?? null])) return undefined
    const text = (outcome: unknown) =>
      Array.isArray(outcome)
        ? outcome.map((each) => outcomeText(layer, each)).join(" | ") || outcomeText(layer, undefined)
        : outcomeText(layer, outcome as Outcome<unknown, unknown> | undefined)
    return { name: label, where: `${original.name}: from ${before}${by}: expected ${text(expected)}; found ${text(found)}` }
  }
  if (signal.aborted) return { notices: [], failed: "interrupted" }
  /** Numbers of the actors with their mailboxes that were seen with the same budgets. */
  const seenWith = new Map<number, Set<number>>()
  for (let index = 0; index < graph.size; index++) {
    const vector = graph.vector(index)
    const left = vector.at(-1)!
    const cells = vector.slice(0, original.actors.length)
    const known = seenWith.get(left) ?? new Set()
    if (cells.every((cell) => known.has(cell))) continue
    seenWith.set(left, known)
    for (const cell of cells) known.add(cell)
    const world = graph.world(index)
    for (const s of world.actors) {
      const seen = looked.get(s) ?? new Set()
      looked.set(s, seen)
      for (const [n, action] of original.actions.entries()) {
        if (seen.has(n) || (action.spends !== undefined && world.left[action.spends] === 0)) continue
        seen.add(n)
        const notice = differs(action.name, "", s, () => action.outcomes(s), () => mutant.actions[n]!.outcomes(s))
        if (notice !== undefined) return { notices: [notice] }
      }
    }
    for (const m of world.messages) {
      const s = world.actors[original.dest(m)]!
      const seen = looked.get(s)!
      if (seen.has(m)) continue
      seen.add(m)
      const by = ` by ${layer.messageText(m)}`
      const notice = differs(original.receives(m), by, s, () => original.handle(s, m), () => mutant.handle(s, m))
      if (notice !== undefined) return { notices: [notice] }
    }
  }
  return { notices: [], ...(failed === undefined ? {} : { failed }) }
}

/** The unmutated graph of each model against the mutant's, up to the first edge that differs. */
export const byGraph = async (expected: ReadonlyArray<Expected>, signal: AbortSignal): Promise<Detection> => {
  const unmutated = await import(new URL("../models/Layer.ts?original", import.meta.url).href) as {
    readonly modelOf: typeof modelOf
  }
  const names = new Set([...expected.map(({ model }) => model), ...usualModels().map(({ name }) => name)])
  let failed: string | undefined
  for (const name of names) {
    const spec = modelNamed(name)
    // The mutant might not even get to the root; its steps from there on are compared all the same.
    const detection = await firstDifferentEdge(layerOf(spec), unmutated.modelOf(spec), modelOf({ ...spec, root: [] }), signal)
    if (detection.notices.length > 0) return detection
    failed ??= detection.failed
  }
  return { notices: [], ...(failed === undefined ? {} : { failed }) }
}

/** Runs of the file log on a disk that forgets, and the events of those in which servers crash everywhere. */
const diskRuns = 1_000
const crashEvents = 7

/** What the specification of the log on disk doesn't allow, and what a crash between two effects leaves. */
export const byDisk = async (signal: AbortSignal): Promise<Detection> => {
  const seeds = function*() {
    for (let seed = 1; seed <= diskRuns && !signal.aborted; seed++) yield seed
  }
  const found = await refine(seeds(), {})
  if (found !== undefined) return { notices: [{ name: found.property, where: `seed ${found.seed}: ${found.detail}` }] }
  const { interrupted, violation } = await crashPoints(crashSpec, crashEvents, { signal })
  if (interrupted) return { notices: [], failed: "interrupted" }
  return { notices: violation === undefined ? [] : [{ name: violation.property, where: violation.detail }] }
}

const scenarios = new URL("../scenarios/", import.meta.url)

/** The stories, whose output is given. */
export const byScenarios = (): Detection => {
  const notices: Array<Notice> = []
  let failed: string | undefined
  for (const file of readdirSync(scenarios).sort()) {
    try {
      const { differences: [first], violations: [violated] } = runScenario(readFileSync(new URL(file, scenarios), "utf8"), file)
      if (first === undefined) continue
      const at = first.line
      const name = violated === undefined ? "output" : violated.split(" ")[1]!.replace(":", "")
      notices.push({ name, where: `${file}:${at}` })
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error
      // What the rules themselves throw is reported in the same way, but is no verdict.
      if (/^\w*Error: /.test(error.reason)) failed ??= error.message
      else notices.push({ name: "command", where: error.message })
    }
  }
  return { notices, ...(failed === undefined ? {} : { failed }) }
}
