/** The model as TLC takes it: a module that gives the constants of spec/World.tla their values, and its configuration. */
import type { RaftWorld } from "./RaftModel.ts"
import { stateProperties, stepProperties } from "../raft/Properties.ts"
import type { ModelSpec } from "./Table.ts"
import { toTla } from "./Encode.ts"

export interface Module {
  readonly name: string
  readonly tla: string
  readonly cfg: string
}

export const mcModule = (spec: ModelSpec, root: RaftWorld): Module => {
  const servers = root.actors.map((s) => `${s.id} |-> ${toTla(s)}`)
  const initial = root.ghost.committed.length === 0
  return {
    name: "MC",
    tla: `---- MODULE MC ----
\\* Model ${spec.name}: ${spec.about}
EXTENDS Properties

MCSettings == ${toTla(root.actors[0]!.settings)}
MCRoot ==
  [servers |-> [${servers.join(",\n                ")}],
   messages |-> {},
   left |-> ${toTla(root.left)},
   ghost |-> ${toTla(root.ghost)}]
====
`,
    cfg: `SPECIFICATION Spec
CONSTANTS
  Nil = Nil
  Server = {${root.actors.map((s) => JSON.stringify(s.id)).join(", ")}}
  Value = {${spec.values.map((v) => JSON.stringify(v)).join(", ")}}
  MaxTerm = ${spec.maxTerm}
  ApplyAlone = ${spec.applyAlone ? "TRUE" : "FALSE"}
  Prune = ${spec.prune ? "TRUE" : "FALSE"}
  Settings <- MCSettings
  Root <- MCRoot
INVARIANTS
  ${stateProperties.map((p) => p.name).join("\n  ")}
PROPERTIES
  ${stepProperties.map((p) => p.name).join("\n  ")}
  ${initial ? "RefinesReplicatedLog" : "RefinesReplicatedLogSteps"}
CHECK_DEADLOCK FALSE
`
  }
}
