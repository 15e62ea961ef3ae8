import fc from "fast-check"
import { expect, test } from "vitest"
import { linearizable } from "../concurrently.ts"
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

test("the server is linearizable", async () => {
  await fc.assert(linearizable(kv, { system: rightServer, commands }), { numRuns: 200 })
})

test.each([staleCache, lostUpdate])("%o", async (s) => {
  for (let seed = 0; seed < 5; seed++) {
  const r = await fc.check(linearizable(kv, { system: s, commands }), { numRuns: 500, seed })
  console.log(r.numRuns, r.numShrinks, (r.errorInstance as any)?.message, fc.stringify(r.counterexample?.[0])) }
})
