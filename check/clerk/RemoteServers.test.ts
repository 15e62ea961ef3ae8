// Goal: a clerk's requests and their answers are the same over the network. Method: real connections to servers without
// Raft (RespCluster.ts), whose connections break and whose leader changes.
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import fc from "fast-check"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { empty, entries, tableOf } from "../../src/kv/Table.ts"
import { makeClerk } from "../../src/shell/Clerk.ts"
import type { Clerk } from "../../src/shell/Clerk.ts"
import { layerClerks } from "../../src/shell/Clerks.ts"
import { layer, layerBeside } from "../../src/shell/RemoteServers.ts"
import { Replica } from "../../src/shell/Replica.ts"
import { Gateway } from "../../src/shell/resp/Gateway.ts"
import { Servers } from "../../src/shell/Servers.ts"
import { certificates, hasOpenssl } from "../transport/certificates.ts"
import { RespCluster } from "./RespCluster.ts"

let cluster: RespCluster
beforeEach(async () => {
  cluster = await RespCluster.start()
})
afterEach(() => cluster.stop())

const host = "127.0.0.1"
/** All servers by their ids, or the first so many by their addresses. */
const byId = () => new Map(cluster.servers.map(({ id, port }) => [id, { host, port }]))
const byAddress = (count: number) => new Map(cluster.servers.slice(0, count).map(({ address, port }) => [address, { host, port }]))

const asking = <A>(servers: ReturnType<typeof byId>, work: (clerk: Clerk) => Effect.Effect<A, unknown, Servers>, patience = 5_000) =>
  makeClerk({ patience }).pipe(Effect.flatMap(work), Effect.provide(layer({ servers })), Effect.result, Effect.runPromise)

/** Any, other than halves of pairs: these are no text. */
const character = fc.nat(0x10ffff).filter((code) => code < 0xd800 || code > 0xdfff).map((code) => String.fromCodePoint(code))

const success = <A>(value: A) => ({ _tag: "Success", success: value })

describe("over the network", () => {
  test("every operation and every answer comes through, as text", async () => {
    expect(
      await asking(byId(), (c) =>
        Effect.all([
          c.get("ключ"),
          c.cas("ключ", null, "a"),
          c.cas("ключ", null, "b"),
          c.cas("ключ", "a", "ü\r\n"),
          c.append("ключ", "€\0"),
          c.get("ключ"),
          c.put("", ""),
          c.get(""),
          c.delete(""),
          c.delete("")
        ]))
    ).toMatchObject(success([null, true, false, true, undefined, "ü\r\n€\0", undefined, "", true, false]))
    // Servers have bytes.
    expect(entries(cluster.kv.data)).toEqual([[Buffer.from("ключ").toString("latin1"), Buffer.from("ü\r\n€\0").toString("latin1")]])
  })

  test("any text comes back as it was", async () => {
    await asking(byId(), (c) =>
      Effect.promise(() =>
        fc.assert(fc.asyncProperty(fc.string({ unit: character }), async (text) => {
          expect(await Effect.runPromise(Effect.andThen(c.put(text, text), c.get(text)))).toBe(text)
        }), { numRuns: 100 })
      )).then((result) => expect(result).toMatchObject({ _tag: "Success" }))
  })

  test("commands under way together share one connection, and are one window", async () => {
    const keys = Array.from({ length: 300 }, (_, n) => `k${n}`)
    expect(await asking(byId(), (c) => Effect.forEach(keys, (key) => c.put(key, key), { concurrency: 300, discard: true }))).toMatchObject(success(undefined))
    expect(entries(cluster.kv.data).map(([key]) => key).sort()).toEqual(keys.sort())
    expect(cluster.kv.sessions.size).toBe(1)
  })

  test("an answer lost with its connection: asked again on a new one, and done once", async () => {
    expect(
      await asking(byId(), (c) =>
        Effect.gen(function*() {
          yield* c.put("k", "a")
          cluster.servers[0]!.next = "lose"
          yield* c.append("k", "b")
          return yield* c.get("k")
        }))
    ).toMatchObject(success("ab"))
  })

  test("a leader that is gone: the next one is found", async () => {
    expect(
      await asking(byId(), (c) =>
        Effect.gen(function*() {
          yield* c.put("k", "a")
          cluster.leader = "s3"
          yield* Effect.promise(() => cluster.servers[0]!.stop())
          yield* c.append("k", "b")
          return yield* c.get("k")
        }))
    ).toMatchObject(success("ab"))
  })

  test("by address: hints lead to servers that weren't named, and those are asked from then on", async () => {
    cluster.leader = "s2"
    expect(
      await asking(byAddress(1), (c) =>
        Effect.gen(function*() {
          yield* c.put("k", "a")
          cluster.leader = "s3"
          yield* c.append("k", "b")
          yield* Effect.promise(() => cluster.servers[0]!.stop())
          cluster.leader = "s2"
          yield* c.append("k", "c")
          return [yield* c.get("k"), (yield* Servers).ids]
        }))
    ).toMatchObject(success(["abc", cluster.servers.map(({ address }) => address).sort((a, b) => a === cluster.servers[0]!.address ? -1 : a < b ? 0 : 0)]))
  })

  test("nobody there: not done, and says why", async () => {
    await cluster.stop()
    expect(await asking(byId(), (c) => c.put("k", "a"), 200)).toMatchObject({
      failure: { _tag: "Unavailable", message: expect.stringMatching(/^not done: s[123]: connection refused$/) }
    })
  })

  test("refused: not done, at once; busy or full: later or elsewhere", async () => {
    const limit = "ERR the value is longer than 8388608 bytes"
    expect(
      await asking(byId(), (c) =>
        Effect.gen(function*() {
          yield* c.get("k")
          for (const later of ["BUSY too much is under way", "ERR max number of clients reached"]) {
            cluster.servers[0]!.next = { error: later }
            yield* c.append("k", "a")
          }
          cluster.servers[0]!.next = { error: limit }
          return [yield* Effect.flip(c.append("k", "a")), yield* c.get("k")]
        }))
    ).toMatchObject(success([{ _tag: "Unavailable", message: `not done: s1: ${limit}` }, "aa"]))
  })

  test("a session that has expired is told from one that has not", async () => {
    expect(
      await asking(byId(), (c) =>
        Effect.gen(function*() {
          yield* c.get("k")
          cluster.kv = { ...cluster.kv, sessions: empty }
          yield* c.append("k", "a")
          cluster.kv = { ...cluster.kv, sessions: empty }
          cluster.leader = "s2"
          return [yield* Effect.flip(c.append("k", "b")), yield* c.get("k")]
        }))
    ).toMatchObject(success([{ _tag: "SessionExpired" }, "a"]))
  })
})

describe.skipIf(!hasOpenssl)("over TLS (needs the openssl command, version 3)", () => {
  test("servers are who their certificates say, by id; who has none is told nothing", async () => {
    const { ann, s1, s2, s3 } = certificates(["ann", "s1", "s2", "s3"])
    await cluster.stop()
    const secured = (mine: typeof ann | undefined, servers: ReturnType<typeof byId>) =>
      makeClerk({ patience: 1_000 }).pipe(
        Effect.flatMap((c) => Effect.andThen(c.append("k", "a"), c.get("k"))),
        Effect.provide(layer({ servers, certificates: mine })),
        Effect.result,
        Effect.runPromise
      )
    cluster = await RespCluster.start([s1, s2, s3])
    expect(await secured(ann, byId())).toMatchObject(success("a"))
    // An address isn't the name of anybody: the authority's signature has to do.
    expect(await secured(ann, byAddress(1))).toMatchObject(success("aa"))
    expect(await secured(undefined, byId())).toMatchObject({ failure: { _tag: "Unavailable" } })
    expect(await secured(certificates(["ann"]).ann, byId())).toMatchObject({ failure: { _tag: "Unavailable" } })
    await cluster.stop()
    cluster = await RespCluster.start([s2, s3, s1])
    expect(await secured(ann, byId())).toMatchObject({
      failure: { _tag: "Unavailable", reason: expect.stringMatching(/s[123]/) }
    })
    expect(cluster.asked).toEqual([])
  }, 20_000)
})

describe("beside a replica", () => {
  /** s1's own replica, of which only `ask` is needed. */
  const replica = (asked: Array<string>) =>
    Layer.mock(Replica)({
      id: "s1",
      ask: (request) =>
        Effect.sync(() => {
          asked.push(request.type)
          return { type: "notLeader", leader: "s2" } as const
        })
    })

  test("it is asked first, then whom it names; bytes stay as they are", async () => {
    cluster.leader = "s2"
    const asked: Array<string> = []
    const bytes = Array.from({ length: 256 }, (_, n) => String.fromCharCode(n)).join("")
    const pool = layerClerks("s1").pipe(Layer.provide(layerBeside({ servers: byId() })), Layer.provide(replica(asked)))
    const [, got] = await Effect.runPromise(
      Gateway.use((clerks) => Effect.all([clerks.execute({ op: "put", key: bytes, value: bytes }), clerks.execute({ op: "get", key: bytes })])).pipe(Effect.provide(pool))
    )
    expect([got, asked, cluster.kv.data]).toEqual([bytes, ["open"], tableOf([[bytes, bytes]])])
    expect(cluster.asked.every(([id]) => id === "s2")).toBe(true)
  })
})
