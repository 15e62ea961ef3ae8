// A cell that is illegal is mostly so in some short time. So a look at one such time after the other, each alone: what was
// over before is forgotten, and the value may then be any; what was under way may have taken effect, or not; and nothing
// is known of what comes later. If even then there is no order, there is none of the whole. (Forgetting weakens: an order
// of the whole, from that time on, is one of what is left.) This can find out that a cell is illegal, and nothing else;
// but it does so where the search would first have to try all that can happen before.
import { Kind } from "./Cell.ts"
import type { Cell, Cells } from "./Cell.ts"
import { OPEN } from "./Procedure.ts"
import type { Found } from "./Procedure.ts"
import { search } from "./search.ts"

/** How many operations are looked at together; next to each other such groups overlap by half. */
const SIZES = [16, 64, 256]
/** A group that takes more turns of the search than these is left. */
const TURNS = 8

/** Looks for a group without an order, in small steps; "unknown" when it finds none, as where there are appends. */
export function* locally(cells: Cells, cell: Cell, bytes: number, sizes: ReadonlyArray<number> = SIZES): Generator<void, Found> {
  if ((cell.kinds & (1 << Kind.APPEND)) !== 0) return { verdict: "unknown", reason: "time" }
  const steps = search(cells)
  for (const size of sizes) {
    let underWay: Array<number> = []
    for (let first = 0; first < cell.n; first += size / 2) {
      const since = cell.calls[first]!
      const last = Math.min(first + size, cell.n)
      const until = last === cell.n ? OPEN : cell.calls[last]!
      const group = Array.from({ length: last - first }, (_, k) => first + k)
      if (yield* isIllegal(steps, cell, underWay, group, until, bytes)) return { verdict: "illegal" }
      const next = Math.min(first + size / 2, cell.n)
      const nextSince = next === cell.n ? since : cell.calls[next]!
      underWay = [...underWay, ...group.slice(0, size / 2)].filter((i) => cell.returns[i]! > nextSince)
    }
  }
  return { verdict: "unknown", reason: "time" }
}

/** Is there no order of a group, from whatever value on? */
function* isIllegal(
  steps: ReturnType<typeof search>,
  cell: Cell,
  underWay: ReadonlyArray<number>,
  group: ReadonlyArray<number>,
  until: number,
  bytes: number
): Generator<void, boolean> {
  const isRead = (i: number): boolean => cell.kind[i] === Kind.READ || cell.kind[i] === Kind.NOT
  const isOver = new Set(group.filter((i) => cell.returns[i]! < until))
  const some = [...underWay, ...group].filter((i) => isOver.has(i) || !isRead(i))
  if (isOver.size === 0) return false
  // Ranks from this time on, so that the search has no more to do than there is.
  const since = cell.calls[group[0]!]!
  const part = (init: number): Cell => ({
    ...cell,
    init,
    n: some.length,
    at: Int32Array.from(some),
    kind: Uint8Array.from(some, (i) => cell.kind[i]!),
    a: Int32Array.from(some, (i) => cell.a[i]!),
    b: Int32Array.from(some, (i) => cell.b[i]!),
    calls: Int32Array.from(some, (i) => Math.max(0, cell.calls[i]! - since)),
    returns: Int32Array.from(some, (i) => (isOver.has(i) ? cell.returns[i]! - since : OPEN))
  })
  const seen = some.flatMap((i) => (cell.kind[i] === Kind.CHANGE ? [cell.b[i]!] : cell.kind[i] === Kind.WRITE ? [] : [cell.a[i]!]))
  // The last stands for all values that nobody sees.
  for (const init of [...new Set(seen), OTHER]) {
    const search = steps(part(init), bytes)
    let turn = search.next()
    for (let turns = 1; turn.done !== true && turns < TURNS; turns++) {
      yield
      turn = search.next()
    }
    if (turn.done !== true || turn.value.verdict !== "illegal") return false
  }
  return true
}

/** No value of any operation. */
const OTHER = -1
