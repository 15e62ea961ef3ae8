/**
 * A lock in the key-value store, as the labs build it: a key is absent or empty, or names its holder. A clerk may give
 * up and not know what became of its Cas (the labs' "Maybe"); whoever reads the key again knows.
 *
 * A Cas that was given up can't take effect after the next one of its client: the session's later commands say that
 * nobody waits for it (src/shell/Clerk.ts). So nobody comes to hold the lock behind his own back.
 */
import * as Effect from "effect/Effect"
import type { ClerkError } from "../../src/shell/Clerk.ts"
import { Failure } from "../simulator/Harness.ts"
import type { Client } from "./Service.ts"

/** Milliseconds before it is tried again. */
const pause = 10

const free = ""

/** Asks until somebody answers. */
const insist = <A>(question: Effect.Effect<A, ClerkError>): Effect.Effect<A> =>
  Effect.catch(question, () => Effect.suspend(() => insist(question)))

const orMaybe = (cas: Effect.Effect<boolean, ClerkError>): Effect.Effect<boolean | "maybe"> =>
  Effect.catch(cas, () => Effect.succeed("maybe" as const))

export class Lock {
  readonly #client: Client
  readonly #key: string
  #times = 0

  constructor(client: Client, key: string) {
    this.#client = client
    this.#key = key
  }

  /** Nobody else has this name, and he himself never again. */
  get #name(): string {
    return `${this.#client.address} ${this.#times}`
  }

  /** Waits until it is free, and takes it. */
  readonly acquire: Effect.Effect<void> = Effect.suspend(() => {
    this.#times++
    return this.#take
  })

  readonly #take: Effect.Effect<void> = Effect.gen({ self: this }, function*() {
    while (true) {
      const holder = yield* insist(this.#client.get(this.#key))
      if (holder === this.#name) return
      if (holder === null || holder === free) {
        if ((yield* orMaybe(this.#client.cas(this.#key, holder, this.#name))) === true) return
      } else yield* Effect.sleep(pause)
    }
  })

  /** Frees it for others. */
  readonly release: Effect.Effect<void> = Effect.gen({ self: this }, function*() {
    while (true) {
      const freed = yield* orMaybe(this.#client.cas(this.#key, this.#name, free))
      if (freed === true) return
      const holder = yield* insist(this.#client.get(this.#key))
      if (freed === "maybe" && holder !== this.#name) return
      if (freed === false) throw new Failure(`a lock that is released is held by ${this.#name}, not by "${holder}"`)
    }
  })
}
