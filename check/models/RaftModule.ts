/** A model of Raft as TLC takes it: the constants of spec/World.tla, and what is checked. */
import { entriesOf } from "../raft/Log.ts"
import type { RaftWorld } from "./RaftModel.ts"
import { worldActions } from "../raft/Actions.ts"
import { withinHorizon } from "../raft/Liveness.ts"
import { stateProperties, stepProperties } from "../raft/Properties.ts"
import type { RaftSpec } from "./Table.ts"
import { toTla } from "./Encode.ts"
import { nextOf, section, stringSet } from "./Module.ts"
import type { Module } from "./Module.ts"

/**
 * The constant `Bytes`: the length of each of these values, and of the no-op's. Not by the core's own `Size`, which TLC is to
 * check.
 */
export const bytesOf = (values: ReadonlyArray<string>): string =>
  [...new Set(["", ...values])].map((v) => `${toTla(v)} :> ${Buffer.byteLength(v)}`).join(" @@ ")

/** The values there can be in a log. */
const valuesOf = (spec: RaftSpec, root: RaftWorld): ReadonlyArray<string> => [
  ...spec.values,
  ...root.actors.flatMap((s) => entriesOf(s.log).map(({ value }) => value)),
  ...root.messages.flatMap((m) => m.type === "AppendEntriesRequest" ? m.entries.map(({ value }) => value) : [])
]

/** A module that gives the constants their values, to go on with `rest`; the configuration without what is checked. */
const moduleOf = (spec: RaftSpec, root: RaftWorld, extended: string, specification: string, rest: string): Module => {
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
  Server = ${stringSet(root.actors.map((s) => s.id))}
  Value = ${stringSet(spec.values)}
  Together = ${spec.together}
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

/** Progress in the model (spec/Liveness.tla): these properties of it. */
export const livenessModule = (spec: RaftSpec, root: RaftWorld, names: ReadonlyArray<string>): Module => {
  const module = moduleOf(spec, root, "Liveness", "LivenessSpec", "")
  const bound = names.filter((name) => name === withinHorizon)
  return {
    ...module,
    cfg: module.cfg + section("INVARIANTS", bound) + section("PROPERTIES", names.filter((name) => !bound.includes(name)))
  }
}

export const raftModule = (spec: RaftSpec, root: RaftWorld): Module => {
  const initial = root.ghost.committed.length === 0
  const next = nextOf(root.actors.map((s) => ({ id: s.id, actions: worldActions })))
  const module = moduleOf(spec, root, "Properties", "MCSpec", next)
  return {
    ...module,
    cfg: module.cfg + section("INVARIANTS", stateProperties.map((p) => p.name)) + section("PROPERTIES", [
      ...stepProperties.map((p) => p.name),
      initial ? "RefinesReplicatedLog" : "RefinesReplicatedLogSteps"
    ])
  }
}
