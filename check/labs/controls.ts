/**
 * Mistakes that stop progress, or make it slow, and violate no safety property: what shows that `progress` notices.
 * They are planted as those of the zoo are (check/zoo/README.md).
 */
import type { Mutant, Variant } from "../zoo/Mutant.ts"
import { livenessMutants } from "../zoo/livenessMutants.ts"
import { election } from "../zoo/mutants/places.ts"

/** As in the zoo; `given`: another way to do it, right by itself, in which alone the mistake does harm. */
export type Control = Pick<Mutant, "id" | "title" | "edits"> & { readonly given?: Pick<Variant, "code"> }

/**
 * PreVote as in etcd: the question says nothing of its sender's term, so only an answer can teach a term. Ours carries the
 * sender's own term (DECISIONS 12): two servers that both go on asking can't wait for each other for ever.
 */
const preVoteTeachesNothing = [{
  file: election,
  from: `  const s = UpdateTerm(s0, m.term)
  const voteGranted = m.term === s.currentTerm && UpToDate(s, m)
  return { server: s, sends: [PreVote(s, m.source, voteGranted)], resetElectionTimer: false }`,
  to: `  const s = s0
  const voteGranted = m.term >= s.currentTerm && UpToDate(s, m)
  const answer = { ...PreVote(s, m.source, voteGranted), term: Math.max(m.term, s.currentTerm) }
  return { server: s, sends: [answer], resetElectionTimer: false }`
}]

/** Of the zoo's mutants, those that these runs are long enough for; what else they violate is shown there. */
const ofTheZoo = ["E14", "E16", "R13", "R17", "R19", "S17"]

export const controls: ReadonlyArray<Control> = [
  ...livenessMutants.filter(({ id }) => ofTheZoo.includes(id)),
  {
    id: "E15",
    title: "all election timeouts are the same",
    edits: [{ file: "check/simulator/Simulation.ts", from: "this.#timing.between(min, max)", to: "max" }]
  },
  {
    id: "E19",
    title: "a PreVote of an earlier term isn't answered",
    given: { code: preVoteTeachesNothing },
    edits: [{
      file: election,
      from: "if (HearsLeader(s0)) return undefined",
      to: "if (HearsLeader(s0) || m.term < s0.currentTerm) return undefined"
    }]
  }
]
