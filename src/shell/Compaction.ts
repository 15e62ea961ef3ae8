/** When a server takes a snapshot. That is about the size of what is stored, and none of Raft's business. */
import { lastIndex, Size, sizeOf } from "../raft/Server.ts"
import type { Entry, Log, Server } from "../raft/Server.ts"
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
    const replaced = before.entries.slice(0, Math.max(0, log.lastIncludedIndex - before.lastIncludedIndex))
    const common = lastCommon(before, log)
    this.#log = log
    this.#size += sum(log.entries.slice(common - log.lastIncludedIndex))
      - sum(before.entries.slice(Math.max(0, common - before.lastIncludedIndex)))
      - sum(replaced)
    return this.#size
  }
}

const sum = (entries: ReadonlyArray<Entry>): number => entries.reduce((size, entry) => size + Size(entry), 0)
