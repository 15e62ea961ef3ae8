/**
 * Clerks for callers without sessions, such as Redis clients: each command is done by one of them, so it takes effect once,
 * through failovers too, for as long as this process lives. All of them know who leads as soon as one does. The place that
 * was free last is taken first, so there are no more sessions in use than the commands under way need; the others expire,
 * and their clerks, who are nearly nothing, open new ones when they are needed again.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"
import type { ServerId } from "../raft/Server.ts"
import type { Operation, Response } from "../kv/Map.ts"
import { clerkOf } from "./Clerk.ts"
import type { Clerk, ClerkError, ClerkOptions } from "./Clerk.ts"
import { makeLeader } from "./Leader.ts"
import type { Servers } from "./Servers.ts"

/** Commands under way at a time; more of them wait. */
const most = 1_024
/**
 * Those of one clerk. Each server looks through all sessions and copies one's answers for each entry that it applies; with
 * few commands in each of many sessions, or many in few, that takes longer.
 */
const together = 8

export class Clerks extends Context.Service<Clerks, {
  readonly execute: (operation: Operation) => Effect.Effect<Response, ClerkError>
}>()("lockstep/shell/Clerks") {
  /** `first`: who is asked first, since it is nearest. */
  static readonly layer = (first: ServerId, options: ClerkOptions = {}) => Layer.effect(Clerks, make(first, options))
}

const make = Effect.fnUntraced(function*(first: ServerId, options: ClerkOptions): Effect.fn.Return<
  Clerks["Service"],
  never,
  Servers
> {
  const leader = yield* makeLeader(first)
  const places = yield* Semaphore.make(most)
  /** A clerk for each command that it could have more. */
  const free: Array<Clerk> = []

  const hire = Effect.map(clerkOf(leader, options), (clerk) => {
    for (let n = 1; n < together; n++) free.push(clerk)
    return clerk
  })

  return Clerks.of({
    execute: (operation) =>
      places.withPermit(Effect.gen(function*() {
        const clerk = free.pop() ?? (yield* hire)
        return yield* Effect.ensuring(clerk.execute(operation), Effect.sync(() => free.push(clerk)))
      }))
  })
})
