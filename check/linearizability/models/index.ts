// All models, by name.
import type { History } from "../History.ts"
import type { Model } from "../Model.ts"
import { kv, kvEmpty } from "./kv.ts"
import { cas, register } from "./register.ts"

export const models: Readonly<Record<string, Model>> = {
  register,
  cas,
  kv,
  "kv-empty": kvEmpty
}

/**
 * The model named `name`, or without a name the one that has all operations of the history; `undefined` when there is
 * none. `kv` also stands for its dialect: where reads never answer null, but sometimes "", an absent key reads as "".
 */
export const modelFor = (history: History, name?: string): Model | undefined => {
  const used = new Set(history.opNames)
  const fits = (model: Model) => used.isSubsetOf(new Set(Object.keys(model.operations ?? {})))
  const model = name === undefined ? [register, cas, kv].find(fits) : Object.hasOwn(models, name) ? models[name] : undefined
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
