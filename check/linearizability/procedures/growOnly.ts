// Sets to which elements are only added, read as a whole or element by element: decided in the time it takes to read the
// lists, and to sort.
//
// Such a set is never the same again, so whole reads are ordered by what they list: of two, one has all that the other
// has. They fall into levels of equal reads, from the fewest elements to the most. Each element appears at one moment: it
// is that of one of its adds, before all others and everything that saw it, and after everything that missed it; so also
// between two levels. Which add makes it is no choice: the one that says so, or else the one called first, since the
// others can follow at any time.
//
// So it is known what must come before what, and nothing else must. Everything takes effect as early as it can: at its
// own call, or that of something before it, whatever is latest. There is an order exactly when that is before its own
// return. (In the manner of Gibbons & Korach 1997, where the reads are known to come from one write each.)
import { byTime } from "./byTime.ts"
import { FAILED } from "../History.ts"
import type { History } from "../History.ts"
import { OPEN } from "./Procedure.ts"
import type { Found, Part } from "./Procedure.ts"
import type { Json } from "../Texts.ts"

const NONE = -1

/** What an operation says about its element. */
const Says = { NOTHING: 0, ADDS: 1, ADDS_FIRST: 2, SEES: 3, MISSES: 4, LISTS: 5, REMOVES: 6 } as const

/**
 * The procedure for parts of a history of model `set`. It answers `undefined` where something may have been removed.
 * (A removal of unknown outcome is left out; without it there may be no order, and this procedure cannot tell.)
 */
export const growOnly = (history: History) => {
  const { length, opNames, ops, outputs, returns: returned, texts, values } = history
  const [add, remove, contains, read] = ["add", "remove", "contains", "read"].map((name) => opNames.indexOf(name))
  const [yes, no] = [texts.of(true), texts.of(false)]
  const says = new Uint8Array(length)
  const elementsOf = new Map<number, Int32Array>()
  for (let row = 0; row < length; row++) {
    const output = outputs[row]
    if (ops[row] === add) says[row] = output === yes ? Says.ADDS_FIRST : output === no ? Says.SEES : Says.ADDS
    else if (ops[row] === contains) says[row] = output === yes ? Says.SEES : Says.MISSES
    else if (ops[row] === remove) says[row] = output === no ? Says.MISSES : Says.REMOVES
    else if (ops[row] === read) {
      says[row] = Says.LISTS
      if (returned[row] === FAILED || !Number.isFinite(returned[row]) || elementsOf.has(output!)) continue
      elementsOf.set(output!, Int32Array.from(texts.json(output!) as ReadonlyArray<Json>, (element) => texts.of(element)))
    }
  }
  const unanswered = (row: number): number => (ops[row] === add ? Says.ADDS : ops[row] === remove ? Says.REMOVES : Says.NOTHING)
  const elements = new Elements(texts.length)

  return (part: Part): Found | undefined => {
    const { answered, calls, returns, rows } = part
    const n = rows.length
    const kinds = Uint8Array.from(rows, (row, i) => (answered[i] === 1 ? says[row]! : unanswered(row)))
    const isWithoutRemovals = kinds.every((kind, i) => kind !== Says.REMOVES || returns[i] === OPEN)
    if (!isWithoutRemovals) return undefined
    const isLeftOut = kinds.includes(Says.REMOVES)
    const illegal = (operations: ReadonlyArray<number>, reason: string): Found | undefined =>
      isLeftOut ? undefined : { verdict: "illegal", evidence: { operations, reason } }

    elements.clear()
    const reads: Array<number> = []
    for (let i = 0; i < n; i++) {
      const element = elements.of(values[rows[i]!]!)
      const time = returns[i]!
      switch (kinds[i]) {
        case Says.LISTS:
          reads.push(i)
          break
        case Says.MISSES:
          elements.missed[element] = i
          break
        case Says.SEES:
          if (elements.seen[element] === NONE) elements.seen[element] = i
          break
        case Says.ADDS_FIRST: {
          const other = elements.first[element]!
          if (other !== NONE) return illegal([other, i], `both #${other} and #${i} say that the element was new`)
          elements.first[element] = i
          break
        }
        case Says.ADDS:
          if (elements.called[element] === NONE) elements.called[element] = i
      }
      const adds = kinds[i] === Says.ADDS || kinds[i] === Says.ADDS_FIRST
      if (adds && time !== OPEN && (elements.urgent[element] === NONE || time < returns[elements.urgent[element]!]!)) {
        elements.urgent[element] = i
      }
    }

    // Levels of reads, from the shortest list to the longest.
    const listOf = (i: number): Int32Array => elementsOf.get(outputs[rows[i]!]!)!
    reads.sort((x, y) => listOf(x).length - listOf(y).length)
    const levels: Array<{ readonly reads: Array<number>; readonly appear: Array<number> }> = []
    for (const [r, i] of reads.entries()) {
      const list = listOf(i)
      const before = r === 0 ? NONE : reads[r - 1]!
      const size = r === 0 ? 0 : listOf(before).length
      const appear: Array<number> = []
      let known = 0
      const mark = r + 1
      for (const value of list) {
        const element = elements.of(value)
        if (elements.marks[element] === mark) return illegal([i], `#${i} lists an element twice`)
        elements.marks[element] = mark
        if (elements.level[element] === NONE) appear.push(element)
        else known++
      }
      if (known < size) return illegal([before, i], `#${before} and #${i} each list an element that the other lacks`)
      if (r === 0 || list.length > size) levels.push({ reads: [], appear })
      const level = levels.length - 1
      levels[level]!.reads.push(i)
      for (const element of appear) {
        elements.level[element] = level
        if (elements.seen[element] === NONE) elements.seen[element] = i
      }
    }
    const others: Array<number> = []
    for (let element = 0; element < elements.count; element++) {
      if (elements.level[element] !== NONE) continue
      if (elements.seen[element] !== NONE || elements.urgent[element] !== NONE) others.push(element)
    }
    levels.push({ reads: [], appear: others })

    // Everything as early as it can. `latest` is the latest call before the moment, and `because` the operations that
    // make it come first, beside adds, whose calls nobody doubts.
    const sequence: Array<number> = []
    const times = new Int32Array(n)
    const put = (i: number, time: number) => {
      times[i] = time
      sequence.push(i)
    }
    for (let i = 0; i < n; i++) if (kinds[i] === Says.MISSES) put(i, calls[i]!)
    const appeared = new Int32Array(elements.count).fill(NONE)
    const becauseOf: Array<ReadonlyArray<number>> = []
    let latest = -1
    let because: ReadonlyArray<number> = []
    for (const { appear, reads } of levels) {
      const [earlier, causes] = [latest, because]
      for (const element of appear) {
        const maker = elements.first[element] !== NONE ? elements.first[element]! : elements.called[element]!
        const seen = elements.seen[element]!
        if (maker === NONE) return illegal([seen], `#${seen} saw an element that nobody had added`)
        const missed = elements.missed[element]!
        let time = calls[maker]!
        let cause: ReadonlyArray<number> = elements.first[element] !== NONE ? [maker] : []
        if (missed !== NONE && calls[missed]! > time) {
          time = calls[missed]!
          cause = [missed]
        }
        if (earlier > time) {
          time = earlier
          cause = causes
        }
        const urgent = elements.urgent[element]!
        if (urgent !== NONE && returns[urgent]! < time) {
          return illegal([...new Set([...cause, urgent])], `#${urgent} had added the element already, but it was missed later`)
        }
        put(maker, time)
        appeared[element] = time
        becauseOf[element] = cause
        if (time > latest) {
          latest = time
          because = reads.length > 0 ? [...new Set([reads[0]!, ...cause])] : cause
        }
      }
      const here = latest
      for (const i of reads) {
        if (returns[i]! < here) return illegal([...new Set([i, ...because.filter((c) => !reads.includes(c))])], `#${i} lists an element that was added later`)
        const time = Math.max(calls[i]!, here)
        put(i, time)
        if (time > latest) {
          latest = time
          because = [i]
        }
      }
    }
    for (let i = 0; i < n; i++) {
      const kind = kinds[i]
      const element = elements.of(values[rows[i]!]!)
      if (kind === Says.SEES) {
        if (returns[i]! < appeared[element]!) {
          return illegal([...new Set([i, ...becauseOf[element]!])], `#${i} saw an element that was added later`)
        }
        put(i, Math.max(calls[i]!, appeared[element]!))
      } else if (kind === Says.ADDS && returns[i] !== OPEN) {
        const maker = elements.first[element] !== NONE ? elements.first[element]! : elements.called[element]!
        if (i !== maker) put(i, Math.max(calls[i]!, appeared[element]!))
      }
    }
    return { verdict: "ok", order: byTime(sequence, times) }
  }
}

/** What is known of each element of a part; operations, or NONE. */
class Elements {
  count = 0
  /** The add that says that the element was new. */
  readonly first: Int32Array
  /** Of the other adds, the one called first. */
  readonly called: Int32Array
  /** Of all adds that must have happened, the one that returned first. */
  readonly urgent: Int32Array
  /** One that saw it, and of those that missed it the one called last. */
  readonly seen: Int32Array
  readonly missed: Int32Array
  /** The first level of reads that list it, and the last read that was looked at and does. */
  readonly level: Int32Array
  readonly marks: Int32Array
  readonly #numbers: Int32Array
  readonly #stamps: Int32Array
  #stamp = 0

  /** For values below `values`. */
  constructor(values: number) {
    this.first = new Int32Array(values)
    this.called = new Int32Array(values)
    this.urgent = new Int32Array(values)
    this.seen = new Int32Array(values)
    this.missed = new Int32Array(values)
    this.level = new Int32Array(values)
    this.marks = new Int32Array(values)
    this.#numbers = new Int32Array(values)
    this.#stamps = new Int32Array(values)
  }

  clear() {
    this.#stamp++
    this.count = 0
  }

  /** The number of the element with this value. */
  of(value: number): number {
    if (this.#stamps[value] === this.#stamp) return this.#numbers[value]!
    const number = this.count++
    this.#stamps[value] = this.#stamp
    this.#numbers[value] = number
    for (const column of [this.first, this.called, this.urgent, this.seen, this.missed, this.level]) column[number] = NONE
    this.marks[number] = 0
    return number
  }
}
