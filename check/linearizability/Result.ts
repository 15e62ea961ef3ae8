// What the checker says about a history. Plain data; operations are rows of the history.

/** `unknown`: time or memory did not suffice. It is never to be taken for `ok`. */
export type Verdict = "ok" | "illegal" | "unknown"

export interface CheckResult {
  /** `illegal` if an object is, else `unknown` if one is, else `ok`. */
  readonly verdict: Verdict
  /** One result per object (per key, unless the model says otherwise), in the order of their first operations. */
  readonly keys: ReadonlyArray<KeyResult>
}

/** What was found for one object. */
export type KeyResult =
  | {
      readonly key: string
      readonly operations: number
      readonly verdict: "ok"
      /**
       * Rows in an order that the model allows, replayed before this verdict is given: all operations that returned, and
       * of those of unknown outcome the ones that took effect.
       */
      readonly witness: Int32Array
    }
  | {
      readonly key: string
      readonly operations: number
      readonly verdict: "illegal"
      /** `undefined` if none was asked for. */
      readonly explanation: Explanation | undefined
    }
  | {
      readonly key: string
      readonly operations: number
      readonly verdict: "unknown"
      /** Which budget was used up. */
      readonly reason: "time" | "memory"
    }

/** Why the operations on one object have no order. */
export interface Explanation {
  /** One sentence. */
  readonly reason: string
  /**
   * The core: these rows alone have no order, even if all others are weakened: reads and failed attempts left out, and
   * what is about other elements; the outcome of changes unknown. None of them can be weakened as well: with any one of
   * them weakened there is an order.
   */
  readonly core: ReadonlyArray<number>
  /** False where time ran out: then some operation of the core could perhaps be weakened as well. */
  readonly isMinimal: boolean
  /** True: the core has no order whatever the state was before its first call; all that was over then is forgotten. */
  readonly forgets: boolean
  /** Rows that are weakened in the core's history, but that its operations speak of: who wrote what they read. */
  readonly context: ReadonlyArray<number>
  /** The row with whose return the history stopped being linearizable. */
  readonly blocked: number
  /** How many operations on this object had returned before. */
  readonly before: number
  /**
   * How far one gets: orders of all that had returned before `blocked` did, and of others that were open; one for each
   * state that is possible then, at most `MAX_PREFIXES`. Empty where the budget did not suffice to find one.
   */
  readonly prefixes: ReadonlyArray<Prefix>
}

export const MAX_PREFIXES = 8

/** A longest order that works, and why it does not go on. */
export interface Prefix {
  /** Rows, in order. */
  readonly order: ReadonlyArray<number>
  /** The states after the last of them, for people: as many as there are, at most a hundred. */
  readonly states: ReadonlyArray<string>
  /**
   * Every change that could be tried next by the clock, and why it cannot come: first of all the operation with whose
   * return there was no order any more.
   */
  readonly next: ReadonlyArray<{ readonly row: number; readonly why: string }>
}

/** The worst of several verdicts. */
export const worst = (verdicts: Iterable<Verdict>): Verdict => {
  const all = new Set(verdicts)
  return all.has("illegal") ? "illegal" : all.has("unknown") ? "unknown" : "ok"
}
