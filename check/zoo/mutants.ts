/** Mistakes in Raft, as they were made in real implementations. README.md says where the ids come from. */
import { livenessMutants } from "./livenessMutants.ts"
import type { Mutant, Variant } from "./Mutant.ts"
import { storageMutants } from "./storageMutants.ts"

const election = "src/raft/Election.ts"
const replication = "src/raft/Replication.ts"
const commit = "src/raft/Commit.ts"
const raft = "src/raft/Raft.ts"
const specElection = "spec/Election.tla"
const specReplication = "spec/Replication.tla"
const specCommit = "spec/Commit.tla"
const specRaft = "spec/Raft.tla"

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

/** AE3 and AE4: what becomes of the log. */
const newLog = {
  file: replication,
  from: "first > lastNew ? s.log : replaceAfter(s.log, first - 1, m.entries.slice(first - m.prevLogIndex - 1))"
}
const specNewLog = {
  file: specReplication,
  from: `IF first > lastNew THEN @
                     ELSE replaceAfter(@, first - 1, SubSeq(m.entries, first - m.prevLogIndex, Len(m.entries)))`
}

/** AE5. */
const newCommit = { file: replication, from: "Math.max(s.commitIndex, Math.min(m.leaderCommit, lastNew))" }
const specNewCommit = { file: specReplication, from: "Max({@, Min({m.leaderCommit, lastNew})})" }

/**
 * Heartbeats as a kind of their own, without entries, as many implementations have them. That is right; but three
 * famous mistakes can only be made there. Each of our AppendEntries brings the first entry at which the follower's log
 * may differ from the leader's, for a leader opens its term with an entry and BackUp goes back to that place: once
 * accepted, nothing is left that disagrees. So R01, R12, and R04 up to the end of the own log, break nothing here.
 */
export const emptyHeartbeats: Variant = {
  title: "heartbeats have no entries",
  code: [{
    file: replication,
    from: ": { server: s, sends: Peers(s).map((j) => AppendEntries(s, j)), resetElectionTimer: false }",
    to: ": { server: s, sends: Peers(s).map((j) => ({ ...AppendEntries(s, j), entries: [] })), resetElectionTimer: false }"
  }],
  spec: [{
    file: specReplication,
    from: "Step(s, {AppendEntries(s, j) : j \\in Peers(s)}, FALSE)",
    to: "Step(s, {[AppendEntries(s, j) EXCEPT !.entries = <<>>] : j \\in Peers(s)}, FALSE)"
  }]
}

export const mutants: ReadonlyArray<Mutant> = [
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
      { file: election, from: "lastIndex, lastTerm, Peers, replaceAfter }", to: "lastIndex, Peers, replaceAfter, termAt }" },
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
      file: replication,
      from: `    ...s1,
    role: "follower",
`,
      to: `    ...s1,
    role: "follower",
    votedFor: null,
`
    }],
    spec: [{
      file: specReplication,
      from: `[s1 EXCEPT !.role = "follower", `,
      to: `[s1 EXCEPT !.role = "follower", !.votedFor = Nil, `
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
    expected: []
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
    expected: []
  },
  {
    id: "E26",
    rule: "diss. 4.2.3",
    title: "with CheckQuorum, who hears a leader votes for another all the same",
    edits: [{ file: election, from: "if (s0.settings.checkQuorum && HearsLeader(s0)) return undefined", to: "" }],
    expected: []
  },
  {
    id: "E27",
    rule: "diss. 6.2",
    title: "a leader that nobody answers doesn't step down",
    edits: [{ file: replication, from: "if (IsQuorum(s, [...s.recentActive, s.id])) {", to: "if (true) {" }],
    expected: [{ model: "check-quorum", name: "LeaderStepsDown" }]
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
    expected: [{ model: "check-quorum", name: "LeaderStepsDown" }]
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
  },
  {
    id: "E25",
    rule: "Fig2.L1",
    title: "a deposed leader's heartbeat timer goes on, with the new term",
    edits: [{
      file: replication,
      from: `s.role !== "leader"
    ? undefined`,
      to: `s.role === "candidate"
    ? undefined`
    }],
    spec: [{
      file: specReplication,
      from: `IF s.role # "leader" THEN None ELSE Step(s,`,
      to: `IF s.role = "candidate" THEN None ELSE Step(s,`
    }],
    expected: [{ model: "zoo-heartbeats", name: "AppendEntriesFromLeader" }],
    story: ["elect s1 by s2", "heartbeat s3"]
  },
  {
    id: "R01",
    rule: "Fig2.AE2",
    title: "a heartbeat is answered with success unseen",
    given: emptyHeartbeats,
    edits: [
      {
        file: replication,
        from: "  if (m.prevLogIndex > lastIndex(s.log)) {",
        to: `  if (m.entries.length === 0) {
    const commitIndex = Math.max(s.commitIndex, Math.min(m.leaderCommit, m.prevLogIndex))
    return { server: { ...s, commitIndex }, sends: [Accept(s, m.source, m.prevLogIndex)], resetElectionTimer: true }
  }
  if (m.prevLogIndex > lastIndex(s.log)) {`
      }
    ],
    spec: [
      {
        file: specReplication,
        from: "     IF m.prevLogIndex > lastIndex(s.log)",
        to: `     IF m.entries = <<>>
     THEN Step([s EXCEPT !.commitIndex = Max({@, Min({m.leaderCommit, m.prevLogIndex})})],
               {Accept(s, m.source, m.prevLogIndex)}, TRUE) ELSE
     IF m.prevLogIndex > lastIndex(s.log)`
      }
    ],
    expected: [{ model: "zoo-heartbeats", name: "MatchIndexIsTrue" }]
  },
  {
    id: "R02",
    rule: "Fig2.AE3",
    title: "the log is cut at every AppendEntries, conflict or not",
    edits: [{ ...newLog, to: "replaceAfter(s.log, m.prevLogIndex, m.entries)" }],
    spec: [{ ...specNewLog, to: "replaceAfter(@, m.prevLogIndex, m.entries)" }],
    expected: [
      { model: "replication", name: "CommittedIsDurable" },
      { model: "replication", name: "MatchIndexIsTrue" }
    ]
  },
  {
    id: "R03",
    rule: "Fig2.AE3",
    title: "the conflicting entry is overwritten, and those that follow it are kept",
    edits: [{
      ...newLog,
      to: `first > lastNew ? s.log : replaceAfter(s.log, first - 1, [
      ...m.entries.slice(first - m.prevLogIndex - 1),
      ...s.log.entries.slice(lastNew - s.log.lastIncludedIndex)
    ])`
    }],
    spec: [{
      ...specNewLog,
      to: `IF first > lastNew THEN @
                     ELSE replaceAfter(@, first - 1, SubSeq(m.entries, first - m.prevLogIndex, Len(m.entries))
                            \\o SubSeq(s.log.entries, lastNew - s.log.lastIncludedIndex + 1, Len(s.log.entries)))`
    }],
    expected: [
      { model: "zoo-shared-suffix", name: "LogMatching" },
      { model: "backup", name: "WellFormed" }
    ]
  },
  {
    id: "R04",
    rule: "Fig2.AE5",
    title: "commitIndex follows the leader's, past the last entry that is known to agree",
    edits: [{ ...newCommit, to: "Math.max(s.commitIndex, m.leaderCommit)" }],
    spec: [{ ...specNewCommit, to: "Max({@, m.leaderCommit})" }],
    expected: [{ model: "replication", name: "StateMachineSafety" }]
  },
  {
    id: "R04h",
    rule: "Fig2.AE5",
    title: "by a heartbeat, commitIndex follows the leader's up to the end of the own log",
    given: emptyHeartbeats,
    edits: [
      {
        ...newCommit,
        to: "Math.max(s.commitIndex, Math.min(m.leaderCommit, first > lastNew ? lastIndex(s.log) : lastNew))"
      }
    ],
    spec: [
      {
        ...specNewCommit,
        to: "Max({@, Min({m.leaderCommit, IF first > lastNew THEN lastIndex(s.log) ELSE lastNew})})"
      }
    ],
    expected: [{ model: "zoo-heartbeats", name: "StateMachineSafety" }]
  },
  {
    id: "R06",
    rule: "Fig2.AE2",
    title: "the term at prevLogIndex isn't compared",
    edits: [{ file: replication, from: "termAt(s.log, m.prevLogIndex) !== m.prevLogTerm", to: "false" }],
    spec: [{ file: specReplication, from: "termAt(s.log, m.prevLogIndex) # m.prevLogTerm", to: "FALSE" }],
    expected: [
      { model: "backup", name: "LogMatching" },
      { model: "backup", name: "MatchIndexIsTrue" }
    ]
  },
  {
    id: "R07",
    rule: "Fig2.L3a",
    title: "an answer counts for the log as it is when the answer comes, not as it was when the request left",
    edits: [{
      file: replication,
      from: `[j]: m.matchIndex },
      nextIndex: { ...s0.nextIndex, [j]: Math.max(s0.nextIndex[j]!, m.matchIndex + 1) }`,
      to: `[j]: lastIndex(s0.log) },
      nextIndex: { ...s0.nextIndex, [j]: lastIndex(s0.log) + 1 }`
    }],
    spec: [{
      file: specReplication,
      from: `!.matchIndex[j] = m.matchIndex,
                                                 !.nextIndex[j] = Max({@, m.matchIndex + 1})]`,
      to: `!.matchIndex[j] = lastIndex(s0.log),
                                                 !.nextIndex[j] = lastIndex(s0.log) + 1]`
    }],
    expected: [
      { model: "replication", name: "CommittedIsDurable" },
      { model: "replication", name: "MatchIndexIsTrue" }
    ]
  },
  {
    id: "R08",
    rule: "Fig2.L3a",
    title: "matchIndex is set to what the answer says, also when that is less",
    edits: [{ file: replication, from: "    if (m.matchIndex <= s0.matchIndex[j]!) return heard\n", to: "" }],
    spec: [{ file: specReplication, from: "IF m.matchIndex <= s0.matchIndex[j] THEN heard ELSE\n", to: "\n" }],
    expected: [
      { model: "zoo-two-answers", name: "MatchMonotone" },
      { model: "replication", name: "Dead" }
    ]
  },
  {
    id: "R09",
    rule: "Fig2.L3a",
    title: "answers to an earlier term's AppendEntries count",
    edits: [{
      file: replication,
      from: `m.term < s0.currentTerm || s0.role !== "leader"`,
      to: `s0.role !== "leader"`
    }],
    spec: [{
      file: specReplication,
      from: `m.term < s0.currentTerm \\/ s0.role # "leader" THEN None`,
      to: `s0.role # "leader" THEN None`
    }],
    expected: [
      { model: "zoo-old-answer", name: "CommittedIsDurable" },
      { model: "zoo-old-answer", name: "MatchIndexIsTrue" },
      { model: "backup", name: "Dead" }
    ]
  },
  {
    id: "R12",
    rule: "Fig2.L3a",
    title: "a heartbeat is acknowledged with the end of the own log",
    given: emptyHeartbeats,
    edits: [
      { file: replication, from: "Accept(f, m.source, lastNew)", to: "Accept(f, m.source, lastIndex(f.log))" }
    ],
    spec: [
      { file: specReplication, from: "Accept(f, m.source, lastNew)", to: "Accept(f, m.source, lastIndex(f.log))" }
    ],
    expected: [
      { model: "zoo-heartbeats", name: "CommittedIsDurable" },
      { model: "zoo-heartbeats", name: "MatchIndexIsTrue" }
    ]
  },
  {
    id: "R15",
    rule: "Fig3.LeaderAppendOnly",
    title: "the leader cuts its own log back to where the follower's agrees",
    edits: [{
      file: replication,
      from: "{ ...s1, nextIndex: { ...s1.nextIndex, [j]: BackUp(s1, m) } }",
      to: "{ ...s1, nextIndex: { ...s1.nextIndex, [j]: BackUp(s1, m) }, log: replaceAfter(s1.log, BackUp(s1, m) - 1, []) }"
    }],
    spec: [{
      file: specReplication,
      from: "[s1 EXCEPT !.nextIndex[j] = BackUp(s1, m)]",
      to: "[s1 EXCEPT !.nextIndex[j] = BackUp(s1, m), !.log = replaceAfter(@, BackUp(s1, m) - 1, <<>>)]"
    }],
    expected: [{ model: "backup", name: "LeaderAppendOnly" }]
  },
  {
    id: "R16",
    rule: "Fig2.AE4",
    title: "entries are appended without looking whether they are there already",
    edits: [{ ...newLog, to: "{ ...s.log, entries: [...s.log.entries, ...m.entries] }" }],
    spec: [{ ...specNewLog, to: "[@ EXCEPT !.entries = @ \\o m.entries]" }],
    expected: [{ model: "replication", name: "LogMatching" }]
  },
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
      from: "  for (let n = lastIndex(s.log);",
      to: `  if (s.commitIndex < lastIndex(s.log) && termAt(s.log, s.commitIndex + 1) !== s.currentTerm) return s
  for (let n = lastIndex(s.log);`
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
  ...storageMutants,
  ...livenessMutants
]
