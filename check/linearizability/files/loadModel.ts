// Models by name, and models of the user's own, from a file.
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { HistoryError } from "../History.ts"
import type { Model } from "../Model.ts"

const isPath = (name: string): boolean => /[/\\]|\.[cm]?[jt]s$/.test(name)

/**
 * The model in a module: its default export, or what it exports as `model`. A word that is no path is a model's name
 * and stays as it is. Rejects with a `HistoryError` if there is no model.
 */
export const loadModel = async (nameOrPath: string): Promise<Model | string> => {
  if (!isPath(nameOrPath)) return nameOrPath
  const failure = (reason: string) => new HistoryError({ file: nameOrPath, reason: reason.replaceAll(/\s+/g, " ") })
  let module: { readonly default?: unknown; readonly model?: unknown }
  try {
    module = await import(pathToFileURL(resolve(nameOrPath)).href) as typeof module
  } catch (error) {
    throw failure(`the model cannot be loaded: ${error instanceof Error ? error.message : String(error)}`)
  }
  const model = [module.default, module.model].find(isModel)
  if (model === undefined) throw failure("no model: expected a default export, or one named model, with name, init and step")
  return model
}

const isModel = (x: unknown): x is Model =>
  typeof x === "object" && x !== null && "name" in x && typeof x.name === "string" && "init" in x && "step" in x && typeof x.step === "function"
