// Memory for columns and searches.

export const NO_INTEGERS = new Int32Array(0)

/** Arrays of these lengths in one piece of memory: to get many takes longer than to check a small history in them. */
export const int32Arrays = <const L extends ReadonlyArray<number>>(...lengths: L): { -readonly [K in keyof L]: Int32Array<ArrayBuffer> } => {
  let total = 0
  for (const length of lengths) total += length
  const memory = new ArrayBuffer(4 * total)
  let at = 0
  return lengths.map((length) => {
    const array = new Int32Array(memory, at, length)
    at += 4 * length
    return array
  }) as { -readonly [K in keyof L]: Int32Array<ArrayBuffer> }
}

/** A longer copy of an array, 0 at the end. */
export const longer = <A extends Int32Array | Uint16Array | Uint8Array | Float64Array>(array: A, length: number): A => {
  const larger = new (array.constructor as new (length: number) => A)(length)
  larger.set(array)
  return larger
}
