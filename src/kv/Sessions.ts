/**
 * The replicated state: a map, and sessions that make each command take effect once, however often it is in the log
 * (diss. 6.3). Every server applies the same entries in the order of the log, so `apply` is pure: no clock, no chance, no
 * configuration and no order of iteration enters it. Twin of spec/Sessions.tla.
 */
import type { Index } from "../raft/Server.ts"
import { execute } from "./Map.ts"
import type { Data, Operation, Response } from "./Map.ts"
import * as Table from "./Table.ts"

/** The index of the entry that opened the session: decided by the log, and never used again. */
export type SessionId = Index

/** Milliseconds of log time. */
export type Time = number

/** An operation with its place in a session: 1, 2, … Asking again keeps the number. */
export interface Command {
  readonly type: "command"
  readonly session: SessionId
  readonly seq: number
  /** The lowest number whose answer the client still waits for: answers below it can be forgotten. */
  readonly first: number
  readonly operation: Operation
}

/** What a client may ask the log for. `timeout`: how long the session lives without being used. */
export type Request = { readonly type: "open"; readonly timeout: Time } | Command

/** A request in the log, with the clock reading of the leader that put it there. */
export interface Stamped {
  readonly time: Time
  readonly request: Request
}

/**
 * What becomes of a request. `STALE`: the client has said that it has this answer; nobody waits for it any more.
 * `SESSION_EXPIRED`: there is no such session any more. Whether the command took effect while there was one is unknown;
 * it won't any more.
 */
export type Reply =
  | { readonly status: "OPENED"; readonly session: SessionId }
  | { readonly status: "OK"; readonly session: SessionId; readonly seq: number; readonly response: Response }
  | { readonly status: "STALE" | "SESSION_EXPIRED"; readonly session: SessionId; readonly seq: number }

export interface Session {
  readonly timeout: Time
  /** When it was last used. */
  readonly used: Time
  /** As the client has said: it has the answers of all commands below. */
  readonly first: number
  /** The responses of those executed from there on, by number, which is their measure; refusals (a failed Cas), too. */
  readonly replies: Table.Table<number, Response>
}

/** The replicated state; plain JSON. */
export interface KV {
  /** The latest clock reading of any leader so far. */
  readonly time: Time
  readonly data: Data
  /** Measured by their `deadline`. */
  readonly sessions: Table.Table<SessionId, Session>
}

export const InitKV: KV = { time: 0, data: Table.empty, sessions: Table.empty }

/** The last moment of a session that isn't used again. */
export const deadline = ({ timeout, used }: Session): Time => used + timeout

/** The state after an entry, and the reply to whoever waits for it. */
export interface Applied {
  readonly kv: KV
  readonly reply: Reply
}

/** The sessions with this one. */
const withSession = (sessions: KV["sessions"], id: SessionId, s: Session): KV["sessions"] =>
  Table.set(sessions, id, s, deadline(s))

/**
 * Time passes. Log time never falls, though leaders' clocks differ (KV.LogTime); the sessions that weren't used within
 * their timeout are gone, on all servers at the same entry (KV.Expire).
 */
export const Advance = (kv: KV, reading: Time): KV => {
  const time = Math.max(kv.time, reading)
  return { time, data: kv.data, sessions: Table.removeBelow(kv.sessions, time) }
}

/** A session that begins with the entry at `index` (KV.Open). */
export const OpenSession = (kv: KV, index: Index, timeout: Time): Applied => ({
  kv: { ...kv, sessions: withSession(kv.sessions, index, { timeout, used: kv.time, first: 1, replies: Table.empty }) },
  reply: { status: "OPENED", session: index }
})

/** A command takes effect, unless it already has. */
export const Execute = (kv: KV, command: Command): Applied => {
  const { operation, seq, session } = command
  const s = Table.get(kv.sessions, session)
  // KV.Expired: nobody knows any more whether it was executed, so it never is.
  if (s === undefined) return { kv, reply: { status: "SESSION_EXPIRED", session, seq } }
  const first = Math.max(s.first, command.first)
  const become = (data: Data, replies: Session["replies"]): KV => ({
    ...kv,
    data,
    sessions: withSession(kv.sessions, session, { ...s, used: kv.time, first, replies: Table.removeBelow(replies, first) })
  })
  // KV.OldSeq: a late copy of something whose answer the client has.
  if (seq < s.first) return { kv: become(kv.data, s.replies), reply: { status: "STALE", session, seq } }
  // KV.SameSeq: asked again: the same answer, whatever the map says by now.
  const known = Table.get(s.replies, seq)
  if (known !== undefined) {
    return {
      kv: become(kv.data, s.replies),
      reply: { status: "OK", session, seq, response: known }
    }
  }
  const { data, response } = execute(kv.data, operation)
  // KV.CacheReply: in the replicated state, so that the next leader knows it. What was heard goes before, for a client that
  // asks one thing at a time has one answer then, and never a tree of two.
  return {
    kv: become(data, Table.set(Table.removeBelow(s.replies, first), seq, response, seq)),
    reply: { status: "OK", session, seq, response }
  }
}

/** What the entry at `index` does. */
export const apply = (kv: KV, index: Index, entry: Stamped): Applied => {
  const now = Advance(kv, entry.time)
  return entry.request.type === "open" ? OpenSession(now, index, entry.request.timeout) : Execute(now, entry.request)
}
