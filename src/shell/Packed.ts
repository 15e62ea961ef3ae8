/**
 * A JSON value and texts that are not in it, as bytes. Commands, snapshots and the like are most of what servers send and
 * store: so they are neither escaped nor read character by character.
 *
 *     packed = head [ "\n" width units ]     head: JSON, in UTF-8, which has no line breaks
 *                                            width: bytes of each UTF-16 unit, 1 or 2 (little-endian)
 *                                            units: those of all texts, one after the other
 *
 * How long each text is, the head says.
 */
import { isUtf8 } from "node:buffer"
import type { Entry } from "../raft/Server.ts"

const lineFeed = 0x0a
const beyondBytes = /[^\0-\xff]/

export const pack = (head: unknown, texts: ReadonlyArray<string>): Buffer => {
  const json = JSON.stringify(head)
  if (texts.length === 0) return Buffer.from(json)
  const units = texts.join("")
  const wide = beyondBytes.test(units)
  const length = Buffer.byteLength(json)
  const bytes = Buffer.allocUnsafe(length + 2 + (wide ? 2 : 1) * units.length)
  bytes.write(json, 0, "utf8")
  bytes[length] = lineFeed
  bytes[length + 1] = wide ? 2 : 1
  bytes.write(units, length + 2, wide ? "utf16le" : "latin1")
  return bytes
}

export class Unpacked {
  readonly head: unknown
  readonly #bytes: Buffer
  readonly #width: number
  #at: number

  constructor(head: unknown, bytes: Buffer, width: number, at: number) {
    this.head = head
    this.#bytes = bytes
    this.#width = width
    this.#at = at
  }

  /** Whether all texts were taken. */
  get done(): boolean {
    return this.#at === this.#bytes.length
  }

  /** The next text, of so many units; `undefined`: it isn't there. */
  text(length: number): string | undefined {
    const end = this.#at + this.#width * length
    if (end > this.#bytes.length) return undefined
    const text = this.#bytes.toString(this.#width === 1 ? "latin1" : "utf16le", this.#at, end)
    this.#at = end
    return text
  }
}

/** A string says why it isn't what `pack` makes. */
export const unpack = (bytes: Buffer): Unpacked | string => {
  const found = bytes.indexOf(lineFeed)
  const end = found < 0 ? bytes.length : found
  const head = bytes.subarray(0, end)
  // Else a damaged name would come through, as another one.
  if (!isUtf8(head)) return "not UTF-8"
  let value: unknown
  try {
    value = JSON.parse(head.toString())
  } catch {
    return "not JSON"
  }
  if (found < 0) return new Unpacked(value, bytes, 1, end)
  const width = bytes[end + 1]
  if (width !== 1 && width !== 2) return "texts of no known width"
  return new Unpacked(value, bytes, width, end + 2)
}

/** An entry in a head: its term, the length of its value, which is among the texts, and its type unless it is a command. */
export type Row = readonly [term: number, length: number, type?: Entry["type"]]

/** The rows of entries; their values are added to `texts`. */
export const rowsOf = (entries: ReadonlyArray<Entry>, texts: Array<string>): ReadonlyArray<Row> =>
  entries.map(({ term, type, value }): Row => {
    texts.push(value)
    return type === "command" ? [term, value.length] : [term, value.length, type]
  })

/** The entry of a row, whose text is the next one; `undefined`: it isn't there. */
export const entryOf = ([term, length, type = "command"]: Row, from: Unpacked): Entry | undefined => {
  const value = from.text(length)
  return value === undefined ? undefined : { term, type, value }
}
