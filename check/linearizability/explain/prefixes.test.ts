import { describe, expect, test } from "vitest"
import { checkLinearizable } from "../check.ts"
import { describeState } from "../describe.ts"
import type { Operation } from "../History.ts"
import type { Model } from "../Model.ts"
import { register } from "../models/register.ts"
import { Random } from "../../Random.ts"
import { randomHistories } from "../campaign/randomHistories.ts"
import { vocabularies } from "../campaign/vocabularies.ts"

const op = (client: number, name: string, value: number | null, times: readonly [number, number], output: number | null = null): Operation =>
  ({ client, op: name, key: "x", value, call: times[0], return: times[1], output })

const prefixesOf = (history: ReadonlyArray<Operation>, model: Model) => {
  const [key] = checkLinearizable(history, model).keys
  return key?.verdict === "illegal" ? key.explanation!.prefixes : []
}

test("all states that are possible are shown, each with an order and why it ends there", () => {
  const history = [op(1, "write", 1, [0, 10]), op(2, "write", 2, [0, 10]), op(3, "write", 3, [0, 50]), op(4, "read", null, [20, 30], 7)]
  const prefixes = prefixesOf(history, register)
  expect(prefixes.map(({ states }) => states.at(-1)).sort()).toEqual(["1", "2", "3"])
  const third = prefixes.find(({ states }) => states.at(-1) === "3")!
  expect(third.next).toEqual([{ row: 3, why: "not allowed in state 3" }])
  const second = prefixes.find(({ states }) => states.at(-1) === "2")!
  expect(second.next).toEqual([
    { row: 3, why: "not allowed in state 2" },
    { row: 2, why: "possible, and makes the state 3; but client 4's read() -> 7 still has no place then" }
  ])
})

// Goal: what prefixes claim is so. Method: replay them against the model.
describe.each(Object.keys(vocabularies).filter((name) => name !== "queue" && name !== "shard"))("random histories: %s", (name) => {
  const { model } = vocabularies[name]!
  test("orders have all that had returned, states are those of the model, and nothing that cannot come can", () => {
    const random = new Random(6)
    let shown = 0
    for (const history of Map.groupBy(randomHistories(vocabularies[name]!, random, 500).operations(), (x) => x.key).values()) {
      const [key] = checkLinearizable(history, model).keys
      if (key?.verdict !== "illegal") continue
      const { blocked, prefixes } = key.explanation!
      const now = history[blocked]!.return ?? Infinity
      // At equal times others may have returned before, or not yet.
      const asItWas = (row: number): ReadonlyArray<Operation> => {
        const { applied, ...x } = history[row]!
        const open = { ...x, return: null, output: null }
        return x.return === null || x.return > now || row === blocked ? [open] : x.return < now ? [x] : [x, open]
      }
      for (const { next, order, states } of prefixes) {
        shown++
        const before = history.flatMap((x, row) => (x.return !== null && x.return < now ? [row] : []))
        expect(order).toEqual(expect.arrayContaining(before))
        let possible: ReadonlyArray<unknown> = [model.init]
        for (const [k, row] of order.entries()) {
          possible = possible.flatMap((state) => asItWas(row).map((x) => model.step(state, x) as unknown)).filter((state) => state !== undefined)
          expect(possible.map((state) => describeState(model, state))).toContain(states[k])
        }
        expect(next.map(({ row }) => row)).toContain(blocked)
        for (const { row, why } of next) {
          if (why.startsWith("not allowed") && row === blocked) expect(possible.some((state) => model.step(state, history[row]!) === undefined)).toBe(true)
        }
      }
    }
    expect(shown).toBeGreaterThan(30)
  }, 60_000)
})
