// Goal: the verdict on what happens for ever is right. Method: small graphs, drawn by hand, and random ones compared with
// an enumeration of all their loops.
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { components, lassoMissing } from "./Liveness.ts"
import type { FairGraph, Lasso } from "./Liveness.ts"

type Edge = readonly [from: number, to: number, fair?: number]

const graph = (size: number, edges: ReadonlyArray<Edge>): FairGraph => {
  const sorted = [...edges].sort((a, b) => a[0] - b[0])
  const foundBy = Array.from({ length: size }, () => -2)
  foundBy[0] = -1
  for (const queue = [0]; queue.length > 0;) {
    const from = queue.shift()!
    sorted.forEach(([source, to], n) => {
      if (source !== from || foundBy[to] !== -2) return
      foundBy[to] = n
      queue.push(to)
    })
  }
  return {
    size,
    first: Array.from({ length: size + 1 }, (_, n) => sorted.filter(([from]) => from < n).length),
    to: sorted.map(([, to]) => to),
    fair: sorted.map(([, , fair]) => fair ?? -1),
    foundBy: foundBy.map((edge) => edge === -2 ? -1 : edge)
  }
}

const eventually = (g: FairGraph, ...good: ReadonlyArray<number>) => lassoMissing(g, (state) => good.includes(state))

describe("Eventually always P", () => {
  it("holds of a path that ends where P holds", () => {
    expect(eventually(graph(3, [[0, 1, 0], [1, 2, 0]]), 2)).toBeUndefined()
  })
  it("fails where a state without a successor misses P", () => {
    expect(eventually(graph(3, [[0, 1, 0], [1, 2, 0]]), 1)).toEqual({ start: 0, stem: [0, 1], loop: [] })
  })
  it("fails when P comes, and goes again, for ever", () => {
    const lasso = eventually(graph(3, [[0, 1, 0], [1, 2, 0], [2, 1, 0]]), 2)
    expect(lasso).toEqual({ start: 0, stem: [0], loop: [1, 2] })
  })
  it("holds when a fair action leads out of the loop that misses P", () => {
    expect(eventually(graph(3, [[0, 1], [1, 0], [0, 2, 0], [1, 2, 0]]), 2)).toBeUndefined()
  })
  it("fails when that action isn't enabled all the time", () => {
    const lasso = eventually(graph(3, [[0, 1], [1, 0], [0, 2, 0]]), 2)
    expect(lasso).toEqual({ start: 0, stem: [], loop: [0, 2] })
  })
  it("fails when a fair action can be taken for ever without leaving", () => {
    const lasso = eventually(graph(3, [[0, 1, 0], [1, 0, 1], [0, 2, 1], [1, 2, 0]]), 2)
    expect(lasso).toEqual({ start: 0, stem: [], loop: [0, 2] })
  })
  it("holds when nothing fair happens in the loop, and something fair always could", () => {
    expect(eventually(graph(2, [[0, 1, 0]]), 1)).toBeUndefined()
  })
})

// Whether some set of states is a fair place to stay in and misses P, by looking at all sets.
const staysSomewhere = (g: FairGraph, good: ReadonlyArray<number>): boolean => {
  const edges = Array.from({ length: g.size }, (_, from) =>
    Array.from({ length: g.first[from + 1]! - g.first[from]! }, (_, n) => g.first[from]! + n))
  const reach = (from: number, within: (state: number) => boolean): Set<number> => {
    const found = new Set([from])
    for (const at of found) for (const edge of edges[at]!) if (within(g.to[edge]!)) found.add(g.to[edge]!)
    return found
  }
  const reachable = reach(0, () => true)
  for (let set = 1; set < 1 << g.size; set++) {
    const states = edges.flatMap((_, state) => (set & 1 << state) !== 0 ? [state] : [])
    const within = (state: number) => (set & 1 << state) !== 0
    if (!states.every((state) => reachable.has(state) && reach(state, within).size === states.length)) continue
    const fair = [0, 1, 2].every((action) =>
      states.some((state) =>
        !edges[state]!.some((edge) => g.fair[edge] === action)
        || edges[state]!.some((edge) => g.fair[edge] === action && within(g.to[edge]!))
      ))
    if (fair && states.some((state) => !good.includes(state))) return true
  }
  return false
}

const randomGraph = fc.integer({ min: 1, max: 6 }).chain((size) =>
  fc.uniqueArray(fc.tuple(fc.nat(size - 1), fc.nat(size - 1), fc.constantFrom(-1, 0, 1, 2)), { maxLength: 14 })
    .map((edges) => graph(size, edges.filter(([from, to]) => from !== to))))

/** Only what can be reached counts, as in an exploration. */
const wholly = (g: FairGraph): boolean => Array.from({ length: g.size - 1 }, (_, n) => g.foundBy[n + 1]!).every((edge) => edge >= 0)

describe("On random graphs", () => {
  it("the verdict is that of an enumeration of all places to stay, and the path shown is one", () => {
    let [failed, held] = [0, 0]
    fc.assert(fc.property(randomGraph, fc.uniqueArray(fc.nat(5)), (g, good) => {
      fc.pre(wholly(g))
      const lasso = lassoMissing(g, (state) => good.includes(state))
      expect(lasso !== undefined).toBe(staysSomewhere(g, good))
      if (lasso === undefined) held++
      else {
        failed++
        expect(isFairLoop(g, lasso, good)).toBe(true)
      }
    }), { numRuns: 2000, seed: 1 })
    expect(Math.min(failed, held)).toBeGreaterThan(100)
  })
})

const isFairLoop = (g: FairGraph, { loop, start, stem }: Lasso, good: ReadonlyArray<number>): boolean => {
  const from = (edge: number) => Array.from({ length: g.size }, (_, n) => n).find((n) => edge < g.first[n + 1]!)!
  let at = start
  for (const edge of stem) {
    if (from(edge) !== at) return false
    at = g.to[edge]!
  }
  const states = [at]
  for (const edge of loop) {
    if (from(edge) !== states.at(-1)) return false
    states.push(g.to[edge]!)
  }
  const offered = (state: number, action: number) =>
    Array.from({ length: g.first[state + 1]! - g.first[state]! }, (_, n) => g.fair[g.first[state]! + n]).includes(action)
  return states.at(-1) === at && states.some((state) => !good.includes(state))
    && [0, 1, 2].every((action) =>
      loop.some((edge) => g.fair[edge] === action) || states.some((state) => !offered(state, action)))
}

it("strongly connected parts: two loops and a bridge", () => {
  const parts = components(graph(5, [[0, 1], [1, 0], [1, 2], [2, 3], [3, 4], [4, 2]]))
  expect(parts[0]).toBe(parts[1])
  expect(new Set([parts[2], parts[3], parts[4]]).size).toBe(1)
  expect(parts[0]).not.toBe(parts[2])
})
