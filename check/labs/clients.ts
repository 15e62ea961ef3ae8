/** What the labs' handouts, the students' guide and the dissertation ask of clients and of those who answer them. */
import * as Effect from "effect/Effect"
import type { Command, Request } from "../../src/kv/Sessions.ts"
import { valueOf } from "../../src/kv/Map.ts"
import { entries, get, keys } from "../../src/kv/Table.ts"
import type { ServerId } from "../../src/raft/Server.ts"
import { makeClerk } from "../../src/shell/Clerk.ts"
import { Servers } from "../../src/shell/Servers.ts"
import type { Answer } from "../../src/shell/Servers.ts"
import type { Lab } from "./Lab.ts"
import { service } from "./Service.ts"
import type { Service } from "./Service.ts"

/** One request, put to one server once. */
const ask = (s: Service, server: ServerId, request: Request): Effect.Effect<Answer> =>
  s.world.servers().ask(server, request, 600_000)

/** A session of its own, opened with whoever leads. */
const session = Effect.fnUntraced(function*(s: Service, timeout: number) {
  const leader = yield* s.world.leader
  const opened = yield* ask(s, leader, { type: "open", timeout })
  s.expect(opened.type === "replied" && opened.reply.status === "OPENED", "a session is opened")
  return opened.type === "replied" ? opened.reply.session : 0
})

const put = (session: number, seq: number, value: string): Command => ({
  type: "command", session, seq, first: seq, operation: { op: "append", key: "k", value }
})

/** The answer, if there is one within so many milliseconds. */
const within = (answer: Effect.Effect<Answer>, duration: number): Effect.Effect<Answer | undefined> =>
  Effect.timeoutOrElse(answer, { duration, orElse: () => Effect.succeed(undefined) })

const status = (answer: Answer | undefined): string =>
  answer === undefined ? "nothing" : answer.type === "replied" ? answer.reply.status : answer.type

/** The servers, which count how often they are asked; `answer` may change what they say. */
const counting = (s: Service, answer: (said: Answer, server: ServerId) => Answer = (said) => said) => {
  const servers = s.world.servers()
  const counted = {
    asks: 0,
    clerk: makeClerk().pipe(Effect.provideService(Servers, {
      ids: servers.ids,
      ask: (server, request, patience) => {
        counted.asks++
        return Effect.map(servers.ask(server, request, patience), (said) => answer(said, server))
      }
    }))
  }
  return counted
}

export const clients: ReadonlyArray<Lab> = [
  service("HR-6", "a get needs a majority, a clerk remembers the leader, and a command that is repeated is found in the snapshot", 3, function*(s) {
    const { checkQuorum, electionTimeout } = { ...s.configuration, ...s.configuration.settings }
    const counted = counting(s)
    const clerk = yield* counted.clerk
    yield* clerk.append("k", "a")
    counted.asks = 0
    for (let n = 0; n < 20; n++) yield* clerk.append("k", "a")
    s.expect(counted.asks === 20, `a clerk asks the leader at once, 20 times, not ${counted.asks}`)

    const id = yield* session(s, 60_000)
    const leader = yield* s.world.leader
    const first = yield* ask(s, leader, put(id, 1, "b"))
    yield* ask(s, leader, put(id, 2, "c"))
    yield* s.settled
    for (const server of s.ids) {
      const kept = keys(get(s.world.observed.machine(server).sessions, id)!.replies).join()
      s.expect(kept === "2", `who goes on has its answer forgotten: ${server} keeps ${kept}`)
      yield* s.world.replica(server)!.snapshot
    }
    s.expect(status(first) === "OK", "it was done")
    s.crash(...s.ids)
    s.start(...s.ids)
    const next = yield* s.world.leader
    const again = yield* ask(s, next, put(id, 2, "c"))
    s.expect(status(again) === "OK", `what is repeated has its answer again, not ${status(again)}`)
    yield* s.settled
    const found = valueOf(s.world.observed.machine(next).data, "k")
    s.expect(found === `${"a".repeat(21)}bc`, `and no other effect, as in "${found}"`)

    // A leader that hears from nobody.
    s.divide([next], s.ids.filter((other) => other !== next))
    const read: Command = { ...put(id, 3, ""), operation: { op: "get", key: "k" } }
    const alone = yield* within(ask(s, next, read), 5 * electionTimeout.max)
    s.expect(
      alone === undefined ? !checkQuorum : alone.type === "notLeader",
      `cut off alone, it says that it doesn't lead, or nothing for ever without CheckQuorum, but not ${status(alone)}`
    )
  }),

  service("PF-25", "a leader that was deposed, or hears from nobody, tells those who wait to ask elsewhere", 3, function*(s) {
    const { checkQuorum, electionTimeout } = { ...s.configuration, ...s.configuration.settings }
    const id = yield* session(s, 60_000)
    const leader = yield* s.world.leader
    const others = s.ids.filter((other) => other !== leader)
    s.divide([leader], others)
    const waiting: Array<Answer | undefined> = [undefined, undefined, undefined]
    for (const n of waiting.keys()) {
      yield* Effect.forkChild(Effect.map(ask(s, leader, put(id, n + 1, "lost")), (answer) => {
        waiting[n] = answer
      }))
    }
    const told = () => waiting.every((answer) => answer?.type === "notLeader")
    const soon = 2 * electionTimeout.max
    if (checkQuorum) {
      yield* Effect.timeoutOption(s.world.until(told), soon)
      s.expect(told(), `with CheckQuorum they hear so within ${soon} ms, not ${waiting.map(status).join(", ")}`)
    } else {
      // The others commit something else in its place.
      yield* (yield* s.client()).put("other", "v")
      s.expect(waiting.every((answer) => answer === undefined), "without CheckQuorum it doesn't know")
    }
    s.heal()
    yield* Effect.timeoutOption(s.world.until(told), soon)
    s.expect(told(), `they hear so within ${soon} ms, not ${waiting.map(status).join(", ")}`)
    yield* s.settled
    const found = valueOf(s.world.observed.machine(leader).data, "k")
    s.expect(found === null, `what it took alone is gone, and not "${found}"`)
  }),

  service("D-16", "a new clerk finds the leader of five servers in 1.8 tries on average, and isn't sent to and fro", 5, function*(s) {
    const leader = yield* s.world.leader
    // Everybody has heard of it.
    yield* Effect.sleep(1000)
    const times = 150
    let tries = 0
    for (let n = 0; n < times; n++) {
      const counted = counting(s)
      const clerk = yield* counted.clerk
      // Its session is opened where the leader is found; the get goes there at once.
      yield* clerk.get("k")
      tries += counted.asks - 1
      s.expect(counted.asks <= 3, `at most two tries with a hint, not ${counted.asks - 1}`)
    }
    const mean = tries / times
    // One if chance has it (1 of 5), else two; without hints (5 + 1) / 2.
    s.expect(Math.abs(mean - 1.8) < 0.15, `1.8 tries on average, not ${mean}`)

    // Two that each take the other for the leader.
    const [one, other] = s.ids.filter((id) => id !== leader)
    const lying = counting(s, (said, server) =>
      said.type === "notLeader" ? { type: "notLeader", leader: server === one ? other! : one! } : said)
    for (let n = 0; n < 20; n++) {
      const clerk = yield* lying.clerk
      lying.asks = 0
      yield* clerk.get("k")
      s.expect(lying.asks <= s.ids.length + 1, `each server is asked once, and the leader again, not ${lying.asks} asks`)
    }
    return `${mean.toFixed(2)} tries`
  }),

  service("D-19", "a session expires at one entry of the log, on all servers, and what it asks for afterwards isn't executed", 3, function*(s) {
    const id = yield* session(s, 2000)
    const leader = yield* s.world.leader
    s.expect(status(yield* ask(s, leader, put(id, 1, "a"))) === "OK", "while it lives its commands are executed")
    const other = yield* s.client()
    yield* Effect.sleep(1500)
    s.expect(status(yield* ask(s, yield* s.world.leader, put(id, 2, "b"))) === "OK", "and each prolongs its life")
    yield* Effect.sleep(1500)
    yield* other.get("other")
    s.expect(get(s.world.observed.machine(leader).sessions, id) !== undefined, "it is still there")

    yield* Effect.sleep(1500)
    yield* other.get("other")
    yield* s.settled
    const forgotten = s.ids.filter((server) => get(s.world.observed.machine(server).sessions, id) === undefined)
    s.expect(forgotten.length === 3, `all have forgotten it, not only ${forgotten.join(", ")}`)
    const late = yield* ask(s, yield* s.world.leader, put(id, 3, "c"))
    s.expect(status(late) === "SESSION_EXPIRED", `its command is refused, not ${status(late)}`)
    // Leaders whose clocks are behind, or ahead, and who start from snapshots, can't bring it back.
    for (let turn = 0; turn < 5; turn++) {
      const old = yield* s.world.leader
      yield* s.world.replica(old)!.snapshot
      s.crash(old)
      const next = yield* s.world.leader
      const again = yield* ask(s, next, put(id, 3, "c"))
      s.expect(status(again) === "SESSION_EXPIRED", `whoever leads refuses it, not ${status(again)}`)
      s.start(old)
    }
    yield* s.settled
    for (const server of s.ids) {
      s.expect(valueOf(s.world.observed.machine(server).data, "k") === "ab", "it is as it was")
    }

    // A clerk with many commands under way keeps the answers of those only that it still waits for.
    const busy = yield* s.client()
    yield* Effect.all(Array.from({ length: 50 }, (_, n) => busy.append("b", `${n} `)), { concurrency: "unbounded" })
    yield* busy.get("b")
    yield* s.settled
    const { sessions } = s.world.observed.machine(leader)
    const kept = entries(sessions).map(([, { replies }]) => replies.size)
    s.expect(Math.max(...kept) === 1, `who has all its answers has one kept, not ${kept.join(", ")}`)
  }, { skews: [0, 5000, 10_000] })
]
