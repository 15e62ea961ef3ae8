// Operations and states in words.
import type { Operation } from "./History.ts"
import type { Model } from "./Model.ts"
import { canonical } from "./Texts.ts"
import type { Json } from "./Texts.ts"

/** `read() -> 1`, `write(2)`, `cas(1, 2) -> true`: a call as one would write it. */
export const describeCall = ({ applied, op, output, return: returned, value }: Operation): string => {
  const values = value === null ? [] : Array.isArray(value) ? (value as ReadonlyArray<Json>) : [value]
  const call = `${op}(${values.map(short).join(", ")})`
  if (returned === null) return applied === false ? `${call} failed` : `${call} -> ?`
  return output === null && value !== null ? call : `${call} -> ${short(output)}`
}

/** A state as its model says it, or as JSON. */
export const describeState = (model: Model, state: unknown): string =>
  model.describeState?.(state) ?? (typeof state === "string" ? abridged(state) : short(state as Json))

const short = (value: Json): string => abridged(canonical(value))

/** A long text without its middle: what was appended last is what one looks for. */
const abridged = (text: string): string => (text.length <= 64 ? text : `${text.slice(0, 24)} … ${text.slice(-36)}`)
