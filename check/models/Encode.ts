/**
 * Values of the core as TLA+ expressions. The two representations are the same but for this: `null` is Nil, some arrays
 * are sets, tables are functions from numbers, a log's pages are one sequence of entries, and `settings`, which never
 * changes, is the constant Settings.
 */
import * as Table from "../../src/kv/Table.ts"
import type { Log } from "../../src/raft/Server.ts"

/** Fields whose arrays are sets. */
const sets = new Set(["members", "votesGranted", "recentActive", "pipelined", "leaders", "messages"])

/** Fields that are tables whose keys are numbers. */
export const tables: ReadonlySet<string> = new Set(["sessions", "replies", "waiting"])

const table = (t: Table.Table<number, unknown>): string =>
  t.size === 0 ? "<<>>" : `(${Table.entries(t).map(([key, value]) => `${key} :> ${toTla(value)}`).join(" @@ ")})`

const set = (elements: ReadonlyArray<unknown>): string => `{${elements.map(toTla).join(", ")}}`

export const toTla = (value: unknown): string => {
  if (value === null) return "Nil"
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE"
  if (Array.isArray(value)) return `<<${value.map(toTla).join(", ")}>>`
  if (typeof value === "object") {
    const fields = Object.entries(value).filter(([name]) => name !== "settings")
    const text = (name: string, v: unknown) =>
      sets.has(name)
        ? set(v as ReadonlyArray<unknown>)
        : tables.has(name)
        ? table(v as Table.Table<number, unknown>)
        : toTla(v)
    const field = (name: string, v: unknown) =>
      name === "pages" ? `entries |-> ${toTla((v as Log["pages"]).flat())}` : `${name} |-> ${text(name, v)}`
    return `[${fields.map(([name, v]) => field(name, v)).join(", ")}]`
  }
  return String(value)
}
