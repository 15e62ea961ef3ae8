/** Reads spec/models.json. */
import { readFileSync } from "node:fs"
import * as Data from "effect/Data"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { Table } from "./Table.ts"
import type { KVSpec, ModelSpec, RaftSpec } from "./Table.ts"

export const specDirectory = new URL("../../spec/", import.meta.url)
export const modelsFile = new URL("models.json", specDirectory)

/** The table of models isn't well formed: whoever has edited it mends it. */
export class TableRefused extends Data.TaggedError("TableRefused")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 2
}

/** The models of a table's text, in its order. Throws `TableRefused`, with the model and field, when it isn't well formed. */
export const modelsIn = (text: string): ReadonlyArray<ModelSpec> => {
  let json: unknown
  try {
    json = JSON.parse(text)
    return Schema.decodeUnknownSync(Table, { onExcessProperty: "error" })(json)
  } catch (error) {
    const reason = (error as Error).message.replace(/\s+/g, " ")
    const number = /at \[(\d+)\]/.exec(reason)?.[1]
    const model = number === undefined ? undefined : (json as ReadonlyArray<{ readonly name?: unknown }>)[Number(number)]
    const name = typeof model?.name === "string" ? ` model ${model.name}:` : ""
    throw new TableRefused({ message: `spec/models.json:${name} ${reason}` })
  }
}

/** Every model, in the table's order. Throws as `modelsIn`. */
export const loadModels = (): ReadonlyArray<ModelSpec> => modelsIn(readFileSync(modelsFile, "utf8"))

/** Those of Raft. Throws as `modelsIn`. */
export const raftModels = (): ReadonlyArray<RaftSpec> => loadModels().filter((spec) => spec.layer === "raft")

/** Those of the map with sessions. Throws as `modelsIn`. */
export const kvModels = (): ReadonlyArray<KVSpec> => loadModels().filter((spec) => spec.layer === "kv")
