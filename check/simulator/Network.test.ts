// Goal: the network is as bad as labrpc, and no worse. Method: the labs' own tests of theirs.
import { describe, expect, test } from "vitest"
import { figure2 } from "../../src/raft/Server.ts"
import type { Message } from "../../src/raft/Message.ts"
import type { Configuration } from "../../src/shell/Configuration.ts"
import { Chance } from "./Chance.ts"
import { Clock } from "./Clock.ts"
import { inOrder, Network, reliable, unreliable } from "./Network.ts"
import type { Conditions } from "./Network.ts"
import { Simulation } from "./Simulation.ts"

/** Two servers; s2 answers each request it gets. */
const pair = (conditions: Conditions, seed = 1) => {
  const clock = new Clock()
  const network = new Network(["s1", "s2"], clock, new Chance(seed))
  network.conditions = conditions
  const handled: Array<number> = []
  const answered: Array<number> = []
  const times: Array<number> = []
  const call = (n: number, requestBytes = 0, responseBytes = 0) => {
    const sent = clock.now
    network.send({ type: "TestRequest", source: "s1", dest: "s2" }, requestBytes, () => {
      handled.push(n)
      times.push(clock.now - sent)
      network.send({ type: "TestResponse", source: "s2", dest: "s1" }, responseBytes, () => answered.push(n))
    })
  }
  const pass = (time: number) =>
    void clock.run(function*() {
      yield time
    }())
  return { clock, network, call, pass, handled, answered, times }
}

const configuration: Configuration = {
  servers: ["s1", "s2"],
  electionTimeout: { min: 100, max: 200 },
  heartbeatInterval: 50,
  maxRaftStateBytes: -1,
  settings: figure2
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

describe("The network", () => {
  test("N-1: on an unreliable net a request takes 0 to 27 ms, evenly", () => {
    const { call, pass, times } = pair(unreliable)
    for (const n of numbers(10_000)) call(n)
    pass(100)
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length
    expect(Math.min(...times)).toBeLessThan(0.1)
    expect(Math.max(...times)).toBeGreaterThan(26.9)
    expect(Math.max(...times)).toBeLessThan(27)
    expect(mean).toBeCloseTo(13.5, 0)
  })

  test("N-2 N-3: a tenth of the requests isn't handled, a tenth of those handled isn't answered, so a fifth of the calls fail", () => {
    const { answered, call, handled, pass } = pair(unreliable)
    for (const n of numbers(20_000)) call(n)
    pass(100)
    expect(handled.length / 20_000).toBeCloseTo(0.9, 1.5)
    expect(answered.length / handled.length).toBeCloseTo(0.9, 1.5)
    expect(answered.length / 20_000).toBeCloseTo(0.81, 1.5)
  })

  test("N-8: calls made at once are handled in any order, each once", () => {
    const { call, handled, pass } = pair(reliable)
    for (const n of numbers(20)) call(n)
    pass(10)
    expect(handled).not.toEqual(numbers(20))
    expect(handled.toSorted((a, b) => a - b)).toEqual(numbers(20))
  })

  test("N-8: unless its links keep the order", () => {
    const { answered, call, pass } = pair(inOrder)
    for (const n of numbers(20)) call(n)
    pass(10)
    expect(answered).toEqual(numbers(20))
  })

  test("N-9: a disconnected server gets nothing and is heard by nobody, also of what is under way; once connected it is", () => {
    const { answered, call, handled, network, pass } = pair(reliable)
    call(0)
    network.disconnect("s2")
    pass(10)
    call(1)
    network.connect("s2")
    pass(10)
    expect(handled).toEqual([])
    call(2)
    pass(10)
    expect([handled, answered]).toEqual([[2], [2]])
  })

  test("N-9: 17 calls count as 17, and their bytes as sent and as answered", () => {
    const { call, network, pass } = pair(reliable)
    for (const n of numbers(17)) call(n, 284, 0)
    pass(10)
    expect([network.received("s2"), network.received("s1")]).toEqual([17, 0])
    expect(network.bytes).toBe(17 * 284)
    for (const n of numbers(17)) call(n, 0, 107)
    pass(10)
    expect(network.bytes - 17 * 284).toBe(17 * 107)
  })

  test("N-9: a request that is lost counts in bytes, and not as received; a response that is lost doesn't count", () => {
    const { call, network, pass } = pair({ ...reliable, requestLoss: 100 })
    call(0, 10)
    pass(10)
    expect([network.received("s2"), network.bytes]).toEqual([0, 10])
    network.conditions = { ...reliable, responseLoss: 100 }
    call(1, 10, 10)
    pass(10)
    expect([network.received("s2"), network.bytes]).toEqual([1, 20])
  })

  test("N-10: 20 clients with 10 calls each on a reliable net: all 200 succeed", () => {
    const { answered, call, clock, pass } = pair(reliable)
    const clients = numbers(20).map((client) =>
      clock.spawn(function*() {
        for (let n = 0; n < 10; n++) {
          call(10 * client + n)
          while (!answered.includes(10 * client + n)) yield 1
        }
      }())
    )
    pass(100)
    expect(clients.every(({ result }) => result !== undefined)).toBe(true)
    expect(answered.toSorted((a, b) => a - b)).toEqual(numbers(200))
  })

  test("N-11: of 300 calls on an unreliable net some succeed, and not all", () => {
    const { answered, call, pass } = pair(unreliable)
    for (const n of numbers(300)) call(n)
    pass(100)
    expect(answered.length).toBeGreaterThan(200)
    expect(answered.length).toBeLessThan(290)
  })

  test("N-13 PF-24: what arrives was read from bytes: who sent it and who gets it share nothing", () => {
    const sent: Array<Message> = []
    const { clock, cluster: { sent: carried } } = new Simulation(configuration, 1, ({ step }) => sent.push(...step.sends))
    clock.run(function*() {
      yield 1000
    }())
    expect(carried).toEqual(sent)
    expect(carried.length).toBeGreaterThan(20)
    for (const [n, m] of carried.entries()) {
      const original = sent[n]!
      expect(m).not.toBe(original)
      if (m.type === "AppendEntriesRequest" && original.type === m.type) expect(m.entries).not.toBe(original.entries)
    }
  })

  test("Section 19: messages are carried in no more bytes than as JSON", () => {
    const sent: Array<Message> = []
    const { clock, network } = new Simulation(configuration, 1, ({ step }) => sent.push(...step.sends))
    clock.run(function*() {
      yield 1000
    }())
    expect(network.bytes).toBeGreaterThan(1000)
    expect(network.bytes).toBeLessThanOrEqual(sent.reduce((sum, m) => sum + Buffer.byteLength(JSON.stringify(m)), 0))
  })

  test("what is on its way from or to a server that crashes never arrives, also when it is up again", () => {
    const { call, handled, network, pass } = pair(reliable)
    call(0)
    network.crash("s1")
    call(1)
    network.crash("s2")
    call(2)
    pass(10)
    expect(handled).toEqual([2])
  })
})

describe("Virtual time", () => {
  test("lets what is due at the same time happen in the order it was asked for, and what is cancelled never", () => {
    const clock = new Clock()
    const happened: Array<string> = []
    const at = (delay: number, name: string) => clock.after(delay, () => happened.push(`${clock.now} ${name}`))
    at(2, "c")
    at(1, "a")
    at(1, "b")
    at(3, "never").cancelled = true
    clock.run(function*() {
      yield 5
    }())
    expect(happened).toEqual(["1 a", "1 b", "2 c"])
    expect(clock.now).toBe(5)
  })

  test("keeps the order of 10,000 random delays", () => {
    const clock = new Clock()
    const chance = new Chance(1)
    const times: Array<number> = []
    for (let n = 0; n < 10_000; n++) clock.after(chance.between(0, 100), () => times.push(clock.now))
    clock.run(function*() {
      yield 100
    }())
    expect(times).toHaveLength(10_000)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  test("ends a story that takes too long", () => {
    const clock = new Clock()
    expect(clock.run(function*() {
      yield 10
      return "done"
    }(), 5)).toBeUndefined()
  })
})

describe("Chance", () => {
  test("is the same with the same seed and stream, and another with another", () => {
    const first = (seed: number, stream?: number) => {
      const chance = new Chance(seed, stream)
      return numbers(5).map(() => chance.below(1_000_000)).join()
    }
    expect(first(1)).toBe(first(1))
    expect(new Set([first(1), first(2), first(1, 1), first(2 ** 32 + 1)]).size).toBe(4)
  })

  test("is even: each of ten parts gets a tenth", () => {
    const chance = new Chance(7)
    const counts = numbers(10).map(() => 0)
    for (let n = 0; n < 100_000; n++) counts[chance.below(10)]!++
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400)
  })
})
