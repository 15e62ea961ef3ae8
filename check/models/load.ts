/** Reads spec/models.json. */
import { readFileSync } from "node:fs"
import * as Schema from "effect/Schema"
import { Table } from "./Table.ts"
import type { ModelSpec } from "./Table.ts"

export const specDirectory = new URL("../../spec/", import.meta.url)
export const modelsFile = new URL("models.json", specDirectory)

/** Every model, in the table's order. Throws when the table is not well formed: it is part of the sources. */
export const loadModels = (): ReadonlyArray<ModelSpec> =>
  Schema.decodeUnknownSync(Table, { onExcessProperty: "error" })(JSON.parse(readFileSync(modelsFile, "utf8")))
