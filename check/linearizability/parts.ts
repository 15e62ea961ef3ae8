// From a history to its parts, one for each object: linearizability is local (Herlihy & Wing 1990), so each is decided
// alone. Times become ranks, so that no procedure has to think about equal ones.
import { APPLIED, FAILED, UNKNOWN } from "./History.ts"
import type { History } from "./History.ts"
import type { Model } from "./Model.ts"
import { OPEN } from "./Procedure.ts"
import type { Part } from "./Procedure.ts"

export interface NamedPart {
  readonly name: string
  readonly part: Part
}

/** The parts of a history, in the order of their objects' first operations. */
export const partsOf = (history: History, model: Model): ReadonlyArray<NamedPart> => {
  const { objects, names } = objectsOf(history, model)
  const starts = new Int32Array(names.length + 1)
  for (let i = 0; i < history.length; i++) if (history.returns[i] !== FAILED) starts[objects[i]! + 1]!++
  for (let o = 0; o < names.length; o++) starts[o + 1]! += starts[o]!
  const total = starts[names.length]!
  const rows = new Int32Array(total)
  const next = starts.slice()
  for (let i = 0; i < history.length; i++) if (history.returns[i] !== FAILED) rows[next[objects[i]!]!++] = i

  const calls = new Int32Array(total)
  const returns = new Int32Array(total)
  const answered = new Uint8Array(total)
  const byReturn = new Int32Array(total)
  const parts: Array<NamedPart> = []
  for (const [o, name] of names.entries()) {
    const from = starts[o]!
    const to = starts[o + 1]!
    const part = {
      rows: rows.subarray(from, to),
      calls: calls.subarray(from, to),
      returns: returns.subarray(from, to),
      answered: answered.subarray(from, to)
    }
    rank(part, history, byReturn)
    parts.push({ name, part })
  }
  return parts
}

/** Which object each row belongs to, as numbers in the order of first operations. */
const objectsOf = (history: History, { partition }: Model): { readonly objects: Int32Array; readonly names: ReadonlyArray<string> } => {
  if (partition === undefined) return { objects: history.keys, names: history.keyNames }
  const names: Array<string> = []
  const numbers = new Map<string, number>()
  const objects = Int32Array.from({ length: history.length }, (_, i) => {
    const name = partition(history.operation(i))
    const known = numbers.get(name)
    if (known !== undefined) return known
    numbers.set(name, names.length)
    return names.push(name) - 1
  })
  return { objects, names }
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
