/** Hash tables and lists of integers in typed arrays, for the explorer's inner loop. */

/** An array of integers that grows by doubling; `items` is replaced when it does. */
export class Ints {
  items = new Int32Array(256)
  length = 0

  push(value: number): void {
    if (this.length === this.items.length) {
      const grown = new Int32Array(2 * this.length)
      grown.set(this.items)
      this.items = grown
    }
    this.items[this.length++] = value
  }

  get bytes(): number {
    return this.items.byteLength
  }
}

/** What `PairMap.get` answers for a pair that isn't there. */
export const absent = -1

// Pairs with the same first component lie near each other: they are asked for one after the other.
const hashPair = (a: number, b: number): number => {
  const hash = Math.imul(a ^ (a >>> 15), 0x9e3779b1)
  return (hash ^ (hash >>> 15)) + b
}

/** A map from pairs of integers ≥ 0 to integers other than `absent`. */
export class PairMap {
  // Four words per slot: first + 1 (0: empty), second, value, unused.
  private slots = new Int32Array(4 * 256)
  private mask = 255
  private size = 0

  get(first: number, second: number): number {
    const slots = this.slots
    const mask = this.mask
    for (let slot = hashPair(first, second) & mask;; slot = (slot + 1) & mask) {
      const key = slots[4 * slot]!
      if (key === 0) return absent
      if (key === first + 1 && slots[4 * slot + 1] === second) return slots[4 * slot + 2]!
    }
  }

  /** Adds a pair that isn't there yet. */
  set(first: number, second: number, value: number): void {
    if (2 * ++this.size > this.mask) this.grow()
    this.put(first, second, value)
  }

  get bytes(): number {
    return this.slots.byteLength
  }

  private put(first: number, second: number, value: number): void {
    let slot = hashPair(first, second) & this.mask
    while (this.slots[4 * slot] !== 0) slot = (slot + 1) & this.mask
    this.slots[4 * slot] = first + 1
    this.slots[4 * slot + 1] = second
    this.slots[4 * slot + 2] = value
  }

  private grow(): void {
    const old = this.slots
    this.slots = new Int32Array(2 * old.length)
    this.mask = 2 * this.mask + 1
    for (let at = 0; at < old.length; at += 4) {
      if (old[at] !== 0) this.put(old[at]! - 1, old[at + 1]!, old[at + 2]!)
    }
  }
}

/**
 * As PairMap, for many look-ups with the same first component one after the other: the pairs of one lie together, in a
 * small hash table of their own.
 */
export class RowMap {
  // Per first component: where its row begins in the pool, its slots - 1 (-1: no row), and its pairs.
  private readonly starts = new Ints()
  private readonly masks = new Ints()
  private readonly sizes = new Ints()
  // Two words per slot: second + 1 (0: empty), and the value.
  private readonly pool = new Ints()

  get(first: number, second: number): number {
    if (first >= this.masks.length) return absent
    const mask = this.masks.items[first]!
    if (mask < 0) return absent
    const start = this.starts.items[first]!
    const pool = this.pool.items
    for (let slot = second & mask;; slot = (slot + 1) & mask) {
      const key = pool[start + 2 * slot]!
      if (key === second + 1) return pool[start + 2 * slot + 1]!
      if (key === 0) return absent
    }
  }

  /** Adds a pair that isn't there yet. */
  set(first: number, second: number, value: number): void {
    while (first >= this.masks.length) {
      this.starts.push(0)
      this.masks.push(-1)
      this.sizes.push(0)
    }
    const size = ++this.sizes.items[first]!
    if (4 * size > 3 * (this.masks.items[first]! + 1)) this.grow(first)
    this.put(first, second, value)
  }

  get bytes(): number {
    return this.starts.bytes + this.masks.bytes + this.sizes.bytes + this.pool.bytes
  }

  private put(first: number, second: number, value: number): void {
    const mask = this.masks.items[first]!
    const start = this.starts.items[first]!
    const pool = this.pool.items
    let slot = second & mask
    while (pool[start + 2 * slot] !== 0) slot = (slot + 1) & mask
    pool[start + 2 * slot] = second + 1
    pool[start + 2 * slot + 1] = value
  }

  /** Moves a row to the end of the pool, with twice as many slots. */
  private grow(first: number): void {
    const start = this.starts.items[first]!
    const slots = this.masks.items[first]! + 1
    this.starts.items[first] = this.pool.length
    this.masks.items[first] = Math.max(2 * slots, 4) - 1
    for (let word = 0; word < 2 * Math.max(2 * slots, 4); word++) this.pool.push(0)
    for (let at = start; at < start + 2 * slots; at += 2) {
      if (this.pool.items[at] !== 0) this.put(first, this.pool.items[at]! - 1, this.pool.items[at + 1]!)
    }
  }
}

/** Lists of integers, each kept once; the empty list is number 0. */
export class IntLists {
  private readonly starts = new Ints()
  private readonly pool = new Ints()
  private table = new Int32Array(512)
  private mask = 511

  constructor() {
    this.starts.push(0)
    this.id([])
  }

  get count(): number {
    return this.starts.length - 1
  }

  get bytes(): number {
    return this.starts.bytes + this.pool.bytes + this.table.byteLength
  }

  /** The list's number. */
  id(list: ReadonlyArray<number>): number {
    let slot = hashList(list, 0, list.length) & this.mask
    for (; this.table[slot] !== 0; slot = (slot + 1) & this.mask) {
      if (this.same(this.table[slot]! - 1, list)) return this.table[slot]! - 1
    }
    const id = this.count
    for (const item of list) this.pool.push(item)
    this.starts.push(this.pool.length)
    this.table[slot] = id + 1
    if (2 * this.count > this.mask) this.grow()
    return id
  }

  /** The list of that number, copied. */
  list(id: number): Array<number> {
    const list: Array<number> = []
    const end = this.starts.items[id + 1]!
    for (let at = this.starts.items[id]!; at < end; at++) list.push(this.pool.items[at]!)
    return list
  }

  private same(id: number, list: ReadonlyArray<number>): boolean {
    const start = this.starts.items[id]!
    if (this.starts.items[id + 1]! - start !== list.length) return false
    for (let k = 0; k < list.length; k++) if (this.pool.items[start + k] !== list[k]) return false
    return true
  }

  private grow(): void {
    this.mask = 2 * this.mask + 1
    this.table = new Int32Array(this.mask + 1)
    for (let id = 0; id < this.count; id++) {
      let slot = hashList(this.pool.items, this.starts.items[id]!, this.starts.items[id + 1]!) & this.mask
      while (this.table[slot] !== 0) slot = (slot + 1) & this.mask
      this.table[slot] = id + 1
    }
  }
}

const hashList = (items: ArrayLike<number>, start: number, end: number): number => {
  let hash = end - start
  for (let at = start; at < end; at++) {
    hash = Math.imul(hash ^ items[at]!, 0x9e3779b1)
    hash ^= hash >>> 15
  }
  return hash
}
