/** The log on disk as a model: explored by us and by TLC, and the two graphs compared. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { fileURLToPath } from "node:url"
import { explore } from "../explorer/Explore.ts"
import type { Graph } from "../explorer/Graph.ts"
import type { Model } from "../explorer/Model.ts"
import { plain } from "../models/Decode.ts"
import { compareNumbers } from "../models/Equal.ts"
import type { Difference, Numbers } from "../models/Equal.ts"
import { specDirectory } from "../models/load.ts"
import { projectJar } from "../models/TlcModel.ts"
import { toTla } from "../models/Encode.ts"
import type { GraphSink } from "../tlc/Dot.ts"
import { runTlc } from "../tlc/Tlc.ts"
import type { TlcRun } from "../tlc/Tlc.ts"
import { parseValue } from "../tlc/Value.ts"
import { AcknowledgedIsDurable, DiskActions, InitDisk, OnlyDamageIsRefused, RecoveredIsAPrefix, ReleasedIsCovered } from "./Disk.ts"
import type { Disk, Left } from "./Disk.ts"

/** What the model may do: enough for every action, and for two crashes one after the other. */
export const budgets: Left = { saves: 3, segments: 2, compactions: 1, fails: 1, crashes: 2, damages: 1 }

/** What TLC once gave, for those who have none. */
export const pinned: Numbers = { distinct: 16_996, generated: 34_175, depth: 21 }

/** The properties of spec/Disk.tla, invariants first. */
export const diskProperties = {
  invariants: ["AcknowledgedIsDurable", "ReleasedIsCovered", "OnlyDamageIsRefused"],
  properties: ["RecoveredIsAPrefix"]
} as const

export type DiskModel = Model<Disk, never, null>

/** One disk and nothing else. Other actions are for tests, to see them violate something. */
export const diskModel = (actions = DiskActions): DiskModel => ({
  name: "disk",
  actors: ["disk"],
  root: { actors: [InitDisk], messages: [], left: { ...budgets }, ghost: null },
  actions: actions.map(({ name, outcomes, spends }) => ({
    name,
    ...(spends === undefined ? {} : { spends }),
    outcomes: (disk: Disk) => outcomes(disk).map((actor) => ({ actor, sends: [] }))
  })),
  dest: () => 0,
  receives: () => "",
  handle: () => undefined,
  remember: () => null,
  properties: [
    { name: "AcknowledgedIsDurable", reads: "actors", holds: ([disk]) => AcknowledgedIsDurable(disk!) },
    { name: "ReleasedIsCovered", reads: "actors", holds: ([disk]) => ReleasedIsCovered(disk!) },
    {
      name: "OnlyDamageIsRefused",
      reads: "world",
      holds: ({ actors: [disk], left }) => OnlyDamageIsRefused(disk!, left as unknown as Left, budgets)
    },
    { name: "RecoveredIsAPrefix", reads: "step", holds: ({ after, before }) => RecoveredIsAPrefix(before, after) }
  ],
  mustReach: [
    {
      name: "UnacknowledgedIsLost",
      reads: "step",
      holds: ({ after, before, label }) => label === "RecoverAction" && after.memory.length < before.memory.length
    },
    {
      name: "UnacknowledgedIsKept",
      reads: "step",
      holds: ({ after, before, label }) => label === "RecoverAction" && after.memory.length > before.acknowledged
    },
    { name: "RecoveredFromCheckpoint", reads: "step", holds: ({ after, label }) => label === "RecoverAction" && after.checkpoint.first > 1 },
    { name: "Trimmed", reads: "step", holds: ({ after }) => after.trimmed > 0 },
    { name: "Refused", reads: "step", holds: ({ after }) => after.status === "refused" },
    { name: "TwoCrashes", reads: "world", holds: ({ actors: [disk], left }) => left["crashes"] === 0 && disk!.status === "up" }
  ]
})

/** The module that TLC is given, and its configuration. */
const module = {
  tla: `---- MODULE MC ----
EXTENDS Disk
MCBudgets == ${toTla(budgets)}
====
`,
  cfg: `SPECIFICATION Spec
CONSTANT Budgets <- MCBudgets
INVARIANTS ${diskProperties.invariants.join(" ")}
PROPERTIES ${diskProperties.properties.join(" ")}
CHECK_DEADLOCK FALSE
`
}

/** TLC's own exploration; `library` is the folder with the specification. Fails as `findJar` and `runTlc` do. */
export const tlcDisk = Effect.fnUntraced(function*(options: Pick<TlcRun, "graph" | "library" | "stop">) {
  const files = yield* FileSystem.FileSystem
  const jar = yield* projectJar
  const dir = yield* files.makeTempDirectoryScoped({ prefix: "lockstep-" })
  yield* files.writeFileString(`${dir}/MC.tla`, module.tla)
  yield* files.writeFileString(`${dir}/MC.cfg`, module.cfg)
  return yield* runTlc({ library: fileURLToPath(specDirectory), ...options, jar, dir, module: "MC", workers: 1 })
}, Effect.scoped)

/** TLC's graph in our states: where an edge leads, by ours. */
class DiskGraph implements GraphSink {
  readonly #graph: Graph<Disk, never, null>
  readonly #index = new Map<string, number | undefined>()
  readonly #edges: Array<readonly [string, string, string]> = []

  constructor(graph: Graph<Disk, never, null>) {
    this.#graph = graph
  }

  readonly state: GraphSink["state"] = (fingerprint, texts) => {
    const value = (name: string) => plain(parseValue(texts[name]!))
    this.#index.set(fingerprint, this.#graph.indexOf({
      actors: [value("disk") as unknown as Disk],
      messages: [],
      left: value("left") as Record<string, number>,
      ghost: null
    }))
  }

  readonly edge: GraphSink["edge"] = (from, label, to) => void this.#edges.push([from, label, to])

  /** States and labelled edges that only one side has. */
  differences(): ReadonlyArray<Difference> {
    const indices = [...this.#index.values()]
    if (indices.includes(undefined) || new Set(indices).size !== this.#graph.size) {
      return [{ what: "states", tlc: String(indices.length), typescript: String(this.#graph.size) }]
    }
    const tlc = this.#edges.map(([from, label, to]) => `${this.#index.get(from)} ${label} ${this.#index.get(to)}`).sort()
    const ours = [...this.#graph.edges()].map(({ from, label, to }) => `${from} ${label} ${to}`).sort()
    const at = ours.findIndex((edge, k) => edge !== tlc[k])
    return at < 0 && tlc.length === ours.length ? [] : [{ what: "edges", tlc: tlc[at] ?? "-", typescript: ours[at] ?? "-" }]
  }
}

/** Our graph, and where TLC's differs from it; without TLC, where the pinned numbers do. */
export const checkDisk = Effect.fnUntraced(function*(
  withTlc: boolean,
  options: Pick<TlcRun, "library" | "stop"> = {}
) {
  const { graph, result } = yield* Effect.promise((signal) => explore(diskModel(), { signal }))
  if (!withTlc) return { result, tlc: undefined, differences: compareNumbers(pinned, result) }
  const sink = new DiskGraph(graph)
  const tlc = yield* tlcDisk({ ...options, graph: sink })
  const differences: ReadonlyArray<Difference> = tlc.outcome === "ok"
    ? [...compareNumbers(tlc, result), ...sink.differences()]
    : [{ what: "outcome", tlc: tlc.violated ?? tlc.message ?? tlc.outcome, typescript: "ok" }]
  return { result, tlc, differences }
})
