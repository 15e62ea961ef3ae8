/** Elections: one vote, for the right one, once, and never forgotten. */
import type { Mutant } from "../Mutant.ts"
import { election, raft, replication, server, specElection, specRaft, specReplication, specServer } from "./places.ts"

/** The part of RV2 that compares logs. */
const logOk = {
  file: election,
  from: `m.lastLogTerm > lastTerm(s.log)
  || (m.lastLogTerm === lastTerm(s.log) && m.lastLogIndex >= lastIndex(s.log))`
}
const specLogOk = {
  file: specElection,
  from: `\\/ m.lastLogTerm > lastTerm(s.log)
  \\/ m.lastLogTerm = lastTerm(s.log) /\\ m.lastLogIndex >= lastIndex(s.log)`
}

export const electionMutants: ReadonlyArray<Mutant> = [
  {
    id: "E01",
    rule: "Fig2.State",
    title: "the vote is forgotten in a restart",
    edits: [{ file: raft, from: "votedFor: s.votedFor,", to: "votedFor: null," }],
    spec: [{ file: specRaft, from: "!.votedFor = s.votedFor, ", to: "" }],
    expected: [
      { model: "unpruned", name: "ElectionSafety" },
      { model: "unpruned", name: "VoteOnce" },
      { model: "unpruned", name: "RestartKeeps" }
    ]
  },
  {
    id: "E02",
    rule: "Fig2.State",
    title: "the term is forgotten in a restart",
    edits: [{ file: raft, from: "currentTerm: s.currentTerm,", to: "currentTerm: 0," }],
    spec: [{ file: specRaft, from: "!.currentTerm = s.currentTerm, ", to: "" }],
    expected: [
      { model: "unpruned", name: "ElectionSafety" },
      { model: "unpruned", name: "TermMonotone" }
    ]
  },
  {
    id: "E03",
    rule: "diss. 3.8",
    title: "messages are sent before the state that they promise is saved",
    edits: [{
      file: "src/shell/Perform.ts",
      from: `  { type: "save", state: persistent(step.server) },
  ...step.sends.map((message): Effect => ({ type: "send", message }))`,
      to: `  ...step.sends.map((message): Effect => ({ type: "send", message })),
  { type: "save", state: persistent(step.server) }`
    }],
    expected: [],
    story: ["timeout s1", "deliver RequestVoteRequest s1->s3 crash after 1", "restart s3"]
  },
  {
    id: "P13",
    rule: "Fig2.State",
    title: "a server comes back from a restart with nothing, as who it was",
    edits: [{
      file: raft,
      from: `s.settings),
    currentTerm: s.currentTerm,
    votedFor: s.votedFor,
    log: s.log,
    snapshot: s.snapshot,
    commitIndex: s.log.lastIncludedIndex,
    lastApplied: s.log.lastIncludedIndex
`,
      to: "s.settings)\n"
    }],
    spec: [{
      file: specRaft,
      from: `Step([InitServer(s.id, s.snapshot.members) EXCEPT
          !.currentTerm = s.currentTerm, !.votedFor = s.votedFor, !.log = s.log, !.snapshot = s.snapshot,
          !.commitIndex = s.log.lastIncludedIndex, !.lastApplied = s.log.lastIncludedIndex],`,
      to: "Step(InitServer(s.id, s.snapshot.members),"
    }],
    expected: [
      { model: "unpruned", name: "ElectionSafety" },
      { model: "restart", name: "CommittedIsDurable" }
    ]
  },
  {
    id: "E04",
    rule: "Fig2.RV2",
    title: "logs are compared by length only",
    edits: [{ ...logOk, to: "m.lastLogIndex >= lastIndex(s.log)" }],
    spec: [{ ...specLogOk, to: "m.lastLogIndex >= lastIndex(s.log)" }],
    expected: [{ model: "zoo-longer-log", name: "LeaderCompleteness" }]
  },
  {
    id: "E05",
    rule: "Fig2.RV2",
    title: "logs are compared by last term only",
    edits: [{ ...logOk, to: "m.lastLogTerm >= lastTerm(s.log)" }],
    spec: [{ ...specLogOk, to: "m.lastLogTerm >= lastTerm(s.log)" }],
    expected: [{ model: "zoo-second-request", name: "LeaderCompleteness" }]
  },
  {
    id: "E06",
    rule: "Fig2.RV2",
    title: "the voter compares with what it has committed, not with its last entry",
    edits: [
      { file: election, from: "lastTerm, NoPartial, Peers, replaceAfter }", to: "NoPartial, Peers, replaceAfter, termAt }" },
      {
        ...logOk,
        to: `m.lastLogTerm > termAt(s.log, s.commitIndex)
  || (m.lastLogTerm === termAt(s.log, s.commitIndex) && m.lastLogIndex >= s.commitIndex)`
      }
    ],
    spec: [{
      ...specLogOk,
      to: `\\/ m.lastLogTerm > termAt(s.log, s.commitIndex)
  \\/ m.lastLogTerm = termAt(s.log, s.commitIndex) /\\ m.lastLogIndex >= s.commitIndex`
    }],
    expected: [{ model: "election", name: "LeaderCompleteness" }]
  },
  {
    id: "RV1",
    rule: "Fig2.RV1",
    title: "a request of an earlier term gets a vote of this one",
    // No property forbids it: such a vote is one of this term, for somebody who asked for it in this term or gets it in
    // vain. So there is no pair.
    edits: [{ file: election, from: "const termOk = m.term === s.currentTerm", to: "const termOk = true" }],
    expected: []
  },
  {
    id: "E07",
    rule: "Fig2.RV2",
    title: "the voter doesn't look whether it has voted",
    edits: [{ file: election, from: "s.votedFor === null || s.votedFor === m.source", to: "true" }],
    spec: [{ file: specElection, from: "s.votedFor = Nil \\/ s.votedFor = m.source", to: "TRUE" }],
    expected: [
      { model: "election", name: "ElectionSafety" },
      { model: "election", name: "VoteOnce" },
      { model: "election", name: "VotesAreCast" }
    ]
  },
  {
    id: "E08",
    rule: "Fig2.C3",
    title: "an AppendEntries of the same term clears the vote",
    edits: [{
      file: election,
      from: "  leaderContact: s.settings.preVote || s.settings.checkQuorum",
      to: "  votedFor: null,\n  leaderContact: s.settings.preVote || s.settings.checkQuorum"
    }],
    spec: [{
      file: specElection,
      from: "!.leaderContact = Settings.preVote \\/ Settings.checkQuorum]",
      to: "!.votedFor = Nil, !.leaderContact = Settings.preVote \\/ Settings.checkQuorum]"
    }],
    expected: [
      { model: "zoo-rivals", name: "ElectionSafety" },
      { model: "election", name: "VoteOnce" }
    ]
  },
  {
    id: "E09",
    rule: "Fig2.C2",
    title: "votes of an earlier term count",
    edits: [{
      file: election,
      from: `m.term < s0.currentTerm || s0.role !== "candidate" || !m.voteGranted`,
      to: `s0.role !== "candidate" || !m.voteGranted`
    }],
    spec: [{
      file: specElection,
      from: `m.term < s0.currentTerm \\/ s0.role # "candidate" \\/ ~ m.voteGranted`,
      to: `s0.role # "candidate" \\/ ~ m.voteGranted`
    }],
    expected: [
      { model: "zoo-late-vote", name: "ElectionSafety" },
      { model: "election", name: "Dead" }
    ]
  },
  {
    id: "E10",
    rule: "Fig2.C2",
    title: "a vote that comes twice counts twice",
    edits: [{
      file: election,
      from: `  // Votes are a set: the same one may arrive twice.
  if (s0.votesGranted.includes(m.source)) return undefined
`,
      to: `  if (s0.votesGranted.includes(m.source)) {
    return 2 * (s0.votesGranted.length + 1) > s0.members.length ? BecomeLeader(s0) : undefined
  }
`
    }],
    spec: [{
      file: specElection,
      from: `s0.role # "candidate" \\/ ~ m.voteGranted THEN None ELSE
  IF m.source \\in s0.votesGranted THEN None ELSE`,
      to: `s0.role # "candidate" \\/ ~ m.voteGranted THEN None ELSE
  IF m.source \\in s0.votesGranted
  THEN IF 2 * (Cardinality(s0.votesGranted) + 1) > Cardinality(s0.members) THEN BecomeLeader(s0) ELSE None ELSE`
    }],
    expected: [
      { model: "zoo-repeated-vote", name: "ElectionSafety" },
      { model: "split-vote", name: "Dead" }
    ]
  },
  {
    id: "E11",
    rule: "Fig2.C1",
    title: "votes are kept for the next campaign",
    edits: [{
      file: election,
      from: `    role: "candidate",
    votesGranted: [s.id]`,
      to: `    role: "candidate",
    votesGranted: [...new Set([...s.votesGranted, s.id])].sort()`
    }],
    spec: [{
      file: specElection,
      from: `!.role = "candidate", !.votesGranted = {s.id}`,
      to: `!.role = "candidate", !.votesGranted = @ \\cup {s.id}`
    }],
    expected: [
      // With PreVote, those who would vote count as if they had.
      { model: "pre-vote", name: "ElectionSafety" },
      { model: "zoo-second-campaign", name: "ElectionSafety" },
      { model: "zoo-second-campaign", name: "VotesAreCast" }
    ]
  },
  {
    id: "E13",
    rule: "Fig2.A2",
    title: "a leader that learns a later term from an answer goes on leading, in that term",
    edits: [{
      file: replication,
      from: "if (m.term > s0.currentTerm) return { server: UpdateTerm(s0, m.term),",
      to: "if (m.term > s0.currentTerm) return { server: { ...s0, currentTerm: m.term },"
    }],
    spec: [{
      file: specReplication,
      from: "IF m.term > s0.currentTerm THEN Step(UpdateTerm(s0, m.term), {}, FALSE) ELSE",
      to: "IF m.term > s0.currentTerm THEN Step([s0 EXCEPT !.currentTerm = m.term], {}, FALSE) ELSE"
    }],
    expected: [{ model: "election", name: "ElectionSafety" }]
  },
  {
    id: "E22",
    rule: "Fig2.C2",
    title: "half of the servers are a majority",
    edits: [{
      file: server,
      from: "2 * ids.filter((j) => s.members.includes(j)).length > s.members.length",
      to: "2 * ids.filter((j) => s.members.includes(j)).length >= s.members.length"
    }],
    spec: [{
      file: specServer,
      from: "2 * Cardinality(ids \\cap s.members) > Cardinality(s.members)",
      to: "2 * Cardinality(ids \\cap s.members) >= Cardinality(s.members)"
    }],
    expected: [
      { model: "zoo-two-two", name: "ElectionSafety" },
      { model: "restart", name: "CommittedIsDurable" }
    ]
  },
  {
    id: "E24",
    rule: "Fig2.F2",
    title: "a leader's election timer goes on",
    edits: [{
      file: election,
      from: `  if (s.role === "leader") return undefined
  if (!s.settings.preVote)`,
      to: "  if (!s.settings.preVote)"
    }],
    spec: [{
      file: specElection,
      from: `IF s.role = "leader" THEN None ELSE
  IF ~ Settings.preVote`,
      to: "IF ~ Settings.preVote"
    }],
    expected: [{ model: "election", name: "WellFormed" }]
  },
  {
    id: "E25",
    rule: "Fig2.L1",
    title: "a deposed leader's heartbeat timer goes on, with the new term",
    edits: [{
      file: replication,
      from: `s.role !== "leader" ? undefined :`,
      to: `s.role === "candidate" || s.role === "preCandidate" || lastIndex(s.log) === 0 ? undefined :`
    }],
    spec: [{
      file: specReplication,
      from: `IF s.role # "leader" THEN None ELSE Step(s,`,
      to: `IF s.role \\in {"candidate", "preCandidate"} \\/ lastIndex(s.log) = 0 THEN None ELSE Step(s,`
    }],
    expected: [{ model: "zoo-heartbeats", name: "AppendEntriesFromLeader" }],
    story: ["elect s1 by s2", "heartbeat s3"]
  }
]
