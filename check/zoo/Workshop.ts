/** Where mutants are made: files in a temporary folder that a process of its own loads in the place of the sources. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { mutate } from "./Mutant.ts"
import type { Edit } from "./Mutant.ts"

const project = new URL("../../", import.meta.url)

/** The text of a file of the project. */
export const source = (file: string): string => readFileSync(new URL(file, project), "utf8")

/** Where the checkers look for the specification: to be pointed at its mutated copy, in `folder`. */
export const specReferences = (folder: string): ReadonlyArray<Edit> => [
  {
    file: "check/models/load.ts",
    from: `new URL("../../spec/", import.meta.url)`,
    to: `new URL(${JSON.stringify(`${pathToFileURL(folder).href}/`)})`
  },
  {
    file: "check/trace/validate.ts",
    from: `join(import.meta.dirname, "../../spec")`,
    to: JSON.stringify(folder)
  }
]

/**
 * Writes what hooks.ts needs into `folder`, which must not exist, and gives that file's path. `given` is what the
 * unmutated code has, too. Throws a `MutantError` when an edit doesn't apply.
 */
export const makeMutant = (
  folder: string,
  id: string,
  edits: ReadonlyArray<Edit>,
  given: ReadonlyArray<Edit> = []
): string => {
  const all = [...given, ...edits]
  const inSpec = all.filter(({ file }) => file.startsWith("spec/"))
  const inCode = all.filter(({ file }) => !file.startsWith("spec/"))
  const spec = join(folder, "spec")
  const modules = mutate(id, inSpec, source)
  const texts = mutate(id, inSpec.length === 0 ? inCode : [...inCode, ...specReferences(spec)], source)
  mkdirSync(folder)
  if (inSpec.length > 0) {
    cpSync(fileURLToPath(new URL("spec", project)), spec, { recursive: true })
    for (const [file, text] of modules) writeFileSync(join(folder, file), text)
  }
  const path = join(folder, "mutant.json")
  const urlOf = (file: string) => new URL(file, project).href
  writeFileSync(path, JSON.stringify(Object.fromEntries([
    ...[...texts].map(([file, text]) => [urlOf(file), text]),
    ...[...mutate(id, given, source)].map(([file, text]) => [`${urlOf(file)}?original`, text])
  ])))
  return path
}
