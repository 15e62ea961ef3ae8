/** Values to small integers: two values get the same integer exactly when their canonical JSON is the same. */

/**
 * The JSON text of a plain value with the keys of every object sorted; a field that is `undefined` counts as absent.
 * Throws a TypeError for what JSON would silently lose (a Map, a class instance, NaN, a bigint, a function), since two
 * different values would then pass for one.
 */
export const canonical = (value: unknown): string => JSON.stringify(ordered(value))

/** The same value, its objects' keys in order. */
const ordered = (value: unknown): unknown => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`${value} is not plain JSON`)
      return value
    case "object": {
      if (value === null) return value
      if (Array.isArray(value)) return value.map(ordered)
      const prototype: unknown = Object.getPrototypeOf(value)
      if (prototype !== Object.prototype && prototype !== null) {
        throw new TypeError(`a ${value.constructor.name} is not plain JSON`)
      }
      const record = value as Readonly<Record<string, unknown>>
      const copy: Record<string, unknown> = {}
      for (const key of inOrder(Object.keys(record))) {
        const field = record[key]
        if (field === undefined) continue
        // (Written plainly, that one would set the copy's prototype.)
        if (key === "__proto__") Object.defineProperty(copy, key, { value: ordered(field), enumerable: true })
        else copy[key] = ordered(field)
      }
      return copy
    }
    default:
      throw new TypeError(`a value of type ${typeof value} is not plain JSON`)
  }
}

/** Sorted; mostly they are. */
const inOrder = (keys: Array<string>): ReadonlyArray<string> => {
  for (let k = 1; k < keys.length; k++) if (keys[k]! < keys[k - 1]!) return keys.sort()
  return keys
}

/** Numbers values 0, 1, 2, … in the order of their first appearance. */
export class Interner<T> {
  readonly values: Array<T> = []
  /** Rough size of what is kept, in bytes. */
  bytes = 0
  private readonly ids = new Map<string, number>()

  /** The value's number, or -1 when it has none yet. Throws as `canonical` does. */
  find(value: T): number {
    // Values built by the same code have the same key order, so the native text nearly always hits.
    const text = JSON.stringify(value)
    const known = this.ids.get(text)
    if (known !== undefined) return known
    const key = canonical(value)
    if (key === text) return -1
    const id = this.ids.get(key) ?? -1
    if (id >= 0) this.alias(text, id)
    return id
  }

  /** Numbers a value that `find` didn't find. */
  add(value: T): number {
    const id = this.values.length
    this.values.push(value)
    this.alias(canonical(value), id)
    return id
  }

  private alias(text: string, id: number): void {
    this.ids.set(text, id)
    // The text, about as much again for the value, and an entry of the map.
    this.bytes += 4 * text.length + 64
  }
}
