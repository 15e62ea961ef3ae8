import { expect, test } from "vitest"
import { checkLinearizable, kv } from "../index.ts"

test("a history is checked, and explained", () => {
  const history = [
    { client: 1, op: "put", key: "x", value: "a", call: 0, return: 10, output: null },
    { client: 2, op: "put", key: "x", value: "b", call: 20, return: null, output: null }, // timed out
    { client: 3, op: "get", key: "x", value: null, call: 30, return: 40, output: "b" }, // so it did take effect
    { client: 3, op: "get", key: "x", value: null, call: 50, return: 60, output: "a" }
  ]
  const { keys, verdict } = checkLinearizable(history, kv, { timeoutMs: 1_000 })
  expect(verdict).toBe("illegal")
  const [x] = keys
  if (x?.verdict !== "illegal") throw new Error("expected an explanation")
  const { before, blocked, core, prefixes } = x.explanation!
  expect({ before, blocked, core }).toEqual({ before: 2, blocked: 3, core: [0, 2, 3] })
  expect(prefixes[0]).toMatchObject({ order: [0, 1, 2], states: ['"a"', '"b"', '"b"'], next: [{ row: 3, why: 'not allowed in state "b"' }] })
})
