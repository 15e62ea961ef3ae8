/** A long trace in parts, each for a run of TLC of its own: what follows from one to the next is said in `Trace.slice`. */
import type { Server, ServerId } from "../../src/raft/Server.ts"
import { InitServer } from "../../src/raft/Server.ts"
import type { Trace, TraceStep } from "./Format.ts"

/**
 * Slices of at most `longest` steps that are accepted if, and only if, the trace is: each starts where the one before
 * ends, and what its steps consume of earlier ones is there with those that have sent it.
 */
export const slicesOf = (trace: Trace, longest: number): ReadonlyArray<Trace> => {
  const { header, steps } = trace
  if (steps.length <= longest) return [trace]
  const count = Math.ceil(steps.length / longest)
  const at: Record<ServerId, Server> = {}
  for (const id of header.servers) at[id] = InitServer(id, header.servers, header.settings)
  return Array.from({ length: count }, (_, n) => {
    const [from, to] = [n, n + 1].map((k) => Math.round(k * steps.length / count)) as [number, number]
    const own = steps.slice(from, to)
    const start = { ...at }
    for (const { after, node } of own) at[node] = after
    if (n === 0) return { ...trace, steps: own }
    const here = new Set(own)
    const senders = own.flatMap(({ consumed }) => consumed === undefined || here.has(consumed.sender) ? [] : [consumed.sender])
    const earlier = [...new Set<TraceStep>(senders)]
    return { ...trace, steps: [...earlier, ...own], slice: { earlier: earlier.length, start } }
  })
}
