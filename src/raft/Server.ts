/**
 * Figure 2, "State", and Figure 13's: one server as a value, and the only ways to read its log and its configuration.
 * Twin of spec/Server.tla.
 */
import * as Pages from "./Pages.ts"

/** `s1`, `s2`, … */
export type ServerId = string
/** 0 before the first election; grows for ever. */
export type Term = number
/** Log positions are 1-based; 0 is the place before the first entry. */
export type Index = number

/** A pre-candidate asks whether it could win before it campaigns (diss. 9.6). */
export type Role = "follower" | "preCandidate" | "candidate" | "leader"

/**
 * A log entry. `value` is the client's command, opaque to Raft (encoded by the layer above). A leader opens its term
 * with a `noop`, whose value is "".
 */
export interface Entry {
  readonly term: Term
  readonly type: "noop" | "command"
  readonly value: string
}

/**
 * The log after what a snapshot has replaced: its first entry has index `lastIncludedIndex + 1` (names of Figure 13).
 * Nobody counts positions himself: `entryAt`, `termAt`, `lastIndex`, `entriesFrom` do, so compaction changes no rule.
 */
export interface Log {
  readonly lastIncludedIndex: Index
  readonly lastIncludedTerm: Term
  /** The specification's `entries`. */
  readonly pages: Pages.Pages<Entry>
}

/** What is the same for every server of a cluster, and never changes; the specification's constant `Settings`. */
export interface Settings {
  /** The most that the entries of one AppendEntries measure (`Size`), but that it always carries a first one; at least 1. */
  readonly maxBatchBytes: number
  /** The most entries that are sent to a follower ahead of its answer; at least 1. */
  readonly maxInflight: number
  /** The most that a leader's uncommitted entries measure (`Size`), but that it always takes a first one; at least 1. */
  readonly maxUncommittedBytes: number
  /** The most pieces of a snapshot that one InstallSnapshot carries; at least 1. */
  readonly chunkSize: number
  /** Whether a server asks, before it campaigns, if it could win (diss. 9.6). */
  readonly preVote: boolean
  /**
   * Whether a leader that no quorum answers steps down (diss. 6.2), and a server that hears a leader votes for nobody
   * (diss. 4.2.3).
   */
  readonly checkQuorum: boolean
}

/**
 * The state machine after the log's first `lastIncludedIndex` entries: its state and sessions, opaque to Raft and cut into
 * pieces by the layer above, and the configuration at that index.
 */
export interface Snapshot {
  readonly members: ReadonlyArray<ServerId>
  readonly data: ReadonlyArray<string>
}

/** The first pieces of the snapshot at `lastIncludedIndex`, which is arriving. */
export interface PartialSnapshot {
  readonly lastIncludedIndex: Index
  readonly data: ReadonlyArray<string>
}

/** Neither PreVote nor CheckQuorum, as in Figure 2. */
export const figure2: Settings = {
  maxBatchBytes: 1_000_000,
  maxInflight: 1000,
  maxUncommittedBytes: 64_000_000,
  chunkSize: 1,
  preVote: false,
  checkQuorum: false
}

export interface Server {
  readonly id: ServerId
  /** The configuration this server goes by; sorted. */
  readonly members: ReadonlyArray<ServerId>
  readonly settings: Settings

  // Persistent: on disk before a step's messages leave.
  readonly currentTerm: Term
  readonly votedFor: ServerId | null
  readonly log: Log
  readonly snapshot: Snapshot

  // Volatile.
  readonly role: Role
  /** While candidate or pre-candidate: who granted (or would grant) its vote, sorted; otherwise empty. */
  readonly votesGranted: ReadonlyArray<ServerId>
  readonly commitIndex: Index
  readonly lastApplied: Index
  /** Has heard a leader within the minimum election timeout; false with neither `preVote` nor `checkQuorum`. */
  readonly leaderContact: boolean
  readonly partial: PartialSnapshot

  // Volatile, leaders only: otherwise as in `InitServer`.
  readonly nextIndex: Readonly<Record<ServerId, Index>>
  readonly matchIndex: Readonly<Record<ServerId, Index>>
  /** Who is sent entries ahead of its answers, sorted; the others are probed. */
  readonly pipelined: ReadonlyArray<ServerId>
  /** How many pieces of the snapshot each has acknowledged. */
  readonly snapshotOffset: Readonly<Record<ServerId, number>>
  /** With `checkQuorum`: who has answered since the last CheckQuorum, sorted. */
  readonly recentActive: ReadonlyArray<ServerId>
}

/** `members` with the same value each. */
export const forAll = (members: ReadonlyArray<ServerId>, value: number): Record<ServerId, number> => {
  const record: Record<ServerId, number> = {}
  for (const j of members) record[j] = value
  return record
}

/** Nothing of a snapshot has arrived. */
export const NoPartial: PartialSnapshot = { lastIncludedIndex: 0, data: [] }

/** A server that has never run (Figure 2, initial values). `members` must be sorted. */
export const InitServer = (id: ServerId, members: ReadonlyArray<ServerId>, settings: Settings): Server => ({
  id,
  members,
  settings,
  currentTerm: 0,
  votedFor: null,
  log: { lastIncludedIndex: 0, lastIncludedTerm: 0, pages: [] },
  snapshot: { members, data: [] },
  role: "follower",
  votesGranted: [],
  commitIndex: 0,
  lastApplied: 0,
  leaderContact: false,
  partial: NoPartial,
  nextIndex: forAll(members, 1),
  matchIndex: forAll(members, 0),
  pipelined: [],
  snapshotOffset: forAll(members, 0),
  recentActive: []
})

/** Index of the last entry; 0 when there never was one. */
export const lastIndex = (log: Log): Index => Pages.lastOf(log.pages, log.lastIncludedIndex)

/** The entry at `k`, for `lastIncludedIndex < k <= lastIndex`. */
export const entryAt = (log: Log, k: Index): Entry => {
  const entry = Pages.elementAt(log.pages, log.lastIncludedIndex, k)
  if (entry === undefined) {
    throw new RangeError(`no entry at ${k}: the log holds ${log.lastIncludedIndex + 1} to ${lastIndex(log)}`)
  }
  return entry
}

/** The term of the entry at `k`, for `lastIncludedIndex <= k <= lastIndex`; 0 at 0. */
export const termAt = (log: Log, k: Index): Term =>
  k === log.lastIncludedIndex ? log.lastIncludedTerm : entryAt(log, k).term

export const lastTerm = (log: Log): Term => termAt(log, lastIndex(log))

/**
 * What an entry measures, in bytes: the length of its value, and 1, since also an empty one costs something. What comes from
 * clients over a network are byte strings, with a byte for each UTF-16 unit.
 */
export const Size = (entry: Entry): number => 1 + entry.value.length

/** What the entries `from`..`to` measure. */
export const sizeOf = (log: Log, from: Index, to: Index): number => {
  let size = 0
  for (let k = from; k <= to; k++) size += Size(entryAt(log, k))
  return size
}

/** The entries `from`..`to`, for `lastIncludedIndex < from` and `to <= lastIndex`. */
export const entriesFrom = (log: Log, from: Index, to: Index): ReadonlyArray<Entry> => {
  const entries: Array<Entry> = []
  for (let k = from; k <= to; k++) entries.push(entryAt(log, k))
  return entries
}

/** The log without what a snapshot at `k` replaces, for `lastIncludedIndex <= k <= lastIndex` (7). */
export const compact = (log: Log, k: Index): Log => ({
  lastIncludedIndex: k,
  lastIncludedTerm: termAt(log, k),
  pages: Pages.replaceAfter([], k, k, entriesFrom(log, k + 1, lastIndex(log)))
})

/** The log up to and including `k`, for `lastIncludedIndex <= k <= lastIndex`, then `entries`. */
export const replaceAfter = (log: Log, k: Index, entries: ReadonlyArray<Entry>): Log => ({
  ...log,
  pages: Pages.replaceAfter(log.pages, log.lastIncludedIndex, k, entries)
})

/** Everyone else in the configuration that `s` goes by. */
export const Peers = (s: Server): ReadonlyArray<ServerId> => s.members.filter((j) => j !== s.id)

/** Whether `ids` are a majority of the configuration that `s` goes by. */
export const IsQuorum = (s: Server, ids: ReadonlyArray<ServerId>): boolean =>
  2 * ids.filter((j) => s.members.includes(j)).length > s.members.length
