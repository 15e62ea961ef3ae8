/**
 * Bytes that have come in and wait to be understood. However they are cut into chunks, each is copied a bounded number
 * of times on average, and looked at once for the end of a line; a chunk that arrives when nothing waits isn't copied.
 */
import { Buffer } from "node:buffer"

/**
 * Bytes of the wire as a string with one character per byte (latin1). Replicas hold keys and values like this, too: so
 * all of it is binary-safe, and a length is a length in bytes. Who has text makes bytes of it first (UTF-8), and back.
 */
export type Bytes = string

const nothing = Buffer.alloc(0)
const lineFeed = 10
const carriageReturn = 13

export class Incoming {
  /** Those from `#at` up to `#end` wait. What lies behind is room for more, if the buffer is our own. */
  #bytes: Buffer = nothing
  #at = 0
  #end = 0
  /** Up to here there is no end of a line. */
  #searched = 0

  /** How many bytes wait. */
  get length(): number {
    return this.#end - this.#at
  }

  /** The first of them, if any. */
  get first(): Bytes {
    return this.#bytes.toString("latin1", this.#at, Math.min(this.#at + 1, this.#end))
  }

  /** `chunk` must not be changed afterwards. */
  push(chunk: Buffer): void {
    const waiting = this.length
    if (waiting === 0) {
      this.#bytes = chunk
      this.#at = this.#searched = 0
      this.#end = chunk.length
      return
    }
    if (this.#end + chunk.length > this.#bytes.length) {
      // Twice what is needed: so the next move is as many bytes away.
      const roomy = Buffer.allocUnsafeSlow(2 * (waiting + chunk.length))
      this.#bytes.copy(roomy, 0, this.#at, this.#end)
      this.#bytes = roomy
      this.#searched = Math.max(0, this.#searched - this.#at)
      this.#at = 0
      this.#end = waiting
    }
    chunk.copy(this.#bytes, this.#end)
    this.#end += chunk.length
  }

  /**
   * The next line, without its end (LF or CR LF). `undefined` when there is none within `limit` bytes, end included: it
   * isn't here yet, or, if as many bytes wait, it is too long.
   */
  line(limit: number): Bytes | undefined {
    const last = Math.min(this.#end, this.#at + limit)
    const from = Math.max(this.#searched, this.#at)
    // A line is short as a rule: a loop is quicker than `indexOf`, which looks at the whole buffer.
    let end = from
    while (end < last && this.#bytes[end] !== lineFeed) end++
    if (end >= last) {
      this.#searched = last
      return undefined
    }
    const stop = end > this.#at && this.#bytes[end - 1] === carriageReturn ? end - 1 : end
    const line = this.#bytes.toString("latin1", this.#at, stop)
    this.#at = end + 1
    return line
  }

  /** The next `count` bytes, which CR LF follows. `undefined`: they aren't all here. `null`: something else follows. */
  block(count: number): Bytes | null | undefined {
    const stop = this.#at + count
    if (this.#end < stop + 2) return undefined
    if (this.#bytes[stop] !== carriageReturn || this.#bytes[stop + 1] !== lineFeed) return null
    const block = this.#bytes.toString("latin1", this.#at, stop)
    this.#at = stop + 2
    return block
  }
}
