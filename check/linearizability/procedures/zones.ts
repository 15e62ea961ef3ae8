// The order of blocks in time. A *block* is a set of operations that are contiguous in every order that works, with
// levels whose order is forced; the operations of a level commute. For a block, let f be its first return and s its last
// call.
// - An operation of a later level must not return before one of an earlier level is called.
// - When f < s, the block is there at least from f to s: its *forward zone*. Two of them must not overlap.
// - Otherwise all its operations have the time from s to f in common: its *backward zone*. It fits at one point of it,
//   unless all of it lies inside a forward zone.
// If nothing of this is violated there is an order: forward blocks in their zones, backward ones at any point that is
// left. (Gibbons & Korach 1997: clusters; Golab, Li & Shah 2011: zones; blocks of more than two levels are ours.)
// Linear, since ranks are small integers.
import type { Cell } from "./Cell.ts"
import { OPEN } from "./Procedure.ts"
import type { Found } from "./Procedure.ts"

/** Blocks of operations of a cell, one after the other. */
export class Blocks {
  /** The operations, block by block, and in a block level by level. */
  readonly #items: Int32Array
  /** Where in `#items` each level ends, and where in `#levels` each block ends. */
  readonly #levels: Int32Array
  readonly #blocks: Int32Array
  #itemCount = 0
  #levelCount = 0
  #blockCount = 0
  /** The block that is there from the beginning, if there is one. */
  #first = -1

  /** Room for `n` operations. */
  constructor(n: number) {
    this.#items = new Int32Array(n)
    this.#levels = new Int32Array(n)
    this.#blocks = new Int32Array(n)
  }

  add(operation: number) {
    this.#items[this.#itemCount++] = operation
  }

  /** What was added since the last level is a level. */
  endLevel() {
    if (this.#itemCount > (this.#levelCount === 0 ? 0 : this.#levels[this.#levelCount - 1]!)) {
      this.#levels[this.#levelCount++] = this.#itemCount
    }
  }

  /** The levels since the last block are a block; `isFirst` when it is there from the beginning. */
  endBlock(isFirst = false) {
    if (this.#levelCount === (this.#blockCount === 0 ? 0 : this.#blocks[this.#blockCount - 1]!)) return
    if (isFirst) this.#first = this.#blockCount
    this.#blocks[this.#blockCount++] = this.#levelCount
  }

  /**
   * An order of all operations, or why there is none. `because` tells which known operations make it so that an operation
   * is where it is.
   */
  arrange({ at, calls, returns }: Cell, because: (operation: number) => ReadonlyArray<number>): Found {
    const illegal = (operations: ReadonlyArray<number>, reason: string): Found => ({
      verdict: "illegal",
      evidence: { operations: [...new Set(operations.flatMap(because).map((i) => at[i]!))], reason }
    })
    const items = this.#items
    const firstReturn = new Int32Array(this.#blockCount)
    const lastCall = new Int32Array(this.#blockCount)
    let end = 0
    let item = 0
    let level = 0
    for (let block = 0; block < this.#blockCount; block++) {
      let f = -1
      let fAt = block === this.#first ? -1 : OPEN
      let s = -1
      let sAt = -1
      for (; level < this.#blocks[block]!; level++) {
        let latest = s
        let latestAt = sAt
        for (; item < this.#levels[level]!; item++) {
          const i = items[item]!
          const call = calls[i]!
          const returned = returns[i]!
          if (returned < sAt) {
            return illegal([i, s], `#${at[i]} must come after #${at[s]}, but had returned when that was called`)
          }
          if (call > latestAt) latestAt = calls[latest = i]!
          if (returned < fAt) fAt = returns[f = i]!
        }
        s = latest
        sAt = latestAt
      }
      firstReturn[block] = f
      lastCall[block] = s
      if (sAt > end) end = sAt
    }

    // A forward block starts at f, a backward one at s; ranks are unique, so no two blocks do at the same time.
    const starting = new Int32Array(end + 2).fill(-1)
    for (let block = 0; block < this.#blockCount; block++) {
      const f = firstReturn[block]!
      const fAt = f === -1 ? -1 : returns[f]!
      starting[Math.min(fAt, calls[lastCall[block]!]!) + 1] = block
    }
    const order = new Int32Array(this.#itemCount)
    let placed = 0
    let zone = -1
    let zoneEnd = -1
    for (let time = 0; time <= end + 1; time++) {
      const block = starting[time]!
      if (block === -1) continue
      const f = firstReturn[block]!
      const s = lastCall[block]!
      const fAt = f === -1 ? -1 : returns[f]!
      const sAt = calls[s]!
      if (fAt < zoneEnd) {
        const members = [firstReturn[zone]!, lastCall[zone]!, f, s].filter((i) => i !== -1)
        return illegal(members, overlap(members.map((i) => at[i]!), firstReturn[zone] === -1, fAt < sAt))
      }
      if (fAt < sAt) {
        zone = block
        zoneEnd = sAt
      }
      const from = block === 0 ? 0 : this.#blocks[block - 1]!
      const start = from === 0 ? 0 : this.#levels[from - 1]!
      const stop = this.#levels[this.#blocks[block]! - 1]!
      for (let k = start; k < stop; k++) order[placed++] = at[items[k]!]!
    }
    return { verdict: "ok", order }
  }
}

/** Why a block has no place, of whose members `names` tells, the first two (or one) being those of the zone in its way. */
const overlap = (names: ReadonlyArray<number>, isFirst: boolean, isForward: boolean): string => {
  const [s, ...others] = isFirst ? names : names.slice(1)
  const span = isFirst ? `from the beginning until #${s} was called` : `from the return of #${names[0]} to the call of #${s}`
  const [of, os] = others
  const own = isForward
    ? `another from the return of #${of} to the call of #${os}`
    : `another at some time from the call of #${os} to the return of #${of}`
  return `one value must have been there ${span}, and ${own}, which is not possible: the two overlap`
}
