/**
 * Figure 2, "State": one server as a value, and the only ways to read its log and its configuration.
 * Twin of spec/Server.tla.
 */

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
 * The log after what a snapshot has replaced: `entries[0]` has index `lastIncludedIndex + 1` (names of Figure 13).
 * Nobody counts positions himself: `entryAt`, `termAt`, `lastIndex`, `entriesFrom` do, so compaction changes no rule.
 */
export interface Log {
  readonly lastIncludedIndex: Index
  readonly lastIncludedTerm: Term
  readonly entries: ReadonlyArray<Entry>
}

/** What is the same for every server of a cluster, and never changes; the specification's constant `Settings`. */
export interface Settings {
  /** The most entries that one AppendEntries carries; at least 1. */
  readonly maxEntries: number
  /** Whether a server asks, before it campaigns, if it could win (diss. 9.6). */
  readonly preVote: boolean
  /**
   * Whether a leader that no quorum answers steps down (diss. 6.2), and a server that hears a leader votes for nobody
   * (diss. 4.2.3).
   */
  readonly checkQuorum: boolean
}

/** Figure 2 and nothing else. */
export const figure2: Settings = { maxEntries: 100, preVote: false, checkQuorum: false }

export interface Server {
  readonly id: ServerId
  /** The configuration this server goes by; sorted. */
  readonly members: ReadonlyArray<ServerId>
  readonly settings: Settings

  // Persistent: on disk before a step's messages leave.
  readonly currentTerm: Term
  readonly votedFor: ServerId | null
  readonly log: Log

  // Volatile.
  readonly role: Role
  /** While candidate or pre-candidate: who granted (or would grant) its vote, sorted; otherwise empty. */
  readonly votesGranted: ReadonlyArray<ServerId>
  readonly commitIndex: Index
  readonly lastApplied: Index
  /** Has heard a leader within the minimum election timeout; false with neither `preVote` nor `checkQuorum`. */
  readonly leaderContact: boolean
  /** While leader, with `checkQuorum`: who has answered since the last CheckQuorum, sorted; otherwise empty. */
  readonly recentActive: ReadonlyArray<ServerId>

  // Volatile, leaders only: otherwise 1 and 0 throughout.
  readonly nextIndex: Readonly<Record<ServerId, Index>>
  readonly matchIndex: Readonly<Record<ServerId, Index>>
}

/** `members` with the same value each. */
export const forAll = (members: ReadonlyArray<ServerId>, value: Index): Record<ServerId, Index> => {
  const record: Record<ServerId, Index> = {}
  for (const j of members) record[j] = value
  return record
}

/** A server that has never run (Figure 2, initial values). `members` must be sorted. */
export const InitServer = (id: ServerId, members: ReadonlyArray<ServerId>, settings: Settings): Server => ({
  id,
  members,
  settings,
  currentTerm: 0,
  votedFor: null,
  log: { lastIncludedIndex: 0, lastIncludedTerm: 0, entries: [] },
  role: "follower",
  votesGranted: [],
  commitIndex: 0,
  lastApplied: 0,
  leaderContact: false,
  recentActive: [],
  nextIndex: forAll(members, 1),
  matchIndex: forAll(members, 0)
})

/** Index of the last entry; 0 when there never was one. */
export const lastIndex = (log: Log): Index => log.lastIncludedIndex + log.entries.length

/** The entry at `k`, for `lastIncludedIndex < k <= lastIndex`. */
export const entryAt = (log: Log, k: Index): Entry => {
  const entry = log.entries[k - log.lastIncludedIndex - 1]
  if (entry === undefined) {
    throw new RangeError(`no entry at ${k}: the log holds ${log.lastIncludedIndex + 1} to ${lastIndex(log)}`)
  }
  return entry
}

/** The term of the entry at `k`, for `lastIncludedIndex <= k <= lastIndex`; 0 at 0. */
export const termAt = (log: Log, k: Index): Term =>
  k === log.lastIncludedIndex ? log.lastIncludedTerm : entryAt(log, k).term

export const lastTerm = (log: Log): Term => termAt(log, lastIndex(log))

/** At most `count` entries, from index `from` on. */
export const entriesFrom = (log: Log, from: Index, count: number): ReadonlyArray<Entry> =>
  log.entries.slice(from - log.lastIncludedIndex - 1, from - log.lastIncludedIndex - 1 + count)

/** The log up to and including `k`, then `entries`. */
export const replaceAfter = (log: Log, k: Index, entries: ReadonlyArray<Entry>): Log => ({
  ...log,
  entries: [...log.entries.slice(0, k - log.lastIncludedIndex), ...entries]
})

/** Everyone else in the configuration that `s` goes by. */
export const Peers = (s: Server): ReadonlyArray<ServerId> => s.members.filter((j) => j !== s.id)

/** Whether `ids` are a majority of the configuration that `s` goes by. */
export const IsQuorum = (s: Server, ids: ReadonlyArray<ServerId>): boolean =>
  2 * ids.filter((j) => s.members.includes(j)).length > s.members.length
