import { describe, expect, test } from "vitest"
import { BruteForce } from "./campaign/bruteForce.ts"
import { checkLinearizable } from "./check.ts"
import { History } from "./History.ts"
import type { Operation } from "./History.ts"
import { cas, register } from "./models/register.ts"
import { OnlineChecker, OnlineFeed } from "./online.ts"
import type { OnlineOptions, Violation } from "./online.ts"
import { Random } from "../Random.ts"
import { randomHistories } from "./campaign/randomHistories.ts"
import { vocabularies } from "./campaign/vocabularies.ts"

describe("the online checker", () => {
  const read = { client: 2, op: "read", key: "x", value: null }
  const write = (value: number) => ({ client: 1, op: "write", key: "x", value })

  test("lets an open operation have taken effect, and remembers that it did", () => {
    const checker = new OnlineChecker(register)
    const open = checker.invoke(write(1), 0)
    expect(checker.complete(checker.invoke(read, 1), 2, 1)).toBeUndefined()
    const violation = checker.complete(checker.invoke(read, 3), 4, null)
    expect(violation).toMatchObject({ key: "x", blocked: 2, before: 1, reason: "client 2's read() -> null has no place in any order of what had returned before it" })
    expect(violation!.prefixes).toEqual([
      { from: "null", order: [0, 1], states: ["1", "1"], next: [{ row: 2, why: "not allowed in state 1" }] }
    ])
    expect(checker.complete(open, 5, null)).toBeUndefined()
    expect(checker.result()).toMatchObject({ verdict: "illegal", keys: [{ key: "x", operations: 3, verdict: "illegal", violation }] })
  })

  test("finds a violation when an operation fails of which somebody saw the effect", () => {
    const checker = new OnlineChecker(register)
    const open = checker.invoke(write(1), 0)
    expect(checker.complete(checker.invoke(read, 1), 2, 1)).toBeUndefined()
    expect(checker.fail(open)).toMatchObject({ blocked: 0, reason: "client 1's write(1) failed, but no order of what had returned does without it" })
  })

  test("goes on with the other keys", () => {
    const checker = new OnlineChecker(register)
    checker.complete(checker.invoke({ ...read, key: "y" }, 0), 1, 7)
    expect(checker.complete(checker.invoke(read, 2), 3, null)).toBeUndefined()
    expect(checker.result().keys.map(({ key, verdict }) => [key, verdict])).toEqual([["y", "illegal"], ["x", "ok"]])
  })

  test("refuses what the model does not know, and what is not open", () => {
    const checker = new OnlineChecker(register)
    expect(() => checker.invoke({ ...read, op: "get" }, 0)).toThrow(/operation "get" is unknown to model register/)
    const ticket = checker.invoke(write(1), 0)
    checker.unknown(ticket)
    expect(() => checker.complete(ticket, 1, null)).toThrow("operation 0 is not open")
  })

  test("gives an object up that needs too much memory or time, and says so", () => {
    for (const [options, reason] of [[{ memoryBytes: 100_000 }, "memory"], [{ timeoutMs: 0 }, "time"]] as const) {
      const checker = new OnlineChecker(vocabularies["queue"]!.model, options)
      const enqueues = Array.from({ length: 40 }, (_, value) => checker.invoke({ client: value, op: "enq", key: "q", value }, 0))
      for (const ticket of enqueues) checker.complete(ticket, 1, null)
      expect(checker.complete(checker.invoke({ client: 1, op: "deq", key: "q", value: null }, 2), 3, "never enqueued")).toBeUndefined()
      expect(checker.result()).toMatchObject({ verdict: "unknown", keys: [{ verdict: "unknown", reason }] })
    }
  })
})

test("an object is given up when an operation stays open for so long that too much has to be remembered", () => {
  const checker = new OnlineChecker(register, { memoryBytes: 1_000_000 })
  const write = checker.invoke({ client: 1, op: "write", key: "x", value: 1 }, 0)
  for (let i = 0; i < 5_000; i++) checker.complete(checker.invoke({ client: 2, op: "read", key: "x", value: null }, i), i, null)
  expect(checker.result().keys).toEqual([{ key: "x", operations: 5_001, verdict: "unknown", reason: "memory" }])
  expect(checker.bytes).toBeLessThan(10_000)
  // Nothing is said about it any more.
  expect(checker.complete(checker.invoke({ client: 2, op: "read", key: "x", value: null }, 6_000), 6_001, 7)).toBeUndefined()
  expect(checker.complete(write, 6_002, null)).toBeUndefined()
})

/** One key's history as it was when the operation in this place of the order of returns returned. */
const asItWas = (history: ReadonlyArray<Operation>, returned: ReadonlyArray<Operation>, place: number): ReadonlyArray<Operation> => {
  const now = returned[place]!.return!
  const known = new Set(returned.slice(0, place + 1))
  return history.flatMap((x) => (x.applied === false || x.call > now ? [] : [known.has(x) ? x : { ...x, return: null, output: null }]))
}

// Goal: at every return the online checker knows whether there is an order, however much it has forgotten. Method: random
// small histories, with ties and unknown outcomes, told as whole operations; brute force at each return.
describe.each(Object.keys(vocabularies))("random histories: %s", (name) => {
  const vocabulary = vocabularies[name]!
  // These objects remember the order of everything: without answers there are many.
  const count = name === "queue" || name === "shard" ? 100 : 1_000

  test("a violation is found at the return that makes it one", () => {
    const random = new Random(8)
    const bruteForce = new BruteForce(vocabulary.model)
    const isOk = (history: ReadonlyArray<Operation>) => bruteForce.order(History.of(history), history.map((_, row) => row)) !== undefined
    let illegal = 0
    for (const history of Map.groupBy(randomHistories(vocabulary, random, count).operations(), (x) => x.key).values()) {
      const operations = history.map(({ applied, ...x }) => (applied === false ? { ...x, applied } : x))
      const returned = operations.filter((x) => x.return !== null).sort((a, b) => a.return! - b.return!)
      const first = returned.findIndex((_, place) => !isOk(asItWas(operations, returned, place)))
      // So few that almost every return is followed by forgetting.
      const checker = new OnlineChecker(vocabulary.model, { remembered: random.below(8), timeoutMs: 60_000 })
      const feed = new OnlineFeed(checker)
      for (const x of operations) feed.add(x)
      const violations: Array<Violation> = []
      for (let time = random.below(4); time < 20_000 && violations.length === 0; time += 1 + random.below(2_000)) violations.push(...feed.watermark(time))
      violations.push(...feed.end())
      const isRight = checker.result().verdict === (first === -1 ? "ok" : "illegal") && violations.length === (first === -1 ? 0 : 1)
      if (!isRight) expect.fail(`${checker.result().verdict}: ${JSON.stringify(operations)}`)
      if (first === -1) continue
      illegal++
      const { before, blocked, operations: remembered, prefixes } = violations[0]!
      // Several may return at the same time.
      expect(remembered[blocked]!.return).toBe(returned[first]!.return)
      expect(before).toBeGreaterThanOrEqual(returned.findIndex((x) => x.return === returned[first]!.return))
      expect(prefixes.length).toBeGreaterThan(0)
      for (const { next } of prefixes) expect(next.map(({ row }) => row)).toContain(blocked)
    }
    expect(illegal).toBeGreaterThan(count / 10)
  }, 60_000)
})

/** A long run: clients with one operation at a time, some of which are never answered. */
const longRun = (operations: number, clients: number, options: OnlineOptions = {}) => {
  const random = new Random(1)
  const checker = new OnlineChecker(cas, options)
  const running: Array<{ readonly ticket: number; readonly op: string; readonly value: number; output?: number | null }> = []
  let value: number | null = null
  let most = 0
  for (let n = 0; n < operations || running.length > 0; ) {
    if (n < operations && running.length < clients && random.percent(40)) {
      const op = random.percent(50) ? "read" : "write"
      const written = random.below(5)
      running.push({ ticket: checker.invoke({ client: n, op, key: "x", value: op === "read" ? null : written }, n), op, value: written })
      n++
      continue
    }
    const x = running[random.below(running.length)]
    if (x === undefined) continue
    if (x.output === undefined) {
      if (x.op === "write") value = x.value
      x.output = x.op === "read" ? value : null
      continue
    }
    running.splice(running.indexOf(x), 1)
    if (random.below(1000) === 0) checker.unknown(x.ticket)
    else expect(checker.complete(x.ticket, n, x.output)).toBeUndefined()
    most = Math.max(most, checker.bytes)
  }
  return { verdict: checker.result().verdict, most }
}

test("what is remembered does not grow with the history", () => {
  const short = longRun(2_000, 5)
  const long = longRun(20_000, 5)
  expect([short.verdict, long.verdict]).toEqual(["ok", "ok"])
  expect(long.most).toBeLessThan(1.5 * short.most)
  expect(long.most).toBeLessThan(1_000_000)
}, 60_000)

test("online and offline agree on a history with several keys", () => {
  const history = randomHistories(vocabularies["cas"]!, new Random(12), 500)
  const checker = new OnlineChecker(cas)
  const feed = new OnlineFeed(checker)
  for (const x of history.operations()) feed.add(x)
  feed.end()
  const offline = new Map(checkLinearizable(history, cas).keys.map(({ key, verdict }) => [key, verdict]))
  expect(new Map(checker.result().keys.map(({ key, verdict }) => [key, verdict]))).toEqual(offline)
})
