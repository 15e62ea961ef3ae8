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
  let times = timesFor(0)
  return (object) => {
    const own = rows.subarray(starts[object], starts[object + 1])
    const n = own.length
    if (n > room) {
      room = Math.max(64, 2 * n)
      calls = new Int32Array(room)
      returns = new Int32Array(room)
      answered = new Uint8Array(room)
      times = timesFor(room)
    }
    const part = { rows: own, calls: calls.subarray(0, n), returns: returns.subarray(0, n), answered: answered.subarray(0, n) }
    rank(part, history, times)
    return part
  }
}

/** The times of a part, gathered from the columns of the history, where they lie far apart. */
interface Times {
  readonly calls: Float64Array
  readonly returns: Float64Array
  /** The operations that returned, by return, and when. */
  readonly byReturn: Int32Array
  readonly sorted: Float64Array
}

const timesFor = (room: number): Times => {
  const all = new Float64Array(3 * room)
  return {
    calls: all.subarray(0, room),
    returns: all.subarray(room, 2 * room),
    byReturn: new Int32Array(room),
    sorted: all.subarray(2 * room)
  }
}

/** Sorts the rows of a part by their calls, and gives calls and returns their ranks: calls first at equal times. */
const rank = ({ answered, calls, returns, rows }: Part, history: History, times: Times) => {
  const n = rows.length
  if (!gather(history.calls, rows, times.calls)) {
    rows.sort((x, y) => history.calls[x]! - history.calls[y]! || x - y)
    gather(history.calls, rows, times.calls)
  }
  gather(history.returns, rows, times.returns)
  const known = sortByReturn(n, times)
  const { byReturn, sorted } = times
  let rank = 0
  let r = 0
  for (let i = 0; i < n; i++) {
    const call = times.calls[i]!
    for (; r < known && sorted[r]! < call; r++) returns[byReturn[r]!] = rank++
    calls[i] = rank++
    const time = times.returns[i]!
    if (time === UNKNOWN) returns[i] = OPEN
    answered[i] = time < APPLIED ? 1 : 0
  }
  for (; r < known; r++) returns[byReturn[r]!] = rank++
}

/** Copies the times of some rows; are they in order? */
const gather = (column: Float64Array, rows: Int32Array, to: Float64Array): boolean => {
  let last = -Infinity
  let isSorted = true
  for (let i = 0; i < rows.length; i++) {
    const time = column[rows[i]!]!
    if (time < last) isSorted = false
    to[i] = last = time
  }
  return isSorted
}

/**
 * Sorts the first `n` operations by return, and answers how many returned. A history is nearly sorted by return when it is
 * sorted by call: an operation is overtaken only by those concurrent with it. So insertion sort is fastest, until it turns
 * out not to be.
 */
const sortByReturn = (n: number, { byReturn, returns, sorted }: Times): number => {
  let known = 0
  let moves = 32 * n
  for (let i = 0; i < n; i++) {
    const time = returns[i]!
    if (time === UNKNOWN) continue
    let place = known++
    if (moves > 0) {
      for (; place > 0 && sorted[place - 1]! > time; place--) {
        sorted[place] = sorted[place - 1]!
        byReturn[place] = byReturn[place - 1]!
      }
      moves -= known - 1 - place
    }
    sorted[place] = time
    byReturn[place] = i
  }
  if (moves <= 0) {
    byReturn.subarray(0, known).sort((x, y) => returns[x]! - returns[y]! || x - y)
    sorted.subarray(0, known).sort()
  }
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
