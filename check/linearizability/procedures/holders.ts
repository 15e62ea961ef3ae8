// Locks that a client holds: cells that go from free to a holder and back. Forward in time, lazily, as in toggles.ts:
// failed attempts go as soon as they fail, and something changes only when something has to go now that needs it.
//
// Mostly there is only one way to go on. Who holds the lock must release it before anybody else can have it, and of a
// client's releases, as of its acquires, the one that must be done first is as good as any. The choice is who comes next
// when the lock is free: the one who must, or first somebody else, who can have released it in time, too. Between two
// clients that is settled if one of them can only be first: because it must have begun before the other can release.
//
// Where nothing settles it this procedure makes a guess. An order found with guesses is an order. If there is none after
// a guess, another guess might have led to one, and this procedure cannot tell.
import { Kind } from "./Cell.ts"
import type { Cell } from "./Cell.ts"
import { Heap } from "./Heap.ts"
import { OPEN } from "./Procedure.ts"
import type { Found } from "./Procedure.ts"
import { timeline } from "./timeline.ts"

const NONE = -1
const applicable = (1 << Kind.NOT) | (1 << Kind.SWAP)

/** Decides a cell whose swaps are all from or to its first value, or answers `undefined` where it cannot. */
export const holders = ({ a, at, b, calls, init, kind, kinds, n, returns }: Cell): Found | undefined => {
  if ((kinds & ~applicable) !== 0) return undefined
  // Holders have numbers from 1; 0: nobody. `who` is whom a failed attempt or a swap is about.
  const numbers = new Map([[init, 0]])
  const numberOf = (value: number): number => {
    const known = numbers.get(value)
    if (known !== undefined) return known
    numbers.set(value, numbers.size)
    return numbers.size - 1
  }
  const who = new Int32Array(n)
  const isRelease = new Uint8Array(n)
  for (let i = 0; i < n; i++) {
    if (kind[i] === Kind.NOT) who[i] = numberOf(a[i]!)
    else {
      if ((a[i] === init) === (b[i] === init)) return undefined
      isRelease[i] = b[i] === init ? 1 : 0
      who[i] = numberOf(isRelease[i] === 1 ? a[i]! : b[i]!)
    }
  }

  const events = timeline(n, calls, returns)
  // The releases of each holder that have not been called yet, as lists.
  const nextRelease = new Int32Array(n)
  const firstRelease = new Int32Array(numbers.size).fill(NONE)
  for (let i = n - 1; i >= 0; i--) {
    if (kind[i] === Kind.NOT || isRelease[i] === 0) continue
    nextRelease[i] = firstRelease[who[i]!]!
    firstRelease[who[i]!] = i
  }

  const order = new Int32Array(n)
  let placed = 0
  const isPlaced = new Uint8Array(n)
  const place = (i: number) => {
    isPlaced[i] = 1
    order[placed++] = at[i]!
  }
  const acquires = Array.from({ length: numbers.size }, () => new Heap(returns))
  const releases = Array.from({ length: numbers.size }, () => new Heap(returns))
  /** Holders with an acquire that is open. */
  const candidates = new Set<number>()
  /** Failed attempts that wait for the holder to be another. */
  const waiting: Array<number> = []
  let holder = 0
  let isGuess = false

  const acquire = (h: number): boolean => {
    if (holder !== 0 || acquires[h]!.size === 0) return false
    place(acquires[h]!.pop())
    if (acquires[h]!.size === 0) candidates.delete(h)
    return becomes(h)
  }
  const release = (): boolean => {
    if (releases[holder]!.size === 0) return false
    place(releases[holder]!.pop())
    return becomes(0)
  }
  const becomes = (h: number): true => {
    holder = h
    for (const i of waiting) place(i)
    waiting.length = 0
    return true
  }

  /** The earliest time when `h` can release what it has not acquired yet. */
  const free = (h: number): number => (releases[h]!.size > 0 ? 0 : firstRelease[h] === NONE ? OPEN : calls[firstRelease[h]!]!)
  /** The latest time when `h` must have begun: by when one of its open acquires, or the next release, has to go. */
  const due = (h: number): number => {
    const acquired = returns[acquires[h]!.top]!
    const released = releases[h]!.size > 0 ? returns[releases[h]!.top]! : firstRelease[h] === NONE ? OPEN : returns[firstRelease[h]!]!
    return Math.min(acquired, released)
  }
  /** Lets those have the lock first who have to, before `h` begins, which it must do now. */
  const letOthers = (h: number) => {
    for (const other of candidates) {
      while (other !== h && acquires[other]!.size > 0 && releases[other]!.size > 0) {
        const latest = due(other)
        if (latest > free(h) || latest === OPEN) {
          if (latest !== OPEN) isGuess = true
          break
        }
        acquire(other)
        release()
      }
    }
  }
  /** Somebody has to hold the lock now. */
  const acquireAny = (): boolean => {
    let best = NONE
    for (const h of candidates) if (best === NONE || due(h) < due(best)) best = h
    if (best === NONE) return false
    const latest = due(best)
    for (const h of candidates) if (h !== best && (free(h) < latest || latest === OPEN)) isGuess = true
    letOthers(best)
    return acquire(best)
  }

  /** Lets `i` go, which has to go now, and what it needs before it. */
  const go = (i: number): boolean => {
    const h = who[i]!
    if (kind[i] === Kind.NOT) return holder === 0 ? acquireAny() : release()
    if (isRelease[i] === 1 && holder === h) return release()
    if (holder !== 0 && !release()) return false
    if (isRelease[i] === 1) return acquire(h) && release()
    letOthers(h)
    return acquire(h)
  }
  for (const event of events) {
    if (event === OPEN) continue
    if (event < 0) {
      if (isPlaced[~event] === 0 && !go(~event)) return isGuess ? undefined : { verdict: "illegal" }
      continue
    }
    const h = who[event]!
    if (kind[event] === Kind.NOT) {
      if (holder === h) waiting.push(event)
      else place(event)
    } else if (isRelease[event] === 1) {
      releases[h]!.push(event)
      firstRelease[h] = nextRelease[event]!
    } else {
      acquires[h]!.push(event)
      candidates.add(h)
    }
  }
  return { verdict: "ok", order: order.slice(0, placed) }
}
