// Objects made of objects: a set of which nobody reads the whole is as many cells as it has elements. Each is decided
// alone, and their orders are put together (locality, Herlihy & Wing 1990).
import { byTime } from "./byTime.ts"
import type { Budget, Found, Part, Procedure } from "./Procedure.ts"

/**
 * Decides a part by its objects, alone. `objectOf` gives the object of an operation of the part, as a number below
 * `objects`, or -1 for one that says nothing.
 */
export const objectwise = (
  part: Part,
  budget: Budget,
  decide: Procedure,
  objects: number,
  objectOf: (i: number) => number
): Found => {
  const n = part.rows.length
  // The operations by object: where each begins, then the operations themselves.
  const starts = new Int32Array(objects + 1)
  for (let i = 0; i < n; i++) if (objectOf(i) >= 0) starts[objectOf(i) + 1]!++
  for (let o = 0; o < objects; o++) starts[o + 1]! += starts[o]!
  const next = starts.slice(0, objects)
  const members = new Int32Array(starts[objects]!)
  for (let i = 0; i < n; i++) if (objectOf(i) >= 0) members[next[objectOf(i)]!++] = i

  let undecided: Found | undefined
  const orders: Array<number> = []
  const times = new Int32Array(n)
  for (let o = 0; o < objects; o++) {
    const own = members.subarray(starts[o], starts[o + 1])
    const found = decide(
      {
        rows: own.map((i) => part.rows[i]!),
        calls: own.map((i) => part.calls[i]!),
        returns: own.map((i) => part.returns[i]!),
        answered: Uint8Array.from(own, (i) => part.answered[i]!)
      },
      budget
    )
    if (found.verdict === "illegal") {
      if (found.evidence === undefined) return found
      const { operations, reason } = found.evidence
      return {
        verdict: "illegal",
        evidence: {
          operations: operations.map((k) => own[k]!),
          reason: reason.replaceAll(/#(\d+)/g, (_, k: string) => `#${own[Number(k)]}`)
        }
      }
    }
    if (found.verdict === "unknown") undecided = found
    else {
      // Everything as early as its order allows; so the orders of all objects become one.
      let latest = -1
      for (const k of found.order) {
        const i = own[k]!
        latest = Math.max(latest, part.calls[i]!)
        times[i] = latest
        orders.push(i)
      }
    }
  }
  return undecided ?? { verdict: "ok", order: byTime(orders, times) }
}
