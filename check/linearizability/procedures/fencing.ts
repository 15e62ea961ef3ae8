// Locks with fencing tokens: the tokens say in which order the lock was acquired, so there is only one way to go forward
// in time: acquire, release, acquire, release, …, each only when something has to go now that needs it (as in toggles.ts).
// A holder whose token somebody released by name was released by that; any other, by one of its client's releases: of
// those that are open, the one that must be done first.
//
// With operations of unknown outcome there may be other ways. An order that is found is one all the same; if there is
// none, this procedure cannot tell.
import { Heap } from "./Heap.ts"
import { FAILED } from "../History.ts"
import type { History } from "../History.ts"
import { illegal, OPEN } from "./Procedure.ts"
import type { Found, Part } from "./Procedure.ts"
import { timeline } from "./timeline.ts"

const NONE = -1

/** The procedure for parts of a history of model `fenced-lock`. */
export const fencing = (history: History) => {
  const { clients, length, opNames, ops, outputs, returns: returned, texts, values } = history
  const acquire = opNames.indexOf("acquire")
  const [null_, no] = [texts.of(null), texts.of(false)]
  const numbers = new Map<number, number>()
  const numberOf = (text: number): number => {
    let number = numbers.get(text)
    if (number === undefined) numbers.set(text, (number = texts.json(text) as number))
    return number
  }
  /** By row, the token that an acquire got or a release named; NaN: none. */
  const tokens = new Float64Array(length)
  for (let row = 0; row < length; row++) {
    const text = ops[row] === acquire ? outputs[row]! : values[row]!
    tokens[row] = text === null_ || returned[row] === FAILED ? NaN : numberOf(text)
  }

  return (part: Part): Found | undefined => {
    const { answered, calls, returns, rows } = part
    const n = rows.length
    const isAcquire = (i: number): boolean => ops[rows[i]!] === acquire
    const isFailed = (i: number): boolean => answered[i] === 1 && outputs[rows[i]!] === no
    const client = (i: number): number => clients[rows[i]!]!
    const token = (i: number): number => (isAcquire(i) && answered[i] === 0 ? NaN : tokens[rows[i]!]!)

    // Acquires by token; releases that name one, and succeeded.
    const acquires: Array<number> = []
    const named = new Map<number, number>()
    let isCertain = true
    for (let i = 0; i < n; i++) {
      if (answered[i] === 0) isCertain = false
      else if (isAcquire(i)) acquires.push(i)
      else if (!Number.isNaN(token(i)) && !isFailed(i)) {
        const other = named.get(token(i))
        if (other !== undefined) return illegal([other, i], `both #${other} and #${i} released the same token`)
        named.set(token(i), i)
      }
    }
    acquires.sort((x, y) => token(x) - token(y))
    for (let k = 1; k < acquires.length; k++) {
      const [x, y] = [acquires[k - 1]!, acquires[k]!]
      if (token(x) === token(y)) return illegal([x, y], `#${x} and #${y} got the same token`)
    }

    const events = timeline(n, calls, returns)

    const order: Array<number> = []
    const isCalled = new Uint8Array(n)
    const isPlaced = new Uint8Array(n)
    const place = (i: number) => {
      isPlaced[i] = 1
      order.push(i)
    }
    // Open operations: releases that name no token and acquires whose token is unknown, by client; named releases of
    // unknown outcome, by token.
    const releases = new Map<number, Heap>()
    const guesses = new Map<number, Heap>()
    const namedGuesses = new Map<number, Heap>()
    const push = (heaps: Map<number, Heap>, name: number, i: number) => {
      let heap = heaps.get(name)
      if (heap === undefined) heaps.set(name, (heap = new Heap(returns)))
      heap.push(i)
    }
    const pop = (heaps: Map<number, Heap>, name: number): number => {
      const heap = heaps.get(name)
      return heap === undefined || heap.size === 0 ? NONE : heap.pop()
    }
    /** The acquire that holds the lock now. */
    let holder = NONE
    let nextAcquire = 0
    let last = -Infinity
    /** Failed attempts of those who hold it. */
    const waiting: Array<number> = []
    const isAbout = (i: number): boolean =>
      holder !== NONE && (Number.isNaN(token(i)) ? client(i) === client(holder) : token(i) === token(holder))

    const take = (i: number): boolean => {
      if (holder !== NONE || isCalled[i] === 0) return false
      place(i)
      holder = i
      if (!Number.isNaN(token(i))) {
        last = token(i)
        nextAcquire++
      }
      return true
    }
    const drop = (i: number): boolean => {
      if (i === NONE || isCalled[i] === 0) return false
      place(i)
      holder = NONE
      for (const j of waiting) place(j)
      waiting.length = 0
      return true
    }
    /** Releases the lock, if somebody holds it. */
    const clear = (): boolean => {
      if (holder === NONE) return true
      const byName = named.get(token(holder))
      if (byName !== undefined) return drop(byName)
      const own = releases.get(client(holder))
      if (own !== undefined && own.size > 0 && returns[own.top] !== OPEN) return drop(own.pop())
      const guess = pop(namedGuesses, token(holder))
      return drop(guess === NONE ? pop(releases, client(holder)) : guess)
    }
    const takeNext = (): boolean => nextAcquire < acquires.length && clear() && take(acquires[nextAcquire]!)
    const takeUnknown = (i: number): boolean => i !== NONE && clear() && take(i)

    /** Lets a release go that names a token which no acquire is known to have got. */
    const releaseUnknown = (i: number): boolean => {
      const isHeld = holder !== NONE && Number.isNaN(token(holder))
      while (!isHeld && nextAcquire < acquires.length && token(acquires[nextAcquire]!) < token(i)) if (!takeNext()) return false
      if (!isHeld) {
        for (const c of guesses.keys()) {
          const guess = pop(guesses, c)
          if (guess === NONE) continue
          if (!takeUnknown(guess)) return false
          break
        }
      }
      if (holder === NONE || !Number.isNaN(token(holder)) || token(i) <= last) return false
      last = token(i)
      return drop(i)
    }
    /** Lets `i` go, which has to go now, and what it needs before it. */
    const go = (i: number): boolean => {
      if (isFailed(i)) return clear()
      if (isAcquire(i)) {
        if (Number.isNaN(token(i))) return takeUnknown(pop(guesses, client(i)))
        while (isPlaced[i] === 0) if (!takeNext()) return false
        return true
      }
      const t = token(i)
      if (!Number.isNaN(t)) {
        const isKnown = (k: number): boolean => k < acquires.length && token(acquires[k]!) <= t
        let k = nextAcquire
        while (isKnown(k)) k++
        const isGiven = (holder !== NONE && token(holder) === t) || (k > nextAcquire && token(acquires[k - 1]!) === t)
        if (!isGiven) return releaseUnknown(i)
        while (nextAcquire < k) if (!takeNext()) return false
        return drop(i)
      }
      // A release of this client's: until it was the one that was needed.
      while (isPlaced[i] === 0) {
        if (holder !== NONE && (client(holder) !== client(i) || named.has(token(holder))) && !clear()) return false
        if (holder !== NONE) return clear()
        const isNext = nextAcquire < acquires.length && client(acquires[nextAcquire]!) === client(i) && isCalled[acquires[nextAcquire]!] === 1
        const guess = isNext ? NONE : pop(guesses, client(i))
        if (guess === NONE ? !takeNext() : !takeUnknown(guess)) return false
      }
      return true
    }
    for (const event of events) {
      if (event === OPEN) continue
      if (event < 0) {
        if (isPlaced[~event] === 0 && !go(~event)) return isCertain ? { verdict: "illegal" } : undefined
        continue
      }
      isCalled[event] = 1
      if (isFailed(event)) {
        if (isAbout(event)) waiting.push(event)
        else place(event)
      } else if (isAcquire(event)) {
        if (answered[event] === 0) push(guesses, client(event), event)
      } else if (Number.isNaN(token(event))) push(releases, client(event), event)
      else if (answered[event] === 0) push(namedGuesses, token(event), event)
    }
    return { verdict: "ok", order: Int32Array.from(order) }
  }
}
