/** The MIT labs' single server (lab 2) with its clients and locks: a cluster of one. */
import * as Effect from "effect/Effect"
import type { ClerkError } from "../../src/shell/Clerk.ts"
import type { Lab } from "./Lab.ts"
import { Lock } from "./Lock.ts"
import { service, unreliable } from "./Service.ts"
import type { Client, Service } from "./Service.ts"
import { getVersioned, putVersioned } from "./Versioned.ts"
import { begin, generic } from "./workloads.ts"

const MiB = 2 ** 20
const large = 10 * MiB

/** What the one server's store measures, once all is applied. */
const stored = (s: Service): Effect.Effect<number> => Effect.map(s.settled, () => s.stateBytes(s.ids[0]!))

/** Clients that come, do one thing, and are silent; how much each has the server remember, in bytes. */
function* manyClients(
  s: Service,
  count: number,
  one: (client: Client) => Effect.Effect<unknown, ClerkError>
): Effect.fn.Return<{ readonly each: number; readonly expired: number }, ClerkError> {
  const timeout = 10_000
  const first = yield* s.client()
  yield* first.put("k", "v")
  const before = yield* stored(s)
  for (let n = 0; n < count; n++) yield* one(yield* s.client({ sessionTimeout: timeout }))
  const each = ((yield* stored(s)) - before) / count
  yield* Effect.sleep(timeout + 1000)
  // Time passes with the log.
  yield* first.put("k", "v")
  return { each, expired: ((yield* stored(s)) - before) / count }
}

const clientLimit = 200
const silentLimit = 10

/** Each client takes the lock for a while, again and again; nobody else must be inside meanwhile. */
function* guarded(s: Service, count: number, lasts = 2000, patience?: number): Effect.fn.Return<string, ClerkError> {
  const clients = yield* s.clients(count, patience === undefined ? {} : { patience })
  const guard = "guard"
  let inside = 0
  let times = 0
  const work = yield* begin((over) =>
    Effect.forEach(clients, (client) =>
      Effect.gen(function*() {
        const lock = new Lock(client, "l")
        const witness = yield* s.client()
        while (!over()) {
          yield* lock.acquire
          s.expect(++inside === 1, "one holds the lock")
          const found = yield* witness.get(guard)
          s.expect(found === null || found === "", `nobody else is inside, not ${found}`)
          yield* witness.put(guard, client.address)
          yield* Effect.sleep(10)
          yield* witness.put(guard, "")
          inside--
          times++
          yield* lock.release
        }
      }), { concurrency: "unbounded", discard: true })
  )
  yield* Effect.sleep(lasts)
  yield* work.end
  s.expect(times >= count, "everybody has had the lock")
  return `held ${times} times`
}

export const single: ReadonlyArray<Lab> = [
  service("KS-1", "Basic2: one client reads what it appends", 1, function*(s) {
    return yield* generic(s, { clients: 1, lasts: 500 })
  }),

  service("KS-2", "Concurrent2: five clients, each append once and in order", 1, function*(s) {
    return yield* generic(s, { clients: 5, lasts: 300 })
  }),

  service("KS-3", "Unreliable2: so it is where requests and answers are lost and repeated", 1, function*(s) {
    s.world.network.conditions = unreliable
    return yield* generic(s, { clients: 5, lasts: 2000 })
  }),

  service("KS-5", "MemGet2, MemPut2, MemAppend2: of values of 10 MiB only those that are there are kept", 1, function*(s) {
    const [a, b] = yield* s.clients(2)
    const value = "v".repeat(large)
    yield* a!.put("k", value)
    s.expect((yield* a!.get("k"))?.length === large && (yield* b!.get("k"))?.length === large, "both read it")
    yield* a!.put("k", "0")
    // A client may ask for its last answer again, until it goes on.
    yield* b!.get("k")
    const afterGet = yield* stored(s)
    s.expect(afterGet < large, `less than 10 MiB are kept of what was read and overwritten, not ${afterGet} B`)
    yield* a!.put("k", value)
    yield* b!.put("k", "")
    const afterPut = yield* stored(s)
    s.expect(afterPut < large, `less than 10 MiB are kept of what was overwritten, not ${afterPut} B`)
    yield* a!.append("k", value)
    yield* b!.append("k", value)
    const afterAppend = yield* stored(s)
    s.expect(afterAppend <= 3 * large, `at most 30 MiB are kept of two appends of 10 MiB, not ${afterAppend} B`)
    return `${afterGet} B, ${afterPut} B, ${(afterAppend / MiB).toFixed(1)} MiB`
  }),

  service("KS-6", "MemPutManyClients, MemGetManyClients, MemManyAppends: a client costs at most 200 B, and less than 10 B once its session has expired", 1, function*(s) {
    const puts = yield* manyClients(s, 300, (client) => client.put("k", "v"))
    s.expect(puts.each <= clientLimit, `a client that puts costs at most ${clientLimit} B, not ${puts.each}`)
    s.expect(puts.expired < silentLimit, `and less than ${silentLimit} B in the end, not ${puts.expired}`)
    const gets = yield* manyClients(s, 300, (client) => client.get("k"))
    s.expect(gets.each <= clientLimit, `a client that gets costs at most ${clientLimit} B, not ${gets.each}`)
    s.expect(gets.expired < silentLimit, `and less than ${silentLimit} B in the end, not ${gets.expired}`)
    const client = yield* s.client()
    for (let n = 0; n < 1000; n++) yield* client.append("a", `${n % 10}`.repeat(1000))
    const appended = yield* stored(s)
    s.expect(appended < 3_000_000, `1,000 appends of 1,000 B keep less than 3 MB, not ${appended} B`)
    return `${puts.each.toFixed(0)} B, ${gets.each.toFixed(0)} B, ${(appended / 1e6).toFixed(1)} MB`
  }),

  service("KV1-1", "ReliablePut: a put names the version that it replaces", 1, function*(s) {
    const client = yield* s.client()
    s.expect((yield* putVersioned(client, "k", "6.5840", 0)) === "OK", "a first put is done")
    const found = yield* getVersioned(client, "k")
    s.expect(found !== "NoKey" && found.value === "6.5840" && found.version === 1, "the value is there, in version 1")
    s.expect((yield* putVersioned(client, "k", "6.5840", 0)) === "Version", "a second put of version 0 is refused")
    s.expect((yield* putVersioned(client, "k", "6.5840", 5)) === "Version", "and one of a version that isn't there yet")
    s.expect((yield* putVersioned(client, "y", "6.5840", 1)) === "NoKey", "a put of version 1 needs a key")
    s.expect((yield* getVersioned(client, "y")) === "NoKey", "which is still absent")
  }),

  service("KV1-2", "PutConcurrentReliable: of ten clients that race, each put that is done raises the version by one", 1, function*(s) {
    const clients = yield* s.clients(10)
    let done = 0
    const race = yield* begin((over) =>
      Effect.forEach(clients, (client) =>
        Effect.gen(function*() {
          for (let version = 0; !over();) {
            const answer = yield* putVersioned(client, "k", client.address, version)
            s.expect(answer === "OK" || answer === "Version", `a put is done or refused here, not ${answer}`)
            if (answer === "OK") done++
            const found = yield* getVersioned(client, "k")
            version = found === "NoKey" ? 0 : found.version
          }
        }), { concurrency: "unbounded", discard: true })
    )
    yield* Effect.sleep(1000)
    yield* race.end
    const last = yield* getVersioned(clients[0]!, "k")
    s.expect(last !== "NoKey" && last.version === done, `the version is the number of puts done, ${done}`)
    return `${done} puts done`
  }),

  service("KV1-3", "MemPutManyClients: a client that is gone leaves at most 10 B", 1, function*(s) {
    const { expired } = yield* manyClients(s, 300, (client) => putVersioned(client, client.address, "v", 0))
    // The keys stay, of course: KEY and "1 v", with their punctuation.
    const keys = JSON.stringify(Array.from({ length: 300 }, (_, n) => [`c${n + 2}`, "1 v"])).length / 300
    s.expect(expired - keys <= silentLimit, `at most ${silentLimit} B, not ${expired - keys}`)
    return `${(expired - keys).toFixed(1)} B`
  }),

  service("LK-1", "lock Basic: it is taken and freed", 1, function*(s) {
    const lock = new Lock(yield* s.client(), "l")
    yield* lock.acquire
    yield* lock.release
  }),

  service("LK-2", "lock Nested: two locks, of two clients, in any order", 1, function*(s) {
    const [one, other] = yield* s.clients(2)
    const [a, b] = [new Lock(one!, "a"), new Lock(other!, "b")]
    for (const each of [[a, b, b, a], [a, b, a, b], [b, a, b, a]]) {
      yield* each[0]!.acquire
      yield* each[1]!.acquire
      yield* each[2]!.release
      yield* each[3]!.release
    }
  }),

  service("LK-3", "OneClientReliable: a lock taken and freed for 2 s", 1, (s) => guarded(s, 1)),

  service("LK-4", "ManyClientsReliable: ten clients, and one holds it at a time", 1, (s) => guarded(s, 10)),

  service("LK-5", "OneClientUnreliable: who doesn't know whether he has it looks again", 1, function*(s) {
    s.world.network.conditions = { ...unreliable, lossPercent: 20 }
    const measured = yield* guarded(s, 1, 15_000, 80)
    const maybes = s.history.filter(({ op, return: returned }) => op === "cas" && returned === null).length
    s.expect(maybes > 0, "some answers were never heard")
    return `${measured}, ${maybes} times it wasn't known`
  })
]
