// All models, by name.
import type { History } from "../History.ts"
import type { Model } from "../Model.ts"
import { counter } from "./counter.ts"
import { kv, kvEmpty } from "./kv.ts"
import { fencedLock, lock, mutex } from "./lock.ts"
import { queue } from "./queue.ts"
import { cas, register } from "./register.ts"
import { set } from "./set.ts"
import { shard } from "./shard.ts"

export const models: Readonly<Record<string, Model>> = {
  register,
  cas,
  kv,
  "kv-empty": kvEmpty,
  set,
  counter,
  queue,
  mutex,
  lock,
  "fenced-lock": fencedLock,
  shard
}

/**
 * The model named `name`, or without a name the one that has all operations of the history; `undefined` when there is
 * none. `kv` also stands for its dialect: where reads never answer null, but sometimes "", an absent key reads as "".
 * What is added to and answers numbers is a counter, not a set.
 */
export const modelFor = (history: History, name?: string): Model | undefined => {
  const used = new Set(history.opNames)
  const fits = (model: Model) => used.isSubsetOf(new Set(Object.keys(model.operations ?? {})))
  const model = name === undefined ? [register, cas, kv, queue, lock, shard, set, counter].find(fits) : Object.hasOwn(models, name) ? models[name] : undefined
  if (model === set && name === undefined && readsNumbers(history)) return counter
  if (model !== kv || used.has("delete") || used.has("cas")) return model
  return readsEmpty(history) ? kvEmpty : kv
}

/** Do gets answer "" here, and never null? */
const readsEmpty = ({ opNames, ops, outputs, returns, length, texts }: History): boolean => {
  const get = opNames.indexOf("get")
  const [none, empty] = [texts.of(null), texts.of("")]
  let isEmpty = false
  for (let i = 0; i < length; i++) {
    if (ops[i] !== get || !Number.isFinite(returns[i])) continue
    if (outputs[i] === none) return false
    isEmpty ||= outputs[i] === empty
  }
  return isEmpty
}

const readsNumbers = ({ opNames, ops, outputs, returns, length, texts }: History): boolean => {
  const read = opNames.indexOf("read")
  for (let i = 0; i < length; i++) {
    if (ops[i] === read && Number.isFinite(returns[i])) return typeof texts.json(outputs[i]!) === "number"
  }
  return false
}
