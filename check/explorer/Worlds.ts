/**
 * The set of visited worlds. A world is a vector of integers, kept whole: membership is decided by comparing vectors,
 * so no two worlds are ever taken for one.
 */

/** Spreads a number over all bits. */
const mix = (number: number): number => {
  let hash = Math.imul(number ^ (number >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/**
 * Multipliers of the vectors' hash, which is a sum, so that a change of one component updates it with one product.
 * They must not be small multiples of each other, or sums collide.
 */
export const weight = (component: number): number => mix(component + 0x9e3779b9) | 1

/** The tables of a set of worlds, to be posted to another thread if their buffers are shared. */
export interface WorldTables {
  /** Components of a vector. */
  readonly width: number
  /** The number of worlds, alone. */
  readonly size: Int32Array
  /** `width + 1` words per world: its vector, then the index of the world it was first reached from (root: -1). */
  readonly arena: Int32Array
  /** Two words per slot: the hash, and the world's index + 1 (0: empty). A power of two of slots. */
  readonly slots: Int32Array
}

export class Worlds {
  readonly width: number
  /** Words per world in the arena. */
  readonly stride: number
  arena: Int32Array
  /** Indices of the worlds added by the last `addAll`: the first `addedCount` are valid. */
  added = new Int32Array(1024)
  addedCount = 0
  protected readonly size: Int32Array
  protected slots: Int32Array
  /** Kept so that the engine can't drop the loads that warm the cache. */
  protected warmed = 0

  constructor({ arena, size, slots, width }: WorldTables) {
    this.width = width
    this.stride = width + 1
    this.arena = arena
    this.size = size
    this.slots = slots
  }

  get count(): number {
    return this.size[0]!
  }

  get tables(): WorldTables {
    return { width: this.width, size: this.size, arena: this.arena, slots: this.slots }
  }

  /** Goes on with the same worlds in other tables. */
  set tables({ arena, slots }: WorldTables) {
    this.arena = arena
    this.slots = slots
  }

  get bytes(): number {
    return this.arena.byteLength + this.slots.byteLength
  }

  /** Whether there is room for `more` worlds. */
  hasRoom(more: number): boolean {
    return (this.count + more) * this.stride <= this.arena.length
  }

  /** Makes room for at least `more` worlds. */
  grow(more: number, allocate: Allocate = ints): void {
    while (!this.hasRoom(more)) this.tables = twice(this.tables, allocate)
  }

  /** Index of the world whose vector begins at `vectors[start]`, or -1. */
  find(vectors: Int32Array, start: number): number {
    const mask = this.slots.length / 2 - 1
    let sum = 0
    for (let k = 0; k < this.width; k++) sum = (sum + Math.imul(vectors[start + k]!, weight(k))) | 0
    const hash = mix(sum)
    for (let slot = hash & mask;; slot = (slot + 1) & mask) {
      const index = this.slots[2 * slot + 1]! - 1
      if (index < 0) return -1
      const at = index * this.stride
      let k = 0
      while (k < this.width && this.arena[at + k] === vectors[start + k]) k++
      if (k === this.width) return index
    }
  }

  /**
   * Adds those of the rows from `first` to before `end` that are new, each `stride` words of `rows`; `sums` are their
   * weighted sums. There must be room for all.
   */
  addAll(rows: Int32Array, sums: Int32Array, first: number, end: number): void {
    this.warm(sums, first, end)
    const { added, arena, slots, stride, width } = this
    const mask = slots.length / 2 - 1
    let count = this.count
    let addedCount = 0
    next: for (let row = first; row < end; row++) {
      const hash = sums[row]!
      const start = row * stride
      let slot = hash & mask
      for (;; slot = (slot + 1) & mask) {
        const index = slots[2 * slot + 1]! - 1
        if (index < 0) break
        if (slots[2 * slot] !== hash) continue
        const at = index * stride
        let k = 0
        while (k < width && arena[at + k] === rows[start + k]) k++
        if (k === width) continue next
      }
      slots[2 * slot] = hash
      const at = count * stride
      for (let k = 0; k < stride; k++) arena[at + k] = rows[start + k]!
      added[addedCount++] = count++
      slots[2 * slot + 1] = count
    }
    this.addedCount = addedCount
    this.size[0] = count
  }

  /**
   * Turns sums into hashes, and touches what they lead to: these loads don't wait for each other, so that their cache
   * misses overlap.
   */
  protected warm(sums: Int32Array, first: number, end: number): void {
    const { arena, slots, stride } = this
    const mask = slots.length / 2 - 1
    if (end - first > this.added.length) this.added = new Int32Array(2 * (end - first))
    let warmed = 0
    for (let row = first; row < end; row++) {
      const hash = mix(sums[row]!)
      sums[row] = hash
      warmed ^= slots[2 * (hash & mask)]!
    }
    for (let row = first; row < end; row++) {
      const index = slots[2 * (sums[row]! & mask) + 1]! - 1
      if (index >= 0) warmed ^= arena[index * stride]!
    }
    this.warmed = warmed
  }
}

/** Worlds to which several threads add at the same time. Growing is for one thread while the others rest. */
export class SharedWorlds extends Worlds {
  override get count(): number {
    return Atomics.load(this.size, 0)
  }

  override addAll(rows: Int32Array, sums: Int32Array, first: number, end: number): void {
    this.warm(sums, first, end)
    const { added, arena, size, slots, stride, width } = this
    const mask = slots.length / 2 - 1
    let addedCount = 0
    next: for (let row = first; row < end; row++) {
      const hash = sums[row]!
      const start = row * stride
      for (let slot = hash & mask;; slot = (slot + 1) & mask) {
        // A slot goes from 0 to `busy` to a world's index + 1, which is stored after all that it leads to.
        let entry = Atomics.load(slots, 2 * slot + 1)
        if (entry === 0) entry = Atomics.compareExchange(slots, 2 * slot + 1, 0, busy)
        if (entry === 0) {
          const index = Atomics.add(size, 0, 1)
          slots[2 * slot] = hash
          for (let k = 0; k < stride; k++) arena[index * stride + k] = rows[start + k]!
          Atomics.store(slots, 2 * slot + 1, index + 1)
          added[addedCount++] = index
          continue next
        }
        while (entry === busy) entry = Atomics.load(slots, 2 * slot + 1)
        if (slots[2 * slot] !== hash) continue
        const at = (entry - 1) * stride
        let k = 0
        while (k < width && arena[at + k] === rows[start + k]) k++
        if (k === width) continue next
      }
    }
    this.addedCount = addedCount
  }
}

/** In a slot: another thread is about to add a world there. */
const busy = -1

/** How tables are allocated. */
export type Allocate = (words: number) => Int32Array

export const ints: Allocate = (words) => new Int32Array(words)

export const sharedInts: Allocate = (words) => new Int32Array(new SharedArrayBuffer(4 * words))

/** Tables for a first few thousand worlds. */
export const emptyTables = (width: number, allocate: Allocate): WorldTables => ({
  width,
  size: allocate(1),
  arena: allocate((width + 1) << 12),
  slots: allocate(2 << 13)
})

/** The same worlds in tables of twice the size. */
export const twice = ({ arena, size, slots, width }: WorldTables, allocate: Allocate): WorldTables => {
  const grown = { width, size, arena: allocate(2 * arena.length), slots: allocate(2 * slots.length) }
  grown.arena.set(arena)
  const mask = slots.length - 1
  for (let at = 0; at < slots.length; at += 2) {
    if (slots[at + 1] === 0) continue
    let slot = slots[at]! & mask
    while (grown.slots[2 * slot + 1] !== 0) slot = (slot + 1) & mask
    grown.slots[2 * slot] = slots[at]!
    grown.slots[2 * slot + 1] = slots[at + 1]!
  }
  return grown
}
