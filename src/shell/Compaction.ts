/** When a server takes a snapshot. That is about the size of what is stored, and none of Raft's business. */
import { lastIndex, sizeOf } from "../raft/Server.ts"
import type { Server } from "../raft/Server.ts"

/**
 * Whether the log measures `maxRaftStateBytes` or more (`Size` of its entries), and something of it is applied that a
 * snapshot can replace. -1: never.
 */
export const snapshotIsDue = (s: Server, maxRaftStateBytes: number): boolean =>
  maxRaftStateBytes >= 0
  && s.lastApplied > s.log.lastIncludedIndex
  && sizeOf(s.log, s.log.lastIncludedIndex + 1, lastIndex(s.log)) >= maxRaftStateBytes
