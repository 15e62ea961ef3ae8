/** Which definitions a specification module and its TypeScript twin have, read from their texts. */

export interface Definition {
  readonly name: string
  readonly parameters: ReadonlyArray<string>
}

const names = (list: string | undefined): ReadonlyArray<string> =>
  (list ?? "").split(",").map((p) => p.trim()).filter((p) => p !== "")

/** Definitions at the left margin: `Name ==` and `Name(a, b) ==`. */
export const operators = (tla: string): ReadonlyArray<Definition> =>
  [...tla.matchAll(/^(\w+)(?:\(([^)]*)\))?\s*==/gm)].map(([, name, list]) => ({
    name: name!,
    parameters: names(list)
  }))

/** Exported arrow functions: `export const name = (a: A, b: B): R =>`. */
export const functions = (ts: string): ReadonlyArray<Definition> =>
  [...ts.matchAll(/^export const (\w+) = \(([^)]*)\)/gm)].map(([, name, list]) => ({
    name: name!,
    parameters: names(list).map((p) => p.split(":")[0]!.trim())
  }))

/** Ids of rules that a text names: of the paper, Fig2.AE3, …; of sessions, KV.Expire, …; of clients, Client.NewSeq, … */
export const ruleIds = (text: string): ReadonlyArray<string> => [
  ...new Set([...text.matchAll(/\b(?:Fig(?:2|3|13)\.\w+|(?:KV|Client)\.[A-Z]\w+)/g)].map(([id]) => id))
].sort()
