// The decision procedures for cells (Cell.ts), from the quickest to the one that always applies.
import { appends } from "./appends.ts"
import { int32Arrays, NO_INTEGERS } from "../arrays.ts"
import { Kind } from "./Cell.ts"
import type { Cell, Cells } from "./Cell.ts"
import { distinct } from "./distinct.ts"
import type { History } from "../History.ts"
import { holders } from "./holders.ts"
import { locally } from "./locally.ts"
import type { Model } from "../Model.ts"
import { OPEN } from "./Procedure.ts"
import type { Budget, Found, Part, Procedure } from "./Procedure.ts"
import { breadthFirst, bytesOfEach, race } from "./race.ts"
import { search } from "./search.ts"
import { toggles } from "./toggles.ts"

/** The procedure for a model whose objects are cells. `compile` says what its operations do. */
export const cellProcedure = (history: History, model: Model, compile: (history: History) => Cells): Procedure => {
  const cells = compile(history)
  const read = reader(cells)
  const whereDistinct = distinct(cells.values)
  const whereAppended = appends(cells)
  const bySearch = search(cells)
  const bySearching = (cell: Cell, part: Part, budget: Budget): Found => {
    const bytes = bytesOfEach(budget)
    const breadth = () => breadthFirst(history, part, model, bytes)
    return race(cell.n, bySearch(cell, bytes), [() => locally(cells, reader(cells)(part), bytes), breadth], budget)
  }
  const decide: Procedure = (part, budget) => {
    const cell = read(part)
    return complete(
      part,
      whereDistinct(cell) ??
        whereAppended(cell) ??
        toggles(cell) ??
        holders(cell) ??
        bySearching(cell, part, budget)
    )
  }
  return Object.assign(decide, { replay: replayer(cells) })
}

/**
 * Puts operations at the end of an order that took effect at some time, nobody knows with which answer, and that the
 * order does without: reads, and swaps that may as well have failed.
 */
export const complete = <F extends Found | undefined>(part: Part, found: F): F => {
  if (found?.verdict !== "ok") return found
  const isMissing = (i: number): boolean => part.returns[i] !== OPEN && part.answered[i] === 0
  if (!part.answered.some((_, i) => isMissing(i))) return found
  const placed = new Set(found.order)
  const order = [...found.order, ...Array.from(part.rows.keys()).filter((i) => isMissing(i) && !placed.has(i))]
  return { ...found, order: Int32Array.from(order) }
}

const NOT_GROWN = -1

/** What the kinds mean, said once more: see `Procedure.replay`. */
const replayer = ({ a, b, init, known, open, texts }: Cells) => (part: Part, order: Int32Array): number | undefined => {
  let value = init
  // After an append the value is only there as bytes, of which so many are good; until then, `length` is NOT_GROWN.
  let bytes = new Uint8Array(64)
  let length = NOT_GROWN
  const is = (other: number): boolean =>
    length === NOT_GROWN ? value === other : texts!.isString(other) && texts!.hasContent(other, bytes, length)
  const append = (piece: number, at: number) => {
    length = texts!.writeContent(piece, bytes, at)
    if (length <= bytes.length) return
    const larger = new Uint8Array(2 * length)
    larger.set(bytes.subarray(0, at))
    bytes = larger
    texts!.writeContent(piece, bytes, at)
  }
  for (const i of order) {
    const row = part.rows[i]!
    switch (part.answered[i] === 1 ? known[row] : open[row]) {
      case Kind.READ:
        if (!is(a[row]!)) return i
        break
      case Kind.NOT:
        if (is(a[row]!)) return i
        break
      case Kind.SWAP:
        if (!is(a[row]!)) return i
        value = b[row]!
        length = NOT_GROWN
        break
      case Kind.TRY:
        if (!is(a[row]!)) break
        value = b[row]!
        length = NOT_GROWN
        break
      case Kind.CHANGE:
        if (is(b[row]!)) return i
        value = b[row]!
        length = NOT_GROWN
        break
      case Kind.WRITE:
        value = b[row]!
        length = NOT_GROWN
        break
      case Kind.APPEND:
        if (length === NOT_GROWN) {
          if (texts!.isString(value)) append(value, 0)
          else length = 0
        }
        append(b[row]!, length)
    }
  }
  return undefined
}

/** Reads parts into one set of arrays, which the next reading overwrites. */
export const reader = ({ a, b, init, known, open }: Cells) => {
  let room = 0
  let at = NO_INTEGERS
  let kind = new Uint8Array(0)
  let as = NO_INTEGERS
  let bs = NO_INTEGERS
  let calls = NO_INTEGERS
  let returns = NO_INTEGERS
  return (part: Part): Cell => {
    if (part.rows.length > room) {
      room = Math.max(64, part.rows.length, 2 * room)
      ;[at, as, bs, calls, returns] = int32Arrays(room, room, room, room, room)
      kind = new Uint8Array(room)
    }
    let n = 0
    let kinds = 0
    for (let i = 0; i < part.rows.length; i++) {
      const row = part.rows[i]!
      const k = part.answered[i] === 1 ? known[row]! : open[row]!
      if (k === Kind.NOTHING) continue
      const does = k === Kind.TRY ? Kind.SWAP : k
      kinds |= 1 << does
      at[n] = i
      kind[n] = does
      as[n] = a[row]!
      bs[n] = b[row]!
      calls[n] = part.calls[i]!
      returns[n++] = k === Kind.TRY ? OPEN : part.returns[i]!
    }
    return { n, at, kind, a: as, b: bs, calls, returns, init, kinds }
  }
}
