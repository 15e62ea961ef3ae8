/** What the programs of this folder say is so: their load against servers that are made for it, and their judgement. */
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { once } from "node:events"
import { fdatasyncSync, openSync, rmSync, writeSync } from "node:fs"
import { createServer } from "node:net"
import type { AddressInfo, Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { CommandParser, ProtocolError } from "../../../src/shell/resp/Resp.ts"
import { Cluster } from "./Cluster.ts"
import type { Kind } from "./Cluster.ts"
import { flushesOf } from "./flushes.ts"
import { buildLoad, runLoad } from "./load.ts"
import { growth } from "./growth.ts"
import { chart, ticksAround, ticksTo } from "./plot.ts"
import { judge, planned } from "./rows.ts"
import { summary } from "./sides.ts"
import type { Figures } from "./sides.ts"
import { makeWriter } from "./Writer.ts"

const figures: Figures = {
  writesPerSecond: 1000,
  p50Ms: 1,
  p99Ms: 4,
  maxMs: 9,
  syncs: 2,
  flushes: 3,
  elections: 0,
  serversCpuUs: 100,
  loadCpuUs: 10
}
const [one, , sixtyFour, , everywhere] = planned

describe("a row's goal", () => {
  const missed = (plan = sixtyFour!, etcd: Partial<Figures> = {}, lockstep: Partial<Figures> = {}) =>
    judge(plan, { ...figures, ...etcd }, { ...figures, ...lockstep }).missed

  test("is a ratio and a p99 no worse, and each that falls short is told", () => {
    expect(missed(sixtyFour, {}, { writesPerSecond: 2000 })).toEqual([])
    expect(missed(sixtyFour, {}, { writesPerSecond: 1999 })).toEqual(["ratio"])
    expect(missed(sixtyFour, {}, { writesPerSecond: 2000, p99Ms: 4.01 })).toEqual(["p99"])
    expect(missed(one, {}, { writesPerSecond: 999, p99Ms: 5 })).toEqual(["ratio", "p99"])
  })
  test("with one client is also that each write is synced, by both, and that the disk has heard of it", () => {
    expect(missed(one)).toEqual([])
    expect(missed(one, {}, { syncs: 1.99 })).toEqual(["our syncs"])
    expect(missed(one, { flushes: 0.5 })).toEqual(["etcd's syncs"])
    expect(missed(one, { syncs: NaN })).toEqual(["etcd's syncs"])
    // Where nobody counts flushes, what the servers say has to do.
    expect(missed(one, { flushes: NaN }, { flushes: NaN })).toEqual([])
    expect(missed(sixtyFour, {}, { syncs: 0.1, flushes: 0.1, writesPerSecond: 2000 })).toEqual([])
  })
  test("isn't there for clients of all servers", () => {
    expect(missed(everywhere, {}, { writesPerSecond: 1 })).toBeUndefined()
  })
})

test("a summary has the median of each figure for itself, and all elections", () => {
  const some = [{ p50Ms: 1, p99Ms: 30 }, { p50Ms: 3, p99Ms: 10 }, { p50Ms: 2, p99Ms: 20 }]
  const runs = some.map((one) => ({ ...figures, ...one, elections: 1 }))
  expect(summary(runs)).toEqual({ ...figures, p50Ms: 2, p99Ms: 20, elections: 3 })
})

describe("memory", () => {
  const samples = (...values: ReadonlyArray<number>) => values.map((resident, at) => ({ at, resident, heap: 1 }))

  test("grows from the first third to the last of what comes after the first tenth", () => {
    expect(growth(samples(900, 10, 10, 10, 50, 50, 50, 11, 11, 11), "resident")).toBeCloseTo(1.1)
    expect(growth(samples(900, 10, 10, 10, 50, 50, 50, 11, 11, 11), "heap")).toBe(1)
  })
})

describe("a plot", () => {
  type Point = readonly [number, number]

  test("has ticks that enclose what is plotted", () => {
    expect(ticksTo(18_379)).toEqual([0, 5000, 10_000, 15_000, 20_000])
    expect(ticksTo(20_000)).toEqual([0, 5000, 10_000, 15_000, 20_000])
    expect(ticksTo(7)).toEqual([0, 2, 4, 6, 8])
    expect(ticksAround([4, 131])).toEqual([2, 5, 10, 20, 50, 100, 200])
    expect(ticksAround([0.3, 0.5])).toEqual([0.2, 0.5, 1])
  })
  test("puts the first and the last tick at the ends of the axis, and what is between them to scale", () => {
    const across = { title: "", ticks: [1, 100], scale: "logarithmic" } as const
    const up = { title: "", ticks: [0, 100], scale: "linear" } as const
    const points = [[1, 0], [10, 25], [100, 100]] as const
    const svg = chart("a", [{ title: "b", across, up, curves: [{ name: "c", colour: "red", points }] }])
    const drawn = /<polyline[^>]* points="([^"]*)"/.exec(svg)![1]!.split(" ")
    const [start, middle, end] = drawn.map((at): Point => [Number(at.split(",")[0]), Number(at.split(",")[1])])
    const [left, bottom] = start!
    const [x, y] = middle!
    const [right, top] = end!
    expect((x - left) / (right - left)).toBeCloseTo(0.5, 2)
    expect((bottom - y) / (bottom - top)).toBeCloseTo(0.25, 2)
  })
})

const counted = flushesOf(tmpdir()) !== undefined
test.skipIf(!counted)(`a sync of a file is a flush of its disk${counted ? "" : " (not run: nobody counts them)"}`, () => {
  const name = join(tmpdir(), `flushes-${process.pid}`)
  const before = flushesOf(tmpdir())!
  const file = openSync(name, "w")
  for (let n = 0; n < 20; n++) {
    writeSync(file, "x")
    fdatasyncSync(file)
  }
  rmSync(name)
  expect(flushesOf(tmpdir())! - before).toBeGreaterThanOrEqual(20)
})

/** Servers that are this script, with their HTTP port and their id as arguments. */
const standIn = (script: string): Kind => ({
  name: "stand-in",
  command: (me) => [process.execPath, "-e", script, String(me.http), me.id],
  metricsPort: ({ http }) => http,
  metrics: { leads: "leads", led: "led", syncs: "syncs", elections: "elections", applied: "applied" }
})

describe("a cluster of processes", () => {
  const metrics = `
    const [port, id] = process.argv.slice(1)
    const n = Number(id.slice(1))
    const leads = "leads{a=\\"b\\"} " + (n === 2 ? 1 : 0)
    require("node:http").createServer((_, response) => response.end(
      [leads, "led 1", "syncs " + 10 * n, "elections 4", "applied 1e3", ""].join("\\n")
    )).listen(Number(port), "127.0.0.1")`

  test("has a leader, says what each server says, also after a kill and a start, and leaves nothing", async () => {
    const pids: Array<number> = []
    {
      await using cluster = await Cluster.start(standIn(metrics))
      expect((await cluster.leader()).id).toBe("s2")
      expect(await cluster.each("syncs")).toEqual([10, 20, 30])
      const said = { leads: 0, led: 1, syncs: 10, elections: 4, applied: 1000 }
      expect(await cluster.metrics(cluster.members[0]!)).toEqual(said)
      await cluster.kill(cluster.members[0]!)
      expect(await cluster.each("syncs")).toEqual([NaN, 20, 30])
      cluster.start(cluster.members[0]!)
      await cluster.caughtUp()
      pids.push(...cluster.members.map((member) => cluster.pid(member)))
    }
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow("ESRCH")
  })
  test("that doesn't start says which server has ended, and its last words", async () => {
    const broken = standIn(`console.error("no disk"); process.exit(7)`)
    await expect(Cluster.start(broken)).rejects.toThrow(/s[123] has ended: no disk/)
  })
})

test("a writer asks one server after the other for the same write, until one acknowledges it", async () => {
  const asked: Array<string> = []
  /** Answers each command with the next of its answers, and then with the last of them. */
  const server = async (id: string, ...answers: ReadonlyArray<string>) => {
    let n = 0
    const listener = createServer((socket) =>
      socket.setEncoding("latin1").on("error", () => {}).on("data", (command: string) => {
        asked.push(`${id} ${command.split("\r\n").filter((_, n) => n > 0 && n % 2 === 0).join(" ")}`)
        socket.write(answers[Math.min(n++, answers.length - 1)]!)
      })
    ).listen(0, "127.0.0.1")
    await once(listener, "listening")
    const { port } = listener.address() as AddressInfo
    return { member: { id, peers: 0, clients: port, http: 0 }, end: () => listener.close() }
  }
  const follower = await server("s1", "-NOTLEADER s2 127.0.0.1:1\r\n")
  const leader = await server("s2", ":7\r\n", "-BUSY\r\n", "+OK\r\n")
  const { by, then } = await Effect.runPromise(Effect.gen(function*() {
    const write = yield* makeWriter([follower.member, leader.member])
    return { by: yield* write, then: yield* write }
  }).pipe(Effect.scoped))
  follower.end()
  leader.end()
  expect([by.id, then.id]).toEqual(["s2", "s2"])
  const write = (n: number) => `LOCKSTEP.DO 7 ${n} ${n} put key value ${n}`
  expect(asked).toEqual([
    ...["s1 LOCKSTEP.OPEN 600000", "s2 LOCKSTEP.OPEN 600000"],
    ...[`s1 ${write(1)}`, `s2 ${write(1)}`, `s1 ${write(1)}`, `s2 ${write(1)}`, `s1 ${write(2)}`, `s2 ${write(2)}`]
  ])
})

const go = spawnSync("go", ["version"]).status === 0

// Building etcd's client takes a minute where it has never been built.
describe.skipIf(!go)(`the load${go ? "" : " (not run: no Go on the PATH)"}`, { timeout: 240_000 }, () => {
  let program: string
  beforeAll(async () => {
    program = await buildLoad()
  }, 240_000)

  /** Answers each SET with one of `answers` in turn, `delayMs` later; what it was sent. */
  const redis = async (answers: ReadonlyArray<string>, delayMs: number) => {
    const sent: Array<string> = []
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      // A client waits for its answer, so that a command is what has come since the last one.
      let command = ""
      socket.setEncoding("latin1").on("error", () => {}).on("data", (text: string) => {
        command += text
        if (command.length < setLength) return
        sent.push(command)
        command = ""
        setTimeout(() => socket.write(answers[sent.length % answers.length]!), delayMs)
      })
    }).listen(0, "127.0.0.1")
    await once(server, "listening")
    const end = () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
    return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, sent, sockets, end }
  }
  const setLength = "*3\r\n$3\r\nSET\r\n$9\r\nkey-00000\r\n$256\r\n".length + 256 + 2
  const ends: Array<() => void> = []
  afterAll(() => ends.forEach((end) => end()))
  const run = (addresses: ReadonlyArray<string>, clients: number) =>
    runLoad(program, { protocol: "resp", servers: addresses, clients, connections: clients, seconds: 1 })

  test("writes 256 bytes to 5,000 keys, counts what is acknowledged, and tells how long it took", async () => {
    const server = await redis(["+OK\r\n"], 20)
    ends.push(server.end)
    const result = await run([server.address], 8)
    expect(server.sockets.size).toBe(8)
    for (const command of server.sent) {
      const [, key, value] = /^\*3\r\n\$3\r\nSET\r\n\$9\r\nkey-([0-9]{5})\r\n\$256\r\n([^]*)\r\n$/.exec(command)!
      expect(Number(key)).toBeLessThan(5000)
      expect(value).toHaveLength(256)
    }
    expect(result.all).toBe(server.sent.length)
    expect(result.ops).toBeLessThan(result.all)
    expect(result.errors).toBe(0)
    expect(result.p50Ms).toBeGreaterThanOrEqual(19)
    expect(result.p99Ms).toBeGreaterThanOrEqual(result.p50Ms)
    expect(result.maxMs).toBeGreaterThanOrEqual(result.p99Ms)
    // 8 clients, of which none can be faster than the server's 20 ms.
    expect(result.ops / result.seconds).toBeLessThanOrEqual(8 / 0.019)
  })
  test("spreads clients over all servers", async () => {
    const servers = await Promise.all([1, 2, 3].map(() => redis(["+OK\r\n"], 5)))
    for (const { end } of servers) ends.push(end)
    await run(servers.map(({ address }) => address), 6)
    expect(servers.map(({ sockets }) => sockets.size)).toEqual([2, 2, 2])
  })
  test("takes an error for no acknowledgement", async () => {
    const server = await redis(["+OK\r\n", "-UNKNOWN outcome unknown\r\n"], 5)
    ends.push(server.end)
    const result = await run([server.address], 1)
    expect(result.errors).toBeGreaterThan(0)
    expect(result.errors + result.all).toBe(server.sent.length)
    expect(result.error).toContain("outcome unknown")
  })
  test("with sessions, shares a connection: each client puts a command with the next number after an answer", async () => {
    const parser = new CommandParser({ arguments: 10, bytes: 1000 })
    const commands: Array<ReadonlyArray<string>> = []
    const open = new Map<string, number>()
    let sockets = 0
    const server = createServer((socket) => {
      sockets++
      socket.on("error", () => {}).on("data", (chunk) => {
        parser.push(chunk)
        for (let words; (words = parser.next()) !== undefined;) {
          if (words instanceof ProtocolError) throw words
          commands.push(words)
          const [name, session, seq] = words
          if (name === "LOCKSTEP.OPEN") open.set(String(open.size + 1), 0)
          const answer = name === "LOCKSTEP.OPEN" ? `:${open.size}\r\n` : Number(seq) === 7 ? "-STALE\r\n" : "+OK\r\n"
          if (name === "LOCKSTEP.DO") open.set(session!, open.get(session!)! + (Number(seq) === 7 ? 0 : 1))
          setTimeout(() => socket.write(answer), 5)
        }
      })
    }).listen(0, "127.0.0.1")
    await once(server, "listening")
    ends.push(() => server.close())
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const result = await runLoad(program, { protocol: "sessions", servers: [address], clients: 6, connections: 1, seconds: 1 })
    expect([sockets, open.size, result.errors]).toEqual([1, 6, 6])
    expect(result.all).toBe([...open.values()].reduce((sum, n) => sum + n, 0))
    for (const session of open.keys()) {
      const own = commands.filter((words) => words[0] === "LOCKSTEP.DO" && words[1] === session)
      expect(own.map((words) => words.slice(2, 5))).toEqual(own.map((_, n) => [`${n + 1}`, `${n + 1}`, "put"]))
    }
  })
  test("ends after so many writes", async () => {
    const server = await redis(["+OK\r\n"], 0)
    ends.push(server.end)
    const load = { protocol: "resp", servers: [server.address], clients: 4, connections: 4, seconds: 60 } as const
    expect((await runLoad(program, { ...load, writes: 1001 })).all).toBe(1001)
  })
})
