// One key's history, prepared for the search: operations and states become small integers, times become their rank.
import { canonical } from "./History.ts"
import type { Operation } from "./History.ts"
import type { Effect, Model, State } from "./Model.ts"

/** The state that stands for all states no operation sees into (`Model.unseen`). */
export const UNSEEN = 0
/** `Problem.next` answers this where the operation is not allowed. */
export const NOT_ALLOWED = -1
/** No state, in `Problem.wants` and `Problem.makes`. */
export const NONE = -1

export interface Problem {
  /** By call. Unknown reads are gone: they say nothing. */
  readonly operations: ReadonlyArray<Operation>
  readonly effects: ReadonlyArray<Effect>
  /** Operations of one kind are interchangeable: they take each state to the same state. */
  readonly kinds: Int32Array
  /** Event `e` (from 1) is the call or the return of operation `events[e]`; at equal times calls come first. */
  readonly events: Int32Array
  readonly callAt: Int32Array
  /** 0 where the outcome is unknown: no such event. */
  readonly returnAt: Int32Array
  /** At every moment, the operations then open have different slots below `slots`. */
  readonly slot: Int32Array
  readonly slots: number
  readonly init: number
  /**
   * The only state in which an operation is allowed, and the only one to which it leads, or NONE. Where some operation
   * may lead to several states (an append), nobody wants anything: then there is no telling who could still make it.
   */
  readonly wants: Int32Array
  readonly makes: Int32Array
  /** State and operation to the state afterwards, or NOT_ALLOWED. */
  readonly next: (state: number, i: number) => number
  /** An estimate of the bytes that the states take. */
  readonly bytes: () => number
}

/** Prepares the operations of one key. */
export const prepare = (history: ReadonlyArray<Operation>, model: Model): Problem => {
  const states = internStates(history, model)
  const operations = history
    .filter((x) => x.return !== null || (model.effect(x) !== "reads" && !states.useless(x)))
    .sort((a, b) => a.call - b.call)
  const n = operations.length

  const moments: Array<readonly [time: number, isReturn: 0 | 1, i: number]> = []
  operations.forEach((x, i) => {
    moments.push([x.call, 0, i])
    if (x.return !== null) moments.push([x.return, 1, i])
  })
  moments.sort((a, b) => a[0] - b[0] || a[1] - b[1])

  const events = new Int32Array(moments.length + 1)
  const callAt = new Int32Array(n)
  const returnAt = new Int32Array(n)
  const slot = new Int32Array(n)
  const free: Array<number> = []
  let slots = 0
  moments.forEach(([, isReturn, i], rank) => {
    events[rank + 1] = i
    if (isReturn === 1) {
      returnAt[i] = rank + 1
      free.push(slot[i]!)
    } else {
      callAt[i] = rank + 1
      slot[i] = free.pop() ?? slots++
    }
  })

  const kinds = Int32Array.from(operations, states.kind)
  const effects = operations.map(model.effect)
  const wants = Int32Array.from(operations, states.wanted)
  const makes = Int32Array.from(operations, (x, i) => {
    if (effects[i] === "overwrites") return states.next(states.init, kinds[i]!, x)
    return effects[i] === "depends" && wants[i] !== NONE ? states.next(wants[i]!, kinds[i]!, x) : NONE
  })
  if (operations.some((_, i) => effects[i] !== "reads" && makes[i] === NONE)) wants.fill(NONE)
  return {
    operations,
    effects,
    wants,
    makes,
    kinds,
    events,
    callAt,
    returnAt,
    slot,
    slots,
    init: states.init,
    next: (state, i) => states.next(state, kinds[i]!, operations[i]!),
    bytes: states.bytes
  }
}

/** Gives states and kinds of operations numbers, and asks the model once for each pair of them. */
const internStates = (history: ReadonlyArray<Operation>, model: Model) => {
  const unseen = model.unseen?.(history) ?? (() => false)
  const deadEnd = model.deadEnd?.(history) ?? (() => false)
  const texts: Array<State> = [""]
  const numbers = new Map<State, number>()
  const rows: Array<Map<number, number>> = [new Map()]
  const kinds = new Map<string, number>()
  let bytes = 0

  const number = (state: State): number => {
    const known = numbers.get(state)
    if (known !== undefined) return known
    const id = unseen(state) ? UNSEEN : texts.length
    if (id !== UNSEEN) {
      texts.push(state)
      rows.push(new Map())
    }
    numbers.set(state, id)
    bytes += 200 + 2 * state.length
    return id
  }

  const kind = (x: Operation): number => {
    const effect = model.effect(x)
    // Whoever overwrites or acts blindly does the same whether or not its return was seen.
    const outcome = effect === "overwrites" || effect === "blind" ? "" : x.return === null ? "?" : canonical(x.output)
    const text = [x.op, canonical(x.value), outcome, model.readsClient === true ? x.client : ""].join("\n")
    const id = kinds.get(text) ?? kinds.size
    kinds.set(text, id)
    return id
  }

  const step = (state: number, x: Operation): number => {
    const effect = model.effect(x)
    if (state === UNSEEN && effect !== "overwrites") return effect === "blind" ? UNSEEN : NOT_ALLOWED
    const after = model.step(state === UNSEEN ? model.init : texts[state]!, x)
    return after === undefined || deadEnd(after) ? NOT_ALLOWED : number(after)
  }

  const init = number(model.init)
  return {
    init,
    kind,
    wanted: (x: Operation): number => {
      const state = model.wants?.(x)
      return state === undefined ? NONE : number(state)
    },
    next: (state: number, k: number, x: Operation): number => {
      const row = rows[state]!
      let after = row.get(k)
      if (after === undefined) {
        after = step(state, x)
        row.set(k, after)
        bytes += 40
      }
      return after
    },
    /** Is this unknown operation better left out? A write that nobody could tell from one that never happened. */
    useless: (x: Operation): boolean => model.effect(x) === "overwrites" && step(init, x) === UNSEEN,
    bytes: () => bytes
  }
}
