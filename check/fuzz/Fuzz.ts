/** Random executions: `fuzz` runs many, shrinks the first that fails, and says how to see it again. */
import fc from "fast-check"
import type { Taken } from "../cluster/Cluster.ts"
import { ScriptError } from "../scenario/Script.ts"
import { actsOf, textOf } from "./Act.ts"
import type { Act } from "./Act.ts"
import { Chooser } from "./Chooser.ts"
import { Planner } from "./Plan.ts"
import type { Planned } from "./Plan.ts"
import { add, missedGates } from "./Richness.ts"
import type { Richness } from "./Richness.ts"
import { realParts, Run } from "./Run.ts"
import type { Parts, Setup, Violation } from "./Run.ts"
import { Schedules } from "./Schedule.ts"
import type { Schedule } from "./Schedule.ts"

type Observe = (taken: Taken) => void

export interface FuzzOptions {
  /** The cluster's size: 3, 4, 5, 7. */
  readonly servers: number
  readonly runs: number
  /** A whole number; the same seed gives the same runs. */
  readonly seed: number
  /** Of a failure: straight to the shrunk run. */
  readonly path?: string
  /** Decisions in each run; about as many events. 800 unless told. */
  readonly events?: number
  /** Told now and then how far it is. */
  readonly onProgress?: (progress: { readonly runs: number; readonly events: number }) => void
  /** Ends it early, with what was done so far. */
  readonly signal?: AbortSignal
  /** Asked before each run who shall observe its steps, to write a trace. */
  readonly trace?: (run: number, setup: Setup) => Observe
  /** Faulty ones, to see them found. */
  readonly parts?: Partial<Parts>
}

export interface FuzzFailure extends Violation {
  readonly seed: number
  /** For `FuzzOptions.path`; absent when it was the richness that failed. */
  readonly path?: string
  /** The shrunk run as text, for `replay`; "" when it was the richness that failed. */
  readonly scenario: string
}

export interface FuzzResult {
  readonly servers: number
  readonly runs: number
  readonly events: number
  readonly eventsPerSecond: number
  readonly richness: Richness
  /** Stopped by the signal. */
  readonly interrupted: boolean
  readonly failure?: FuzzFailure
}

/** What the schedule's run does, act by act. */
function* actsOfSchedule(run: Run, schedule: Schedule): Generator<Act> {
  if (schedule.acts === undefined) {
    const chooser = new Chooser(run, schedule)
    for (const decision of schedule.decisions) {
      const act = chooser.choose(decision)
      if (act !== undefined) yield act
    }
  } else {
    const planner = new Planner(run.cluster)
    for (const planned of schedule.acts) {
      const act = planner.find(planned)
      if (act !== undefined) yield act
    }
  }
}

/** One run of the schedule, to its end or to the first violation. `before` hears of each act before it is tried. */
const runSchedule = (
  schedule: Schedule,
  parts: Parts,
  { before, observe }: { readonly before?: (run: Run, act: Act) => void; readonly observe?: Observe | undefined } = {}
): Run => {
  const run = new Run(schedule, parts, observe)
  for (const act of actsOfSchedule(run, schedule)) {
    before?.(run, act)
    run.do(act)
    if (run.violation !== undefined) return run
  }
  run.finish()
  return run
}

/** What the decisions come to. */
const planOf = (schedule: Schedule, parts: Parts): ReadonlyArray<Planned> => {
  const acts: Array<Planned> = []
  let planner: Planner | undefined
  runSchedule(schedule, parts, { before: (run, act) => acts.push((planner ??= new Planner(run.cluster)).plan(act)) })
  return acts
}

const header = ({ maxEntries, servers }: Setup) => `cluster ${servers} maxEntries ${maxEntries}`

/** The schedule's run as text, one line an act that happened, and what it violates. */
const record = (schedule: Schedule, parts: Parts): { readonly scenario: string; readonly violation: Violation } => {
  const lines = [header(schedule)]
  const run = new Run(schedule, parts)
  for (const act of actsOfSchedule(run, schedule)) {
    const line = textOf(run.cluster, act)
    if (run.do(act)) lines.push(line)
    if (run.violation !== undefined) break
  }
  if (run.violation === undefined) run.finish()
  return { scenario: `${lines.join("\n")}\n`, violation: run.violation! }
}

/**
 * Does what `scenario` says, a text that `fuzz` printed, and tells what that violates, if anything. Throws a
 * `ScriptError` naming the line that can't be understood or can't happen.
 */
export const replay = (scenario: string, parts: Partial<Parts> = {}): Violation | undefined => {
  const lines = scenario.split("\n").map((text, n) => ({ text: text.trim(), at: n + 1 })).filter(({ text }) => text !== "")
  const found = /^cluster (\d+) maxEntries (\d+)$/.exec(lines[0]?.text ?? "")
  if (found === null) throw new ScriptError(`line ${lines[0]?.at ?? 1}: expected "cluster N maxEntries N"`)
  const run = new Run({ servers: Number(found[1]), maxEntries: Number(found[2]) }, { ...realParts, ...parts })
  for (const { text, at } of lines.slice(1)) {
    try {
      for (const act of actsOf(run.cluster, text)) {
        if (!run.do(act)) throw new ScriptError(`nothing happens: ${text}`)
        if (run.violation !== undefined) return run.violation
      }
    } catch (error) {
      throw error instanceof ScriptError ? new ScriptError(`line ${at}: ${error.message}`) : error
    }
  }
  run.finish()
  return run.violation
}

/** Runs after which other work of the process gets its turn. */
const runsPerTurn = 20

/** Random executions of one cluster size; the first failure is shrunk. Never rejects for a violation. */
export const fuzz = async (options: FuzzOptions): Promise<FuzzResult> => {
  const { path, runs, seed, servers, signal } = options
  const parts: Parts = { ...realParts, ...options.parts }
  const richness: Richness = {}
  let done = 0
  let events = 0
  let failed = false
  const start = performance.now()
  let end = start
  const schedules = new Schedules(servers, options.events ?? 800, (schedule) => planOf(schedule, parts))
  const property = fc.asyncProperty(schedules, async (schedule) => {
    if (done % runsPerTurn === 0) await new Promise(setImmediate)
    if (signal?.aborted === true) throw new fc.PreconditionFailure(true)
    const run = runSchedule(schedule, parts, { observe: failed ? undefined : options.trace?.(done, schedule) })
    // What follows the first failure is shrinking.
    if (!failed) {
      done++
      events += run.events
      add(richness, run.counter.counts)
      end = performance.now()
      if (done % runsPerTurn === 0) options.onProgress?.({ runs: done, events })
      failed = run.violation !== undefined
    }
    return run.violation === undefined
  })
  const details = await fc.check(property, { seed, numRuns: runs, ...(path === undefined ? {} : { path }) })
  const result = {
    servers,
    runs: done,
    events,
    eventsPerSecond: Math.round((1000 * events) / (end - start)),
    richness,
    interrupted: details.interrupted
  }
  if (details.counterexample !== null) {
    const [schedule] = details.counterexample
    const { scenario, violation } = record(schedule, parts)
    return { ...result, failure: { ...violation, seed, path: details.counterexamplePath!, scenario } }
  }
  const missed = path === undefined ? missedGates(richness, events) : []
  return missed.length === 0
    ? result
    : { ...result, failure: { property: "Richness", detail: missed.join("; "), seed, scenario: "" } }
}
