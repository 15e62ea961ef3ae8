/** The order in which a step's effects are carried out: the one thing that makes an event atomic. */
import type { Message, Step } from "../raft/Message.ts"
import type { Log, Server, ServerId, Snapshot, Term } from "../raft/Server.ts"

/** Figure 2, persistent state on all servers, and the snapshot that replaces what the log no longer holds (7). */
export interface Persistent {
  readonly currentTerm: Term
  readonly votedFor: ServerId | null
  readonly log: Log
  readonly snapshot: Snapshot
}

export type Effect =
  | { readonly type: "save"; readonly state: Persistent }
  | { readonly type: "send"; readonly message: Message }

export const persistent = (s: Server): Persistent => ({
  currentTerm: s.currentTerm,
  votedFor: s.votedFor,
  log: s.log,
  snapshot: s.snapshot
})

/**
 * Save, then send: what a message promises is on disk before it leaves (diss. 3.8). A server may crash between any two
 * of these effects; to the others a step that was saved but not sent looks like one whose messages were lost.
 */
export const perform = (step: Step): ReadonlyArray<Effect> => [
  { type: "save", state: persistent(step.server) },
  ...step.sends.map((message): Effect => ({ type: "send", message }))
]
