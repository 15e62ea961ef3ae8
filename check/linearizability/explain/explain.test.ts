import { describe, expect, test } from "vitest"
import { BruteForce } from "../campaign/bruteForce.ts"
import { checkLinearizable } from "../check.ts"
import { beginning } from "./core.ts"
import { History } from "../History.ts"
import type { Operation } from "../History.ts"
import type { Model } from "../Model.ts"
import { kv } from "../models/kv.ts"
import { register } from "../models/register.ts"
import { Random } from "../../Random.ts"
import { randomHistories } from "../campaign/randomHistories.ts"
import type { Explanation } from "../Result.ts"
import { vocabularies } from "../campaign/vocabularies.ts"

const op = (client: number, name: string, value: string | number | null, times: readonly [number, number], output: string | number | null = null): Operation =>
  ({ client, op: name, key: "x", value, call: times[0], return: times[1], output })

const explain = (history: ReadonlyArray<Operation>, model: Model): Explanation => {
  const [key] = checkLinearizable(history, model).keys
  if (key?.verdict !== "illegal" || key.explanation === undefined) throw new Error("expected an explanation")
  return key.explanation
}

describe("an explanation", () => {
  test("of a stale read: the two reads, and who wrote what they saw", () => {
    const history = [
      op(1, "write", 7, [0, 1]),
      op(1, "write", 1, [2, 3]),
      op(1, "write", 2, [4, 9]),
      op(2, "read", null, [5, 6], 2),
      op(3, "read", null, [7, 8], 1),
      op(3, "read", null, [10, 11], 2)
    ]
    const { before, blocked, context, core, isMinimal, prefixes, reason } = explain(history, register)
    expect({ before, blocked, context, core, isMinimal }).toEqual({ before: 3, blocked: 4, context: [2], core: [1, 3, 4], isMinimal: true })
    expect(reason).toContain("client 3's read() -> 1")
    expect(prefixes[0]!.order).toEqual([0, 1, 2, 3])
    expect(prefixes[0]!.states).toEqual(["7", "1", "2", "2"])
    expect(prefixes[0]!.next).toEqual([{ row: 4, why: "not allowed in state 2" }])
  })

  test("of reads that disagree on an order names just these reads", () => {
    const history = [
      op(1, "append", "a;", [0, 9]),
      op(2, "append", "b;", [0, 9]),
      op(3, "get", null, [10, 11], "a;b;"),
      op(4, "get", null, [10, 12], "b;a;"),
      op(5, "get", null, [13, 14], "a;b;")
    ]
    const { core, context } = explain(history, kv)
    expect(core).toEqual([2, 3])
    expect(context).toEqual([0, 1])
  })
})

/**
 * At the time of `now`, with only some operations as they are: others of unknown outcome, reads among them left out, and
 * what had returned before `since` forgotten.
 */
const weakened = (
  history: ReadonlyArray<Operation>,
  model: Model,
  now: number,
  counts: (row: number) => boolean,
  since: number
): ReadonlyArray<Operation> => {
  const subjects = new Set(history.filter((_, row) => counts(row)).map((x) => model.about?.(x)))
  return history.flatMap((x, row): ReadonlyArray<Operation> => {
    const about = model.about?.(x)
    if (x.call > now || x.applied === false || (x.return ?? Infinity) < since) return []
    if (counts(row) && (x.return ?? Infinity) <= now) return [x]
    if (model.reads?.(x) === true || (about !== undefined && !subjects.has(about))) return []
    const { applied: _, ...rest } = x
    return [{ ...rest, return: null, output: null }]
  })
}

/** The history from each state in which the object may be before it. */
const fromAnyState = (model: Model, history: ReadonlyArray<Operation>): ReadonlyArray<ReadonlyArray<Operation>> => {
  const before = Math.min(...history.map((x) => x.call))
  return model.begins!(history)!.map((state) => [
    ...beginning(state).map((x) => ({ ...x, call: x.call + before, return: x.return! + before })),
    ...history.map((x) => ({ ...x, key: "" }))
  ])
}

// Goal: what an explanation claims is so, by the definition of linearizability. Method: random small histories.
describe.each(Object.keys(vocabularies))("explanations of random histories: %s", (name) => {
  const { model } = vocabularies[name]!
  const bruteForce = new BruteForce(model)
  const isOk = (history: ReadonlyArray<Operation>): boolean => bruteForce.order(History.of(history), [...history.keys()]) !== undefined

  test.each([5, 6, 7])("name the moment, a minimal core, and an order up to there: seed %i", (seed) => {
    const random = new Random(seed)
    let explained = 0
    let forgetful = 0
    for (let k = 0; k < 200; k++) {
      const history = randomHistories(vocabularies[name]!, random, 1).operations()
      const [result] = checkLinearizable(history, model).keys
      if (result?.verdict !== "illegal") continue
      explained++
      const { before, blocked, context, core, forgets, isMinimal, prefixes } = result.explanation!
      const byReturn = [...history.keys()].filter((row) => history[row]!.return !== null && history[row]!.applied !== false)
      byReturn.sort((x, y) => history[x]!.return! - history[y]!.return!)
      // What took effect, nobody knows when, must have done so in the end.
      const now = history[blocked]!.return ?? Infinity
      // At equal times, who returned first is for the checker to say: all before it return no later, none earlier is left.
      const returned = byReturn.filter((row) => history[row]!.return! < now)
      expect(returned.length).toBeLessThanOrEqual(before)
      const asItWas = (isDone: (row: number) => boolean) =>
        history.flatMap((x, row) => {
          const { applied, ...rest } = x
          if (x.call > now || applied === false) return []
          return [isDone(row) ? x : { ...rest, return: null, output: null }]
        })
      expect(isOk(asItWas((row) => returned.includes(row)))).toBe(true)
      expect(isOk(asItWas((row) => (history[row]!.return ?? Infinity) <= now))).toBe(false)

      expect(isMinimal).toBe(true)
      const members = new Set(core)
      if (forgets) forgetful++
      const since = forgets ? Math.min(...core.map((row) => history[row]!.call)) : -Infinity
      const hasOrder = (some: ReadonlySet<number>): boolean => {
        const weaker = weakened(history, model, now, (row) => some.has(row), since)
        return forgets ? fromAnyState(model, weaker).some(isOk) : isOk(weaker)
      }
      expect(hasOrder(members)).toBe(false)
      for (const row of core) expect(hasOrder(members.difference(new Set([row])))).toBe(true)
      expect(context.filter((row) => members.has(row))).toEqual([])
      expect(prefixes.length).toBeGreaterThan(0)
      for (const { next, order } of prefixes) {
        expect(returned.filter((row) => !order.includes(row))).toEqual([])
        expect(next.map(({ row }) => row)).toContain(blocked)
      }
    }
    expect(explained).toBeGreaterThan(20)
    if (name === "cas") expect(forgetful).toBeGreaterThan(0)
  }, 120_000)
})
