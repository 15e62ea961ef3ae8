/**
 * The replicated state machine of the MIT labs (4A of 2025): a counter, on three servers. Ours is a key that each
 * increment makes longer by a character; what it says is read afterwards, since an Append answers nothing.
 */
import * as Effect from "effect/Effect"
import { valueOf } from "../../src/kv/Map.ts"
import { logSize } from "../../src/shell/Compaction.ts"
import type { ServerId } from "../../src/raft/Server.ts"
import type { Lab } from "./Lab.ts"
import { service } from "./Service.ts"
import type { Client, Service } from "./Service.ts"

const counter = "counter"

const increment = (client: Client) => client.append(counter, "+")

const read = (client: Client) => Effect.map(client.get(counter), (value) => value?.length ?? 0)

/** How far the machine of a server has counted. */
const counted = (s: Service, id: ServerId): number => valueOf(s.world.observed.machine(id).data, counter)?.length ?? 0

/** Waits until so many servers have counted so far, a second at most. */
const reaches = Effect.fnUntraced(function*(s: Service, count: number, servers = s.ids.length) {
  const have = () => s.ids.filter((id) => counted(s, id) === count).length
  yield* Effect.timeoutOption(s.world.until(() => have() >= servers), 1000)
  const all = s.ids.map((id) => counted(s, id)).join(", ")
  s.expect(have() >= servers, `${servers} servers have counted to ${count}, not ${all}`)
})

export const machines: ReadonlyArray<Lab> = [
  service("SM-1", "Basic: the i-th increment makes it i, on all servers", 3, function*(s) {
    const client = yield* s.client()
    for (let i = 1; i <= 10; i++) {
      yield* increment(client)
      s.expect((yield* read(client)) === i, `it is ${i}`)
      yield* reaches(s, i)
    }
  }),

  service("SM-2", "Concurrent: 50 increments at once make it 50, on all servers", 3, function*(s) {
    const client = yield* s.client()
    yield* Effect.all(Array.from({ length: 50 }, () => increment(client)), { concurrency: "unbounded" })
    s.expect((yield* read(client)) === 50, "it is 50")
    yield* reaches(s, 50)
  }),

  service("SM-3", "LeaderFailure: two servers count on without their leader, which has the count when it is back", 3, function*(s) {
    const client = yield* s.client()
    yield* increment(client)
    const leader = yield* s.world.leader
    s.world.disconnect(leader)
    yield* increment(client)
    yield* reaches(s, 2, 2)
    s.expect(counted(s, leader) === 1, "the leader that is cut off doesn't count")
    s.world.connect(leader)
    yield* increment(client)
    yield* reaches(s, 3)
  }),

  service("SM-5", "RestartReplay: after 100 increments all are down for a second, and go on with 101", 3, function*(s) {
    const client = yield* s.client()
    for (let i = 0; i < 100; i++) yield* increment(client)
    s.crash(...s.ids)
    yield* Effect.sleep(1000)
    s.start(...s.ids)
    yield* increment(client)
    s.expect((yield* read(client)) === 101, "it is 101")
    yield* reaches(s, 101)
  }),

  service("SM-6", "Shutdown: of 100 increments at once, when all servers are killed, each ends within 11 s", 3, function*(s) {
    yield* s.world.leader
    const clients = yield* s.clients(100, { patience: 10_000 })
    const start = s.world.simulator.now
    const all = yield* Effect.forkChild(
      Effect.forEach(clients, (client) => Effect.exit(increment(client)), { concurrency: "unbounded" })
    )
    yield* Effect.sleep(20)
    for (const id of s.ids) s.world.crash(id, "kill")
    yield* s.world.until(() => all.pollUnsafe() !== undefined || s.world.simulator.now > start + 11_000)
    s.expect(all.pollUnsafe() !== undefined, "all have ended within 11 s")
    return `${((s.world.simulator.now - start) / 1000).toFixed(1)} s`
  }),

  service("SM-8", "Snapshot: with snapshots every 1,000 B logs are at most 2,000 B, and 101 is counted after a restart", 3, function*(s) {
    // In the measure of what is set.
    s.watch("the log measures at most 2,000 B", (id) => logSize(s.world.server(id).log) <= 2000)
    const client = yield* s.client()
    for (let i = 0; i < 100; i++) yield* increment(client)
    s.expect(s.ids.every((id) => s.snapshotBytes(id) > 0), "all servers have taken snapshots")
    s.crash(...s.ids)
    s.start(...s.ids)
    yield* increment(client)
    s.expect((yield* read(client)) === 101, "it is 101")
    yield* reaches(s, 101)
  }, { configuration: (usual) => ({ ...usual, maxRaftStateBytes: 1000 }) })
]
