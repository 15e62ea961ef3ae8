import type { Json } from "../../linearizability/index.ts"
import type { Call, Run } from "../simulate.ts"
import { Past } from "./Past.ts"
import type { SimulatedObject } from "./SimulatedObject.ts"

/** A set: add and remove answer whether they changed it; contains. */
export class Elements implements SimulatedObject {
  readonly #run: Run
  readonly #present = new Set<number>()
  /** Elements that were added lately: the ones worth asking for. */
  readonly #recent: Array<number> = []

  constructor(run: Run) {
    this.#run = run
  }

  argument({ op }: Call): Json {
    const { random, settings, value } = this.#run
    if (settings.values > 0) return value()
    if (op !== "add" && this.#recent.length > 0) return this.#recent[Math.floor(random() * this.#recent.length)]!
    const element = value()
    this.#recent.push(element)
    if (this.#recent.length > 2 * settings.clients) this.#recent.shift()
    return element
  }

  effect(x: Call): void {
    const { due, planted } = this.#run
    const element = x.value as number
    const present = this.#present.has(element)
    if (x.op === "contains") {
      const phantom = due("phantom", x)
      if (phantom) planted()
      x.output = present !== phantom
      return
    }
    const add = x.op === "add"
    x.output = present !== add
    if (!x.output) return
    if (due("lost", x)) return planted()
    if (add) this.#present.add(element)
    else this.#present.delete(element)
  }
}

/** A set that only grows: add, and read, which answers all elements, sorted. */
export class Growing implements SimulatedObject {
  readonly #run: Run
  /** How many elements there were. */
  readonly #past: Past<number>
  readonly #elements = new Set<number>()

  constructor(run: Run) {
    this.#run = run
    this.#past = new Past(run)
  }

  argument({ op }: Call): Json {
    return op === "add" ? this.#run.value() : null
  }

  effect(x: Call): void {
    const { due, planted } = this.#run
    const size = this.#elements.size
    if (x.op === "add") {
      if (due("lost", x)) return planted()
      if (this.#elements.has(x.value as number)) return
      this.#past.add(size, x)
      this.#elements.add(x.value as number)
      return
    }
    const stale = due("stale", x) ? this.#past.stale(x, size) : undefined
    const seen = [...this.#elements].slice(0, stale?.value ?? size)
    if (stale !== undefined) planted()
    else if (due("phantom", x)) {
      seen.push(999_999)
      planted()
    }
    x.output = seen.sort((a, b) => a - b)
  }
}
