// What each model promises, one operation after the other; and the smallest histories that only concurrency explains.
import { describe, expect, test } from "vitest"
import { checkLinearizable } from "../check.ts"
import type { Operation } from "../History.ts"
import type { Model } from "../Model.ts"
import type { Json } from "../Texts.ts"
import { counter } from "./counter.ts"
import { fencedLock, lock, mutex } from "./lock.ts"
import { queue } from "./queue.ts"
import { set } from "./set.ts"
import { shard } from "./shard.ts"

type Call = readonly [op: string, value: Json, output: Json, client?: number]

/** An operation, from `call` to `returned` (null: outcome unknown). */
const during = (call: number, returned: number | null, [op, value, output, client = 0]: Call): Operation => ({
  client,
  op,
  key: "x",
  value,
  call,
  return: returned,
  output: returned === null ? null : output
})

const verdict = (model: Model, history: ReadonlyArray<Operation>) => checkLinearizable(history, model).verdict

/** Of calls one after the other. */
const inTurn = (model: Model, ...calls: ReadonlyArray<Call>) =>
  verdict(model, calls.map((call, i) => during(2 * i, 2 * i + 1, call)))

describe("queue", () => {
  test("first in, first out; null when it is empty", () => {
    expect(inTurn(queue, ["enq", 1, null], ["enq", 2, null], ["deq", null, 1], ["deq", null, 2], ["deq", null, null])).toBe("ok")
    expect(inTurn(queue, ["enq", 1, null], ["enq", 2, null], ["deq", null, 2])).toBe("illegal")
    expect(inTurn(queue, ["enq", 1, null], ["deq", null, null])).toBe("illegal")
  })

  test("a dequeue of unknown outcome may have taken what is missing, but not two", () => {
    const [one, two, three] = [1, 2, 3].map((v) => during(2 * v, 2 * v + 1, ["enq", v, null]))
    const lost = during(10, null, ["deq", null, null])
    expect(verdict(queue, [one!, two!, lost, during(12, 13, ["deq", null, 2])])).toBe("ok")
    expect(verdict(queue, [one!, two!, three!, lost, during(12, 13, ["deq", null, 3])])).toBe("illegal")
  })
})

describe("set", () => {
  test("adds and removals tell whether they changed anything, where they tell", () => {
    expect(inTurn(set, ["add", 1, true], ["add", 1, false], ["add", 1, null], ["remove", 1, true], ["remove", 1, false])).toBe("ok")
    expect(inTurn(set, ["add", 1, true], ["add", 1, true])).toBe("illegal")
    expect(inTurn(set, ["add", 1, null], ["remove", 2, true])).toBe("illegal")
    expect(inTurn(set, ["add", 1, null], ["contains", 1, false])).toBe("illegal")
  })

  test("a read lists all elements, each once, in any order", () => {
    const adds: ReadonlyArray<Call> = [["add", "b", null], ["add", { a: 1 }, null]]
    expect(inTurn(set, ...adds, ["read", null, [{ a: 1 }, "b"]])).toBe("ok")
    expect(inTurn(set, ...adds, ["read", null, ["b"]])).toBe("illegal")
    expect(inTurn(set, ...adds, ["read", null, ["b", "b", { a: 1 }]])).toBe("illegal")
    expect(inTurn(set, ...adds, ["remove", "b", null], ["read", null, [{ a: 1 }]])).toBe("ok")
  })

  test("two reads at the same time must not each lack what the other lists", () => {
    const adds = [1, 2].map((v) => during(0, 10, ["add", v, null]))
    const reads = (...lists: ReadonlyArray<ReadonlyArray<number>>) => lists.map((list) => during(0, 10, ["read", null, list]))
    expect(verdict(set, [...adds, ...reads([1], [1, 2])])).toBe("ok")
    expect(verdict(set, [...adds, ...reads([1], [2])])).toBe("illegal")
  })
})

describe("counter", () => {
  test("adds what it is told, and answers the new value or nothing", () => {
    expect(inTurn(counter, ["read", null, 0], ["add", 2, 2], ["add", -5, null], ["read", null, -3])).toBe("ok")
    expect(inTurn(counter, ["add", 2, null], ["read", null, 1])).toBe("illegal")
    expect(inTurn(counter, ["add", 1, 1], ["add", 1, 1])).toBe("illegal")
  })

  test("an increment that was lost shows in the next read", () => {
    const adds = [0, 0].map((call) => during(call, 10, ["add", 1, null]))
    expect(verdict(counter, [...adds, during(5, 6, ["read", null, 1]), during(11, 12, ["read", null, 2])])).toBe("ok")
    expect(verdict(counter, [...adds, during(11, 12, ["read", null, 1])])).toBe("illegal")
  })
})

describe("mutex", () => {
  test("acquires and releases alternate, whoever makes them", () => {
    expect(inTurn(mutex, ["acquire", null, true, 1], ["release", null, true, 2], ["tryacquire", null, true, 3])).toBe("ok")
    expect(inTurn(mutex, ["acquire", null, true, 1], ["acquire", null, true, 2])).toBe("illegal")
    expect(inTurn(mutex, ["release", null, true, 1])).toBe("illegal")
    expect(inTurn(mutex, ["tryacquire", null, false, 1])).toBe("illegal")
  })
})

describe("lock", () => {
  test("only its holder can release it", () => {
    expect(inTurn(lock, ["acquire", null, true, 1], ["release", null, false, 2], ["release", null, true, 1])).toBe("ok")
    expect(inTurn(lock, ["acquire", null, true, 1], ["release", null, true, 2])).toBe("illegal")
    expect(inTurn(lock, ["acquire", null, true, 1], ["release", null, false, 1])).toBe("illegal")
  })

  test("an acquire of unknown outcome explains why another failed", () => {
    const other = during(4, 5, ["tryacquire", null, false, 2])
    expect(verdict(lock, [during(0, null, ["acquire", null, true, 1]), other])).toBe("ok")
    expect(verdict(lock, [other])).toBe("illegal")
  })
})

describe("fenced lock", () => {
  test("tokens grow, also past holders whose token nobody knows", () => {
    expect(inTurn(fencedLock, ["acquire", null, 1, 1], ["release", null, true, 1], ["acquire", null, 7, 2])).toBe("ok")
    expect(inTurn(fencedLock, ["acquire", null, 2, 1], ["release", null, true, 1], ["acquire", null, 2, 2])).toBe("illegal")
    const unknown = during(0, null, ["acquire", null, null, 1])
    expect(verdict(fencedLock, [unknown, during(1, 2, ["release", 5, true, 1]), during(3, 4, ["acquire", null, 6, 2])])).toBe("ok")
    expect(verdict(fencedLock, [unknown, during(1, 2, ["release", 5, true, 1]), during(3, 4, ["acquire", null, 4, 2])])).toBe("illegal")
  })

  test("a release names the holder by its token, or else by the client", () => {
    expect(inTurn(fencedLock, ["acquire", null, 1, 1], ["release", 2, false, 1], ["release", 1, true, 2])).toBe("ok")
    expect(inTurn(fencedLock, ["acquire", null, 1, 1], ["release", null, false, 2], ["release", null, true, 1])).toBe("ok")
    expect(inTurn(fencedLock, ["acquire", null, 1, 1], ["release", 1, false, 2])).toBe("illegal")
    expect(inTurn(fencedLock, ["release", null, true, 1])).toBe("illegal")
  })
})

describe("shard controller", () => {
  const configuration = (num: number, shards: ReadonlyArray<number>, groups: Json) => ({ num, shards, groups })
  const half = [2, 2, 2, 2, 2, 1, 1, 1, 1, 1]

  test("shards are spread evenly, moving as few as that takes, the lowest first", () => {
    const joins: ReadonlyArray<Call> = [["join", { 1: ["a"] }, null], ["join", { 2: ["b", "c"] }, null]]
    expect(inTurn(shard, ...joins, ["query", -1, configuration(2, half, { 1: ["a"], 2: ["b", "c"] })])).toBe("ok")
    expect(inTurn(shard, ...joins, ["query", -1, configuration(2, half.toReversed(), { 1: ["a"], 2: ["b", "c"] })])).toBe("illegal")
    expect(inTurn(shard, ...joins, ["leave", [1], null], ["query", 9, configuration(3, Array(10).fill(2), { 2: ["b", "c"] })])).toBe("ok")
    expect(inTurn(shard, ...joins, ["query", 1, configuration(1, Array(10).fill(1), { 1: ["a"] })])).toBe("ok")
  })

  test("groups of many digits are in the order of their numbers", () => {
    const joins: ReadonlyArray<Call> = [["join", { 10: ["a"], 9: ["b"] }, null]]
    const shards = [9, 10, 9, 10, 9, 10, 9, 10, 9, 10]
    expect(inTurn(shard, ...joins, ["query", -1, configuration(1, shards, { 9: ["b"], 10: ["a"] })])).toBe("ok")
  })

  test("concurrent joins come in the order that a later query shows", () => {
    const joins = [1, 2].map((gid) => during(0, 10, ["join", { [gid]: ["s"] }, null]))
    const shown = (shards: ReadonlyArray<number>) => during(20, 21, ["query", -1, configuration(2, shards, { 1: ["s"], 2: ["s"] })])
    const first = during(5, 6, ["query", 1, configuration(1, Array(10).fill(2), { 2: ["s"] })])
    const other = half.map((gid) => 3 - gid)
    expect(verdict(shard, [...joins, shown(half)])).toBe("ok")
    expect(verdict(shard, [...joins, shown(other)])).toBe("ok")
    expect(verdict(shard, [...joins, first, shown(other)])).toBe("ok")
    expect(verdict(shard, [...joins, first, shown(half)])).toBe("illegal")
  })
})
