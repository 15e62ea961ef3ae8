import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { linearizable, NotLinearizable } from "./concurrently.ts"
import type { Command } from "./concurrently.ts"
import { lostUpdate, rightServer, staleCache } from "../examples/servers.ts"
import type { Server } from "../examples/servers.ts"
import { kv } from "../models/kv.ts"
import { Schedule } from "./Schedule.ts"

const key = fc.constantFrom("x", "y")
const value = fc.constantFrom("a", "b")
const commands: fc.Arbitrary<Command<Server>> = fc.oneof(
  key.map((key) => ({ op: "get", key, run: (server: Server) => server.get(key) })),
  fc.tuple(key, value).map(([key, value]) => ({ op: "put", key, value, run: (server: Server) => server.put(key, value) })),
  fc.tuple(key, value).map(([key, value]) => ({ op: "append", key, value, run: (server: Server) => server.append(key, value) }))
)
const seeds = Array.from({ length: 20 }, (_, seed) => seed)
const check = (system: (schedule: Schedule) => Server, seed: number) => fc.check(linearizable(kv, { system, commands }), { seed, numRuns: 300 })

describe("concurrent clients", () => {
  test("find nothing wrong with a right server", async () => {
    for (const seed of seeds.slice(0, 3)) expect((await check(rightServer, seed)).failed).toBe(false)
  })

  test.each([["a lost update", lostUpdate], ["a stale cache", staleCache]])("find %s with every seed, and make it small", async (_, system) => {
    const sizes: Array<number> = []
    for (const seed of seeds) {
      const { counterexample, errorInstance } = await check(system, seed)
      expect(errorInstance).toBeInstanceOf(NotLinearizable)
      sizes.push(counterexample![0].clients.flat().length)
    }
    sizes.sort((a, b) => a - b)
    expect(sizes[0]).toBe(3)
    expect(sizes[10]).toBeLessThanOrEqual(5)
    expect(sizes.at(-1)).toBeLessThanOrEqual(12)
  }, 60_000)

  test("fail in the same way again, with a program, its steps, and an explanation", async () => {
    const withoutTimes = (error: unknown) => (error as Error).message.replaceAll(/\d+\.\.\d+/g, "").replaceAll(/[|=-]+/g, "")
    const first = await check(lostUpdate, 2)
    const again = await fc.check(linearizable(kv, { system: lostUpdate, commands }), { seed: 2, path: first.counterexamplePath!, endOnFailure: true })
    expect(again.counterexample![0].choices).toEqual(first.counterexample![0].choices)
    expect(withoutTimes(again.errorInstance).split("The program:")[1]).toBe(withoutTimes(first.errorInstance).split("The program:")[1])
    const { message } = first.errorInstance as Error
    expect(message).toMatch(/^"x" is not linearizable: /)
    expect(message).toContain('client 0: append("x", "a"); get("x")\nclient 1: append("x", "a")\nchoices: []')
    expect(message).toMatch(/Its steps:\n {3}1 {2}client 0 calls append\("x", "a"\)\n/)
  })

  test("take errors for unknown outcomes, unless they are known to mean a failure", async () => {
    // An append of "b" is done or not, and its answer is an error.
    const unsure = (schedule: Schedule): Server => {
      const server = rightServer(schedule)
      let coin = false
      return {
        ...server,
        append: async (key, value) => {
          coin = !coin
          if (value !== "b" || coin) await server.append(key, value)
          if (value === "b") throw new Error("lost")
        }
      }
    }
    const property = (hasFailed: boolean) => linearizable(kv, { system: unsure, commands, hasFailed: () => hasFailed })
    expect((await fc.check(property(false), { seed: 1, numRuns: 200 })).failed).toBe(false)
    expect((await fc.check(property(true), { seed: 1, numRuns: 200 })).failed).toBe(true)
  })

  test("work with systems that take no heed of the schedule, and end operations that never answer", async () => {
    const closed: Array<Server> = []
    const timed = (): Server => {
      const map = new Map<string, string>()
      const later = <A>(serve: () => A) => new Promise<A>((resolve) => setTimeout(() => resolve(serve()), 1))
      return {
        get: (key) => later(() => map.get(key) ?? null),
        put: (key, value) => (value === "b" ? new Promise(() => {}) : later(() => void map.set(key, value))),
        append: (key, value) => later(() => void map.set(key, (map.get(key) ?? "") + value))
      }
    }
    const property = linearizable(kv, { system: timed, close: (server) => void closed.push(server), commands, timeoutMs: 30, repetitions: 2 })
    expect((await fc.check(property, { seed: 1, numRuns: 5 })).failed).toBe(false)
    expect(closed).toHaveLength(10)
  })
})

test("a schedule takes the step that its choices name, and else the one that waits longest", async () => {
  const order = async (choices: ReadonlyArray<number>) => {
    const schedule = new Schedule(choices)
    const client = async (name: string) => {
      await schedule.step(`${name}1`)
      await schedule.step(`${name}2`)
    }
    await schedule.until(Promise.all([client("a"), client("b")]))
    return schedule.taken.join(" ")
  }
  expect(await order([])).toBe("a1 b1 a2 b2")
  expect(await order([1, 1])).toBe("b1 b2 a1 a2")
  expect(await order([0, 5])).toBe("a1 a2 b1 b2")
})
