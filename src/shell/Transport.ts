/**
 * How Raft's messages travel: one way, as well as it goes. A message may get lost, late, or overtaken, and nobody is told;
 * it is never altered. Whoever needs an answer asks again (Figure 2 does).
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Message } from "../raft/Message.ts"

/** A message, and which one it is: the `position`-th (from 1) of those that its source sent in its step `number` (from 1). */
export interface Parcel {
  readonly number: number
  readonly position: number
  readonly message: Message
}

export class Transport extends Context.Service<Transport, {
  /** Puts them on their way, each to its `dest`. Never waits for a peer, and never fails. */
  readonly send: (parcels: ReadonlyArray<Parcel>) => Effect.Effect<void>
  /** What has arrived since the last time, in the order of its arrival; waits for at least one. */
  readonly receive: Effect.Effect<ReadonlyArray<Parcel>>
}>()("lockstep/shell/Transport") {}
