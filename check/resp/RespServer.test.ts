// Goal: the port serves whoever may be served, and nobody suffers from another. Method: a server in this process over a
// map in memory; clients of ours, bare sockets, and Redis' own tools if they are installed.
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { execFile, execFileSync, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, describe, expect, test } from "vitest"
import { tableOf } from "../../src/kv/Table.ts"
import { figure2 } from "../../src/raft/Server.ts"
import { Replica } from "../../src/shell/Replica.ts"
import { Gateway } from "../../src/shell/resp/Gateway.ts"
import { connect } from "../../src/shell/resp/RespConnection.ts"
import type { Certificates } from "../../src/shell/Certificates.ts"
import { RespServer } from "../../src/shell/resp/RespServer.ts"
import type { RespError, RespServerOptions } from "../../src/shell/resp/RespServer.ts"
import { bulk, nil, simple } from "../../src/shell/resp/Resp.ts"
import { layerMemory } from "../../src/shell/storage/Memory.ts"
import { Transport } from "../../src/shell/Transport.ts"
import { layerFakes, memoryReplica, MemoryGateway } from "./fakes.ts"

const scopes: Array<Scope.Closeable> = []
const sockets: Array<net.Socket> = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const scope of scopes.splice(0)) await Effect.runPromise(Scope.close(scope, Exit.void))
})

const serving = (options: Partial<RespServerOptions> = {}, gateway = new MemoryGateway()) =>
  RespServer.layer({ listen: { host: "127.0.0.1", port: 0 }, addresses: new Map(), ...options }).pipe(
    Layer.provide(layerFakes(gateway.service, memoryReplica()))
  )

/** Until the test ends, or `stop` is called. */
const start = async (options: Partial<RespServerOptions> = {}, gateway = new MemoryGateway()) => {
  const scope = Scope.makeUnsafe()
  scopes.push(scope)
  const context = await Effect.runPromise(Layer.buildWithScope(serving(options, gateway), scope))
  const server = Context.get(context, RespServer)
  return {
    port: server.port,
    clients: () => Effect.runPromise(server.clients),
    stop: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

/** A bare socket, and what it has heard. */
const dial = (port: number, allowHalfOpen = false) =>
  new Promise<{ readonly socket: net.Socket; heard: () => string; readonly closed: Promise<string> }>((resolve) => {
    let text = ""
    const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen })
    sockets.push(socket)
    socket.on("error", () => {})
    socket.on("data", (chunk) => text += chunk.toString("latin1"))
    const closed = new Promise<string>((done) => socket.on("close", () => done(text)))
    socket.on("connect", () => resolve({ socket, heard: () => text, closed }))
  })

const until = async (holds: () => boolean | Promise<boolean>) => {
  for (const end = Date.now() + 5000; !await holds();) {
    if (Date.now() > end) throw new Error("it never was so")
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe("clients", () => {
  test("many at once are served, each in its order", async () => {
    const { clients, port } = await start()
    const answers = await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
      const all = yield* Effect.all(Array.from({ length: 100 }, () => connect({ host: "127.0.0.1", port, connectTimeout: 2000 })))
      expect(yield* Effect.promise(clients)).toBe(100)
      return yield* Effect.forEach(all, ({ command }, n) =>
        Effect.all([command(["SET", `k${n}`, `v${n}`]), command(["GET", `k${n}`]), command(["GET", "none"])], { concurrency: 3 }),
        { concurrency: "unbounded" })
    })))
    expect(answers.map(([, value, none]) => [value, none])).toEqual(answers.map((_, n) => [bulk(`v${n}`), nil]))
    await until(async () => await clients() === 0)
  })

  test("who says everything and stops talking hears everything", async () => {
    const gateway = new MemoryGateway(() => Effect.sleep(5))
    const { port } = await start({}, gateway)
    const { closed, socket } = await dial(port, true)
    socket.end("SET k v\r\nGET k\r\nGET k\r\n")
    expect(await closed).toBe("+OK\r\n$1\r\nv\r\n$1\r\nv\r\n")
  })

  test("a protocol error is told, though more is on its way and it is read late, and the connection ends", async () => {
    const { port } = await start()
    const { closed, socket } = await dial(port)
    socket.pause()
    socket.write(`*1\r\n:1\r\n${"x".repeat(2 ** 20)}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
    socket.resume()
    expect(await closed).toBe("-ERR Protocol error: expected '$', got ':'\r\n")
  })

  test("one more than the limit is refused, until another goes", async () => {
    const { clients, port } = await start({ maxClients: 2 })
    const first = await dial(port)
    await dial(port)
    await until(async () => await clients() === 2)
    expect(await (await dial(port)).closed).toBe("-ERR max number of clients reached\r\n")
    first.socket.destroy()
    await until(async () => await clients() === 1)
    const next = await dial(port)
    next.socket.write("PING\r\n")
    await until(() => next.heard() === "+PONG\r\n")
  })

  test("one that doesn't read takes nothing from the others, nor much memory", { timeout: 20_000 }, async () => {
    const gateway = new MemoryGateway()
    gateway.data = tableOf([["big", "v".repeat(2 ** 18)]])
    const { port } = await start({}, gateway)
    const greedy = await dial(port)
    greedy.socket.pause()
    // A gigabyte, if the server were to answer all of it.
    greedy.socket.write("GET big\r\n".repeat(4000))
    const other = await dial(port)
    for (let n = 1; n <= 20; n++) {
      other.socket.write("PING\r\n")
      await until(() => other.heard().length === n * 7)
    }
    // As much as the system holds for a socket, and a little more.
    expect(gateway.operations.length).toBeLessThan(100)
    // And it isn't forgotten.
    greedy.socket.resume()
    await until(() => gateway.operations.length > 150)
  })

  test("one that dies in the middle of a command isn't noticed by the others", async () => {
    const { clients, port } = await start()
    const other = await dial(port)
    for (let n = 0; n < 20; n++) {
      const { socket } = await dial(port)
      socket.write("*2\r\n$3\r\nGET\r\n$10\r\nabc")
      socket.resetAndDestroy()
    }
    await until(async () => await clients() === 1)
    other.socket.write("PING\r\n")
    await until(() => other.heard() === "+PONG\r\n")
  })
})

test("sessions are those of the replica, which is a real one, alone in its cluster", async () => {
  const alone = Layer.succeed(Transport, Transport.of({ send: () => Effect.void, receive: Effect.never }))
  const replica = Replica.layer("s1", {
    servers: ["s1"],
    electionTimeout: { min: 20, max: 30 },
    heartbeatInterval: 10,
    maxRaftStateBytes: -1,
    settings: figure2
  }).pipe(Layer.provide(Layer.merge(layerMemory([]), alone)))
  const server = RespServer.layer({ listen: { host: "127.0.0.1", port: 0 }, addresses: new Map() }).pipe(
    Layer.provide(Layer.merge(replica, Layer.succeed(Gateway, new MemoryGateway().service)))
  )
  const answers = await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const { port } = yield* RespServer
    const { command } = yield* connect({ host: "127.0.0.1", port, connectTimeout: 2000 })
    const opened = yield* command(["LOCKSTEP.OPEN", "60000"]).pipe(
      // Until it leads.
      Effect.repeat({ until: ({ type }) => type === "integer", schedule: Schedule.spaced(10), times: 500 })
    )
    const session = opened.type === "integer" ? `${opened.value}` : "none"
    const ask = (seq: number, ...operation: ReadonlyArray<string>) =>
      command(["LOCKSTEP.DO", session, `${seq}`, "1", ...operation])
    const both = yield* Effect.all([ask(1, "append", "k", "\xff\0"), ask(2, "append", "k", "b")], { concurrency: 2 })
    return [...both, yield* ask(1, "append", "k", "\xff\0"), yield* ask(3, "get", "k")]
  })).pipe(Effect.provide(server)))
  expect(answers).toEqual([simple("OK"), simple("OK"), simple("OK"), bulk("\xff\0b")])
})

test("a server that stops answers what is under way, lets nobody in, and waits for nobody long", async () => {
  const gateway = new MemoryGateway(() => Effect.never)
  const { port, stop } = await start({}, gateway)
  const waiting = await dial(port)
  waiting.socket.write("PING\r\nSET k v\r\n")
  await until(() => waiting.heard() === "+PONG\r\n")
  const stubborn = await dial(port, true)
  stubborn.socket.pause()
  const begun = Date.now()
  await stop()
  expect(Date.now() - begun).toBeLessThan(3000)
  expect(await waiting.closed).toBe("+PONG\r\n-UNKNOWN outcome unknown: this server stops\r\n")
  const late = Effect.flip(Effect.scoped(connect({ host: "127.0.0.1", port, connectTimeout: 1000 })))
  expect(await Effect.runPromise(late)).toMatchObject({ reason: "connection refused" })
})

describe("a port that can't be served is one line", () => {
  const failure = (options: Partial<RespServerOptions>): Promise<RespError> =>
    Effect.runPromise(Effect.flip(Effect.scoped(Layer.build(serving(options)))))

  test("in use", async () => {
    const { port } = await start()
    expect(await failure({ listen: { host: "127.0.0.1", port } })).toMatchObject({
      kind: "in use",
      message: `clients' port 127.0.0.1:${port}: is in use already`
    })
  })

  test("open to others, without TLS", async () => {
    expect(await failure({ listen: { host: "0.0.0.0", port: 0 } })).toMatchObject({ kind: "insecure" })
  })

  test("a certificate that is none", async () => {
    const error = await failure({ tls: { ca: "", cert: "none", key: "none" } })
    expect(error).toMatchObject({ kind: "bad certificate" })
    expect(error.message).not.toContain("\n")
  })

  test("no such address", async () => {
    expect(await failure({ listen: { host: "192.0.2.1", port: 0 }, insecure: true })).toMatchObject({ kind: "failed" })
  })
})

const openssl = spawnSync("openssl", ["version"]).status === 0
const folder = mkdtempSync(join(tmpdir(), "lockstep-resp-"))
afterAll(() => rmSync(folder, { recursive: true }))

const run = (...args: ReadonlyArray<string>) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" })
const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout"]

/** A certificate for `name`, signed by the authority `ca`, which is made when it is first needed. */
const certificate = (ca: string, name: string): Certificates => {
  const read = (file: string) => readFileSync(join(folder, file), "utf8")
  if (!existsSync(join(folder, `${ca}.pem`))) {
    run("req", "-x509", ...newKey, `${ca}.key`, "-days", "1", "-subj", `/CN=${ca}`, "-out", `${ca}.pem`)
  }
  run("req", ...newKey, `${name}.key`, "-subj", `/CN=${name}`, "-out", `${name}.csr`)
  const signer = ["-CA", `${ca}.pem`, "-CAkey", `${ca}.key`, "-CAcreateserial"]
  run("x509", "-req", "-in", `${name}.csr`, ...signer, "-days", "1", "-out", `${name}.pem`)
  return { ca: read(`${ca}.pem`), cert: read(`${name}.pem`), key: read(`${name}.key`) }
}

describe.skipIf(!openssl)("with TLS (needs openssl)", () => {
  const ping = (port: number, tls?: Certificates & { readonly server?: string }) =>
    Effect.runPromise(Effect.scoped(Effect.gen(function*() {
      const { command } = yield* connect({ host: "127.0.0.1", port, connectTimeout: 2000, ...tls === undefined ? {} : { tls } })
      return yield* command(["PING"])
    })).pipe(Effect.match({ onFailure: ({ reason }) => reason, onSuccess: ({ type }) => type })))

  test("only clients and servers that the same authority knows speak with each other", async () => {
    const server = certificate("ours", "s1")
    const client = certificate("ours", "client")
    const stranger = certificate("theirs", "stranger")
    const { clients, port } = await start({ tls: server })
    expect(await ping(port, client)).toBe("simple")
    expect(await ping(port, { ...client, server: "s1" })).toBe("simple")
    expect(await ping(port, { ...client, server: "s2" })).toContain("s2")
    expect(await ping(port, stranger)).toMatch(/self-signed|unable to verify/)
    // It trusts us, but has no certificate that we trust.
    expect(await ping(port, { ...stranger, ca: client.ca })).not.toBe("simple")
    expect(await ping(port)).not.toBe("simple")
    for (let n = 0; n < 10; n++) {
      const { socket } = await dial(port)
      socket.write("\x16\x03\x01\x02\0 no handshake")
      if (n % 2 === 0) socket.resetAndDestroy()
    }
    expect(await ping(port, client)).toBe("simple")
    await until(async () => await clients() === 0)
  })
})

const tools = spawnSync("redis-cli", ["--version"]).status === 0

describe.skipIf(!tools)("Redis' own tools (needs redis-cli and redis-benchmark)", () => {
  /** What it says. It must not keep this thread from serving it. */
  const use = (tool: string, args: ReadonlyArray<string>, input = ""): Promise<string> =>
    new Promise((resolve) => {
      const child = execFile(tool, args, (_, output) => resolve(output))
      child.stdin!.end(input)
    })

  test("redis-cli, in both protocols", async () => {
    const { port } = await start()
    const typed = ["SET k 'a b'", "GET k", "APPEND k c", "SET k x NX", "DEL k", "GET k", "INCR k", "LOCKSTEP.OPEN 1000"].join("\n")
    for (const protocol of ["-2", "-3"]) {
      expect(await use("redis-cli", [protocol, "-p", `${port}`], typed)).toMatch(
        /^OK\na b\n4\n\n1\n\nERR INCR is not supported\n+[12]\n$/
      )
    }
  })

  test("redis-benchmark, pipelined and not", async () => {
    const { port } = await start()
    for (const pipeline of ["1", "16"]) {
      const args = ["-p", `${port}`, "-t", "ping_mbulk,set,get", "-n", "5000", "-c", "50", "-P", pipeline, "--csv"]
      expect(await use("redis-benchmark", args)).toMatch(/"PING_MBULK",.*\n"SET",.*\n"GET",/)
    }
  })
})
