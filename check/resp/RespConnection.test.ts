// Goal: a client's answers are those of its commands, in their order, and a lost connection is told to everybody who
// waits. Method: servers of a few lines on the loopback that answer well, badly, late, or not at all.
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as net from "node:net"
import { afterEach, expect, test } from "vitest"
import { connect, type ConnectionLost } from "../../src/shell/resp/RespConnection.ts"
import { bulk, CommandParser, encode, ProtocolError } from "../../src/shell/resp/Resp.ts"
import type { Bytes } from "../../src/shell/resp/Resp.ts"

const open: Array<net.Server | net.Socket> = []
afterEach(() => open.splice(0).forEach((one) => one instanceof net.Server ? one.close() : one.destroy()))

/** The port of a server that calls `serve` for each client. */
const listen = (serve: (socket: net.Socket) => void) =>
  new Promise<number>((resolve) => {
    const server = net.createServer((socket) => {
      open.push(socket)
      socket.on("error", () => {})
      serve(socket)
    })
    open.push(server)
    server.listen(0, "127.0.0.1", () => resolve((server.address() as net.AddressInfo).port))
  })

const echo = (socket: net.Socket) => {
  const parser = new CommandParser({ arguments: 4, bytes: 2 ** 24 })
  socket.on("data", (chunk) => {
    parser.push(chunk as Buffer)
    for (;;) {
      const command = parser.next()
      if (command === undefined || command instanceof ProtocolError) return
      socket.write(encode(bulk(command[0]!), 2), "latin1")
    }
  })
}

const to = (port: number) => connect({ host: "127.0.0.1", port, connectTimeout: 2000 })
const lostWith = <A>(effect: Effect.Effect<A, ConnectionLost>) => Effect.map(Effect.flip(effect), ({ reason }) => reason)

test("many commands at once get their own answers, whatever their bytes and lengths", async () => {
  const port = await listen(echo)
  const words = Array.from({ length: 5000 }, (_, n): Bytes => n === 4000 ? "x".repeat(2 ** 20) : `\xff\0\r\n${n}`)
  const answers = await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const { command } = yield* to(port)
    return yield* Effect.forEach(words, (word) => command([word]), { concurrency: "unbounded" })
  })))
  expect(answers).toEqual(words.map(bulk))
})

test("commands of one turn leave together", async () => {
  let chunks = 0
  const port = await listen((socket) => {
    socket.on("data", () => chunks++)
    echo(socket)
  })
  await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const { command } = yield* to(port)
    yield* Effect.forEach(Array.from({ length: 100 }), () => command(["PING"]), { concurrency: "unbounded" })
  })))
  expect(chunks).toBe(1)
})

test("an interrupted command's answer is nobody else's", async () => {
  const port = await listen(echo)
  const answer = await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const { command } = yield* to(port)
    const given = yield* Effect.forkChild(command(["given up"]), { startImmediately: true })
    yield* Fiber.interrupt(given)
    return yield* command(["wanted"])
  })))
  expect(answer).toEqual(bulk("wanted"))
})

test.each<[string, (socket: net.Socket) => void, string]>([
  ["closes", (socket) => socket.once("data", () => socket.end()), "connection closed"],
  ["breaks the protocol", (socket) => socket.once("data", () => socket.write("what?\r\n")),
    "Protocol error: no number, or of no known type: 'what?'"],
  ["talks too much", (socket) => socket.once("data", () => socket.write("+1\r\n+2\r\n+3\r\n")), "answers what nobody asked"]
])("all who wait hear of it when a server %s, and who comes later", async (_, serve, reason) => {
  const port = await listen(serve)
  const reasons = await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const { command, lost } = yield* to(port)
    const first = yield* Effect.all([Effect.exit(command(["a"])), Effect.exit(command(["b"]))], { concurrency: 2 })
    const end = yield* lost
    return { first, last: [end.reason, yield* lostWith(command(["c"]))] }
  })))
  expect(reasons.last).toEqual([reason, reason])
  expect(reasons.first.every(Exit.isSuccess)).toBe(reason === "answers what nobody asked")
})

test("a server that refuses a connection says why", async () => {
  const port = await listen((socket) => socket.write("-ERR max number of clients reached\r\n"))
  const end = await Effect.runPromise(Effect.scoped(Effect.flatMap(to(port), ({ lost }) => lost)))
  expect(end.reason).toBe("ERR max number of clients reached")
})

test("nobody listens", async () => {
  const port = await listen(echo)
  await new Promise((resolve) => (open[0] as net.Server).close(resolve))
  expect(await Effect.runPromise(Effect.scoped(Effect.flip(to(port))))).toMatchObject({
    message: `127.0.0.1:${port}: connection refused`
  })
})

test("a server that answers nothing is given up when too many wait", async () => {
  const port = await listen((socket) => socket.resume())
  const reasons = await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const { command } = yield* to(port)
    return yield* Effect.forEach(Array.from({ length: 16_385 }), () => lostWith(command(["a"])), { concurrency: "unbounded" })
  })))
  expect(new Set(reasons)).toEqual(new Set(["answers nothing"]))
})

test("a server that takes nothing is given up when too much waits", async () => {
  const port = await listen((socket) => socket.pause())
  const value = "x".repeat(8 * 2 ** 20)
  const reason = await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const { command } = yield* to(port)
    return yield* Effect.all(Array.from({ length: 10 }, () => lostWith(command([value]))), { concurrency: "unbounded" })
  })))
  expect(new Set(reason)).toEqual(new Set(["takes nothing that is sent"]))
})

test("closing the scope closes the connection, and who waits hears of it", async () => {
  let closed = () => {}
  const end = new Promise<void>((resolve) => closed = resolve)
  const port = await listen((socket) => socket.resume().on("close", () => closed()))
  const reason = await Effect.runPromise(Effect.gen(function*() {
    const scope = yield* Scope.make()
    const { command } = yield* Scope.provide(to(port), scope)
    const waiting = yield* Effect.forkChild(lostWith(command(["a"])), { startImmediately: true })
    yield* Scope.close(scope, Exit.void)
    return yield* Fiber.join(waiting)
  }))
  expect(reason).toBe("closed")
  await end
})
