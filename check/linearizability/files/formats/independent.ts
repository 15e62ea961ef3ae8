// Keys in values. jepsen.independent makes a map of registers (say) out of tests of one by writing `[key value]` wherever
// a value was; in print such a pair is a vector like any other.
import type { Json, Texts } from "../../Texts.ts"

type Pair = readonly [Json, Json]

const isPair = (value: Json): value is Pair => Array.isArray(value) && value.length === 2

/**
 * Finds out whether the values of a history are pairs of keys and values. They are when all invocations have pairs, and
 * one has a pair that would make no sense otherwise: `[key nil]` where nothing is to be given, as to a read, or
 * `[key [from to]]` for a compare-and-set.
 */
export class IndependentKeys {
  #arePairs = true
  #makesNoSense = false

  get areThere(): boolean {
    return this.#arePairs && this.#makesNoSense
  }

  /** An invocation. */
  see(op: string, hasValue: boolean, value: Json) {
    if (!this.#arePairs) return
    this.#arePairs = isPair(value)
    if (isPair(value)) this.#makesNoSense ||= hasValue ? op === "cas" && isPair(value[1]) : value[1] === null
  }
}

/** Takes texts of pairs apart. */
export class Pairs {
  readonly keyNames: Array<string> = []
  readonly #keyNumbers = new Map<string, number>()
  readonly #parts = new Map<number, { readonly key: number; readonly value: number } | undefined>()
  readonly #texts: Texts

  constructor(texts: Texts) {
    this.#texts = texts
  }

  /** The number of the key in `keyNames` and that of the value's text; `undefined` if the text is of no pair. */
  parts(id: number): { readonly key: number; readonly value: number } | undefined {
    if (!this.#parts.has(id)) {
      const pair = this.#texts.json(id)
      this.#parts.set(id, isPair(pair) ? { key: this.#key(nameOf(pair[0])), value: this.#texts.of(pair[1]) } : undefined)
    }
    return this.#parts.get(id)
  }

  #key(name: string): number {
    const known = this.#keyNumbers.get(name)
    if (known !== undefined) return known
    this.#keyNumbers.set(name, this.keyNames.length)
    return this.keyNames.push(name) - 1
  }
}

/** A key's name: a string is its own. */
export const nameOf = (key: Json): string => (typeof key === "string" ? key : JSON.stringify(key))
