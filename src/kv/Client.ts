/**
 * A client's side of its session (diss. 6.3): what it asks, asks again, and takes for an answer, over a network that loses,
 * delays and repeats. Twin of spec/Client.tla. How long it waits before it asks again, and whom, is its own affair.
 */
import type { Operation, Response } from "./Map.ts"
import type { Command, Reply, SessionId } from "./Sessions.ts"

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
  /** The commands whose answers it waits for, by number: any number of them at a time. */
  readonly waiting: Readonly<Record<number, Operation>>
  /** What it was told last. */
  readonly heard: Outcome | null
}

export const InitClient: Client = { session: 0, open: false, seq: 0, waiting: {}, heard: null }

/** The numbers of the commands it waits for, lowest first. */
export const outstanding = (c: Client): ReadonlyArray<number> => Object.keys(c.waiting).map(Number)

/** Its next command begins; `undefined` without a session. A number is never used for another one (Client.NewSeq). */
export const Invoke = (c: Client, operation: Operation): Client | undefined => {
  if (!c.open) return undefined
  const seq = c.seq + 1
  return { ...c, seq, waiting: { ...c.waiting, [seq]: operation } }
}

/** What it asks the servers for command `seq`, the first time and again (Client.SameSeq). */
export const commandOf = (c: Client, seq: number): Command => ({
  type: "command",
  session: c.session,
  seq,
  first: outstanding(c)[0]!,
  operation: c.waiting[seq]!
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
      const { [reply.seq]: operation, ...others } = c.waiting
      if (operation === undefined) return undefined
      return { ...c, waiting: others, heard: { status: "OK", response: reply.response } }
    }
    // Client.Expired: so are all commands of that session, and none is tried in another one: it may have taken effect.
    case "SESSION_EXPIRED":
      return { ...c, open: false, waiting: {}, heard: { status: "SESSION_EXPIRED" } }
    case "STALE":
      return undefined
  }
}
