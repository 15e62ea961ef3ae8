/** Where parcels wait that have arrived at a server, until its transport is asked for them. */
import * as Effect from "effect/Effect"
import type { Parcel } from "../../src/shell/Transport.ts"

export class Port {
  #arrived: Array<Parcel> = []
  #wake: (() => void) | undefined

  put(parcel: Parcel): void {
    this.#arrived.push(parcel)
    this.#wake?.()
  }

  readonly receive: Effect.Effect<ReadonlyArray<Parcel>> = Effect.suspend(() => {
    const parcels = this.#arrived
    this.#arrived = []
    return parcels.length > 0 ? Effect.succeed(parcels) : Effect.andThen(this.#something, this.receive)
  })

  readonly #something = Effect.callback<void>((resume) => {
    this.#wake = () => {
      this.#wake = undefined
      resume(Effect.void)
    }
    return Effect.sync(() => {
      this.#wake = undefined
    })
  })
}
