// Strings that grow, as numbers: those that somebody sees into, and their beginnings as far as they come up. What is no
// beginning of any of them can never be seen again: it is dead, number 0.

export interface Strings {
  /** The number of a value that nobody sees. */
  readonly numberOf: (value: number) => number
  /** The number of what comes of appending the value `piece` to the string of number `number`. */
  readonly append: (number: number, piece: number) => number
}

/**
 * Value `seen[k]` has the number k + 1. `text` gives the string of a value; null is appended to as if it was empty.
 */
export const strings = (seen: ReadonlyArray<number>, text: (value: number) => string | null): Strings => {
  const texts: Array<string | null> = ["", ...seen.map(text)]
  const numbers = new Map<string, number>()
  for (const [number, string] of texts.entries()) if (number > 0 && string !== null) numbers.set(string, number)
  const sorted = [...numbers.keys()].sort()
  const isBeginning = (string: string): boolean => {
    let low = 0
    let high = sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (sorted[middle]! < string) low = middle + 1
      else high = middle
    }
    return low < sorted.length && sorted[low]!.startsWith(string)
  }
  const ofString = (string: string): number => {
    const known = numbers.get(string)
    if (known !== undefined) return known
    const number = isBeginning(string) ? texts.push(string) - 1 : 0
    numbers.set(string, number)
    return number
  }
  /** The number of null, which is not the empty string: somebody may see that. */
  let none: number | undefined
  const results = new Map<number, number>()
  return {
    numberOf: (value) => {
      const string = text(value)
      return string === null ? (none ??= texts.push(null) - 1) : ofString(string)
    },
    append: (number, piece) => {
      if (number === 0) return 0
      const name = number * 0x800000 + piece
      const known = results.get(name)
      if (known !== undefined) return known
      const result = ofString((texts[number] ?? "") + text(piece)!)
      results.set(name, result)
      return result
    }
  }
}
