/** Random executions, of the rules alone and of real replicas; they leave traces. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { fuzz } from "../../fuzz/Fuzz.ts"
import type { FinishedRun } from "../../fuzz/Fuzz.ts"
import { fuzzRuntime } from "../../runtime/Fuzz.ts"
import type { Line, Trace } from "../../trace/Format.ts"
import { readTrace } from "../../trace/TraceReader.ts"
import { headerOf, linesOf, traceText } from "../../trace/TraceWriter.ts"
import { row } from "../Row.ts"
import type { SuiteOptions } from "../Options.ts"
import { grouped } from "../figures.ts"
import { runtimeTraceLines, traceLines } from "./traces.ts"

/** The trace of a run, through the text of its file: what is validated is what others would read. */
const traceOf = (
  file: string,
  { ids, settings }: Pick<FinishedRun, "ids" | "settings">,
  lines: ReadonlyArray<Line>,
  seed: number
): Trace => Result.getOrThrow(readTrace(traceText(headerOf(ids, settings, seed, {}), lines), file))

export const fuzzRow = (servers: number, runs: number, traces: Array<Trace>, options: SuiteOptions) =>
  row("random executions", `${servers} servers`, Effect.promise(async () => {
    let lines = 0
    const { events, eventsPerSecond, failure, interrupted, richness } = await fuzz({
      servers,
      runs,
      seed: options.seed,
      signal: options.signal,
      onProgress: (p) => options.onProgress(`random executions of ${servers} servers: ${grouped(p.events)} events`),
      onRun: (run) => {
        if (lines >= traceLines || run.violation !== undefined) return
        const file = `servers ${servers} seed ${options.seed} run ${run.number}`
        const trace = traceOf(file, run, linesOf(run.sent, run.taken), options.seed)
        lines += trace.steps.length
        traces.push(trace)
      }
    })
    if (failure !== undefined) {
      return {
        status: "failed" as const,
        found: `${failure.property}: ${failure.detail} (seed ${failure.seed}${failure.path === undefined ? "" : `, path ${failure.path}`})`,
        detail: failure.scenario
      }
    }
    const rich = ["leaderChanges", "truncations", "crashes", "committed", "answered", "unknown", "sessionsExpired"]
      .map((name) => `${name} ${grouped(richness[name] ?? 0)}`).join(", ")
    return {
      status: interrupted ? "stopped" as const : "ran" as const,
      found: `${grouped(events)} events, ${grouped(eventsPerSecond)}/s; ${rich}`
    }
  }))

export const runtimeRow = (servers: number, runs: number, traces: Array<Trace>, options: SuiteOptions) =>
  row("real replicas", `${servers} servers`, Effect.promise(async () => {
    let lines = 0
    const { failure, interrupted, richness, runs: done, steps, stepsPerSecond, virtualSeconds } = await fuzzRuntime({
      servers,
      runs,
      seed: options.seed,
      signal: options.signal,
      onProgress: (p) => options.onProgress(`${servers} real replicas: ${grouped(p.steps)} steps`),
      onRun: (run, number) => {
        if (lines >= runtimeTraceLines || run.violation !== undefined) return
        const file = `${servers} real replicas seed ${options.seed} run ${number}`
        const trace = traceOf(file, run, linesOf(run.sent, run.steps), options.seed)
        lines += trace.steps.length
        traces.push(trace)
      }
    })
    if (failure !== undefined) {
      return {
        status: "failed" as const,
        found: `${failure.property}: ${failure.detail} (seed ${failure.seed}${failure.path === undefined ? "" : `, path ${failure.path}`})`,
        detail: failure.story
      }
    }
    const rich = ["leaderChanges", "powerCuts", "kills", "pauses", "snapshotsInstalled", "answered", "unknown", "retries"]
      .map((name) => `${name} ${grouped(richness[name] ?? 0)}`).join(", ")
    return {
      status: interrupted ? "stopped" as const : "ran" as const,
      found: `${grouped(done)} runs, ${grouped(Math.round(virtualSeconds))} s of virtual time, ${grouped(steps)} steps, `
        + `${grouped(stepsPerSecond)}/s; ${rich}`
    }
  }))
