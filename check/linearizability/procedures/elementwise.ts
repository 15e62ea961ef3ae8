// Sets of which nobody reads the whole: each element is an object of its own (locality, Herlihy & Wing 1990), a cell that
// says whether it is there.
import { byTime } from "./byTime.ts"
import { cellProcedure } from "./cells.ts"
import { Kind } from "./Cell.ts"
import type { Cells } from "./Cell.ts"
import type { History } from "../History.ts"
import type { Model } from "../Model.ts"
import { inWhole } from "../parts.ts"
import type { Budget, Found, Part } from "./Procedure.ts"

const ABSENT = 0
const PRESENT = 1

/** Elements of a set as cells: one says whether it is there. */
export const elementCells = (history: History): Cells => {
  const { length, opNames, ops, outputs, texts } = history
  const [add, remove, contains] = ["add", "remove", "contains"].map((name) => opNames.indexOf(name))
  const [yes, no] = [texts.of(true), texts.of(false)]
  const known = new Uint8Array(length)
  const open = new Uint8Array(length)
  const a = new Int32Array(length)
  const b = new Int32Array(length)
  for (let i = 0; i < length; i++) {
    if (ops[i] === contains) {
      known[i] = Kind.READ
      a[i] = outputs[i] === yes ? PRESENT : ABSENT
    } else if (ops[i] === add || ops[i] === remove) {
      b[i] = ops[i] === add ? PRESENT : ABSENT
      a[i] = outputs[i] === no ? b[i]! : 1 - b[i]!
      known[i] = outputs[i] === yes ? Kind.SWAP : outputs[i] === no ? Kind.READ : Kind.WRITE
      open[i] = Kind.WRITE
    }
  }
  return { known, open, a, b, init: ABSENT, values: 2 }
}

/** The procedure for parts of a history of model `set`. It answers `undefined` where somebody reads the whole. */
export const elementwise = (history: History, model: Model) => {
  const { opNames, ops, texts, values } = history
  const read = opNames.indexOf("read")
  const decide = cellProcedure(history, model, elementCells)
  /** The number of the element with a value, where `stamps` has the number of the part. */
  const numbers = new Int32Array(texts.length)
  const stamps = new Int32Array(texts.length)
  let stamp = 0

  return (part: Part, budget: Budget): Found | undefined => {
    const { answered, rows } = part
    const n = rows.length
    stamp++
    let count = 0
    const elements = new Int32Array(n)
    for (let i = 0; i < n; i++) {
      if (ops[rows[i]!] === read && answered[i] === 1) return undefined
      const value = values[rows[i]!]!
      if (stamps[value] !== stamp) {
        stamps[value] = stamp
        numbers[value] = count++
      }
      elements[i] = numbers[value]!
    }
    const order: Array<number> = []
    const times = new Int32Array(n)
    let undecided: Found | undefined
    const all = byTime(Array.from(rows.keys()), elements)
    for (let from = 0, to = 0; from < n; from = to) {
      while (to < n && elements[all[to]!] === elements[all[from]!]) to++
      const own = all.subarray(from, to)
      const found = decide(
        {
          rows: own.map((i) => rows[i]!),
          calls: own.map((i) => part.calls[i]!),
          returns: own.map((i) => part.returns[i]!),
          answered: Uint8Array.from(own, (i) => answered[i]!)
        },
        budget
      )
      if (found.verdict === "illegal") return inWhole(found, own)
      if (found.verdict === "unknown") undecided = found
      else {
        // Everything as early as its own order allows; so the orders of all elements become one.
        let latest = -1
        for (const k of found.order) {
          latest = Math.max(latest, part.calls[own[k]!]!)
          times[own[k]!] = latest
          order.push(own[k]!)
        }
      }
    }
    return undecided ?? { verdict: "ok", order: byTime(order, times) }
  }
}
