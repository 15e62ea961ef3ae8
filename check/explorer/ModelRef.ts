/** A model that can be named, so that another thread can build it: functions can't be posted. */
import type { Model } from "./Model.ts"

export interface ModelRef {
  /** URL of a module. */
  readonly module: string
  /** Name of a function that it exports, from `args` to a model. */
  readonly export: string
  /** Plain JSON. */
  readonly args: unknown
}

/** Builds the model. Rejects when the module or the function isn't there. */
export const modelFrom = async (ref: ModelRef): Promise<Model<unknown, unknown, unknown>> => {
  const module = await import(ref.module) as Record<string, unknown>
  const build = module[ref.export]
  if (typeof build !== "function") throw new TypeError(`${ref.module} exports no function ${ref.export}`)
  return build(ref.args) as Model<unknown, unknown, unknown>
}
