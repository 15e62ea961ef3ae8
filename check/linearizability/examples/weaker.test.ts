import { expect, test } from "vitest"
import { checkBoundedStaleness, checkLinearizable, checkSequential, register } from "../index.ts"

test("weaker promises have names", () => {
  const history = [
    { client: 1, op: "write", key: "x", value: 1, call: 0, return: 10, output: null },
    { client: 2, op: "read", key: "x", value: null, call: 20, return: 30, output: null, stale: true as const }
  ]
  expect(checkLinearizable(history, register).verdict).toBe("illegal")
  // The order of each client is kept, whatever the clocks say.
  expect(checkSequential(history, register)).toMatchObject({ promise: "sequential consistency", verdict: "ok", witness: [1, 0] })
  // null was current until 10, at the latest: 10 before the call of the read.
  expect(checkBoundedStaleness(history, register, 10)).toMatchObject({ promise: "bounded staleness", staleBound: 10, verdict: "ok" })
  expect(checkBoundedStaleness(history, register, 9).verdict).toBe("illegal")
})
