/** Leader election (5.2, 5.4.1). Twin of spec/Election.tla. */
import { AdvanceCommitIndex } from "./Commit.ts"
import { AppendEntries, PreVote, RequestPreVote, RequestVote, Vote } from "./Message.ts"
import type { PreVoteRequest, PreVoteResponse, RequestVoteRequest, RequestVoteResponse, Step } from "./Message.ts"
import { forAll, IsQuorum, lastIndex, lastTerm, NoPartial, Peers, replaceAfter } from "./Server.ts"
import type { Server, Term } from "./Server.ts"

/** To follower, without what only a candidate or a leader has. */
export const StepDown = (s: Server): Server => ({
  ...s,
  role: "follower",
  votesGranted: [],
  nextIndex: forAll(s.members, 1),
  matchIndex: forAll(s.members, 0),
  pipelined: [],
  snapshotOffset: forAll(s.members, 0),
  recentActive: []
})

/**
 * Fig2.A2: "If RPC request or response contains term T > currentTerm: set currentTerm = T, convert to follower" (5.1).
 *
 * The one place where a term is learnt from others; every handler does so first, unless it ignores the message. A new term
 * has no vote yet, nor any part of its leader's snapshot.
 */
export const UpdateTerm = (s: Server, term: Term): Server =>
  term <= s.currentTerm
    ? s
    : { ...StepDown(s), currentTerm: term, votedFor: null, leaderContact: false, partial: NoPartial }

/**
 * Fig2.C3: "If AppendEntries RPC received from new leader: convert to follower" (5.2). Anything of a leader of its own term
 * does so.
 */
export const Follow = (s: Server): Server => ({
  ...s,
  role: "follower",
  votesGranted: [],
  leaderContact: s.settings.preVote || s.settings.checkQuorum
})

/** Diss. 4.2.3: whether `s` hears a leader, or is one. Such a server helps nobody to campaign. */
export const HearsLeader = (s: Server): boolean => s.role === "leader" || s.leaderContact

/**
 * Fig2.RV2: "candidate's log is at least as up-to-date as receiver's log" (5.4.1): the later last term wins, and between
 * equal ones the longer log.
 */
export const UpToDate = (s: Server, m: RequestVoteRequest | PreVoteRequest): boolean =>
  m.lastLogTerm > lastTerm(s.log)
  || (m.lastLogTerm === lastTerm(s.log) && m.lastLogIndex >= lastIndex(s.log))

/** Fig2.C1: a new term, a vote for itself, and RequestVote to everyone else (5.2). */
export const Campaign = (s: Server): Step => {
  const c: Server = {
    ...s,
    currentTerm: s.currentTerm + 1,
    votedFor: s.id,
    role: "candidate",
    votesGranted: [s.id],
    leaderContact: false,
    partial: NoPartial
  }
  // A cluster of one has its majority at once.
  if (IsQuorum(c, c.votesGranted)) return BecomeLeader(c)
  return { server: c, sends: Peers(c).map((j) => RequestVote(c, j)), resetElectionTimer: true }
}

/**
 * Fig2.F2, Fig2.C4: the election timeout has passed without word from a leader or a vote granted: campaign; with PreVote
 * ask first, which changes neither term nor vote (diss. 9.6). A candidate does the same again. Leaders have no such
 * timer.
 */
export const Timeout = (s: Server): Step | undefined => {
  if (s.role === "leader") return undefined
  if (!s.settings.preVote) return Campaign(s)
  const c: Server = { ...s, role: "preCandidate", votesGranted: [s.id], leaderContact: false }
  if (IsQuorum(c, c.votesGranted)) return Campaign(c)
  return { server: c, sends: Peers(c).map((j) => RequestPreVote(c, j)), resetElectionTimer: true }
}

/** The minimum election timeout has passed since `s` last heard a leader. */
export const LeaderContactLost = (s: Server): Step | undefined =>
  s.leaderContact ? { server: { ...s, leaderContact: false }, sends: [], resetElectionTimer: false } : undefined

/**
 * PreVote, receiver (diss. 9.6).
 *
 * Who hears a leader doesn't answer. Others do, also to an earlier term: else one who has fallen behind and one who needs
 * its vote could wait for each other for ever.
 */
export const HandlePreVoteRequest = (s0: Server, m: PreVoteRequest): Step | undefined => {
  if (HearsLeader(s0)) return undefined
  const s = UpdateTerm(s0, m.term)
  const voteGranted = m.term === s.currentTerm && UpToDate(s, m)
  return { server: s, sends: [PreVote(s, m.source, voteGranted)], resetElectionTimer: false }
}

/** PreVote, the answer: with a majority of them the campaign begins. */
export const HandlePreVoteResponse = (s0: Server, m: PreVoteResponse): Step | undefined => {
  if (m.term > s0.currentTerm) return { server: UpdateTerm(s0, m.term), sends: [], resetElectionTimer: false }
  if (m.term < s0.currentTerm || s0.role !== "preCandidate" || !m.voteGranted) return undefined
  if (s0.votesGranted.includes(m.source)) return undefined
  const s: Server = { ...s0, votesGranted: [...s0.votesGranted, m.source].sort() }
  if (IsQuorum(s, s.votesGranted)) return Campaign(s)
  return { server: s, sends: [], resetElectionTimer: false }
}

/**
 * RequestVote RPC, receiver.
 *
 * Granting twice to the same candidate is safe and needed: the first answer may have been lost.
 */
export const HandleRequestVoteRequest = (s0: Server, m: RequestVoteRequest): Step | undefined => {
  // Diss. 4.2.3: with CheckQuorum, who hears a leader ignores the request and its term.
  if (s0.settings.checkQuorum && HearsLeader(s0)) return undefined
  const s = UpdateTerm(s0, m.term)
  // Fig2.RV1: "Reply false if term < currentTerm" (5.1).
  const termOk = m.term === s.currentTerm
  // Fig2.RV2: "If votedFor is null or candidateId, …
  const voteFree = s.votedFor === null || s.votedFor === m.source
  // … and candidate's log is at least as up-to-date as receiver's log, grant vote" (5.2, 5.4).
  const voteGranted = termOk && voteFree && UpToDate(s, m)
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
    leaderContact: false,
    log: replaceAfter(s.log, last, [{ term: s.currentTerm, type: "noop", value: "" }]),
    nextIndex: forAll(s.members, last + 1),
    matchIndex: { ...forAll(s.members, 0), [s.id]: last + 1 }
  }
  return {
    server: AdvanceCommitIndex(l),
    sends: Peers(l).map((j) => AppendEntries(l, j, last + 1, last + 1)),
    resetElectionTimer: false
  }
}
