/** What is committed, and when it is applied. */
import type { Mutant } from "../Mutant.ts"
import { commit, newCommit, specCommit, specNewCommit } from "./places.ts"

export const commitMutants: ReadonlyArray<Mutant> = [
  {
    id: "C01",
    rule: "Fig2.L4",
    title: "entries of earlier terms are committed by counting",
    edits: [{ file: commit, from: "n > s.commitIndex && termAt(s.log, n) === s.currentTerm", to: "n > s.commitIndex" }],
    spec: [{ file: specCommit, from: "/\\ termAt(s.log, n) = s.currentTerm\n", to: "\n" }],
    expected: [{ model: "figure-8", name: "LeaderCompleteness" }]
  },
  {
    id: "C02",
    rule: "Fig2.L4",
    title: "an uncommitted entry of an earlier term stops the search for what can be committed",
    edits: [{
      file: commit,
      from: "n > s.commitIndex && termAt(s.log, n) === s.currentTerm",
      to: "n > s.commitIndex && termAt(s.log, s.commitIndex + 1) === s.currentTerm && termAt(s.log, n) === s.currentTerm"
    }],
    spec: [{
      file: specCommit,
      from: "IF committed = {} THEN s",
      to: "IF committed = {} \\/ termAt(s.log, s.commitIndex + 1) # s.currentTerm THEN s"
    }],
    expected: [
      { model: "figure-8", name: "OldTermEntryCommitted" },
      { model: "one-server", name: "EventuallyCommits" }
    ]
  },
  {
    id: "C03",
    rule: "Fig2.AE5",
    title: "commitIndex falls when an older AppendEntries arrives late",
    edits: [{ ...newCommit, to: "Math.min(m.leaderCommit, lastNew)" }],
    spec: [{ ...specNewCommit, to: "Min({m.leaderCommit, lastNew})" }],
    expected: [{ model: "replication", name: "CommitMonotone" }]
  },
  {
    id: "C04",
    rule: "Fig2.L4",
    title: "of an even number of servers, half are enough to commit",
    edits: [{
      file: commit,
      from: "IsQuorum(s, s.members.filter((j) => s.matchIndex[j]! >= n))",
      to: "2 * s.members.filter((j) => s.matchIndex[j]! >= n).length >= s.members.length"
    }],
    spec: [{
      file: specCommit,
      from: "IsQuorum(s, stored(n))",
      to: "2 * Cardinality(stored(n)) >= Cardinality(s.members)"
    }],
    expected: [{ model: "apply", name: "CommittedIsDurable" }]
  },
  {
    id: "C06",
    rule: "Fig2.A1",
    title: "entries are applied before they are committed",
    edits: [
      { file: commit, from: "import { IsQuorum, termAt }", to: "import { IsQuorum, lastIndex, termAt }" },
      { file: commit, from: "s.lastApplied >= s.commitIndex", to: "s.lastApplied >= lastIndex(s.log)" }
    ],
    spec: [{ file: specCommit, from: "IF s.lastApplied >= s.commitIndex", to: "IF s.lastApplied >= lastIndex(s.log)" }],
    expected: [{ model: "apply", name: "WellFormed" }]
  }
]
