// Goal: no procedure is ever wrong. Method: random small histories, decided by brute force as well. These are a start;
// `node check/linearizability/campaign/campaign.ts` does as many as one likes.
import { describe, expect, test } from "vitest"
import { campaign } from "./campaign.ts"
import type { Attempt } from "./procedures.ts"
import { isQuick, isSlow, proceduresOf } from "./procedures.ts"
import { vocabularies } from "./vocabularies.ts"

/** Those that each model must bring into play. */
const exercised: Readonly<Record<string, ReadonlyArray<string>>> = {
  register: ["chosen", "distinct", "search"],
  cas: ["chosen", "distinct", "search"],
  kv: ["chosen", "distinct", "appends", "search"],
  "kv-empty": ["chosen", "distinct", "appends", "search"],
  set: ["chosen", "growOnly", "elementwise"],
  counter: ["chosen", "counting"],
  queue: ["chosen", "fifo"],
  mutex: ["chosen", "toggles", "holders", "search"],
  lock: ["chosen", "holders", "search"],
  "fenced-lock": ["chosen", "fencing"],
  shard: ["chosen", "numbered"]
}

describe("decided as by brute force, orders and evidence included:", () => {
  test.each(Object.keys(vocabularies))("%s", { timeout: 120_000 }, (model) => {
    const quick = campaign({ model, histories: 20_000, seed: 1, procedures: proceduresOf(model, isQuick) })
    expect(quick.disagreement).toBeUndefined()
    expect(quick.illegal).toBeGreaterThan(quick.histories / 5)
    expect(quick.ok).toBeGreaterThan(quick.histories / 3)
    expect(quick.withUnknown).toBeGreaterThan(quick.histories / 3)
    expect(quick.withTies).toBeGreaterThan(quick.histories / 3)
    for (const name of exercised[model]!) {
      const { illegal, ok } = quick.procedures[name]!
      expect([name, ok > 300, illegal > 200]).toEqual([name, true, true])
    }
    const slow = campaign({ model, histories: 500, seed: 2, procedures: proceduresOf(model, isSlow) })
    expect(slow.disagreement).toBeUndefined()
    for (const name of ["depth", "breadth"]) expect(slow.procedures[name]!.none).toBe(0)
  })
})

describe("a procedure is found out", () => {
  const found = (wrong: Attempt) => campaign({ model: "queue", histories: 5_000, seed: 3, procedures: { wrong } }).disagreement!
  const right = proceduresOf("queue")["fifo"]!

  test("when it gives the wrong verdict, with a history that cannot be smaller", () => {
    const illegal = found(() => () => ({ verdict: "illegal" }))
    expect(illegal.reason).toBe("illegal, and there is an order")
    expect(illegal.history).toHaveLength(1)
    const ok = found(() => (part) => ({ verdict: "ok", order: Int32Array.from(part.rows.keys()) }))
    expect(ok.reason).toBe("ok, and there is no order")
    expect(ok.history).toHaveLength(1)
  })

  test("when its order is none", () => {
    const backwards = found((history) => (part, budget) => {
      const result = right(history)(part, budget)
      return result?.verdict === "ok" ? { ...result, order: result.order.toReversed() } : result
    })
    expect(backwards.reason).toMatch(/^ok, and this is no order/)
    expect(backwards.history).toHaveLength(2)
  })

  test("when its evidence is none", () => {
    const vague = found((history) => (part, budget) => {
      const result = right(history)(part, budget)
      return result?.verdict === "illegal" ? { ...result, evidence: { operations: [], reason: "" } } : result
    })
    expect(vague.reason).toMatch(/^evidence that is none/)
  })

  test("when it does not know", () => {
    expect(found(() => () => ({ verdict: "unknown", reason: "time" })).reason).toBe("unknown (time) of a small history")
  })
})
