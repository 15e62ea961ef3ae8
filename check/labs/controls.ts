/**
 * Mistakes that stop progress, or make it slow, and violate no safety property: what shows that `progress` notices.
 * They are planted as those of the zoo are (check/zoo/README.md).
 */
import type { Edit } from "../zoo/Mutant.ts"
import { election, replication, snapshot } from "../zoo/mutants/places.ts"

export interface Control {
  readonly id: string
  readonly title: string
  readonly edits: ReadonlyArray<Edit>
  /** Another way to do it, right by itself, in which alone the mistake does harm. */
  readonly given?: ReadonlyArray<Edit>
}

/**
 * PreVote as in etcd: the question says nothing of its sender's term, so only an answer can teach a term. Ours carries the
 * sender's own term (DECISIONS 12): two servers that both go on asking can't wait for each other for ever.
 */
const preVoteTeachesNothing: ReadonlyArray<Edit> = [{
  file: election,
  from: `  const s = UpdateTerm(s0, m.term)
  const voteGranted = m.term === s.currentTerm && UpToDate(s, m)
  return { server: s, sends: [PreVote(s, m.source, voteGranted)], resetElectionTimer: false }`,
  to: `  const s = s0
  const voteGranted = m.term >= s.currentTerm && UpToDate(s, m)
  const answer = { ...PreVote(s, m.source, voteGranted), term: Math.max(m.term, s.currentTerm) }
  return { server: s, sends: [answer], resetElectionTimer: false }`
}]

export const controls: ReadonlyArray<Control> = [
  {
    id: "E14",
    title: "any RequestVote, and an AppendEntries of an old term, keep a server quiet",
    edits: [
      { file: election, from: "    resetElectionTimer: voteGranted", to: "    resetElectionTimer: true" },
      {
        file: replication,
        from: "sends: [Refuse(s1, m.source)], resetElectionTimer: false",
        to: "sends: [Refuse(s1, m.source)], resetElectionTimer: true"
      }
    ]
  },
  {
    id: "E15",
    title: "all election timeouts are the same",
    edits: [{ file: "check/simulator/Simulation.ts", from: "this.#timing.between(min, max)", to: "max" }]
  },
  {
    id: "E16",
    title: "a candidate doesn't campaign again",
    edits: [{
      file: election,
      from: `if (s.role === "leader") return undefined
  if (!s.settings.preVote)`,
      to: `if (s.role === "leader" || s.role === "candidate") return undefined
  if (!s.settings.preVote)`
    }]
  },
  {
    id: "E19",
    title: "a PreVote of an earlier term isn't answered",
    given: preVoteTeachesNothing,
    edits: [{
      file: election,
      from: "if (HearsLeader(s0)) return undefined",
      to: "if (HearsLeader(s0) || m.term < s0.currentTerm) return undefined"
    }]
  },
  {
    id: "R13",
    title: "a rejection leads to the same probe again",
    edits: [{
      file: replication,
      from: "k + 1 : Math.max(match + 1, m.conflictIndex)",
      to: "k + 1 : Math.max(match + 1, Math.min(m.rejectedIndex + 1, lastIndex(s.log)))"
    }]
  },
  {
    id: "R17",
    title: "what was sent ahead of its answer and lost isn't sent again",
    edits: [{
      file: replication,
      from: "if (!s0.pipelined.includes(j) && m.rejectedIndex !== next - 1) return heard",
      to: "if (s0.pipelined.includes(j) || m.rejectedIndex !== next - 1) return heard"
    }]
  },
  {
    id: "R19",
    title: "a rejection leaves the window as it is: only acknowledgements free it",
    edits: [{
      file: replication,
      from: `    nextIndex: { ...s1.nextIndex, [j]: BackUp(s1, m) },
    pipelined: s1.pipelined.filter((i) => i !== j)`,
      to: `    nextIndex: s1.pipelined.includes(j) ? s1.nextIndex : { ...s1.nextIndex, [j]: BackUp(s1, m) }`
    }]
  },
  {
    id: "S17",
    title: "after a snapshot has arrived it is sent again",
    edits: [{
      file: snapshot,
      from: "if (m.done) return m.lastIncludedIndex <= s0.matchIndex[j]! ? heard : Matched(s1, j, m.lastIncludedIndex)",
      to: "if (m.done) return heard"
    }]
  }
]
