/** What the commands of plain Redis clients are carried out by: a client of the cluster, kept inside of a server. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Operation, Response } from "../../kv/Map.ts"

/**
 * Why there is no response. `Unavailable`: the operation was not taken, and never will be. With the others it may have taken
 * effect, or may still, once; nobody knows.
 */
export interface Refusal {
  readonly _tag: "Unavailable" | "OutcomeUnknown" | "SessionExpired"
  readonly message: string
}

export class Gateway extends Context.Service<Gateway, {
  /** The operation takes effect once, between the call and the response. */
  readonly execute: (operation: Operation) => Effect.Effect<Response, Refusal>
}>()("lockstep/shell/resp/Gateway") {}
