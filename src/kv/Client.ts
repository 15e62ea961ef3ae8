/**
 * A client's side of its session (diss. 6.3): what it asks, asks again, and takes for an answer, over a network that loses,
 * delays and repeats. Twin of spec/Client.tla. How long it waits before it asks again, and whom, is its own affair.
 */
import type { Operation, Response } from "./Map.ts"
import type { Command, Reply, SessionId } from "./Sessions.ts"
import * as Table from "./Table.ts"

/**
 * What its caller is told of a command. `SESSION_EXPIRED`: it took effect once, before this answer, or not at all, and
 * won't any more; which of the two is unknown.
 */
export type Outcome = { readonly status: "OK"; readonly response: Response } | { readonly status: "SESSION_EXPIRED" }

export interface Client {
  /** The latest session it had; 0: none ever. */
  readonly session: SessionId
  /** Whether it still has it, as far as it knows. */
  readonly open: boolean
  /** The number of its latest command in that session. */
  readonly seq: number
  /** The commands whose answers it waits for, by number, which is their measure: any number of them at a time. */
  readonly waiting: Table.Table<number, Operation>
  /** What it was told last. */
  readonly heard: Outcome | null
}

export const InitClient: Client = { session: 0, open: false, seq: 0, waiting: Table.empty, heard: null }

/** The numbers of the commands it waits for, lowest first. */
export const outstanding = (c: Client): ReadonlyArray<number> => Table.keys(c.waiting)

/** Its next command begins; `undefined` without a session. A number is never used for another one (Client.NewSeq). */
export const Invoke = (c: Client, operation: Operation): Client | undefined => {
  if (!c.open) return undefined
  const seq = c.seq + 1
  return { ...c, seq, waiting: Table.set(c.waiting, seq, operation, seq) }
}

/** What it asks the servers for command `seq`, the first time and again (Client.SameSeq). */
export const commandOf = (c: Client, seq: number): Command => ({
  type: "command",
  session: c.session,
  seq,
  first: c.waiting.least,
  operation: Table.get(c.waiting, seq)!
})

/** It hears a reply; `undefined`: one that tells it nothing, such as a copy of what it has heard. */
export const Hear = (c: Client, reply: Reply): Client | undefined => {
  const { session } = reply
  if (reply.status === "OPENED") {
    // Client.NewSession: a late copy must not bring an old one back, whose numbers it would use again.
    return c.open || session <= c.session ? undefined : { ...c, session, open: true, seq: 0 }
  }
  if (!c.open || session !== c.session) return undefined
  switch (reply.status) {
    case "OK": {
      const waiting = Table.remove(c.waiting, reply.seq)
      if (waiting === c.waiting) return undefined
      return { ...c, waiting, heard: { status: "OK", response: reply.response } }
    }
    // Client.Expired: so are all commands of that session, and none is tried in another one: it may have taken effect.
    case "SESSION_EXPIRED":
      return { ...c, open: false, waiting: Table.empty, heard: { status: "SESSION_EXPIRED" } }
    case "STALE":
      return undefined
  }
}
