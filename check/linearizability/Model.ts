// What an object may do, said as a sequential machine: a history is linearizable when its operations, each at one moment
// between its call and its return, form a run of this machine (Herlihy & Wing 1990).
import type { Json, Operation } from "./History.ts"

/**
 * What an operation can do to the state, which tells the search what it may skip:
 * - `reads`: never changes the state where it is allowed (a read, a compare-and-set that failed);
 * - `overwrites`: allowed in every state, and the state afterwards does not depend on the one before (a write);
 * - `blind`: allowed in every state (an append, an enqueue);
 * - `depends`: anything else.
 */
export type Effect = "reads" | "overwrites" | "blind" | "depends"

/** A state, as canonical text: two states are the same exactly when their texts are. */
export type State = string

/** A sequential object. Every key of a history is an object of its own, in state `init` at first. */
export interface Model {
  readonly name: string
  /** The operations by name; each says whether value and (known) output have the right shape. */
  readonly operations: Readonly<Record<string, Shape>>
  readonly init: State
  /**
   * The state after `x`, or `undefined` when `x` cannot answer what it answered. Pure. Where the outcome is unknown
   * (`x.return === null`) every answer is possible.
   */
  readonly step: (state: State, x: Operation) => State | undefined
  readonly effect: (x: Operation) => Effect
  /** True when `step` reads `x.client`; otherwise equal operations of different clients are interchangeable. */
  readonly readsClient?: boolean
  /**
   * Which states does no operation of this history see into? All of `operations` belong to one key. In an unseen state
   * only `overwrites` and `blind` operations are allowed, and a `blind` one leads to an unseen state again. The search
   * takes all unseen states for one.
   */
  readonly unseen?: (operations: ReadonlyArray<Operation>) => (state: State) => boolean
  /** The only state in which `x` is allowed, where there is one: a read has what it answered. */
  readonly wants?: (x: Operation) => State | undefined
  /**
   * Through which states does no linearization of this history (one key) go, because some operation could never be
   * placed afterwards? The search turns back there at once. Saying no is always right.
   */
  readonly deadEnd?: (operations: ReadonlyArray<Operation>) => (state: State) => boolean
}

/** Checks of one operation's value and output, each with words for the error message. */
export interface Shape {
  readonly value: ShapeOf
  readonly output: ShapeOf
}

export interface ShapeOf {
  readonly words: string
  readonly accepts: (value: Json) => boolean
}

/**
 * Why `x` is no operation of this model, in words, or `undefined` when it is one.
 */
export const misfit = (model: Model, x: Operation): string | undefined => {
  const shape = Object.hasOwn(model.operations, x.op) ? model.operations[x.op] : undefined
  if (shape === undefined) {
    return `operation ${JSON.stringify(x.op)} is unknown to model ${model.name} (it has ${Object.keys(model.operations).join(", ")})`
  }
  if (!shape.value.accepts(x.value)) return `the value of ${x.op} must be ${shape.value.words}`
  if (x.return !== null && !shape.output.accepts(x.output)) return `the output of ${x.op} must be ${shape.output.words}`
  return undefined
}
