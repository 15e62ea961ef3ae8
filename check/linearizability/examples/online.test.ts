import { expect, test } from "vitest"
import { kv, OnlineChecker, Recorder } from "../index.ts"
import type { Violation } from "../index.ts"

test("a history is checked while it grows", async () => {
  const violations: Array<Violation> = []
  const checker = new OnlineChecker(kv, { memoryBytes: 2 ** 22 }) // for each key
  const recorder = new Recorder({ online: { checker, onViolation: (violation) => violations.push(violation) } })

  const map = new Map<string, string>()
  const forgetful = { get: async (key: string) => map.get(key) ?? null, put: async (key: string, value: string) => void map.set(key, value) }
  const client = recorder.wrap(forgetful, {
    get: (key) => ({ op: "get", key }),
    put: (key, value) => ({ op: "put", key, value, output: () => null })
  })
  for (let i = 0; i < 1_000; i++) {
    await client.put("x", String(i))
    if (i === 900) map.clear()
    await client.get("x")
    if (violations.length > 0) break
  }

  expect(violations).toHaveLength(1)
  expect(violations[0]).toMatchObject({
    reason: "client 0's get() -> null has no place in any order of what had returned before it",
    before: 1_801,
    prefixes: [{ next: [{ why: 'not allowed in state "900"' }] }]
  })
  expect(checker.result().verdict).toBe("illegal")
})
