// Why a history is not linearizable: where it stopped being so.
import type { Operation } from "./History.ts"
import type { Model } from "./Model.ts"
import { prepare } from "./problem.ts"
import { search } from "./search.ts"
import type { Budget } from "./search.ts"

export interface Explanation {
  /** The operation with whose return the history stopped being linearizable. */
  readonly blocked: Operation
  /** How many operations had returned before it. */
  readonly before: number
  /** An order of those, and of others that were open; `undefined` where the budget did not suffice to find one. */
  readonly prefix: ReadonlyArray<Operation> | undefined
}

/**
 * Finds the longest prefix of an illegal history (one key) that is linearizable, and the operation that comes next.
 *
 * What a history looked like at some moment: operations that return later are of unknown outcome, and those called later
 * are not there. If it is linearizable, it was so at every earlier moment; so the moment is found by halving. Where a
 * search runs out of budget the prefix counts as linearizable, so that the operation named may return too late: then
 * too there is no place for it.
 */
export const explain = (history: ReadonlyArray<Operation>, model: Model, budget: Budget): Explanation => {
  const known = history.filter((x) => x.return !== null).sort((a, b) => a.return! - b.return!)
  let prefix: ReadonlyArray<Operation> | undefined = []
  let fits = 0
  let fails = known.length
  while (fails - fits > 1) {
    const middle = (fits + fails) >> 1
    const { then, originals } = after(history, known, middle)
    const found = search(prepare(then, model), budget)
    if (found.verdict === "illegal") fails = middle
    else {
      fits = middle
      prefix = found.verdict === "ok" ? found.order.map((x) => originals.get(x)!) : undefined
    }
  }
  return { blocked: known[fits]!, before: fits, prefix }
}

/** The history when the first `count` of `known` had returned, and whence each of its operations is. */
const after = (history: ReadonlyArray<Operation>, known: ReadonlyArray<Operation>, count: number) => {
  const returned = new Set(known.slice(0, count))
  const now = known[count - 1]!.return!
  const originals = new Map<Operation, Operation>()
  for (const x of history) {
    if (x.call > now) continue
    originals.set(returned.has(x) ? x : { ...x, return: null, output: null }, x)
  }
  return { then: [...originals.keys()], originals }
}
