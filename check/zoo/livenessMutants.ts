/**
 * Mistakes that break no safety property: what should come never does. Each is made in code and specification alike, and
 * noticed by a property of spec/Liveness.tla, in TLC and in the explorer.
 */
import type { Mutant } from "./Mutant.ts"
import { election, replication, snapshot, specElection, specReplication, specSnapshot } from "./mutants/places.ts"

export const livenessMutants: ReadonlyArray<Mutant> = [
  {
    id: "E12",
    rule: "Fig2.C3",
    title: "who asks for votes, or whether it would get them, ignores a leader of its term",
    edits: [{
      file: replication,
      from: "  const s = Follow(s1)\n",
      to: "  if (s1.role !== \"follower\") return undefined\n  const s = Follow(s1)\n"
    }],
    spec: [{
      file: specReplication,
      from: "  LET s == Follow(s1)\n",
      to: "  IF s1.role # \"follower\" THEN None ELSE\n  LET s == Follow(s1)\n"
    }],
    // Without PreVote it would begin another term, and all would follow that term's leader.
    expected: [
      { model: "fallen-behind", name: "EventuallyLeader" },
      { model: "fallen-behind", name: "EventuallyCaughtUp" }
    ]
  },
  {
    id: "E14",
    rule: "Fig2.F2",
    title: "also a vote that is refused keeps the voter quiet",
    edits: [{ file: election, from: "resetElectionTimer: voteGranted", to: "resetElectionTimer: true" }],
    spec: [{
      file: specElection,
      from: "Step(v, {Vote(v, m.source, voteGranted)}, voteGranted)",
      to: "Step(v, {Vote(v, m.source, voteGranted)}, TRUE)"
    }],
    // One with an outdated log campaigns in term after term.
    expected: [{ model: "conflict", name: "WithinHorizon" }]
  },
  {
    id: "E16",
    rule: "Fig2.C4",
    title: "a candidate doesn't time out",
    edits: [{
      file: election,
      from: "  if (s.role === \"leader\") return undefined\n  if (!s.settings.preVote)",
      to: "  if (s.role === \"leader\" || s.role === \"candidate\") return undefined\n  if (!s.settings.preVote)"
    }],
    spec: [{
      file: specElection,
      from: "IF s.role = \"leader\" THEN None ELSE\n  IF ~ Settings.preVote",
      to: "IF s.role \\in {\"leader\", \"candidate\"} THEN None ELSE\n  IF ~ Settings.preVote"
    }],
    expected: [{ model: "fallen-behind", name: "EventuallyLeader" }]
  },
  {
    id: "E19b",
    rule: "diss. 9.6",
    title: "a PreVote of an earlier term isn't answered, and the term of a later one isn't learnt",
    edits: [
      { file: election, from: "if (HearsLeader(s0))", to: "if (HearsLeader(s0) || m.term < s0.currentTerm)" },
      {
        file: election,
        from: `  const s = UpdateTerm(s0, m.term)
  const voteGranted = m.term === s.currentTerm && UpToDate(s, m)
  return { server: s, sends: [PreVote(s, m.source, voteGranted)], resetElectionTimer: false }`,
        to: `  const answer = { ...PreVote(s0, m.source, UpToDate(s0, m)), term: m.term }
  return { server: s0, sends: [answer], resetElectionTimer: false }`
      }
    ],
    spec: [
      {
        file: specElection,
        from: "  IF HearsLeader(s0) THEN None ELSE\n",
        to: "  IF HearsLeader(s0) \\/ m.term < s0.currentTerm THEN None ELSE\n"
      },
      {
        file: specElection,
        from: `  LET s == UpdateTerm(s0, m.term)
  IN Step(s, {PreVote(s, m.source, m.term = s.currentTerm /\\ UpToDate(s, m))}, FALSE)`,
        to: "  Step(s0, {[PreVote(s0, m.source, UpToDate(s0, m)) EXCEPT !.term = m.term]}, FALSE)"
      }
    ],
    expected: [{ model: "fallen-behind", name: "EventuallyLeader" }]
  },
  {
    id: "R13",
    rule: "Fig2.L3b",
    title: "a rejection names the end of what conflicts, and the leader tries there again",
    edits: [{
      file: replication,
      from: "firstOfTerm(s.log, m.prevLogIndex))\n",
      to: "m.prevLogIndex + 1)\n"
    }],
    spec: [{ file: specReplication, from: "firstOfTerm(s.log, m.prevLogIndex))}, TRUE)", to: "m.prevLogIndex + 1)}, TRUE)" }],
    expected: [{ model: "conflict", name: "EventuallyCaughtUp" }]
  },
  {
    id: "R17",
    rule: "Fig2.L3b",
    title: "what was sent ahead of the answers and lost isn't sent again",
    edits: [{
      file: replication,
      from: "!s0.pipelined.includes(j) && m.rejectedIndex !== next - 1",
      to: "s0.pipelined.includes(j) || m.rejectedIndex !== next - 1"
    }],
    spec: [{
      file: specReplication,
      from: "j \\notin s0.pipelined /\\ m.rejectedIndex # s0.nextIndex[j] - 1",
      to: "(j \\in s0.pipelined \\/ m.rejectedIndex # s0.nextIndex[j] - 1)"
    }],
    expected: [{ model: "lost-batch", name: "EventuallyCommits" }]
  },
  {
    id: "R19",
    rule: "Fig2.L3b",
    title: "a rejection doesn't free the window: what it held counts as under way still",
    edits: [{
      file: replication,
      from: "    pipelined: s1.pipelined.filter((i) => i !== j)\n",
      to: "    pipelined: s1.pipelined\n"
    }],
    spec: [{
      file: specReplication,
      from: "!.nextIndex[j] = BackUp(s1, m), !.pipelined = @ \\ {j}]",
      to: "!.nextIndex[j] = BackUp(s1, m)]"
    }],
    expected: [{ model: "lost-batch", name: "EventuallyCommits" }]
  },
  {
    id: "S17",
    rule: "Fig2.L3a",
    title: "that the snapshot has arrived moves neither nextIndex nor matchIndex",
    edits: [{
      file: snapshot,
      from: "  if (m.done) return m.lastIncludedIndex <= s0.matchIndex[j]! ? heard : Matched(s1, j, m.lastIncludedIndex)",
      to: "  if (m.done) return heard"
    }],
    spec: [{
      file: specSnapshot,
      from: "     THEN IF m.lastIncludedIndex <= s0.matchIndex[j] THEN heard ELSE Matched(s1, j, m.lastIncludedIndex)",
      to: "     THEN heard"
    }],
    expected: [{ model: "chunks", name: "EventuallyCaughtUp" }]
  },
  {
    id: "S18",
    rule: "Fig13.IS4",
    title: "who has fewer pieces of the snapshot than it had acknowledged isn't believed",
    edits: [{
      file: snapshot,
      from: "  if (m.offset === s0.snapshotOffset[j]) return heard\n",
      to: "  const known = s0.snapshotOffset[j]!\n  if (m.offset === known || (m.offset >= 1 && m.offset < known)) return heard\n"
    }],
    spec: [{
      file: specSnapshot,
      from: "             \\/ m.offset = s0.snapshotOffset[j]\n",
      to: "             \\/ m.offset = s0.snapshotOffset[j]\n             \\/ m.offset \\in 1 .. s0.snapshotOffset[j]\n"
    }],
    // We made it, and EventuallyCaughtUp found it.
    expected: [{ model: "chunks", name: "EventuallyCaughtUp" }]
  }
]
