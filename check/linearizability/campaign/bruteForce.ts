// The definition of linearizability, tried out in full: what every procedure is compared with. It knows nothing of a
// model but `init` and `step`, and remembers only, for a set of placed operations and a state, that it has been there.
import { APPLIED, FAILED } from "../History.ts"
import type { History, Operation } from "../History.ts"
import type { Model } from "../Model.ts"

/** `next`: the operation is not allowed in this state. */
const NOT_ALLOWED = -1

/** More answers than this are forgotten, and asked for anew. */
const maxAnswers = 200_000

/**
 * Tries all orders, for any number of histories of one model. States, which must be plain JSON, and operations without
 * their times become small integers, and `step` is asked once for each pair of them.
 */
export class BruteForce {
  readonly #model: Model
  readonly #states: Array<unknown> = []
  readonly #stateNumbers = new Map<string, number>()
  readonly #operations: Array<Operation> = []
  readonly #operationNumbers = new Map<string, number>()
  /** By state and operation, the next state. */
  readonly #next = new Map<number, number>()
  #history: History | undefined
  readonly #rowNumbers = new Map<number, number>()
  readonly #visited = new Set<number>()

  constructor(model: Model) {
    this.#model = model
  }

  /** An order of `rows` (one object's, at most 20) that the model and the clock allow, or `undefined`: there is none. */
  order(history: History, rows: ReadonlyArray<number>): ReadonlyArray<number> | undefined {
    if (this.#next.size > maxAnswers) {
      this.#states.length = 0
      this.#stateNumbers.clear()
      this.#next.clear()
    }
    const { calls, returns } = history
    const some = rows.filter((row) => returns[row] !== FAILED)
    const n = some.length
    const numbers = some.map((row) => this.#numberOf(history, row))
    // Which operations must have gone before the one in this place may go: those that had returned when it was called.
    const before = some.map((row) => some.reduce((set, other, i) => (returns[other]! < calls[row]! ? set | (1 << i) : set), 0))
    const required = some.reduce((set, row, i) => (returns[row]! <= APPLIED ? set | (1 << i) : set), 0)
    const order: Array<number> = []
    const visited = this.#visited
    visited.clear()
    const from = (placed: number, state: number): boolean => {
      if ((placed & required) === required) return true
      const here = state * 0x100000 + placed
      if (visited.has(here)) return false
      visited.add(here)
      for (let i = 0; i < n; i++) {
        if ((placed & (1 << i)) !== 0 || (before[i]! & ~placed) !== 0) continue
        const after = this.#after(state, numbers[i]!)
        if (after !== NOT_ALLOWED && from(placed | (1 << i), after)) {
          order.push(some[i]!)
          return true
        }
      }
      return false
    }
    return from(0, this.#numberOfState(this.#model.init)) ? order.reverse() : undefined
  }

  /**
   * Is `order` one of `rows` that the model and the clock allow? It has all that returned or is known to have taken
   * effect, and each before those that were called after its return.
   */
  accepts(history: History, rows: ReadonlyArray<number>, order: Iterable<number>): boolean {
    const { calls, returns } = history
    const placed = new Set<number>()
    let state = this.#numberOfState(this.#model.init)
    let latestCall = -Infinity
    for (const row of order) {
      if (placed.has(row) || !rows.includes(row) || returns[row]! < latestCall) return false
      placed.add(row)
      latestCall = Math.max(latestCall, calls[row]!)
      state = this.#after(state, this.#numberOf(history, row))
      if (state === NOT_ALLOWED) return false
    }
    return rows.every((row) => placed.has(row) || returns[row]! > APPLIED || returns[row] === FAILED)
  }

  #numberOf(history: History, row: number): number {
    if (history !== this.#history) {
      this.#history = history
      this.#rowNumbers.clear()
    }
    const { clients, opNames, ops, outputs, returns, texts, values } = history
    const isKnown = returns[row]! < APPLIED
    const size = texts.length + 1
    const call = (clients[row]! * opNames.length + ops[row]!) * size + values[row]!
    const short = call * size + (isKnown ? outputs[row]! + 1 : 0)
    const known = this.#rowNumbers.get(short)
    if (known !== undefined) return known
    const x = history.operation(row)
    const text = JSON.stringify([x.client, x.op, x.value, x.return === null, x.output])
    const number = this.#operationNumbers.get(text) ?? this.#operations.push(x) - 1
    this.#operationNumbers.set(text, number)
    this.#rowNumbers.set(short, number)
    return number
  }

  #numberOfState(state: unknown): number {
    const text = JSON.stringify(state)
    const known = this.#stateNumbers.get(text)
    if (known !== undefined) return known
    this.#stateNumbers.set(text, this.#states.length)
    return this.#states.push(state) - 1
  }

  #after(state: number, operation: number): number {
    const pair = operation * 0x1000000 + state
    const known = this.#next.get(pair)
    if (known !== undefined) return known
    const after = this.#model.step(this.#states[state], this.#operations[operation]!)
    const number = after === undefined ? NOT_ALLOWED : this.#numberOfState(after)
    this.#next.set(pair, number)
    return number
  }
}
