// Strings that grow: a read of everything that was appended names every append before it, so where each piece is written
// once the reads reveal the order (Elle's recoverability: Kingsbury & Alvaro, VLDB 2020; here for each key).
//
// An *epoch* is what follows one put, or the beginning. Its longest read gives the order of its appends that were seen;
// every other read of the epoch must be the beginning of that one, and end where a piece ends. So an epoch is one block:
// the put, its reads, the first append, its reads, and so on (zones.ts). A known put or append that nobody saw is a block
// of its own: it fits at any point before the next put, since nobody read there. One of unknown outcome that nobody saw
// is left out. Linear in the bytes of the reads, which are compared as they lie in memory (Texts.ts).
import { Kind } from "./Cell.ts"
import type { Cell, Cells } from "./Cell.ts"
import { OPEN } from "./Procedure.ts"
import type { Found } from "./Procedure.ts"
import { Blocks } from "./zones.ts"

const applicable = (1 << Kind.READ) | (1 << Kind.WRITE) | (1 << Kind.APPEND)

/** What is seen after a put (or from the beginning, `put` -1) and before the next. */
interface Epoch {
  readonly put: number
  /** The value of the longest read, and who read it. */
  readonly longest: number
  readonly reader: number
  /** The appends in it, in order. */
  readonly appends: ReadonlyArray<number>
  /** Reads by how many appends they saw; and that number by the length of what they read. */
  readonly reads: ReadonlyArray<Array<number>>
  readonly levels: ReadonlyMap<number, number>
}

/** The procedure for strings. It answers `undefined` for a cell that it cannot decide. */
export const appends = ({ init, texts }: Cells) => (cell: Cell): Found | undefined => {
  const { a, at, b, kind, kinds, n, returns } = cell
  if ((kinds & (1 << Kind.APPEND)) === 0 || (kinds & ~applicable) !== 0 || texts === undefined || texts.hasHalves) return undefined
  const pieces = new Map<string, number>()
  const reads = new Map<number, Array<number>>()
  let changes = 0
  for (let i = 0; i < n; i++) {
    if (kind[i] === Kind.READ) {
      const same = reads.get(a[i]!)
      if (same === undefined) reads.set(a[i]!, [i])
      else same.push(i)
      continue
    }
    if (!texts.isString(b[i]!) || b[i] === init) return undefined
    const piece = texts.content(b[i]!)
    pieces.set(piece, i)
    if (piece === "" || pieces.size < ++changes) return undefined
  }
  const lengths = decodableLengths(pieces)
  if (lengths === undefined) return undefined

  const illegal = (operations: ReadonlyArray<number>, reason: string): Found => ({
    verdict: "illegal",
    evidence: { operations: [...new Set(operations.map((i) => at[i]!))], reason }
  })
  let usual = lengths[0]!
  /** The operation whose piece stands in `string` at `from`, or -1. Pieces that follow each other are often of one length. */
  const pieceAt = (string: string, from: number): number => {
    const i = pieces.get(string.slice(from, from + usual))
    if (i !== undefined) return i
    for (const length of lengths) {
      const i = pieces.get(string.slice(from, from + length))
      if (i === undefined) continue
      usual = length
      return i
    }
    return -1
  }

  // Longest first, so that each epoch is made from its longest read.
  const lengthOf = (value: number): number => (texts.isString(value) ? texts.contentLength(value) : 0)
  const strings = [...reads]
    .filter(([value]) => value !== init)
    .map(([value, readers]) => ({ value, length: lengthOf(value), readers }))
    .sort((x, y) => y.length - x.length)
  const longestPiece = Math.max(...lengths)
  const epochs = new Map<number, Epoch>()
  const seenBy = new Int32Array(n).fill(-1)
  for (const { length, readers, value } of strings) {
    const reader = readers[0]!
    if (length === 0) return illegal([reader], `#${at[reader]} saw a value that nobody made`)
    const first = pieceAt(texts.content(value, longestPiece), 0)
    const put = first !== -1 && kind[first] === Kind.WRITE ? first : -1
    let epoch = epochs.get(put)
    if (epoch === undefined) {
      const appended: Array<number> = []
      const levels = new Map<number, number>([[put === -1 ? 0 : lengthOf(b[put]!), 0]])
      const string = texts.content(value)
      for (let from = 0; from < string.length; ) {
        const i = pieceAt(string, from)
        if (i === -1) return illegal([reader], `#${at[reader]} saw something that nobody wrote`)
        if (kind[i] === Kind.WRITE && from > 0) return illegal([reader], `#${at[reader]} saw something before what #${at[i]} put`)
        if (seenBy[i] === reader) return illegal([reader], `#${at[reader]} saw twice what #${at[i]} wrote once`)
        if (seenBy[i] !== -1) {
          const reason = `#${at[seenBy[i]!]} and #${at[reader]} saw what #${at[i]} appended in different places`
          return illegal([seenBy[i]!, reader], reason)
        }
        seenBy[i] = reader
        from += lengthOf(b[i]!)
        if (i === put) continue
        appended.push(i)
        levels.set(from, appended.length)
      }
      epoch = { put, longest: value, reader, appends: appended, reads: Array.from({ length: appended.length + 1 }, () => []), levels }
      epochs.set(put, epoch)
    }
    const level = epoch.levels.get(length)
    if (!texts.startsWith(epoch.longest, value)) {
      return illegal([epoch.reader, reader], `#${at[epoch.reader]} and #${at[reader]} disagree on the order of what was appended`)
    }
    if (level === undefined || (level === 0 && put === -1)) return illegal([reader], `#${at[reader]} saw only a part of something`)
    for (const i of readers) epoch.reads[level]!.push(i)
  }

  const none: Epoch = { put: -1, longest: -1, reader: -1, appends: [], reads: [[]], levels: new Map() }
  const start = epochs.get(-1) ?? none
  for (const i of reads.get(init) ?? []) start.reads[0]!.push(i)
  epochs.set(-1, start)
  const blocks = new Blocks(n)
  for (const { appends, put, reads } of epochs.values()) {
    if (put !== -1) blocks.add(put)
    blocks.endLevel()
    for (const [level, readers] of reads.entries()) {
      if (level > 0) blocks.add(appends[level - 1]!)
      blocks.endLevel()
      for (const i of readers) blocks.add(i)
      blocks.endLevel()
    }
    blocks.endBlock(put === -1)
  }
  for (const i of pieces.values()) {
    if (seenBy[i] !== -1 || returns[i] === OPEN) continue
    blocks.add(i)
    blocks.endLevel()
    blocks.endBlock()
  }
  return blocks.arrange(cell, (i) => [...(returns[i] === OPEN ? [] : [i]), ...(seenBy[i] === -1 ? [] : [seenBy[i]!])])
}

/** The lengths of the pieces, if no piece begins with another, so that a string falls into pieces in one way only. */
const decodableLengths = (pieces: ReadonlyMap<string, number>): ReadonlyArray<number> | undefined => {
  const sorted = [...pieces.keys()].sort()
  for (let k = 1; k < sorted.length; k++) if (sorted[k]!.startsWith(sorted[k - 1]!)) return undefined
  return [...new Set(sorted.map((piece) => piece.length))]
}
