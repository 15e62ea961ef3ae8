/** Log replication (5.3). Twin of spec/Replication.tla. */
import { AdvanceCommitIndex } from "./Commit.ts"
import { UpdateTerm } from "./Election.ts"
import { Accept, AppendEntries, Conflict, Refuse } from "./Message.ts"
import type { AppendEntriesRequest, AppendEntriesResponse, Step } from "./Message.ts"
import { forAll, IsQuorum, lastIndex, Peers, replaceAfter, termAt } from "./Server.ts"
import type { Entry, Index, Log, Server, ServerId } from "./Server.ts"

/**
 * Fig2.L2: "If command received from client: append entry to local log, respond after entry applied to state machine"
 * (5.3). Only a leader takes commands. Its answer is due when the entry at this index *and term* is applied.
 */
export const ClientRequest = (s: Server, value: string): Step | undefined => {
  if (s.role !== "leader") return undefined
  const last = lastIndex(s.log) + 1
  const l: Server = {
    ...s,
    log: replaceAfter(s.log, last - 1, [{ term: s.currentTerm, type: "command", value }]),
    matchIndex: { ...s.matchIndex, [s.id]: last }
  }
  return {
    server: AdvanceCommitIndex(l),
    sends: Peers(l).map((j) => AppendEntries(l, j)),
    resetElectionTimer: false
  }
}

/** Fig2.L1: the leader's timer: AppendEntries to everyone, repeated "during idle periods to prevent election timeouts". */
export const HeartbeatTimeout = (s: Server): Step | undefined =>
  s.role !== "leader"
    ? undefined
    : { server: s, sends: Peers(s).map((j) => AppendEntries(s, j)), resetElectionTimer: false }

/** Index of the first of `entries`, which belong after `prev`, that `log` lacks or has of another term; else past the last. */
export const firstNew = (log: Log, prev: Index, entries: ReadonlyArray<Entry>): Index => {
  let k = prev + 1
  while (k <= prev + entries.length && k <= lastIndex(log) && termAt(log, k) === entries[k - prev - 1]!.term) k++
  return k
}

/** First index of the run of entries of one term that holds `k`. */
export const firstOfTerm = (log: Log, k: Index): Index => {
  let first = k
  while (first - 1 > log.lastIncludedIndex && termAt(log, first - 1) === termAt(log, k)) first--
  return first
}

/**
 * AppendEntries RPC, receiver.
 *
 * A request may be old: it must never undo what a later one did. So the log is cut only where an entry contradicts it,
 * and commitIndex never falls.
 */
export const HandleAppendEntriesRequest = (s0: Server, m: AppendEntriesRequest): Step | undefined => {
  const s1 = UpdateTerm(s0, m.term)
  // Fig2.AE1: "Reply false if term < currentTerm" (5.1).
  if (m.term < s1.currentTerm) return { server: s1, sends: [Refuse(s1, m.source)], resetElectionTimer: false }
  // Fig2.C3: "If AppendEntries RPC received from new leader: convert to follower".
  const s: Server = {
    ...s1,
    role: "follower",
    votesGranted: [],
    leaderContact: s1.settings.preVote || s1.settings.checkQuorum
  }
  // Fig2.AE2: "Reply false if log doesn't contain an entry at prevLogIndex whose term matches prevLogTerm" (5.3).
  if (m.prevLogIndex > lastIndex(s.log)) {
    return {
      server: s,
      sends: [Conflict(s, m.source, m.prevLogIndex, 0, lastIndex(s.log) + 1)],
      resetElectionTimer: true
    }
  }
  if (termAt(s.log, m.prevLogIndex) !== m.prevLogTerm) {
    return {
      server: s,
      sends: [
        Conflict(s, m.source, m.prevLogIndex, termAt(s.log, m.prevLogIndex), firstOfTerm(s.log, m.prevLogIndex))
      ],
      resetElectionTimer: true
    }
  }
  const lastNew = m.prevLogIndex + m.entries.length
  const first = firstNew(s.log, m.prevLogIndex, m.entries)
  const f: Server = {
    ...s,
    // Fig2.AE3: "If an existing entry conflicts with a new one (same index but different terms), delete the existing
    // entry and all that follow it"; Fig2.AE4: "Append any new entries not already in the log" (5.3).
    log: first > lastNew ? s.log : replaceAfter(s.log, first - 1, m.entries.slice(first - m.prevLogIndex - 1)),
    // Fig2.AE5: "If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index of last new entry)": what
    // lies beyond that entry isn't known to agree with the leader's log.
    commitIndex: Math.max(s.commitIndex, Math.min(m.leaderCommit, lastNew))
  }
  return { server: f, sends: [Accept(f, m.source, lastNew)], resetElectionTimer: true }
}

/**
 * Fig2.L3b: where to try next after the follower's log was found to differ at `m.rejectedIndex` (end of 5.3): after
 * our last entry of the follower's conflicting term, if we have that term before the conflict; otherwise at its first
 * entry of that term. Always lower than before, and never at or below what is known to match.
 */
export const BackUp = (s: Server, m: AppendEntriesResponse): Index => {
  const match = s.matchIndex[m.source]!
  let k = m.rejectedIndex - 1
  while (k > match && termAt(s.log, k) > m.conflictTerm) k--
  return k > match && termAt(s.log, k) === m.conflictTerm ? k + 1 : Math.max(match + 1, m.conflictIndex)
}

/** Diss. 6.2: `j` has answered the leader `s`. Any answer counts, also one that says nothing new. */
export const Answered = (s: Server, j: ServerId): Server =>
  !s.settings.checkQuorum || s.recentActive.includes(j) ? s : { ...s, recentActive: [...s.recentActive, j].sort() }

/**
 * Diss. 6.2: an election timeout has passed at a leader: "a leader steps down if an election timeout elapses without a
 * successful round of heartbeats to a majority of its cluster".
 */
export const CheckQuorum = (s: Server): Step | undefined => {
  if (s.role !== "leader" || !s.settings.checkQuorum) return undefined
  if (IsQuorum(s, [...s.recentActive, s.id])) {
    return s.recentActive.length === 0
      ? undefined
      : { server: { ...s, recentActive: [] }, sends: [], resetElectionTimer: false }
  }
  return {
    server: {
      ...s,
      role: "follower",
      recentActive: [],
      nextIndex: forAll(s.members, 1),
      matchIndex: forAll(s.members, 0)
    },
    sends: [],
    resetElectionTimer: true
  }
}

/** AppendEntries RPC, the answer at the leader. */
export const HandleAppendEntriesResponse = (s0: Server, m: AppendEntriesResponse): Step | undefined => {
  if (m.term > s0.currentTerm) return { server: UpdateTerm(s0, m.term), sends: [], resetElectionTimer: false }
  // An answer to an earlier term's question says nothing about this term's log.
  if (m.term < s0.currentTerm || s0.role !== "leader") return undefined
  const j = m.source
  const s1 = Answered(s0, j)
  // Nothing new but that `j` is there.
  const heard: Step | undefined = s1 === s0 ? undefined : { server: s1, sends: [], resetElectionTimer: false }
  if (m.success) {
    // Fig2.L3a: "If successful: update nextIndex and matchIndex for follower" (5.3). Answers may overtake each other:
    // what is known to match never shrinks.
    if (m.matchIndex <= s0.matchIndex[j]!) return heard
    const s = AdvanceCommitIndex({
      ...s1,
      matchIndex: { ...s0.matchIndex, [j]: m.matchIndex },
      nextIndex: { ...s0.nextIndex, [j]: Math.max(s0.nextIndex[j]!, m.matchIndex + 1) }
    })
    // Fig2.L3: "If last log index >= nextIndex for a follower: send AppendEntries": the next batch.
    const behind = s.nextIndex[j]! <= lastIndex(s.log)
    return { server: s, sends: behind ? [AppendEntries(s, j)] : [], resetElectionTimer: false }
  }
  // Fig2.L3b: "If AppendEntries fails because of log inconsistency: decrement nextIndex and retry" (5.3). A rejection
  // of anything but the latest probe is old news.
  if (m.rejectedIndex !== s0.nextIndex[j]! - 1 || m.rejectedIndex <= s0.matchIndex[j]!) return heard
  const s: Server = { ...s1, nextIndex: { ...s1.nextIndex, [j]: BackUp(s1, m) } }
  return { server: s, sends: [AppendEntries(s, j)], resetElectionTimer: false }
}
