/** When a server takes a snapshot. That is about the size of what is stored, and none of Raft's business. */
import { lastIndex, sizeOf } from "../raft/Server.ts"
import type { Log, Server } from "../raft/Server.ts"
import { lastCommon } from "./Perform.ts"

/** What the log measures, in bytes (`Size` of its entries). */
export const logSize = (log: Log): number => sizeOf(log, log.lastIncludedIndex + 1, lastIndex(log))

/**
 * Whether the log, which measures `size`, has `maxRaftStateBytes` or more, and something of it is applied that a snapshot
 * can replace. -1: never.
 */
export const snapshotIsDue = (s: Server, maxRaftStateBytes: number, size = logSize(s.log)): boolean =>
  maxRaftStateBytes >= 0 && s.lastApplied > s.log.lastIncludedIndex && size >= maxRaftStateBytes

/** What one server's log measures, step by step: only what has changed is measured. */
export class LogMeter {
  #log: Log
  #size: number

  constructor(log: Log) {
    this.#log = log
    this.#size = logSize(log)
  }

  /** The size of `log`, which was made of the one before. */
  measure(log: Log): number {
    const before = this.#log
    if (log === before) return this.#size
    const common = Math.max(lastCommon(before, log), before.lastIncludedIndex)
    const replaced = Math.min(log.lastIncludedIndex, lastIndex(before))
    this.#log = log
    this.#size += sizeOf(log, common + 1, lastIndex(log)) - sizeOf(before, common + 1, lastIndex(before))
      - sizeOf(before, before.lastIncludedIndex + 1, replaced)
    return this.#size
  }
}
