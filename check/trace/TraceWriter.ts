/** From the steps of a cluster to a trace, as text. */
import type { Message } from "../../src/raft/Message.ts"
import type { ServerId, Settings } from "../../src/raft/Server.ts"
import type { Taken } from "../cluster/Cluster.ts"
import { requested } from "../raft/Actions.ts"
import { changeOf, stateOf } from "./Difference.ts"
import type { Header, Line } from "./Format.ts"

/** A node's every so many-th line holds its whole state. */
const keyframeEvery = 50

/** The header of a trace of this version. `seed`: what reproduces the run, if one number does. */
export const headerOf = (
  servers: ReadonlyArray<ServerId>,
  settings: Settings,
  seed: number | null,
  tools: Readonly<Record<string, string>>
): Header => ({ format: "lockstep-trace", version: 3, servers, settings, seed, tools })

/** The line of one step. `consumed`: by its name; `whole`: whether it has the whole state, as some must. */
export const lineOf = (
  node: ServerId,
  number: number,
  { action, before, step }: Pick<Taken, "action" | "before" | "step">,
  consumed: Line["consumed"],
  whole: boolean
): Line => ({
  node,
  number,
  action,
  ...(action === "ClientRequestAction" ? { values: requested(before, step.server) } : {}),
  ...(consumed === undefined ? {} : { consumed }),
  sends: step.sends,
  resetElectionTimer: step.resetElectionTimer,
  ...(whole || action === "RestartAction" || before.log.lastIncludedIndex !== step.server.log.lastIncludedIndex
    ? { state: stateOf(step.server) }
    : { change: changeOf(before, step.server) })
})

/** `number`: the node's own count, where it isn't simply the next: steps that a crash has undone have their numbers again. */
type Written = Taken & { readonly number?: number }

/** The lines of a trace after its header. `sent` is `Cluster.sent`, `taken` every step of the cluster, in order. */
export const linesOf = (sent: ReadonlyArray<Message>, taken: ReadonlyArray<Written>): ReadonlyArray<Line> => {
  const numbers = new Map<ServerId, number>()
  /** By position in `sent`. */
  const names: Array<{ readonly node: ServerId; readonly number: number; readonly position: number }> = []
  return taken.map((one): Line => {
    const { consumed, firstSent, server, step } = one
    const number = one.number ?? (numbers.get(server) ?? 0) + 1
    numbers.set(server, number)
    // Of a step that crashed half-way, later steps take the places of what wasn't sent.
    step.sends.forEach((_, k) => names[firstSent + k] = { node: server, number, position: k + 1 })
    const name = consumed === undefined ? undefined : { ...names[consumed]!, message: sent[consumed]! }
    return lineOf(server, number, one, name, number % keyframeEvery === 0)
  })
}

/** The text of a trace file. */
export const traceText = (header: Header, lines: ReadonlyArray<Line>): string =>
  [header, ...lines].map((line) => `${JSON.stringify(line)}\n`).join("")
