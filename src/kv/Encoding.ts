/**
 * Requests as the opaque values of log entries, and the state as the opaque pieces of a snapshot. Both are words, each with a
 * space behind it. A text is written with its length in UTF-16 units before it, `5:hello`, as netstrings are: so it may be
 * anything, and is neither escaped nor looked at.
 *
 *     request   = time "open" timeout
 *               | time operation session seq first key text*     the operation's texts (cas: to, and from unless it is null)
 *     snapshot  = time count (key value)* count (session timeout used first count (seq response)*)*
 */
import type { Entry } from "../raft/Server.ts"
import type { Operation, Response } from "./Map.ts"
import { deadline, InitKV } from "./Sessions.ts"
import type { KV, Request, Session, Stamped } from "./Sessions.ts"
import * as Table from "./Table.ts"

const netstring = (text: string): string => `${text.length}:${text} `

const textsOf = (o: Operation): string => {
  switch (o.op) {
    case "get":
    case "delete":
      return ""
    case "put":
    case "append":
      return netstring(o.value)
    case "cas":
      return netstring(o.to) + (o.from === null ? "" : netstring(o.from))
  }
}

/** The request as the `value` of a log entry. */
export const encode = ({ request, time }: Stamped): string => {
  if (request.type === "open") return `${time} open ${request.timeout} `
  const { first, operation, seq, session } = request
  return `${time} ${operation.op} ${session} ${seq} ${first} ${netstring(operation.key)}${textsOf(operation)}`
}

/** Takes what was written, piece by piece. Throws at anything else. */
class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get done(): boolean {
    return this.#at === this.#text.length
  }

  /** Whether a number comes next. */
  get atNumber(): boolean {
    const digit = this.#text.charCodeAt(this.#at) - 0x30
    return digit >= 0 && digit <= 9
  }

  word(): string {
    const end = this.#text.indexOf(" ", this.#at)
    if (end < 0) throw new SyntaxError("no word")
    const word = this.#text.slice(this.#at, end)
    this.#at = end + 1
    return word
  }

  /** A natural number, and `end` behind it. */
  number(end = " "): number {
    const from = this.#at
    let number = 0
    for (let digit; (digit = this.#text.charCodeAt(this.#at) - 0x30) >= 0 && digit <= 9; this.#at++) {
      number = 10 * number + digit
    }
    if (this.#at === from || this.#text[this.#at++] !== end || !Number.isSafeInteger(number)) throw new SyntaxError("no number")
    return number
  }

  text(): string {
    const length = this.number(":")
    const end = this.#at + length
    if (this.#text[end] !== " ") throw new SyntaxError("no text")
    const text = this.#text.slice(this.#at, end)
    this.#at = end + 1
    // Engines let a part keep the whole text alive: small ones that are to last are copied out of it.
    return 2 * length < this.#text.length ? ` ${text}`.slice(1) : text
  }

  many<A>(one: () => A): Array<A> {
    return Array.from({ length: this.number() }, one)
  }
}

const operationIn = (reader: Reader, op: string, key: string): Operation => {
  switch (op) {
    case "get":
    case "delete":
      return { op, key }
    case "put":
    case "append":
      return { op, key, value: reader.text() }
    case "cas": {
      const to = reader.text()
      return { op, key, from: reader.done ? null : reader.text(), to }
    }
    default:
      throw new SyntaxError("no operation")
  }
}

const requestFrom = (reader: Reader): Request => {
  const op = reader.word()
  if (op === "open") return { type: "open", timeout: reader.number() }
  const [session, seq, first] = [reader.number(), reader.number(), reader.number()]
  if (first < 1 || first > seq) throw new SyntaxError("no such session")
  return { type: "command", session, seq, first, operation: operationIn(reader, op, reader.text()) }
}

/** The request that `encode` made this of; `undefined` for anything else. */
export const decode = (value: string): Stamped | undefined => {
  const reader = new Reader(value)
  try {
    const stamped = { time: reader.number(), request: requestFrom(reader) }
    return reader.done ? stamped : undefined
  } catch {
    return undefined
  }
}

/** The request in a log entry; `undefined` for a leader's no-op. */
export const requestIn = (entry: Entry): Stamped | undefined => entry.type === "command" ? decode(entry.value) : undefined

// Snapshots.

/** A text is a netstring, anything else a word: `null`, `true`, `false`. */
const responseText = (response: Response): string => typeof response === "string" ? netstring(response) : `${response} `

const sessionText = ({ first, replies, timeout, used }: Session): string => {
  let text = `${timeout} ${used} ${first} ${replies.size} `
  for (const [seq, response] of Table.walk(replies)) text += `${seq} ${responseText(response)}`
  return text
}

function* textOf({ data, sessions, time }: KV): Generator<string> {
  yield `${time} ${data.size} `
  for (const [key, value] of Table.walk(data)) yield netstring(key) + netstring(value)
  yield `${sessions.size} `
  for (const [id, session] of Table.walk(sessions)) yield `${id} ${sessionText(session)}`
}

/** Where a piece of about `size` units ends: no pair of surrogates is cut in two. */
const cutAt = (text: string, size: number): number => {
  const last = text.codePointAt(size - 1)!
  return last > 0xffff ? size + 1 : size
}

/**
 * The state as a snapshot's pieces, of `pieceSize` UTF-16 units each (or one more) but the last: log time, map and sessions
 * with their answers. Equal states have equal snapshots. One by one: the state is a value, so whoever makes a snapshot of it
 * can do other things between two pieces.
 */
export function* piecesOf(kv: KV, pieceSize: number): Generator<string> {
  let text = ""
  for (const more of textOf(kv)) {
    text += more
    // The unit behind it says whether one is cut in two.
    while (text.length > pieceSize) {
      const end = cutAt(text, pieceSize)
      yield text.slice(0, end)
      text = text.slice(end)
    }
  }
  if (text.length > 0) yield text
}

/** All of them at once. */
export const toPieces = (kv: KV, pieceSize: number): ReadonlyArray<string> => [...piecesOf(kv, pieceSize)]

const responseFrom = (reader: Reader): Response => {
  if (reader.atNumber) return reader.text()
  const word = reader.word()
  return word === "null" ? null : word === "true"
}

const sessionFrom = (reader: Reader): Session => {
  const [timeout, used, first] = [reader.number(), reader.number(), reader.number()]
  const replies = reader.many(() => [reader.number(), responseFrom(reader)] as const)
  return { timeout, used, first, replies: Table.tableOf(replies, Table.byNumber) }
}

/** The state that `toPieces` made this of; without pieces: the one at the beginning. */
export const fromPieces = (pieces: ReadonlyArray<string>): KV => {
  if (pieces.length === 0) return InitKV
  const reader = new Reader(pieces.join(""))
  const time = reader.number()
  const data = reader.many(() => [reader.text(), reader.text()] as const)
  const sessions = reader.many(() => [reader.number(), sessionFrom(reader)] as const)
  return { time, data: Table.tableOf(data), sessions: Table.tableOf(sessions, deadline) }
}
