/** etcd/raft's interaction scripts and further tests, and what the dissertation says of the same: settings, snapshots, flow. */
import { entryAt, lastIndex } from "../../src/raft/Server.ts"
import type { Server, ServerId } from "../../src/raft/Server.ts"
import type { Message } from "../../src/raft/Message.ts"
import { electionPatience } from "../simulator/Harness.ts"
import type { Harness } from "../simulator/Harness.ts"
import { inOrder, unreliable } from "../simulator/Network.ts"
import type { Lab } from "./Lab.ts"
import { scenario } from "./Lab.ts"

const stateOf = (h: Harness, id: ServerId): Server => h.simulation.cluster.servers.get(id)!

/** What was sent from one to the other so far. */
const sentTo = (h: Harness, dest: ServerId, type: Message["type"]): number =>
  h.simulation.cluster.sent.filter((m) => m.dest === dest && m.type === type).length

const both = { preVote: true, checkQuorum: true }
const neither = { preVote: false, checkQuorum: false }

/** It is connected again, and its election timer fires before any heartbeat arrives. */
const comeBack = (h: Harness, id: ServerId): void => {
  h.connect(id)
  h.simulation.cluster.execute({ type: "timeout", server: id })
}

/** The longest that a server waits before it campaigns, in milliseconds. */
const timeoutOf = (h: Harness): number => h.simulation.configuration.electionTimeout.max

export const etcd: ReadonlyArray<Lab> = [
  scenario("E-3", "campaign: a leader's first entry, which has no command, commits everywhere", 3, function*(h) {
    yield* h.checkOneLeader()
    yield electionPatience
    for (const id of h.ids) {
      const { commitIndex, log } = stateOf(h, id)
      h.expect(commitIndex === 1 && lastIndex(log) === 1 && entryAt(log, 1).type === "noop", `${id} has one entry, committed`)
    }
  }),

  scenario("E-5", "checkquorum: a leader that nobody answers steps down within two election timeouts (D-17)", 5, function*(h) {
    const leader = yield* h.checkOneLeader()
    h.disconnect(...h.ids.filter((id) => id !== leader).slice(0, 3))
    yield 2 * timeoutOf(h)
    h.expect(!h.leads(leader), `${leader} leads no more`)
    h.watch("nobody leads without a quorum", () => h.noLeader())
    yield 5 * electionPatience
  }, { settings: { checkQuorum: true } }),

  scenario("D-17", "a leader that is cut off refuses clients within two election timeouts, who find the next one meanwhile", 3, function*(h) {
    const leader = yield* h.checkOneLeader()
    h.disconnect(leader)
    yield* h.one("elsewhere", 2)
    yield 2 * timeoutOf(h)
    h.expect(h.start(leader, "refused") === undefined, "the old leader takes nothing any more")
    h.connect(leader)
    yield* h.one("everywhere", 3)
  }, { settings: { checkQuorum: true } }),

  scenario("E-21", "prevote: a server with a stale log gets no pre-votes, one with a fresh log wins", 3, function*(h) {
    const leader = yield* h.checkOneLeader()
    const [stale, fresh] = [h.after(leader), h.after(leader, 2)]
    h.disconnect(stale)
    yield* h.one("x", 2)
    const term = h.term(stale)
    h.crash(leader)
    h.disconnect(fresh)
    h.connect(stale)
    yield 5 * electionPatience
    h.expect(h.term(stale) === term, "asking changes no term")
    h.connect(fresh)
    h.watch("the stale one doesn't lead", () => !h.leads(stale))
    yield* h.one("y", 2)
    h.expect(h.leads(fresh), "the fresh one leads")
  }, { settings: { preVote: true } }),

  scenario("E-22", "prevote_checkquorum: who comes back disturbs nobody; a quorum that hears no leader may replace a live one", 3, function*(h) {
    yield* h.one("x", 3)
    const leader = yield* h.checkOneLeader()
    const term = h.checkTerms()
    const lone = h.after(leader)
    h.disconnect(lone)
    yield 10 * timeoutOf(h)
    h.expect(h.term(lone) === term, "ten timeouts alone, and no new term")
    comeBack(h, lone)
    h.watch("leader and term stay", () => h.leads(leader) && h.ids.every((id) => h.term(id) === term))
    yield 5 * electionPatience
    h.unwatch("leader and term stay")
    h.disconnect(leader)
    const next = yield* h.checkOneLeader()
    h.expect(next !== leader && h.term(next) > term, "the other two have another")
  }, { settings: both }),

  scenario("E-32", "FreeStuckCandidate: a candidate of a high term that nobody listens to is heard when its leader hears of the term", 3, function*(h) {
    const leader = yield* h.checkOneLeader()
    const stuck = h.after(leader)
    h.disconnect(stuck)
    yield 10 * timeoutOf(h)
    const term = h.term(stuck)
    h.expect(term > h.term(leader) + 5, "alone it has begun many terms")
    h.connect(stuck)
    yield* h.one("x", 3)
    h.expect(h.checkTerms() >= term, "all have its term, or a later one")
  }, { settings: { preVote: false, checkQuorum: true } }),

  scenario("E-32", "DisruptiveFollower: without PreVote who comes back deposes the leader, with it nobody", 3, function*(h) {
    const leader = yield* h.checkOneLeader()
    const lone = h.after(leader)
    const term = h.term(leader)
    h.disconnect(lone)
    yield 10 * timeoutOf(h)
    comeBack(h, lone)
    yield 2 * electionPatience
    const { preVote } = h.simulation.configuration.settings
    h.expect(preVote === (h.term(leader) === term), preVote ? "the term is as before" : "the term is another")
    yield* h.one("x", 3)
  }),

  scenario("E-32", "LeaderSuperseding: with CheckQuorum no vote while a leader is heard, and soon one when it is gone", 3, function*(h) {
    // All have heard the leader.
    yield* h.one("w", 3)
    const leader = yield* h.checkOneLeader()
    const [rival, voter] = [h.after(leader), h.after(leader, 2)]
    h.watch("the vote stays with the leader that is heard", () => !h.leads(leader) || stateOf(h, voter).votedFor !== rival)
    h.simulation.cluster.execute({ type: "timeout", server: rival })
    yield 50
    h.crash(leader)
    yield* h.one("x", 2)
  }, { settings: { preVote: false, checkQuorum: true } }),

  scenario("E-19", "a follower that is probed is streamed to again one heartbeat round later", 3, function*(h) {
    const leader = yield* h.checkOneLeader()
    yield* h.one("x", 3)
    const follower = h.after(leader)
    h.expect(stateOf(h, leader).pipelined.includes(follower), "who has answered is streamed to")
    h.disconnect(follower)
    h.start(leader, "lost")
    h.start(leader, "lost too")
    yield 20
    h.connect(follower)
    yield h.simulation.configuration.heartbeatInterval + 20
    const { log, matchIndex, pipelined } = stateOf(h, leader)
    h.expect(pipelined.includes(follower) && matchIndex[follower] === lastIndex(log), "it has all, and is streamed to")
  }),

  scenario("E-24", "replicate_pause: a full window pauses what is sent; the next heartbeat that gets through resumes it", 3, function*(h) {
    const leader = yield* h.checkOneLeader()
    yield* h.one("x", 3)
    const follower = h.after(leader)
    h.disconnect(follower)
    const before = sentTo(h, follower, "AppendEntriesRequest")
    for (let n = 0; n < 20; n++) h.start(leader, `${n}`)
    const ahead = sentTo(h, follower, "AppendEntriesRequest") - before
    h.expect(ahead === 3, `three batches of one entry ahead of answers, not ${ahead}`)
    yield 50
    h.connect(follower)
    yield* h.one("y", 3)
  }, { settings: { ...neither, maxInflight: 3, maxBatchBytes: 1 } }),

  scenario("E-25", "single_node: one server elects itself and commits alone", 1, function*(h) {
    const leader = yield* h.checkOneLeader()
    h.expect((yield* h.one("x", 1, false)) === 1, "it commits")
    h.expect(h.requests() === 0, "it asks nobody")
    h.crash(leader)
    h.restart(leader)
    h.expect((yield* h.one("y", 1)) === 2, "it goes on where it was")
  }),

  scenario("E-26", "slow_follower_after_compaction: who is behind what the leader has compacted is sent the snapshot, then the log", 3, function*(h) {
    h.simulation.network.conditions = inOrder
    h.snapshotEvery = 10
    const leader = yield* h.checkOneLeader()
    const slow = h.after(leader)
    yield* h.one("x", 3)
    h.disconnect(slow)
    for (let n = 0; n < 25; n++) yield* h.one(`${n}`, 2)
    h.connect(slow)
    yield* h.one("y", 3)
    const chunks = sentTo(h, slow, "InstallSnapshotRequest")
    h.expect(chunks > 0, "the snapshot was sent")
    const before = chunks
    for (let n = 0; n < 5; n++) yield* h.one(`after ${n}`, 3)
    h.expect(sentTo(h, slow, "InstallSnapshotRequest") === before, "and once it had it, only entries (D-23)")
    return `${chunks} InstallSnapshot`
  }, { settings: { maxInflight: 2 } }),

  scenario("E-37", "BoundedLogGrowthWithPartition: a leader that commits nothing takes only so much, says so, and takes more when healed", 3, function*(h) {
    const leader = yield* h.checkOneLeader()
    yield* h.one("x", 3)
    h.disconnect(h.after(leader), h.after(leader, 2))
    let taken = 0
    for (let n = 0; n < 100; n++) if (h.start(leader, "0123456789") !== undefined) taken++
    h.expect(taken > 0 && taken <= 30, `as many as fit, not ${taken}`)
    h.expect(h.leads(leader), "it refused as a leader that is busy")
    h.connect(...h.ids)
    yield* h.one("y", 3)
    h.expect(h.applied(taken + 2) === 3, "what it took is there")
    return `${taken} of 100 taken`
  }, { settings: { preVote: true, checkQuorum: false, maxUncommittedBytes: 300 } }),

  scenario("E-37", "SlowNodeRestore: a snapshot whose chunks are lost again and again arrives in the end", 3, function*(h) {
    h.snapshotEvery = 10
    const leader = yield* h.checkOneLeader()
    const slow = h.after(leader)
    h.crash(slow)
    for (let n = 0; n < 60; n++) yield* h.one(`command number ${n}, long enough for several pieces`, 2)
    h.simulation.network.conditions = { ...unreliable, requestLoss: 40, responseLoss: 40 }
    h.restart(slow)
    yield 5 * electionPatience
    h.crash(slow)
    h.restart(slow)
    h.simulation.network.conditions = unreliable
    yield* h.one("y", 3)
  }, { settings: { chunkSize: 1 } })
]
