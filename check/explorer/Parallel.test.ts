import { describe, expect, test, vi } from "vitest"
import { explore } from "./Explore.ts"
import type { Model } from "./Model.ts"
import { modelFrom, type ModelRef } from "./ModelRef.ts"
import { exploreInParallel } from "./Parallel.ts"
import { grid, lossyCounter, soonViolated, tokenRing } from "./toys.ts"

// However busy the machine.
vi.setConfig({ testTimeout: 120_000 })

const toy = (name: string, args: unknown): ModelRef => ({ module: new URL("toys.ts", import.meta.url).href, export: name, args })

/** What doesn't depend on the order in which worlds are found. */
const essence = (result: Awaited<ReturnType<typeof exploreInParallel>>) => {
  const { peakBytes: _, seconds: __, violations, ...rest } = result
  return {
    ...rest,
    violations: violations.map((violation) => [violation.kind, violation.name, "trace" in violation ? violation.trace.length : 0])
  }
}

describe("several threads", () => {
  test.each<[string, ModelRef, Model<never, never, never>]>([
    ["a grid", toy("grid", { actors: 3, to: 30 }), grid({ actors: 3, to: 30 }) as never],
    ["a lossy counter", toy("lossyCounter", 12), lossyCounter(12) as never],
    ["a token ring", toy("tokenRing", { size: 3, hops: 10 }), tokenRing({ size: 3, hops: 10 }) as never],
    ["a violated model", toy("soonViolated", { never: 7, to: 12 }), soonViolated({ never: 7, to: 12 }) as never],
    ["a model that misses something", toy("soonViolated", { never: 50, to: 12 }), soonViolated({ never: 50, to: 12 }) as never]
  ])("find in %s what one thread finds", async (_, ref, model) => {
    const expected = essence((await explore(model)).result)
    for (const threads of [1, 2, 3]) expect(essence(await exploreInParallel(ref, threads))).toEqual(expected)
  })

  test("a counterexample is a path of the model", async () => {
    const { violations } = await exploreInParallel(toy("soonViolated", { never: 7, to: 12 }), 2)
    const [violation] = violations
    if (violation?.kind !== "property") throw new Error("no counterexample")
    expect(violation.trace.map(({ label }) => label)).toEqual(["Init", ...Array.from({ length: 7 }, () => "Count"), "Receive"])
    expect(violation.trace.at(-1)!.world).toMatchObject({ actors: [{ count: 7 }, { count: 7 }], left: { counts: 5 } })
  })

  test("a memory budget stops them, and says what they covered", async () => {
    const memory = 4_000_000
    const result = await exploreInParallel(toy("grid", { actors: 3, to: 200 }), 2, { memory })
    expect(result).toMatchObject({ complete: false, stopped: "memory", violations: [] })
    expect(result.peakBytes).toBeLessThanOrEqual(memory)
    expect(result.queue).toBeGreaterThan(0)
    expect(result.depth).toBe(result.levels + 1)
  })

  test("a signal stops them", async () => {
    const controller = new AbortController()
    const result = await exploreInParallel(toy("grid", { actors: 3, to: 200 }), 2, {
      signal: controller.signal,
      onProgress: () => controller.abort()
    })
    expect(result).toMatchObject({ complete: false, stopped: "aborted" })
    expect(result.distinct).toBeGreaterThan(1)
  })

  test("a model that isn't there is refused", async () => {
    await expect(modelFrom(toy("nothing", {}))).rejects.toThrow("exports no function nothing")
    await expect(exploreInParallel(toy("nothing", {}), 2)).rejects.toThrow("exports no function nothing")
  })
})
