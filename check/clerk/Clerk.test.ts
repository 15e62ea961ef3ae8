// Goal: a clerk's command takes effect once, and what its caller is told of it is true. Method: servers follow a script, by
// example and by chance, and the machine says what really happened.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { makeClerk } from "../../src/shell/Clerk.ts"
import type { Clerk } from "../../src/shell/Clerk.ts"
import { now } from "../../src/shell/Timer.ts"
import { checkLinearizable, kv } from "../linearizability/index.ts"
import { departures } from "../runtime/Choices.ts"
import { Chance } from "../simulator/Chance.ts"
import { callsOf, isTrue, plans } from "./Plans.ts"
import { onVirtualTime, ScriptedServers } from "./ScriptedServers.ts"
import type { Fate } from "./ScriptedServers.ts"

const scripted = (script: ReadonlyArray<Fate>) => {
  const servers = new ScriptedServers()
  servers.script.push(...script)
  return servers
}

/** What becomes of the work of one clerk, which has its session and knows the leader, s1, when the script begins. */
const withClerk = <A, E>(script: ReadonlyArray<Fate>, work: (clerk: Clerk, servers: ScriptedServers) => Effect.Effect<A, E>) => {
  const servers = new ScriptedServers()
  const exit = onVirtualTime(servers, Effect.gen(function*() {
    const clerk = yield* makeClerk()
    yield* clerk.get("k")
    servers.attempts.splice(0)
    servers.script.push(...script)
    return yield* work(clerk, servers)
  }))
  return { servers, told: Exit.isSuccess(exit) ? exit.value : exit.cause }
}

/** The error's name, or the answer. */
const outcome = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.result(effect), (r) => Result.isSuccess(r) ? r.success : r.failure._tag)

const timed = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const clock = yield* Clock.Clock
    const start = now(clock)
    const value = yield* effect
    return { value, took: now(clock) - start }
  })

const silence: Fate = { says: "silence" }
const always = (fate: Fate): ReadonlyArray<Fate> => Array<Fate>(2_000).fill(fate)
/** The session is gone, and the clerk doesn't know. */
const expiry = { passes: 61_000 }

describe("whom it asks", () => {
  test("a leader that it knows, however it was found, and nobody else", () => {
    for (const leader of ["s1", "s2", "s3"]) {
      const servers = new ScriptedServers()
      servers.leader = leader
      onVirtualTime(servers, Effect.flatMap(makeClerk(), (clerk) => Effect.andThen(clerk.put("k", "a"), clerk.get("k"))))
      const asked = servers.attempts.map(({ server }) => server)
      expect(asked.slice(asked.indexOf(leader))).toEqual([leader, leader, leader])
    }
  })

  test("at first whom chance says, and not first again who gave no answer", () => {
    const firsts = new Set<string>()
    const nexts = new Set<string>()
    const nobody: Fate = { says: { leads: null } }
    for (let seed = 0; seed < 20; seed++) {
      const servers = new ScriptedServers()
      onVirtualTime(servers, Effect.gen(function*() {
        const clerk = yield* makeClerk()
        yield* clerk.get("k")
        firsts.add(servers.attempts.splice(0)[0]!.server)
        servers.script.push(silence, nobody, nobody)
        yield* clerk.get("k")
      }), { seed })
      expect(servers.attempts[0]!.server).toBe("s1")
      nexts.add(servers.attempts[3]!.server)
    }
    expect(firsts).toEqual(new Set(["s1", "s2", "s3"]))
    expect(nexts.size).toBeGreaterThan(1)
  })

  test("where it is sent, when the leader has changed", () => {
    const { servers, told } = withClerk([{ leader: "s3" }], (clerk) => Effect.andThen(clerk.put("k", "a"), clerk.get("k")))
    expect(told).toBe("a")
    expect(servers.attempts.map(({ server }) => server)).toEqual(["s1", "s3", "s3"])
  })

  test("the others, one after the other, when it gets no answer", () => {
    const nobody: Fate = { says: { leads: null } }
    const { servers } = withClerk([silence, nobody, nobody, { leader: "s1" }], (clerk) => clerk.put("k", "a"))
    const asked = servers.attempts.map(({ server }) => server)
    expect([asked[0], asked.slice(1, 3).sort()]).toEqual(["s1", ["s2", "s3"]])
    expect(servers.attempts[1]!.at - servers.attempts[0]!.at).toBe(1_000)
  })

  test("servers that send it to and fro are left in peace between rounds", () => {
    const script = Array.from({ length: 3_000 }, (_, n): Fate => ({ says: { leads: n % 2 === 0 ? "s2" : "s1" } }))
    const { servers, told } = withClerk(script, (clerk) => timed(outcome(clerk.put("k", "a"))))
    expect(told).toEqual({ value: "OutcomeUnknown", took: 10_000 })
    // Rounds of three attempts; once they are rare, between 125 and 250 ms and the attempts apart.
    expect(servers.attempts.length).toBeLessThan(3 * 90)
    for (const id of servers.ids) {
      expect(servers.attempts.filter(({ server }) => server === id).length).toBeGreaterThan(30)
    }
  })

  test("a busy leader, again and again, and nobody else", () => {
    const { servers, told } = withClerk(Array<Fate>(5).fill({ says: "busy" }), (clerk) => outcome(clerk.put("k", "a")))
    expect(told).toBe(undefined)
    expect(servers.attempts.map(({ server }) => server)).toEqual(Array(6).fill("s1"))
    const gaps = servers.attempts.slice(1).map(({ at }, n) => at - servers.attempts[n]!.at)
    expect(gaps.every((gap, n) => gap >= 5 * 2 ** n && gap <= 10 * 2 ** n + 1)).toBe(true)
  })
})

describe("a command takes effect once", () => {
  test("asked again after a lost answer, with its number", () => {
    const lost: Fate = { says: "unreachable", decided: 0 }
    const { servers, told } = withClerk([lost], (clerk) => Effect.andThen(clerk.append("k", "a"), clerk.get("k")))
    expect(told).toBe("a")
    const [first, again] = servers.attempts
    expect(again!.request).toEqual(first!.request)
  })

  test("a compare-and-set whose answer was lost is told what became of the first attempt", () => {
    const { told } = withClerk([{ says: "silence", decided: 500 }], (clerk) => clerk.cas("k", null, "a"))
    expect(told).toBe(true)
  })

  test("given up, and decided later: the numbers that follow close the door behind it", () => {
    const script: ReadonlyArray<Fate> = [{ says: "silence", decided: 50_000 }, ...Array<Fate>(9).fill(silence)]
    const { servers, told } = withClerk(script, (clerk) =>
      Effect.gen(function*() {
        const first = yield* timed(outcome(clerk.append("k", "a")))
        const second = yield* clerk.append("k", "b")
        yield* Effect.sleep(100_000)
        return [first, second, yield* clerk.get("k")]
      }))
    expect(told).toEqual([{ value: "OutcomeUnknown", took: 10_000 }, undefined, "b"])
    expect(servers.decided.filter(({ reply }) => reply.status === "STALE")).toHaveLength(1)
  })

  test("interrupted: its number is given up, too", () => {
    const { servers, told } = withClerk([silence], (clerk) =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(clerk.append("k", "a"))
        yield* Effect.sleep(100)
        yield* Fiber.interrupt(fiber)
        return yield* clerk.get("k")
      }))
    expect(told).toBe(null)
    expect(servers.attempts[1]!.request).toMatchObject({ seq: 3, first: 3 })
  })

  test("interrupted between any two operations: no number is left that all others would wait for", () => {
    for (let seed = 0; seed < 500; seed++) {
      const servers = new ScriptedServers()
      onVirtualTime(servers, Effect.gen(function*() {
        const clerk = yield* makeClerk()
        yield* clerk.get("k")
        const fiber = yield* Effect.forkChild(clerk.append("k", "a"))
        yield* Effect.sleep(seed % 4)
        yield* Fiber.interrupt(fiber)
        yield* clerk.get("k")
      }), { departures: departures(new Chance(seed), 4) })
      const last = servers.decided.at(-1)!.request
      expect(last.type === "command" && last.seq - last.first, `seed ${seed}`).toBe(0)
    }
  })

  test("nobody could take it: that is no unknown outcome", () => {
    for (const says of ["busy", "unsent"] as const) {
      const servers = scripted(always({ says }))
      const exit = onVirtualTime(servers, Effect.flatMap(makeClerk(), (clerk) => timed(outcome(clerk.put("k", "a")))))
      expect(Exit.isSuccess(exit) && exit.value).toEqual({ value: "Unavailable", took: 10_000 })
    }
    const { told } = withClerk(always({ says: "busy" }), (clerk) => outcome(clerk.put("k", "a")))
    expect(told).toBe("Unavailable")
  })
})

describe("an expired session", () => {
  test("with the only attempt refused, the command is asked anew in another one", () => {
    const { servers, told } = withClerk([expiry], (clerk) => Effect.andThen(clerk.append("k", "a"), clerk.get("k")))
    expect(told).toBe("a")
    expect(servers.decided.map(({ reply }) => reply.status)).toEqual(["OPENED", "OK", "SESSION_EXPIRED", "OPENED", "OK", "OK"])
  })

  test("with an attempt that may have got there, what became of the command is unknown", () => {
    for (const decided of [{}, { decided: 0 }]) {
      const { servers, told } = withClerk([{ says: "unreachable", ...decided }, { leader: "s1", says: { leads: "s1" }, ...expiry }], (clerk) =>
        Effect.gen(function*() {
          return [yield* outcome(clerk.append("k", "a")), yield* clerk.get("k")]
        }))
      expect(told).toEqual(["SessionExpired", "decided" in decided ? "a" : null])
      expect(servers.attempts.filter(({ request }) => request.type === "open")).toHaveLength(1)
    }
  })

  test("a read is asked anew in any case", () => {
    const { told } = withClerk([{ says: "unreachable", decided: 0 }, { says: { leads: "s1" }, ...expiry }], (clerk) => outcome(clerk.get("k")))
    expect(told).toBe(null)
  })

  test("commands under way together each have their own answer", () => {
    const script: ReadonlyArray<Fate> = [{ says: "unreachable", decided: 0 }, expiry, {}]
    const { told } = withClerk(script, (clerk) =>
      Effect.gen(function*() {
        const outcomes = yield* Effect.all([outcome(clerk.append("k", "a")), outcome(clerk.append("k", "b")), outcome(clerk.append("k", "c"))], { concurrency: 3 })
        return [outcomes, yield* clerk.get("k")]
      }))
    expect(told).toEqual([["SessionExpired", undefined, undefined], "abc"])
  })

  test("isn't put to the test after half of its timeout", () => {
    const { servers } = withClerk([], (clerk) => Effect.andThen(Effect.sleep(29_000), Effect.andThen(clerk.get("k"), Effect.andThen(Effect.sleep(31_000), clerk.get("k")))))
    expect(servers.attempts.map(({ request }) => request.type)).toEqual(["command", "open", "command"])
  })
})

describe("a window of commands", () => {
  test("has one session and an order of its own, and no more than 64 numbers", () => {
    const { servers, told } = withClerk([silence], (clerk) =>
      Effect.forEach(Array.from({ length: 200 }, (_, n) => n), (n) => clerk.append("k", `${n},`), { concurrency: 200, discard: true }).pipe(
        Effect.andThen(clerk.get("k"))
      ))
    expect(String(told).split(",").slice(0, -1).map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, n) => n))
    expect(servers.attempts.every(({ request }) => request.type === "command" && request.seq - request.first < 64)).toBe(true)
    // The first attempt is silent for a second; what fits into the window isn't held up by it.
    expect(servers.attempts.filter(({ at }) => at < servers.attempts[0]!.at + 1_000)).toHaveLength(64)
  })

  test("commands that come first share one session, though the first who asks for it gives up", () => {
    const servers = scripted([silence])
    const exit = onVirtualTime(servers, Effect.gen(function*() {
      const clerk = yield* makeClerk()
      const first = yield* Effect.forkChild(clerk.append("k", "a"))
      yield* Effect.sleep(1)
      const others = yield* Effect.forkChild(Effect.all([clerk.append("k", "b"), clerk.append("k", "c")], { concurrency: 2 }))
      yield* Fiber.interrupt(first)
      yield* Fiber.join(others)
      return yield* clerk.get("k")
    }))
    expect(Exit.isSuccess(exit) && exit.value).toBe("bc")
    expect(servers.decided.filter(({ request }) => request.type === "open")).toHaveLength(1)
  })
})

// Goal: what callers are told is true, whatever becomes of their commands. Method: random plans; the log says how often each
// took effect, and the checker whether the answers fit together.
describe("whatever becomes of its commands", () => {
  const clerk = makeClerk({ patience: 2_000 })

  test("each takes effect once if it was answered, never if not done, and at most once if unknown; answers fit together", () => {
    fc.assert(fc.property(plans, (plan) => {
      const calls = callsOf(plan, clerk)
      expect(calls.filter((one) => !isTrue(one))).toEqual([])
      expect(checkLinearizable(calls.map(({ line }) => line), kv).verdict).toBe("ok")
    }), { numRuns: 1_000 })
  }, 60_000)

  test("no error could say more: each kind comes of commands that took effect and of others", () => {
    const seen = new Set<string>()
    for (const plan of fc.sample(plans, { numRuns: 300, seed: 1 })) {
      for (const { finally: times, line, then, told } of callsOf(plan, clerk)) {
        if (line.op !== "get") seen.add(`${told} ${then} ${times}`)
      }
    }
    expect([...seen].sort()).toEqual([
      "OutcomeUnknown 0 0",
      "OutcomeUnknown 0 1",
      "OutcomeUnknown 1 1",
      "SessionExpired 0 0",
      "SessionExpired 1 1",
      "Unavailable 0 0",
      "done 1 1"
    ])
  }, 60_000)
})
