/** The model as TLC takes it: a module that gives the constants of spec/World.tla their values, and its configuration. */
import type { RaftWorld } from "./RaftModel.ts"
import { worldActions } from "../raft/Actions.ts"
import { withinHorizon } from "../raft/Liveness.ts"
import { stateProperties, stepProperties } from "../raft/Properties.ts"
import type { ModelSpec } from "./Table.ts"
import { toTla } from "./Encode.ts"

export interface Module {
  readonly name: string
  readonly tla: string
  readonly cfg: string
}

/** How TLC labels the steps of one action of one server. */
export const edgeLabel = (action: string, server: string): string => `${action}_${server}`

/**
 * TLC names an edge after the definition at which its decomposition of Next stops, without parameters. It stops at a
 * conjunction: so each server gets one of its own for each action.
 */
const labelled = (server: string): string =>
  worldActions.map((action) => `${edgeLabel(action, server)} == TRUE /\\ ${action}("${server}")`).join("\n")

/**
 * The constant `Bytes`: the length of each of these values, and of the no-op's. Not by the core's own `Size`, which TLC is to
 * check.
 */
export const bytesOf = (values: ReadonlyArray<string>): string =>
  [...new Set(["", ...values])].map((v) => `${toTla(v)} :> ${Buffer.byteLength(v)}`).join(" @@ ")

/** The values there can be in a log. */
const valuesOf = (spec: ModelSpec, root: RaftWorld): ReadonlyArray<string> => [
  ...spec.values,
  ...root.actors.flatMap((s) => s.log.entries.map(({ value }) => value)),
  ...root.messages.flatMap((m) => m.type === "AppendEntriesRequest" ? m.entries.map(({ value }) => value) : [])
]

/** A module that gives the constants their values, to go on with `rest`; the configuration without what is checked. */
const moduleOf = (spec: ModelSpec, root: RaftWorld, extended: string, specification: string, rest: string): Module => {
  const servers = root.actors.map((s) => `${s.id} |-> ${toTla(s)}`)
  return {
    name: "MC",
    tla: `---- MODULE MC ----
\\* Model ${spec.name}: ${spec.about}
EXTENDS ${extended}, TLC

MCBytes == ${bytesOf(valuesOf(spec, root))}
MCSettings == ${toTla(root.actors[0]!.settings)}
MCRoot ==
  [servers |-> [${servers.join(",\n                ")}],
   messages |-> {${root.messages.map(toTla).join(",\n                ")}},
   left |-> ${toTla(root.left)},
   ghost |-> ${toTla(root.ghost)}]
${rest}====
`,
    cfg: `SPECIFICATION ${specification}
CONSTANTS
  Nil = Nil
  Server = {${root.actors.map((s) => JSON.stringify(s.id)).join(", ")}}
  Value = {${spec.values.map((v) => JSON.stringify(v)).join(", ")}}
  MaxTerm = ${spec.maxTerm}
  ApplyAlone = ${spec.applyAlone ? "TRUE" : "FALSE"}
  Prune = ${spec.prune ? "TRUE" : "FALSE"}
  Bytes <- MCBytes
  Settings <- MCSettings
  Root <- MCRoot
CHECK_DEADLOCK FALSE
`
  }
}

const section = (title: string, names: ReadonlyArray<string>): string =>
  names.length === 0 ? "" : `${title}\n  ${names.join("\n  ")}\n`

/** Progress in the model (spec/Liveness.tla): these properties of it. */
export const livenessModule = (spec: ModelSpec, root: RaftWorld, names: ReadonlyArray<string>): Module => {
  const module = moduleOf(spec, root, "Liveness", "LivenessSpec", "")
  const bound = names.filter((name) => name === withinHorizon)
  return {
    ...module,
    cfg: module.cfg + section("INVARIANTS", bound) + section("PROPERTIES", names.filter((name) => !bound.includes(name)))
  }
}

export const mcModule = (spec: ModelSpec, root: RaftWorld): Module => {
  const initial = root.ghost.committed.length === 0
  const module = moduleOf(spec, root, "Properties", "MCSpec", `
${root.actors.map((s) => labelled(s.id)).join("\n")}

MCNext ==
${root.actors.flatMap((s) => worldActions.map((action) => `  \\/ ${edgeLabel(action, s.id)}`)).join("\n")}

MCSpec == Init /\\ [][MCNext]_vars
`)
  return {
    ...module,
    cfg: module.cfg + section("INVARIANTS", stateProperties.map((p) => p.name)) + section("PROPERTIES", [
      ...stepProperties.map((p) => p.name),
      initial ? "RefinesReplicatedLog" : "RefinesReplicatedLogSteps"
    ])
  }
}
