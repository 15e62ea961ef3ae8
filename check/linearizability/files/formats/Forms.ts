// Texts that are made of forms, one after the other, wherever their lines end: JSON and EDN. A form may go on in a later
// block. Every mistake has its line and column.
import { HistoryError } from "../../History.ts"
import type { Json } from "../../Texts.ts"
import { endOfLine, LINE_FEED } from "./Format.ts"

/** In place of a byte: the block is over. */
export const END = -1

/** Deeper forms are refused, before they overflow the stack. */
export const MAX_DEPTH = 500

/** Thrown where what is read isn't whole yet. */
const INCOMPLETE = Symbol("incomplete")

export abstract class Forms {
  protected bytes: Buffer = Buffer.alloc(0)
  protected end = 0
  /** The position; and its line, from 1. */
  at = 0
  line = 1
  /** How deep in the forms the position is. */
  protected depth = 0
  #isLast = false
  /** Characters of the line in which the block begins that lie in blocks before. */
  #charactersBefore = 0
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  /** The next byte that is neither space nor comment, or END. */
  abstract next(): number

  /** The form that comes next; there must be one (see `next`). */
  abstract form(): Json

  /** Goes behind the byte that `next` gave. */
  pass() {
    this.at++
  }

  /** The rest of the line, if it ends in this block. */
  restOfLine(): string | undefined {
    const lineEnd = endOfLine(this.bytes, this.at, this.end)
    return lineEnd === this.end ? undefined : this.text(this.at, lineEnd)
  }

  /** Goes to the next line. */
  passLine() {
    this.at = endOfLine(this.bytes, this.at, this.end) + 1
    this.line++
  }

  /**
   * Reads a block: calls `read` as long as it returns true and what it reads is whole. Returns the position behind the
   * last of it; the next block begins there. In the last block everything must be whole.
   */
  block(bytes: Uint8Array, end: number, isLast: boolean, read: () => boolean): number {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, end)
    this.end = end
    this.#isLast = isLast
    this.at = 0
    this.depth = 0
    let whole = 0
    try {
      while (read()) whole = this.at
      whole = this.at
    } catch (error) {
      if (error !== INCOMPLETE) throw error
      this.line -= this.#lineBreaks(whole)
    }
    this.#charactersBefore = this.#column(whole) - 1
    return whole
  }

  /** Goes to `at`, in a line that ends before `end`, behind its line break. */
  inLine(bytes: Uint8Array, at: number, end: number, line: number) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, end)
    this.end = end
    this.#isLast = true
    this.at = at
    this.depth = 0
    this.line = line
  }

  error(reason: string, at = this.at): HistoryError {
    return new HistoryError({ file: this.#file, line: this.line - this.#lineBreaks(at), column: this.#column(at), reason })
  }

  /** What is thrown where the block ends within what begins at `opened`. */
  protected incomplete(opened: number): unknown {
    return this.#isLast ? this.error("what begins here does not end", opened) : INCOMPLETE
  }

  /** How many lines end between `from` and the position. */
  #lineBreaks(from: number): number {
    let count = 0
    for (let i = from; i < this.at; i++) if (this.bytes[i] === LINE_FEED) count++
    return count
  }

  /** The column of `at` in its line: in characters, from 1. */
  #column(at: number): number {
    const lineStart = at === 0 ? 0 : this.bytes.lastIndexOf(LINE_FEED, at - 1) + 1
    let column = lineStart === 0 ? this.#charactersBefore + 1 : 1
    // All bytes of a character but its first begin with the bits 10.
    for (let i = lineStart; i < at; i++) if ((this.bytes[i]! & 0xc0) !== 0x80) column++
    return column
  }

  protected text(start: number, end: number): string {
    return this.bytes.toString("utf8", start, end)
  }
}
