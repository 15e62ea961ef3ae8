/**
 * A model of clients with sessions and the servers that answer them, for the explorer, from its line in the table. The
 * whole world is one actor, for a decision is a step of the log that all servers share.
 */
import type { Model, World } from "../explorer/Model.ts"
import { serverIds } from "../cluster/Cluster.ts"
import { properties } from "../kv/Properties.ts"
import { Actions, InitWorld } from "../kv/ReplicatedKV.ts"
import type { Bounds, KVWorld } from "../kv/ReplicatedKV.ts"
import { sometimes } from "../kv/Sometimes.ts"
import { edgeLabel } from "./Module.ts"
import type { KVSpec } from "./Table.ts"

export type KVModel = Model<KVWorld, never, null>
export type KVModelWorld = World<KVWorld, never, null>

export const boundsOf = ({ clock, operations, servers, timeout }: KVSpec): Bounds => ({
  servers: serverIds(servers),
  contact: serverIds(servers)[0]!,
  operations,
  timeout,
  clock
})

/** Every action of every server and client, by its label. */
const labelled = ({ operations, servers }: Bounds) =>
  Actions.flatMap(({ name, of, outcomes, spends }) =>
    (of === "client" ? Object.keys(operations) : servers).map((id) => ({ label: edgeLabel(name, id), id, outcomes, spends }))
  )

/**
 * The world after the model's root: labels of edges, of which the first outcome is taken or the `#n`-th; after `lose`,
 * nothing that was sent before ever arrives. Throws an Error when one isn't possible there.
 */
export const kvRootOf = (spec: KVSpec): KVWorld => {
  const bounds = boundsOf(spec)
  const all = labelled(bounds)
  return spec.root.reduce((world, command) => {
    if (command === "lose") return { ...world, messages: [] }
    const [label, n = "1"] = command.split(" #")
    const action = all.find((each) => each.label === label)
    const next = action?.outcomes(bounds, world, action.id)[Number(n) - 1]
    if (next === undefined) throw new Error(`model ${spec.name}: ${command} isn't possible there`)
    return next
  }, InitWorld(bounds))
}

export const kvModel = (spec: KVSpec): KVModel => {
  const bounds = boundsOf(spec)
  return {
    name: spec.name,
    actors: ["kv"],
    root: { actors: [kvRootOf(spec)], messages: [], left: spec.left, ghost: null },
    actions: labelled(bounds).map(({ id, label, outcomes, spends }) => ({
      name: label,
      ...(spends === undefined ? {} : { spends }),
      outcomes: (world: KVWorld) => outcomes(bounds, world, id).map((actor) => ({ actor, sends: [] }))
    })),
    dest: () => 0,
    receives: () => "",
    handle: () => undefined,
    remember: () => null,
    properties,
    mustReach: spec.mustReach.map((name) => {
      const predicate = sometimes.get(name)
      if (predicate === undefined) throw new Error(`model ${spec.name} must reach ${name}, which is not defined`)
      return predicate
    })
  }
}
