/**
 * Worlds as TLC prints them, as values of the core: the inverse of Encode.ts. Nil is null, a set is a sorted array,
 * and every server gets the settings, which the specification has as a constant.
 */
import { canonical } from "../explorer/Intern.ts"
import { isFunction, isModelValue, isSet } from "../tlc/Value.ts"
import type { Value } from "../tlc/Value.ts"
import type { Message } from "../../src/raft/Message.ts"
import type { Server, ServerId, Settings } from "../../src/raft/Server.ts"
import type { Ghost, Left } from "../../src/raft/World.ts"
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
  return Object.fromEntries(Object.entries(value).map(([field, v]) => [field, plain(v)]))
}

/** The world that these values of the variables of spec/World.tla are. Throws a TypeError when one is missing. */
export const decodeWorld = (variables: { readonly [variable: string]: Value }, settings: Settings): RaftWorld => {
  const variable = (name: string): Plain => {
    const value = variables[name]
    if (value === undefined) throw new TypeError(`no variable ${name}`)
    return plain(value)
  }
  const servers = variable("servers") as unknown as Record<ServerId, Omit<Server, "settings">>
  return {
    actors: Object.keys(servers).sort().map((id) => ({ ...servers[id]!, settings })),
    messages: variable("messages") as unknown as ReadonlyArray<Message>,
    left: variable("left") as unknown as Record<keyof Left, number>,
    ghost: variable("ghost") as unknown as Ghost
  }
}
