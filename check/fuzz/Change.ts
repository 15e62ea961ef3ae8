/** One step, with where the log changed: what the incremental checks look at. */
import type { Taken } from "../cluster/Cluster.ts"
import { sameEntry } from "../raft/Entry.ts"
import { entryAt, lastIndex } from "../../src/raft/Server.ts"
import type { Index, Log } from "../../src/raft/Server.ts"

export interface Change {
  readonly taken: Taken
  /** The first index that holds another entry than before, or that only one of the two logs has; Infinity: none. */
  readonly firstChanged: Index
}

/** The first index, of those that no snapshot has replaced, at which the logs differ; Infinity: none. */
export const firstDifference = (a: Log, b: Log): Index => {
  if (a === b) return Infinity
  // A snapshot never goes back.
  if (b.lastIncludedIndex < a.lastIncludedIndex) return b.lastIncludedIndex + 1
  const start = Math.max(a.lastIncludedIndex, b.lastIncludedIndex) + 1
  const lastA = lastIndex(a)
  const lastB = lastIndex(b)
  const end = Math.min(lastA, lastB)
  for (let k = start; k <= end; k++) if (!sameEntry(entryAt(a, k), entryAt(b, k))) return k
  return lastA === lastB ? Infinity : Math.max(start, end + 1)
}
