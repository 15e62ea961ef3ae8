/** Log replication (5.3). Twin of spec/Replication.tla. */
import { AdvanceCommitIndex } from "./Commit.ts"
import { Follow, StepDown, UpdateTerm } from "./Election.ts"
import { Accept, AppendEntries, Conflict, InstallSnapshot, Refuse } from "./Message.ts"
import type { AppendEntriesRequest, AppendEntriesResponse, Message, Step } from "./Message.ts"
import { entryAt, IsQuorum, lastIndex, Peers, replaceAfter, Size, sizeOf, termAt } from "./Server.ts"
import type { Entry, Index, Log, Server, ServerId } from "./Server.ts"

/** The last index of a batch that begins at `next`: one entry, and as many more up to `last` as measure `maxBatchBytes`. */
export const batchEnd = (s: Server, next: Index, last: Index): Index => {
  let end = next
  let size = Size(entryAt(s.log, next))
  while (end < last && (size += Size(entryAt(s.log, end + 1))) <= s.settings.maxBatchBytes) end++
  return end
}

/**
 * Asks `j`, with one message, where its log is: with a chunk of the snapshot when the log lacks what `j` needs next (7),
 * else with AppendEntries at nextIndex. It carries a batch that fits the window, unless that is under way already.
 */
export const Probe = (s: Server, j: ServerId): Message => {
  const next = s.nextIndex[j]!
  if (next <= s.log.lastIncludedIndex) return InstallSnapshot(s, j)
  const last = Math.min(lastIndex(s.log), next - 1 + s.settings.maxInflight)
  return AppendEntries(s, j, next, s.pipelined.includes(j) ? next - 1 : batchEnd(s, next, last))
}

/**
 * Fig2.L3: "If last log index >= nextIndex for a follower: send AppendEntries RPC with log entries starting at nextIndex"
 * (5.3). `j`, whose log is known to agree up to matchIndex, is sent batches ahead of its answers, as many as the window lets
 * through (diss. 10.2.2).
 */
export const Replicate = (
  s: Server,
  j: ServerId
): { readonly nextIndex: Index; readonly sends: ReadonlyArray<AppendEntriesRequest> } => {
  const last = Math.min(lastIndex(s.log), s.matchIndex[j]! + s.settings.maxInflight)
  const sends: Array<AppendEntriesRequest> = []
  let next = s.nextIndex[j]!
  while (next <= last) {
    const end = batchEnd(s, next, last)
    sends.push(AppendEntries(s, j, next, end))
    next = end + 1
  }
  return { nextIndex: next, sends }
}

/** Whether the leader `s`, with `log` for its own, would hold too much that is not committed yet: one entry it may. */
export const Full = (s: Server, log: Log): boolean => {
  const last = lastIndex(log)
  return s.commitIndex + 1 < last && sizeOf(log, s.commitIndex + 1, last) > s.settings.maxUncommittedBytes
}

/**
 * Fig2.L2: "If command received from client: append entry to local log, respond after entry applied to state machine"
 * (5.3). Commands that have come together are appended together (diss. 10.2.2). The answer to each is due when the entry at
 * its index *and term* is applied.
 *
 * Only a leader takes commands, and only as long as it gets rid of them: `undefined` means "not leader" when `role` isn't
 * `leader`, and otherwise "busy", for which clients may try again later, or one at a time (`Full`).
 */
export const ClientRequest = (s: Server, values: ReadonlyArray<string>): Step | undefined => {
  const entries = values.map((value): Entry => ({ term: s.currentTerm, type: "command", value }))
  const log = replaceAfter(s.log, lastIndex(s.log), entries)
  if (s.role !== "leader" || Full(s, log)) return undefined
  const l = AdvanceCommitIndex({ ...s, log, matchIndex: { ...s.matchIndex, [s.id]: lastIndex(log) } })
  const nextIndex = { ...l.nextIndex }
  const sends: Array<Message> = []
  for (const j of l.pipelined) {
    const sent = Replicate(l, j)
    nextIndex[j] = sent.nextIndex
    sends.push(...sent.sends)
  }
  return { server: { ...l, nextIndex }, sends, resetElectionTimer: false }
}

/**
 * Fig2.L1: the leader's timer: AppendEntries to everyone, repeated "during idle periods to prevent election timeouts"; it
 * also finds out what was lost.
 */
export const HeartbeatTimeout = (s: Server): Step | undefined =>
  s.role !== "leader" ? undefined : { server: s, sends: Peers(s).map((j) => Probe(s, j)), resetElectionTimer: false }

/**
 * Index of the first of `entries`, which belong after `prev`, that `log` lacks or has of another term; else past the last.
 * What a snapshot has replaced is committed, and agrees.
 */
export const firstNew = (log: Log, prev: Index, entries: ReadonlyArray<Entry>): Index => {
  let k = Math.min(Math.max(prev, log.lastIncludedIndex), prev + entries.length) + 1
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
  const s = Follow(s1)
  // Fig2.AE2: "Reply false if log doesn't contain an entry at prevLogIndex whose term matches prevLogTerm" (5.3).
  if (m.prevLogIndex > lastIndex(s.log)) {
    return {
      server: s,
      sends: [Conflict(s, m.source, m.prevLogIndex, 0, lastIndex(s.log) + 1)],
      resetElectionTimer: true
    }
  }
  if (m.prevLogIndex > s.log.lastIncludedIndex && termAt(s.log, m.prevLogIndex) !== m.prevLogTerm) {
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
  const first = Math.max(match + 1, s.log.lastIncludedIndex)
  let k = m.rejectedIndex - 1
  while (k >= first && termAt(s.log, k) > m.conflictTerm) k--
  return k >= first && termAt(s.log, k) === m.conflictTerm ? k + 1 : Math.max(match + 1, m.conflictIndex)
}

/** Diss. 6.2: `j` has answered the leader `s`. Any answer counts, also one that says nothing new. */
export const Answered = (s: Server, j: ServerId): Server =>
  !s.settings.checkQuorum || s.recentActive.includes(j) ? s : { ...s, recentActive: [...s.recentActive, j].sort() }

/**
 * Diss. 6.2: an election timeout has passed at a leader: "a leader … steps down if an election timeout elapses without a
 * successful round of heartbeats to a majority of its cluster".
 */
export const CheckQuorum = (s: Server): Step | undefined => {
  if (s.role !== "leader" || !s.settings.checkQuorum) return undefined
  if (IsQuorum(s, [...s.recentActive, s.id])) {
    return s.recentActive.length === 0
      ? undefined
      : { server: { ...s, recentActive: [] }, sends: [], resetElectionTimer: false }
  }
  return { server: StepDown(s), sends: [], resetElectionTimer: true }
}

/**
 * Fig2.L3a: "If successful: update nextIndex and matchIndex for follower" (5.3): `j`'s log is known to agree with the
 * leader's up to `matchIndex`, and what follows is sent at once.
 */
export const Matched = (s0: Server, j: ServerId, matchIndex: Index): Step => {
  const next = Math.max(s0.nextIndex[j]!, matchIndex + 1)
  const s1: Server = {
    ...s0,
    matchIndex: { ...s0.matchIndex, [j]: matchIndex },
    nextIndex: { ...s0.nextIndex, [j]: next }
  }
  if (next <= s1.log.lastIncludedIndex) return { server: s1, sends: [Probe(s1, j)], resetElectionTimer: false }
  const s = AdvanceCommitIndex({
    ...s1,
    pipelined: s1.pipelined.includes(j) ? s1.pipelined : [...s1.pipelined, j].sort(),
    snapshotOffset: { ...s1.snapshotOffset, [j]: 0 }
  })
  const sent = Replicate(s, j)
  return {
    server: { ...s, nextIndex: { ...s.nextIndex, [j]: sent.nextIndex } },
    sends: sent.sends,
    resetElectionTimer: false
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
    // Answers may overtake each other: what is known to match never shrinks.
    return m.matchIndex <= s0.matchIndex[j]! ? heard : Matched(s1, j, m.matchIndex)
  }
  // Fig2.L3b: "If AppendEntries fails because of log inconsistency: decrement nextIndex and retry" (5.3). A rejection of
  // anything but the latest probe, or one of the batches under way, is old news. With the others of them the window is free
  // again.
  const next = s0.nextIndex[j]!
  if (m.rejectedIndex <= s0.matchIndex[j]! || m.rejectedIndex >= next) return heard
  if (!s0.pipelined.includes(j) && m.rejectedIndex !== next - 1) return heard
  const s: Server = {
    ...s1,
    nextIndex: { ...s1.nextIndex, [j]: BackUp(s1, m) },
    pipelined: s1.pipelined.filter((i) => i !== j)
  }
  return { server: s, sends: [Probe(s, j)], resetElectionTimer: false }
}
