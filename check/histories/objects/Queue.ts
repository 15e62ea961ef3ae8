import type { Json } from "../../linearizability/index.ts"
import type { Call, Run } from "../simulate.ts"
import type { SimulatedObject } from "./SimulatedObject.ts"

/** First in, first out: enq, and deq, which answers null when there is nothing. */
export class Queue implements SimulatedObject {
  readonly #run: Run
  readonly #elements: Array<Json> = []
  /** How many elements were taken. */
  #taken = 0

  constructor(run: Run) {
    this.#run = run
  }

  argument({ op }: Call): Json {
    return op === "enq" ? `v${this.#run.value()}` : null
  }

  effect(x: Call): void {
    const { due, planted, settings } = this.#run
    if (x.op === "enq") {
      if (due("lost", x)) return planted()
      this.#elements.push(x.value)
      return
    }
    // With so many elements none of these answers can be right.
    const count = this.#elements.length - this.#taken
    const full = count > 2 * settings.clients
    if (full && due("swap", x)) {
      x.output = this.#elements.pop()!
      return planted()
    }
    if (full && due("empty", x)) return planted()
    if (count === 0) return
    x.output = this.#elements[this.#taken]!
    if (due("dup", x)) return planted()
    this.#taken++
  }
}
