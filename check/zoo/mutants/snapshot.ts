/** Snapshots: of what, when one is sent, and what becomes of the log where one arrives. */
import type { Mutant } from "../Mutant.ts"
import {
  newLog,
  raft,
  replication,
  server,
  snapshot,
  specNewLog,
  specRaft,
  specReplication,
  specServer,
  specSnapshot
} from "./places.ts"

export const snapshotMutants: ReadonlyArray<Mutant> = [
  {
    id: "S01",
    rule: "Fig13.IS5",
    title: "a snapshot that is behind is installed all the same",
    edits: [
      { file: snapshot, from: "if (index <= s.commitIndex) {", to: "if (false) {" },
      {
        file: snapshot,
        from: "log: m.lastIncludedIndex <= lastIndex(s.log) &&",
        to: "log: m.lastIncludedIndex >= s.log.lastIncludedIndex && m.lastIncludedIndex <= lastIndex(s.log) &&"
      }
    ],
    spec: [
      { file: specSnapshot, from: "IF index <= s.commitIndex THEN", to: "IF FALSE THEN" },
      {
        file: specSnapshot,
        from: "!.log = IF m.lastIncludedIndex <= lastIndex(@)",
        to: "!.log = IF m.lastIncludedIndex >= @.lastIncludedIndex /\\ m.lastIncludedIndex <= lastIndex(@)"
      }
    ],
    expected: [{ model: "install", name: "CommitMonotone" }]
  },
  {
    id: "S02",
    rule: "Fig13.IS6",
    title: "the whole log gives way to a snapshot, also what agrees with it",
    edits: [{
      file: snapshot,
      from: "log: m.lastIncludedIndex <= lastIndex(s.log) && termAt(s.log, m.lastIncludedIndex) === m.lastIncludedTerm",
      to: "log: false"
    }],
    spec: [{
      file: specSnapshot,
      from: "!.log = IF m.lastIncludedIndex <= lastIndex(@) /\\ termAt(@, m.lastIncludedIndex) = m.lastIncludedTerm",
      to: "!.log = IF FALSE"
    }],
    expected: [{ model: "install-suffix", name: "InstallKeepsSuffix" }]
  },
  {
    id: "S03",
    rule: "Fig13.IS7",
    title: "what follows a snapshot in the log is kept, also when the log contradicts it",
    edits: [{
      file: snapshot,
      from: "lastIncludedTerm: m.lastIncludedTerm, pages: [] }",
      to: `lastIncludedTerm: m.lastIncludedTerm,
      pages: [s.log.pages.flat().slice(m.lastIncludedIndex - s.log.lastIncludedIndex)] }`
    }],
    spec: [{
      file: specSnapshot,
      from: "lastIncludedTerm |-> m.lastIncludedTerm, entries |-> <<>>]",
      to: `lastIncludedTerm |-> m.lastIncludedTerm,
                  entries |-> SubSeq(@.entries, m.lastIncludedIndex - @.lastIncludedIndex + 1, Len(@.entries))]`
    }],
    expected: [{ model: "install-conflict", name: "WellFormed" }]
  },
  {
    id: "S06",
    rule: "7",
    title: "a snapshot stands for all that is committed, and has the state of what is applied",
    edits: [{ file: snapshot, from: "log: compact(s.log, index),", to: "log: compact(s.log, s.commitIndex)," }],
    spec: [{ file: specSnapshot, from: "!.log = compact(@, index)", to: "!.log = compact(@, s.commitIndex)" }],
    expected: [
      { model: "zoo-own-snapshot", name: "SnapshotIsFold" },
      { model: "zoo-own-snapshot", name: "WellFormed" }
    ]
  },
  {
    id: "S07",
    rule: "Fig13.IS6",
    title: "a snapshot says the log's last term, not that of its own last entry",
    edits: [{ file: server, from: "lastIncludedTerm: termAt(log, k),", to: "lastIncludedTerm: lastTerm(log)," }],
    spec: [{ file: specServer, from: "lastIncludedTerm |-> termAt(log, k),", to: "lastIncludedTerm |-> lastTerm(log)," }],
    expected: [{ model: "snapshot", name: "SnapshotIsCommitted" }]
  },
  {
    id: "S08",
    rule: "Fig2.A2",
    title: "with a snapshot, a server takes over the term of its last entry",
    edits: [{
      file: snapshot,
      from: "  members: m.members,\n  commitIndex",
      to: "  members: m.members,\n  currentTerm: m.lastIncludedTerm,\n  commitIndex"
    }],
    spec: [{
      file: specSnapshot,
      from: "!.members = m.members,",
      to: "!.members = m.members, !.currentTerm = m.lastIncludedTerm,"
    }],
    expected: [{ model: "zoo-old-snapshot", name: "TermMonotone" }]
  },
  {
    id: "S09",
    rule: "7",
    title: "who needs just the snapshot's last entry gets a heartbeat from beyond it",
    edits: [{
      file: replication,
      from: "if (next <= s.log.lastIncludedIndex) return InstallSnapshot(s, j)",
      to: `if (next < s.log.lastIncludedIndex) return InstallSnapshot(s, j)
  if (next === s.log.lastIncludedIndex) return AppendEntries(s, j, next + 1, next)`
    }],
    spec: [{
      file: specReplication,
      from: "IF next <= s.log.lastIncludedIndex THEN InstallSnapshot(s, j)",
      to: `IF next < s.log.lastIncludedIndex THEN InstallSnapshot(s, j)
     ELSE IF next = s.log.lastIncludedIndex THEN AppendEntries(s, j, next + 1, next)`
    }],
    expected: [{ model: "zoo-old-snapshot", name: "SnapshotWhenLogLacks" }]
  },
  {
    id: "S10",
    rule: "Fig2.AE4",
    title: "what begins inside the snapshot is appended at the end",
    edits: [{
      ...newLog,
      to: `m.prevLogIndex < s.log.lastIncludedIndex
      ? replaceAfter(s.log, lastIndex(s.log), m.entries)
      : ${newLog.from}`
    }],
    spec: [{
      ...specNewLog,
      to: `IF m.prevLogIndex < s.log.lastIncludedIndex THEN [@ EXCEPT !.entries = @ \\o m.entries]
                     ELSE ${specNewLog.from}`
    }],
    expected: [{ model: "zoo-compacted-follower", name: "LogMatching" }]
  },
  {
    id: "S11",
    rule: "Fig13.IS4",
    title: "any answer to a chunk counts as if the whole snapshot had arrived",
    edits: [{ file: snapshot, from: "if (m.done) return m.lastIncludedIndex", to: "if (true) return m.lastIncludedIndex" }],
    spec: [{ file: specSnapshot, from: "IN IF m.done\n", to: "IN IF TRUE\n" }],
    expected: [{ model: "chunks", name: "MatchIndexIsTrue" }]
  },
  {
    id: "S13",
    rule: "Fig13.IS8",
    title: "after a snapshot, entries are applied from where they were",
    edits: [{ file: snapshot, from: "  lastApplied: m.lastIncludedIndex,\n", to: "" }],
    spec: [{ file: specSnapshot, from: "!.lastApplied = m.lastIncludedIndex,", to: "" }],
    expected: [{ model: "zoo-arriving-snapshot", name: "WellFormed" }]
  },
  {
    id: "S14",
    rule: "7",
    title: "a snapshot takes the place of the whole log, committed or not",
    edits: [{ file: snapshot, from: "log: compact(s.log, index),", to: "log: compact(s.log, lastIndex(s.log))," }],
    spec: [{ file: specSnapshot, from: "!.log = compact(@, index)", to: "!.log = compact(@, lastIndex(s.log))" }],
    expected: [{ model: "zoo-uncommitted", name: "SnapshotIsCommitted" }]
  },
  {
    id: "S15",
    rule: "Fig2.C3",
    title: "a candidate takes a snapshot from the leader of its term, and goes on campaigning",
    edits: [{ file: snapshot, from: "const s = Follow(s1)", to: `const s = s1.role === "candidate" ? s1 : Follow(s1)` }],
    spec: [{ file: specSnapshot, from: "s == Follow(s1)", to: `s == IF s1.role = "candidate" THEN s1 ELSE Follow(s1)` }],
    expected: [{ model: "zoo-arriving-snapshot", name: "AnswersAsFollower" }]
  },
  {
    id: "R14",
    rule: "7",
    title: "where the log lacks what a follower needs, the entries that are left are sent in its place",
    edits: [{
      file: replication,
      from: "if (next <= s.log.lastIncludedIndex) return InstallSnapshot(s, j)",
      to: `if (next <= s.log.lastIncludedIndex) {
    return {
      ...AppendEntries(s, j, s.log.lastIncludedIndex + 1, lastIndex(s.log)),
      prevLogIndex: next - 1,
      prevLogTerm: 0
    }
  }`
    }],
    spec: [{
      file: specReplication,
      from: "IF next <= s.log.lastIncludedIndex THEN InstallSnapshot(s, j)",
      to: `IF next <= s.log.lastIncludedIndex
     THEN [AppendEntries(s, j, s.log.lastIncludedIndex + 1, lastIndex(s.log)) EXCEPT !.prevLogIndex = next - 1,
                                                                                    !.prevLogTerm = 0]`
    }],
    expected: [
      { model: "install", name: "LogMatching" },
      { model: "install", name: "SnapshotInstalled" }
    ]
  },
  {
    id: "P09",
    rule: "7",
    title: "after a restart everything is applied from the first entry on, snapshot or not",
    edits: [{
      file: raft,
      from: `    commitIndex: s.log.lastIncludedIndex,
    lastApplied: s.log.lastIncludedIndex
`,
      to: "    commitIndex: s.log.lastIncludedIndex\n"
    }],
    spec: [{ file: specRaft, from: ", !.lastApplied = s.log.lastIncludedIndex]", to: "]" }],
    expected: [{ model: "zoo-own-snapshot", name: "RestartKeeps" }]
  },
  {
    id: "IS1",
    rule: "Fig13.IS1",
    title: "a snapshot of an earlier term's leader is taken all the same",
    edits: [{ file: snapshot, from: "  if (m.term < s1.currentTerm) {", to: "  if (false) {" }],
    spec: [{
      file: specSnapshot,
      from: "IF m.term < s1.currentTerm THEN Step(s1, {Received(s1, m.source, 0, 0, FALSE)}, FALSE) ELSE",
      to: ""
    }],
    expected: [{ model: "install", name: "WellFormed" }]
  },
  {
    id: "IS2",
    rule: "Fig13.IS2",
    title: "chunks of a snapshot are put after those of another",
    // The models' machine only appends: there, another snapshot's first pieces are the same. So there is no pair.
    edits: [{
      file: snapshot,
      from: "const held = index === s.partial.lastIncludedIndex ? s.partial.data : []",
      to: "const held = s.partial.data"
    }],
    expected: []
  },
  {
    id: "IS3",
    rule: "Fig13.IS3",
    title: "a chunk is appended wherever it belongs",
    edits: [{
      file: snapshot,
      from: "if (m.offset !== held.length || index < s.partial.lastIncludedIndex) {",
      to: "if (index < s.partial.lastIncludedIndex) {"
    }],
    spec: [{
      file: specSnapshot,
      from: "IF m.offset # Len(held) \\/ index < s.partial.lastIncludedIndex",
      to: "IF index < s.partial.lastIncludedIndex"
    }],
    expected: [{ model: "chunks", name: "SnapshotIsFold" }]
  }
]
