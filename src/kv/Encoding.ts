/** Requests as the opaque values of log entries, and the state as the opaque pieces of a snapshot. */
import type { Entry } from "../raft/Server.ts"
import type { Operation, Response } from "./Map.ts"
import { deadline, InitKV } from "./Sessions.ts"
import type { KV, Request, Session, Stamped } from "./Sessions.ts"
import * as Table from "./Table.ts"

const fieldsOf = (o: Operation): ReadonlyArray<string | null> => {
  switch (o.op) {
    case "get":
    case "delete":
      return [o.op, o.key]
    case "put":
    case "append":
      return [o.op, o.key, o.value]
    case "cas":
      return [o.op, o.key, o.from, o.to]
  }
}

/** The request as the `value` of a log entry. */
export const encode = ({ request, time }: Stamped): string =>
  JSON.stringify(
    request.type === "open"
      ? [time, request.timeout]
      : [time, request.session, request.seq, request.first, ...fieldsOf(request.operation)]
  )

const operationIn = ([op, key, a, b, ...more]: ReadonlyArray<unknown>): Operation | undefined => {
  if (typeof key !== "string" || more.length > 0) return undefined
  switch (op) {
    case "get":
    case "delete":
      return a === undefined ? { op, key } : undefined
    case "put":
    case "append":
      return typeof a === "string" && b === undefined ? { op, key, value: a } : undefined
    case "cas":
      return (a === null || typeof a === "string") && typeof b === "string" ? { op, key, from: a, to: b } : undefined
    default:
      return undefined
  }
}

/** The request that `encode` made this of; `undefined` for anything else. */
export const decode = (value: string): Stamped | undefined => {
  let fields: unknown
  try {
    fields = JSON.parse(value)
  } catch {
    return undefined
  }
  if (!Array.isArray(fields)) return undefined
  const count = fields.length === 2 ? 2 : 4
  const numbers = fields.slice(0, count) as ReadonlyArray<number>
  if (!numbers.every((n) => Number.isSafeInteger(n) && n >= 0)) return undefined
  if (count === 2) return { time: numbers[0]!, request: { type: "open", timeout: numbers[1]! } }
  const [time, session, seq, first] = numbers as readonly [number, number, number, number]
  const operation = operationIn(fields.slice(count))
  if (operation === undefined || first < 1 || first > seq) return undefined
  const request: Request = { type: "command", session, seq, first, operation }
  return { time, request }
}

/** The request in a log entry; `undefined` for a leader's no-op. */
export const requestIn = (entry: Entry): Stamped | undefined => entry.type === "command" ? decode(entry.value) : undefined

/** The entries of a table, between brackets. */
function* listed<K extends Table.Key, A>(
  table: Table.Table<K, A>,
  name: (key: K) => string,
  plain: (value: A) => unknown = (value) => value
): Generator<string> {
  let comma = ""
  yield "["
  for (const [key, value] of Table.walk(table)) {
    yield `${comma}${JSON.stringify([name(key), plain(value)])}`
    comma = ","
  }
  yield "]"
}

/** A session as it is in a snapshot. */
type StoredSession = Omit<Session, "replies"> & { readonly replies: ReadonlyArray<readonly [number, Response]> }

function* textOf({ data, sessions, time }: KV): Generator<string> {
  yield `[${time},`
  yield* listed(data, (key) => key)
  yield ","
  yield* listed(sessions, String, (s): StoredSession => ({ ...s, replies: [...Table.walk(s.replies)] }))
  yield "]"
}

/**
 * The state as a snapshot's pieces, of `pieceSize` characters (code points) each but the last: log time, map and sessions
 * with their answers. Equal states have equal snapshots. One by one: the state is a value, so whoever makes a snapshot of
 * it can do other things between two pieces.
 */
export function* piecesOf(kv: KV, pieceSize: number): Generator<string> {
  const piece = new RegExp(`^.{1,${pieceSize}}`, "su")
  let text = ""
  for (const more of textOf(kv)) {
    text += more
    // As many characters as that have pieceSize code points.
    while (text.length >= 2 * pieceSize) {
      const [next] = piece.exec(text)!
      yield next
      text = text.slice(next.length)
    }
  }
  // Something is left: the last character is one unit.
  yield* text.match(new RegExp(piece.source.slice(1), "gsu"))!
}

/** All of them at once. */
export const toPieces = (kv: KV, pieceSize: number): ReadonlyArray<string> => [...piecesOf(kv, pieceSize)]

/** The state that `toPieces` made this of; without pieces: the one at the beginning. */
export const fromPieces = (pieces: ReadonlyArray<string>): KV => {
  if (pieces.length === 0) return InitKV
  const [time, data, sessions] = JSON.parse(pieces.join("")) as readonly [
    KV["time"],
    ReadonlyArray<readonly [string, string]>,
    ReadonlyArray<readonly [string, StoredSession]>
  ]
  return {
    time,
    data: Table.tableOf(data),
    sessions: Table.tableOf(
      sessions.map(([id, s]) => [Number(id), { ...s, replies: Table.tableOf(s.replies, Table.byNumber) }]),
      deadline
    )
  }
}
