// Counters whose increments are all the same: decided in O(n log n) by going forward in time, lazily.
//
// The counter goes through 1, 2, 3, …, in units of the increment. A read is allowed at one of them, and so is an add that
// answers the new value; other adds can take any place.
//
// - A read goes as soon as its value is there. It changes nothing.
// - The counter goes on only when something has to go now that needs it to. So it is never higher than it must be, and
//   from there it can still go on as far as from any lower value.
// - The next add is the one that answers the next value. If there is none it is, of those that may come anywhere and are
//   open, the one that must be done first; one of unknown outcome last. In an order that takes another now, the two can
//   be exchanged (as in toggles.ts).
import { Heap } from "./Heap.ts"
import { FAILED } from "../History.ts"
import type { History } from "../History.ts"
import { illegal, OPEN } from "./Procedure.ts"
import type { Found, Part } from "./Procedure.ts"
import { timeline } from "./timeline.ts"

const NONE = -1

/**
 * The procedure for parts of a history of model `counter`. It answers `undefined` where increments other than 0 differ,
 * or something is no integer.
 */
export const counting = (history: History) => {
  const { length, opNames, ops, outputs, returns: returned, texts, values } = history
  const add = opNames.indexOf("add")
  const null_ = texts.of(null)
  const numbers = new Map<number, number>()
  const numberOf = (text: number): number => {
    let number = numbers.get(text)
    if (number === undefined) numbers.set(text, (number = texts.json(text) as number))
    return number
  }
  const increments = new Float64Array(length)
  const shown = new Float64Array(length)
  for (let row = 0; row < length; row++) {
    if (ops[row] === add) increments[row] = numberOf(values[row]!)
    if (outputs[row] !== null_ && returned[row] !== FAILED) shown[row] = numberOf(outputs[row]!)
  }

  return (part: Part): Found | undefined => {
    const { answered, calls, returns, rows } = part
    const n = rows.length
    let unit = 0
    let adds = 0
    for (let i = 0; i < n; i++) {
      const row = rows[i]!
      const increment = increments[row]!
      if (!Number.isSafeInteger(increment) || !Number.isSafeInteger(shown[row])) return undefined
      if (increment === 0) continue
      if (unit !== 0 && increment !== unit) return undefined
      unit = increment
      adds++
    }

    // In units, what an operation sees; NONE where it sees nothing. Which add makes each value, if one says so.
    const sees = new Int32Array(n).fill(NONE)
    const makers = new Int32Array(adds + 1).fill(NONE)
    for (let i = 0; i < n; i++) {
      const row = rows[i]!
      if (answered[i] === 0 || outputs[row] === null_) continue
      const value = unit === 0 ? shown[row]! : shown[row]! / unit
      const least = increments[row] === 0 ? 0 : 1
      if (!Number.isInteger(unit === 0 && value !== 0 ? NaN : value) || value < least || value > adds) {
        return illegal([i], `#${i} saw a value to which no adds lead`)
      }
      sees[i] = value
      if (least === 0) continue
      const other = makers[value]!
      if (other !== NONE) return illegal([other, i], `both #${other} and #${i} say that they led to the same value`)
      makers[value] = i
    }

    const events = timeline(n, calls, returns)

    const order = new Int32Array(n)
    let placed = 0
    const isCalled = new Uint8Array(n)
    const isPlaced = new Uint8Array(n)
    const place = (i: number) => {
      isPlaced[i] = 1
      order[placed++] = i
    }
    let count = 0
    const anywhere = new Heap(returns)
    // Reads that wait for a value, as lists.
    const firstReads = new Int32Array(adds + 1).fill(NONE)
    const nextReads = new Int32Array(n)
    /** Makes the next value, if that is possible, and lets the reads of it go. */
    const goOn = (): boolean => {
      if (count === adds) return false
      const maker = makers[count + 1]!
      if (maker === NONE ? anywhere.size === 0 : isCalled[maker] === 0) return false
      place(maker === NONE ? anywhere.pop() : maker)
      count++
      for (let i = firstReads[count]!; i !== NONE; i = nextReads[i]!) place(i)
      return true
    }
    for (const event of events) {
      if (event === OPEN) continue
      if (event >= 0) {
        const i = event
        isCalled[i] = 1
        if (increments[rows[i]!] !== 0) {
          if (sees[i] === NONE) anywhere.push(i)
        } else if (sees[i] === NONE || sees[i] === count) {
          if (returns[i] !== OPEN) place(i)
        } else {
          nextReads[i] = firstReads[sees[i]!]!
          firstReads[sees[i]!] = i
        }
        continue
      }
      const i = ~event
      while (isPlaced[i] === 0) {
        const isPast = sees[i] !== NONE && sees[i]! < count
        if (isPast || !goOn()) return { verdict: "illegal" }
      }
    }
    return { verdict: "ok", order: order.slice(0, placed) }
  }
}
