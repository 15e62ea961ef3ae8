// What happens when, for procedures that go forward in time.
import { OPEN } from "./Procedure.ts"

/**
 * The calls and returns of operations 0 … n-1 by rank: `i` is the call of operation i, `~i` its return, OPEN nothing. It
 * ends with the last return, as nothing has to go after it.
 */
export const timeline = (n: number, calls: Int32Array, returns: Int32Array): Int32Array => {
  let end = -1
  for (let i = 0; i < n; i++) if (returns[i] !== OPEN && returns[i]! > end) end = returns[i]!
  const events = new Int32Array(end + 1).fill(OPEN)
  for (let i = 0; i < n; i++) {
    if (calls[i]! <= end) events[calls[i]!] = i
    if (returns[i] !== OPEN) events[returns[i]!] = ~i
  }
  return events
}
