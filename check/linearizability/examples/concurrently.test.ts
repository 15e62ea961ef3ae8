import fc from "fast-check"
import { expect, test } from "vitest"
import { linearizable } from "../testing/concurrently.ts"
import { kv } from "../index.ts"
import { lostUpdate, rightServer, staleCache } from "./servers.ts"
import type { Server } from "./servers.ts"

const key = fc.constantFrom("x", "y")
const value = fc.constantFrom("a", "b", "c")
const commands = fc.oneof(
  key.map((key) => ({ op: "get", key, run: (server: Server) => server.get(key) })),
  fc.tuple(key, value).map(([key, value]) => ({ op: "put", key, value, run: (server: Server) => server.put(key, value) })),
  fc.tuple(key, value).map(([key, value]) => ({ op: "append", key, value, run: (server: Server) => server.append(key, value) }))
)

test("a right server is linearizable", async () => {
  await fc.assert(linearizable(kv, { system: rightServer, commands }))
})

test("a lost update is found, and made small", async () => {
  const { counterexample, errorInstance } = await fc.check(linearizable(kv, { system: lostUpdate, commands }), { seed: 2 })
  expect(fc.stringify(counterexample![0])).toBe(`client 0: append("x", "a"); get("x")
client 1: append("x", "a")
choices: []`)
  expect((errorInstance as Error).message).toContain("is not linearizable")
})

test("a stale cache is found, and made small", async () => {
  const { counterexample } = await fc.check(linearizable(kv, { system: staleCache, commands }), { seed: 1 })
  expect(fc.stringify(counterexample![0])).toBe(`client 0: put("x", "a"); append("x", "a"); get("x")
choices: []`)
})
