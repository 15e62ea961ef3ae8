// What all decision procedures share: what they are asked, and what they answer.

/** The outcome is unknown, in `Part.returns`. */
export const OPEN = 0x7fffffff

/**
 * The operations on one object, ready to be decided. Operation `i` of a part (from 0, in the order of calls) is row
 * `rows[i]` of the history.
 *
 * `calls` and `returns` are ranks, not times: all different, and at equal times calls come before returns. So an
 * operation is over before another begins exactly when `returns[i] < calls[j]`, and nothing else is ever asked of them.
 * Where the outcome is unknown `returns[i]` is OPEN; operations that took effect at some unknown time return last of all.
 * Ranks need not be consecutive. Failed operations are not there.
 */
export interface Part {
  readonly rows: Int32Array
  readonly calls: Int32Array
  readonly returns: Int32Array
  /** 1 for an operation whose output is known: then it is to be believed.  */
  readonly answered: Uint8Array
}

/** What a procedure may still spend. */
export interface Budget {
  /** `performance.now()` at the end of the time. */
  readonly deadline: number
  /** Bytes of memory. */
  readonly bytes: number
}

/** What a procedure found out about a part. */
export type Found =
  /** An order of operations `i`: all that returned, and of those of unknown outcome the ones that took effect. */
  | { readonly verdict: "ok"; readonly order: Int32Array }
  /** There is no such order. */
  | { readonly verdict: "illegal"; readonly evidence?: Evidence }
  | { readonly verdict: "unknown"; readonly reason: "time" | "memory" }

/**
 * Why a part is illegal, where the procedure can tell: already these operations `i` have no order, even if the outcome
 * of all others was unknown (reads among the others aside).
 */
export interface Evidence {
  readonly operations: ReadonlyArray<number>
  readonly reason: string
}

export const illegal = (operations: ReadonlyArray<number>, reason: string): Found => ({
  verdict: "illegal",
  evidence: { operations, reason }
})

/** Decides one part of the history for which it was made. */
export interface Procedure {
  (part: Part, budget: Budget): Found
  /**
   * Follows an order of a part on its own, sharing nothing with how it was found: the first operation that is not
   * allowed where it stands, or `undefined`. Without it the model's `step` is asked.
   */
  readonly replay?: (part: Part, order: Int32Array) => number | undefined
}
