/**
 * What each checker must refuse, beside the nearest thing that it must accept. They run in a process that has loaded a
 * mutated checker: one that has grown blind there is noticed. Each gives what was wrong, or nothing when all is well;
 * that it couldn't be found out is an error, and no notice.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { explore } from "../explorer/Explore.ts"
import { settled, successors } from "../explorer/Naive.ts"
import { campaign } from "../linearizability/campaign/campaign.ts"
import { checkLinearizable, kv, shard, show } from "../linearizability/index.ts"
import type { Json, Model, Operation } from "../linearizability/index.ts"
import { isQuick, proceduresOf } from "../linearizability/campaign/procedures.ts"
import { vocabularies } from "../linearizability/campaign/vocabularies.ts"
import { toTla } from "../models/Encode.ts"
import { compareGraphs, TlcGraph } from "../models/Equal.ts"
import type { Difference } from "../models/Equal.ts"
import { edgeLabel } from "../models/Module.ts"
import { kvModel } from "../models/KVModel.ts"
import { kvModels } from "../models/load.ts"
import { raftLayer } from "../models/RaftLayer.ts"
import { raftModel } from "../models/RaftModel.ts"
import type { RaftWorld } from "../models/RaftModel.ts"
import type { RaftSpec } from "../models/Table.ts"
import { projectJar } from "../models/TlcModel.ts"
import type { Line } from "../trace/Format.ts"
import { story } from "../trace/samples.ts"
import { readTrace } from "../trace/TraceReader.ts"
import { traceText } from "../trace/TraceWriter.ts"
import { validateTraces } from "../trace/validate.ts"
import { raftModelNamed } from "./models.ts"

// Traces.

/** A follower gets the same entry twice; the second time nothing changes. */
const { header, lines } = story([
  "elect s1 by s2",
  "deliver AppendEntriesRequest s1->s2",
  "heartbeat s1",
  "deliver AppendEntriesRequest s1->s2",
  "deliver AppendEntriesResponse s2->s1 #1",
  "apply s1"
])

const indexOf = (action: string, node: string): number =>
  lines.findIndex((line) => line.action === action && line.node === node)
const append = indexOf("ReceiveAppendEntriesRequest", "s2")

const withLine = (n: number, change: Partial<Line>): ReadonlyArray<Line> =>
  lines.map((line, k) => k === n ? { ...line, ...change } : line)

/** Without the follower's first delivery: its second takes that one's place, in the number and for who consumes it. */
const withoutFirstAppend = lines.flatMap((line, k): ReadonlyArray<Line> => {
  const { number } = lines[append]!
  if (k === append) return []
  return [line.node === "s2" && line.number > number ? { ...line, number: line.number - 1 } : line]
})
const secondAppend = lines.findLastIndex(({ action }) => action === "ReceiveAppendEntriesRequest")

/** The altered trace is rejected in that line of its file (from 1), the unaltered one accepted. */
const rejected = (altered: ReadonlyArray<Line>, line: number) =>
  Effect.gen(function*() {
    const jar = yield* projectJar
    const read = [lines, altered].map((all) => Result.getOrThrow(readTrace(traceText(header, all), "t.ndjson")))
    const { verdicts } = yield* validateTraces(read, { jar, concurrency: 1 })
    const [good, bad] = verdicts
    if (good?.status !== "accepted" || good.lines !== lines.length) return "the unaltered trace isn't accepted"
    if (bad?.status !== "rejected") return "the altered trace is accepted"
    return bad.line === line ? undefined : `the altered trace is rejected in line ${bad.line}, not ${line}`
  }).pipe(Effect.catchTag("CountsDiffer", ({ message }) => Effect.succeed(message)))

const emptyTraceRefused = Effect.sync(() => {
  const read = readTrace(traceText(header, []), "t.ndjson")
  return Result.isFailure(read) ? undefined : "a trace without steps is read as if it were one"
})

// State graphs.

const graphsCompared = Effect.promise(async () => {
  const spec = raftModelNamed("one-server")
  const layer = raftLayer(spec)
  const { model } = layer
  const { graph } = await explore(model)
  const texts = ({ actors, ghost, left, messages }: RaftWorld) => ({
    servers: `[${actors.map((s) => `${s.id} |-> ${toTla(s)}`).join(", ")}]`,
    messages: `{${messages.map(toTla).join(", ")}}`,
    left: toTla(left),
    ghost: toTla(ghost)
  })
  const last = graph.size - 1
  /** What is found when TLC's graph is this one, but for what `alter` does to its edges and states. */
  const compare = (alter: { readonly edges?: (count: number) => number; readonly lacks?: number } = {}) => {
    const tlc = new TlcGraph(layer.stateReader())
    for (let n = 0; n < graph.size; n++) {
      if (n !== alter.lacks) tlc.state(String(n), texts(graph.world(n)), n === 0)
    }
    const edges = [...graph.edges()].filter((edge) => edge.from !== alter.lacks && edge.to !== alter.lacks)
    const wanted = alter.edges?.(edges.length) ?? edges.length
    for (let n = 0; n < wanted; n++) {
      const { actor, from, label, to } = edges[n % edges.length]!
      tlc.edge(String(from), edgeLabel(label, model.actors[actor]!), String(to))
    }
    return compareGraphs(tlc, graph, layer)
  }
  const found = (differences: ReadonlyArray<Difference>, what: string) =>
    differences.some((difference) => difference.what === what) ? undefined : `not found: ${what}`
  if (compare().length > 0) return `equal graphs differ: ${compare()[0]!.what}`
  return found(compare({ edges: (count) => count - 1 }), "an edge of TypeScript's only")
    ?? found(compare({ edges: (count) => count + 1 }), "an edge of TLC's only")
    ?? found(compare({ lacks: last }), "a state of TypeScript's only")
})

/** The text of any plain value, whatever the explorer makes of it. */
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => a < b ? -1 : 1))
      : part)

/** The explorer has each world that the plainest search finds, told apart field by field. */
const worldsToldApart = Effect.promise(async () => {
  const spec: RaftSpec = { ...raftModelNamed("restart"), maxTerm: 1, left: { requests: 0, heartbeats: 0, restarts: 1, snapshots: 0 } }
  const model = { ...raftModel(spec), properties: [], mustReach: [] }
  const { graph } = await explore(model)
  const worldText = (world: RaftWorld) => textOf({ ...world, messages: world.messages.map(textOf).sort() })
  const ours = new Set(Array.from({ length: graph.size }, (_, n) => worldText(graph.world(n))))
  const root = settled(model, model.root)
  const seen = new Set([worldText(root)])
  for (let level = [root]; level.length > 0;) {
    const next: Array<RaftWorld> = []
    for (const world of level) {
      if (!ours.has(worldText(world))) return `a world that the explorer lacks: ${worldText(world)}`
      for (const { world: to } of successors(model, world)) {
        const text = worldText(to)
        if (!seen.has(text)) next.push(to)
        seen.add(text)
      }
    }
    level = next
  }
  return seen.size === graph.size ? undefined : `the explorer has ${graph.size} worlds, there are ${seen.size}`
})

/** A model with a session that expires takes every action of the map that clients are promised. */
const mapMoves = Effect.promise(async () => {
  const { result } = await explore(kvModel(kvModels().find(({ name }) => name === "kv-expiry")!))
  const [violation] = result.violations
  return violation === undefined ? undefined : `${violation.kind}: ${violation.name}`
})

// Histories.

const operation = (op: string, value: Json, times: readonly [number, number | null], output: Json): Operation => ({ client: times[0], op, key: "k", value, call: times[0], return: times[1], output })

const unknownWriteCounts = Effect.sync(() => {
  const read = operation("get", null, [2, 3], "x")
  const verdict = (history: ReadonlyArray<Operation>) => checkLinearizable(history, kv).verdict
  if (verdict([read]) !== "illegal") return "a value is read that nobody wrote"
  if (verdict([operation("put", "x", [0, null], null), read]) !== "ok") {
    return "a write of unknown outcome, and a later read of it, isn't linearizable"
  }
  return verdict([read, operation("put", "x", [4, null], null)]) === "illegal"
    ? undefined
    : "a value is read before its write of unknown outcome is called"
})

const keysApart = Effect.sync(() => {
  const other = { ...operation("get", null, [2, 3], null), key: "another" }
  const { verdict } = checkLinearizable([operation("put", "x", [0, 1], null), other], kv)
  return verdict === "ok" ? undefined : "a key's value is expected of another key"
})

// Histories that have an order, of which only one among 10,000 to 500,000 random ones shows the mistake.

const hasOrder = (history: ReadonlyArray<Operation>, model: Model = kv) =>
  Effect.sync(() =>
    checkLinearizable(history, model).verdict === "ok" ? undefined : "a history that has an order is found to have none"
  )

const hiddenTwins = hasOrder([
  operation("put", "1", [34, 102], null),
  operation("append", "1", [41, 65], null),
  operation("append", "1", [47, 52], null),
  operation("get", null, [70, 112], "12"),
  operation("append", "2", [83, 118], null),
  operation("append", "2", [110, 142], null),
  operation("append", "1", [172, 241], null),
  operation("get", null, [186, 191], "121")
])

const appendInTime = hasOrder([
  operation("cas", [null, "2"], [5, 17], true),
  operation("append", "3", [19, 21], null),
  operation("append", "6", [26, 32], null),
  operation("append", "7", [31, 38], null),
  operation("cas", ["2367", "8"], [40, 48], false)
])

const unknownAppends = hasOrder([
  operation("append", "1", [0, null], null),
  operation("append", "2", [18, 89], null),
  operation("put", "1", [20, 163], null),
  operation("append", "1", [25, 151], null),
  operation("append", "1", [31, null], null),
  operation("get", null, [128, 215], "1121"),
  operation("put", "1", [141, 281], null),
  operation("get", null, [187, 337], "1"),
  operation("get", null, [298, 437], "11")
])

const emptyLeave = hasOrder([
  operation("leave", [1], [16, null], null),
  operation("leave", [2], [18, 31], null),
  operation("join", { 3: ["s"] }, [30, 31], null),
  operation("move", { gid: 1, shard: 1 }, [39, 59], null),
  operation("join", { 2: ["s"] }, [62, 63], null),
  operation("move", { gid: 3, shard: 1 }, [71, 78], null),
  operation("move", { gid: 1, shard: 1 }, [79, 98], null),
  operation("query", -1, [80, 92], { num: 6, shards: [2, 2, 2, 2, 2, 3, 3, 3, 3, 3], groups: { 2: ["s"], 3: ["s"] } })
], shard)

const groupComesBack = hasOrder([
  operation("join", { 3: ["s"] }, [24, 42], null),
  operation("query", -1, [45, 99], { num: 4, shards: Array<number>(10).fill(3), groups: { 3: ["s"] } }),
  operation("leave", [1], [78, 86], null),
  operation("leave", [2], [79, 96], null),
  operation("query", 3, [80, 139], { num: 3, shards: Array<number>(10).fill(3), groups: { 3: ["s"] } }),
  operation("move", { gid: 2, shard: 0 }, [89, 157], null),
  operation("join", { 2: ["s"] }, [93, 134], null),
  operation("leave", [1], [95, 121], null),
  operation("leave", [1], [114, 140], null),
  operation("leave", [1], [135, 210], null),
  operation("query", -1, [156, 177], { num: 9, shards: Array<number>(10).fill(3), groups: { 3: ["s"] } }),
  operation("move", { gid: 1, shard: 0 }, [159, 178], null)
], shard)

/** All procedures of a model, on random small histories. That one fails, rather than answers, is no notice. */
const likeBruteForce = (model: string) =>
  Effect.sync(() => {
    const procedures = proceduresOf(model, isQuick)
    const { disagreement } = campaign({ model, histories: 10_000, seed: 1, procedures })
    return disagreement && [`${disagreement.procedure}: ${disagreement.reason}`, ...disagreement.history.map(show)].join("; ")
  })

/** By name, as the watchers say who must notice them. */
export const negatives = {
  "trace: last line altered": rejected(
    withLine(lines.length - 1, { change: { lastApplied: 0 } }),
    lines.length + 1
  ),
  "trace: no steps": emptyTraceRefused,
  "trace: another term of an entry": rejected(
    withLine(append, { change: { ...lines[append]!.change, log: { keep: 0, append: [{ term: 2, type: "noop", value: "" }] } } }),
    append + 2
  ),
  "trace: one event deleted": rejected(withoutFirstAppend, secondAppend + 1),
  "graphs: an edge or a state more on either side": graphsCompared,
  "explorer: worlds told apart": worldsToldApart,
  "refinement: every action of KV": mapMoves,
  "history: a write of unknown outcome": unknownWriteCounts,
  "history: keys apart": keysApart,
  "history: hidden twins": hiddenTwins,
  "history: an append in time": appendInTime,
  "history: unknown appends": unknownAppends,
  "history: a leave that only rebalances": emptyLeave,
  "history: a group that comes back": groupComesBack,
  ...Object.fromEntries(Object.keys(vocabularies).map((model) => [`history: random, ${model}`, likeBruteForce(model)]))
} as const
