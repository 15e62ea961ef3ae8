/** One step, with where the log changed: what the incremental checks look at. */
import type { Taken } from "../cluster/Cluster.ts"
import { sameEntry } from "../raft/Entry.ts"
import type { Entry, Index, Log } from "../../src/raft/Server.ts"

export interface Change {
  readonly taken: Taken
  /** The first index that holds another entry than before, or that only one of the two logs has; Infinity: none. */
  readonly firstChanged: Index
}

/** `undefined` where the log has no entry (or a snapshot has replaced it). */
export const entryOf = (log: Log, k: Index): Entry | undefined => log.entries[k - log.lastIncludedIndex - 1]

/** The first index, of those that no snapshot has replaced, at which the logs differ; Infinity: none. */
export const firstDifference = (a: Log, b: Log): Index => {
  if (a === b) return Infinity
  // A snapshot never goes back.
  if (b.lastIncludedIndex < a.lastIncludedIndex) return b.lastIncludedIndex + 1
  const start = Math.max(a.lastIncludedIndex, b.lastIncludedIndex) + 1
  const lastA = a.lastIncludedIndex + a.entries.length
  const lastB = b.lastIncludedIndex + b.entries.length
  const end = Math.min(lastA, lastB)
  for (let k = start; k <= end; k++) if (!sameEntry(entryOf(a, k), entryOf(b, k))) return k
  return lastA === lastB ? Infinity : Math.max(start, end + 1)
}
