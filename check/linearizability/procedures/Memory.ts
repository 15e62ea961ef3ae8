// A set of places, each a few integers, kept whole: no fingerprints, so no two places are ever taken for one.

const nothing = new Int32Array(0)
/** A table in which nothing is. */
const noPlaces = new Int32Array(1)

/** A set of sequences of integers, within a budget of bytes. It takes no memory of its own before the first is added. */
export class Memory {
  #keys = nothing
  #used = 1
  /** Open addressing; where in `#keys` a key begins, with its length and its hash before it. 0: nothing. */
  #table = noPlaces
  #count = 0
  readonly #bytes: number

  constructor(bytes: number) {
    this.#bytes = bytes
  }

  get count(): number {
    return this.#count
  }

  /** Is the key of `length` integers in `key` among them? */
  has(key: Int32Array, length: number): boolean {
    return this.#table[this.#find(key, length, hashOf(key, length))] !== 0
  }

  /** Adds a key; false when there is no room for it. */
  add(key: Int32Array, length: number): boolean {
    if (this.#count === 0) {
      this.#keys = new Int32Array(1 << 8)
      this.#table = new Int32Array(1 << 6)
    }
    const hash = hashOf(key, length)
    const place = this.#find(key, length, hash)
    if (this.#table[place] !== 0) return true
    const from = this.#used + 2
    const to = from + length
    if (to > this.#keys.length) {
      const keys = this.#room(2 * Math.max(this.#keys.length, to))
      if (keys === undefined) return false
      keys.set(this.#keys)
      this.#keys = keys
    }
    this.#keys[from - 2] = length
    this.#keys[from - 1] = hash
    for (let i = 0; i < length; i++) this.#keys[from + i] = key[i]!
    this.#used = to
    this.#table[place] = from
    if (2 * ++this.#count <= this.#table.length) return true
    const table = this.#room(2 * this.#table.length)
    if (table === undefined) return false
    for (const from of this.#table) {
      if (from === 0) continue
      let place = this.#keys[from - 1]! & (table.length - 1)
      while (table[place] !== 0) place = (place + 1) & (table.length - 1)
      table[place] = from
    }
    this.#table = table
    return true
  }

  /** An array beside those there are, if the budget allows it. */
  #room(length: number): Int32Array<ArrayBuffer> | undefined {
    return 4 * (this.#keys.length + this.#table.length + length) > this.#bytes || length > 2 ** 30 ? undefined : new Int32Array(length)
  }

  #find(key: Int32Array, length: number, hash: number): number {
    const table = this.#table
    const keys = this.#keys
    const mask = table.length - 1
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const from = table[place]!
      if (from === 0) return place
      if (keys[from - 1] !== hash || keys[from - 2] !== length) continue
      let i = 0
      while (i < length && keys[from + i] === key[i]) i++
      if (i === length) return place
    }
  }
}

const hashOf = (key: Int32Array, length: number): number => {
  let hash = length
  for (let i = 0; i < length; i++) {
    hash = Math.imul(hash ^ key[i]!, 0x9e3779b1)
    hash ^= hash >>> 15
  }
  hash = Math.imul(hash, 0x85ebca6b)
  return hash ^ (hash >>> 13)
}
