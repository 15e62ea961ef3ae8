/** Seeded chance: the same seed makes the same choices on every machine. */

/** The generator "sfc32" (Doty-Humphrey, PractRand): 128 bits of state, 32-bit arithmetic only. */
export class Chance {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** `stream` sets generators of one seed apart, so that more choices in one place change none in another. */
  constructor(seed: number, stream = 0) {
    this.#a = seed | 0
    this.#b = stream | 0
    this.#c = Math.floor(seed / 0x1_0000_0000) | 0
    // Seeds that differ in one bit have nothing in common after this.
    for (let n = 0; n < 15; n++) this.#next()
  }

  /** From 0 to 2^32 - 1. */
  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** A generator of its own, that goes on from here. */
  branch(): Chance {
    return new Chance(this.#next(), this.#next())
  }

  /** A real number, at least `min` and less than `max`. */
  between(min: number, max: number): number {
    return min + (max - min) * (this.#next() / 0x1_0000_0000)
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.between(0, count))
  }

  /** True in so many cases out of 100. */
  percent(chances: number): boolean {
    return this.between(0, 100) < chances
  }

  pick<A>(all: ReadonlyArray<A>): A {
    return all[this.below(all.length)]!
  }

  /** In random order. */
  shuffled<A>(all: ReadonlyArray<A>): Array<A> {
    const order = [...all]
    for (let n = order.length - 1; n > 0; n--) {
      const other = this.below(n + 1)
      const one = order[n]!
      order[n] = order[other]!
      order[other] = one
    }
    return order
  }
}
