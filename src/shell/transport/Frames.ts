/**
 * A stream of bytes as frames:
 *
 *     frame = length body     length: that of the body, in bytes; unsigned, big-endian, of 32 bits
 *
 * What a peer says is not believed: a frame takes as much memory as has come of it, not as much as it announces.
 */

/** The longest body, in bytes. There is room for a batch of entries, or a chunk of a snapshot, of tens of megabytes. */
export const longestFrame = 64 * 2 ** 20

const headerLength = 4

/** A frame with this body; a text is written in UTF-8. */
export const frame = (body: Uint8Array | string): Buffer => {
  const length = typeof body === "string" ? Buffer.byteLength(body) : body.length
  const bytes = Buffer.allocUnsafe(headerLength + length)
  bytes.writeUInt32BE(length)
  if (typeof body === "string") bytes.write(body, headerLength)
  else bytes.set(body, headerLength)
  return bytes
}

/** Cuts what arrives of a stream into frames. */
export class FrameSplitter {
  /** Of the longest body that is let in, in bytes; may change between frames. */
  longest: number
  /** The beginning of a frame whose end hasn't come, in the first `#length` bytes. */
  #held = Buffer.alloc(0)
  #length = 0

  constructor(longest: number) {
    this.longest = longest
  }

  /** How many bytes are kept for it. */
  get held(): number {
    return this.#held.length
  }

  /**
   * The bodies of the frames that `chunk` completes; they are views, of use until the next call. A string says why the
   * stream isn't frames; nothing that follows can be read then.
   */
  push(chunk: Buffer): ReadonlyArray<Buffer> | string {
    const bodies: Array<Buffer> = []
    let at = 0
    while (at < chunk.length) {
      if (this.#length === 0 && chunk.length - at >= headerLength) {
        const length = chunk.readUInt32BE(at)
        if (length > this.longest) return this.#tooLong(length)
        const end = at + headerLength + length
        // A frame that is all in the chunk stays where it is.
        if (end <= chunk.length) {
          bodies.push(chunk.subarray(at + headerLength, end))
          at = end
          continue
        }
      }
      if (this.#length < headerLength) {
        at += this.#hold(chunk, at, headerLength)
        if (this.#length < headerLength) break
      }
      const length = this.#held.readUInt32BE(0)
      if (length > this.longest) return this.#tooLong(length)
      at += this.#hold(chunk, at, headerLength + length)
      if (this.#length < headerLength + length) break
      bodies.push(this.#held.subarray(headerLength, this.#length))
      this.#held = Buffer.alloc(0)
      this.#length = 0
    }
    return bodies
  }

  #tooLong(length: number): string {
    return `a frame of ${length} bytes, where at most ${this.longest} are let in`
  }

  /** Takes from `chunk`, from `at` on, what a frame still lacks of `wanted` bytes: how many it took. */
  #hold(chunk: Buffer, at: number, wanted: number): number {
    const taken = Math.min(wanted - this.#length, chunk.length - at)
    const needed = this.#length + taken
    if (needed > this.#held.length) {
      // Twice as much each time, so that each byte is copied a few times only, however small the chunks are.
      const longer = Buffer.allocUnsafeSlow(Math.min(Math.max(2 * this.#held.length, needed), wanted))
      this.#held.copy(longer, 0, 0, this.#length)
      this.#held = longer
    }
    chunk.copy(this.#held, this.#length, at, at + taken)
    this.#length = needed
    return taken
  }
}
