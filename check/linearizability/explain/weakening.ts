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
): { readonly kept: ReadonlyArray<number>; readonly weaker: Part } => {
  const isOpen = (i: number): boolean => part.returns[i]! > now || !counts(i)
  const kept: Array<number> = []
  for (let i = 0; i < part.rows.length; i++) {
    if (part.calls[i]! <= now && !(isOpen(i) && isDropped(i))) kept.push(i)
  }
  const weaker: Part = {
    rows: Int32Array.from(kept, (i) => part.rows[i]!),
    calls: Int32Array.from(kept, (i) => part.calls[i]!),
    returns: Int32Array.from(kept, (i) => (isOpen(i) ? OPEN : part.returns[i]!)),
    answered: Uint8Array.from(kept, (i) => (isOpen(i) ? 0 : part.answered[i]!))
  }
  return { kept, weaker }
}

export const evidenceOf = (found: Found): Evidence | undefined => (found.verdict === "illegal" ? found.evidence : undefined)
