/** Who watches a replica: traces are written by one, and properties checked. By default nobody does. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Server, ServerId } from "../raft/Server.ts"
import type { Step } from "../raft/Message.ts"
import type { Parcel } from "./Transport.ts"

/** A step that a replica has taken. */
export interface TakenStep {
  /** The replica's own count of its steps, from 1. */
  readonly number: number
  /** The world's action in spec/World.tla. */
  readonly action: string
  readonly before: Server
  readonly step: Step
  /** The message that it consumed. */
  readonly consumed?: Parcel
}

export interface Watching {
  /**
   * The number of the replica's last step that counts, of those before its present life, when its disk knows of `durable`
   * (0: it is blank). The next one follows it.
   */
  readonly resume: (server: ServerId, durable: number) => Effect.Effect<number>
  /** They are taken, in memory; nothing of them is saved yet. */
  readonly taken: (steps: ReadonlyArray<TakenStep>) => Effect.Effect<void>
  /** They are durable, and nothing of what they send has left yet. */
  readonly durable: (steps: ReadonlyArray<TakenStep>) => Effect.Effect<void>
}

export const Observer = Context.Reference<Watching>("lockstep/shell/Observer", {
  defaultValue: () => ({
    resume: (_, durable) => Effect.succeed(durable),
    taken: () => Effect.void,
    durable: () => Effect.void
  })
})
