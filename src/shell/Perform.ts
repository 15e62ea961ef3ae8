/** The order in which a step's effects are carried out: the one thing that makes an event atomic. */
import type { Message, Step } from "../raft/Message.ts"
import { entriesFrom, entryAt, lastIndex } from "../raft/Server.ts"
import type { Index, Log, Server, ServerId, Snapshot, Term } from "../raft/Server.ts"
import type { StorageRecord } from "./Storage.ts"

/** Figure 2, persistent state on all servers, and the snapshot that replaces what the log no longer holds (7). */
export interface Persistent {
  readonly currentTerm: Term
  readonly votedFor: ServerId | null
  readonly log: Log
  readonly snapshot: Snapshot
}

export type Effect =
  | { readonly type: "save"; readonly state: Persistent }
  | { readonly type: "send"; readonly message: Message }

export const persistent = (s: Server): Persistent => ({
  currentTerm: s.currentTerm,
  votedFor: s.votedFor,
  log: s.log,
  snapshot: s.snapshot
})

/**
 * Save, then send: what a message promises is on disk before it leaves (diss. 3.8). A server may crash between any two
 * of these effects; to the others a step that was saved but not sent looks like one whose messages were lost.
 */
export const perform = (step: Step): ReadonlyArray<Effect> => [
  { type: "save", state: persistent(step.server) },
  ...step.sends.map((message): Effect => ({ type: "send", message }))
]

/** Whether a disk that holds the one holds the other: what a step leaves as it was is the same object. */
export const samePersistent = (a: Persistent, b: Persistent): boolean =>
  a.log === b.log && a.currentTerm === b.currentTerm && a.votedFor === b.votedFor && a.snapshot === b.snapshot

/**
 * The record that makes `now` of what is `saved`, as step `sequence` leaves it; `undefined`: they are the same. Logs of one
 * server are made of each other, so from the entry down that both have in the same place they are the same.
 */
export const recordBetween = (saved: Persistent, now: Persistent, sequence: number): StorageRecord | undefined => {
  if (samePersistent(saved, now)) return undefined
  const { currentTerm, votedFor } = now
  const { lastIncludedIndex, lastIncludedTerm } = now.log
  const keep = lastCommon(saved.log, now.log)
  const log = { keep, append: entriesFrom(now.log, keep + 1, lastIndex(now.log)) }
  const record = { sequence, currentTerm, votedFor, log }
  return now.snapshot === saved.snapshot
    ? record
    : { ...record, snapshot: { lastIncludedIndex, lastIncludedTerm, ...now.snapshot } }
}

/** The last index that `now`, made of `old`, has in common with it; at least what `now`'s snapshot replaces. */
export const lastCommon = (old: Log, now: Log): Index => {
  let k = Math.min(lastIndex(old), lastIndex(now))
  while (k > now.lastIncludedIndex && k > old.lastIncludedIndex && entryAt(old, k) !== entryAt(now, k)) k--
  return Math.max(k, now.lastIncludedIndex)
}
