/** Keeping a leader: PreVote and CheckQuorum. */
import type { Mutant } from "../Mutant.ts"
import { election, replication, specElection, specReplication } from "./places.ts"

export const preVoteMutants: ReadonlyArray<Mutant> = [
  {
    id: "E17",
    rule: "diss. 9.6",
    title: "who asks before it campaigns begins a new term already",
    edits: [{
      file: election,
      from: `{ ...s, role: "preCandidate",`,
      to: `{ ...s, currentTerm: s.currentTerm + 1, role: "preCandidate",`
    }],
    spec: [{
      file: specElection,
      from: `!.role = "preCandidate",`,
      to: `!.currentTerm = @ + 1, !.role = "preCandidate",`
    }],
    expected: [{ model: "pre-vote", name: "PreVoteChangesNothing" }]
  },
  {
    id: "E18",
    rule: "diss. 9.6",
    title: "who hears a leader answers a PreVote all the same",
    edits: [{ file: election, from: "if (HearsLeader(s0))", to: `if (s0.role === "leader")` }],
    spec: [{ file: specElection, from: "IF HearsLeader(s0) THEN", to: `IF s0.role = "leader" THEN` }],
    expected: [{ model: "zoo-beside-leader", name: "LeaderIsKept" }]
  },
  {
    id: "E19",
    rule: "diss. 9.6",
    title: "a PreVote of an earlier term isn't answered",
    edits: [{ file: election, from: "if (HearsLeader(s0))", to: "if (HearsLeader(s0) || m.term < s0.currentTerm)" }],
    expected: [{ model: "pre-vote", name: "PreVoteOfLowerTermAnswered" }]
  },
  {
    id: "E21",
    rule: "diss. 9.6",
    title: "a leader answers a PreVote",
    edits: [{ file: election, from: "if (HearsLeader(s0))", to: "if (s0.leaderContact)" }],
    spec: [{ file: specElection, from: "IF HearsLeader(s0) THEN", to: "IF s0.leaderContact THEN" }],
    expected: [{ model: "zoo-beside-leader", name: "LeaderIsKept" }]
  },
  {
    id: "E26",
    rule: "diss. 4.2.3",
    title: "with CheckQuorum, who hears a leader votes for another all the same",
    edits: [{ file: election, from: "if (s0.settings.checkQuorum && HearsLeader(s0)) return undefined", to: "" }],
    spec: [{ file: specElection, from: "IF Settings.checkQuorum /\\ HearsLeader(s0) THEN None ELSE\n", to: "\n" }],
    expected: [{ model: "zoo-kept-leader", name: "LeaderIsKept" }]
  },
  {
    id: "E27",
    rule: "diss. 6.2",
    title: "a leader that nobody answers doesn't step down",
    edits: [{ file: replication, from: "if (IsQuorum(s, [...s.recentActive, s.id])) {", to: "if (true) {" }],
    spec: [{ file: specReplication, from: "IF IsQuorum(s, s.recentActive \\cup {s.id})", to: "IF TRUE" }],
    expected: [
      { model: "zoo-one-answer", name: "QuorumIsConfirmed" },
      { model: "check-quorum", name: "LeaderStepsDown" }
    ]
  },
  {
    id: "E28",
    rule: "diss. 6.2",
    title: "a leader counts itself twice among those who answer",
    edits: [{
      file: replication,
      from: "IsQuorum(s, [...s.recentActive, s.id])",
      to: "IsQuorum(s, [...s.recentActive, s.id, s.id])"
    }],
    spec: [{
      file: specReplication,
      from: "IF IsQuorum(s, s.recentActive \\cup {s.id})",
      to: "IF 2 * (Cardinality(s.recentActive) + 2) > Cardinality(s.members)"
    }],
    expected: [
      { model: "zoo-one-answer", name: "QuorumIsConfirmed" },
      { model: "check-quorum", name: "LeaderStepsDown" }
    ]
  },
  {
    id: "E29",
    rule: "diss. 6.2",
    title: "who has answered once counts for ever",
    edits: [{ file: replication, from: "{ server: { ...s, recentActive: [] }, sends", to: "{ server: s, sends" }],
    expected: [{ model: "zoo-answered", name: "LeaderStepsDown" }]
  },
  {
    id: "E30",
    rule: "diss. 6.2",
    title: "an answer that says nothing new doesn't count",
    edits: [{
      file: replication,
      from: "s1 === s0 ? undefined : { server: s1, sends: [], resetElectionTimer: false }",
      to: "undefined"
    }],
    expected: [{ model: "zoo-answered", name: "QuorumConfirmed" }]
  }
]
