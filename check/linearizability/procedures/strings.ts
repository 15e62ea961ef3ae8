// Strings that grow, as numbers: those that somebody sees into, and their beginnings as far as they come up. What is no
// beginning of any of them can never be seen again: it is dead, number 0.
//
// A beginning is never written out. It is how long it is, and which of the seen strings, in order, begin with it. To
// append is to look for those of them that go on with the piece.

export interface Strings {
  /** The number of a value that nobody sees. */
  readonly numberOf: (value: number) => number
  /** The number of what comes of appending the value `piece` to the string of number `number`. */
  readonly append: (number: number, piece: number) => number
}

interface Beginning {
  readonly length: number
  /** The seen strings that begin with it: those from `from` to before `to`, in order. */
  readonly from: number
  readonly to: number
}

/**
 * Value `seen[k]` has the number k + 1. `text` gives the string of a value, of which there are `values`; null is appended
 * to as if it was empty.
 */
export const strings = (seen: ReadonlyArray<number>, values: number, text: (value: number) => string | null): Strings => {
  const numbers = new Map<string, number>()
  for (const [k, value] of seen.entries()) {
    const string = text(value)
    if (string !== null) numbers.set(string, k + 1)
  }
  const sorted = [...numbers.keys()].sort()
  const empty: Beginning = { length: 0, from: 0, to: sorted.length }
  /** By number, once it was appended to. */
  const beginnings: Array<Beginning | undefined> = new Array(seen.length + 1).fill(undefined)
  /** Numbers of beginnings that nobody sees, by length and `from`. */
  const unseen = new Map<number, number>()

  /** Where those of a beginning's strings begin that go on with what is above the piece, or that go on with it or above. */
  const boundary = (piece: string, { from, length, to }: Beginning, isAbove: boolean): number => {
    while (from < to) {
      const middle = (from + to) >> 1
      const part = sorted[middle]!.slice(length, length + piece.length)
      if (part < piece || (isAbove && part === piece)) from = middle + 1
      else to = middle
    }
    return from
  }
  const grow = (beginning: Beginning, piece: string): number => {
    const from = boundary(piece, beginning, false)
    if (from === beginning.to || !sorted[from]!.startsWith(piece, beginning.length)) return 0
    const length = beginning.length + piece.length
    const grown = () => ({ length, from, to: boundary(piece, beginning, true) })
    // Of the strings that begin with it, it comes first itself.
    if (sorted[from]!.length === length) {
      const number = numbers.get(sorted[from]!)!
      beginnings[number] ??= grown()
      return number
    }
    const name = length * sorted.length + from
    let number = unseen.get(name)
    if (number === undefined) unseen.set(name, (number = beginnings.push(grown()) - 1))
    return number
  }

  const ofSeen = (number: number): Beginning => {
    const string = text(seen[number - 1]!)
    if (string !== null) grow(empty, string)
    return (beginnings[number] ??= empty)
  }

  /** The number of null, which is not the empty string: somebody may see that. */
  let none: number | undefined
  const results = new Map<number, number>()
  return {
    numberOf: (value) => {
      const string = text(value)
      return string === null ? (none ??= beginnings.push(empty) - 1) : grow(empty, string)
    },
    append: (number, piece) => {
      if (number === 0) return 0
      const name = number * values + piece
      const known = results.get(name)
      if (known !== undefined) return known
      const result = grow(beginnings[number] ?? ofSeen(number), text(piece)!)
      results.set(name, result)
      return result
    }
  }
}
