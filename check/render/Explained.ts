/** Explanations as data for other programs. */
import type { History, Operation } from "../linearizability/History.ts"
import type { Explanation } from "../linearizability/Result.ts"

/** Rows of the operations that an explanation speaks of, but for the orders; ascending. */
export const rowsExplained = ({ blocked, context, core, prefixes }: Explanation): ReadonlyArray<number> =>
  [...new Set([...core, ...context, blocked, ...prefixes.flatMap(({ next }) => next.map(({ row }) => row))])].sort((a, b) => a - b)

/** An explanation, and those operations by row. `line` is absent where the history was read from no file. */
export interface Explained extends Explanation {
  readonly operations: Readonly<Record<number, Operation & { readonly line?: number }>>
}

export const explained = (history: History, explanation: Explanation): Explained => ({
  ...explanation,
  operations: Object.fromEntries(rowsExplained(explanation).map((row) => {
    const line = history.lines[row]!
    return [row, line === 0 ? history.operation(row) : { ...history.operation(row), line }]
  }))
})
