/** Traces, from wherever they come, as TLC has them. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { labs } from "../../labs/run.ts"
import { traceOfLab } from "../../labs/traces.ts"
import type { Taken } from "../../cluster/Cluster.ts"
import { raftModels } from "../../models/load.ts"
import { rootOf } from "../../models/RaftModel.ts"
import { projectJar } from "../../models/TlcModel.ts"
import type { Trace } from "../../trace/Format.ts"
import { readTrace } from "../../trace/TraceReader.ts"
import { headerOf, linesOf, traceText } from "../../trace/TraceWriter.ts"
import { validateTraces } from "../../trace/validate.ts"
import { aborted } from "../Interrupt.ts"
import { row } from "../Row.ts"
import type { SuiteOptions } from "../Options.ts"
import { grouped } from "../figures.ts"

/** How many servers the random executions have that leave them. */
export const sizes = [3, 4, 5, 7]

/** The fewest steps of each size's runs that TLC validates. */
export const traceLines = 15_500

/** The same of real replicas, of each size. */
export const runtimeTraceLines = 4_000

/** How the roots of prepared worlds are reached: the specification must allow that, too. */
export const rootTraces = (): ReadonlyArray<Trace> =>
  raftModels().filter((spec) => spec.root.length > 0).map((spec) => {
    const taken: Array<Taken> = []
    const { cluster } = rootOf(spec, (step) => taken.push(step))
    const text = traceText(headerOf(cluster.ids, spec.settings, null, {}), linesOf(cluster.sent, taken))
    return Result.getOrThrow(readTrace(text, `root of ${spec.name}`))
  })

/** Restarts, a follower behind the leader's log, a full window: small runs of them, for TLC. */
const tracedLabs = ["RC-1", "E-26", "E-37"]

export const labTraces = (seed: number): ReadonlyArray<Trace> =>
  labs.filter(({ id }) => tracedLabs.includes(id)).map((lab) => traceOfLab(lab, seed))

/** Fails also when there are too few steps to say anything. */
export const traceRow = (
  traces: ReadonlyArray<Trace>,
  { onProgress, signal }: Pick<SuiteOptions, "onProgress" | "signal">
) =>
  row("traces", "validated by TLC", Effect.gen(function*() {
    const jar = yield* projectJar
    const found = yield* validateTraces(traces, {
      jar,
      onProgress: (done) => Effect.sync(() => onProgress(`traces: ${grouped(done.lines)} of ${grouped(done.of)} events`))
    }).pipe(Effect.raceFirst(Effect.as(aborted(signal), undefined)))
    if (found === undefined) return { status: "stopped", found: "interrupted" }
    const { distinctSteps, lines, verdicts } = found
    const rejected = verdicts.filter((v) => v.status === "rejected")
    return rejected.length === 0 && lines >= sizes.length * traceLines
      ? { status: "ran", found: `${grouped(lines)} events of ${traces.length} runs, of the rules and of real replicas, scenarios and roots of models, ${grouped(distinctSteps)} distinct steps` }
      : { status: "failed", found: rejected[0]?.message ?? `only ${grouped(lines)} events` }
  }))
