/**
 * Values of the core as TLA+ expressions. The two representations are the same but for this: `null` is Nil, some arrays
 * are sets, and `settings`, which never changes, is the constant Settings.
 */

/** Fields whose arrays are sets. */
const sets = new Set(["members", "votesGranted", "recentActive", "pipelined", "leaders", "messages"])

const set = (elements: ReadonlyArray<unknown>): string => `{${elements.map(toTla).join(", ")}}`

export const toTla = (value: unknown): string => {
  if (value === null) return "Nil"
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE"
  if (Array.isArray(value)) return `<<${value.map(toTla).join(", ")}>>`
  if (typeof value === "object") {
    const fields = Object.entries(value).filter(([name]) => name !== "settings")
    return `[${fields.map(([name, v]) => `${name} |-> ${sets.has(name) ? set(v) : toTla(v)}`).join(", ")}]`
  }
  return String(value)
}
