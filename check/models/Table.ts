/** The table of models, spec/models.json: what each is, what it must reach, and the numbers pinned for it. */
import * as Schema from "effect/Schema"
import { SettingsSchema } from "../../src/shell/Configuration.ts"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/** What the two state graphs were when TLC last explored the model. */
export const Pinned = Schema.Struct({
  distinct: Count,
  generated: Count,
  depth: Count,
  /** Edges by label. */
  labels: Schema.Record(Schema.String, Count),
  /** That TLC took when it was pinned, with one worker. */
  seconds: Schema.Number,
  /** Whether states and edges were compared, too, and not only their numbers. */
  edges: Schema.Boolean
})
export type Pinned = typeof Pinned.Type

/** What models of all layers have. */
const common = {
  name: Schema.String,
  about: Schema.String,
  /** What leads to the world it starts from; none: nothing has happened yet. */
  root: Schema.Array(Schema.String),
  /** Whether `check` explores it, or only `check --deep`. */
  scope: Schema.Literals(["check", "deep"]),
  /** Whether states and edges are compared, too, and not only their numbers (models of at most 100,000 states). */
  edges: Schema.Boolean,
  mustReach: Schema.Array(Schema.String),
  pinned: Schema.optionalKey(Pinned)
}

/** A model of spec/World.tla. `root`: commands (`rootOf`). */
export const RaftSpec = Schema.Struct({
  ...common,
  layer: Schema.Literal("raft"),
  servers: Count,
  maxTerm: Count,
  values: Schema.Array(Schema.String),
  together: Count,
  settings: SettingsSchema,
  applyAlone: Schema.Boolean,
  prune: Schema.Boolean,
  left: Schema.Struct({ requests: Count, heartbeats: Count, restarts: Count, snapshots: Count }),
  /**
   * That TLC checks progress, too (spec/Liveness.tla), and where; `distinct`: the states that it found, of chaos and calm.
   * The explorer does so for every model whose states are compared.
   */
  liveness: Schema.optionalKey(Schema.Struct({ scope: Schema.Literals(["check", "deep"]), distinct: Count }))
})
export type RaftSpec = typeof RaftSpec.Type

const Operation = Schema.Union([
  Schema.Struct({ op: Schema.Literals(["get", "delete"]), key: Schema.String }),
  Schema.Struct({ op: Schema.Literals(["put", "append"]), key: Schema.String, value: Schema.String }),
  Schema.Struct({ op: Schema.Literal("cas"), key: Schema.String, from: Schema.NullOr(Schema.String), to: Schema.String })
])

/** A model of spec/ReplicatedKV.tla. `root`: labels of edges, and `lose` (`kvRootOf`). */
export const KVSpec = Schema.Struct({
  ...common,
  layer: Schema.Literal("kv"),
  servers: Count,
  /** What each client may ask for. */
  operations: Schema.Record(Schema.String, Schema.Array(Operation)),
  timeout: Count,
  clock: Schema.Array(Count),
  left: Schema.Struct({
    opens: Count,
    calls: Count,
    retries: Count,
    entries: Count,
    snapshots: Count,
    restarts: Count
  })
})
export type KVSpec = typeof KVSpec.Type

export const ModelSpec = Schema.Union([RaftSpec, KVSpec])
export type ModelSpec = typeof ModelSpec.Type

export const Table = Schema.Array(ModelSpec)
