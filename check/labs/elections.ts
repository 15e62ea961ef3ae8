/** The Raft suite of the MIT labs, part A: leader election. */
import type { Lab } from "./Lab.ts"
import { scenario } from "./Lab.ts"
import { electionPatience } from "../simulator/Harness.ts"

export const elections: ReadonlyArray<Lab> = [
  scenario("RA-1", "InitialElection: a leader, one term, and both last", 3, function*(h) {
    const leader = yield* h.checkOneLeader()
    yield 50
    const term = h.checkTerms()
    h.expect(term >= 1, "the first term is 1 or later")
    yield 2 * electionPatience
    h.expect(h.checkTerms() === term, "no election without a failure")
    h.expect((yield* h.checkOneLeader()) === leader, "the leader is still there")
  }),

  scenario("W-1", "without a fault the term is the same after 60 s", 5, function*(h) {
    yield* h.one("x", 5)
    const term = h.checkTerms()
    h.watch("all servers keep to the term", () => h.ids.every((id) => h.term(id) === term))
    yield 60_000
  }),

  scenario("RA-2", "ReElection: a leader that is cut off is replaced, its return changes nothing, and a minority has none", 3, function*(h) {
    const leader1 = yield* h.checkOneLeader()
    h.disconnect(leader1)
    yield* h.checkOneLeader()
    h.connect(leader1)
    const leader2 = yield* h.checkOneLeader()
    h.disconnect(leader2, h.after(leader2))
    h.watch("no leader without a quorum", () => h.noLeader())
    yield 2 * electionPatience
    h.unwatch("no leader without a quorum")
    h.connect(h.after(leader2))
    yield* h.checkOneLeader()
    h.connect(leader2)
    yield* h.checkOneLeader()
  }),

  scenario("W-10", "ManyElections: with any three of seven cut off, and with a minority that holds the leader, four elect one", 7, function*(h) {
    let leader = yield* h.checkOneLeader()
    for (let round = 0; round < 10; round++) {
      const others = h.chance.shuffled(h.ids.filter((id) => id !== leader))
      const cut = round % 2 === 0 ? [leader, ...others.slice(0, 2)] : others.slice(0, 3)
      h.disconnect(...cut)
      const elected = yield* h.checkOneLeader()
      h.expect(!cut.includes(elected), "the leader is one of the four")
      h.connect(...cut)
      leader = yield* h.checkOneLeader()
    }
  })
]
