// Memory that threads share.

/** A copy of an array that threads can share. */
export const inSharedMemory = <A extends Int32Array | Float64Array | Uint8Array | Uint16Array>(array: A): A => {
  const shared = new SharedArrayBuffer(array.byteLength)
  const copy = new (array.constructor as new (buffer: SharedArrayBuffer) => A)(shared)
  copy.set(array)
  return copy
}
