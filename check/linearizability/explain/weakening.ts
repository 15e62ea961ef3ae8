// Weaker histories: what had an order still has one. So if a weaker history has none, neither has the history itself, and
// what is left as it was explains why.
import { OPEN } from "../procedures/Procedure.ts"
import type { Evidence, Found, Part } from "../procedures/Procedure.ts"

/**
 * A part at time `now`: what was called later is not there, and of what had not returned, or does not count, the outcome
 * is unknown, or it is dropped. `kept` are its operations in the part it comes from.
 */
export const weakened = (
  part: Part,
  now: number,
  counts: (i: number) => boolean,
  isDropped: (i: number) => boolean
): { readonly kept: Int32Array; readonly weaker: Part } => {
  const room = part.rows.length
  const kept = new Int32Array(room)
  const weaker = { rows: new Int32Array(room), calls: new Int32Array(room), returns: new Int32Array(room), answered: new Uint8Array(room) }
  let n = 0
  for (let i = 0; i < room; i++) {
    if (part.calls[i]! > now) continue
    const isOpen = part.returns[i]! > now || !counts(i)
    if (isOpen && isDropped(i)) continue
    kept[n] = i
    weaker.rows[n] = part.rows[i]!
    weaker.calls[n] = part.calls[i]!
    weaker.returns[n] = isOpen ? OPEN : part.returns[i]!
    weaker.answered[n++] = isOpen ? 0 : part.answered[i]!
  }
  const { answered, calls, returns, rows } = weaker
  return {
    kept: kept.subarray(0, n),
    weaker: { rows: rows.subarray(0, n), calls: calls.subarray(0, n), returns: returns.subarray(0, n), answered: answered.subarray(0, n) }
  }
}

export const evidenceOf = (found: Found): Evidence | undefined => (found.verdict === "illegal" ? found.evidence : undefined)
