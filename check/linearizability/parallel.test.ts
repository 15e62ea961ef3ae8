import { afterAll, expect, test } from "vitest"
import { Random } from "../Random.ts"
import { randomHistories } from "./campaign/randomHistories.ts"
import { vocabularies } from "./campaign/vocabularies.ts"
import { checkLinearizable } from "./check.ts"
import { kv } from "./models/kv.ts"
import { Threads } from "./parallel.ts"

const threads = new Threads(3)
afterAll(() => threads.close())

// Goal: threads decide as one does. Method: many small objects, so that each thread gets some; also on a history after another.
test.each(["kv", "cas", "set", "shard"])("several threads decide as one does: %s", async (name) => {
  const { model } = vocabularies[name]!
  const history = randomHistories(vocabularies[name]!, new Random(8), 300)
  const one = checkLinearizable(history, model)
  const several = await threads.check(history, model)
  expect(several.keys.map((k) => [k.key, k.verdict])).toEqual(one.keys.map((k) => [k.key, k.verdict]))
  expect(new Set(one.keys.map((k) => k.verdict))).toEqual(new Set(["ok", "illegal"]))
  for (const [n, key] of several.keys.entries()) {
    const other = one.keys[n]!
    if (key.verdict === "ok" && other.verdict === "ok") expect([...key.witness]).toEqual([...other.witness])
    if (key.verdict === "illegal" && other.verdict === "illegal") expect(key.explanation?.core).toEqual(other.explanation?.core)
  }
})

test("a model that no other thread knows is checked by the one that asks", async () => {
  const history = randomHistories(vocabularies["kv"]!, new Random(8), 40)
  const own = { ...kv, name: "mine" }
  expect((await threads.check(history, own)).verdict).toBe(checkLinearizable(history, kv).verdict)
})

test("a budget of time holds for all threads", async () => {
  const history = randomHistories(vocabularies["kv"]!, new Random(8), 40)
  const { keys } = await threads.check(history, kv, { timeoutMs: -1 })
  expect(keys.some((k) => k.verdict === "unknown" && k.reason === "time")).toBe(true)
})
