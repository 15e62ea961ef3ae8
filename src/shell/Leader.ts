/**
 * Finding whoever leads, and asking there (diss. 6.2): a client's requests go to the server that answered last, where that
 * one says, or to the next in turn, in rounds with growing pauses between them.
 *
 * A round asks each server once, whatever the others say of it. So servers that each take the other for the leader can't
 * send a client to and fro, and a server that is down costs one attempt a round.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { ServerId } from "../raft/Server.ts"
import type { Reply, Request } from "../kv/Sessions.ts"
import { Servers } from "./Servers.ts"
import type { Answer } from "./Servers.ts"
import { now } from "./Timer.ts"

export interface Asked {
  /** `undefined`: nobody replied in time, or it was refused. */
  readonly reply: Reply | undefined
  /** How often it may have been taken: whom it was put to, other than those that said they didn't take it. */
  readonly puts: number
  /** What the last server that had no reply said instead. */
  readonly trouble: string
}

export interface Leader {
  /**
   * Puts a request to one server after the other until one replies or refuses it, or until `deadline` (of the clock in Timer.ts).
   * `request` is called for each anew: what a client says with it may have changed.
   */
  readonly ask: (request: () => Request, deadline: number) => Effect.Effect<Asked>
}

/**
 * Milliseconds for one attempt. Some election timeouts: a leader that is cut off from its peers has noticed by then, and
 * stepped down (CheckQuorum), so whoever says nothing for longer is cut off from us.
 */
const attemptTimeout = 1_000
/** Milliseconds between rounds, at first and at most; an election takes some 300. The actual ones are half to all of it. */
const shortestPause = 10
const longestPause = 250

/** `first`: whom to ask first; otherwise chance says, so that a crowd of clients doesn't ask all the same. */
export const makeLeader = Effect.fnUntraced(function*(first: ServerId | null = null): Effect.fn.Return<Leader, never, Servers> {
  const servers = yield* Servers
  const clock = yield* Clock.Clock
  const random = yield* Random.Random
  /** Who leads, as far as is known. */
  let guess = first
  /** Whose turn it is if nobody knows; counted on and on. */
  let turn = Math.floor(servers.ids.length * random.nextDoubleUnsafe())

  /** Whom to ask next in a round; `undefined`: it is over. */
  const choose = (asked: ReadonlyArray<ServerId>): ServerId | undefined => {
    if (guess !== null && !asked.includes(guess)) return guess
    for (const _ of servers.ids) {
      const id = servers.ids[turn++ % servers.ids.length]!
      if (!asked.includes(id)) return id
    }
    return undefined
  }

  // Written out, since every command comes this way: a generator takes longer.
  const ask = (request: () => Request, deadline: number): Effect.Effect<Asked> => Effect.suspend(() => {
    let asked: Array<ServerId> = []
    let pause = shortestPause
    let puts = 0
    let trouble = "no time left"

    /** To the next one, if there is time. */
    const attempt = (): Effect.Effect<Asked> => {
      // Whole milliseconds: a wait for less may be one for nothing on a clock that doesn't tell so little.
      const left = Math.ceil(deadline - now(clock))
      if (left <= 0) return Effect.succeed({ reply: undefined, puts, trouble })
      const server = choose(asked)
      if (server === undefined) {
        const rest = Effect.sleep(Math.min(left, Math.ceil(pause * (1 + random.nextDoubleUnsafe()) / 2)))
        pause = Math.min(2 * pause, longestPause)
        asked = []
        return Effect.flatMap(rest, attempt)
      }
      asked.push(server)
      puts++
      const answered = servers.ask(server, request(), Math.min(left, attemptTimeout))
      return Effect.flatMap(answered, (answer) => heed(server, answer))
    }

    const heed = (server: ServerId, answer: Answer): Effect.Effect<Asked> => {
      switch (answer.type) {
        case "replied":
          guess = server
          return Effect.succeed({ reply: answer.reply, puts, trouble })
        case "notLeader":
          if (answer.leader !== null || guess === server) guess = answer.leader
          trouble = answer.leader === null ? `${server} knows no leader` : `${server} says that ${answer.leader} leads`
          return attempt()
        case "busy":
          // The leader, but not now: the others can't help, and the next round begins with it.
          puts--
          guess = server
          asked.push(...servers.ids)
          trouble = `${server} is busy`
          return attempt()
        case "unsent":
        case "unreachable":
          if (answer.type === "unsent") puts--
          if (guess === server) guess = null
          trouble = `${server}: ${answer.reason}`
          return attempt()
        case "refused":
          return Effect.succeed({ reply: undefined, puts: puts - 1, trouble: `${server}: ${answer.reason}` })
      }
    }
    return attempt()
  })

  return { ask }
})
