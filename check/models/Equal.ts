/**
 * Whether the state graph of the TypeScript core and that of the specification are the same: the same numbers and, when
 * TLC writes its graph out, the same states and the same labelled edges, looked for both ways.
 */
import type { Graph } from "../explorer/Graph.ts"
import type { GraphSink, StateTexts } from "../tlc/Dot.ts"
import { elements, fields } from "../tlc/Slices.ts"
import { parseValue } from "../tlc/Value.ts"
import type { Message } from "../../src/raft/Message.ts"
import type { Server, Settings } from "../../src/raft/Server.ts"
import type { Ghost, Left } from "../../src/raft/World.ts"
import { plain } from "./Decode.ts"
import { edgeLabel } from "./Module.ts"
import type { RaftWorld } from "./RaftModel.ts"

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
export class TlcGraph implements GraphSink {
  readonly #ids = new Map<string, number>()
  /** Texts already read; parts of states repeat all the time. */
  readonly #values = new Map<string, unknown>()
  readonly #settings: Settings
  readonly worlds: Array<RaftWorld | undefined> = []
  readonly edges: Array<Edge> = []
  initial = -1

  constructor(settings: Settings) {
    this.#settings = settings
  }

  readonly state = (fingerprint: string, texts: StateTexts, initial: boolean): void => {
    const id = this.#id(fingerprint)
    if (initial) this.initial = id
    if (this.worlds[id] !== undefined) return
    this.worlds[id] = {
      actors: fields(texts["servers"]!).sort(([a], [b]) => a < b ? -1 : 1).map(([, text]) => this.#server(text)),
      messages: elements(texts["messages"]!).map((text) => this.#value<Message>(text)),
      left: this.#value<Left>(texts["left"]!) as unknown as Record<string, number>,
      ghost: this.#value<Ghost>(texts["ghost"]!)
    }
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

  #value<T>(text: string): T {
    let value = this.#values.get(text)
    if (value === undefined) {
      value = plain(parseValue(text))
      this.#values.set(text, value)
    }
    return value as T
  }

  #server(text: string): Server {
    const key = `server ${text}`
    let server = this.#values.get(key) as Server | undefined
    if (server === undefined) {
      server = { ...this.#value<Server>(text), settings: this.#settings }
      this.#values.set(key, server)
    }
    return server
  }
}

type RaftGraph = Graph<Server, Message, Ghost>

const show = (world: RaftWorld): string =>
  JSON.stringify({ ...world, actors: world.actors.map(({ members: _, settings: __, ...s }) => s) })

/**
 * States: each of TLC's is one of ours, no two are the same one, and there are as many. Edges: as often in one graph as
 * in the other, by source, label (action and acting server) and target.
 */
export const compareGraphs = (tlc: TlcGraph, typescript: RaftGraph, ids: ReadonlyArray<string>): ReadonlyArray<Difference> => {
  const differences: Array<Difference> = []
  const differ = (what: string, inTlc: string, inTypescript: string) => {
    if (!differences.some((d) => d.what === what)) differences.push({ what, tlc: inTlc, typescript: inTypescript })
  }
  const ours: Array<number> = []
  const seen = new Set<number>()
  tlc.worlds.forEach((world, id) => {
    const index = world === undefined ? undefined : typescript.indexOf(world)
    if (world === undefined) differ("an edge to a state that TLC doesn't show", String(id), "-")
    else if (index === undefined) differ("a state of TLC's only", show(world), "-")
    else if (seen.has(index)) differ("two states of TLC's are one", show(world), show(typescript.world(index)))
    else seen.add(index)
    ours[id] = index ?? -1
  })
  for (let index = 0; index < typescript.size; index++) {
    if (!seen.has(index)) {
      differ("a state of TypeScript's only", "-", show(typescript.world(index)))
      break
    }
  }
  if (ours[tlc.initial] !== 0) differ("the initial state", String(tlc.initial), show(typescript.world(0)))
  if (differences.length > 0) return differences

  const name = (from: number, label: string, to: number) => `${from} ${label} ${to}`
  const count = new Map<string, number>()
  for (const edge of tlc.edges) {
    const key = name(ours[edge.from]!, edge.label, ours[edge.to]!)
    count.set(key, (count.get(key) ?? 0) + 1)
  }
  for (const edge of typescript.edges()) {
    const key = name(edge.from, edgeLabel(edge.label, ids[edge.actor]!), edge.to)
    const left = count.get(key) ?? 0
    if (left > 1) count.set(key, left - 1)
    else if (left === 1) count.delete(key)
    else differ("an edge of TypeScript's only", "-", describe(typescript, key))
  }
  for (const key of count.keys()) {
    differ("an edge of TLC's only", describe(typescript, key), "-")
    break
  }
  return differences
}

const describe = (graph: RaftGraph, key: string): string => {
  const [from, label, to] = key.split(" ")
  return `${label} from ${show(graph.world(Number(from)))} to ${show(graph.world(Number(to)))}`
}
