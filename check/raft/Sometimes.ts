/**
 * What a model must reach ("sometimes"), so that no property holds for want of anything happening. A model names
 * those that it has in its scope.
 */
import type { Predicate } from "../explorer/Model.ts"
import type { Message } from "../../src/raft/Message.ts"
import { Full } from "../../src/raft/Replication.ts"
import { lastIndex, replaceAfter, termAt } from "../../src/raft/Server.ts"
import type { Log, Server } from "../../src/raft/Server.ts"
import { entriesOf } from "./Log.ts"
import type { Ghost } from "../../src/raft/World.ts"

type Sometimes = Predicate<Server, Message, Ghost>

/** Whether the entries in some place after their snapshots are of two terms. */
const differ = (a: Log, b: Log): boolean => {
  const others = entriesOf(b)
  return entriesOf(a).some((e, n) => n < others.length && e.term !== others[n]!.term)
}

const actors = (name: string, holds: (servers: ReadonlyArray<Server>, ghost: Ghost) => boolean): Sometimes => ({
  name,
  reads: "actors",
  holds
})

const step = (
  name: string,
  holds: (s: { label: string; before: Server; message: Message | undefined; after: Server }) => boolean
): Sometimes => ({ name, reads: "step", holds })

/** Whether entries that `before` had are gone or replaced in `after`. */
const truncates = (before: Server, after: Server): boolean => {
  for (let k = before.log.lastIncludedIndex + 1; k <= lastIndex(before.log); k++) {
    if (k > lastIndex(after.log) || termAt(before.log, k) !== termAt(after.log, k)) return true
  }
  return false
}

const all: ReadonlyArray<Sometimes> = [
  actors("ALeader", (servers) => servers.some((s) => s.role === "leader")),
  actors("TwoCandidates", (servers) =>
    servers.filter((s) => s.role === "candidate" && s.currentTerm === servers[0]!.currentTerm).length >= 2),
  actors("TwoLeaders", (servers) => servers.filter((s) => s.role === "leader").length >= 2),
  actors("LeadersInTwoTerms", (_, ghost) => new Set(ghost.leaders.map((l) => l.term)).size >= 2),
  actors("TwoTermsInOneLog", (servers) =>
    servers.some((s) => entriesOf(s.log).some((e) => e.term !== entriesOf(s.log)[0]!.term))),
  actors("LogsDiffer", (servers) =>
    servers.some((a) =>
      servers.some((b) => differ(a.log, b.log))
    )),
  actors("ACommandCommitted", (_, ghost) => ghost.committed.some(({ entry }) => entry.type === "command")),
  actors("CommittedEverywhere", (servers) => servers.every((s) => s.commitIndex > 0)),
  actors("OldTermEntryCommitted", (_, ghost) => ghost.committed.some(({ entry, term }) => entry.term < term)),
  actors("OldTermEntryOnMajorityUncommitted", (servers) =>
    servers.some((l) =>
      l.role === "leader"
      && l.commitIndex < lastIndex(l.log)
      && termAt(l.log, l.commitIndex + 1) < l.currentTerm
      && 2 * l.members.filter((j) => l.matchIndex[j]! > l.commitIndex).length > l.members.length
    )),
  step("VoteRefusedForLog", ({ message, before, after }) =>
    message?.type === "RequestVoteRequest"
    && message.term > before.currentTerm && after.votedFor === null),
  step("VoteRefusedForVote", ({ message, before }) =>
    message?.type === "RequestVoteRequest"
    && message.term === before.currentTerm && before.votedFor !== null && before.votedFor !== message.source),
  step("LeaderDeposed", ({ label, before, after }) =>
    label !== "RestartAction" && before.role === "leader" && after.role === "follower"),
  step("CandidateWithVotesTimesOut", ({ label, before }) =>
    label === "TimeoutAction" && before.role === "candidate" && before.votesGranted.length >= 2),
  step("CandidateYields", ({ before, after }) =>
    before.role === "candidate" && after.role === "follower" && before.currentTerm === after.currentTerm),
  step("LeaderRestarts", ({ label, before }) => label === "RestartAction" && before.role === "leader"),
  step("VoterRestarts", ({ label, before }) => label === "RestartAction" && before.votedFor !== null),
  actors("PreCandidateOfOldTerm", (servers) =>
    servers.some((p) => p.role === "preCandidate" && servers.some((l) => l.role === "leader" && l.currentTerm > p.currentTerm))),
  actors("PreCandidateBesideLeader", (servers) =>
    servers.some((p) => p.role === "preCandidate" && servers.some((l) => l.role === "leader" && l.currentTerm === p.currentTerm))),
  step("PreVoteOfLowerTermAnswered", ({ message, before }) =>
    message?.type === "PreVoteRequest" && message.term < before.currentTerm),
  step("PreVoteWon", ({ message, after }) => message?.type === "PreVoteResponse" && after.role === "candidate"),
  step("PreCandidateYields", ({ before, after }) =>
    before.role === "preCandidate" && after.role === "follower" && before.currentTerm === after.currentTerm),
  step("LeaderStepsDown", ({ label, after }) => label === "CheckQuorumAction" && after.role === "follower"),
  step("QuorumConfirmed", ({ label, after }) => label === "CheckQuorumAction" && after.role === "leader"),
  step("LeaderContactLost", ({ label }) => label === "LeaderContactLostAction"),
  step("Conflict", ({ message, before }) =>
    message?.type === "AppendEntriesResponse" && message.rejectedIndex > 0
    && before.role === "leader" && before.nextIndex[message.source] === message.rejectedIndex + 1),
  step("ConflictOnTerm", ({ message }) => message?.type === "AppendEntriesResponse" && message.conflictTerm > 0),
  step("ConflictOnLength", ({ message }) =>
    message?.type === "AppendEntriesResponse" && message.rejectedIndex > 0 && message.conflictTerm === 0),
  step("BackUpByMoreThanOne", ({ message, before, after }) =>
    message?.type === "AppendEntriesResponse" && before.role === "leader" && after.role === "leader"
    && after.nextIndex[message.source]! < before.nextIndex[message.source]! - 1),
  step("Truncation", ({ label, before, after }) => label !== "RestartAction" && truncates(before, after)),
  step("DuplicateAppend", ({ message, before, after }) =>
    message?.type === "AppendEntriesRequest" && message.entries.length > 0 && message.term === before.currentTerm
    && message.prevLogIndex + message.entries.length <= lastIndex(before.log) && !truncates(before, after)),
  step("StaleAppend", ({ message, before }) =>
    message?.type === "AppendEntriesRequest" && message.term < before.currentTerm),
  step("HeartbeatAccepted", ({ message, before }) =>
    message?.type === "AppendEntriesRequest" && message.entries.length === 0 && message.term === before.currentTerm),
  step("NextBatch", ({ message, before, after }) =>
    message?.type === "AppendEntriesResponse" && message.success && before.role === "leader"
    && after.nextIndex[message.source]! > Math.max(before.nextIndex[message.source]!, message.matchIndex + 1)),
  actors("WindowFull", (servers) =>
    servers.some((l) => l.pipelined.some((j) =>
      l.nextIndex[j]! - 1 === l.matchIndex[j]! + l.settings.maxInflight && l.nextIndex[j]! <= lastIndex(l.log)))),
  step("SentAhead", ({ label, before, after }) =>
    label === "ClientRequestAction"
    && after.pipelined.some((j) => before.nextIndex[j]! > before.matchIndex[j]! + 1 && after.nextIndex[j]! > before.nextIndex[j]!)),
  step("TakenTogether", ({ label, before, after }) =>
    label === "ClientRequestAction" && lastIndex(after.log) > lastIndex(before.log) + 1),
  step("WindowFreedByRejection", ({ message, before, after }) =>
    message?.type === "AppendEntriesResponse" && !message.success && before.pipelined.includes(message.source)
    && after.role === "leader" && !after.pipelined.includes(message.source)),
  actors("UncommittedFull", (servers) =>
    servers.some((l) => l.role === "leader" && Full(l, replaceAfter(l.log, lastIndex(l.log), [{ term: l.currentTerm, type: "command", value: "x" }])))),
  step("SnapshotTaken", ({ label }) => label === "SnapshotAction"),
  step("LeaderTakesSnapshot", ({ label, before }) => label === "SnapshotAction" && before.role === "leader"),
  step("RestartFromSnapshot", ({ label, before }) => label === "RestartAction" && before.log.lastIncludedIndex > 0),
  step("SnapshotInstalled", ({ before, message, after }) =>
    message?.type === "InstallSnapshotRequest" && after.log.lastIncludedIndex > before.log.lastIncludedIndex),
  step("InstalledFromChunks", ({ before, message, after }) =>
    message?.type === "InstallSnapshotRequest" && message.offset > 0
    && after.log.lastIncludedIndex > before.log.lastIncludedIndex),
  step("SuffixKept", ({ before, message, after }) =>
    message?.type === "InstallSnapshotRequest" && after.log.lastIncludedIndex > before.log.lastIncludedIndex
    && lastIndex(after.log) > after.log.lastIncludedIndex),
  step("InstallDropsConflict", ({ before, message, after }) =>
    message?.type === "InstallSnapshotRequest" && after.log.lastIncludedIndex > before.log.lastIncludedIndex
    && lastIndex(before.log) > lastIndex(after.log)),
  step("StaleSnapshot", ({ before, message }) =>
    message?.type === "InstallSnapshotRequest" && message.term === before.currentTerm
    && message.lastIncludedIndex < before.commitIndex),
  step("ChunkOutOfPlace", ({ before, message, after }) =>
    message?.type === "InstallSnapshotRequest" && message.term === before.currentTerm
    && message.lastIncludedIndex > before.commitIndex && after.partial === before.partial),
  step("ChunksLostInRestart", ({ label, before }) => label === "RestartAction" && before.partial.data.length > 0),
  step("SnapshotFromTheStartAgain", ({ before, message, after }) =>
    message?.type === "InstallSnapshotResponse" && before.role === "leader" && after.role === "leader"
    && after.snapshotOffset[message.source]! < before.snapshotOffset[message.source]! && !message.done),
  step("LogAfterSnapshot", ({ before, message, after }) =>
    message?.type === "InstallSnapshotResponse" && message.done && after.role === "leader"
    && after.nextIndex[message.source]! > before.nextIndex[message.source]!
    && after.nextIndex[message.source]! > message.lastIncludedIndex + 1),
  step("AppendInsideSnapshot", ({ before, message }) =>
    message?.type === "AppendEntriesRequest" && message.term === before.currentTerm
    && message.prevLogIndex < before.log.lastIncludedIndex),
  step("Applied", ({ label }) => label === "ApplyAction")
]

/** By name. */
export const sometimes: ReadonlyMap<string, Sometimes> = new Map(all.map((predicate) => [predicate.name, predicate]))
