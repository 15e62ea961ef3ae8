// A model as a machine of small integers: states and kinds of operations have numbers, and the model is asked once for
// each pair of them. Operations may come one by one, so that a growing history can be checked as well.
import type { History, Operation } from "../History.ts"
import type { Model } from "../Model.ts"
import { MISSING, Pairs } from "./Pairs.ts"
import { OPEN } from "./Procedure.ts"
import type { Part } from "./Procedure.ts"
import { canonical } from "../Texts.ts"
import type { Json } from "../Texts.ts"

// Not imported, as in blocks.ts.
const { getHeapStatistics } = process.getBuiltinModule("node:v8")

/** `Machine.next` answers this where the operation is not allowed. */
export const NOT_ALLOWED = -1

/** After so many bytes of states it is looked whether there is room for more. */
const OFTEN = 2 ** 20

/** What of the heap's limit is for young objects only; states grow old. */
const YOUNG = 200 * 2 ** 20

const isHeapFull = (): boolean => {
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics()
  return used > 0.6 * (limit - YOUNG)
}

/** The states of a model, and the kinds of operations: operations of one kind take each state to the same state. */
export class Machine<S = any> {
  readonly model: Model<S>
  /** The number of the initial state. */
  readonly init = 0
  readonly #states: Array<S> = []
  /** The number of a state. */
  readonly number: (state: S) => number
  readonly #kinds: Array<Kind> = []
  readonly #kindNumbers = new Map<string, number>()
  readonly #next = new Pairs()
  #bytes = 0
  #isFull = false

  constructor(model: Model<S>) {
    this.model = model
    let unchecked = 0
    this.number = numbering(model, this.#states, (bytes) => {
      this.#bytes += bytes
      unchecked += bytes
      if (unchecked < OFTEN) return
      unchecked = 0
      this.#isFull ||= isHeapFull()
    })
    this.number(model.init)
  }

  /** Is the heap of JavaScript, which is of a fixed size and holds the states, nearly full? */
  get isFull(): boolean {
    return this.#isFull
  }

  /** An estimate of the bytes that states, kinds and steps take; Infinity when the heap is nearly full. */
  get bytes(): number {
    return this.#isFull ? Infinity : this.#bytes + this.#next.bytes
  }

  state(number: number): S {
    return this.#states[number]!
  }

  get kinds(): number {
    return this.#kinds.length
  }

  /** The kind of an operation. */
  kind(x: Operation): number {
    const isKnown = x.return !== null
    const text = this.model.alike?.(x) ?? canonical([x.client, x.op, x.key, x.value, isKnown, isKnown ? x.output : null])
    const known = this.#kindNumbers.get(text)
    if (known !== undefined) return known
    const kind = this.#kinds.length
    this.#kindNumbers.set(text, kind)
    this.#kinds.push({
      sample: x,
      reads: this.model.reads?.(x) ?? false,
      overwrites: this.model.overwrites?.(x) ?? false,
      makes: MISSING
    })
    this.#bytes += 300 + 2 * text.length
    return kind
  }

  /** The kinds of a part's operations. Those without an answer are of the kind whose outcome is unknown. */
  kindsOf(history: History, part: Part): Int32Array {
    return Int32Array.from(part.rows, (row, i) => {
      const x = history.operation(row)
      return this.kind(part.answered[i] === 1 || x.return === null ? x : { ...x, return: null, output: null })
    })
  }

  /** Does this kind change no state in which it is allowed? */
  reads(kind: number): boolean {
    return this.#kinds[kind]!.reads
  }

  /** Does this kind lead to one state from all? */
  overwrites(kind: number): boolean {
    return this.#kinds[kind]!.overwrites
  }

  /** The state after an operation of this kind, or NOT_ALLOWED. */
  next(state: number, kind: number): number {
    const k = this.#kinds[kind]!
    if (k.overwrites) return k.makes === MISSING ? (k.makes = this.#step(state, k)) : k.makes
    let after = this.#next.get(state, kind)
    if (after === MISSING) this.#next.set(state, kind, (after = this.#step(state, k)))
    return after
  }

  #step(state: number, { sample }: Kind): number {
    const after = this.model.step(this.#states[state]!, sample)
    return after === undefined ? NOT_ALLOWED : this.number(after)
  }
}

interface Kind {
  readonly sample: Operation
  readonly reads: boolean
  readonly overwrites: boolean
  /** The state to which a kind that overwrites leads, once somebody has asked. */
  makes: number
}

/** Is `i` an unknown read? It says nothing, and may be left out. */
export const saysNothing = (machine: Machine, part: Part, kinds: Int32Array, i: number): boolean =>
  part.returns[i] === OPEN && machine.reads(kinds[i]!)

/** Gives equal states, and only those, the same number. */
const numbering = <S>({ name, equal, hash }: Model<S>, states: Array<S>, onBytes: (bytes: number) => void) => {
  const buckets = new Map<string | number, Array<number>>()
  const text = stateText(name)
  const same = equal ?? (hash === undefined ? () => true : (a: S, b: S) => text(a) === text(b))
  return (state: S): number => {
    const key = hash === undefined ? text(state) : hash(state)
    const bucket = buckets.get(key)
    const known = bucket?.find((id) => same(states[id]!, state))
    if (known !== undefined) return known
    const id = states.push(state) - 1
    if (bucket === undefined) buckets.set(key, [id])
    else bucket.push(id)
    onBytes(250 + (typeof key === "string" ? 4 * key.length : 0))
    return id
  }
}

/** Canonical JSON. A state that JSON would garble, so that different ones looked the same, is the model's mistake. */
const stateText = (name: string) => <S>(state: S): string => {
  if (state === null || typeof state === "string" || typeof state === "boolean" || Number.isFinite(state)) return JSON.stringify(state)
  JSON.stringify(state, (_, v: unknown) => {
    const isPlain = typeof v === "object" && v !== null && [Object.prototype, Array.prototype, null].includes(Object.getPrototypeOf(v) as object)
    if (isPlain || v === null || typeof v === "string" || typeof v === "boolean" || Number.isFinite(v)) return v
    throw new TypeError(`the states of model ${name} are not plain JSON: give it "equal" and "hash"`)
  })
  return canonical(state as Json)
}
