/**
 * Figures 2 and 13, the arguments and results of the RPCs, as one-way messages. Twin of spec/Message.tla.
 * `source` is the paper's candidateId and leaderId. A message says everything its receiver needs: it may arrive late,
 * twice, out of order or never.
 */
import { entriesFrom, lastIndex, lastTerm, termAt } from "./Server.ts"
import type { Entry, Index, Server, ServerId, Term } from "./Server.ts"

interface Envelope {
  readonly source: ServerId
  readonly dest: ServerId
  /** The sender's term. */
  readonly term: Term
}

export interface RequestVoteRequest extends Envelope {
  readonly type: "RequestVoteRequest"
  readonly lastLogIndex: Index
  readonly lastLogTerm: Term
}

export interface RequestVoteResponse extends Envelope {
  readonly type: "RequestVoteResponse"
  readonly voteGranted: boolean
}

/** Diss. 9.6: would you vote for me? `term` is the one that the sender is in: it hasn't begun another. */
export interface PreVoteRequest extends Envelope {
  readonly type: "PreVoteRequest"
  readonly lastLogIndex: Index
  readonly lastLogTerm: Term
}

export interface PreVoteResponse extends Envelope {
  readonly type: "PreVoteResponse"
  readonly voteGranted: boolean
}

export interface AppendEntriesRequest extends Envelope {
  readonly type: "AppendEntriesRequest"
  readonly prevLogIndex: Index
  readonly prevLogTerm: Term
  readonly entries: ReadonlyArray<Entry>
  readonly leaderCommit: Index
}

/**
 * On success, `matchIndex` is the last index that the request proved to agree. On a failed consistency check,
 * `rejectedIndex` is the request's prevLogIndex, and `conflictIndex` the first index that the follower has of
 * `conflictTerm`, the term it holds there (term 0: its log is too short, and `conflictIndex` is the first one it
 * lacks). Fields that don't apply are 0.
 */
export interface AppendEntriesResponse extends Envelope {
  readonly type: "AppendEntriesResponse"
  readonly success: boolean
  readonly matchIndex: Index
  readonly rejectedIndex: Index
  readonly conflictTerm: Term
  readonly conflictIndex: Index
}

/** Figure 13: the pieces of a snapshot from `offset` on; `done` with the last of them. */
export interface InstallSnapshotRequest extends Envelope {
  readonly type: "InstallSnapshotRequest"
  readonly lastIncludedIndex: Index
  readonly lastIncludedTerm: Term
  readonly members: ReadonlyArray<ServerId>
  readonly offset: number
  readonly data: ReadonlyArray<string>
  readonly done: boolean
}

/**
 * Of the snapshot at `lastIncludedIndex`, its sender holds the first `offset` pieces; `done`: it has what that stands for,
 * and `offset` is 0.
 */
export interface InstallSnapshotResponse extends Envelope {
  readonly type: "InstallSnapshotResponse"
  readonly lastIncludedIndex: Index
  readonly offset: number
  readonly done: boolean
}

export type Message =
  | PreVoteRequest
  | PreVoteResponse
  | RequestVoteRequest
  | RequestVoteResponse
  | AppendEntriesRequest
  | AppendEntriesResponse
  | InstallSnapshotRequest
  | InstallSnapshotResponse

/**
 * What one event does to one server, atomically: its next state, the messages that it sends, and whether its election
 * timer starts anew. (The timer runs while the server isn't leader; one that ceases to lead starts it, too.)
 */
export interface Step {
  readonly server: Server
  readonly sends: ReadonlyArray<Message>
  readonly resetElectionTimer: boolean
}

export const RequestVote = (s: Server, j: ServerId): RequestVoteRequest => ({
  type: "RequestVoteRequest",
  source: s.id,
  dest: j,
  term: s.currentTerm,
  lastLogIndex: lastIndex(s.log),
  lastLogTerm: lastTerm(s.log)
})

export const Vote = (s: Server, j: ServerId, voteGranted: boolean): RequestVoteResponse => ({
  type: "RequestVoteResponse",
  source: s.id,
  dest: j,
  term: s.currentTerm,
  voteGranted
})

/** Diss. 9.6: the same question before a campaign, in the term that `s` is in. */
export const RequestPreVote = (s: Server, j: ServerId): PreVoteRequest => ({
  type: "PreVoteRequest",
  source: s.id,
  dest: j,
  term: s.currentTerm,
  lastLogIndex: lastIndex(s.log),
  lastLogTerm: lastTerm(s.log)
})

export const PreVote = (s: Server, j: ServerId, voteGranted: boolean): PreVoteResponse => ({
  type: "PreVoteResponse",
  source: s.id,
  dest: j,
  term: s.currentTerm,
  voteGranted
})

/**
 * Fig2.L1, Fig2.L3: the leader's entries `next`..`last`; without any (`last` is `next - 1`) it is a heartbeat, which goes
 * through the same checks as any other (5.3).
 */
export const AppendEntries = (s: Server, j: ServerId, next: Index, last: Index): AppendEntriesRequest => ({
  type: "AppendEntriesRequest",
  source: s.id,
  dest: j,
  term: s.currentTerm,
  prevLogIndex: next - 1,
  prevLogTerm: termAt(s.log, next - 1),
  entries: entriesFrom(s.log, next, last),
  leaderCommit: s.commitIndex
})

/** The log agrees with the leader's up to `matchIndex`. */
export const Accept = (s: Server, j: ServerId, matchIndex: Index): AppendEntriesResponse => ({
  type: "AppendEntriesResponse",
  source: s.id,
  dest: j,
  term: s.currentTerm,
  success: true,
  matchIndex,
  rejectedIndex: 0,
  conflictTerm: 0,
  conflictIndex: 0
})

/** The request was of an older term; the answer's term tells its sender. */
export const Refuse = (s: Server, j: ServerId): AppendEntriesResponse => ({
  type: "AppendEntriesResponse",
  source: s.id,
  dest: j,
  term: s.currentTerm,
  success: false,
  matchIndex: 0,
  rejectedIndex: 0,
  conflictTerm: 0,
  conflictIndex: 0
})

/** The log doesn't agree at `rejectedIndex`. */
export const Conflict = (
  s: Server,
  j: ServerId,
  rejectedIndex: Index,
  conflictTerm: Term,
  conflictIndex: Index
): AppendEntriesResponse => ({
  type: "AppendEntriesResponse",
  source: s.id,
  dest: j,
  term: s.currentTerm,
  success: false,
  matchIndex: 0,
  rejectedIndex,
  conflictTerm,
  conflictIndex
})

/** Figure 13: the next chunk of the leader's snapshot, after what `j` has acknowledged of it. */
export const InstallSnapshot = (s: Server, j: ServerId): InstallSnapshotRequest => {
  const offset = s.snapshotOffset[j]!
  const end = Math.min(offset + s.settings.chunkSize, s.snapshot.data.length)
  return {
    type: "InstallSnapshotRequest",
    source: s.id,
    dest: j,
    term: s.currentTerm,
    lastIncludedIndex: s.log.lastIncludedIndex,
    lastIncludedTerm: s.log.lastIncludedTerm,
    members: s.snapshot.members,
    offset,
    data: s.snapshot.data.slice(offset, end),
    done: end === s.snapshot.data.length
  }
}

/** Of the snapshot at `lastIncludedIndex`, `s` holds the first `offset` pieces; `done`: it has what that stands for. */
export const Received = (
  s: Server,
  j: ServerId,
  lastIncludedIndex: Index,
  offset: number,
  done: boolean
): InstallSnapshotResponse => ({
  type: "InstallSnapshotResponse",
  source: s.id,
  dest: j,
  term: s.currentTerm,
  lastIncludedIndex,
  offset,
  done
})
