/**
 * Sequences that are values, for the entries of a log: a change makes a new sequence, which shares with the old one all pages
 * before the change; only the list of pages is copied. In one piece, a log would be copied whole for each entry appended.
 *
 * Elements have indexes, of which the first is `base + 1`. A page has room for `pageLength` of them, up to the next multiple of
 * it, and there are no empty pages: so equal sequences have equal pages, however they came there.
 */
export type Pages<A> = ReadonlyArray<ReadonlyArray<A>>

const pageLength = 128

/** The number of the page for index `k`; the first one of a sequence is that for `base + 1`. */
const pageOf = (k: number): number => Math.floor((k - 1) / pageLength)

/** The index before the first one in the page for `k`. */
const pageBase = (base: number, k: number): number => Math.max(base, pageOf(k) * pageLength)

/** The last index; `base` if there are no elements. */
export const lastOf = <A>(pages: Pages<A>, base: number): number => {
  const { length } = pages
  return length === 0 ? base : pages[length - 1]!.length + (length === 1 ? base : (pageOf(base + 1) + length - 1) * pageLength)
}

/** The element at `k`, if there is one. */
export const elementAt = <A>(pages: Pages<A>, base: number, k: number): A | undefined =>
  pages[pageOf(k) - pageOf(base + 1)]?.[k - pageBase(base, k) - 1]

/** The elements up to and including that at `k`, for `base <= k <= lastOf(pages, base)`, then `elements`. */
export const replaceAfter = <A>(pages: Pages<A>, base: number, k: number, elements: ReadonlyArray<A>): Pages<A> => {
  const whole = pageOf(k + 1) - pageOf(base + 1)
  const changed = pages.slice(0, whole)
  const before = pageBase(base, k + 1)
  const rest = (pages[whole] ?? []).slice(0, k - before).concat(elements)
  for (let at = 0, end; at < rest.length; at = end) {
    end = (pageOf(before + at + 1) + 1) * pageLength - before
    changed.push(rest.slice(at, end))
  }
  return changed
}
