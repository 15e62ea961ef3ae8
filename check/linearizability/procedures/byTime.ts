// Operations that have got a time each, in the order of their times.

/** `operations` by `times`, which are small integers; at equal times they stay as they are. */
export const byTime = (operations: ArrayLike<number>, times: Int32Array): Int32Array => {
  let end = 0
  for (let k = 0; k < operations.length; k++) end = Math.max(end, times[operations[k]!]!)
  const next = new Int32Array(end + 2)
  for (let k = 0; k < operations.length; k++) next[times[operations[k]!]! + 1]!++
  for (let time = 0; time <= end; time++) next[time + 1]! += next[time]!
  const order = new Int32Array(operations.length)
  for (let k = 0; k < operations.length; k++) order[next[times[operations[k]!]!]!++] = operations[k]!
  return order
}
