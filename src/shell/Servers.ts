/** A cluster as its clients see it: servers that can be asked, one at a time. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { ServerId } from "../raft/Server.ts"
import type { Reply, Request } from "../kv/Sessions.ts"

/**
 * What a server says to a request.
 * - `replied`: it is decided, and this is what became of it.
 * - `notLeader`: this server doesn't lead (any more). It may have led when it took the request, so that the request may still
 *   be decided. `leader`: who leads, as far as this server knows.
 * - `busy`: it leads, but has too much that is not committed yet (`Full`); the request was not taken.
 * - `unsent`: it can't be reached, so the request wasn't put to it.
 * - `unreachable`: nothing came back, or not in time; whether the request got there is unknown.
 * - `refused`: no server takes such a request, however often it is asked: too large a value, say.
 */
export type Answer =
  | { readonly type: "replied"; readonly reply: Reply }
  | { readonly type: "notLeader"; readonly leader: ServerId | null }
  | { readonly type: "busy" }
  | { readonly type: "unsent" | "unreachable" | "refused"; readonly reason: string }

/** Over a network, in the same process, or simulated. */
export class Servers extends Context.Service<Servers, {
  /** Those that are known; more may become so. */
  readonly ids: ReadonlyArray<ServerId>
  /** Puts the request to the server once, and waits `patience` milliseconds for its answer; then it is `unreachable`. */
  readonly ask: (server: ServerId, request: Request, patience: number) => Effect.Effect<Answer>
}>()("lockstep/shell/Servers") {}

/** There was no answer in time. */
export const silent = (patience: number): Answer => ({ type: "unreachable", reason: `no answer within ${patience} ms` })

/** The answer, if it comes in time. */
export const patiently = (answer: Effect.Effect<Answer>, patience: number): Effect.Effect<Answer> =>
  Effect.timeoutOrElse(answer, { duration: patience, orElse: () => Effect.succeed(silent(patience)) })
