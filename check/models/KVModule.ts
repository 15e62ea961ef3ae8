/** A model of clients with sessions as TLC takes it: the constants of spec/ReplicatedKV.tla, and what is checked. */
import type { KV } from "../../src/kv/Sessions.ts"
import * as Table from "../../src/kv/Table.ts"
import { properties } from "../kv/Properties.ts"
import { Actions } from "../kv/ReplicatedKV.ts"
import { boundsOf } from "./KVModel.ts"
import type { KVModelWorld } from "./KVModel.ts"
import { toTla } from "./Encode.ts"
import { nextOf, section, stringSet } from "./Module.ts"
import type { Module } from "./Module.ts"
import type { KVSpec } from "./Table.ts"

/** The same with records for maps, and a value for every key: that of an absent one is Nil. */
const complete = (value: unknown, keys: ReadonlyArray<string>): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map((part) => complete(part, keys))
  const absent = Object.fromEntries(keys.map((key) => [key, null]))
  return Object.fromEntries(
    Object.entries(value).map(([name, v]) => {
      if (name === "data") return [name, { ...absent, ...Object.fromEntries(Table.entries(v as KV["data"])) }]
      return [name, complete(v, keys)]
    })
  )
}

const keysOf = ({ operations }: KVSpec): ReadonlyArray<string> =>
  [...new Set(Object.values(operations).flatMap((all) => all.map(({ key }) => key)))].sort()

/** The world as a record of the specification's variables. */
export const tlaOfWorld = (spec: KVSpec, { actors: [world], left }: KVModelWorld): string =>
  toTla(complete({ ...world!, left }, keysOf(spec)))

export const kvModule = (spec: KVSpec, root: KVModelWorld): Module => {
  const { clock, contact, operations, servers, timeout } = boundsOf(spec)
  const clients = Object.keys(operations)
  const named = (of: "client" | "server") => Actions.filter((action) => action.of === of).map(({ name }) => name)
  const next = nextOf([
    ...clients.map((id) => ({ id, actions: named("client") })),
    ...servers.map((id) => ({ id, actions: named("server") }))
  ])
  const initial = spec.root.length === 0
  return {
    name: "MC",
    tla: `---- MODULE MC ----
\\* Model ${spec.name}: ${spec.about}
EXTENDS ReplicatedKV, TLC

MCOperation == [${clients.map((id) => `${id} |-> {${operations[id]!.map(toTla).join(", ")}}`).join(", ")}]
MCRoot == ${tlaOfWorld(spec, root)}
${next}====
`,
    cfg: `SPECIFICATION MCSpec
CONSTANTS
  Nil = Nil
  Key = ${stringSet(keysOf(spec))}
  Server = ${stringSet(servers)}
  Client = ${stringSet(clients)}
  Contact = ${JSON.stringify(contact)}
  Timeout = ${timeout}
  Clock = {${clock.join(", ")}}
  Operation <- MCOperation
  Root <- MCRoot
CHECK_DEADLOCK FALSE
` + section("INVARIANTS", properties.filter(({ reads }) => reads === "actors").map(({ name }) => name))
      + section("PROPERTIES", [
        ...properties.filter(({ reads }) => reads === "step").map(({ name }) => name),
        ...initial ? ["BeginsAsKV", "RefinesReplicatedLog"] : ["RefinesReplicatedLogSteps"]
      ])
  }
}
