import type { Json } from "../../linearizability/index.ts"
import type { Call, Run } from "../simulate.ts"
import { Past } from "./Past.ts"
import type { SimulatedObject } from "./SimulatedObject.ts"

/** A number, 0 at first: add, and read. */
export class Counter implements SimulatedObject {
  readonly #run: Run
  readonly #past: Past<number>
  #value = 0

  constructor(run: Run) {
    this.#run = run
    this.#past = new Past(run)
  }

  argument({ op }: Call): Json {
    return op !== "add" ? null : this.#run.settings.values > 0 ? this.#run.value() + 1 : 1
  }

  effect(x: Call): void {
    const { due, planted } = this.#run
    if (x.op === "add") {
      if (due("lost", x)) return planted()
      this.#add(x)
      if (due("dup", x)) {
        this.#add(x)
        planted()
      }
      return
    }
    x.output = this.#value
    const stale = due("stale", x) ? this.#past.stale(x, this.#value) : undefined
    if (stale !== undefined) {
      x.output = stale.value
      planted()
    } else if (due("phantom", x)) {
      x.output = this.#value + 999_999
      planted()
    }
  }

  #add(x: Call): void {
    this.#past.add(this.#value, x)
    this.#value += x.value as number
  }
}
