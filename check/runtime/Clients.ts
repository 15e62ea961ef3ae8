/** Clients of a world: fibers with clerks, and what they saw, as a history in the format of `lockstep verify`. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { OutcomeUnknown, SessionExpired, Unavailable } from "../../src/shell/Clerk.ts"
import type { Clerk, ClerkError } from "../../src/shell/Clerk.ts"
import type { Operation as Asked, Response } from "../../src/kv/Map.ts"
import type { Operation } from "../linearizability/History.ts"
import type { Json } from "../linearizability/Texts.ts"
import type { Chance } from "../simulator/Chance.ts"
import type { World } from "./World.ts"

/** Few, so that operations meet. */
const keys = ["k0", "k1"]

/** Milliseconds that a client thinks before it asks again, at most. */
const pause = 150

/** A client that can't reach anybody must hear so within this time, when all is well again. Milliseconds. */
export const lastPatience = 10_000

const argumentOf = (o: Asked): Json => o.op === "cas" ? [o.from, o.to] : "value" in o ? o.value : null

export class Clients {
  /** By call. */
  readonly history: Array<Operation> = []
  readonly #world: World
  readonly #chance: Chance
  readonly #sessionTimeout: number
  /** The value each key probably has, to expect it. */
  readonly #guess = new Map<string, string>()
  /** Calls under way, by their place in the history. */
  readonly #underWay = new Set<number>()
  #values = 0
  #processes = 0

  constructor(world: World, chance: Chance, sessionTimeout: number) {
    this.#world = world
    this.#chance = chance
    this.#sessionTimeout = sessionTimeout
  }

  /** Whether anybody waits for an answer. */
  get wait(): boolean {
    return this.#underWay.size > 0
  }

  /** One after the other, as clients come and go: asks until `end`, and then once more, which must be answered. */
  readonly client = (end: number): Effect.Effect<void> => Effect.suspend(() => this.#one(end))

  readonly #one = Effect.fnUntraced({ self: this }, function*(this: Clients, end: number) {
    const chance = this.#chance
    const world = this.#world
    const patience = chance.percent(50) ? lastPatience : chance.between(100, 1500)
    let clerk = yield* this.#clerk(patience)
    while (world.simulator.now < end) {
      yield* Effect.sleep(chance.between(0, pause))
      if (chance.percent(10)) {
        // Several at a time.
        yield* Effect.all([this.#call(clerk), this.#call(clerk), this.#call(clerk)], { concurrency: "unbounded" })
      } else if (chance.percent(4)) {
        // It goes away in the middle of a call, and another comes.
        world.happens("clientsGone")
        const fiber = yield* Effect.forkChild(this.#call(clerk))
        yield* Effect.sleep(chance.between(0, 20))
        yield* Fiber.interrupt(fiber)
        clerk = yield* this.#clerk(patience)
      } else yield* this.#call(clerk)
    }
    yield* world.until(() => world.isQuiet)
    const last = yield* this.#clerk(lastPatience)
    const exit = yield* Effect.exit(this.#execute(last, { op: "get", key: chance.pick(keys) }))
    if (Exit.isFailure(exit)) world.observed.violate("AnswersInTheEnd", String(exit.cause))
  })

  #clerk(patience: number): Effect.Effect<Clerk> {
    return this.#world.clerk({ patience, sessionTimeout: this.#sessionTimeout })
  }

  #call(clerk: Clerk): Effect.Effect<void> {
    return Effect.suspend(() => Effect.ignore(this.#execute(clerk, this.#operation())))
  }

  #execute(clerk: Clerk, asked: Asked): Effect.Effect<Response, ClerkError> {
    return Effect.suspend(() => {
      const world = this.#world
      const { key, op } = asked
      const at = this.history.length
      const call = this.#clock()
      // A process of its own in the history, for calls of one client overlap.
      const client = ++this.#processes
      this.history.push({ client, op, key, value: argumentOf(asked), call, return: null, output: null })
      for (const other of this.#underWay) if (this.history[other]!.key === key) world.happens("overlapping")
      this.#underWay.add(at)
      const name = `c${client}`
      world.tell(name, `${op} ${key} ${JSON.stringify(argumentOf(asked))}`)
      return clerk.execute(asked).pipe(Effect.onExit((exit) =>
        Effect.sync(() => {
          this.#underWay.delete(at)
          const error = Exit.isFailure(exit) ? exit.cause.reasons.find((reason) => reason._tag === "Fail")?.error : undefined
          if (Exit.isSuccess(exit)) {
            world.happens("answered")
            this.history[at] = { ...this.history[at]!, return: this.#clock(), output: exit.value }
            world.tell(name, `hears ${JSON.stringify(exit.value)}`)
          } else if (error instanceof Unavailable) {
            world.happens("unavailable")
            this.history[at] = { ...this.history[at]!, applied: false }
            world.tell(name, "hears that it wasn't done")
          } else if (
            error instanceof OutcomeUnknown || error instanceof SessionExpired
            || exit.cause.reasons.every((reason) => reason._tag === "Interrupt")
          ) {
            world.happens("unknown")
            world.tell(name, `doesn't know: ${error?._tag ?? "gone"}`)
          } else world.observed.violate("Exception", String(exit.cause))
        })
      ))
    })
  }

  /** Microseconds. */
  #clock(): number {
    return Math.round(1000 * this.#world.simulator.now)
  }

  #operation(): Asked {
    const chance = this.#chance
    const key = chance.pick(keys)
    const value = `v${++this.#values}`
    const dice = chance.below(10)
    if (dice < 3) return { op: "get", key }
    if (dice < 5) return { op: "append", key, value: `.${value}` }
    if (dice < 6) return { op: "delete", key }
    if (dice < 8) {
      const from = chance.percent(30) ? null : this.#guess.get(key) ?? null
      this.#guess.set(key, value)
      return { op: "cas", key, from, to: value }
    }
    this.#guess.set(key, value)
    return { op: "put", key, value }
  }
}
