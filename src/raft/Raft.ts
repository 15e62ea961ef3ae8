/** All of a server: every message it handles, and its crash. Twin of spec/Raft.tla. */
import {
  HandlePreVoteRequest,
  HandlePreVoteResponse,
  HandleRequestVoteRequest,
  HandleRequestVoteResponse
} from "./Election.ts"
import type { Message, Step } from "./Message.ts"
import { HandleAppendEntriesRequest, HandleAppendEntriesResponse } from "./Replication.ts"
import { HandleInstallSnapshotRequest, HandleInstallSnapshotResponse } from "./Snapshot.ts"
import { InitServer } from "./Server.ts"
import type { Server } from "./Server.ts"

/** What `s` does with `m`; `undefined`: nothing changes and nothing is sent. */
export const Handle = (s: Server, m: Message): Step | undefined => {
  switch (m.type) {
    case "PreVoteRequest":
      return HandlePreVoteRequest(s, m)
    case "PreVoteResponse":
      return HandlePreVoteResponse(s, m)
    case "RequestVoteRequest":
      return HandleRequestVoteRequest(s, m)
    case "RequestVoteResponse":
      return HandleRequestVoteResponse(s, m)
    case "AppendEntriesRequest":
      return HandleAppendEntriesRequest(s, m)
    case "AppendEntriesResponse":
      return HandleAppendEntriesResponse(s, m)
    case "InstallSnapshotRequest":
      return HandleInstallSnapshotRequest(s, m)
    case "InstallSnapshotResponse":
      return HandleInstallSnapshotResponse(s, m)
  }
}

/**
 * A crash, and the start after it: exactly `currentTerm`, `votedFor`, `log[]` and the snapshot survive (Figure 2, persistent
 * state; 7). The state machine starts from the snapshot, which is committed; what was applied after it is applied again.
 */
export const Restart = (s: Server): Step => ({
  server: {
    ...InitServer(s.id, s.snapshot.members, s.settings),
    currentTerm: s.currentTerm,
    votedFor: s.votedFor,
    log: s.log,
    snapshot: s.snapshot,
    commitIndex: s.log.lastIncludedIndex,
    lastApplied: s.log.lastIncludedIndex
  },
  sends: [],
  resetElectionTimer: true
})

/**
 * Whether `m` can have no effect on its destination `d` any more, whatever `d` does next: models drop such messages.
 * Only answers die: to a question of an earlier term, to one who doesn't ask any more, or with nothing new in them.
 */
export const Dead = (d: Server, m: Message): boolean => {
  switch (m.type) {
    case "PreVoteResponse":
      // (A granted one may still count: the same term can see several pre-campaigns.)
      return m.term < d.currentTerm || (m.term === d.currentTerm && !m.voteGranted)
    case "RequestVoteResponse":
      return m.term < d.currentTerm
        || (m.term === d.currentTerm && (d.role !== "candidate" || !m.voteGranted || d.votesGranted.includes(m.source)))
    case "AppendEntriesResponse":
      return m.term < d.currentTerm
        || (m.term === d.currentTerm
          && (d.role === "follower"
            || d.role === "preCandidate"
            || (d.role === "leader" && !d.settings.checkQuorum
              && Math.max(m.matchIndex, m.rejectedIndex) <= d.matchIndex[m.source]!)))
    case "InstallSnapshotResponse":
      return m.term < d.currentTerm
        || (m.term === d.currentTerm
          && (d.role === "follower"
            || d.role === "preCandidate"
            || (d.role === "leader" && !d.settings.checkQuorum
              && (m.lastIncludedIndex <= d.matchIndex[m.source]!
                || (!m.done && m.lastIncludedIndex < d.log.lastIncludedIndex)))))
    default:
      return false
  }
}
