// Goal: whoever has no session of its own gets what a clerk promises, at the price of a session for each command under way.
// Method: servers that follow a script, by example and by chance.
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { tableOf } from "../../src/kv/Table.ts"
import { layerClerks } from "../../src/shell/Clerks.ts"
import { Gateway } from "../../src/shell/resp/Gateway.ts"
import type { Servers } from "../../src/shell/Servers.ts"
import { checkLinearizable, kv } from "../linearizability/index.ts"
import { callsOf, isTrue, plans } from "./Plans.ts"
import { onVirtualTime, ScriptedServers } from "./ScriptedServers.ts"
import type { Fate } from "./ScriptedServers.ts"

type Pool = Gateway["Service"]

const withPool = <A, E>(servers: ScriptedServers, work: (pool: Pool) => Effect.Effect<A, E, Servers>) => {
  const exit = onVirtualTime(servers, Gateway.use(work).pipe(Effect.provide(layerClerks("s1"))))
  return Exit.isSuccess(exit) ? exit.value : exit.cause
}

const append = (value: string) => ({ op: "append", key: "k", value }) as const
const opened = (servers: ScriptedServers) => servers.decided.filter(({ request }) => request.type === "open").length
const times = (count: number) => Array.from({ length: count }, (_, n) => n)
const together = (pool: Pool, count: number) =>
  Effect.forEach(times(count), (n) => pool.execute(append(`${n},`)), { concurrency: "unbounded", discard: true })

describe("a pool", () => {
  test("commands one after the other have one session, and its own server is asked first", () => {
    const servers = new ScriptedServers()
    withPool(servers, (pool) => Effect.forEach(times(50), (n) => pool.execute(append(`${n},`))))
    expect([opened(servers), servers.kv.data]).toEqual([1, tableOf([["k", times(50).map((n) => `${n},`).join("")]])])
    expect(new Set(servers.attempts.map(({ server }) => server))).toEqual(new Set(["s1"]))
  })

  test("commands together have a session each, which those after them have again", () => {
    const servers = new ScriptedServers()
    withPool(servers, (pool) => Effect.andThen(together(pool, 20), together(pool, 20)))
    expect(opened(servers)).toBe(20)
  })

  test("no more than 1,024 are under way; the others wait for their turn", () => {
    const servers = new ScriptedServers()
    let underWay = 0
    let most = 0
    const ask = servers.ask.bind(servers)
    servers.ask = (server, request) =>
      Effect.suspend(() => {
        most = Math.max(most, ++underWay)
        return Effect.ensuring(ask(server, request), Effect.sync(() => underWay--))
      })
    withPool(servers, (pool) => Effect.forEach(times(1_100), () => pool.execute({ op: "get", key: "k" }), { concurrency: "unbounded" }))
    expect([most, servers.decided.filter(({ request }) => request.type === "command").length]).toEqual([1_024, 1_100])
  })

  test("when one has found the new leader, the others ask there at once", () => {
    const servers = new ScriptedServers()
    withPool(servers, (pool) =>
      Effect.gen(function*() {
        yield* together(pool, 20)
        servers.leader = "s3"
        yield* pool.execute(append("c"))
        servers.attempts.splice(0)
        yield* together(pool, 20)
      }))
    expect(new Set(servers.attempts.map(({ server }) => server))).toEqual(new Set(["s3"]))
  })

  test("an interrupted command leaves its clerk to the next, and its number to nobody", () => {
    const servers = new ScriptedServers()
    const lost: Fate = { says: "silence", decided: 5_000 }
    const told = withPool(servers, (pool) =>
      Effect.gen(function*() {
        yield* pool.execute(append("a"))
        servers.script.push(lost)
        const fiber = yield* Effect.forkChild(pool.execute(append("b")))
        yield* Effect.sleep(100)
        yield* Fiber.interrupt(fiber)
        yield* pool.execute(append("c"))
        yield* Effect.sleep(10_000)
        return yield* pool.execute({ op: "get", key: "k" })
      }))
    expect([told, opened(servers)]).toEqual(["ac", 1])
  })

  test("what callers are told is true, and their answers fit together, whatever becomes of the commands", () => {
    const pool = Effect.scoped(Layer.build(layerClerks("s1", { patience: 2_000 }))).pipe(Effect.flatMap((context) => Effect.provideContext(Gateway, context)))
    fc.assert(fc.property(plans, (plan) => {
      const calls = callsOf(plan, pool)
      expect(calls.filter((one) => !isTrue(one))).toEqual([])
      expect(checkLinearizable(calls.map(({ line }) => line), kv).verdict).toBe("ok")
    }), { numRuns: 200 })
  }, 60_000)
})
