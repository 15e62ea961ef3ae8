import type { Json } from "../../linearizability/index.ts"
import type { Call, Run } from "../simulate.ts"
import type { SimulatedObject } from "./SimulatedObject.ts"

/** A lock held by a client: acquire, which waits; tryacquire; release, which answers whether the client held it. */
export class Lock implements SimulatedObject {
  readonly #run: Run
  readonly #waiting: Array<Call> = []
  #owner: number | null = null

  constructor(run: Run) {
    this.#run = run
  }

  argument(): Json {
    return null
  }

  waits({ op }: Call): boolean {
    return op === "acquire"
  }

  held(x: Call): Call | undefined {
    return x.op !== "release" && x.output === true ? x : undefined
  }

  effect(x: Call, time: number): void {
    const { due, finish, planted } = this.#run
    const free = this.#owner === null
    switch (x.op) {
      case "acquire": {
        const second = this.#owner !== null && this.#owner !== x.client && due("twoowners", x)
        if (second) planted()
        if (free || second) {
          this.#give(x)
          if (!x.lost) finish(x, time + 1)
        } else if (!x.lost) this.#waiting.push(x)
        break
      }
      case "tryacquire":
        x.output = free
        if (free) this.#owner = x.client
        break
      default:
        x.output = this.#owner === x.client
        if (x.output) this.#release(time)
    }
  }

  #give(x: Call): void {
    this.#owner = x.client
    x.output = true
  }

  #release(time: number): void {
    this.#owner = null
    const next = oneOf(this.#waiting, this.#run)
    if (next === undefined) return
    this.#give(next)
    this.#run.finish(next, time + 1 + this.#run.delay(this.#run.settings.latency / 4))
  }
}

/** Takes out any one of those who wait. */
const oneOf = (waiting: Array<Call>, { random }: Run): Call | undefined =>
  waiting.length === 0 ? undefined : waiting.splice(Math.floor(random() * waiting.length), 1)[0]

/**
 * A lock that anyone may release: acquire, which waits, and release. With `fencing`, acquire answers a token greater
 * than any before, and release takes it and answers whether the lock was held under it.
 *
 * An acquire of unknown outcome that had the lock after all is released by the client that comes after.
 */
export class Mutex implements SimulatedObject {
  readonly #run: Run
  readonly #fencing: boolean
  readonly #waiting: Array<Call> = []
  #token = 0
  #holder: Call | undefined

  constructor(run: Run, fencing: boolean) {
    this.#run = run
    this.#fencing = fencing
  }

  argument({ releases }: Call): Json {
    return this.#fencing && releases !== undefined ? releases.output : null
  }

  waits({ op }: Call): boolean {
    return op === "acquire"
  }

  held(x: Call): Call | undefined {
    const acquired = x.releases ?? x
    return acquired === this.#holder ? acquired : undefined
  }

  effect(x: Call, time: number): void {
    const { due, finish, planted, settings, delay } = this.#run
    if (x.op === "acquire") {
      const second = this.#holder !== undefined && due("twoowners", x)
      if (second) planted()
      if (this.#holder === undefined || second) {
        this.#give(x)
        if (!x.lost) finish(x, time + 1)
      } else if (!x.lost) this.#waiting.push(x)
      return
    }
    const holds = x.releases === this.#holder
    x.output = this.#fencing ? holds : true
    if (!holds) return
    this.#holder = undefined
    const next = oneOf(this.#waiting, this.#run)
    if (next === undefined) return
    this.#give(next)
    finish(next, time + 1 + delay(settings.latency / 4))
  }

  #give(x: Call): void {
    this.#holder = x
    if (this.#token > 0 && this.#run.due("dup", x)) this.#run.planted()
    else this.#token++
    x.output = this.#fencing ? this.#token : true
  }
}
