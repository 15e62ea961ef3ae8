// Cells where every value is made by at most one operation: decided in linear time, though in general it is NP-complete
// (Gibbons & Korach 1997).
//
// Then it is known who read from whom, and everything falls into blocks: a write, its reads, the swap from its value,
// the reads of that, and so on; each value being there only once, nothing can come between. zones.ts has the rest.
//
// An operation of unknown outcome has happened exactly when its value was seen, and can be left out otherwise. A failed
// swap (NOT) is left out at first: what is illegal without it is illegal. Then it goes where the order has room for it;
// if there is none, another order might have, and this procedure cannot tell.
import { Kind } from "./Cell.ts"
import type { Cell } from "./Cell.ts"
import { OPEN } from "./Procedure.ts"
import type { Found } from "./Procedure.ts"
import { Blocks } from "./zones.ts"

/** No operation: nobody made the value at the beginning. */
const NONE = -1
const applicable = (1 << Kind.READ) | (1 << Kind.NOT) | (1 << Kind.WRITE) | (1 << Kind.SWAP)

/** The procedure for values below `values`. It answers `undefined` for a cell that it cannot decide. */
export const distinct = (values: number) => {
  // By value; what is there counts where `stamps` has the number of the cell.
  const stamps = new Int32Array(values)
  const makers = new Int32Array(values)
  const firstReads = new Int32Array(values)
  const lastReads = new Int32Array(values)
  const swaps = new Int32Array(values)
  /** A known operation that made or saw the value. */
  const causes = new Int32Array(values)
  let stamp = 0

  return (cell: Cell): Found | undefined => {
    const { a, at, b, init, kind, kinds, n, returns } = cell
    if ((kinds & ~applicable) !== 0) return undefined
    stamp++
    const appears = (value: number, maker: number) => {
      stamps[value] = stamp
      makers[value] = maker
      firstReads[value] = NONE
      swaps[value] = NONE
      causes[value] = NONE
    }
    appears(init, NONE)
    for (let i = 0; i < n; i++) {
      if (kind[i] === Kind.READ || kind[i] === Kind.NOT) continue
      if (stamps[b[i]!] === stamp) return undefined
      appears(b[i]!, i)
    }
    const because = (i: number): number => (returns[i] === OPEN ? causes[b[i]!]! : i)
    const illegal = (operations: ReadonlyArray<number>, reason: string): Found => ({
      verdict: "illegal",
      evidence: { operations: [...new Set(operations.map((i) => at[because(i)]!))], reason }
    })

    // Who reads what, and which operations of unknown outcome have therefore happened.
    const nextReads = new Int32Array(n)
    for (let i = 0; i < n; i++) {
      const k = kind[i]
      if (k === Kind.NOT || returns[i] === OPEN) continue
      if (k !== Kind.READ) causes[b[i]!] = i
      if (k === Kind.WRITE) continue
      for (let value = a[i]!; ;) {
        if (stamps[value] !== stamp) return illegal([i], `#${at[i]} saw a value that nobody made`)
        if (causes[value] !== NONE) break
        causes[value] = i
        const maker = makers[value]!
        if (maker === NONE || kind[maker] === Kind.WRITE) break
        value = a[maker]!
      }
      if (k !== Kind.READ) continue
      const value = a[i]!
      nextReads[i] = NONE
      if (firstReads[value] === NONE) firstReads[value] = i
      else nextReads[lastReads[value]!] = i
      lastReads[value] = i
    }
    let swapsLeft = 0
    for (let i = 0; i < n; i++) {
      if (kind[i] !== Kind.SWAP || causes[b[i]!] === NONE) continue
      swapsLeft++
      const other = swaps[a[i]!]!
      if (other !== NONE) {
        return illegal([other, i], `both #${at[other]} and #${at[i]} took the same value, which was there only once`)
      }
      swaps[a[i]!] = i
    }

    const blocks = new Blocks(n)
    for (let head = NONE; head < n; head++) {
      if (head !== NONE && (kind[head] !== Kind.WRITE || causes[b[head]!] === NONE)) continue
      for (let maker = head, value = head === NONE ? init : b[head]!; ; value = b[maker]!) {
        if (maker !== NONE) {
          blocks.add(maker)
          blocks.endLevel()
        }
        for (let i = firstReads[value]!; i !== NONE; i = nextReads[i]!) blocks.add(i)
        blocks.endLevel()
        maker = swaps[value]!
        if (maker === NONE) break
        swapsLeft--
      }
      blocks.endBlock(head === NONE)
    }
    if (swapsLeft > 0) {
      const all: Array<number> = []
      for (let i = 0; i < n; i++) if (kind[i] === Kind.SWAP && causes[b[i]!] !== NONE) all.push(i)
      return illegal(all, "operations took their values from each other, in a circle")
    }
    const found = blocks.arrange(cell, (i) => [because(i)])
    if (found.verdict !== "ok" || (kinds & (1 << Kind.NOT)) === 0) return found
    const order = withFailedSwaps(cell, found.order)
    return order === undefined ? undefined : { verdict: "ok", order }
  }
}

/**
 * Puts the failed swaps into an order of all others. Every operation of the order takes effect as early as it can; a
 * failed swap, at its call if the value is another then, or else when the value has changed, if it is still open. The
 * value that it must not meet is there once.
 */
const withFailedSwaps = ({ a, at, b, calls, init, kind, n, returns }: Cell, order: Int32Array): Int32Array | undefined => {
  const operationAt = new Int32Array(at[n - 1]! + 1)
  for (let i = 0; i < n; i++) operationAt[at[i]!] = i
  const begins = new Map([[init, -1]])
  const ends = new Map<number, number>()
  const times = new Float64Array(n)
  let value = init
  let time = -1
  for (const place of order) {
    const i = operationAt[place]!
    time = Math.max(time, calls[i]!)
    times[i] = time
    if (kind[i] === Kind.READ) continue
    ends.set(value, time)
    value = b[i]!
    begins.set(value, time)
  }
  const failed: Array<number> = []
  for (let i = 0; i < n; i++) {
    if (kind[i] !== Kind.NOT) continue
    const from = begins.get(a[i]!) ?? Infinity
    const to = ends.get(a[i]!) ?? Infinity
    // Several operations may take effect at the time of one call; half a step later all of them have.
    if (calls[i]! < from || calls[i]! > to) times[i] = calls[i]!
    else if (returns[i]! > to) times[i] = to + 0.5
    else return undefined
    failed.push(i)
  }
  failed.sort((x, y) => times[x]! - times[y]!)
  const whole = new Int32Array(order.length + failed.length)
  let f = 0
  let placed = 0
  for (const place of order) {
    while (f < failed.length && times[failed[f]!]! < times[operationAt[place]!]!) whole[placed++] = at[failed[f++]!]!
    whole[placed++] = place
  }
  while (f < failed.length) whole[placed++] = at[failed[f++]!]!
  return whole
}
