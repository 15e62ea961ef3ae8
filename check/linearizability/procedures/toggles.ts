// Cells with two values, such as a mutex or whether an element is in a set, where nobody writes blindly: each change is
// from one value to the other, so changes alternate. Decided in O(n log n) by going forward in time, lazily:
//
// - A read goes as soon as its value is there. It changes nothing.
// - A change goes only when something has to go now: a read of the other value, or a change. If that needs the other
//   value, one change makes it: of those that are open, the one that must be done first.
//
// Nothing is lost with that. What goes now is open, and so is all that any order puts before it; so in that order the
// operations before it can be exchanged, as far as the model allows. Say the order first makes the change f that is needed
// now, and later, or never, the one that must be done first, d: they do the same, d is open, and f has more time than d;
// so they can be exchanged, too. And changes that need not have gone before now may as well go later.
//
// A change of unknown outcome has all the time in the world, so it is taken last. A write that may go after everything
// else is like one of unknown outcome: where no change is needed, it comes at the end.
import { Kind } from "./Cell.ts"
import type { Cell } from "./Cell.ts"
import { Heap } from "./Heap.ts"
import { OPEN } from "./Procedure.ts"
import type { Found } from "./Procedure.ts"
import { timeline } from "./timeline.ts"

const applicable = (1 << Kind.READ) | (1 << Kind.NOT) | (1 << Kind.WRITE) | (1 << Kind.SWAP) | (1 << Kind.CHANGE)

/** Decides a cell of two values, or answers `undefined` where it has more, or writes that must go before others. */
export const toggles = ({ a, at, b, calls, init, kind, kinds, n, returns }: Cell): Found | undefined => {
  if ((kinds & ~applicable) !== 0) return undefined
  // The value at the beginning is 0, the other 1.
  let other = init
  const isForeign = (value: number): boolean => {
    if (other === init) other = value
    return value !== init && value !== other
  }
  const lastCall = n === 0 ? -1 : calls[n - 1]!
  /** What an operation reads, or makes. */
  const value = new Uint8Array(n)
  const isRead = new Uint8Array(n)
  const deadlines = returns.slice(0, n)
  for (let i = 0; i < n; i++) {
    const k = kind[i]!
    const reads = k === Kind.READ || k === Kind.NOT || (k === Kind.SWAP && a[i] === b[i])
    if ((reads || k === Kind.SWAP) && isForeign(a[i]!)) return undefined
    if (!reads && isForeign(b[i]!)) return undefined
    if (k === Kind.WRITE) {
      if (returns[i]! < lastCall) return undefined
      deadlines[i] = OPEN
    }
    isRead[i] = reads ? 1 : 0
    value[i] = ((reads ? a[i] : b[i]) === init) === (k !== Kind.NOT) ? 0 : 1
  }

  const events = timeline(n, calls, deadlines)

  const order = new Int32Array(n)
  let placed = 0
  const isPlaced = new Uint8Array(n)
  const place = (i: number) => {
    isPlaced[i] = 1
    order[placed++] = at[i]!
  }
  let state = 0
  const waiting: readonly [Array<number>, Array<number>] = [[], []]
  const changes = [new Heap(deadlines), new Heap(deadlines)] as const
  /** Makes the change to the other value that must be done first, if one is open, and lets the reads of it go. */
  const toggle = (): boolean => {
    const to = 1 - state
    if (changes[to]!.size === 0) return false
    place(changes[to]!.pop())
    state = to
    for (const i of waiting[to]!) place(i)
    waiting[to]!.length = 0
    return true
  }
  for (const event of events) {
    if (event === OPEN) continue
    if (event >= 0) {
      if (isRead[event] === 0) changes[value[event]!]!.push(event)
      else if (value[event] === state) place(event)
      else waiting[value[event]!]!.push(event)
      continue
    }
    const i = ~event
    if (isPlaced[i] === 1) continue
    if (isRead[i] === 0 && value[i] === state && !toggle()) return { verdict: "illegal" }
    if (!toggle()) return { verdict: "illegal" }
  }
  for (let i = 0; i < n; i++) if (isPlaced[i] === 0 && returns[i] !== OPEN) place(i)
  return { verdict: "ok", order: order.slice(0, placed) }
}
