// Most objects are a cell: something that has one value at a time. Registers, the keys of a map, locks and the elements of
// a set are, and their operations come down to the kinds below. So they share their decision procedures.
import type { Texts } from "../Texts.ts"

/** What an operation does to the value of a cell. `a` and `b` are numbers of values. */
export const Kind = {
  /** Says nothing: it is left out. */
  NOTHING: 0,
  /** Is allowed where the value is `a`. */
  READ: 1,
  /** Is allowed where the value is not `a`: a compare-and-set that failed. */
  NOT: 2,
  /** Makes it `b`. */
  WRITE: 3,
  /** Is allowed where the value is `a`, and makes it `b`. */
  SWAP: 4,
  /** Is allowed where the value is not `b`, and makes it `b`: a delete that found something. */
  CHANGE: 5,
  /** Makes it `append(value, b)`. */
  APPEND: 6,
  /** Of unknown outcome: a SWAP, or nothing, if the value was another. */
  TRY: 7
} as const

/** The operations of a history as those of cells, in columns like the history's. */
export interface Cells {
  /** The kind of each operation when its answer is believed, and when its outcome is unknown. */
  readonly known: Uint8Array
  readonly open: Uint8Array
  readonly a: Int32Array
  readonly b: Int32Array
  /** The value at the beginning. */
  readonly init: number
  /** All values that operations name are below. */
  readonly values: number
  /** Where there are appends: the texts of the values, which are strings, or null, which is appended to as if it was empty. */
  readonly texts?: Texts
}

/** The operations of one cell that say something, by call. `at[j]` is the place of operation `j` in the part. */
export interface Cell {
  readonly n: number
  readonly at: Int32Array
  readonly kind: Uint8Array
  readonly a: Int32Array
  readonly b: Int32Array
  readonly calls: Int32Array
  readonly returns: Int32Array
  readonly init: number
  /** Bit `k` is set when there is an operation of kind `k`. */
  readonly kinds: number
}
