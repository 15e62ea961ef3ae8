/**
 * Servers that do what a script says: who leads, what becomes of each attempt, and when. What the log decides goes through
 * the machine of src/kv/Sessions.ts, on virtual time.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import { apply, InitKV } from "../../src/kv/Sessions.ts"
import type { KV, Reply, Request } from "../../src/kv/Sessions.ts"
import { empty, get } from "../../src/kv/Table.ts"
import type { ServerId } from "../../src/raft/Server.ts"
import { patiently, Servers } from "../../src/shell/Servers.ts"
import type { Answer } from "../../src/shell/Servers.ts"
import { Choices } from "../runtime/Choices.ts"
import { Host } from "../runtime/Host.ts"
import { Simulator } from "../runtime/Simulator.ts"
import { Chance } from "../simulator/Chance.ts"

/** What becomes of one attempt; an empty one: what becomes of it where all is well. */
export interface Fate {
  /** From here on this server leads. */
  readonly leader?: ServerId
  /** So much of log time has passed, in milliseconds, that the clerk's clock doesn't know of. */
  readonly passes?: number
  /** Instead of what the server would say. `silence`: nothing, for ever. */
  readonly says?: "unsent" | "unreachable" | "silence" | "busy" | { readonly leads: ServerId | null }
  /** Where it says something else, or isn't the leader: the log decides on the request all the same, so many milliseconds later. */
  readonly decided?: number
}

/** One attempt, as it was made. */
export interface Attempt {
  readonly at: number
  readonly server: ServerId
  readonly request: Request
}

/** Milliseconds until a leader that is well replies. */
const latency = 2

export class ScriptedServers {
  readonly ids = ["s1", "s2", "s3"]
  readonly attempts: Array<Attempt> = []
  /** What the log decided on, in its order; whether it took effect there, or had before, or never does. */
  readonly decided: Array<{ readonly request: Request; readonly reply: Reply; readonly takesEffect: boolean }> = []
  kv: KV = InitKV
  leader: ServerId = "s1"
  /** One fate for each attempt, in their order; when there are none left, all is well. */
  readonly script: Array<Fate> = []
  #passed = 0

  ask(server: ServerId, request: Request): Effect.Effect<Answer> {
    return Effect.gen({ self: this }, function*() {
      const clock = yield* Clock.Clock
      const { decided, leader = this.leader, passes = 0, says }: Fate = this.script.shift() ?? {}
      this.attempts.push({ at: clock.currentTimeMillisUnsafe(), server, request })
      this.leader = leader
      this.#passed += passes
      const stamped = { time: clock.currentTimeMillisUnsafe() + this.#passed, request }
      const decide = (): Reply => {
        const known = request.type === "command" ? get(this.kv.sessions, request.session)?.replies ?? empty : empty
        const { kv, reply } = apply(this.kv, this.decided.length + 1, stamped)
        this.kv = kv
        this.decided.push({ request, reply, takesEffect: reply.status === "OK" && get(known, reply.seq) === undefined })
        return reply
      }
      if (says === undefined && server === leader) {
        yield* Effect.sleep(latency)
        return { type: "replied", reply: decide() }
      }
      if (decided !== undefined && says !== "busy" && says !== "unsent") yield* Effect.forkDetach(Effect.andThen(Effect.sleep(decided), Effect.sync(decide)))
      yield* says === "silence" ? Effect.never : Effect.sleep(latency / 2)
      if (says === "busy") return { type: "busy" }
      if (says === "unsent" || says === "unreachable") return { type: says, reason: "no connection" }
      return { type: "notLeader", leader: typeof says === "object" ? says.leads : leader }
    })
  }
}

/**
 * Runs it on virtual time, until it and all that is still to be decided is over. With departures, tasks run out of turn and
 * stand still between any two operations (Simulator.ts).
 */
export const onVirtualTime = <A, E>(
  servers: ScriptedServers,
  work: Effect.Effect<A, E, Servers>,
  { departures = [], seed = 0 }: { readonly departures?: Iterable<number>; readonly seed?: number } = {}
): Exit.Exit<A, E> => {
  const simulator = new Simulator(new Choices(departures))
  const { context } = new Host(simulator, new Chance(seed))
  const service = Servers.of({
    ids: servers.ids,
    ask: (server, request, patience) => patiently(servers.ask(server, request), patience)
  })
  const ending = simulator.run(Effect.provideService(work, Servers, service), context)
  simulator.run(Effect.sleep("1 hour"), context)
  if (ending.type !== "done") throw new Error(`it is ${ending.type}`)
  return ending.exit
}
