/** Random executions: `fuzz` runs many, shrinks the first that fails, and says how to see it again. */
import fc from "fast-check"
import type { Message } from "../../src/raft/Message.ts"
import type { ServerId, Settings } from "../../src/raft/Server.ts"
import type { Taken } from "../cluster/Cluster.ts"
import type { Operation } from "../linearizability/History.ts"
import { planOf, runSchedule } from "./Execution.ts"
import { record } from "./Replay.ts"
import { add, kindOf, kinds, missedGates, nothingCounted } from "./Richness.ts"
import type { Richness } from "./Richness.ts"
import { realParts } from "./Run.ts"
import type { Parts, Violation } from "./Run.ts"
import { Schedules } from "./Schedule.ts"

export interface FuzzOptions {
  /** The cluster's size; the richness is asked for from 3 on. */
  readonly servers: number
  readonly runs: number
  /** A whole number; the same seed gives the same runs. */
  readonly seed: number
  /** Of a failure: straight to the shrunk run. */
  readonly path?: string | undefined
  /** Decisions in each run, of which about three in four are events; 1,000 unless told. */
  readonly events?: number | undefined
  /** False: a failure is shown as it was found, which is sooner. */
  readonly shrink?: boolean
  /** Told now and then how far it is. */
  readonly onProgress?: (progress: { readonly runs: number; readonly events: number }) => void
  /** Ends it early, with what was done so far. */
  readonly signal?: AbortSignal | undefined
  /** Given each run when it is over: for traces and histories. */
  readonly onRun?: (run: FinishedRun) => void
  /** Faulty ones, to see them found. */
  readonly parts?: Partial<Parts>
}

/** All that one run did. */
export interface FinishedRun {
  /** From 0, as fast-check counts. */
  readonly number: number
  readonly ids: ReadonlyArray<ServerId>
  readonly settings: Settings
  /** `Cluster.sent`. */
  readonly sent: ReadonlyArray<Message>
  /** Every step, in order. */
  readonly taken: ReadonlyArray<Taken>
  /** What the clients saw. */
  readonly history: ReadonlyArray<Operation>
  readonly violation: Violation | undefined
}

export interface FuzzFailure extends Violation {
  readonly seed: number
  /** For `FuzzOptions.path`, with the same servers, runs and events; absent when it was the richness that failed. */
  readonly path?: string
  /** The run as text, for `replay`; "" when it was the richness that failed. */
  readonly scenario: string
}

export interface FuzzResult {
  readonly servers: number
  readonly runs: number
  readonly events: number
  /** By the clock on the wall, everything included but shrinking. */
  readonly eventsPerSecond: number
  readonly richness: Richness
  /** Stopped by the signal. */
  readonly interrupted: boolean
  readonly failure?: FuzzFailure
}

/** Runs after which other work of the process gets its turn. */
const runsPerTurn = 20

/** Random executions of one cluster size, up to the first failure. A violation doesn't reject the promise. */
export const fuzz = async (options: FuzzOptions): Promise<FuzzResult> => {
  const { onRun, path, runs, seed, servers, signal } = options
  const parts: Parts = { ...realParts, ...options.parts }
  const richness: Richness = {}
  const byKind = {
    figure2: nothingCounted(),
    preVote: nothingCounted(),
    checkQuorum: nothingCounted(),
    both: nothingCounted()
  }
  let tries = 0
  let done = 0
  let events = 0
  // What follows the first failure is shrinking; with a path, all of it is.
  let shrinking = path !== undefined
  const start = performance.now()
  let end = start

  const schedules = new Schedules(servers, options.events ?? 1000, (schedule) => planOf(schedule, parts))
  const property = fc.asyncProperty(schedules, async (schedule) => {
    if (tries++ % runsPerTurn === 0) await new Promise(setImmediate)
    if (signal?.aborted === true) throw new fc.PreconditionFailure(true)
    const taken: Array<Taken> = []
    const run = runSchedule(schedule, parts, onRun === undefined ? {} : { step: (step) => taken.push(step) })
    const { violation } = run
    if (shrinking) return violation === undefined
    const { cluster, clients, counter } = run
    onRun?.({
      number: done,
      ids: cluster.ids,
      settings: schedule.settings,
      sent: cluster.sent,
      taken,
      history: clients.history,
      violation
    })
    done++
    events += run.events
    add(richness, counter.counts)
    const kind = byKind[kindOf(schedule.settings)]
    add(kind.richness, counter.counts)
    kind.runs++
    kind.events += run.events
    end = performance.now()
    if (done % runsPerTurn === 0) options.onProgress?.({ runs: done, events })
    shrinking = violation !== undefined
    return violation === undefined
  })

  const { counterexample, counterexamplePath, interrupted } = await fc.check(property, {
    seed,
    numRuns: runs,
    endOnFailure: options.shrink === false,
    ...(path === undefined ? {} : { path })
  })
  const eventsPerSecond = Math.round((1000 * events) / Math.max(1, end - start))
  const result = { servers, runs: done, events, eventsPerSecond, richness, interrupted }
  if (counterexample !== null) {
    const { scenario, violation } = record(counterexample[0], parts)
    return { ...result, failure: { ...violation!, seed, path: counterexamplePath!, scenario } }
  }
  // Fewer than three servers have no majority to lose.
  const missed = servers < 3 ? [] : [
    ...missedGates({ richness, runs: done, events }),
    ...kinds.flatMap((kind) => missedGates(byKind[kind], kind))
  ]
  return missed.length === 0
    ? result
    : { ...result, failure: { property: "Richness", detail: missed.join("; "), seed, scenario: "" } }
}

/**
 * The first property that `runs` executions of each of these sizes violate, if any; nothing is shrunk. "Exception"
 * means that the rules threw, "Richness" that too little happened.
 */
export const firstViolation = async (
  sizes: ReadonlyArray<number>,
  runs: number,
  seed: number
): Promise<string | undefined> => {
  for (const servers of sizes) {
    const { failure } = await fuzz({ servers, runs, seed, shrink: false })
    if (failure !== undefined) return failure.property
  }
  return undefined
}
