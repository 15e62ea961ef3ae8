/**
 * The replicated map as a state machine: what one command does to the map and to its client's session (diss. 6.3).
 * Every server applies the same commands in the order of the log, so `apply` is pure: no clock, no chance, no order of
 * iteration enters it.
 */
import type { Entry } from "../raft/Server.ts"

/** Who asks. A client has one operation at a time, and a new id when it has lost count of them. */
export type ClientId = string

/** What a client asks for. An absent key is a value of its own, written null. */
export type Operation =
  | { readonly op: "get"; readonly key: string }
  | { readonly op: "put"; readonly key: string; readonly value: string }
  | { readonly op: "append"; readonly key: string; readonly value: string }
  | { readonly op: "cas"; readonly key: string; readonly from: string | null; readonly to: string }
  | { readonly op: "delete"; readonly key: string }

/** An operation with its place in the client's session: 1, 2, … Trying again keeps the number. */
export interface Command {
  readonly client: ClientId
  readonly seq: number
  readonly operation: Operation
}

/** The value read (get), whether the value was swapped (cas), whether the key was there (delete), else null. */
export type Response = string | boolean | null

/** `STALE`: the client has moved on to a later operation; nobody waits for this answer any more. */
export type Reply = { readonly status: "OK"; readonly response: Response } | { readonly status: "STALE" }

/** A client's latest operation, and what it was answered. */
export interface Session {
  readonly seq: number
  readonly reply: Reply
}

/** The replicated state; plain JSON. */
export interface KV {
  readonly data: Readonly<Record<string, string>>
  readonly sessions: Readonly<Record<ClientId, Session>>
}

export const InitKV: KV = { data: {}, sessions: {} }

/** The key's value; null when absent. (Keys are the clients': "constructor" is one, too.) */
export const valueOf = (data: KV["data"], key: string): string | null => Object.hasOwn(data, key) ? data[key]! : null

/** The sequential map: what an operation does when nothing else happens. */
export const execute = (
  data: KV["data"],
  operation: Operation
): { readonly data: KV["data"]; readonly response: Response } => {
  const { key } = operation
  const value = valueOf(data, key)
  switch (operation.op) {
    // KV.Get: the value, or null.
    case "get":
      return { data, response: value }
    // KV.Put: whatever was there.
    case "put":
      return { data: { ...data, [key]: operation.value }, response: null }
    // KV.Append: to an absent key it is a Put.
    case "append":
      return { data: { ...data, [key]: (value ?? "") + operation.value }, response: null }
    // KV.Cas: only from the value expected; from null, only when absent.
    case "cas":
      return value === operation.from
        ? { data: { ...data, [key]: operation.to }, response: true }
        : { data, response: false }
    // KV.Delete: tells whether the key was there.
    case "delete": {
      const { [key]: _, ...rest } = data
      return value === null ? { data, response: false } : { data: rest, response: true }
    }
  }
}

/**
 * What an applied command does. A command may be in the log many times, for its client tries again when it hears
 * nothing; it takes effect once.
 */
export const apply = (state: KV, command: Command): { readonly state: KV; readonly reply: Reply } => {
  const { client, operation, seq } = command
  const session = Object.hasOwn(state.sessions, client) ? state.sessions[client]! : undefined
  if (session !== undefined) {
    // KV.SameSeq: the client asks again what was executed: the same answer, whatever the map says by now.
    if (seq === session.seq) return { state, reply: session.reply }
    // KV.OldSeq: a late copy of something the client has its answer for, or has given up.
    if (seq < session.seq) return { state, reply: { status: "STALE" } }
  }
  const { data, response } = execute(state.data, operation)
  const reply: Reply = { status: "OK", response }
  // KV.CacheReply: in the replicated state, so that the next leader knows it; refusals (a failed Cas), too.
  return { state: { data, sessions: { ...state.sessions, [client]: { seq, reply } } }, reply }
}

/** The command as the opaque `value` of a log entry. */
export const encode = ({ client, operation, seq }: Command): string => {
  switch (operation.op) {
    case "get":
    case "delete":
      return JSON.stringify([client, seq, operation.op, operation.key])
    case "put":
    case "append":
      return JSON.stringify([client, seq, operation.op, operation.key, operation.value])
    case "cas":
      return JSON.stringify([client, seq, operation.op, operation.key, operation.from, operation.to])
  }
}

/** The command that `encode` made this of; `undefined` for anything else. */
export const decode = (value: string): Command | undefined => {
  let fields: unknown
  try {
    fields = JSON.parse(value)
  } catch {
    return undefined
  }
  if (!Array.isArray(fields)) return undefined
  const [client, seq, op, key, a, b] = fields as ReadonlyArray<unknown>
  if (typeof client !== "string" || !Number.isSafeInteger(seq) || typeof key !== "string") return undefined
  const command = (operation: Operation): Command => ({ client, seq: seq as number, operation })
  switch (op) {
    case "get":
    case "delete":
      return fields.length === 4 ? command({ op, key }) : undefined
    case "put":
    case "append":
      return fields.length === 5 && typeof a === "string" ? command({ op, key, value: a }) : undefined
    case "cas":
      return fields.length === 6 && (a === null || typeof a === "string") && typeof b === "string"
        ? command({ op, key, from: a, to: b })
        : undefined
    default:
      return undefined
  }
}

/**
 * The state as a snapshot's pieces, of `pieceSize` characters (code points) each but the last: map and sessions, in the order of their keys,
 * so that equal states have equal snapshots.
 */
export const toPieces = (state: KV, pieceSize: number): ReadonlyArray<string> => {
  const text = JSON.stringify([sorted(state.data), sorted(state.sessions)])
  return text.match(new RegExp(`.{1,${pieceSize}}`, "gsu"))!
}

const sorted = <A>(record: Readonly<Record<string, A>>): ReadonlyArray<readonly [string, A]> =>
  Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1)

/** The state that `toPieces` made this of; without pieces: the one at the beginning. */
export const fromPieces = (pieces: ReadonlyArray<string>): KV => {
  if (pieces.length === 0) return InitKV
  const [data, sessions] = JSON.parse(pieces.join("")) as readonly [
    ReadonlyArray<readonly [string, string]>,
    ReadonlyArray<readonly [ClientId, Session]>
  ]
  return { data: Object.fromEntries(data), sessions: Object.fromEntries(sessions) }
}

/** The command in a log entry; `undefined` for a leader's no-op. */
export const commandIn = (entry: Entry): Command | undefined =>
  entry.type === "command" ? decode(entry.value) : undefined
