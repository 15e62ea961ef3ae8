/** A model of Raft, for the explorer, from its line in the table. */
import type { Model, World } from "../explorer/Model.ts"
import { Cluster, serverIds } from "../cluster/Cluster.ts"
import type { Taken } from "../cluster/Cluster.ts"
import { runCommand } from "../scenario/Script.ts"
import { stateProperties, stepProperties } from "../raft/Properties.ts"
import { sometimes } from "../raft/Sometimes.ts"
import { Dead, Handle } from "../../src/raft/Raft.ts"
import type { Message, Step } from "../../src/raft/Message.ts"
import type { Server } from "../../src/raft/Server.ts"
import { Actions, receiveAction, Remember, Settle } from "../../src/raft/World.ts"
import type { Bounds, Ghost } from "../../src/raft/World.ts"
import type { RaftSpec } from "./Table.ts"

export type RaftModel = Model<Server, Message, Ghost>
export type RaftWorld = World<Server, Message, Ghost>

/**
 * The cluster after the model's root commands, and the messages under way then. After the command `lose`, nothing that
 * was sent before it ever arrives: one of the things that may happen, which keeps a model small.
 */
export const rootOf = (
  spec: RaftSpec,
  observe?: (taken: Taken) => void
): { readonly cluster: Cluster; readonly underWay: ReadonlyArray<Message> } => {
  const cluster = new Cluster(serverIds(spec.servers), spec.settings, observe)
  let lost = 0
  for (const command of spec.root) {
    if (command === "lose") lost = cluster.sent.length
    else runCommand(cluster, command)
    if (!spec.applyAlone) for (const id of cluster.ids) while (cluster.execute({ type: "apply", server: id }));
  }
  return { cluster, underWay: cluster.sent.slice(lost) }
}

export const raftModel = (spec: RaftSpec): RaftModel => {
  const bounds: Bounds = { maxTerm: spec.maxTerm, values: spec.values, together: spec.together, applyAlone: spec.applyAlone }
  const ids = serverIds(spec.servers)
  const position = new Map(ids.map((id, n) => [id, n]))
  const { cluster, underWay } = rootOf(spec)
  const outcome = (step: Step) => ({ actor: Settle(bounds, step.server), sends: step.sends })
  return {
    name: spec.name,
    actors: ids,
    root: {
      actors: ids.map((id) => cluster.servers.get(id)!),
      messages: underWay,
      left: spec.left,
      ghost: cluster.ghost
    },
    actions: Actions.map(({ name, spends, steps }) => ({
      name,
      ...(spends === undefined ? {} : { spends }),
      outcomes: (s: Server) => steps(bounds, s).map(outcome)
    })),
    dest: (m) => position.get(m.dest)!,
    receives: receiveAction,
    handle: (s, m) => {
      const step = Handle(s, m)
      return step === undefined ? undefined : outcome(step)
    },
    remember: (ghost, _, after) => Remember(ghost, after),
    ...(spec.prune ? { dead: Dead } : {}),
    properties: [...stateProperties, ...stepProperties],
    mustReach: spec.mustReach.map((name) => {
      const predicate = sometimes.get(name)
      if (predicate === undefined) throw new Error(`model ${spec.name} must reach ${name}, which is not defined`)
      return predicate
    })
  }
}
