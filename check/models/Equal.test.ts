// Goal: two graphs pass for equal only if they are. Method: a graph written as TLC would write it, then spoilt.
import { beforeAll, describe, expect, it } from "vitest"
import { explore } from "../explorer/Explore.ts"
import type { Exploration } from "../explorer/Explore.ts"
import type { Message } from "../../src/raft/Message.ts"
import type { Server } from "../../src/raft/Server.ts"
import type { Ghost } from "../../src/raft/World.ts"
import { toTla } from "./Encode.ts"
import { compareGraphs, compareNumbers, TlcGraph } from "./Equal.ts"
import { raftModels } from "./load.ts"
import { edgeLabel } from "./Module.ts"
import { raftLayer } from "./RaftLayer.ts"
import type { RaftWorld } from "./RaftModel.ts"
import type { RaftSpec } from "./Table.ts"

const model = (name: string): RaftSpec => raftModels().find((m) => m.name === name)!
const spec: RaftSpec = { ...model("election"), servers: 2, mustReach: [] }
const layer = raftLayer(spec)
const ids = ["s1", "s2"]
let exploration: Exploration<Server, Message, Ghost>

beforeAll(async () => {
  exploration = await explore(layer.model)
})

const textsOf = (world: RaftWorld) => ({
  servers: `[${world.actors.map((s) => `${s.id} |-> ${toTla(s)}`).join(", ")}]`,
  messages: `{${world.messages.map(toTla).join(", ")}}`,
  left: toTla(world.left),
  ghost: toTla(world.ghost)
})

/** Our graph as TLC would tell it, with one thing changed. */
const told = (change: {
  readonly world?: (world: RaftWorld, index: number) => RaftWorld
  readonly edges?: (edges: Array<[number, string, number]>) => void
  readonly skip?: number
} = {}): TlcGraph<RaftWorld> => {
  const { graph } = exploration
  const tlc = new TlcGraph(layer.stateReader())
  for (let n = 0; n < graph.size; n++) {
    if (n === change.skip) continue
    tlc.state(String(n), textsOf(change.world?.(graph.world(n), n) ?? graph.world(n)), n === 0)
  }
  const edges = [...graph.edges()].map((e): [number, string, number] => [e.from, edgeLabel(e.label, ids[e.actor]!), e.to])
  change.edges?.(edges)
  for (const [from, label, to] of edges) tlc.edge(String(from), label, String(to))
  return tlc
}

const what = (tlc: TlcGraph<RaftWorld>) => compareGraphs(tlc, exploration.graph, layer).map((d) => d.what)

describe("Two graphs are equal only if states and edges are, both ways", () => {
  it("the same graph is equal", () => {
    expect(exploration.graph.size).toBe(101)
    expect(what(told())).toEqual([])
  })

  it("W05: an edge that only TLC has", () => {
    expect(what(told({ edges: (edges) => edges.push([3, "RestartAction_s1", 3]) }))).toEqual(["an edge of TLC's only"])
  })

  it("W05: an edge that only TypeScript has", () => {
    expect(what(told({ edges: (edges) => edges.pop() }))).toEqual(["an edge of TypeScript's only"])
  })

  it("an edge twice instead of once", () => {
    expect(what(told({ edges: (edges) => edges.push(edges[5]!) }))).toEqual(["an edge of TLC's only"])
  })

  it("another label, or another acting server", () => {
    const relabel = (label: string) => (edges: Array<[number, string, number]>) => void (edges[0] = [edges[0]![0], label, edges[0]![2]])
    expect(what(told({ edges: relabel("TimeoutAction_s2") }))).not.toEqual([])
    expect(what(told({ edges: relabel("RestartAction_s1") }))).not.toEqual([])
  })

  it("another target", () => {
    expect(what(told({ edges: (edges) => void (edges[7] = [edges[7]![0], edges[7]![1], 0]) }))).not.toEqual([])
  })

  it("W06: two servers swapped in one state", () => {
    const swap = (world: RaftWorld, n: number): RaftWorld => {
      if (n !== 1) return world
      const [a, b] = world.actors
      return { ...world, actors: [{ ...b!, id: "s1" }, { ...a!, id: "s2" }] }
    }
    expect(what(told({ world: swap }))).not.toEqual([])
  })

  it("one field of one server, one message, a budget, the ghost", () => {
    const at = (n: number, change: (w: RaftWorld) => RaftWorld) => what(told({ world: (w, k) => k === n ? change(w) : w }))
    expect(at(4, (w) => ({ ...w, actors: w.actors.with(0, { ...w.actors[0]!, commitIndex: 7 }) }))).not.toEqual([])
    expect(at(4, (w) => ({ ...w, messages: w.messages.slice(1) }))).not.toEqual([])
    expect(at(4, (w) => ({ ...w, left: { ...w.left, requests: 1 } }))).not.toEqual([])
    expect(at(4, (w) => ({ ...w, ghost: { ...w.ghost, leaders: [{ term: 9, leader: "s1" }] } }))).not.toEqual([])
  })

  it("a state that TLC lacks, and one that it shows twice", () => {
    expect(what(told({ skip: 100 }))).not.toEqual([])
    expect(what(told({ world: (w, n) => n === 100 ? exploration.graph.world(99) : w }))).toContain("two states of TLC's are one")
  })

  it("another initial state", () => {
    const tlc = told()
    tlc.initial = 1
    expect(what(tlc)).toEqual(["the initial state"])
  })

  it("a difference is shown: the behaviour that leads there, and what each has", () => {
    const graph = exploration.graph
    const tlc = told({ world: (w, n) => n === 4 ? { ...w, actors: w.actors.with(0, { ...w.actors[0]!, commitIndex: 7 }) } : w })
    const found = compareGraphs(tlc, graph, layer)
    const line = (c: number) => `s1 ${graph.world(4).actors[0]!.role === "candidate" ? "C" : "F"} t${graph.world(4).actors[0]!.currentTerm} c${c}`
    expect(found.map((d) => d.what)).toEqual(["a state of TLC's only", "a state of TypeScript's only"])
    for (const { detail } of found) {
      expect(detail![0]).toMatch(/^after (the initial state|\w+Action_s\d.*)$/)
      expect(detail![1]).toMatch(/^\w+_s\d: - TLC, \+ TypeScript$/)
      expect(detail!.slice(2)).toEqual([expect.stringContaining(`- ${line(7)}`), expect.stringContaining(`+ ${line(0)}`)])
    }
  })

  it("an edge of one only is shown with where the other's leads", () => {
    const without = compareGraphs(told({ edges: (edges) => edges.splice(0, 1) }), exploration.graph, layer)
    expect(without[0]!.detail!.slice(0, 2)).toEqual(["after the initial state", "TimeoutAction_s1: TLC takes no such step"])
    expect(without[0]!.detail).toContain("  s1 C t1 c0 a0 [] votes=s1")
    const more = compareGraphs(told({ edges: (edges) => edges.push([3, "RestartAction_s1", 3]) }), exploration.graph, layer)
    expect(more[0]!.detail![1]).toBe("RestartAction_s1: TypeScript takes no such step")
  })

  it("numbers: each of the three", () => {
    const n = { distinct: 1, generated: 2, depth: 3 }
    expect(compareNumbers(n, n)).toEqual([])
    for (const field of ["distinct", "generated", "depth"] as const) {
      expect(compareNumbers(n, { ...n, [field]: 9 }).map((d) => d.what)).toEqual([field])
    }
  })
})
