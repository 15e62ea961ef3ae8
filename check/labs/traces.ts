/** Scenarios on virtual time leave traces, too, which TLC holds to the specification. */
import * as Result from "effect/Result"
import type { Cluster, Taken } from "../cluster/Cluster.ts"
import type { Trace } from "../trace/Format.ts"
import { readTrace } from "../trace/TraceReader.ts"
import { headerOf, linesOf, traceText } from "../trace/TraceWriter.ts"
import type { Lab } from "./Lab.ts"

/** The trace of a scenario's run, through the text of its file: what is validated is what others would read. */
export const traceOfLab = (lab: Lab, seed: number): Trace => {
  const steps: Array<Taken> = []
  let cluster: Cluster | undefined
  lab.run(seed, (taken, its) => {
    steps.push(taken)
    cluster = its
  })
  const { ids, sent, servers } = cluster!
  const header = headerOf(ids, servers.get(ids[0]!)!.settings, seed, {})
  return Result.getOrThrow(readTrace(traceText(header, linesOf(sent, steps)), `${lab.id} seed ${seed}`))
}
