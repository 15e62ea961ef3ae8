/** A server's state in a trace: as a whole, or as what differs from the state before. */
import { sameEntry } from "../raft/Entry.ts"
import type { Server, ServerId, Settings } from "../../src/raft/Server.ts"
import { entriesFrom, entryAt, lastIndex, replaceAfter } from "../../src/raft/Server.ts"
import { entriesOf, logOf } from "../raft/Log.ts"
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
export const stateOf = ({ id: _, settings: __, ...state }: Server): State => {
  const { pages: ___, ...log } = state.log
  return { ...state, log: { ...log, entries: entriesOf(state.log) } }
}

/** The server whose whole state it is. */
export const serverOf = (id: ServerId, settings: Settings, { log, ...state }: State): Server => ({
  ...state,
  id,
  settings,
  log: logOf(log.lastIncludedIndex, log.lastIncludedTerm, log.entries)
})

/** What differs between two states of one server that have the same snapshot. */
export const changeOf = (before: Server, after: Server): Change => {
  const change: Record<string, unknown> = {}
  for (const field of fields) {
    const [a, b] = [before[field], after[field]]
    if (a !== b && JSON.stringify(a) !== JSON.stringify(b)) change[field] = b
  }
  const [old, now] = [lastIndex(before.log), lastIndex(after.log)]
  let same = before.log === after.log ? now : before.log.lastIncludedIndex
  while (same < old && same < now && sameEntry(entryAt(before.log, same + 1), entryAt(after.log, same + 1))) same++
  if (same < old || same < now) change["log"] = { keep: same, append: entriesFrom(after.log, same + 1, now) }
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
