/** Repeatable random numbers (mulberry32). */
export class Random {
  #state = 0

  constructor(seed = 0) {
    this.reset(seed)
  }

  /** Begins anew, from 32 bits of a seed. */
  reset(seed: number): void {
    this.#state = seed | 0
  }

  /** One of 0 … 2^32 - 1. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  /** One of 0 … n-1. */
  below(n: number): number {
    return this.#next() % n
  }

  /** At least 0, and less than 1. */
  fraction(): number {
    return this.#next() / 2 ** 32
  }

  percent(chance: number): boolean {
    return chance > 0 && this.below(100) < chance
  }

  of<A>(choices: ReadonlyArray<A>): A {
    return choices[this.below(choices.length)]!
  }
}
