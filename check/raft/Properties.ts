/**
 * What must hold: Figure 3 and the invariants behind it, of states and of steps. Twin of spec/Properties.tla, where
 * each says in words what it means; here each also says what it reads.
 */
import type { Predicate } from "../explorer/Model.ts"
import type { Message } from "../../src/raft/Message.ts"
import { entryAt, lastIndex, lastTerm, Peers, Size, sizeOf, termAt } from "../../src/raft/Server.ts"
import type { Server } from "../../src/raft/Server.ts"
import { Fold } from "../../src/raft/World.ts"
import type { Ghost } from "../../src/raft/World.ts"
import { sameEntry } from "./Entry.ts"

type Property = Predicate<Server, Message, Ghost>

/** Whether `s` has what was committed at `k` (a snapshot has, by StateMachineSafety). */
const holds = (s: Server, ghost: Ghost, k: number): boolean =>
  k <= s.log.lastIncludedIndex || (k <= lastIndex(s.log) && sameEntry(entryAt(s.log, k), ghost.committed[k - 1]!.entry))

/** Of one server, for who looks at one at a time. */
export const snapshotIsCommitted = ({ log, partial }: Server, ghost: Ghost): boolean =>
  Math.max(log.lastIncludedIndex, partial.lastIncludedIndex) <= ghost.committed.length
  && log.lastIncludedTerm === (ghost.committed[log.lastIncludedIndex - 1]?.entry.term ?? 0)

/** What the first `k` committed entries make of the state machine: a piece for each. */
const committedMachine = (ghost: Ghost, k: number): ReadonlyArray<string> =>
  ghost.committed.slice(0, k).reduce<ReadonlyArray<string>>((state, { entry }) => Fold(state, entry), [])

const samePieces = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean =>
  a.length === b.length && a.every((piece, n) => piece === b[n])

const indices = (from: number, to: number): Array<number> => {
  const all: Array<number> = []
  for (let k = from; k <= to; k++) all.push(k)
  return all
}

// Of states.

const ElectionSafety: Property = {
  name: "ElectionSafety",
  reads: "actors",
  holds: (_, ghost) => ghost.leaders.every((a) => ghost.leaders.every((b) => a.term !== b.term || a.leader === b.leader))
}

const LogMatching: Property = {
  name: "LogMatching",
  reads: "actors",
  holds: (servers) =>
    servers.every(({ log: a }) =>
      servers.every(({ log: b }) => {
        let agree = true
        for (
          let k = Math.max(a.lastIncludedIndex, b.lastIncludedIndex) + 1;
          k <= Math.min(lastIndex(a), lastIndex(b));
          k++
        ) {
          agree &&= sameEntry(entryAt(a, k), entryAt(b, k))
          if (termAt(a, k) === termAt(b, k) && !agree) return false
        }
        return true
      })
    )
}

const LeaderCompleteness: Property = {
  name: "LeaderCompleteness",
  reads: "actors",
  holds: (servers, ghost) =>
    servers.every((s) =>
      s.role !== "leader"
      || ghost.committed.every(({ term }, n) => term >= s.currentTerm || holds(s, ghost, n + 1))
    )
}

const StateMachineSafety: Property = {
  name: "StateMachineSafety",
  reads: "actors",
  holds: (servers, ghost) =>
    servers.every((s) =>
      indices(s.log.lastIncludedIndex + 1, s.commitIndex).every((k) =>
        k <= ghost.committed.length && holds(s, ghost, k)
      )
    )
}

const SnapshotIsCommitted: Property = {
  name: "SnapshotIsCommitted",
  reads: "actors",
  holds: (servers, ghost) => servers.every((s) => snapshotIsCommitted(s, ghost))
}

const SnapshotIsFold: Property = {
  name: "SnapshotIsFold",
  reads: "actors",
  holds: (servers, ghost) =>
    servers.every((s) => {
      const machine = committedMachine(ghost, Math.max(s.log.lastIncludedIndex, s.partial.lastIncludedIndex))
      return samePieces(s.snapshot.data, machine.slice(0, s.log.lastIncludedIndex))
        && samePieces(s.partial.data, machine.slice(0, s.partial.data.length))
    })
}

const CommittedIsDurable: Property = {
  name: "CommittedIsDurable",
  reads: "actors",
  holds: (servers, ghost) =>
    ghost.committed.every((_, n) => {
      const holders = servers.filter((s) => holds(s, ghost, n + 1)).map((s) => s.id)
      return servers.some(({ members }) => 2 * members.filter((j) => holders.includes(j)).length > members.length)
    })
}

const MatchIndexIsTrue: Property = {
  name: "MatchIndexIsTrue",
  reads: "actors",
  holds: (servers) =>
    servers.every((l) =>
      l.role !== "leader"
      || servers.every((f) => {
        const match = l.matchIndex[f.id]
        if (match === undefined || f.currentTerm !== l.currentTerm) return true
        return match <= Math.min(lastIndex(l.log), lastIndex(f.log))
          && indices(Math.max(f.log.lastIncludedIndex, l.log.lastIncludedIndex) + 1, match)
            .every((k) => sameEntry(entryAt(l.log, k), entryAt(f.log, k)))
      })
    )
}

const VotesAreCast: Property = {
  name: "VotesAreCast",
  reads: "actors",
  holds: (servers) =>
    servers.every((c) =>
      servers.every((v) =>
        c.role !== "candidate" || !c.votesGranted.includes(v.id) || v.currentTerm !== c.currentTerm || v.votedFor === c.id
      )
    )
}

/** Whether what doesn't apply to the server's role is as it was at first. */
export const fitsItsRole = (s: Server): boolean =>
  (s.role === "leader"
    || (s.recentActive.length === 0 && s.pipelined.length === 0
      && s.members.every((j) => s.nextIndex[j] === 1 && s.matchIndex[j] === 0 && s.snapshotOffset[j] === 0)))
  && (s.role === "candidate" || s.role === "preCandidate" || s.votesGranted.length === 0)

const wellFormed = (s: Server): boolean =>
  fitsItsRole(s)
  && s.log.lastIncludedIndex <= s.lastApplied
  && s.lastApplied <= s.commitIndex
  && s.commitIndex <= lastIndex(s.log)
  && lastTerm(s.log) <= s.currentTerm
  && indices(s.log.lastIncludedIndex + 1, lastIndex(s.log)).every((k) => termAt(s.log, k - 1) <= termAt(s.log, k))
  && (s.role !== "leader"
    || (Peers(s).every((j) => s.matchIndex[j]! < s.nextIndex[j]!) && s.pipelined.every((j) => Peers(s).includes(j))))

const WellFormed: Property = {
  name: "WellFormed",
  reads: "actors",
  holds: (servers) => servers.every(wellFormed)
}

/** Of one server, for who looks at one at a time. */
export const flowIsBounded = (s: Server): boolean =>
  Peers(s).every((j) =>
    (!s.pipelined.includes(j)
      || (s.nextIndex[j]! > s.log.lastIncludedIndex && s.nextIndex[j]! - 1 <= s.matchIndex[j]! + s.settings.maxInflight))
    && (s.snapshotOffset[j] === 0
      || (s.nextIndex[j]! <= s.log.lastIncludedIndex && s.snapshotOffset[j]! <= s.snapshot.data.length))
  )

const FlowIsBounded: Property = {
  name: "FlowIsBounded",
  reads: "actors",
  holds: (servers) => servers.every(flowIsBounded)
}

/** Of one server, for who looks at one at a time. */
export const contactIsOfTerm = (s: Server, ghost: Ghost): boolean =>
  !s.leaderContact || ghost.leaders.some(({ term }) => term === s.currentTerm)

const ContactIsOfTerm: Property = {
  name: "ContactIsOfTerm",
  reads: "actors",
  holds: (servers, ghost) => servers.every((s) => contactIsOfTerm(s, ghost))
}

// Of steps.

const restarts = (label: string) => label === "RestartAction"

const staysLeader = (before: Server, after: Server): boolean =>
  before.role === "leader" && after.role === "leader" && after.currentTerm === before.currentTerm

const TermMonotone: Property = {
  name: "TermMonotone",
  reads: "step",
  holds: ({ before, after }) => after.currentTerm >= before.currentTerm
}

const VoteOnce: Property = {
  name: "VoteOnce",
  reads: "step",
  holds: ({ before, after }) =>
    after.currentTerm !== before.currentTerm || before.votedFor === null || after.votedFor === before.votedFor
}

const LeaderAppendOnly: Property = {
  name: "LeaderAppendOnly",
  reads: "step",
  holds: ({ before, after }) =>
    !staysLeader(before, after)
    || (lastIndex(after.log) >= lastIndex(before.log)
      && indices(after.log.lastIncludedIndex + 1, lastIndex(before.log))
        .every((k) => sameEntry(entryAt(before.log, k), entryAt(after.log, k))))
}

const CommitMonotone: Property = {
  name: "CommitMonotone",
  reads: "step",
  holds: ({ label, before, after }) =>
    restarts(label) || (after.commitIndex >= before.commitIndex && after.lastApplied >= before.lastApplied)
}

const MatchMonotone: Property = {
  name: "MatchMonotone",
  reads: "step",
  holds: ({ before, after }) =>
    !staysLeader(before, after) || before.members.every((j) => after.matchIndex[j]! >= before.matchIndex[j]!)
}

const AppendEntriesFromLeader: Property = {
  name: "AppendEntriesFromLeader",
  reads: "step",
  holds: ({ after, sends }) =>
    sends.every((m) =>
      m.type !== "AppendEntriesRequest"
      || (after.role === "leader" && m.source === after.id && m.term === after.currentTerm)
    )
}

const UncommittedIsBounded: Property = {
  name: "UncommittedIsBounded",
  reads: "step",
  holds: ({ label, before, after }) =>
    label !== "ClientRequestAction" || before.commitIndex === lastIndex(before.log)
    || sizeOf(after.log, before.commitIndex + 1, lastIndex(after.log)) <= before.settings.maxUncommittedBytes
}

const SnapshotWhenLogLacks: Property = {
  name: "SnapshotWhenLogLacks",
  reads: "step",
  holds: ({ after, sends }) =>
    sends.every((m) => {
      switch (m.type) {
        case "InstallSnapshotRequest":
          return after.role === "leader" && after.nextIndex[m.dest]! <= after.log.lastIncludedIndex
        case "AppendEntriesRequest":
          return m.prevLogIndex < after.nextIndex[m.dest]!
        default:
          return true
      }
    })
}

const InstallKeepsSuffix: Property = {
  name: "InstallKeepsSuffix",
  reads: "step",
  holds: ({ before: { log: before }, after: { log: after } }) => {
    const k = after.lastIncludedIndex
    return k <= before.lastIncludedIndex || k > lastIndex(before) || termAt(before, k) !== after.lastIncludedTerm
      || (lastIndex(after) === lastIndex(before)
        && indices(k + 1, lastIndex(before)).every((n) => sameEntry(entryAt(before, n), entryAt(after, n))))
  }
}

const PreVoteChangesNothing: Property = {
  name: "PreVoteChangesNothing",
  reads: "step",
  holds: ({ before, after }) =>
    before.role === "preCandidate" || after.role !== "preCandidate"
    || (after.currentTerm === before.currentTerm && after.votedFor === before.votedFor)
}

const BatchIsBounded: Property = {
  name: "BatchIsBounded",
  reads: "step",
  holds: ({ after: { settings }, sends }) =>
    sends.every((m) =>
      m.type !== "AppendEntriesRequest"
      || (m.entries.length <= settings.maxInflight
        && (m.entries.length <= 1 || m.entries.reduce((size, e) => size + Size(e), 0) <= settings.maxBatchBytes))
    )
}

const LeaderIsKept: Property = {
  name: "LeaderIsKept",
  reads: "step",
  holds: ({ before, sends }) =>
    (before.role !== "leader" && !before.leaderContact)
    || sends.every((m) =>
      m.type !== "PreVoteResponse" && (m.type !== "RequestVoteResponse" || !before.settings.checkQuorum)
    )
}

const QuorumIsConfirmed: Property = {
  name: "QuorumIsConfirmed",
  reads: "step",
  holds: ({ before, after }) => {
    if (!staysLeader(before, after) || before.recentActive.every((j) => after.recentActive.includes(j))) return true
    const counted = before.members.filter((j) => j === before.id || before.recentActive.includes(j))
    return 2 * counted.length > before.members.length
  }
}

const AnswersAsFollower: Property = {
  name: "AnswersAsFollower",
  reads: "step",
  holds: ({ after, sends }) =>
    after.role === "follower"
    || sends.every((m) =>
      !((m.type === "AppendEntriesResponse" && (m.success || m.rejectedIndex > 0))
        || (m.type === "InstallSnapshotResponse" && m.lastIncludedIndex > 0))
    )
}

const RestartKeeps: Property = {
  name: "RestartKeeps",
  reads: "step",
  holds: ({ label, before, after }) =>
    !restarts(label)
    || (after.currentTerm === before.currentTerm
      && after.votedFor === before.votedFor
      && after.log.lastIncludedIndex === before.log.lastIncludedIndex
      && after.log.lastIncludedTerm === before.log.lastIncludedTerm
      && samePieces(after.snapshot.data, before.snapshot.data)
      && samePieces(after.snapshot.members, before.snapshot.members)
      && samePieces(after.members, before.snapshot.members)
      && lastIndex(after.log) === lastIndex(before.log)
      && indices(before.log.lastIncludedIndex + 1, lastIndex(before.log))
        .every((k) => sameEntry(entryAt(before.log, k), entryAt(after.log, k)))
      && after.role === "follower"
      && after.votesGranted.length === 0
      && !after.leaderContact
      && after.partial.lastIncludedIndex === 0
      && after.partial.data.length === 0
      && after.commitIndex === before.log.lastIncludedIndex
      && after.lastApplied === before.log.lastIncludedIndex
      && fitsItsRole(after))
}

/** Invariants, in the order of spec/Properties.tla. */
export const stateProperties: ReadonlyArray<Property> = [
  ElectionSafety,
  LogMatching,
  LeaderCompleteness,
  StateMachineSafety,
  SnapshotIsCommitted,
  SnapshotIsFold,
  CommittedIsDurable,
  MatchIndexIsTrue,
  VotesAreCast,
  WellFormed,
  FlowIsBounded,
  ContactIsOfTerm
]

/** Action properties, in the order of spec/Properties.tla. */
export const stepProperties: ReadonlyArray<Property> = [
  TermMonotone,
  VoteOnce,
  LeaderAppendOnly,
  CommitMonotone,
  MatchMonotone,
  AppendEntriesFromLeader,
  PreVoteChangesNothing,
  LeaderIsKept,
  QuorumIsConfirmed,
  AnswersAsFollower,
  UncommittedIsBounded,
  SnapshotWhenLogLacks,
  InstallKeepsSuffix,
  BatchIsBounded,
  RestartKeeps
]
