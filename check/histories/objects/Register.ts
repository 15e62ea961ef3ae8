import type { Json } from "../../linearizability/index.ts"
import type { Call, Run } from "../simulate.ts"
import { Past } from "./Past.ts"
import type { SimulatedObject } from "./SimulatedObject.ts"

/** A register: read, write and cas; or a key of a map: get, put and append. */
export class Register implements SimulatedObject {
  readonly #run: Run
  readonly #past: Past<Json>
  #value: Json

  constructor(run: Run, initial: Json) {
    this.#run = run
    this.#past = new Past(run)
    this.#value = initial
  }

  argument({ client, op }: Call): Json {
    const { random, settings, value } = this.#run
    switch (op) {
      case "put":
        return settings.model === "append" ? `${client}.${value()};` : `v${value()}`
      case "append":
        return `${client}.${value()};`
      case "write":
        return value()
      case "cas": {
        const expected = random() < 0.6 && this.#value !== null ? this.#value : settings.values > 0 ? value() : (this.#value ?? 0)
        return [expected, value()]
      }
      default:
        return null
    }
  }

  effect(x: Call): void {
    switch (x.op) {
      case "read":
      case "get":
        x.output = this.#read(x)
        break
      case "cas": {
        const [expected, value] = x.value as readonly [Json, Json]
        const bad = this.#value !== expected && this.#run.due("badcas", x)
        if (bad) this.#run.planted()
        x.output = bad || this.#value === expected
        if (x.output) this.#set(x, value)
        break
      }
      default: {
        if (this.#run.due("lost", x)) return this.#run.planted()
        const append = x.op === "append"
        this.#set(x, append ? `${this.#value as string}${x.value as string}` : x.value)
        if (append && this.#run.due("dup", x)) {
          this.#set(x, `${this.#value as string}${x.value as string}`)
          this.#run.planted()
        }
      }
    }
  }

  #set(by: Call, value: Json): void {
    this.#past.add(this.#value, by)
    this.#value = value
  }

  #read(x: Call): Json {
    const { due, planted } = this.#run
    if (due("stale", x)) {
      const stale = this.#past.stale(x, this.#value)
      if (stale === undefined) return this.#value
      planted()
      return stale.value
    }
    if (due("swap", x) && typeof this.#value === "string") {
      const tokens = this.#value.split(";")
      if (tokens.length <= 3) return this.#value
      planted()
      return [...tokens.slice(0, -3), tokens.at(-2), tokens.at(-3), ""].join(";")
    }
    if (due("phantom", x)) {
      planted()
      return typeof this.#value === "string" ? `${this.#value}ghost;` : 999_999
    }
    return this.#value
  }
}
