import { expect, test } from "vitest"
import { kv, Recorder } from "../index.ts"
import "../testing/vitest.ts"

/** Any client will do: what matters is that its methods are asynchronous. */
const connect = (map: Map<string, string>) => ({
  get: async (key: string) => map.get(key) ?? null,
  put: async (key: string, value: string) => {
    if (value === "") throw new RangeError("no empty values")
    map.set(key, value)
    if (value === "lost") throw new Error("the answer was lost")
  }
})

test("what clients do is recorded, and linearizable", async () => {
  const recorder = new Recorder({ hasFailed: (error) => error instanceof RangeError, timeoutMs: 1_000 })
  const map = new Map<string, string>()
  const client = () =>
    recorder.wrap(connect(map), {
      get: (key) => ({ op: "get", key }),
      put: (key, value) => ({ op: "put", key, value, output: () => null })
    })
  const [alice, bob] = [client(), client()]
  await Promise.all([alice.put("x", "a"), bob.get("x")])
  await expect(alice.put("x", "")).rejects.toThrow("no empty values") // certainly without effect
  await expect(alice.put("x", "lost")).rejects.toThrow("the answer was lost") // who knows?
  await alice.get("x")

  const history = recorder.history()
  expect(history).toBeLinearizable(kv)
  expect(history.operations()).toMatchObject([
    { client: 0, op: "put", value: "a" },
    { client: 1, op: "get" },
    { client: 0, op: "put", value: "", return: null, applied: false },
    { client: 0, op: "put", value: "lost", return: null },
    { client: 2, op: "get", output: "lost" } // who goes on after an unknown outcome is another
  ])
})
