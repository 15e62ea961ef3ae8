// A heap of small integers by a number that each has.

/** Numbers from 0 to `room` - 1, the one with the least `keys[number]` on top. Keys must not change while they are in. */
export class Heap {
  readonly #items: Int32Array
  readonly #keys: Int32Array
  #size = 0

  constructor(room: number, keys: Int32Array) {
    this.#items = new Int32Array(room)
    this.#keys = keys
  }

  get size(): number {
    return this.#size
  }

  /** The one on top; there must be one. */
  get top(): number {
    return this.#items[0]!
  }

  push(item: number) {
    const items = this.#items
    const keys = this.#keys
    const key = keys[item]!
    let i = this.#size++
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (keys[items[parent]!]! <= key) break
      items[i] = items[parent]!
      i = parent
    }
    items[i] = item
  }

  pop(): number {
    const items = this.#items
    const keys = this.#keys
    const top = items[0]!
    const size = --this.#size
    const last = items[size]!
    const key = keys[last]!
    let i = 0
    for (let child = 1; child < size; child = 2 * i + 1) {
      if (child + 1 < size && keys[items[child + 1]!]! < keys[items[child]!]!) child++
      if (keys[items[child]!]! >= key) break
      items[i] = items[child]!
      i = child
    }
    items[i] = last
    return top
  }
}
