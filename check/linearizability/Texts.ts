// Values of a history as small integers: equal JSON values, and only those, have the same number. A million different
// values are kept as bytes in one buffer, so that reading a file makes no string that nobody looks at.
import { longer } from "./arrays.ts"
import { inSharedMemory } from "./sharing.ts"

/** Any JSON value. */
export type Json = string | number | boolean | null | ReadonlyArray<Json> | { readonly [key: string]: Json }

/** Equal JSON values, and only those, have the same canonical text: fields are sorted by name. */
export const canonical = (value: Json): string => {
  // Most values have no fields to sort.
  if (value === null || typeof value !== "object" || (Array.isArray(value) && value.every((v) => typeof v !== "object"))) {
    return JSON.stringify(value)
  }
  return JSON.stringify(value, (_, v) =>
    v !== null && typeof v === "object" && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v
  )
}

/** Where texts are written in UTF-8, which takes at most three bytes for each unit of a string. */
let scratch = Buffer.alloc(1 << 8)

export interface SharedTexts {
  readonly bytes: Uint8Array
  readonly ends: Float64Array
  readonly hashes: Int32Array
  readonly table: Int32Array
  readonly hasHalves: boolean
}

/** Canonical JSON texts, numbered from 0 in the order in which they came. Number 0 is null. */
export class Texts {
  #bytes: Buffer = Buffer.allocUnsafeSlow(1 << 12)
  /** Text `id` lies from `#ends[id]` to `#ends[id + 1]`. */
  #ends: Float64Array = new Float64Array(1 << 8)
  #hashes: Int32Array = new Int32Array(1 << 8)
  /** Open addressing; a place holds a number plus one. */
  #table: Int32Array = new Int32Array(1 << 9)
  /** Numbers of values without parts that came as such: what `of` would otherwise encode anew each time. */
  readonly #scalars = new Map<string | number | boolean | null, number>()
  /** Values that were asked for, or came as such. */
  readonly #values: Array<Json | undefined> = []
  #length = 0
  #hasHalves = false

  /** New texts, or those that `share` gave in another thread. */
  constructor(shared?: SharedTexts) {
    if (shared === undefined) {
      this.of(null)
      return
    }
    this.#bytes = Buffer.from(shared.bytes.buffer, shared.bytes.byteOffset, shared.bytes.length)
    this.#ends = shared.ends
    this.#hashes = shared.hashes
    this.#table = shared.table.slice()
    this.#length = shared.hashes.length
    this.#hasHalves = shared.hasHalves
  }

  /** The texts for other threads, with no room to add to them in place: who adds gets memory of his own. */
  share(): SharedTexts {
    const length = this.#length
    return {
      bytes: inSharedMemory(new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset, this.#ends[length])),
      ends: inSharedMemory(this.#ends.subarray(0, length + 1)),
      hashes: inSharedMemory(this.#hashes.subarray(0, length)),
      table: inSharedMemory(this.#table),
      hasHalves: this.#hasHalves
    }
  }

  get length(): number {
    return this.#length
  }

  /** Bytes of memory, roughly. */
  get size(): number {
    return this.#bytes.length + 16 * this.#ends.length + 4 * this.#table.length + 60 * this.#scalars.size
  }

  /** The number of a value. */
  of(value: Json): number {
    if (value === null || typeof value !== "object") {
      const known = this.#scalars.get(value)
      if (known !== undefined) return known
      const id = this.#ofText(JSON.stringify(value))
      this.#scalars.set(value, id)
      // JSON has no -0.
      this.#values[id] = value === 0 ? 0 : value
      return id
    }
    return this.#ofText(canonical(value))
  }

  #ofText(text: string): number {
    if (text.includes("\\ud")) this.#hasHalves = true
    if (3 * text.length > scratch.length) scratch = Buffer.alloc(6 * text.length)
    return this.ofBytes(scratch, 0, scratch.write(text))
  }

  /** The number of the value whose canonical text, in UTF-8, lies in `bytes` from `start` to `end`. */
  ofBytes(bytes: Uint8Array, start: number, end: number): number {
    let hash = end - start
    let at = start
    // Four bytes at a time: each multiplication waits for the one before.
    for (; at + 4 <= end; at += 4) {
      const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
      hash = Math.imul(hash ^ word, 0x9e3779b1)
      hash ^= hash >>> 15
    }
    for (; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
    hash = Math.imul(hash ^ (hash >>> 13), 0x85ebca6b)
    hash ^= hash >>> 16
    const mask = this.#table.length - 1
    let place = hash & mask
    for (; this.#table[place] !== 0; place = (place + 1) & mask) {
      const id = this.#table[place]! - 1
      if (this.#hashes[id] === hash && this.#equals(id, bytes, start, end)) return id
    }
    return this.#add(hash, place, bytes, start, end)
  }

  #equals(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.#ends[id]!
    const to = this.#ends[id + 1]!
    if (to - from !== end - start) return false
    const own = this.#bytes
    if (to - from > LONG) return own.compare(bytes, start, end, from, to) === 0
    for (let i = start, j = from; i < end; i++, j++) if (bytes[i] !== own[j]) return false
    return true
  }

  #add(hash: number, place: number, bytes: Uint8Array, start: number, end: number): number {
    const id = this.#length++
    const from = this.#ends[id]!
    const to = from + end - start
    if (to > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(to, 2 * this.#bytes.length))
      this.#bytes.copy(larger)
      this.#bytes = larger
    }
    const own = this.#bytes
    if (to - from > LONG) own.set(bytes.subarray(start, end), from)
    else for (let i = start, j = from; i < end; i++, j++) own[j] = bytes[i]!
    if (id + 2 > this.#ends.length) this.#ends = longer(this.#ends, 2 * this.#ends.length)
    if (id + 1 > this.#hashes.length) this.#hashes = longer(this.#hashes, 2 * this.#hashes.length)
    this.#ends[id + 1] = to
    this.#hashes[id] = hash
    this.#table[place] = id + 1
    if (2 * this.#length > this.#table.length) this.#rehash()
    return id
  }

  #rehash() {
    const table = new Int32Array(2 * this.#table.length)
    const mask = table.length - 1
    for (let id = 0; id < this.#length; id++) {
      let place = this.#hashes[id]! & mask
      while (table[place] !== 0) place = (place + 1) & mask
      table[place] = id + 1
    }
    this.#table = table
  }

  /** The first byte of the text of value `id`, which tells what kind of value it is. */
  first(id: number): number {
    return this.#bytes[this.#ends[id]!]!
  }

  /** The canonical text of value `id`. */
  text(id: number): string {
    return this.#bytes.toString("utf8", this.#ends[id], this.#ends[id + 1])
  }

  /** Value `id` itself. */
  json(id: number): Json {
    // Without holes it stays an array that is quick to look into.
    while (this.#values.length < this.#length) this.#values.push(undefined)
    return (this.#values[id] ??= this.#plainString(id) ?? (JSON.parse(this.text(id)) as Json))
  }

  /** May there be strings with halves of pairs of surrogates? Their texts are escapes, but those of whole pairs are not. */
  get hasHalves(): boolean {
    return this.#hasHalves
  }

  /** Is value `id` a string? */
  isString(id: number): boolean {
    return this.first(id) === QUOTE
  }

  /** The bytes of a string's text, without the quotes: how many there are. */
  contentLength(id: number): number {
    return this.#ends[id + 1]! - this.#ends[id]! - 2
  }

  /**
   * The bytes of a string's text, without the quotes, each as a character: all of them, or so many of the first. Unless
   * there are halves of pairs of surrogates (`hasHalves`), they are a prefix code of its characters. So one string begins
   * with another exactly when these do, and to append strings is to append these.
   */
  content(id: number, length = this.contentLength(id)): string {
    const from = this.#ends[id]! + 1
    return this.#bytes.toString("latin1", from, from + Math.min(length, this.contentLength(id)))
  }

  /** Does the content of string `id` begin with that of string `prefix`? */
  startsWith(id: number, prefix: number): boolean {
    const length = this.contentLength(prefix)
    if (length > this.contentLength(id)) return false
    const [from, other] = [this.#ends[id]! + 1, this.#ends[prefix]! + 1]
    return this.#bytes.compare(this.#bytes, other, other + length, from, from + length) === 0
  }

  /** Are the first `length` of `bytes`, made of contents of strings, that of string `id`? */
  hasContent(id: number, bytes: Uint8Array, length: number): boolean {
    const from = this.#ends[id]! + 1
    if (length === this.contentLength(id) && this.#bytes.compare(bytes, 0, length, from, from + length) === 0) return true
    return this.#hasHalves && JSON.parse(`"${Buffer.from(bytes.subarray(0, length)).toString()}"`) === this.json(id)
  }

  /** Writes the content of string `id` to `bytes` from `at` on, if there is room; answers where it ends. */
  writeContent(id: number, bytes: Uint8Array, at: number): number {
    const from = this.#ends[id]! + 1
    const end = at + this.contentLength(id)
    if (end <= bytes.length) bytes.set(this.#bytes.subarray(from, from + end - at), at)
    return end
  }

  /** A string of ASCII without escapes, as most are; `undefined` for any other value. */
  #plainString(id: number): string | undefined {
    const bytes = this.#bytes
    const start = this.#ends[id]!
    const end = this.#ends[id + 1]! - 1
    if (bytes[start] !== QUOTE) return undefined
    for (let i = start + 1; i < end; i++) if (bytes[i] === BACKSLASH || bytes[i]! > 0x7f) return undefined
    return bytes.toString("latin1", start + 1, end)
  }
}

/** From so many bytes on, what Node.js has for it is quicker than a loop. */
const LONG = 48
const QUOTE = 0x22
const BACKSLASH = 0x5c
