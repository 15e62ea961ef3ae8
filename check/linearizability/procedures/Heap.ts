// A heap of small integers, each with a key.

/** Small integers, the one with the least `keys[integer]` on top. Keys must not change while they are in. */
export class Heap {
  #items = new Int32Array(8)
  readonly #keys: Int32Array
  #size = 0

  constructor(keys: Int32Array) {
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
    if (this.#size === this.#items.length) {
      const larger = new Int32Array(2 * this.#size)
      larger.set(this.#items)
      this.#items = larger
    }
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
