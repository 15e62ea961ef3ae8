// Texts that are made of forms, one after the other, wherever their lines end: JSON and EDN. A form may go on in a later
// block. Every mistake has its line and column.
import { HistoryError } from "../History.ts"
import type { Json } from "../Texts.ts"

/** In place of a byte: the block is over. */
export const END = -1

/** Deeper forms are refused, before they overflow the stack. */
export const MAX_DEPTH = 500

/** Thrown where what is read isn't whole yet. */
const INCOMPLETE = Symbol("incomplete")

/** A place in the current block. */
export interface Position {
  readonly at: number
  readonly line: number
  readonly lineStart: number
}

export abstract class Forms {
  protected bytes: Uint8Array = new Uint8Array()
  protected end = 0
  protected at = 0
  /** From 1. */
  line = 1
  /** Where the line begins: at 0 also if it began in an earlier block, with so many characters there. */
  protected lineStart = 0
  /** How deep in the forms the position is. */
  protected depth = 0
  #charactersBefore = 0
  #isLast = false
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  get position(): Position {
    return { at: this.at, line: this.line, lineStart: this.lineStart }
  }

  /** The next byte that is neither space nor comment, or END. */
  abstract next(): number

  /** The form that comes next. */
  abstract form(): Json

  /** Goes behind the byte that `next` gave. */
  pass() {
    this.at++
  }

  /**
   * Reads a block: calls `read` as long as it returns true and what it reads is whole. Returns the position behind the
   * last of it; the next block begins there. In the last block everything must be whole.
   */
  block(bytes: Uint8Array, end: number, isLast: boolean, read: () => boolean): number {
    this.bytes = bytes
    this.end = end
    this.#isLast = isLast
    this.at = 0
    this.depth = 0
    let whole = this.position
    try {
      while (read()) whole = this.position
      whole = this.position
    } catch (error) {
      if (error !== INCOMPLETE) throw error
      this.line = whole.line
    }
    this.#charactersBefore = this.column(whole) - 1
    this.lineStart = 0
    return whole.at
  }

  /** Goes to `at`, in the line from `start` to `end`, which is behind its line break. */
  inLine(bytes: Uint8Array, start: number, at: number, end: number, line: number) {
    this.bytes = bytes
    this.end = end
    this.#isLast = true
    this.at = at
    this.depth = 0
    this.line = line
    this.lineStart = start
  }

  /** In characters, from 1. */
  column({ at, lineStart }: Position): number {
    let column = lineStart === 0 ? this.#charactersBefore + 1 : 1
    // All bytes of a character but its first begin with the bits 10.
    for (let i = lineStart; i < at; i++) if ((this.bytes[i]! & 0xc0) !== 0x80) column++
    return column
  }

  error(reason: string, position = this.position): HistoryError {
    return new HistoryError({ file: this.#file, line: position.line, column: this.column(position), reason })
  }

  /** What is thrown where the block ends within what begins at `opened`. */
  protected incomplete(opened: Position): unknown {
    return this.#isLast ? this.error("what begins here does not end", opened) : INCOMPLETE
  }

  protected text(start: number, end: number): string {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, end - start).toString()
  }

  protected newLine(at: number) {
    this.line++
    this.lineStart = at
  }
}
