/**
 * Whether the state graph of the TypeScript core and that of the specification are the same: the same numbers and, when
 * TLC writes its graph out, the same states and the same labelled edges, looked for both ways.
 */
import type { Graph } from "../explorer/Graph.ts"
import type { GraphSink, StateTexts } from "../tlc/Dot.ts"
import type { World } from "../explorer/Model.ts"
import type { Layer } from "./Layer.ts"

/** The numbers of a state graph. */
export interface Numbers {
  readonly distinct: number
  readonly generated: number
  readonly depth: number
}

/** What one graph has and the other lacks, in words; the first one found of its kind. */
export interface Difference {
  readonly what: string
  readonly tlc: string
  readonly typescript: string
  /** For people, line by line: how to get there, and what differs. */
  readonly detail?: ReadonlyArray<string>
}

export const compareNumbers = (tlc: Numbers, typescript: Numbers): ReadonlyArray<Difference> =>
  (["distinct", "generated", "depth"] as const)
    .filter((what) => tlc[what] !== typescript[what])
    .map((what) => ({ what, tlc: String(tlc[what]), typescript: String(typescript[what]) }))

interface Edge {
  readonly from: number
  readonly label: string
  readonly to: number
}

/** TLC's graph as it comes out of TLC: states are numbered as they are first named. */
export class TlcGraph<W> implements GraphSink {
  readonly #ids = new Map<string, number>()
  readonly #read: (texts: StateTexts) => W
  readonly worlds: Array<W | undefined> = []
  readonly edges: Array<Edge> = []
  initial = -1

  /** `read` makes a world of the texts of TLC's variables. */
  constructor(read: (texts: StateTexts) => W) {
    this.#read = read
  }

  readonly state = (fingerprint: string, texts: StateTexts, initial: boolean): void => {
    const id = this.#id(fingerprint)
    if (initial) this.initial = id
    this.worlds[id] ??= this.#read(texts)
  }

  readonly edge = (from: string, label: string, to: string): void => {
    this.edges.push({ from: this.#id(from), label, to: this.#id(to) })
  }

  #id(fingerprint: string): number {
    let id = this.#ids.get(fingerprint)
    if (id === undefined) {
      id = this.worlds.length
      this.#ids.set(fingerprint, id)
      this.worlds.push(undefined)
    }
    return id
  }
}

/** Labels from the initial world to this one, by each world's first edge from one that was reached before. */
const pathTo = (edges: Iterable<Edge>, initial: number, target: number): ReadonlyArray<string> => {
  const from = Map.groupBy(edges, (edge) => edge.from)
  const arrivals = new Map<number, Edge | undefined>([[initial, undefined]])
  for (const at of arrivals.keys()) {
    for (const edge of from.get(at) ?? []) if (!arrivals.has(edge.to)) arrivals.set(edge.to, edge)
  }
  const path: Array<string> = []
  for (let edge = arrivals.get(target); edge !== undefined; edge = arrivals.get(edge.from)) path.unshift(edge.label)
  return path
}

/** How a world that only one graph has is reached there, and what the other has in its place. */
interface Reached<W> {
  /** Labels of the edges from the initial world to the one before. */
  readonly path: ReadonlyArray<string>
  /** Of the edge that leads to it. */
  readonly label: string
  readonly world: W
  /** Where edges of this label lead from the same world in the other graph. */
  readonly instead: ReadonlyArray<W>
}

/** In words: the behaviour that leads there, and the differences from the likeliest counterpart. */
const explainReached = <A, M, G>(
  layer: Layer<A, M, G>,
  { instead, label, path, world }: Reached<World<A, M, G>>,
  mine: "TLC" | "TypeScript"
): ReadonlyArray<string> => {
  const other = mine === "TLC" ? "TypeScript" : "TLC"
  const lines = (counterpart: World<A, M, G>) =>
    mine === "TLC" ? layer.differingLines(world, counterpart) : layer.differingLines(counterpart, world)
  const nearest = instead.map(lines).sort((a, b) => a.length - b.length)[0]
  return [
    `after ${path.length === 0 ? "the initial state" : path.join(", ")}`,
    nearest === undefined ? `${label}: ${other} takes no such step` : `${label}: - TLC, + TypeScript`,
    ...(nearest ?? layer.worldLines(world).map((line) => `  ${line}`))
  ]
}

/**
 * States: each of TLC's is one of ours, no two are the same one, and there are as many. Edges: as often in one graph as
 * in the other, by source, label (action and acting server) and target.
 */
export const compareGraphs = <A, M, G>(
  tlc: TlcGraph<World<A, M, G>>,
  typescript: Graph<A, M, G>,
  layer: Layer<A, M, G>
): ReadonlyArray<Difference> => {
  const ids = layer.model.actors
  const differences: Array<Difference> = []
  const differ = (what: string, mine?: "TLC" | "TypeScript", reached?: () => Reached<World<A, M, G>>) => {
    if (differences.some((d) => d.what === what)) return
    const detail = mine === undefined || reached === undefined ? {} : { detail: explainReached(layer, reached(), mine) }
    differences.push({ what, tlc: mine === "TypeScript" ? "-" : "yes", typescript: mine === "TLC" ? "-" : "yes", ...detail })
  }
  const ownEdges = function*(): Generator<Edge> {
    for (const { actor, from, label, to } of typescript.edges()) yield { from, label: layer.edgeLabel(label, ids[actor]!), to }
  }
  const ours: Array<number> = []
  const theirs = new Map<number, number>()
  tlc.worlds.forEach((world, id) => {
    ours[id] = (world === undefined ? undefined : typescript.indexOf(world)) ?? -1
    if (!theirs.has(ours[id])) theirs.set(ours[id], id)
  })
  const initial = tlc.worlds[tlc.initial]
  /** How TLC takes an edge, whose source is ours, too. */
  const byTlc = ({ from, label, to }: Edge) => (): Reached<World<A, M, G>> => ({
    path: pathTo(tlc.edges, tlc.initial, from),
    label,
    world: tlc.worlds[to]!,
    instead: [...ownEdges()].filter((e) => e.from === ours[from] && e.label === label).map((e) => typescript.world(e.to))
  })
  const byUs = ({ from, label, to }: Edge) => (): Reached<World<A, M, G>> => ({
    path: pathTo(ownEdges(), 0, from),
    label,
    world: typescript.world(to),
    instead: tlc.edges.filter((e) => ours[e.from] === from && e.label === label).flatMap((e) => tlc.worlds[e.to] ?? [])
  })
  /** Found by the first edge that leads there from a world of both. */
  const found = (edge: Edge | undefined, by: (edge: Edge) => () => Reached<World<A, M, G>>) => edge === undefined ? undefined : by(edge)

  const seen = new Set<number>()
  tlc.worlds.forEach((world, id) => {
    if (world === undefined) differ("an edge to a state that TLC doesn't show", "TLC")
    else if (ours[id]! < 0) {
      differ("a state of TLC's only", "TLC", found(tlc.edges.find((e) => e.to === id && ours[e.from]! >= 0), byTlc))
    } else if (seen.has(ours[id]!)) differ("two states of TLC's are one")
    else seen.add(ours[id]!)
  })
  for (let index = 0; index < typescript.size; index++) {
    if (!seen.has(index)) {
      const edge = ownEdges().find((e) => e.to === index && seen.has(e.from))
      differ("a state of TypeScript's only", "TypeScript", found(edge, byUs))
      break
    }
  }
  if (ours[tlc.initial] !== 0) {
    differences.push({
      what: "the initial state",
      tlc: "yes",
      typescript: "yes",
      detail: initial === undefined ? [] : layer.differingLines(initial, typescript.world(0))
    })
  }
  if (differences.length > 0) return differences

  const name = ({ from, label, to }: Edge) => `${from} ${label} ${to}`
  const edgeOf = (key: string): Edge => {
    const [from, label, to] = key.split(" ") as [string, string, string]
    return { from: Number(from), label, to: Number(to) }
  }
  const count = new Map<string, number>()
  for (const { from, label, to } of tlc.edges) {
    const key = name({ from: ours[from]!, label, to: ours[to]! })
    count.set(key, (count.get(key) ?? 0) + 1)
  }
  for (const edge of ownEdges()) {
    const key = name(edge)
    const left = count.get(key) ?? 0
    if (left > 1) count.set(key, left - 1)
    else if (left === 1) count.delete(key)
    else differ("an edge of TypeScript's only", "TypeScript", byUs(edge))
  }
  for (const key of count.keys()) {
    const { from, label, to } = edgeOf(key)
    differ("an edge of TLC's only", "TLC", byTlc({ from: theirs.get(from)!, label, to: theirs.get(to)! }))
    break
  }
  return differences
}
