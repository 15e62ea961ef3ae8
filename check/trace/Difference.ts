/** A server's state in a trace: as a whole, or as what differs from the state before. */
import { sameEntry } from "../raft/Entry.ts"
import type { Server } from "../../src/raft/Server.ts"
import { lastIndex, replaceAfter } from "../../src/raft/Server.ts"
import type { Change, State } from "./Format.ts"

/** Fields that are compared as JSON; ids and settings never change, and the log has a form of its own. */
const fields = [
  "members",
  "currentTerm",
  "votedFor",
  "role",
  "votesGranted",
  "commitIndex",
  "lastApplied",
  "leaderContact",
  "partial",
  "nextIndex",
  "matchIndex",
  "pipelined",
  "snapshotOffset",
  "recentActive"
] as const

/** The whole state. */
export const stateOf = ({ id: _, settings: __, ...state }: Server): State => state

/** What differs between two states of one server that have the same snapshot. */
export const changeOf = (before: Server, after: Server): Change => {
  const change: Record<string, unknown> = {}
  for (const field of fields) {
    const [a, b] = [before[field], after[field]]
    if (a !== b && JSON.stringify(a) !== JSON.stringify(b)) change[field] = b
  }
  const [old, now] = [before.log.entries, after.log.entries]
  let same = 0
  if (old === now) same = now.length
  else while (same < old.length && same < now.length && sameEntry(old[same]!, now[same]!)) same++
  if (same < old.length || same < now.length) {
    change["log"] = { keep: before.log.lastIncludedIndex + same, append: now.slice(same) }
  }
  return change
}

/** The state after the change, or why there is none. */
export const applyChange = (before: Server, { log, ...rest }: Change): Server | string => {
  if (log === undefined) return { ...before, ...rest }
  const [first, last] = [before.log.lastIncludedIndex, lastIndex(before.log)]
  if (log.keep < first || log.keep > last) {
    return `keeps the log up to ${log.keep}, but ${before.id}'s log ends at ${last}`
      + (first > 0 ? ` and begins after ${first}` : "")
  }
  return { ...before, ...rest, log: replaceAfter(before.log, log.keep, log.append) }
}
