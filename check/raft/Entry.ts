/** When two log entries are the same. */
import type { Entry } from "../../src/raft/Server.ts"

/** By value; an entry that isn't there is like no other. */
export const sameEntry = (a: Entry | undefined, b: Entry | undefined): boolean =>
  a === b
  || (a !== undefined && b !== undefined && a.term === b.term && a.type === b.type && a.value === b.value)
