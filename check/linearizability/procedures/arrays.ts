// Many arrays at once. To get memory takes longer than to check a small history in it.

export const NO_INTEGERS = new Int32Array(0)

/** Arrays of these lengths, in one piece of memory. */
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
