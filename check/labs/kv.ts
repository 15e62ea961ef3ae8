/** The key-value suites of the MIT labs (3A and 3B; 4A and 4B; 4B and 4C), without and with snapshots. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Configuration } from "../../src/shell/Configuration.ts"
import type { Lab } from "./Lab.ts"
import { service, unreliable } from "./Service.ts"
import type { Service } from "./Service.ts"
import { generic } from "./workloads.ts"
import type { Generic } from "./workloads.ts"

/** A snapshot when the log measures so much. */
const maxRaftStateBytes = 1000

/** Logs on disk stay within eight times that, at every moment. */
const logLimit = 8 * maxRaftStateBytes

/** A heartbeat's time for three operations. */
const speedLimit = 100 / 3

/** With one key a snapshot is no more than this. */
const snapshotLimit = 500

const compacting = { configuration: (usual: Configuration): Configuration => ({ ...usual, maxRaftStateBytes }) }

const watchLogs = (s: Service): void =>
  s.watch(`logs on disk are at most ${logLimit} B`, (id) => s.logBytes(id) <= logLimit)

interface Row extends Generic {
  readonly snapshots?: boolean
  readonly unreliable?: boolean
}

const row = (
  id: string,
  name: string,
  servers: number,
  { snapshots = false, unreliable: lossy = false, ...how }: Row
): Lab =>
  service(id, name, servers, function*(s) {
    if (lossy) s.world.network.conditions = unreliable
    if (snapshots) watchLogs(s)
    else s.watch("nobody takes a snapshot", (server) => s.snapshotBytes(server) === 0)
    return yield* generic(s, how)
  }, snapshots ? compacting : {})

/** 1,000 operations, one after the other. */
function* speed(s: Service): Effect.fn.Return<string, unknown> {
  const client = yield* s.client()
  yield* client.get("x")
  const start = s.world.simulator.now
  let written = ""
  for (let n = 0; n < 1000; n++) {
    yield* client.append("x", `x 0 ${n} y`)
    written += `x 0 ${n} y`
  }
  const each = (s.world.simulator.now - start) / 1000
  s.expect((yield* client.get("x")) === written, "all appends are there, once and in order")
  s.expect(each <= speedLimit, `an operation takes at most ${speedLimit.toFixed(1)} ms, not ${each.toFixed(1)}`)
  return `${each.toFixed(1)} ms an operation`
}

/** Short iterations do where nothing goes wrong. Milliseconds, as all of these. */
const calm = { lasts: 1000 }
const lossy = { lasts: 4000, unreliable: true }
/** A second of quiet, and some partitions. Clients think, so that time passes and not only operations. */
const divided = { lasts: 4000, pause: 100, partitions: true }

export const kvService: ReadonlyArray<Lab> = [
  row("KA-1", "Basic: one client reads what it appends", 5, { ...calm, clients: 1 }),

  service("KA-2", "Speed: 1,000 operations of one client take at most 33.3 ms each", 3, speed),

  row("KA-3", "Concurrent: five clients, each append once and in order", 5, { ...calm, clients: 5 }),

  row("KA-4", "Unreliable: so it is where messages are lost, repeated and overtaken", 5, { ...lossy, clients: 5 }),

  service("KA-6", "W-4: OnePartition: the majority goes on, the minority waits, and ends soon after both meet again", 5, function*(s) {
    if (s.chance.percent(50)) s.world.network.conditions = { ...unreliable, lossPercent: 0 }
    const [first, majority, putter, getter] = yield* s.clients(4)
    yield* first!.put("1", "13")
    const leader = yield* s.world.leader
    const [a, b, ...others] = [0, 1, 2, 3, 4].map((nth) => s.after(leader, nth))
    const minority = [a!, b!]
    s.divide(minority, others)
    s.keepFrom([majority!], minority)
    s.keepFrom([putter!, getter!], others)

    yield* majority!.put("1", "14")
    s.expect((yield* majority!.get("1")) === "14", "the majority reads 14")
    const put = yield* Effect.forkChild(putter!.put("1", "15"))
    const get = yield* Effect.forkChild(getter!.get("1"))
    yield* Effect.sleep(1000)
    s.expect(put.pollUnsafe() === undefined && get.pollUnsafe() === undefined, "the minority answers nothing")
    s.expect((yield* majority!.get("1")) === "14", "the majority still reads 14")
    yield* majority!.put("1", "16")
    s.expect((yield* majority!.get("1")) === "16", "the majority reads 16")

    s.heal()
    yield* Effect.sleep(1000)
    const inTime = <A>(fiber: Fiber.Fiber<A, unknown>, what: string) =>
      Effect.timeoutOrElse(Fiber.join(fiber), {
        duration: 3000,
        orElse: () => Effect.sync(() => s.expect(false, `the ${what} ends within 3 s`))
      })
    yield* inTime(put, "put of the minority")
    const found = yield* inTime(get, "get of the minority")
    s.expect(found === "15" || found === "16", `the get of the minority reads what is there by now, not ${found}`)
    s.expect((yield* first!.get("1")) === "15", "15 is there in the end")
  }),

  row("KA-7", "ManyPartitionsOneClient", 5, { ...divided, clients: 1 }),

  row("KA-8", "ManyPartitionsManyClients", 5, { ...divided, clients: 5 }),

  row("KA-9", "PersistOneClient: all servers lose power, and nothing is lost", 5, { ...calm, clients: 1, crash: true }),

  row("KA-10", "PersistConcurrent: nor of five clients", 5, { ...calm, clients: 5, crash: true }),

  row("KA-11", "PersistConcurrentUnreliable: nor on a network that loses", 5, { ...lossy, clients: 5, crash: true }),

  row("KA-12", "PersistPartition: nor after partitions", 5, { ...divided, clients: 5, crash: true }),

  service("KB-1", "SnapshotRPC: a server that was silent catches up by a snapshot, and the log didn't wait for it", 3, function*(s) {
    watchLogs(s)
    const [setup, one, two] = yield* s.clients(3)
    yield* setup!.put("a", "A")
    const [s1, s2, s3] = s.ids as readonly [string, string, string]

    s.divide([s1, s2], [s3])
    s.keepFrom([one!], [s3])
    for (let n = 0; n < 50; n++) yield* one!.put(`${n}`, `${n}`)
    yield* Effect.sleep(1000)
    yield* one!.put("b", "B")

    s.divide([s1, s3], [s2])
    s.keepFrom([two!], [s2])
    yield* two!.put("c", "C")
    yield* two!.put("d", "D")
    for (const [key, value] of [["a", "A"], ["b", "B"], ["1", "1"], ["49", "49"]] as const) {
      s.expect((yield* two!.get(key)) === value, `${key} is ${value}`)
    }
    const wasSent = s.world.observed.sent.some(({ dest, type }) => type === "InstallSnapshotRequest" && dest === s3)
    s.expect(wasSent, `${s3} was sent a snapshot`)

    s.heal()
    yield* setup!.put("e", "E")
    for (const [key, value] of [["c", "C"], ["e", "E"], ["1", "1"]] as const) {
      s.expect((yield* setup!.get(key)) === value, `${key} is ${value}`)
    }
  }, compacting),

  service("KB-2", "SnapshotSize: after 800 operations on one key logs are at most 8,000 B, snapshots 500 B", 3, function*(s) {
    watchLogs(s)
    const client = yield* s.client()
    for (let n = 0; n < 200; n++) {
      yield* client.put("x", "0")
      s.expect((yield* client.get("x")) === "0", "x is 0")
      yield* client.put("x", "1")
      s.expect((yield* client.get("x")) === "1", "x is 1")
    }
    const sizes = s.ids.map((id) => s.snapshotBytes(id))
    const small = sizes.every((size) => size > 0 && size <= snapshotLimit)
    s.expect(small, `snapshots of at most ${snapshotLimit} B, not ${sizes.join(", ")}`)
    return `snapshots of ${Math.max(...sizes)} B`
  }, compacting),

  service("KB-3", "Speed with snapshots: 1,000 operations take at most 33.3 ms each", 3, speed, compacting),

  row("KB-4", "SnapshotRecover: all lose power, and go on from snapshots", 5, {
    ...calm,
    clients: 1,
    crash: true,
    snapshots: true
  }),

  row("KB-5", "SnapshotRecoverManyClients: twenty clients", 5, {
    ...calm,
    clients: 20,
    pause: 50,
    crash: true,
    snapshots: true
  }),

  row("KB-6", "SnapshotUnreliable: on a network that loses", 5, { ...lossy, clients: 5, snapshots: true }),

  row("KB-7", "SnapshotUnreliableRecover: and with power cuts", 5, {
    ...lossy,
    clients: 5,
    crash: true,
    snapshots: true
  }),

  row("KB-8", "SnapshotUnreliableRecoverConcurrentPartition: all of it", 5, {
    ...divided,
    clients: 5,
    crash: true,
    snapshots: true,
    unreliable: true
  })
]
