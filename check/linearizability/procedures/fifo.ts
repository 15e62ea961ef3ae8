// First-in-first-out queues whose values are all different: decided in O(n log n), though in general it is NP-complete
// (Gibbons & Korach 1997).
//
// An element e is enqueued at a moment from ec to er and dequeued at one from dc to dr (call and return; never dequeued:
// both infinite). Elements leave in the order in which they came. So x must come before y when x was enqueued wholly
// before y (x.er < y.ec), or dequeued wholly before (x.dr < y.dc), or gone before y came (x.dr < y.ec): the three are
// two orders of intervals once each element's er is at most its dr, and its dc at least its ec. If there is a circle
// there is no order. (Then there is one of two elements: Henzinger, Sezgin & Vafeiadis 2013; Bouajjani et al. 2015.)
// Else any arrangement of the elements will do: as the i-th is not behind any later one, the latest dc of the first i is
// a moment when the i-th can be dequeued, and the earliest er of the others a moment when it can be enqueued; or if that
// is later, it is enqueued just before it is dequeued.
//
// Who finds the queue empty needs a moment at which no element is certainly in it: outside of (er, dc) of all. If of all
// elements that may come next always the one with the earliest dc does, no others are there at such a moment. (Say m is
// there, and between k.dc and j.er, where k came before j. Then j could not have come before k, as some x had to come
// before j that was not taken before k. But x.er < j.ec < m, and m < k.dc <= x.dc: so m lies inside of x's.)
//
// Unknown outcomes: an enqueue whose element nobody got is left out. A dequeue can take any element that nobody else
// got; the i-th of them, by call, takes the i-th element, by er. Elements with an earlier er are in the way of more, and
// a dequeue called earlier can do whatever a later one can. (This pairing is ours.)
import { Heap } from "./Heap.ts"
import type { History } from "../History.ts"
import { illegal, OPEN } from "./Procedure.ts"
import type { Found, Part } from "./Procedure.ts"

const NONE = -1

/** The procedure for parts of a history of model `queue`. It answers `undefined` where a value is enqueued twice. */
export const fifo = (history: History) => {
  const { opNames, ops, outputs, texts, values } = history
  const enqueue = opNames.indexOf("enq")
  const null_ = texts.of(null)
  /** The element with a value, where `stamps` has the number of the part. */
  const elementOf = new Int32Array(texts.length)
  const stamps = new Int32Array(texts.length)
  let stamp = 0

  return (part: Part): Found | undefined => {
    const { answered, calls, returns, rows } = part
    const n = rows.length
    stamp++
    // Elements, in the order of their enqueues' calls.
    let count = 0
    const enqueues = new Int32Array(n)
    for (let i = 0; i < n; i++) {
      if (ops[rows[i]!] !== enqueue) continue
      const value = values[rows[i]!]!
      if (stamps[value] === stamp) return undefined
      stamps[value] = stamp
      elementOf[value] = count
      enqueues[count++] = i
    }
    const dequeues = new Int32Array(count).fill(NONE)
    const empties: Array<number> = []
    const open: Array<number> = []
    for (let i = 0; i < n; i++) {
      const row = rows[i]!
      if (ops[row] === enqueue) continue
      const value = outputs[row]!
      if (answered[i] === 0) open.push(i)
      else if (value === null_) empties.push(i)
      else {
        if (stamps[value] !== stamp) return illegal([i], `#${i} got an element that nobody had put in`)
        const element = elementOf[value]!
        const other = dequeues[element]!
        if (other !== NONE) return illegal([other, i], `both #${other} and #${i} got the same element, which was put in once`)
        if (returns[i]! < calls[enqueues[element]!]!) return illegal([i], `#${i} got an element before it was put in`)
        dequeues[element] = i
      }
    }
    return arrange(part, enqueues.subarray(0, count), dequeues, empties, open)
  }
}

/** Elements that were put in, by number: when, and by which operations. */
interface Elements {
  readonly ec: Int32Array
  readonly er: Int32Array
  readonly dc: Int32Array
  readonly dr: Int32Array
  /** Those with an er, by that. */
  readonly byEr: Int32Array
  readonly enqueues: Int32Array
  readonly dequeues: Int32Array
  /** Those whose dequeues are of unknown outcome. */
  readonly guessed: ReadonlyArray<number>
}

const arrange = (
  { calls, returns }: Part,
  allEnqueues: Int32Array,
  allDequeues: Int32Array,
  empties: ReadonlyArray<number>,
  open: ReadonlyArray<number>
): Found => {
  // Elements that were put in. Those that nobody is known to have got are taken by dequeues of unknown outcome.
  const elements = Int32Array.from(allEnqueues.keys()).filter((e) => allDequeues[e] !== NONE || returns[allEnqueues[e]!] !== OPEN)
  const enqueues = elements.map((e) => allEnqueues[e]!)
  const dequeues = elements.map((e) => allDequeues[e]!)
  const count = elements.length
  const left = Array.from(elements.keys()).filter((e) => dequeues[e] === NONE)
  left.sort((x, y) => returns[enqueues[x]!]! - returns[enqueues[y]!]!)
  const taken = left.slice(0, open.length)
  taken.forEach((e, k) => (dequeues[e] = open[k]!))

  const ec = new Int32Array(count)
  const er = new Int32Array(count)
  const dc = new Int32Array(count).fill(OPEN)
  const dr = new Int32Array(count).fill(OPEN)
  let end = 0
  for (let e = 0; e < count; e++) {
    ec[e] = calls[enqueues[e]!]!
    er[e] = returns[enqueues[e]!]!
    const taker = dequeues[e]!
    if (taker !== NONE) {
      dc[e] = Math.max(calls[taker]!, ec[e]!)
      dr[e] = returns[taker]!
      if (dr[e]! < er[e]!) er[e] = dr[e]!
    }
    if (er[e]! > end) end = er[e]!
    if (dr[e] !== OPEN && dr[e]! > end) end = dr[e]!
  }
  const byEr = sorted(er, end)
  const byDr = sorted(dr, end)
  const known: Elements = { ec, er, dc, dr, byEr, enqueues, dequeues, guessed: taken }

  // Which element comes next: nobody left must come before it.
  const order = new Int32Array(count)
  const isPlaced = new Uint8Array(count)
  const candidates = new Heap(dc)
  let called = 0
  let nextEr = 0
  let nextDr = 0
  for (let k = 0; k < count; k++) {
    while (isPlaced[byEr[nextEr]!] === 1) nextEr++
    while (nextDr < byDr.length && isPlaced[byDr[nextDr]!] === 1) nextDr++
    while (called < count && ec[called]! < er[byEr[nextEr]!]!) candidates.push(called++)
    const e = candidates.pop()
    if (nextDr < byDr.length && dr[byDr[nextDr]!]! < dc[e]!) return overtaken(known)
    isPlaced[e] = 1
    order[k] = e
  }

  // When they are dequeued (the latest dc so far) and enqueued (the earliest er from here on, if that is not too late).
  const out = new Int32Array(count)
  const into = new Int32Array(count)
  for (let k = 0; k < count; k++) out[k] = Math.max(dc[order[k]!]!, k === 0 ? 0 : out[k - 1]!)
  for (let k = count - 1, earliest = OPEN; k >= 0; k--) {
    earliest = Math.min(earliest, er[order[k]!]!)
    into[k] = Math.min(earliest, out[k]!)
  }

  // When the queue is certainly not empty: from `from[s]` to `to[s]`.
  const from: Array<number> = []
  const to: Array<number> = []
  for (const e of byEr) {
    if (dc[e]! < er[e]!) continue
    const s = to.length - 1
    if (s >= 0 && er[e]! < to[s]!) to[s] = Math.max(to[s]!, dc[e]!)
    else {
      from.push(er[e]!)
      to.push(dc[e]!)
    }
  }
  const emptyAt = new Int32Array(empties.length)
  let s = 0
  for (const [k, i] of empties.entries()) {
    while (s < to.length && to[s]! < calls[i]!) s++
    const isInside = s < to.length && from[s]! < calls[i]!
    if (isInside && returns[i]! < to[s]!) return notEmpty(i, calls[i]!, returns[i]!, known)
    emptyAt[k] = isInside ? to[s]! : calls[i]!
  }

  const result: Array<number> = []
  const byEmptyAt = Array.from(empties.keys()).sort((x, y) => emptyAt[x]! - emptyAt[y]!)
  let o = 0
  let x = 0
  for (let k = 0; k <= count; k++) {
    const time = k === count ? OPEN : into[k]!
    for (;;) {
      const leaves = o < k ? out[o]! : OPEN
      const sees = x < empties.length ? emptyAt[byEmptyAt[x]!]! : OPEN
      if (leaves < time && leaves <= sees) result.push(dequeues[order[o++]!]!)
      else if (sees < time) result.push(empties[byEmptyAt[x++]!]!)
      else break
    }
    if (k < count) result.push(enqueues[order[k]!]!)
  }
  // Dequeues that certainly happened, with nothing to take for them so far, come last.
  for (const i of open.slice(taken.length)) if (returns[i] !== OPEN) result.push(i)
  return { verdict: "ok", order: Int32Array.from(result) }
}

/** The numbers of the elements with a key up to `end`, by that key. */
const sorted = (keys: Int32Array, end: number): Int32Array => {
  const at = new Int32Array(end + 1)
  for (let e = 0; e < keys.length; e++) if (keys[e]! <= end) at[keys[e]!] = e + 1
  let count = 0
  for (let key = 0; key <= end; key++) if (at[key] !== 0) at[count++] = at[key]! - 1
  return at.subarray(0, count)
}

/** An element was put in wholly before another, and got wholly after it. */
const overtaken = ({ byEr, dc, dequeues, dr, ec, enqueues, er, guessed }: Elements): Found => {
  const isGuessed = new Set(guessed)
  let latest = NONE
  let k = 0
  for (let y = 0; y < ec.length; y++) {
    for (; k < byEr.length && er[byEr[k]!]! < ec[y]!; k++) {
      const x = byEr[k]!
      if (dequeues[x] !== NONE && !isGuessed.has(x) && (latest === NONE || dc[x]! > dc[latest]!)) latest = x
    }
    if (latest === NONE || dc[latest]! < dr[y]!) continue
    const [first, took, other] = [enqueues[latest]!, dequeues[latest]!, dequeues[y]!]
    return illegal(
      [first, took, other],
      `#${other} got an element that was put in after #${first} had put in its own, and that was not taken (by #${took}) until later`
    )
  }
  return { verdict: "illegal" }
}

/** There was always an element in the queue: of those put in before it, the one with the latest dc; and so on from there. */
const notEmpty = (empty: number, called: number, returned: number, elements: Elements): Found => {
  const { byEr, dc, dequeues, enqueues, er, guessed } = elements
  const isGuessed = new Set(guessed)
  const operations = [empty]
  let k = 0
  let best = NONE
  for (let time = called; time < returned; ) {
    for (; k < byEr.length && er[byEr[k]!]! < time; k++) {
      const e = byEr[k]!
      if (dequeues[e] !== NONE && !isGuessed.has(e) && (best === NONE || dc[e]! > dc[best]!)) best = e
    }
    if (best === NONE || dc[best]! <= time) return { verdict: "illegal" }
    operations.push(enqueues[best]!, dequeues[best]!)
    time = dc[best]!
  }
  return illegal(operations, `#${empty} found the queue empty, but all the time there was an element in it`)
}
