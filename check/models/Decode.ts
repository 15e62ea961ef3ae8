/**
 * Worlds as TLC prints them, as values of the code: the inverse of Encode.ts. Nil is null (as the value of a key: the key
 * is absent), a set is a sorted array, a log's entries are in pages, and every server of Raft gets the settings, which the
 * specification has as a constant.
 */
import { deadline } from "../../src/kv/Sessions.ts"
import type { Session } from "../../src/kv/Sessions.ts"
import * as Table from "../../src/kv/Table.ts"
import { canonical } from "../explorer/Intern.ts"
import { isFunction, isModelValue, isSet } from "../tlc/Value.ts"
import type { Value } from "../tlc/Value.ts"
import type { Message } from "../../src/raft/Message.ts"
import type { Entry, Log, Server, ServerId, Settings } from "../../src/raft/Server.ts"
import { logOf } from "../raft/Log.ts"
import type { Ghost, Left } from "../../src/raft/World.ts"
import { tables } from "./Encode.ts"
import type { KVModelWorld } from "./KVModel.ts"
import type { KVWorld } from "../kv/ReplicatedKV.ts"
import type { RaftWorld } from "./RaftModel.ts"

export type Plain = boolean | number | string | null | ReadonlyArray<Plain> | { readonly [field: string]: Plain }

const termOf = (value: Plain): number =>
  typeof value === "object" && value !== null && "term" in value ? Number(value.term) : 0

/** The order that the core gives its sets: by term, where the elements have one. */
const compare = (a: Plain, b: Plain): number => termOf(a) - termOf(b) || (canonical(a) < canonical(b) ? -1 : 1)

export const plain = (value: Value): Plain => {
  if (typeof value !== "object") return value
  if (Array.isArray(value)) return value.map(plain)
  if (isSet(value)) return value.$set.map(plain).sort(compare)
  if (isModelValue(value)) {
    if (value.$model === "Nil") return null
    throw new TypeError(`${value.$model} is no value of the core`)
  }
  if (isFunction(value)) throw new TypeError("a function that is no record is no value of the core")
  return Object.fromEntries(Object.entries(value).map(([field, v]) => {
    return [field, tables.has(field) ? table(field, v) : field === "data" ? present(plain(v)) : field === "log" ? paged(plain(v)) : plain(v)]
  }))
}

/** A server's log. (The log of a map's model is no record.) */
const paged = (log: Plain): Plain => {
  if (typeof log !== "object" || log === null || !("entries" in log)) return log
  const { entries, lastIncludedIndex, lastIncludedTerm } = log as unknown as Omit<Log, "pages"> & { readonly entries: ReadonlyArray<Entry> }
  return logOf(lastIncludedIndex, lastIncludedTerm, entries) as unknown as Plain
}

/** Of a function from numbers; from 1, 2, …, it looks like a sequence. */
const entriesOf = (value: Value): ReadonlyArray<readonly [number, Plain]> => {
  const entries = Array.isArray(value)
    ? value.map((v: Value, n) => [n + 1, v] as const)
    : isFunction(value)
    ? value.$fcn
    : []
  return entries.map(([key, v]) => [Number(key), plain(v)])
}

const table = (field: string, value: Value): Plain => {
  const measure = field === "sessions" ? (s: Plain) => deadline(s as unknown as Session) : Table.byNumber
  return Table.tableOf(entriesOf(value), measure) as unknown as Plain
}

/** A map without the keys that are absent. (The pieces of a snapshot have the same name, and are a sequence.) */
const present = (data: Plain): Plain => {
  if (Array.isArray(data)) return data
  const entries = Object.entries(data as Readonly<Record<string, Plain>>).filter(([, value]) => value !== null)
  return Table.tableOf(entries) as unknown as Plain
}

type Variables = { readonly [variable: string]: Value }

const variableOf = (variables: Variables, name: string): Plain => {
  const value = variables[name]
  if (value === undefined) throw new TypeError(`no variable ${name}`)
  return plain(value)
}

/** The world that these values of the variables of spec/World.tla are. Throws a TypeError when one is missing. */
export const decodeWorld = (variables: Variables, settings: Settings): RaftWorld => {
  const variable = (name: string) => variableOf(variables, name)
  const servers = variable("servers") as unknown as Record<ServerId, Omit<Server, "settings">>
  return {
    actors: Object.keys(servers).sort().map((id) => ({ ...servers[id]!, settings })),
    messages: variable("messages") as unknown as ReadonlyArray<Message>,
    left: variable("left") as unknown as Record<keyof Left, number>,
    ghost: variable("ghost") as unknown as Ghost
  }
}

/** The world that these values of the variables of spec/ReplicatedKV.tla are. Throws a TypeError when one is missing. */
export const decodeKVWorld = (variables: Variables): KVModelWorld => {
  const world = ["log", "servers", "clients", "messages", "ghost"].map((name) => [name, variableOf(variables, name)])
  return {
    actors: [Object.fromEntries(world) as KVWorld],
    messages: [],
    left: variableOf(variables, "left") as Record<string, number>,
    ghost: null
  }
}
