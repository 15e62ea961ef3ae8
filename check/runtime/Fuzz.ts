/** Random runs of real replicas: `fuzz --level runtime` runs many, shrinks the first that fails, and tells its story. */
import fc from "fast-check"
import { serverIds } from "../cluster/Cluster.ts"
import { add } from "../fuzz/Richness.ts"
import type { Richness } from "../fuzz/Richness.ts"
import type { Violation } from "../fuzz/Run.ts"
import { Plans } from "./Plan.ts"
import type { Plan } from "./Plan.ts"
import { missedGates } from "./Richness.ts"
import { runPlan } from "./Run.ts"
import type { FinishedRun } from "./Run.ts"

export interface RuntimeFuzzOptions {
  /** The cluster's size; the richness is asked for from 3 on. */
  readonly servers: number
  readonly runs: number
  /** A whole number; the same seed gives the same runs. */
  readonly seed: number
  /** Of a failure: straight to the shrunk run. */
  readonly path?: string | undefined
  /** False: a failure is shown as it was found, which is sooner. */
  readonly shrink?: boolean
  /** Told now and then how far it is. */
  readonly onProgress?: (progress: { readonly runs: number; readonly steps: number }) => void
  /** Ends it early, with what was done so far. */
  readonly signal?: AbortSignal | undefined
  /** Given each run when it is over, with its number, from 0: for traces and histories. */
  readonly onRun?: (run: FinishedRun, number: number) => void
}

export interface RuntimeFuzzFailure extends Violation {
  readonly seed: number
  /** For `RuntimeFuzzOptions.path`, with the same servers and runs; absent when it was the richness that failed. */
  readonly path?: string
  /** The plan, and what happened last; "" when it was the richness that failed. */
  readonly story: string
}

export interface RuntimeFuzzResult {
  readonly servers: number
  readonly runs: number
  readonly steps: number
  /** By the clock on the wall, everything included but shrinking. */
  readonly stepsPerSecond: number
  /** Seconds of virtual time. */
  readonly virtualSeconds: number
  readonly richness: Richness
  /** Stopped by the signal. */
  readonly interrupted: boolean
  readonly failure?: RuntimeFuzzFailure
}

/** Milliseconds of virtual time in which faults happen. */
const duration = 3000

/** Runs after which other work of the process gets its turn. */
const runsPerTurn = 10

/** Runs of one cluster size, up to the first failure. A violation doesn't reject the promise. */
export const fuzzRuntime = async (options: RuntimeFuzzOptions): Promise<RuntimeFuzzResult> => {
  const { onRun, path, runs, seed, servers, signal } = options
  const richness: Richness = {}
  let tries = 0
  let done = 0
  let steps = 0
  let time = 0
  // What follows the first failure is shrinking; with a path, all of it is.
  let shrinking = path !== undefined
  const start = performance.now()
  let end = start

  const property = fc.asyncProperty(new Plans(servers, duration), async (plan) => {
    if (tries++ % runsPerTurn === 0) await new Promise(setImmediate)
    if (signal?.aborted === true) throw new fc.PreconditionFailure(true)
    const run = runPlan(plan)
    if (shrinking) return run.violation === undefined
    onRun?.(run, done)
    done++
    steps += run.steps.length
    time += run.time
    add(richness, run.counts)
    end = performance.now()
    if (done % runsPerTurn === 0) options.onProgress?.({ runs: done, steps })
    shrinking = run.violation !== undefined
    return run.violation === undefined
  })

  const { counterexample, counterexamplePath, interrupted } = await fc.check(property, {
    seed,
    numRuns: runs,
    endOnFailure: options.shrink === false,
    ...(path === undefined ? {} : { path })
  })
  const stepsPerSecond = Math.round((1000 * steps) / Math.max(1, end - start))
  const result = { servers, runs: done, steps, stepsPerSecond, virtualSeconds: time / 1000, richness, interrupted }
  if (counterexample !== null) {
    const [plan] = counterexample
    const { story, violation } = runPlan(plan)
    const text = `${planText(plan)}\n\n${story}`
    return { ...result, failure: { ...violation!, seed, path: counterexamplePath!, story: text } }
  }
  const missed = servers < 3 ? [] : missedGates(richness, done, steps)
  return missed.length === 0
    ? result
    : { ...result, failure: { property: "Richness", detail: missed.join("; "), seed, story: "" } }
}

/** The plan in words. */
const planText = ({ clients, duration, faults, network, seed, servers, settings, tape, ...more }: Plan): string => {
  const { maxRaftStateBytes, sessionTimeout } = more
  const { delay, lossPercent, repeatPercent, slowPercent, slowest } = network
  return [
    `${serverIds(servers).join(" ")}; ${clients} clients; ${duration} ms; seed of timeouts, delays and requests ${seed}`,
    `settings ${JSON.stringify({ ...settings, maxRaftStateBytes, sessionTimeout })}`,
    `network: delays ${delay.join(" to ")} ms, ${slowPercent} % up to ${slowest} ms, ${lossPercent} % lost, `
    + `${repeatPercent} % repeated`,
    `departures from the usual course: ${tape.length === 0 ? "none" : tape.join(" ")}`,
    ...faults.length === 0 ? ["no faults"] : faults.map(({ at, lasts, type, ...how }) =>
      `fault at ${at.toFixed(3)} for ${lasts.toFixed(3)} ms: ${type} ${JSON.stringify(how)}`
    )
  ].join("\n")
}
