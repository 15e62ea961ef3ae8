/**
 * Where a run departs from the usual course: the first task that is ready runs next, and runs until it waits. A tape lists
 * the departures, so leaving some out makes a run simpler, and an empty tape is the simplest one.
 */
import type { Chance } from "../simulator/Chance.ts"

/** What a departure may be, at most so many ways. */
const ways = 8

/**
 * Departures, each as `8 · (the count of the choice) + (what is chosen there)`: they ascend, and any part of a tape is a
 * tape.
 */
export type Tape = ReadonlyArray<number>

/** Departures without end, on average one in `every` choices. */
export function* departures(chance: Chance, every: number): Generator<number> {
  for (let count = 0;;) {
    count += 1 + chance.below(2 * every - 1)
    yield ways * count + chance.below(ways)
  }
}

/** The first `length` of them. */
export const tape = (chance: Chance, every: number, length: number): Tape => departures(chance, every).take(length).toArray()

/** Choices made one after the other. */
export class Choices {
  readonly #departures: Iterator<number>
  #made = 0
  /** The count of the choice at which the next departure is, and what it is. */
  #at = 0
  #which = 0

  constructor(departures: Iterable<number>) {
    this.#departures = departures[Symbol.iterator]()
    this.#advance()
  }

  #advance(): void {
    const { done, value } = this.#departures.next()
    this.#at = done === true ? Infinity : Math.floor(value / ways)
    this.#which = done === true ? 0 : value % ways
  }

  /** One of 0 … n-1; usually 0. */
  among(n: number): number {
    if (++this.#made < this.#at) return 0
    const which = this.#which
    this.#advance()
    return n < 2 ? 0 : 1 + which % (n - 1)
  }
}
