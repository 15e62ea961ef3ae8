/** A client with a session, as simple as one can be. */
import * as Effect from "effect/Effect"
import { commandOf, Hear, InitClient, Invoke } from "../../src/kv/Client.ts"
import type { Outcome } from "../../src/kv/Client.ts"
import type { Operation } from "../../src/kv/Map.ts"
import type { Request, SessionId } from "../../src/kv/Sessions.ts"
import type { ServerId } from "../../src/raft/Server.ts"
import type { Servers } from "../../src/shell/Servers.ts"

export interface Clerk {
  /** One at a time. Asks until there is an answer; who has no more patience interrupts it. */
  readonly execute: (operation: Operation) => Effect.Effect<Outcome>
  /** Its latest session; 0: none yet. */
  readonly session: () => SessionId
}

const patience = 60
const pause = 10

export const makeClerk = (servers: Servers["Service"], timeout = 2000): Effect.Effect<Clerk> =>
  Effect.sync(() => {
    let client = InitClient
    let server: ServerId = servers.ids[0]!
    let asked = 0

    const next = () => {
      server = servers.ids[(servers.ids.indexOf(server) + 1) % servers.ids.length]!
    }
    const ask = Effect.fnUntraced(function*(request: Request, done: () => boolean) {
      while (!done()) {
        if (asked++ > 0) yield* Effect.sleep(pause)
        const answer = yield* Effect.raceFirst(servers.ask(server, request), Effect.as(Effect.sleep(patience), undefined))
        if (answer === undefined || answer.type === "unreachable") next()
        else if (answer.type === "replied") {
          asked = 0
          client = Hear(client, answer.reply) ?? client
        } else if (answer.type === "notLeader") {
          if (answer.leader === null) next()
          else server = answer.leader
        }
      }
    })
    return {
      session: () => client.session,
      execute: Effect.fnUntraced(function*(operation: Operation) {
        yield* ask({ type: "open", timeout }, () => client.open)
        client = Invoke(client, operation)!
        const { seq } = client
        yield* ask(commandOf(client, seq), () => client.waiting[seq] === undefined)
        return client.heard!
      })
    }
  })
