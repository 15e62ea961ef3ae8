// Goal: over real sockets, messages get through, and nothing that comes in does harm. Method: transports of this
// machine, and raw sockets that say what no transport would.
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as net from "node:net"
import { afterEach, describe, expect, test, vi } from "vitest"
import type { ServerId } from "../../src/raft/Server.ts"
import { frame, longestFrame } from "../../src/shell/transport/Frames.ts"
import { encodeHello, protocolVersion, welcome } from "../../src/shell/transport/Handshake.ts"
import { whileAway, whileConnected } from "../../src/shell/transport/Outbox.ts"
import { encodeParcels } from "../../src/shell/transport/Parcels.ts"
import { layerTcp, type TcpOptions } from "../../src/shell/transport/Tcp.ts"
import { freePorts } from "../freePorts.ts"
import { append, optionsFor, Raw, type Running, start as startOne, until, vote } from "./transports.ts"

// Silence is noticed after seconds only, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

const running = new Set<Running>()
const raws = new Set<Raw>()
const listeners = new Set<net.Server>()

const start = async (options: TcpOptions, how?: Parameters<typeof startOne>[1]) => {
  const one = await startOne(options, how)
  running.add(one)
  return one
}
const stop = async (one: Running) => {
  running.delete(one)
  await one.close()
}
const raw = (port: number) => {
  const one = new Raw(port)
  raws.add(one)
  return one
}
afterEach(async () => {
  for (const { socket } of raws) socket.destroy()
  for (const one of running) await stop(one)
  for (const listener of listeners) listener.close()
  for (const all of [raws, running, listeners]) all.clear()
})

const options = async (count: number) => optionsFor(await freePorts(count)) as ReadonlyArray<TcpOptions> & {
  readonly 0: TcpOptions
  readonly 1: TcpOptions
  readonly 2: TcpOptions
}
const moment = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const lines = (one: Running, part: string) => one.log.filter((line) => line.includes(part))
/** But that a peer isn't there. */
const warnings = (one: Running) => lines(one, "Warn: ").filter((line) => !line.includes("ECONNREFUSED"))
const connected = (a: Running, b: Running) =>
  until(`${a.id} is connected to ${b.id}`, () => a.counts(b.id).out.connected)

/** Messages go from one to the other. */
const flows = async (from: Running, to: Running) => {
  const number = 10 ** 6 + to.received.length
  const before = to.received.length
  await connected(from, to)
  from.send(vote(from.id, to.id, number))
  await until(`a message from ${from.id} to ${to.id}`, () =>
    to.received.slice(before).some((parcel) => parcel.number === number && parcel.message.source === from.id))
}

const hello = (source: ServerId, dest: ServerId, incarnation = "one", version = protocolVersion) =>
  frame(encodeHello({ version, cluster: "test", id: source, configuration: "alike", dest, incarnation }))

const isWelcome = (one: Raw) => until("the welcome", () => one.received.includes(welcome))

describe("delivery", () => {
  test("both ways between three", async () => {
    const all: Array<Running> = []
    for (const one of await options(3)) all.push(await start(one))
    for (const from of all) {
      for (const to of all) if (from !== to) for (let n = 1; n <= 50; n++) from.send(vote(from.id, to.id, n))
    }
    await until("all messages", () => all.every(({ received }) => received.length === 100))
    for (const to of all) {
      for (const from of all) {
        if (from === to) continue
        // In the order in which they were sent.
        const expected = Array.from({ length: 50 }, (_, n) => vote(from.id, to.id, n + 1))
        expect(to.received.filter(({ message }) => message.source === from.id)).toEqual(expected)
        expect(from.counts(to.id).out).toMatchObject({ connected: true, messages: 50, dropped: 0, waiting: 0 })
        expect(to.counts(from.id).in.messages).toBe(50)
      }
      expect(warnings(to)).toEqual([])
    }
  })

  test("of a message of many megabytes, and of those around it", async () => {
    const [o1, o2] = await options(2)
    const [s1, s2] = [await start(o1), await start(o2)]
    await connected(s1, s2)
    const parcels = [vote("s1", "s2", 1), append("s1", "s2", 2, 20 * 2 ** 20), vote("s1", "s2", 3)]
    s1.send(...parcels)
    await until("all of them", () => s2.received.length === 3)
    expect(s2.received).toEqual(parcels)
  })

  test("a message that no frame can hold is dropped, and said so", async () => {
    const [o1, o2] = await options(2)
    const [s1, s2] = [await start(o1), await start(o2)]
    await connected(s1, s2)
    const long = append("s1", "s2", 1, 1)
    // Each of its characters takes two bytes.
    const entries = [{ term: 3, type: "command", value: "€".repeat(longestFrame / 2) } as const]
    s1.send({ ...long, message: { ...long.message, entries } as typeof long.message })
    await flows(s1, s2)
    expect(s2.received).toHaveLength(1)
    expect(s1.counts("s2").out.dropped).toBe(1)
    expect(lines(s1, "longer than a frame may be")).toHaveLength(1)
  })
})

describe("a peer that is away", () => {
  test("is found again after its next start", async () => {
    const [o1, o2] = await options(2)
    const s1 = await start(o1)
    const first = await start(o2)
    await flows(s1, first)
    await stop(first)
    await until("it is missed", () => !s1.counts("s2").out.connected)
    for (let n = 1; n <= 1000; n++) s1.send(vote("s1", "s2", n))
    expect(s1.counts("s2").out.waiting).toBe(whileAway.messages)
    const second = await start(o2)
    await flows(s1, second)
    await flows(second, s1)
    expect(s1.counts("s2").out.connections).toBe(2)
    // One line for all attempts in between.
    expect(lines(s1, "s1 has no connection to s2").length).toBeLessThanOrEqual(2)
  })

  test("is told only the latest of what it missed", async () => {
    const [o1, o2] = await options(2)
    const s1 = await start(o1)
    for (let n = 1; n <= 5000; n++) s1.send(vote("s1", "s2", n))
    const { dropped, waiting } = s1.counts("s2").out
    expect({ dropped, waiting }).toEqual({ dropped: 5000 - whileAway.messages, waiting: whileAway.messages })
    const s2 = await start(o2)
    await until("the latest", () => s2.received.length === whileAway.messages)
    expect(s2.received.at(-1)!.number).toBe(5000)
  })

  test("and silent, though it takes connections, is given up, and harms nobody", async () => {
    const [o1, o2, o3] = await options(3)
    let taken = 0
    // As a process that was stopped: the system takes the connection, and bytes for a while.
    listeners.add(net.createServer((socket) => {
      taken++
      socket.on("error", () => {})
    }).listen(o2.listen))
    const [s1, s3] = [await start(o1), await start(o3)]
    for (let n = 1; n <= 100; n++) s1.send(append("s1", "s2", n, 10_000))
    await flows(s1, s3)
    await until("another attempt", () => taken >= 4)
    await flows(s3, s1)
    expect(lines(s1, "s1 has no connection to s2")).toEqual([expect.stringContaining("nothing heard for 3000 ms")])
    expect(s1.counts("s2").out.waiting).toBe(whileAway.messages)
  })

  test("that falls silent after its welcome, is dialled anew", async () => {
    const [o1, o2] = await options(2)
    let taken = 0
    listeners.add(net.createServer((socket) => {
      taken++
      socket.on("error", () => {})
      socket.once("data", () => socket.write(frame(welcome)))
    }).listen(o2.listen))
    const s1 = await start(o1)
    await until("a connection", () => s1.counts("s2").out.connected)
    await until("another one", () => s1.counts("s2").out.connections === 2)
    expect(taken).toBe(2)
    expect(warnings(s1).at(-1)).toContain("nothing heard for 3000 ms")
  })
})

describe("one line for a refusal on each side, however often it is tried:", () => {
  /** `s1` as it should be, and a dialler that it refuses. */
  const refused = async (change: (all: ReadonlyArray<TcpOptions>) => TcpOptions, reason: string) => {
    const all = await options(3)
    const s1 = await start(all[0])
    const other = await start(change(all))
    await moment(700)
    const said = `s1 refused a connection of "${other.id}" (127.0.0.1): ${reason}`
    expect(warnings(s1).filter((line) => line.includes(said))).toHaveLength(1)
    expect(lines(other, `${other.id} has no connection to`).filter((line) => line.includes(`refused: ${reason}`)))
      .toHaveLength(1)
    return { all, s1, other }
  }

  test("another cluster", async () => {
    await refused((all) => ({ ...all[1]!, cluster: "prod" }), `of cluster "prod", this is cluster "test"`)
  })

  test("an unknown server", async () => {
    await refused((all) => ({ ...all[1]!, id: "s9" }), `"s9" isn't a server of this cluster`)
  })

  test("one that looks for another server", async () => {
    const wrong = (all: ReadonlyArray<TcpOptions>) => new Map([["s3", all[0]!.listen]])
    await refused((all) => ({ ...all[1]!, peers: wrong(all) }), `looks for "s3", but this is s1`)
  })

  test("itself", async () => {
    const [o1] = await options(1)
    const s1 = await start({ ...o1, peers: new Map([["s2", o1.listen]]) })
    await moment(700)
    expect(lines(s1, `s1 refused a connection of "s1"`)).toHaveLength(1)
    expect(lines(s1, "s1 has no connection to s2")).toEqual([
      expect.stringContaining("says that it is s1, but this is s1")
    ])
  })

  test("another configuration; and when a person has mended it, it is let in", async () => {
    const { all, other, s1 } = await refused((all) => ({ ...all[1]!, configuration: "other" }), `configuration "other"`)
    await stop(other)
    const mended = await start(all[1]!)
    await flows(mended, s1)
  })

  test("another protocol version", async () => {
    const [o1] = await options(2)
    const s1 = await start(o1)
    for (let n = 0; n < 2; n++) {
      const one = raw(s1.port).say(hello("s2", "s1", "one", 7))
      await until("the end", () => one.closed)
      expect(one.received.toString()).toContain(`protocol version 7, here it is ${protocolVersion}`)
    }
    expect(warnings(s1)).toEqual([
      expect.stringContaining(`s1 refused a connection of "s2" (127.0.0.1): protocol version 7`)
    ])
  })
})

describe("a later start of a peer", () => {
  test("takes its place: what an earlier one still sends is lost, and it isn't let in again", async () => {
    const [o1] = await options(2)
    const s1 = await start(o1)
    const say = (number: number) => frame(encodeParcels([vote("s2", "s1", number)]))
    const first = raw(s1.port).say(hello("s2", "s1", "first"))
    await isWelcome(first)
    first.say(say(1))
    await until("its message", () => s1.received.length === 1)
    const second = raw(s1.port).say(hello("s2", "s1", "second"))
    await isWelcome(second)
    first.say(say(2))
    await until("the end of the first", () => first.closed)
    const again = raw(s1.port).say(hello("s2", "s1", "first"), say(3))
    await until("its refusal", () => again.closed)
    expect(again.received.toString()).toContain("a later start of s2 was here")
    second.say(say(4))
    await until("the message of the second", () => s1.received.length === 2)
    expect(s1.received.map(({ number }) => number)).toEqual([1, 4])
  })
})

describe("what isn't a message", () => {
  const good = frame(encodeParcels([vote("s2", "s1", 1)]))
  test.each<[string, ReadonlyArray<Uint8Array>, string]>([
    ["no JSON", [frame("hello")], "not JSON"],
    ["of another server", [frame(encodeParcels([vote("s3", "s1", 1)]))], "item 1 of 1"],
    ["to another server", [frame(encodeParcels([vote("s2", "s3", 1)]))], "item 1 of 1"],
    ["too long", [Buffer.from([4, 0, 0, 1])], `a frame of ${longestFrame + 1} bytes`],
    ["a greeting once more", [hello("s2", "s1")], "no parcels"]
  ])("%s: ends its connection with one line", async (_, bytes, reason) => {
    const [o1, , o3] = await options(3)
    const [s1, s3] = [await start(o1), await start(o3)]
    await flows(s3, s1)
    const before = s1.received.length
    const one = raw(s1.port).say(hello("s2", "s1"))
    await isWelcome(one)
    // In one piece, twice, and something good after it.
    one.say(Buffer.concat([...bytes, ...bytes, good]))
    await until("its end", () => one.closed)
    expect(lines(s1, "s1 dropped a connection of s2")).toEqual([expect.stringContaining(reason)])
    expect(s1.received).toHaveLength(before)
    await flows(s3, s1)
    expect(s3.counts("s1").out.connections).toBe(1)
  })

  test("from a stranger: ends its connection, and takes no memory", async () => {
    const [o1] = await options(2)
    const s1 = await start(o1)
    for (const bytes of [Buffer.from("GET / HTTP/1.1\r\n\r\n"), frame("x".repeat(5000)), frame("{}")]) {
      const one = raw(s1.port).say(bytes)
      await until("its end", () => one.closed)
    }
    expect(warnings(s1)).toEqual([
      expect.stringContaining("a frame of 1195725856 bytes, where at most 4096 are let in"),
      expect.stringContaining("a frame of 5000 bytes, where at most 4096 are let in"),
      expect.stringContaining("isn't this protocol")
    ])
  })

  test("nothing at all: ends its connection after a while", async () => {
    const [o1] = await options(2)
    const s1 = await start(o1)
    const one = raw(s1.port)
    await until("its end", () => one.closed)
    expect(warnings(s1)).toEqual([expect.stringContaining("s1 dropped a connection of 127.0.0.1: no word for 3000 ms")])
  })
})

describe("a peer that doesn't keep up", () => {
  test("costs a bounded amount of memory on both sides, and nobody else waits", async () => {
    const [o1, o2, o3] = await options(3)
    const [s1, s3] = [await start(o1), await start(o3)]
    const s2 = await start(o2, { taking: false })
    await connected(s1, s2)
    const bytes = 100_000
    for (let n = 1; n <= 3000; n++) {
      s1.send(append("s1", "s2", n, bytes))
      if (n % 50 === 0) await moment(1)
    }
    await flows(s1, s3)
    const { dropped, messages, waiting } = s1.counts("s2").out
    expect(messages + dropped + waiting).toBe(3000)
    expect(waiting * bytes).toBeLessThanOrEqual(whileConnected.bytes)
    expect(dropped).toBeGreaterThan(1000)
    // What was taken in: no more than the limit and what was under way in one piece.
    expect(s2.counts("s1").in.bytes).toBeLessThan(20 * 2 ** 20)
    // It is slow, not away.
    await moment(4000)
    expect(s1.counts("s2").out).toMatchObject({ connected: true, connections: 1 })
    s2.takeAll()
    await until("the latest", () => s2.received.at(-1)?.number === 3000)
    expect(s1.counts("s2").out.waiting).toBe(0)
  })
})

describe("a start fails", () => {
  const failure = (options: TcpOptions) => Effect.runPromise(Effect.flip(Effect.scoped(Layer.build(layerTcp(options)))))

  test("where another program listens", async () => {
    const [o1] = await options(2)
    await start(o1)
    expect(await failure(o1)).toMatchObject({
      _tag: "TransportError",
      kind: "inUse",
      message: `127.0.0.1:${o1.listen.port} is in use by another program`
    })
  })

  test("at an address that isn't ours", async () => {
    const [o1] = await options(2)
    // Kept for documentation: nobody has it.
    const error = await failure({ ...o1, listen: { host: "192.0.2.1", port: 0 }, insecure: true })
    expect(error).toMatchObject({ kind: "listen", message: expect.stringContaining("can't listen at 192.0.2.1:0: ") })
  })

  test.each(["0.0.0.0", "::", "192.0.2.1", "example.org"])("without TLS at %s", async (host) => {
    const [o1] = await options(2)
    const error = await failure({ ...o1, listen: { host, port: 0 } })
    expect(error).toMatchObject({ kind: "insecure", message: expect.stringContaining(`${host}:0 can be reached`) })
  })

  test("with TLS files that aren't", async () => {
    const [o1] = await options(2)
    const error = await failure({ ...o1, tls: { ca: "ca", cert: "cert", key: "key" } })
    expect(error).toMatchObject({ kind: "certificate", message: expect.stringMatching(/^TLS files: [^\n]+$/) })
  })
})

test("a close is prompt, and the port is free then", async () => {
  const [o1, o2] = await options(2)
  for (let round = 0; round < 3; round++) {
    const s1 = await start(o1)
    const idle = raw(s1.port)
    if (round === 1) await flows(await start(o2), s1)
    const before = performance.now()
    await stop(s1)
    expect(performance.now() - before).toBeLessThan(2000)
    await until("the idle one is closed", () => idle.closed)
  }
})
