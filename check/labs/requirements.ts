/** What the labs' handouts ask for, and classic pitfalls, as far as only a running cluster can show them. */
import { lastIndex, sizeOf } from "../../src/raft/Server.ts"
import { electionPatience, Failure } from "../simulator/Harness.ts"
import type { Harness } from "../simulator/Harness.ts"
import type { Process } from "../simulator/Clock.ts"
import { unreliable } from "../simulator/Network.ts"
import type { Lab } from "./Lab.ts"
import { scenario } from "./Lab.ts"

/** Milliseconds until somebody leads, of those connected. */
function* untilLeader(h: Harness): Process<number> {
  const { clock } = h.simulation
  const start = clock.now
  while (h.noLeader()) yield 1
  return clock.now - start
}

/** The median time until a command commits, of 21, in milliseconds. */
function* commitTime(h: Harness, name: string): Process<number> {
  const { clock } = h.simulation
  const leader = h.ids.find((id) => h.isConnected(id) && h.leads(id))!
  const times: Array<number> = []
  for (let n = 0; n < 21; n++) {
    const start = clock.now
    const started = h.start(leader, `${name} ${n}`)
    if (started === undefined) throw new Failure(`${leader} still leads`)
    while (h.applied(started.number) === 0) yield 0.1
    times.push(clock.now - start)
  }
  return times.toSorted((a, b) => a - b)[10]!
}

export const requirements: ReadonlyArray<Lab> = [
  scenario("HR-1", "a leader sends at most 10 heartbeats a second, the first when it wins; after a failure there is another within 5 s", 5, function*(h) {
    const { cluster } = h.simulation
    let slowest = 0
    for (let round = 0; round < 10; round++) {
      const leader = yield* h.checkOneLeader()
      const first = cluster.sent.find((m) => m.type === "AppendEntriesRequest" && m.term === h.term(leader))
      h.expect(first !== undefined && first.source === leader, "the leader spoke as soon as it had won")
      const before = cluster.sent.length
      yield 1000
      const heartbeats = cluster.sent.slice(before).filter((m) => m.type === "AppendEntriesRequest").length / 4
      h.expect(heartbeats <= 10, `at most 10 heartbeats to each follower in a second, not ${heartbeats}`)
      h.crash(leader)
      slowest = Math.max(slowest, yield* untilLeader(h))
      h.expect(slowest <= 5000, `a leader within 5 s, not ${slowest.toFixed(0)} ms`)
      h.restart(leader)
    }
    return `slowest election ${slowest.toFixed(0)} ms`
  }),

  scenario("HR-2", "PF-28: a submission returns at once, and nothing is sent, due or applied after a server was killed", 3, function*(h) {
    const leader = yield* h.checkOneLeader()
    const { clock, cluster } = h.simulation
    const now = clock.now
    h.expect(h.start(leader, "x") !== undefined && clock.now === now, "the leader takes it without waiting")
    h.crash(...h.ids)
    const sent = cluster.sent.length
    const servers = h.ids.map((id) => cluster.servers.get(id)!)
    yield 5 * electionPatience
    h.expect(cluster.sent.length === sent, "the dead send nothing")
    h.expect(h.ids.every((id, n) => cluster.servers.get(id) === servers[n]), "the dead take no step")
    h.restart(...h.ids)
    yield* h.one("y", 3)
  }),

  scenario("HR-5", "every server takes snapshots of its own and drops what they cover, leader or not, connected or not", 3, function*(h) {
    const { maxRaftStateBytes } = h.simulation.configuration
    for (let n = 0; n < 30; n++) yield* h.one(`${n}`, 3)
    const { cluster } = h.simulation
    for (const id of h.ids) {
      const { log } = cluster.servers.get(id)!
      const size = sizeOf(log, log.lastIncludedIndex + 1, lastIndex(log))
      h.expect(size < maxRaftStateBytes, `${id} keeps less than ${maxRaftStateBytes} B of what is applied, not ${size}`)
    }
    const covered = new Map(h.ids.map((id) => [id, 0]))
    h.watch("snapshots move forward", () =>
      h.ids.every((id) => {
        const { lastIncludedIndex } = cluster.servers.get(id)!.log
        const moved = lastIncludedIndex >= covered.get(id)!
        covered.set(id, lastIncludedIndex)
        return moved
      }))
    h.simulation.network.conditions = unreliable
    for (let round = 0; round < 5; round++) {
      const id = h.chance.pick(h.ids)
      h.disconnect(id)
      for (let n = 0; n < 12; n++) yield* h.one(`${round} ${n}`, 2)
      h.connect(id)
    }
  }, { configuration: (usual) => ({ ...usual, maxRaftStateBytes: 30 }) }),

  scenario("PF-26", "a peer that is down, or cut off, slows nobody else", 5, function*(h) {
    const leader = yield* h.checkOneLeader()
    const well = yield* commitTime(h, "well")
    h.crash(h.after(leader))
    h.disconnect(h.after(leader, 2))
    const without = yield* commitTime(h, "without")
    // The slower of two takes longer than the second of four, but nobody is waited for.
    h.expect(without < 2 * well, `commands commit in less than ${(2 * well).toFixed(1)} ms, not ${without.toFixed(1)}`)
    return `${well.toFixed(1)} ms, ${without.toFixed(1)} ms without two of five`
  }),

  scenario("D-30", "batches are sent ahead of their answers on a network that loses and reorders: no gap, nothing applied twice", 3, function*(h) {
    h.simulation.network.conditions = unreliable
    const sent: Array<string> = []
    for (let burst = 0; burst < 10; burst++) {
      const leader = yield* h.checkOneLeader()
      for (let n = 0; n < 20; n++) {
        if (h.start(leader, `${burst} ${n}`) !== undefined) sent.push(`${burst} ${n}`)
        yield h.chance.between(0, 2)
      }
      yield h.chance.between(0, 300)
    }
    yield* h.one("last", 3)
    for (const commands of h.machines.values()) {
      // In order, each at most once; what a deposed leader took may be missing.
      const places = commands.filter((command) => command !== "last").map((command) => sent.indexOf(command))
      h.expect(places.every((place, n) => place >= 0 && (n === 0 || places[n - 1]! < place)), "commands in order, none twice")
    }
    return `${sent.length} commands`
  }, { settings: { maxInflight: 8, maxBatchBytes: 10 } })
]
