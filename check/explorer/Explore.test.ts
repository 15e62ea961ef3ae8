import { describe, expect, test, vi } from "vitest"
import { explore } from "./Explore.ts"
import type { Model } from "./Model.ts"
import { grid, heard, lossyCounter, model, tokenRing } from "./toys.ts"

// However busy the machine.
vi.setConfig({ testTimeout: 120_000 })

const resultOf = async <A, M, G>(toy: Model<A, M, G>) => (await explore(toy)).result

describe("counting", () => {
  test("a token that makes h hops has 2h + 1 worlds in a row", async () => {
    const result = await resultOf(tokenRing({ size: 3, hops: 10 }))
    expect(result).toMatchObject({ distinct: 21, generated: 21, depth: 21, complete: true, levels: 21, queue: 0 })
    expect(result.labels).toEqual({ Pass: 10, Receive: 10 })
    expect(result.violations).toEqual([])
    // Of each node: before its first token, then holding and not holding for every hop that reached it.
    expect(result).toMatchObject({ actorStates: 23, messages: 10 })
  })

  test("a lossy counter to n has one world for each pair of told ≤ counted", async () => {
    const result = await resultOf(lossyCounter(4))
    // The second hears any higher number that was sent: from `heard`, of `counted`, counted - heard edges.
    expect(result).toMatchObject({ distinct: 15, generated: 1 + 10 + 20, depth: 6, complete: true })
    expect(result.labels).toEqual({ Count: 10, Receive: 20 })
  })

  test("self-loops and duplicates are generated, equal outcomes of one action are one", async () => {
    const same = { actor: 0, sends: [] }
    const result = await resultOf(model({
      root: { actors: [0], messages: ["x", "y"], left: {}, ghost: null },
      actions: [
        { name: "Once", outcomes: (actor: number) => actor === 0 ? [same, { ...same }] : [] },
        { name: "Again", outcomes: (actor: number) => actor === 0 ? [same] : [] },
        { name: "Up", outcomes: (actor: number) => actor === 0 ? [{ actor: 1, sends: ["x", "y"] }, { actor: 1, sends: ["y", "x", "x"] }] : [] }
      ],
      handle: (actor: number) => actor === 0 ? { actor: 1, sends: [] } : undefined
    }))
    expect(result.labels).toEqual({ Once: 1, Again: 1, Up: 1, Receive: 2 })
    expect(result).toMatchObject({ distinct: 2, generated: 6, depth: 2 })
  })

  test("an actor may send to itself", async () => {
    const result = await resultOf(model({
      root: { actors: [0, 0], messages: [], left: { starts: 1 }, ghost: null },
      actions: [{ name: "Start", spends: "starts", outcomes: (count: number) => [{ actor: count, sends: [1] }] }],
      handle: (count: number, next: number) =>
        next === count + 1 && next < 4 ? { actor: next, sends: [next + 1] } : undefined
    }))
    // Message 1 is for the first actor, whoever starts.
    expect(result).toMatchObject({ distinct: 5, generated: 6, depth: 5 })
  })

  test("dead messages are dropped from the root, on arrival, and when the destination changes", async () => {
    const { graph, result } = await explore(lossyCounter(3, {
      root: { actors: [{ id: 0, count: 0 }, { id: 1, count: 0 }], messages: [0], left: { counts: 3 }, ghost: null },
      dead: ({ count }, told) => told <= count
    }))
    expect(result).toMatchObject({ distinct: 10, complete: true, violations: [] })
    for (let index = 0; index < graph.size; index++) {
      const { actors, messages } = graph.world(index)
      for (const told of messages) expect(told).toBeGreaterThan(actors[1]!.count)
    }
  })

  test.each([
    ["an actor", (k: number) => ({ actors: [{ a: { b: [1, { c: k }] } }], messages: [], left: {}, ghost: null })],
    ["a message", (k: number) => ({ actors: [null], messages: [{ a: { b: [1, { c: k }] } }], left: {}, ghost: null })],
    ["the ghost", (k: number) => ({ actors: [null], messages: [], left: {}, ghost: { a: { b: [1, { c: k }] } } })],
    ["a budget", (k: number) => ({ actors: [null], messages: [], left: { a: 1, b: k }, ghost: null })]
  ])("W13: worlds that differ in one field of %s only are two", async (_, world) => {
    // One step leads from the root, whose field is 1, to a world where it is 0 and nothing else differs.
    const to = world(0)
    const toy = model<unknown, unknown, unknown>({
      root: { ...world(1), messages: [] },
      actions: [
        { name: "Step", ...("b" in to.left ? { spends: "b" } : {}), outcomes: () => [{ actor: to.actors[0], sends: to.messages }] },
        { name: "Other", outcomes: () => [{ actor: world(1).actors[0], sends: world(1).messages }] }
      ],
      remember: () => to.ghost
    })
    const { graph, result } = await explore(toy)
    const worlds = Array.from({ length: graph.size }, (_, index) => graph.world(index))
    expect(worlds).toContainEqual(expect.objectContaining(to))
    expect(result.distinct).toBe(to.messages.length > 0 ? 4 : 2)
  })
})

describe("properties", () => {
  test("a deep violation has the shortest counterexample", async () => {
    // Twelve counts and one receipt are the least that it takes; the search finds longer ways, too.
    const { violations, ...result } = await resultOf(lossyCounter(20, {
      properties: [{ ...heard(12, "NeverTwelve"), reads: "actors", holds: (actors) => actors[1]!.count !== 12 }]
    }))
    expect(result).toMatchObject({ complete: false, stopped: "violation", levels: 13 })
    expect(violations).toHaveLength(1)
    const [violation] = violations
    if (violation?.kind !== "property") throw new Error("no counterexample")
    expect(violation.name).toBe("NeverTwelve")
    expect(violation.trace.map(({ actor, label, message }) => [label, actor, message])).toEqual([
      ["Init", undefined, undefined],
      ...Array.from({ length: 12 }, () => ["Count", "a1", undefined]),
      ["Receive", "a2", 12]
    ])
    expect(violation.trace[0]!.world).toEqual(lossyCounter(20).root)
    expect(violation.trace.at(-1)!.world).toMatchObject({ actors: [{ count: 12 }, { count: 12 }], left: { counts: 8 } })
  })

  test("each kind of property is violated where it first is, and all of that level are reported", async () => {
    const { violations } = await resultOf(lossyCounter(5, {
      properties: [
        { reads: "step", name: "Step", holds: ({ after, label }) => label !== "Count" || after.count < 3 },
        { reads: "message", name: "Message", holds: (told) => told < 3 },
        { reads: "actors", name: "Actors", holds: ([first]) => first!.count < 3 },
        { reads: "world", name: "World", holds: ({ left }) => left["counts"]! > 2 },
        { reads: "world", name: "Later", holds: ({ left }) => left["counts"]! > 1 }
      ]
    }))
    expect(violations.map(({ name }) => name).sort()).toEqual(["Actors", "Message", "Step", "World"])
    for (const violation of violations) {
      if (violation.kind !== "property") throw new Error(violation.kind)
      expect(violation.trace.map(({ label }) => label)).toEqual(["Init", "Count", "Count", "Count"])
      expect(violation.trace.at(-1)!.world.left).toEqual({ counts: 2 })
    }
  })

  test("a property that is false in the root is violated there", async () => {
    const { violations } = await resultOf(lossyCounter(5, {
      properties: [{ reads: "actors", name: "No", holds: () => false }]
    }))
    expect(violations).toMatchObject([{ kind: "property", name: "No", trace: [{ label: "Init" }] }])
  })

  test("the ghost remembers, and a property may read it", async () => {
    const { violations } = await resultOf(model<number, never, number>({
      root: { actors: [0, 0], messages: [], left: { steps: 5 }, ghost: 0 },
      actions: [{ name: "Up", spends: "steps", outcomes: (count) => [{ actor: count + 1, sends: [] }] }],
      remember: (ghost, before, after) => Math.max(ghost, before + after),
      properties: [{ reads: "actors", name: "Ghost", holds: (_, ghost) => ghost < 5 }]
    }))
    expect(violations).toMatchObject([{ name: "Ghost", trace: { length: 4 } }])
  })

  test("steps that no reachable world can pay for are not checked", async () => {
    const result = await resultOf(lossyCounter(0, {
      properties: [
        { reads: "step", name: "NoStep", holds: () => false },
        { reads: "message", name: "NoMessage", holds: () => false }
      ]
    }))
    expect(result).toMatchObject({ distinct: 1, generated: 1, depth: 1, complete: true, violations: [], messages: 0 })
  })

  test("what must be reached is reported with its depth, and missed when it isn't", async () => {
    const result = await resultOf(lossyCounter(3, {
      mustReach: [
        heard(2, "Two"),
        heard(9, "Nine"),
        { reads: "step", name: "Leap", holds: ({ after, before }) => after.count > before.count + 1 },
        { reads: "message", name: "Told", holds: (told) => told === 1 },
        { reads: "world", name: "Empty", holds: ({ messages }) => messages.length === 0 }
      ]
    }))
    expect(result.mustReach).toEqual([
      { name: "Two", depth: 4 },
      { name: "Nine", depth: undefined },
      { name: "Leap", depth: 4 },
      { name: "Told", depth: 2 },
      { name: "Empty", depth: 1 }
    ])
    expect(result.violations).toEqual([{ kind: "unreached", name: "Nine" }])
  })
})

describe("crashes", () => {
  const boom = (): never => {
    throw new TypeError("boom")
  }

  test("a property that throws is a violation with its counterexample", async () => {
    const { violations } = await resultOf(lossyCounter(5, {
      properties: [{ reads: "actors", name: "Throws", holds: ([, second]) => second!.count < 2 || boom() }]
    }))
    expect(violations).toMatchObject([{ kind: "crash", name: "Throws", error: "boom", trace: { length: 4 } }])
  })

  test("a handler that throws is a violation with the step that it happened in", async () => {
    const { violations } = await resultOf(lossyCounter(5, {
      handle: ({ count, id }, told) => told > 2 ? boom() : told > count ? { actor: { id, count: told }, sends: [] } : undefined
    }))
    expect(violations).toMatchObject([{
      kind: "crash",
      name: "handle",
      error: "boom",
      during: { actor: "a2", message: 3 },
      trace: { length: 4 }
    }])
  })

  test.each<[string, Partial<ReturnType<typeof lossyCounter>>]>([
    ["Count", { actions: [{ name: "Count", outcomes: boom }] }],
    ["dest", { dest: boom }],
    ["dead", { dead: boom }],
    ["remember", { remember: boom }],
    ["handle", { receives: boom }]
  ])("a model whose %s throws is a violation", async (name, parts) => {
    const { violations } = await resultOf(lossyCounter(2, parts))
    expect(violations).toContainEqual(expect.objectContaining({ kind: "crash", name, error: "boom" }))
  })

  test("an action that throws where its budget is used up does no harm", async () => {
    const { violations } = await resultOf(lossyCounter(2, {
      actions: [{
        name: "Count",
        spends: "counts",
        outcomes: ({ count, id }) =>
          id === 1 ? [] : count === 2 ? boom() : [{ actor: { id, count: count + 1 }, sends: [count + 1] }]
      }]
    }))
    expect(violations).toEqual([])
  })

  test("a value that JSON would lose is a crash", async () => {
    const { violations } = await resultOf(model<unknown, never, null>({
      root: { actors: [0], messages: [], left: {}, ghost: null },
      actions: [{ name: "Lose", outcomes: () => [{ actor: { votes: new Set([1]) }, sends: [] }] }]
    }))
    expect(violations).toMatchObject([{ kind: "crash", name: "Lose", error: "a Set is not plain JSON" }])
  })

  test("a predicate's name used twice is refused", async () => {
    await expect(explore(lossyCounter(1, { properties: [heard(1), heard(2)] }))).rejects.toThrow("are called Heard")
  })

  test("an action that spends a budget unknown to the root is refused", async () => {
    const actions = [{ name: "Buy", spends: "money", outcomes: () => [] }]
    await expect(explore(lossyCounter(1, { actions }))).rejects.toThrow("money")
  })
})

describe("dead mail", () => {
  test("a dead message that has an effect is a violation", async () => {
    const { violations } = await resultOf(lossyCounter(3, { dead: ({ count }, told) => told <= count + 1 }))
    expect(violations).toContainEqual({
      kind: "dead",
      name: "Dead",
      actor: "a2",
      state: { id: 1, count: 0 },
      message: 1
    })
  })

  test("a message that is dead until a step revives it is a violation", async () => {
    // An actor that has heard is deaf, until it forgets.
    const { violations } = await resultOf(lossyCounter(1, {
      dead: ({ count }) => count > 0,
      actions: [
        ...lossyCounter(1).actions,
        { name: "Forget", outcomes: ({ count, id }) => id === 1 && count > 0 ? [{ actor: { id, count: 0 }, sends: [] }] : [] }
      ]
    }))
    expect(violations).toEqual([{
      kind: "dead",
      name: "Dead",
      actor: "a2",
      state: { id: 1, count: 1 },
      message: 1,
      revivedBy: { label: "Forget", after: { id: 1, count: 0 } }
    }])
  })

  test("the promise is checked also when a property is violated", async () => {
    const { violations } = await resultOf(lossyCounter(3, {
      dead: ({ count }, told) => told <= count + 1,
      properties: [{ reads: "actors", name: "No", holds: ([first]) => first!.count < 2 }]
    }))
    expect(violations.map(({ name }) => name)).toEqual(["No", "Dead"])
  })
})

describe("stopping", () => {
  // Eight million worlds: too many for any of these tests.
  const large = grid({ actors: 3, to: 200 })

  test("a memory budget stops the search and says what it covered", async () => {
    const memory = 2_000_000
    const { result } = await explore(large, { memory })
    expect(result).toMatchObject({ complete: false, stopped: "memory", violations: [] })
    expect(result.peakBytes).toBeLessThanOrEqual(memory)
    expect(result.distinct).toBeGreaterThan(1000)
    expect(result.queue).toBeGreaterThan(0)
    expect(result.depth).toBe(result.levels + 1)
    // Level n of this model holds the ways to write n as a sum of three.
    const worlds = Array.from({ length: result.levels }, (_, n) => (n + 1) * (n + 2) / 2).reduce((a, b) => a + b)
    expect(result.distinct).toBeGreaterThanOrEqual(worlds)
  })

  test("a signal stops the search, with what was found so far and its progress", async () => {
    const controller = new AbortController()
    const seen: Array<number> = []
    const { result } = await explore(large, {
      signal: controller.signal,
      onProgress: ({ states }) => {
        seen.push(states)
        controller.abort()
      }
    })
    expect(result).toMatchObject({ complete: false, stopped: "aborted" })
    expect(result.distinct).toBeGreaterThanOrEqual(seen[0]!)
  })

  test("a signal given already stops it at once", async () => {
    const { result } = await explore(large, { signal: AbortSignal.abort() })
    expect(result).toMatchObject({ complete: false, stopped: "aborted", distinct: 1, depth: 1, levels: 0, queue: 1 })
  })
})
