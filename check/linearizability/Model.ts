// What an object may do, said as a sequential machine: a history is linearizable when its operations, each at one moment
// between its call and its return, form a run of this machine (Herlihy & Wing 1990).
import type { History, Operation } from "./History.ts"
import type { Procedure } from "./procedures/Procedure.ts"
import type { Json } from "./Texts.ts"

/**
 * A sequential object. `init` and `step` are all that a model needs; the rest makes checking faster or answers nicer.
 *
 * `S` is the type of its states, any values that `step` does not change in place. All functions are pure.
 */
export interface Model<S = any> {
  readonly name: string
  readonly init: S
  /**
   * The state after `x`, or `undefined` when `x` cannot answer what it answered. Where the outcome is unknown
   * (`x.return === null`) every answer is possible, and `x.output` is null. `step` must not look at the times.
   */
  readonly step: (state: S, x: Operation) => S | undefined
  /** The name of the object that `x` belongs to; each is checked alone, from `init` on. Its key, unless told. */
  readonly partition?: (x: Operation) => string
  /** Are two states the same? Unless told: when they are the same JSON. */
  readonly equal?: (a: S, b: S) => boolean
  /** Something that equal states have in common, and others seldom. Unless told: the state as canonical JSON. */
  readonly hash?: (state: S) => string | number
  /** Operations that change no state in which they are allowed. Unless told: none is known. */
  readonly reads?: (x: Operation) => boolean
  /** Operations that are allowed in every state, and lead to the same state from all. Unless told: none is known. */
  readonly overwrites?: (x: Operation) => boolean
  /**
   * Operations with equal answers here are interchangeable: they take each state to the same state. Unless told: those of
   * one client that are equal but for their times.
   */
  readonly alike?: (x: Operation) => string
  /**
   * What `x` is about, such as an element: all operations that are about the same may be left out together, and what had
   * an order still has one. `undefined` for an operation that is about nothing of the kind. For explanations.
   */
  readonly about?: (x: Operation) => string | undefined
  /**
   * The states in which those given may find the object: all that they can tell apart, and one for all others, each as
   * operations that lead there from `init`. `undefined` where these are too many to say. For explanations, to forget the
   * past.
   */
  readonly begins?: (operations: ReadonlyArray<Operation>) => ReadonlyArray<Beginning> | undefined
  /** `x` for people, such as `get() -> "a"`. */
  readonly describe?: (x: Operation) => string
  /** A state for people. Unless told: its canonical JSON. */
  readonly describeState?: (state: S) => string
  /** The operations by name; each says whether value and (known) output have the right shape. Unless told: anything goes. */
  readonly operations?: Readonly<Record<string, Shape>>
  /** A decision procedure made for this model. Unless told: a search that asks `step`. */
  readonly procedure?: (history: History, model: Model<S>) => Procedure
}

/** Operations, one after the other; those that say nothing of it have no output, and are of no client. */
export type Beginning = ReadonlyArray<Pick<Operation, "op" | "value"> & Partial<Pick<Operation, "client" | "output">>>

/** Checks of one operation's value and output, each with words for the error message. */
export interface Shape {
  readonly value: ShapeOf
  readonly output: ShapeOf
}

export interface ShapeOf {
  readonly words: string
  readonly accepts: (value: Json) => boolean
  /** If the first character of a value's JSON tells: those it may be. So that a million values need not be looked at. */
  readonly begins?: string
}

/**
 * Why `x` is no operation of this model, in words, or `undefined` when it is one.
 */
export const misfit = (model: Model, x: Operation): string | undefined => {
  if (model.operations === undefined) return undefined
  const shape = Object.hasOwn(model.operations, x.op) ? model.operations[x.op] : undefined
  if (shape === undefined) {
    return `operation ${JSON.stringify(x.op)} is unknown to model ${model.name} (it has ${Object.keys(model.operations).join(", ")})`
  }
  if (!shape.value.accepts(x.value)) return `the value of ${x.op} must be ${shape.value.words}`
  if (x.return !== null && !shape.output.accepts(x.output)) return `the output of ${x.op} must be ${shape.output.words}`
  return undefined
}
