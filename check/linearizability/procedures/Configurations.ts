// What breadth-first search keeps: a set of configurations, of which only minimal ones stay. A configuration says all
// that matters for what may come: the state, and what has become of every operation that is open.
import { longer } from "../arrays.ts"
import { MISSING, Pairs } from "./Pairs.ts"

/**
 * One configuration is a row of `2 + 2 * words` integers: the state; the operations of unknown outcome that took effect
 * (a number of `Multisets`); for each slot of an open operation a bit that says it is done; and one that says it is free.
 *
 * An operation is free when it overwrites, is not done, and something that overwrites went after its call: it may have
 * gone just before, unnoticed. So a free one stands for both, done and not done.
 */
export class Configurations {
  readonly #multisets: Multisets
  words = 1
  width = 4
  count = 0
  rows: Int32Array = new Int32Array(ROOM * this.width)
  /** Where each configuration came from (`Links`). */
  links: Int32Array = new Int32Array(ROOM)
  /** 0 for a configuration that another one makes needless. */
  needed: Uint8Array = new Uint8Array(ROOM)
  /** Open addressing; a place holds a configuration plus one. */
  #table: Int32Array = new Int32Array(4 * ROOM)
  /** Lists of configurations plus one, by some bits of their states. */
  #first: Int32Array = new Int32Array(4 * ROOM)
  #next: Int32Array = new Int32Array(ROOM)
  /** A bit for every slot of an operation that changes nothing. */
  readMask: Int32Array = new Int32Array(1)

  constructor(multisets: Multisets) {
    this.#multisets = multisets
  }

  get bytes(): number {
    return this.rows.byteLength + 9 * this.links.length + 2 * this.#table.byteLength
  }

  /** Forgets all configurations. From now on they have `words` words of slots. */
  clear(words: number, readMask: Int32Array) {
    if (this.#table.length > 4 * ROOM && this.#table.length > 16 * this.count) {
      this.#table = new Int32Array(4 * ROOM)
      this.#first = new Int32Array(4 * ROOM)
    } else {
      this.#table.fill(0)
      this.#first.fill(0)
    }
    this.count = 0
    this.words = words
    this.width = 2 + 2 * words
    this.readMask = readMask
    if (this.rows.length < this.width * this.links.length) this.rows = new Int32Array(this.width * this.links.length)
  }

  /** Takes these configurations, of at most as many words, instead of its own. They can be looked at, but not added to. */
  load(rows: Int32Array, links: Int32Array, words: number) {
    const room = Math.max(ROOM, links.length)
    const narrow = 2 + 2 * words
    if (this.links.length < room) this.#makeRoom(room)
    this.count = links.length
    this.links.set(links)
    this.needed.fill(1, 0, this.count)
    this.rows.fill(0, 0, this.count * this.width)
    for (let c = 0; c < this.count; c++) {
      const half = c * narrow + 2 + words
      this.rows.set(rows.subarray(c * narrow, half), c * this.width)
      this.rows.set(rows.subarray(half, (c + 1) * narrow), c * this.width + 2 + this.words)
    }
  }

  /** Adds the configuration in `row`. Answers its number, or -1 when it is there already, or not needed. */
  add(row: Int32Array, link: number): number {
    const { width } = this
    const rows = this.rows
    const mask = this.#table.length - 1
    let place = hashOf(row, 0, width) & mask
    probing: for (; this.#table[place] !== 0; place = (place + 1) & mask) {
      const at = (this.#table[place]! - 1) * width
      for (let k = 0; k < width; k++) if (rows[at + k] !== row[k]) continue probing
      return -1
    }
    const list = row[0]! & (this.#first.length - 1)
    if (!this.#settle(list, row)) return -1
    const c = this.count++
    if (c === this.links.length) this.#makeRoom(2 * c)
    this.rows.set(row.subarray(0, width), c * width)
    this.links[c] = link
    this.needed[c] = 1
    this.#next[c] = this.#first[list]!
    this.#first[list] = c + 1
    this.#table[place] = c + 1
    if (2 * this.count > this.#table.length) this.#rehash()
    return c
  }

  /**
   * Compares `row` with others of its state: is it needed? Others that it makes needless are marked. One that covers it
   * comes first from now on, since it will cover others.
   */
  #settle(list: number, row: Int32Array): boolean {
    const next = this.#next
    let last = 0
    let c = this.#first[list]!
    for (let compared = 0; c !== 0 && compared < COMPARED; compared++) {
      const after = next[c - 1]!
      const order = this.#compare((c - 1) * this.width, row)
      if (order === NEITHER) last = c
      else {
        if (order === COVERS && last === 0) return false
        if (last === 0) this.#first[list] = after
        else next[last - 1] = after
        if (order === COVERS) {
          next[c - 1] = this.#first[list]!
          this.#first[list] = c
          return false
        }
        this.needed[c - 1] = 0
      }
      c = after
    }
    return true
  }

  /**
   * Does the configuration at `at` cover `row`, or the other way round? A covers B when they have the same state, and A
   * can do whatever B can do from now on:
   * - of the unknown operations A has used no others than B (what is left unused need not be used);
   * - reads that B has done A has done (a read changes nothing, so having done it is never worse);
   * - any other operation is done in both, or in neither, or free in A: then it may be taken as either.
   */
  #compare(at: number, row: Int32Array): number {
    const { rows, words, readMask } = this
    if (rows[at] !== row[0]) return NEITHER
    let covers = true
    let isCovered = true
    for (let w = 0; w < words && (covers || isCovered); w++) {
      const reads = readMask[w]!
      const doneA = rows[at + 2 + w]!
      const doneB = row[2 + w]!
      const freeA = rows[at + 2 + words + w]!
      const freeB = row[2 + words + w]!
      const differ = (doneA ^ doneB) & ~reads
      covers &&= (differ & ~freeA) === 0 && (freeB & ~freeA) === 0 && (doneB & ~doneA & reads) === 0
      isCovered &&= (differ & ~freeB) === 0 && (freeA & ~freeB) === 0 && (doneA & ~doneB & reads) === 0
    }
    const usedA = rows[at + 1]!
    const usedB = row[1]!
    if (covers && this.#multisets.isWithin(usedA, usedB)) return COVERS
    return isCovered && this.#multisets.isWithin(usedB, usedA) ? IS_COVERED : NEITHER
  }

  #makeRoom(room: number) {
    this.rows = longer(this.rows, room * this.width)
    this.links = longer(this.links, room)
    this.needed = longer(this.needed, room)
    this.#next = longer(this.#next, room)
  }

  #rehash() {
    const { needed, rows, width } = this
    const table = new Int32Array(2 * this.#table.length)
    const first = new Int32Array(table.length)
    const mask = table.length - 1
    for (let c = 0; c < this.count; c++) {
      let place = hashOf(rows, c * width, width) & mask
      while (table[place] !== 0) place = (place + 1) & mask
      table[place] = c + 1
      if (needed[c] === 0) continue
      const list = rows[c * width]! & mask
      this.#next[c] = first[list]!
      first[list] = c + 1
    }
    this.#table = table
    this.#first = first
  }
}

const hashOf = (rows: Int32Array, from: number, width: number): number => {
  let hash = 0
  for (let k = from; k < from + width; k++) hash = Math.imul(hash ^ rows[k]!, 0x9e3779b1) ^ (hash >>> 13)
  return hash ^ (hash >>> 16)
}

const ROOM = 16

/** With how many others of its state a configuration is compared. More would find more that is needless, but slower. */
const COMPARED = 1_000
const COVERS = 1
const IS_COVERED = -1
const NEITHER = 0

/** Multisets of small integers, numbered; 0 is the empty one. */
export class Multisets {
  readonly #members: Array<ReadonlyArray<number>> = [[]]
  readonly #numbers = new Map<string, number>([["", 0]])
  readonly #plus = new Pairs()
  #bytes = 0

  get bytes(): number {
    return this.#bytes + this.#plus.bytes
  }

  /** In ascending order. */
  members(id: number): ReadonlyArray<number> {
    return this.#members[id]!
  }

  of(members: ReadonlyArray<number>): number {
    const text = members.join()
    let id = this.#numbers.get(text)
    if (id === undefined) {
      id = this.#members.push(members) - 1
      this.#numbers.set(text, id)
      this.#bytes += 150 + 8 * members.length + text.length
    }
    return id
  }

  /** `id` and one more `x`. */
  plus(id: number, x: number): number {
    let more = this.#plus.get(id, x)
    if (more === MISSING) {
      more = this.of([...this.#members[id]!, x].sort((a, b) => a - b))
      this.#plus.set(id, x, more)
    }
    return more
  }

  count(id: number, x: number): number {
    let count = 0
    for (const member of this.#members[id]!) if (member === x) count++
    return count
  }

  /** Is all of `a` in `b`? */
  isWithin(a: number, b: number): boolean {
    if (a === b || a === 0) return true
    const small = this.#members[a]!
    const large = this.#members[b]!
    let k = 0
    for (const member of large) if (k < small.length && small[k] === member) k++
    return k === small.length
  }
}

/** How an operation went: it overwrote, or it is one that was free and is now taken as done. */
export const WENT = 0
export const OVERWROTE = 1
export const WAS_FREE = 2
/** Instead of an operation: the state in which a history begins whose past is forgotten. */
export const BEGINS = 3

/** How a configuration came about. */
export interface Origin {
  /** The state in which `order` begins, where what came before is forgotten. */
  readonly from: number | undefined
  readonly order: ReadonlyArray<number>
  /** Operations that were open then, and took effect before, unnoticed. */
  readonly earlier: ReadonlyArray<number>
}

/** Whence configurations came: a tree of operations. Link 0 is its root. */
export class Links {
  #parents: Int32Array = new Int32Array(ROOM)
  /** The number of an operation, times four, and how it went. */
  #operations: Int32Array = new Int32Array(ROOM)
  #length = 1
  #lengthAtLastGathering = 1

  get bytes(): number {
    return 2 * this.#parents.byteLength
  }

  add(parent: number, operation: number, how: number): number {
    const link = this.#length++
    if (link === this.#parents.length) {
      this.#parents = longer(this.#parents, 2 * link)
      this.#operations = longer(this.#operations, 2 * link)
    }
    this.#parents[link] = parent
    this.#operations[link] = 4 * operation + how
    return link
  }

  /** How a configuration came about. */
  origin(link: number): Origin {
    const path: Array<number> = []
    for (let at = link; at !== 0; at = this.#parents[at]!) path.push(this.#operations[at]!)
    path.reverse()
    const from = (path[0]! & 3) === BEGINS ? path.shift()! >> 2 : undefined
    const order: Array<number> = []
    const earlier: Array<number> = []
    for (const step of path) {
      if ((step & 3) !== WAS_FREE) order.push(step)
      else {
        // It goes just before the last one that overwrote: it was open then, and is unnoticed there.
        const at = order.findLastIndex((other) => (other & 3) === OVERWROTE)
        if (at === -1) earlier.push(step >> 2)
        else order.splice(at, 0, step)
      }
    }
    return { from, order: order.map((step) => step >> 2), earlier }
  }

  /** Is it time to forget what nobody comes from? */
  get isFull(): boolean {
    return this.#length > 2 * this.#lengthAtLastGathering + 50_000
  }

  /** Forgets all links that do not lead to one of `roots`, and writes there the new numbers of the others. */
  gather(roots: ReadonlyArray<Int32Array>) {
    // Parents have lower numbers than their children.
    const renamed = new Int32Array(this.#length).fill(-1)
    renamed[0] = 0
    for (const links of roots) {
      for (const link of links) for (let at = link; renamed[at] === -1; at = this.#parents[at]!) renamed[at] = 1
    }
    let length = 1
    for (let link = 1; link < this.#length; link++) {
      if (renamed[link] === -1) continue
      renamed[link] = length
      this.#parents[length] = renamed[this.#parents[link]!]!
      this.#operations[length] = this.#operations[link]!
      length++
    }
    for (const links of roots) links.forEach((link, k) => (links[k] = renamed[link]!))
    this.#length = length
    this.#lengthAtLastGathering = length
    if (this.#parents.length > 8 * length + 256) {
      this.#parents = this.#parents.slice(0, 2 * length)
      this.#operations = this.#operations.slice(0, 2 * length)
    }
  }
}
