/** Times as columns: moments in their order, however far apart. */

export interface Columns {
  /** The column in which each interval begins, and in which it ends (infinite where it has no end). */
  readonly starts: ReadonlyArray<number>
  readonly ends: ReadonlyArray<number>
  /** The time at each column. */
  readonly times: Float64Array
}

/**
 * A column for each different moment of a call or a return (infinite: there is none). What is called at a moment has a
 * column before what returns then: intervals are closed, and so operations that touch are seen to overlap.
 */
export const columnsOf = (calls: ReadonlyArray<number>, returns: ReadonlyArray<number>): Columns => {
  const moments = new Map<number, { isCall: boolean; isReturn: boolean; column: number }>()
  const momentOf = (time: number) => {
    const known = moments.get(time)
    if (known !== undefined) return known
    const fresh = { isCall: false, isReturn: false, column: 0 }
    moments.set(time, fresh)
    return fresh
  }
  for (const time of calls) momentOf(time).isCall = true
  for (const time of returns) if (time !== Infinity) momentOf(time).isReturn = true
  const times: Array<number> = []
  for (const time of Float64Array.from(moments.keys()).sort()) {
    const moment = moments.get(time)!
    moment.column = times.length
    if (moment.isCall) times.push(time)
    if (moment.isReturn) times.push(time)
  }
  return {
    starts: calls.map((time) => momentOf(time).column),
    ends: returns.map((time) => time === Infinity ? Infinity : momentOf(time).column + (momentOf(time).isCall ? 1 : 0)),
    times: Float64Array.from(times)
  }
}
