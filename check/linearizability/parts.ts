// From a history to its parts, one for each object: linearizability is local (Herlihy & Wing 1990), so each is decided
// alone. Times become ranks, so that no procedure has to think about equal ones.
import { APPLIED, FAILED, UNKNOWN } from "./History.ts"
import type { History } from "./History.ts"
import type { Model } from "./Model.ts"
import { OPEN } from "./procedures/Procedure.ts"
import type { Found, Part } from "./procedures/Procedure.ts"

/** The operations of a history by object; those that failed are left out. */
export interface Objects {
  /** Names of the objects, in the order of their first operations. */
  readonly names: ReadonlyArray<string>
  /** The rows of object `o` lie in `rows` from `starts[o]` to `starts[o + 1]`. */
  readonly starts: Int32Array
  readonly rows: Int32Array
}

export const objectsIn = (history: History, model: Model): Objects => {
  const { names, numbers } = numberObjects(history, model)
  const starts = new Int32Array(names.length + 1)
  for (let i = 0; i < history.length; i++) if (history.returns[i] !== FAILED) starts[numbers[i]! + 1]!++
  for (let o = 0; o < names.length; o++) starts[o + 1]! += starts[o]!
  const rows = new Int32Array(starts[names.length]!)
  const next = starts.slice(0, names.length)
  for (let i = 0; i < history.length; i++) if (history.returns[i] !== FAILED) rows[next[numbers[i]!]!++] = i
  return { names, starts, rows }
}

/** Which object each row belongs to. */
const numberObjects = (history: History, { partition }: Model): { readonly names: ReadonlyArray<string>; readonly numbers: Int32Array } => {
  if (partition === undefined) return { names: history.keyNames, numbers: history.keys }
  const names: Array<string> = []
  const known = new Map<string, number>()
  const numbers = Int32Array.from({ length: history.length }, (_, i) => {
    const name = partition(history.operation(i))
    const number = known.get(name)
    if (number !== undefined) return number
    known.set(name, names.length)
    return names.push(name) - 1
  })
  return { names, numbers }
}

/** Makes parts, one at a time, in one set of arrays: a part is good until the next is made. */
export const partMaker = (history: History, { rows, starts }: Objects): ((object: number) => Part) => {
  let room = 0
  let calls = new Int32Array(0)
  let returns = new Int32Array(0)
  let answered = new Uint8Array(0)
  let byReturn = new Int32Array(0)
  return (object) => {
    const own = rows.subarray(starts[object], starts[object + 1])
    const n = own.length
    if (n > room) {
      room = Math.max(64, 2 * n)
      calls = new Int32Array(room)
      returns = new Int32Array(room)
      answered = new Uint8Array(room)
      byReturn = new Int32Array(room)
    }
    const part = { rows: own, calls: calls.subarray(0, n), returns: returns.subarray(0, n), answered: answered.subarray(0, n) }
    rank(part, history, byReturn)
    return part
  }
}

/** Sorts the rows of a part by their calls, and gives calls and returns their ranks: calls first at equal times. */
const rank = ({ answered, calls, returns, rows }: Part, history: History, byReturn: Int32Array) => {
  const n = rows.length
  const called = history.calls
  const returned = history.returns
  for (let i = 1; i < n; i++) {
    if (called[rows[i]!]! < called[rows[i - 1]!]!) {
      rows.sort((x, y) => called[x]! - called[y]! || x - y)
      break
    }
  }
  const known = sortByReturn(rows, returned, byReturn)
  let place = 0
  let r = 0
  for (let i = 0; i < n; i++) {
    const call = called[rows[i]!]!
    while (r < known && returned[rows[byReturn[r]!]!]! < call) returns[byReturn[r++]!] = place++
    calls[i] = place++
    const time = returned[rows[i]!]!
    if (time === UNKNOWN) returns[i] = OPEN
    answered[i] = time < APPLIED ? 1 : 0
  }
  while (r < known) returns[byReturn[r++]!] = place++
}

/**
 * Writes the operations that returned to `order`, by return, and answers how many they are. A history is nearly sorted
 * by return when it is sorted by call: an operation is overtaken only by those concurrent with it. So insertion sort is
 * fastest, until it turns out not to be.
 */
const sortByReturn = (rows: Int32Array, returned: Float64Array, order: Int32Array): number => {
  let known = 0
  let moves = 32 * rows.length
  for (let i = 0; i < rows.length; i++) {
    const time = returned[rows[i]!]!
    if (time === UNKNOWN) continue
    let place = known++
    if (moves > 0) {
      for (; place > 0 && returned[rows[order[place - 1]!]!]! > time; place--) order[place] = order[place - 1]!
      moves -= known - 1 - place
    }
    order[place] = i
  }
  if (moves <= 0) order.subarray(0, known).sort((x, y) => returned[rows[x]!]! - returned[rows[y]!]! || x - y)
  return known
}

/** What was found for some operations of a part, those in `kept`, said of the whole. */
export const inWhole = (found: Found, kept: ArrayLike<number>): Found => {
  if (found.verdict === "ok") return { verdict: "ok", order: found.order.map((k) => kept[k]!) }
  if (found.verdict === "unknown" || found.evidence === undefined) return found
  const { operations, reason } = found.evidence
  return {
    verdict: "illegal",
    evidence: {
      operations: operations.map((k) => kept[k]!),
      reason: reason.replaceAll(/#(\d+)/g, (_, k: string) => `#${kept[Number(k)]}`)
    }
  }
}
