// A map from pairs of small integers to small integers.

/** What `Pairs.get` answers where there is nothing. */
export const MISSING = -2147483648

/** From (a, b) to an integer other than MISSING; `a` and `b` are not negative. Open addressing on typed arrays. */
export class Pairs {
  /** Three numbers each: a + 1 (0: free), b, value. */
  #table = new Int32Array(3 << 6)
  #mask = (1 << 6) - 1
  #size = 0

  get bytes(): number {
    return this.#table.byteLength
  }

  get(a: number, b: number): number {
    const table = this.#table
    for (let place = hash(a, b) & this.#mask; ; place = (place + 1) & this.#mask) {
      const at = 3 * place
      if (table[at] === 0) return MISSING
      if (table[at] === a + 1 && table[at + 1] === b) return table[at + 2]!
    }
  }

  /** Sets what was not there before. */
  set(a: number, b: number, value: number) {
    if (2 * ++this.#size > this.#mask) this.#grow()
    this.#put(a, b, value)
  }

  #put(a: number, b: number, value: number) {
    let place = hash(a, b) & this.#mask
    while (this.#table[3 * place] !== 0) place = (place + 1) & this.#mask
    this.#table.set([a + 1, b, value], 3 * place)
  }

  #grow() {
    const old = this.#table
    this.#table = new Int32Array(2 * old.length)
    this.#mask = 2 * this.#mask + 1
    for (let at = 0; at < old.length; at += 3) if (old[at] !== 0) this.#put(old[at]! - 1, old[at + 1]!, old[at + 2]!)
  }
}

const hash = (a: number, b: number): number => {
  const h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b)
  return Math.imul(h ^ (h >>> 15), 0xc2b2ae35) ^ (h >>> 13)
}
