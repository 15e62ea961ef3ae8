/**
 * A client with a session (diss. 6.3): each command takes effect once, however often it had to be asked. What to say and
 * what to believe is in src/kv/Client.ts, whom to ask in Leader.ts; here is how long to ask, and what to tell the caller
 * when there is no answer.
 *
 * A command that is given up may still be under way, and take effect later. It is left out of what the clerk waits for all
 * the same, so that the session's `first` can pass its number: a server that has heard so refuses each copy that comes
 * later (`STALE`), whether or not an earlier one took effect. So giving up never makes it two times, and ends the doubt
 * sooner.
 *
 * What an expired session leaves open, Client.ts leaves unknown, since its network may repeat requests and replies. Here
 * each attempt has an answer of its own. The only attempt of a command, answered `SESSION_EXPIRED`, is all there ever was of
 * it, and was refused: it had no effect and never will, and may be asked anew in another session. With more attempts an
 * earlier one may have taken effect while there was a session; but a read that did so has changed nothing.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Runtime from "effect/Runtime"
import * as Semaphore from "effect/Semaphore"
import { commandOf, Hear, InitClient, Invoke } from "../kv/Client.ts"
import type { Client } from "../kv/Client.ts"
import type { Operation, Response } from "../kv/Map.ts"
import type { Reply } from "../kv/Sessions.ts"
import * as Table from "../kv/Table.ts"
import { makeLeader } from "./Leader.ts"
import type { Asked, Leader } from "./Leader.ts"
import type { Servers } from "./Servers.ts"
import { now } from "./Timer.ts"

/** No server has taken the command: it had no effect, and won't have any. `reason` says whether to ask again makes sense. */
export class Unavailable extends Data.TaggedError("Unavailable")<{ readonly operation: Operation; readonly reason: string }> {
  override readonly message = `not done: ${this.reason}`
  override readonly [Runtime.errorExitCode] = 2
}

/** The command took effect once, or will, or never does. Only the caller can say what is to be done about it. */
export class OutcomeUnknown extends Data.TaggedError("OutcomeUnknown")<{
  readonly operation: Operation
  readonly reason: string
}> {
  override readonly message = `outcome unknown: ${this.reason}`
  override readonly [Runtime.errorExitCode] = 3
}

/** The command took effect once, before this answer, or not at all, and won't any more: who looks now can know. */
export class SessionExpired extends Data.TaggedError("SessionExpired")<{ readonly operation: Operation }> {
  override readonly message = "outcome unknown: the session expired, so if it hasn't taken effect by now, it won't"
  override readonly [Runtime.errorExitCode] = 3
}

export type ClerkError = Unavailable | OutcomeUnknown | SessionExpired

export interface ClerkOptions {
  /** Milliseconds from the call of a command to its answer, at most; default 10,000. */
  readonly patience?: number | undefined
  /** Milliseconds that the session lives without being used; default 60,000. */
  readonly sessionTimeout?: number | undefined
}

export interface Clerk {
  /** Takes effect once, between call and return. Commands under way together take effect in any order. */
  readonly execute: (operation: Operation) => Effect.Effect<Response, ClerkError>
  /** The key's value; null when absent. */
  readonly get: (key: string) => Effect.Effect<string | null, ClerkError>
  readonly put: (key: string, value: string) => Effect.Effect<void, ClerkError>
  /** To an absent key it is a `put`. */
  readonly append: (key: string, value: string) => Effect.Effect<void, ClerkError>
  /** Puts `to` if the value is `from` (null: if the key is absent); whether it was. */
  readonly cas: (key: string, from: string | null, to: string) => Effect.Effect<boolean, ClerkError>
  /** Whether the key was there. */
  readonly delete: (key: string) => Effect.Effect<boolean, ClerkError>
}

/** How far numbers under way may lie apart: servers keep the answers of as many. */
const window = 64

interface Session {
  client: Client
  /** Open when a number has become free in the window. */
  readonly room: Latch.Latch
  /** When it was last put to use. */
  used: number
}

/** Whether another number fits the window. */
const hasRoom = ({ client: { seq, waiting } }: Session): boolean => waiting.size === 0 || seq + 1 < waiting.least + window

/** The client without a command that it asks no more. */
const without = (client: Client, seq: number): Client => ({ ...client, waiting: Table.remove(client.waiting, seq) })

/** Not an answer to what was asked: somebody is wrong, and no outcome can be told from it. */
const unheardOf = (reply: Reply) => Effect.die(new Error(`not an answer to a clerk: ${JSON.stringify(reply)}`))

/** Asks by itself. */
export const makeClerk = (options: ClerkOptions = {}): Effect.Effect<Clerk, never, Servers> =>
  Effect.flatMap(makeLeader(), (leader) => clerkOf(leader, options))

/** Asks together with others, who learn from one another who leads. */
export const clerkOf = Effect.fnUntraced(function*(
  leader: Leader,
  { patience = 10_000, sessionTimeout = 60_000 }: ClerkOptions
): Effect.fn.Return<Clerk> {
  const clock = yield* Clock.Clock
  const opening = yield* Semaphore.make(1)
  let latest: Session | undefined

  /**
   * The session, if commands can begin in it. After half of its timeout it isn't put to the test: a server may have another
   * clock, and if the leader has changed, too, a command would take more than one attempt, and its outcome stay unknown.
   */
  const usable = (): Session | undefined =>
    latest !== undefined && now(clock) - latest.used < sessionTimeout / 2 ? latest : undefined

  const open = Effect.fnUntraced(function*(operation: Operation, deadline: number) {
    // Who had its turn before may have opened one.
    const there = usable()
    if (there !== undefined) return there
    const used = now(clock)
    const { reply, trouble } = yield* leader.ask(() => ({ type: "open", timeout: sessionTimeout }), deadline)
    if (reply === undefined) return yield* new Unavailable({ operation, reason: trouble })
    const client = Hear(InitClient, reply)
    if (client === undefined) return yield* unheardOf(reply)
    return latest = { client, room: Latch.makeUnsafe(true), used }
  })

  /** A session in whose window there is room. */
  const session = Effect.fnUntraced(function*(operation: Operation, deadline: number) {
    while (true) {
      const s = usable() ?? (yield* opening.withPermit(Effect.suspend(() => open(operation, deadline))))
      if (hasRoom(s)) return s
      const left = Math.ceil(deadline - now(clock))
      if (left <= 0) return yield* new Unavailable({ operation, reason: `${window} commands are under way` })
      s.room.closeUnsafe()
      yield* Effect.timeoutOption(s.room.await, left)
    }
  })

  const leave = (s: Session, seq: number) => {
    s.client = without(s.client, seq)
    s.room.openUnsafe()
  }

  /** What to make of what was said to command `seq`. */
  const conclude = (
    s: Session,
    seq: number,
    operation: Operation,
    { puts, reply, trouble }: Asked,
    deadline: number
  ): Effect.Effect<Response, ClerkError> => {
    if (reply === undefined) {
      return Effect.fail(
        puts === 0 ? new Unavailable({ operation, reason: trouble }) : new OutcomeUnknown({ operation, reason: trouble })
      )
    }
    const heard = Hear(s.client, reply)
    if (heard === undefined) return unheardOf(reply)
    if (reply.status === "OK") {
      s.client = heard
      return Effect.succeed(reply.response)
    }
    if (latest === s) latest = undefined
    if (puts > 1 && operation.op !== "get") return Effect.fail(new SessionExpired({ operation }))
    return Effect.suspend(() => {
      leave(s, seq)
      return perform(operation, deadline)
    })
  }

  /** In a session that has room for it. */
  const performIn = (s: Session, operation: Operation, deadline: number): Effect.Effect<Response, ClerkError> => {
    let seq = 0
    return Effect.suspend(() => {
      s.client = Invoke(s.client, operation)!
      seq = s.client.seq
      return leader.ask(() => {
        s.used = now(clock)
        return commandOf(s.client, seq)
      }, deadline)
    }).pipe(
      Effect.flatMap((asked) => conclude(s, seq, operation, asked, deadline)),
      // Wherever an interrupt hits: a number that nobody leaves would keep all others waiting.
      Effect.ensuring(Effect.sync(() => leave(s, seq)))
    )
  }

  /** In the session there is, as a rule. */
  const perform = (operation: Operation, deadline: number): Effect.Effect<Response, ClerkError> => {
    const s = usable()
    return s !== undefined && hasRoom(s)
      ? performIn(s, operation, deadline)
      : Effect.flatMap(session(operation, deadline), (other) => performIn(other, operation, deadline))
  }

  const execute = (operation: Operation): Effect.Effect<Response, ClerkError> =>
    Effect.suspend(() => perform(operation, now(clock) + patience))

  return {
    execute,
    get: (key) => execute({ op: "get", key }) as Effect.Effect<string | null, ClerkError>,
    put: (key, value) => Effect.asVoid(execute({ op: "put", key, value })),
    append: (key, value) => Effect.asVoid(execute({ op: "append", key, value })),
    cas: (key, from, to) => execute({ op: "cas", key, from, to }) as Effect.Effect<boolean, ClerkError>,
    delete: (key) => execute({ op: "delete", key }) as Effect.Effect<boolean, ClerkError>
  }
})
