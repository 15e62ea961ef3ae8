// Bounded staleness: reads that may answer with an old value, but not with one that is too old.
import { checkLinearizable } from "../check.ts"
import type { CheckOptions } from "../check.ts"
import { History, HistoryError, show } from "../History.ts"
import type { Operation } from "../History.ts"
import type { Model } from "../Model.ts"
import type { CheckResult } from "../Result.ts"

export interface StalenessResult extends CheckResult {
  readonly promise: "bounded staleness"
  /** In units of the history's clock. */
  readonly staleBound: number
}

/**
 * Decides whether `history` is linearizable but for its reads marked `stale`, and whether each of these answered with what
 * was current at some moment from `staleBound` before its call to its return.
 *
 * "Current" refers to one and the same linearization for all of them: there are moments, one between call and return of
 * each other operation, such that the operations in the order of their moments are allowed by the model; and each stale
 * read is allowed in the state of some moment of its own. Nothing is promised about the order of stale reads: the second of
 * one client may see an earlier state than the first.
 *
 * That is linearizability of the history in which the calls of stale reads are earlier by `staleBound`: a read that changes
 * nothing may have its moment wherever its state is. So all procedures apply, such as the one for distinct values, and
 * explanations are those of that history. With a bound of 0 marks mean nothing; with Infinity a stale read may see any
 * state up to its return.
 *
 * Throws a HistoryError when an operation is marked that is no read by `model.reads`.
 */
export const checkBoundedStaleness = (
  history: History | ReadonlyArray<Operation>,
  model: Model,
  staleBound: number,
  options: CheckOptions = {}
): StalenessResult => {
  const columns = history instanceof History ? history : History.of(history)
  return { promise: "bounded staleness", staleBound, ...checkLinearizable(widened(columns, model, staleBound), model, options) }
}

/** The history with the calls of stale reads earlier by `bound`. Rows stay what they are. */
export const widened = (history: History, model: Model, bound: number): History => {
  const calls = history.calls.slice()
  for (const row of history.stale) {
    const x = history.operation(row)
    if (model.reads?.(x) !== true) {
      const line = history.lines[row]!
      const reason = `${show(x)} is marked stale, but is no read of model ${model.name}`
      throw new HistoryError({ file: "history", ...(line === 0 ? {} : { line }), reason })
    }
    calls[row] = calls[row]! - bound
  }
  return new History({ ...history, calls })
}
