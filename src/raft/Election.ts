/** Leader election (5.2, 5.4.1). Twin of spec/Election.tla. */
import { AdvanceCommitIndex } from "./Commit.ts"
import { AppendEntries, RequestVote, Vote } from "./Message.ts"
import type { RequestVoteRequest, RequestVoteResponse, Step } from "./Message.ts"
import { forAll, IsQuorum, lastIndex, lastTerm, Peers, replaceAfter } from "./Server.ts"
import type { Server, Term } from "./Server.ts"

/**
 * Fig2.A2: "If RPC request or response contains term T > currentTerm: set currentTerm = T, convert to follower" (5.1).
 *
 * The one place where a term is learnt from others; every handler begins with it. A new term has no vote yet.
 */
export const UpdateTerm = (s: Server, term: Term): Server =>
  term <= s.currentTerm ? s : {
    ...s,
    currentTerm: term,
    votedFor: null,
    role: "follower",
    votesGranted: [],
    nextIndex: forAll(s.members, 1),
    matchIndex: forAll(s.members, 0)
  }

/**
 * Fig2.F2, Fig2.C1, Fig2.C4: the election timeout has passed without word from a leader or a vote granted: a new term,
 * a vote for itself, and RequestVote to everyone else (5.2). A candidate does the same again. Leaders have no such
 * timer.
 */
export const Timeout = (s: Server): Step | undefined => {
  if (s.role === "leader") return undefined
  const c: Server = {
    ...s,
    currentTerm: s.currentTerm + 1,
    votedFor: s.id,
    role: "candidate",
    votesGranted: [s.id]
  }
  // A cluster of one has its majority at once.
  if (IsQuorum(c, c.votesGranted)) return BecomeLeader(c)
  return { server: c, sends: Peers(c).map((j) => RequestVote(c, j)), resetElectionTimer: true }
}

/**
 * RequestVote RPC, receiver.
 *
 * Granting twice to the same candidate is safe and needed: the first answer may have been lost.
 */
export const HandleRequestVoteRequest = (s0: Server, m: RequestVoteRequest): Step | undefined => {
  const s = UpdateTerm(s0, m.term)
  // Fig2.RV1: "Reply false if term < currentTerm" (5.1).
  const termOk = m.term === s.currentTerm
  // Fig2.RV2: "If votedFor is null or candidateId, …
  const voteFree = s.votedFor === null || s.votedFor === m.source
  // … and candidate's log is at least as up-to-date as receiver's log, grant vote" (5.2, 5.4): the later last term
  // wins, and between equal ones the longer log.
  const logOk = m.lastLogTerm > lastTerm(s.log)
    || (m.lastLogTerm === lastTerm(s.log) && m.lastLogIndex >= lastIndex(s.log))
  const voteGranted = termOk && voteFree && logOk
  const v: Server = voteGranted ? { ...s, votedFor: m.source } : s
  return {
    server: v,
    sends: [Vote(v, m.source, voteGranted)],
    // Fig2.F2: only a vote that is granted keeps the voter quiet.
    resetElectionTimer: voteGranted
  }
}

/** RequestVote RPC, the answer at the candidate. */
export const HandleRequestVoteResponse = (s0: Server, m: RequestVoteResponse): Step | undefined => {
  if (m.term > s0.currentTerm) return { server: UpdateTerm(s0, m.term), sends: [], resetElectionTimer: false }
  // A vote counts in the term it was asked for, and only there.
  if (m.term < s0.currentTerm || s0.role !== "candidate" || !m.voteGranted) return undefined
  // Votes are a set: the same one may arrive twice.
  if (s0.votesGranted.includes(m.source)) return undefined
  const s: Server = { ...s0, votesGranted: [...s0.votesGranted, m.source].sort() }
  // Fig2.C2: "If votes received from majority of servers: become leader" (5.2).
  if (IsQuorum(s, s.votesGranted)) return BecomeLeader(s)
  return { server: s, sends: [], resetElectionTimer: false }
}

/**
 * Fig2.L1: a candidate with a majority of votes leads: it takes every log for as long as its own until told otherwise,
 * and says so to everyone at once.
 *
 * The no-op entry opens its term: entries of earlier terms commit under it as soon as it does (8), for 5.4.2 forbids
 * counting them by themselves.
 */
export const BecomeLeader = (s: Server): Step => {
  const last = lastIndex(s.log)
  const l: Server = {
    ...s,
    role: "leader",
    votesGranted: [],
    log: replaceAfter(s.log, last, [{ term: s.currentTerm, type: "noop", value: "" }]),
    nextIndex: forAll(s.members, last + 1),
    matchIndex: { ...forAll(s.members, 0), [s.id]: last + 1 }
  }
  return {
    server: AdvanceCommitIndex(l),
    sends: Peers(l).map((j) => AppendEntries(l, j)),
    resetElectionTimer: false
  }
}
