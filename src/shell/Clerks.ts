/**
 * Clerks for callers without sessions, such as Redis clients: each command is done by a clerk that has nothing else to do,
 * so it takes effect once, through failovers too, for as long as this process lives. All of them know who leads as soon as
 * one does. The clerk that was free last has the next command, so there are no more sessions in use than commands under
 * way; the others expire, and their clerks, who are nearly nothing, open new ones when they are needed again.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"
import type { Operation } from "../kv/Map.ts"
import type { ServerId } from "../raft/Server.ts"
import { clerkOf } from "./Clerk.ts"
import type { Clerk, ClerkOptions } from "./Clerk.ts"
import { makeLeader } from "./Leader.ts"
import { Gateway } from "./resp/Gateway.ts"
import type { Servers } from "./Servers.ts"

/** Commands under way at a time; more of them wait. Each has a session, which all servers keep. */
const most = 1_024

/** `first`: who is asked first, since it is nearest. */
export const layerClerks = (first: ServerId, options: ClerkOptions = {}): Layer.Layer<Gateway, never, Servers> =>
  Layer.effect(Gateway, make(first, options))

const make = Effect.fnUntraced(function*(first: ServerId, options: ClerkOptions): Effect.fn.Return<
  Gateway["Service"],
  never,
  Servers
> {
  const leader = yield* makeLeader(first)
  const places = yield* Semaphore.make(most)
  const idle: Array<Clerk> = []

  const by = (clerk: Clerk, operation: Operation) => Effect.ensuring(clerk.execute(operation), Effect.sync(() => idle.push(clerk)))

  return Gateway.of({
    execute: (operation) =>
      places.withPermit(Effect.suspend(() => {
        const clerk = idle.pop()
        return clerk === undefined
          ? Effect.flatMap(clerkOf(leader, options), (fresh) => by(fresh, operation))
          : by(clerk, operation)
      }))
  })
})
