/** Replication: a log that agrees, and a leader that knows how far. */
import type { Mutant, Variant } from "../Mutant.ts"
import {
  election,
  newCommit,
  newLog,
  replication,
  specElection,
  specNewCommit,
  specNewLog,
  specReplication
} from "./places.ts"

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
    from: "sends: Peers(s).map((j) => Probe(s, j))",
    to: `sends: Peers(s).map((j) => {
    const m = Probe(s, j)
    return m.type === "AppendEntriesRequest" ? { ...m, entries: [] } : m
  })`
  }],
  spec: [{
    file: specReplication,
    from: "{Probe(s, j) : j \\in Peers(s)}",
    to: `{LET m == Probe(s, j)
                                                        IN IF m.type = "AppendEntriesRequest" THEN [m EXCEPT !.entries = <<>>]
                                                           ELSE m : j \\in Peers(s)}`
  }]
}

export const replicationMutants: ReadonlyArray<Mutant> = [
  {
    id: "R01",
    rule: "Fig2.AE2",
    title: "a heartbeat is answered with success unseen",
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
    expected: [{ model: "replication", name: "MatchIndexIsTrue" }]
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
      ...s.log.pages.flat().slice(lastNew - s.log.lastIncludedIndex)
    ])`
    }],
    spec: [{
      ...specNewLog,
      to: `IF first > lastNew THEN @
                     ELSE replaceAfter(@, first - 1, SubSeq(m.entries, first - m.prevLogIndex, Len(m.entries))
                            \\o SubSeq(s.log.entries, lastNew - s.log.lastIncludedIndex + 1, Len(s.log.entries)))`
    }],
    expected: [{ model: "zoo-shared-suffix", name: "LogMatching" }]
  },
  {
    id: "R04",
    rule: "Fig2.AE5",
    title: "commitIndex follows the leader's, past the last entry that is known to agree",
    edits: [{ ...newCommit, to: "Math.max(s.commitIndex, m.leaderCommit)" }],
    spec: [{ ...specNewCommit, to: "Max({@, m.leaderCommit})" }],
    expected: [
      { model: "zoo-batch", name: "StateMachineSafety" },
      { model: "zoo-batch", name: "WellFormed" }
    ]
  },
  {
    id: "C10",
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
    id: "R05",
    rule: "Fig2.AE2",
    title: "a log that is too short counts as one that agrees",
    edits: [
      { file: replication, from: "if (m.prevLogIndex > lastIndex(s.log)) {", to: "if (false) {" },
      {
        file: replication,
        from: "if (m.prevLogIndex > s.log.lastIncludedIndex && ",
        to: "if (m.prevLogIndex > s.log.lastIncludedIndex && m.prevLogIndex <= lastIndex(s.log) && "
      }
    ],
    // What comes after a gap is put where the log ends, as in TypeScript.
    spec: [
      { file: specReplication, from: "IF m.prevLogIndex > lastIndex(s.log)\n", to: "IF FALSE\n" },
      {
        file: specReplication,
        from: "IF m.prevLogIndex > s.log.lastIncludedIndex /\\ ",
        to: "IF m.prevLogIndex > s.log.lastIncludedIndex /\\ m.prevLogIndex <= lastIndex(s.log) /\\ "
      },
      {
        file: specReplication,
        from: "replaceAfter(@, first - 1, SubSeq",
        to: "replaceAfter(@, Min({first - 1, lastIndex(@)}), SubSeq"
      }
    ],
    expected: [{ model: "replication", name: "MatchIndexIsTrue" }]
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
    edits: [{ file: replication, from: "Matched(s1, j, m.matchIndex)", to: "Matched(s1, j, lastIndex(s0.log))" }],
    spec: [{ file: specReplication, from: "Matched(s1, j, m.matchIndex)", to: "Matched(s1, j, lastIndex(s0.log))" }],
    expected: [
      { model: "replication", name: "CommittedIsDurable" },
      { model: "replication", name: "MatchIndexIsTrue" }
    ]
  },
  {
    id: "R08",
    rule: "Fig2.L3a",
    title: "matchIndex is set to what the answer says, also when that is less",
    edits: [{ file: replication, from: "m.matchIndex <= s0.matchIndex[j]! ? heard : Matched", to: "Matched" }],
    spec: [{ file: specReplication, from: "IF m.matchIndex <= s0.matchIndex[j] THEN heard ELSE Matched", to: "Matched" }],
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
    id: "R10",
    rule: "Fig2.L3b",
    title: "a late rejection takes nextIndex back to where it is known to match",
    edits: [
      {
        file: replication,
        from: "if (m.rejectedIndex <= s0.matchIndex[j]! || m.rejectedIndex >= next) return heard",
        to: "if (m.rejectedIndex >= next) return heard"
      },
      {
        file: replication,
        from: "termAt(s.log, k) === m.conflictTerm ? k + 1 : Math.max(match + 1, m.conflictIndex)",
        to: "termAt(s.log, k) === m.conflictTerm ? k + 1 : m.conflictIndex"
      }
    ],
    spec: [
      {
        file: specReplication,
        from: `IF \\/ m.rejectedIndex <= s0.matchIndex[j]
             \\/ m.rejectedIndex >= s0.nextIndex[j]`,
        to: "IF \\/ m.rejectedIndex >= s0.nextIndex[j]"
      },
      { file: specReplication, from: "ELSE Max({match + 1, m.conflictIndex})", to: "ELSE m.conflictIndex" }
    ],
    expected: [
      { model: "zoo-late-rejection", name: "WellFormed" },
      { model: "backup", name: "Dead" }
    ]
  },
  {
    id: "R11",
    rule: "Fig2.L3b",
    title: "a late rejection lowers matchIndex",
    edits: [
      {
        file: replication,
        from: "if (m.rejectedIndex <= s0.matchIndex[j]! || m.rejectedIndex >= next) return heard",
        to: "if (m.rejectedIndex >= next) return heard"
      },
      {
        file: replication,
        from: "nextIndex: { ...s1.nextIndex, [j]: BackUp(s1, m) },",
        to: `nextIndex: { ...s1.nextIndex, [j]: m.conflictIndex },
    matchIndex: { ...s1.matchIndex, [j]: Math.min(s1.matchIndex[j]!, m.conflictIndex - 1) },`
      }
    ],
    spec: [
      {
        file: specReplication,
        from: `IF \\/ m.rejectedIndex <= s0.matchIndex[j]
             \\/ m.rejectedIndex >= s0.nextIndex[j]`,
        to: "IF \\/ m.rejectedIndex >= s0.nextIndex[j]"
      },
      {
        file: specReplication,
        from: "!.nextIndex[j] = BackUp(s1, m),",
        to: "!.nextIndex[j] = m.conflictIndex, !.matchIndex[j] = Min({@, m.conflictIndex - 1}),"
      }
    ],
    expected: [{ model: "zoo-late-rejection", name: "MatchMonotone" }]
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
    // To the entry after it, so that there is one to send.
    edits: [{
      file: replication,
      from: "nextIndex: { ...s1.nextIndex, [j]: BackUp(s1, m) },",
      to: "nextIndex: { ...s1.nextIndex, [j]: BackUp(s1, m) },\n    log: replaceAfter(s1.log, BackUp(s1, m), []),"
    }],
    spec: [{
      file: specReplication,
      from: "[s1 EXCEPT !.nextIndex[j] = BackUp(s1, m),",
      to: "[s1 EXCEPT !.nextIndex[j] = BackUp(s1, m), !.log = replaceAfter(@, BackUp(s1, m), <<>>),"
    }],
    expected: [{ model: "backup", name: "LeaderAppendOnly" }]
  },
  {
    id: "R16",
    rule: "Fig2.AE4",
    title: "entries are appended without looking whether they are there already",
    edits: [{ ...newLog, to: "replaceAfter(s.log, lastIndex(s.log), m.entries)" }],
    spec: [{ ...specNewLog, to: "[@ EXCEPT !.entries = @ \\o m.entries]" }],
    expected: [{ model: "zoo-two-answers", name: "LogMatching" }]
  },
  {
    id: "R18",
    rule: "Fig2.AE1",
    title: "who gets an AppendEntries of an earlier term counts it as word from its leader",
    edits: [{
      file: replication,
      from: "return { server: s1, sends: [Refuse(s1, m.source)], resetElectionTimer: false }",
      to: `return {
    server: { ...s1, leaderContact: s1.settings.preVote || s1.settings.checkQuorum },
    sends: [Refuse(s1, m.source)],
    resetElectionTimer: true
  }`
    }],
    spec: [{
      file: specReplication,
      from: "Step(s1, {Refuse(s1, m.source)}, FALSE)",
      to: "Step([s1 EXCEPT !.leaderContact = Settings.preVote \\/ Settings.checkQuorum], {Refuse(s1, m.source)}, TRUE)"
    }],
    expected: [{ model: "pre-vote", name: "ContactIsOfTerm" }]
  },
  {
    id: "R20",
    rule: "Fig2.L3a",
    title: "an answer counts for all that was sent, also for what is still under way",
    edits: [{
      file: replication,
      from: "Matched(s1, j, m.matchIndex)",
      to: "Matched(s1, j, Math.max(m.matchIndex, s0.nextIndex[j]! - 1))"
    }],
    spec: [{
      file: specReplication,
      from: "Matched(s1, j, m.matchIndex)",
      to: "Matched(s1, j, Max({m.matchIndex, s0.nextIndex[j] - 1}))"
    }],
    expected: [
      { model: "replication", name: "CommittedIsDurable" },
      { model: "replication", name: "MatchIndexIsTrue" }
    ]
  },
  {
    id: "R21",
    rule: "Fig2.AE3",
    title: "an entry counts as there when its index is, whatever its term",
    edits: [{
      file: replication,
      from: "k <= lastIndex(log) && termAt(log, k) === entries[k - prev - 1]!.term) k++",
      to: "k <= lastIndex(log)) k++"
    }],
    spec: [{
      file: specReplication,
      from: "k > lastIndex(log) \\/ termAt(log, k) # entries[k - prev].term",
      to: "k > lastIndex(log)"
    }],
    expected: [
      { model: "figure-8", name: "StateMachineSafety" },
      { model: "backup", name: "MatchIndexIsTrue" }
    ]
  },
  {
    id: "R22",
    rule: "Fig2.AE2",
    title: "only what begins where the own log ends is accepted",
    // Nothing wrong is ever accepted, so there is no pair.
    edits: [{
      file: replication,
      from: `  if (m.prevLogIndex > lastIndex(s.log)) {
    return {
      server: s,
      sends: [Conflict(s, m.source, m.prevLogIndex, 0, lastIndex(s.log) + 1)],`,
      to: `  if (m.prevLogIndex !== lastIndex(s.log)) {
    return {
      server: s,
      sends: [Conflict(s, m.source, m.prevLogIndex, 0, Math.min(m.prevLogIndex, lastIndex(s.log) + 1))],`
    }],
    expected: [{ model: "backup", name: "Truncation" }]
  },
  {
    id: "R23",
    rule: "Fig2.L1",
    title: "what matched in an earlier reign counts in the next",
    edits: [
      { file: election, from: "  matchIndex: forAll(s.members, 0),\n", to: "" },
      { file: election, from: "{ ...forAll(s.members, 0), [s.id]: last + 1 }", to: "{ ...s.matchIndex, [s.id]: last + 1 }" }
    ],
    spec: [
      { file: specElection, from: ", !.matchIndex = forAll(s.members, 0),", to: "," },
      { file: specElection, from: "[forAll(s.members, 0) EXCEPT ![s.id]", to: "[s.matchIndex EXCEPT ![s.id]" }
    ],
    expected: [
      { model: "zoo-old-match", name: "MatchIndexIsTrue" },
      { model: "election", name: "WellFormed" }
    ]
  },
  {
    id: "R25",
    rule: "Fig2.AE1",
    title: "an AppendEntries of an earlier term is answered with success, and forgotten",
    edits: [{
      file: replication,
      from: "sends: [Refuse(s1, m.source)]",
      to: "sends: [{ ...Accept(s1, m.source, m.prevLogIndex + m.entries.length), term: m.term }]"
    }],
    spec: [{
      file: specReplication,
      from: "{Refuse(s1, m.source)}",
      to: "{[Accept(s1, m.source, m.prevLogIndex + Len(m.entries)) EXCEPT !.term = m.term]}"
    }],
    expected: [{ model: "election", name: "CommittedIsDurable" }]
  },
  {
    id: "F01",
    rule: "Fig2.L3",
    title: "the window is never full",
    edits: [{
      file: replication,
      from: "Math.min(lastIndex(s.log), s.matchIndex[j]! + s.settings.maxInflight)",
      to: "lastIndex(s.log)"
    }],
    spec: [{
      file: specReplication,
      from: "last == Min({lastIndex(s.log), s.matchIndex[j] + Settings.maxInflight})",
      to: "last == lastIndex(s.log)"
    }],
    expected: [{ model: "window", name: "FlowIsBounded" }]
  },
  {
    id: "F02",
    rule: "Fig2.L2",
    title: "a leader takes commands however much isn't committed",
    edits: [{ file: replication, from: `s.role !== "leader" || Full(s, log)`, to: `s.role !== "leader"` }],
    spec: [{ file: specReplication, from: `s.role # "leader" \\/ Full(s, log)`, to: `s.role # "leader"` }],
    expected: [{ model: "window", name: "UncommittedIsBounded" }]
  },
  {
    id: "F03",
    rule: "Fig2.L3",
    title: "a probe carries more than the window lets through",
    edits: [{
      file: replication,
      from: "const last = Math.min(lastIndex(s.log), next - 1 + s.settings.maxInflight)",
      to: "const last = lastIndex(s.log)"
    }],
    spec: [{
      file: specReplication,
      from: "last == Min({lastIndex(s.log), next - 1 + Settings.maxInflight})",
      to: "last == lastIndex(s.log)"
    }],
    expected: [{ model: "zoo-long-log", name: "BatchIsBounded" }]
  },
  {
    id: "F04",
    rule: "Fig2.L3",
    title: "a batch measures what it likes",
    edits: [{ file: replication, from: "(size += Size(entryAt(s.log, end + 1))) <= s.settings.maxBatchBytes", to: "true" }],
    spec: [{ file: specReplication, from: "sizeOf(s.log, next, k) <= Settings.maxBatchBytes", to: "TRUE" }],
    expected: [{ model: "replication", name: "BatchIsBounded" }]
  }
]
