/**
 * Redis' protocol, RESP: what is said, and its bytes. Pure; sockets are elsewhere.
 *
 * A client sends commands, which are arrays of byte strings, or single lines as one types them ("inline"). A server
 * answers each with one value, in the same order. RESP2 is what every client speaks; RESP3, which a client asks for
 * (`HELLO 3`), adds maps and a null of its own.
 */
import * as Data from "effect/Data"
import type { Buffer } from "node:buffer"
import { type Bytes, Incoming } from "./Incoming.ts"

export type { Bytes } from "./Incoming.ts"

export type Protocol = 2 | 3

/** An answer. */
export type RespValue =
  | { readonly type: "simple"; readonly text: Bytes }
  /** Its first word says of which kind it is; ERR, unless a program may want to know. */
  | { readonly type: "error"; readonly text: Bytes }
  | { readonly type: "integer"; readonly value: number }
  | { readonly type: "bulk"; readonly value: Bytes }
  | { readonly type: "null" }
  | { readonly type: "array"; readonly items: ReadonlyArray<RespValue> }
  /** RESP2 has no maps: there it is an array, keys and values in turn. */
  | { readonly type: "map"; readonly entries: ReadonlyArray<readonly [RespValue, RespValue]> }

export const simple = (text: Bytes): RespValue => ({ type: "simple", text })
export const error = (text: Bytes): RespValue => ({ type: "error", text })
export const integer = (value: number): RespValue => ({ type: "integer", value })
export const bulk = (value: Bytes): RespValue => ({ type: "bulk", value })
export const nil: RespValue = { type: "null" }
export const array = (items: ReadonlyArray<RespValue>): RespValue => ({ type: "array", items })
export const map = (entries: ReadonlyArray<readonly [RespValue, RespValue]>): RespValue => ({ type: "map", entries })

/** What has come in isn't RESP. Nobody knows where the next command would begin: the connection can only be closed. */
export class ProtocolError extends Data.TaggedError("ProtocolError")<{ readonly reason: string }> {
  override readonly message = `Protocol error: ${this.reason}`
}

const broken = (reason: string) => new ProtocolError({ reason })

// Encoding.

export const encode = (value: RespValue, protocol: Protocol): Bytes => {
  switch (value.type) {
    case "simple":
      return `+${oneLine(value.text)}\r\n`
    case "error":
      return `-${oneLine(value.text)}\r\n`
    case "integer":
      return `:${value.value}\r\n`
    case "bulk":
      return `$${value.value.length}\r\n${value.value}\r\n`
    case "null":
      return protocol === 3 ? "_\r\n" : "$-1\r\n"
    case "array":
      return `*${value.items.length}\r\n${value.items.map((item) => encode(item, protocol)).join("")}`
    case "map": {
      const head = protocol === 3 ? `%${value.entries.length}\r\n` : `*${2 * value.entries.length}\r\n`
      return head + value.entries.flat().map((item) => encode(item, protocol)).join("")
    }
  }
}

/** Errors quote what they are about, and that may be anything. */
const oneLine = (text: Bytes): Bytes => /[\r\n]/.test(text) ? text.replaceAll(/[\r\n]/g, " ") : text

export const encodeCommand = (args: ReadonlyArray<Bytes>): Bytes => {
  let bytes = `*${args.length}\r\n`
  for (const arg of args) bytes += `$${arg.length}\r\n${arg}\r\n`
  return bytes
}

// Decoding.

/** As Redis' PROTO_INLINE_MAX_SIZE: bytes of a line, its end included. */
const lineLimit = 65_536

/** Decimal, in one way only: no plus sign, no leading zeros. */
export const readInteger = (text: Bytes): number | undefined => {
  const n = Number(text)
  return Number.isSafeInteger(n) && String(n) === text ? n : undefined
}

/** What one command may be made of. */
export interface CommandLimits {
  readonly arguments: number
  /** Of all arguments together. A client can make us hold this much, and some more on the way. */
  readonly bytes: number
}

/** Commands, from the bytes of a client. */
export class CommandParser {
  readonly #incoming = new Incoming()
  readonly #limits: CommandLimits
  #broken: ProtocolError | undefined
  #args: Array<Bytes> = []
  /** Arguments of the command under way that aren't here yet. */
  #missing = 0
  /** The length of the next one, when it is known. */
  #length: number | undefined
  /** Bytes that the arguments may still have. */
  #room = 0

  constructor(limits: CommandLimits) {
    this.#limits = limits
  }

  /** Bytes that came in and are not understood yet. */
  get held(): number {
    return this.#incoming.length
  }

  push(chunk: Buffer): void {
    this.#incoming.push(chunk)
  }

  /** The next command: its name, and arguments. `undefined`: it isn't all here. An error is the end. */
  next(): ReadonlyArray<Bytes> | ProtocolError | undefined {
    if (this.#broken !== undefined) return this.#broken
    const command = this.#next()
    if (command instanceof ProtocolError) this.#broken = command
    return command
  }

  #next(): ReadonlyArray<Bytes> | ProtocolError | undefined {
    while (this.#missing === 0) {
      const line = this.#incoming.line(lineLimit)
      if (line === undefined) {
        return this.#tooLong(`too big ${this.#incoming.first === "*" ? "mbulk count string" : "inline request"}`)
      }
      if (!line.startsWith("*")) {
        const words = splitWords(line)
        if (words === undefined) return broken("unbalanced quotes in request")
        if (words.length > 0) return words
        continue
      }
      const count = readInteger(line.slice(1))
      if (count === undefined || count > this.#limits.arguments) return broken("invalid multibulk length")
      // As Redis: none or fewer is no command, and nothing is answered.
      this.#missing = Math.max(0, count)
      this.#args = []
      this.#room = this.#limits.bytes
    }
    while (this.#missing > 0) {
      if (this.#length === undefined) {
        const line = this.#incoming.line(lineLimit)
        if (line === undefined) return this.#tooLong("too big bulk count string")
        if (!line.startsWith("$")) return broken(`expected '$', got '${line.slice(0, 1)}'`)
        const length = readInteger(line.slice(1))
        if (length === undefined || length < 0 || length > this.#room) return broken("invalid bulk length")
        this.#length = length
        this.#room -= length
      }
      const arg = this.#incoming.block(this.#length)
      if (arg === undefined) return undefined
      if (arg === null) return broken("expected CRLF after bulk")
      this.#args.push(arg)
      this.#length = undefined
      this.#missing--
    }
    const args = this.#args
    this.#args = []
    return args
  }

  /** There is no line: for now, or never. */
  #tooLong(reason: string): ProtocolError | undefined {
    return this.#incoming.length < lineLimit ? undefined : broken(reason)
  }
}

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" }

/**
 * The words of a line as one types it. Between double quotes `\n`, `\r`, `\t`, `\b`, `\a` and `\x41` mean what they do
 * in C; between single quotes only `\'` is special. `undefined`: a quote isn't closed, or something follows it at once.
 */
const splitWords = (line: Bytes): ReadonlyArray<Bytes> | undefined => {
  const words: Array<Bytes> = []
  const spaces = /[ \t\v\f\r]*/y
  const piece = /"(?:[^"\\]|\\[^])*"|'(?:\\'|\\(?!')|[^'\\])*'|[^ \t\v\f\r"']+/y
  let at = 0
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const taken = pattern.exec(line)?.[0]
    at += taken?.length ?? 0
    return taken
  }
  for (;;) {
    take(spaces)
    if (at === line.length) return words
    let word = ""
    // Quotes may begin inside of a word, but they end it.
    for (let quoted = false; at < line.length && take(spaces) === "";) {
      const next: string | undefined = quoted ? undefined : take(piece)
      if (next === undefined) return undefined
      quoted = next[0] === "\"" || next[0] === "'"
      word += quoted ? unquote(next) : next
    }
    words.push(word)
  }
}

const unquote = (piece: Bytes): Bytes =>
  piece[0] === "'"
    ? piece.slice(1, -1).replaceAll("\\'", "'")
    : piece.slice(1, -1).replaceAll(
      /\\x([0-9a-fA-F]{2})|\\([^])/g,
      (_, hex: string | undefined, character: string) =>
        hex === undefined ? escapes[character] ?? character : String.fromCharCode(parseInt(hex, 16))
    )

/** As Redis' proto-max-bulk-len: what a server answers may have grown by appending. */
const replyBytesLimit = 512 * 2 ** 20
const replyItemsLimit = 2 ** 20
const replyDepthLimit = 16

/** An array or map, some of whose items are still to come. */
interface Unfinished {
  readonly type: "array" | "map"
  readonly count: number
  readonly items: Array<RespValue>
}

/** Answers, from the bytes of a server. Of RESP3 it knows what our servers say. */
export class ReplyParser {
  readonly #incoming = new Incoming()
  #broken: ProtocolError | undefined
  /** From the outermost to the one that gets the next value. */
  readonly #within: Array<Unfinished> = []
  /** The length of the byte string that comes next. */
  #length: number | undefined

  /** Whether what came in ends in the middle of an answer. */
  get unfinished(): boolean {
    return this.#incoming.length > 0 || this.#within.length > 0 || this.#length !== undefined
  }

  push(chunk: Buffer): void {
    this.#incoming.push(chunk)
  }

  /** The next answer. `undefined`: it isn't all here. An error is the end. */
  next(): RespValue | ProtocolError | undefined {
    if (this.#broken !== undefined) return this.#broken
    for (;;) {
      const value = this.#value()
      if (value === undefined) return undefined
      if (value instanceof ProtocolError) return this.#broken = value
      const whole = value === opened ? this.#closed() : this.#put(value)
      if (whole !== undefined) return whole
    }
  }

  /** The next value that has no parts, or the beginning of one that has. */
  #value(): RespValue | typeof opened | ProtocolError | undefined {
    if (this.#length !== undefined) {
      const value = this.#incoming.block(this.#length)
      if (value === undefined) return undefined
      this.#length = undefined
      return value === null ? broken("expected CRLF after bulk") : bulk(value)
    }
    const line = this.#incoming.line(lineLimit)
    if (line === undefined) {
      return this.#incoming.length < lineLimit ? undefined : broken("too long a line")
    }
    const kind = line.slice(0, 1)
    const rest = line.slice(1)
    if (kind === "+") return simple(rest)
    if (kind === "-") return error(rest)
    if (kind === "_" && rest === "") return nil
    const n = readInteger(rest)
    if (n === undefined) return broken(`no number, or of no known type: '${line.slice(0, 20)}'`)
    if (kind === ":") return integer(n)
    if ((kind === "$" || kind === "*") && n === -1) return nil
    if (kind === "$" && n >= 0 && n <= replyBytesLimit) {
      this.#length = n
      return this.#value()
    }
    if ((kind === "*" || kind === "%") && n >= 0 && n <= replyItemsLimit && this.#within.length < replyDepthLimit) {
      this.#within.push({ ...kind === "*" ? { type: "array", count: n } : { type: "map", count: 2 * n }, items: [] })
      return opened
    }
    return broken(`too much, or of no known type: '${line.slice(0, 20)}'`)
  }

  /** The outermost value, if that is complete with this one in it. */
  #put(value: RespValue): RespValue | undefined {
    const innermost = this.#within.at(-1)
    if (innermost === undefined) return value
    innermost.items.push(value)
    return this.#closed()
  }

  #closed(): RespValue | undefined {
    const { count, items, type } = this.#within.at(-1)!
    if (items.length < count) return undefined
    this.#within.pop()
    return this.#put(type === "array" ? array(items) : map(pairs(items)))
  }
}

/** An array or map has begun. */
const opened = Symbol("opened")

const pairs = (items: ReadonlyArray<RespValue>): ReadonlyArray<readonly [RespValue, RespValue]> =>
  Array.from({ length: items.length / 2 }, (_, n) => [items[2 * n]!, items[2 * n + 1]!])
