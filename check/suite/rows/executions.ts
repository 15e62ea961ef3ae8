/** Random executions; they leave traces. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { fuzz } from "../../fuzz/Fuzz.ts"
import type { FinishedRun } from "../../fuzz/Fuzz.ts"
import type { Trace } from "../../trace/Format.ts"
import { readTrace } from "../../trace/TraceReader.ts"
import { headerOf, linesOf, traceText } from "../../trace/TraceWriter.ts"
import { row } from "../Row.ts"
import type { SuiteOptions } from "../Options.ts"
import { grouped } from "../figures.ts"
import { traceLines } from "./traces.ts"

/** The trace of a run, through the text of its file: what is validated is what others would read. */
const traceOf = (run: FinishedRun, seed: number): Trace => {
  const file = `servers ${run.ids.length} seed ${seed} run ${run.number}`
  const header = headerOf(run.ids, run.settings, seed, {})
  return Result.getOrThrow(readTrace(traceText(header, linesOf(run.sent, run.taken)), file))
}

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
        const trace = traceOf(run, options.seed)
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
