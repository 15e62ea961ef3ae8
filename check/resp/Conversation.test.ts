// Goal: answers come in the order of the commands, plain commands one after the other, those of sessions side by side; and
// what is held stays bounded, whoever doesn't read or sends too much. Method: conversations without sockets, over a map
// whose answers come when the test says so.
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { describe, expect, test } from "vitest"
import type { Response } from "../../src/kv/Map.ts"
import type { Answer } from "../../src/shell/Servers.ts"
import { Gateway } from "../../src/shell/resp/Gateway.ts"
import { encodeCommand } from "../../src/shell/resp/Resp.ts"
import { memoryReplica, MemoryGateway, Terminal, testClient, testServer } from "./fakes.ts"

/** Whoever asks waits until it is answered by hand. */
class Waiting<A> {
  readonly waiting: Array<Deferred.Deferred<A>> = []
  interrupted = 0
  readonly ask = Effect.suspend(() => {
    const answer = Deferred.makeUnsafe<A>()
    this.waiting.push(answer)
    return Effect.onInterrupt(Deferred.await(answer), () => Effect.sync(() => this.interrupted++))
  })
  answer(n: number, value: A): void {
    Deferred.doneUnsafe(this.waiting[n]!, Effect.succeed(value))
  }
}

const slowGateway = () => {
  const operations = new Waiting<Response>()
  return { operations, gateway: Gateway.of({ execute: () => operations.ask }) }
}
const slowReplica = () => {
  const requests = new Waiting<Answer>()
  return { requests, replica: { ...memoryReplica(), ask: () => requests.ask } }
}
const got = (response: string): Answer => ({ type: "replied", reply: { status: "OK", session: 1, seq: 1, response } })
const doGet = "LOCKSTEP.DO 1 1 1 get k\r\n"

describe("order", () => {
  test("plain commands of one connection run one after the other, of two side by side", async () => {
    const { gateway, operations } = slowGateway()
    const server = testServer(gateway)
    const [one, two] = [new Terminal(server), new Terminal(server)]
    expect(await one.hear("GET a\r\nPING\r\nGET b\r\n")).toBe("")
    expect(operations.waiting).toHaveLength(1)
    expect(await two.hear("GET c\r\n")).toBe("")
    expect(operations.waiting).toHaveLength(2)
    operations.answer(1, "c")
    operations.answer(0, "a")
    expect(await one.hear("")).toBe("$1\r\na\r\n+PONG\r\n")
    operations.answer(2, "b")
    await one.hear("")
    expect([one.output, two.output]).toEqual(["$1\r\na\r\n+PONG\r\n$1\r\nb\r\n", "$1\r\nc\r\n"])
  })

  test("commands of sessions run side by side, and are answered in their order", async () => {
    const { replica, requests } = slowReplica()
    const terminal = new Terminal(testServer(undefined, replica))
    expect(await terminal.hear(`${doGet}${doGet}PING\r\n${doGet}`)).toBe("")
    expect(requests.waiting).toHaveLength(3)
    requests.answer(2, got("3"))
    requests.answer(1, got("2"))
    expect(await terminal.hear("")).toBe("")
    requests.answer(0, got("1"))
    expect(await terminal.hear("")).toBe("$1\r\n1\r\n$1\r\n2\r\n+PONG\r\n$1\r\n3\r\n")
  })

  test("answers are in the protocol that was spoken when the command came", async () => {
    const { replica, requests } = slowReplica()
    const terminal = new Terminal(testServer(undefined, replica))
    await terminal.hear(`${doGet}HELLO 3\r\n${doGet}`)
    const nothing: Answer = { type: "replied", reply: { status: "OK", session: 1, seq: 1, response: null } }
    requests.answer(0, nothing)
    requests.answer(1, nothing)
    expect(await terminal.hear("")).toMatch(/^\$-1\r\n%7\r\n[^_]*_\r\n$/)
  })

  test("a protocol error is answered after what came before, and is the end", async () => {
    const { gateway, operations } = slowGateway()
    const terminal = new Terminal(testServer(gateway))
    expect(await terminal.hear("GET a\r\n*1\r\n:1\r\nPING\r\n")).toBe("")
    operations.answer(0, "a")
    expect(await terminal.hear("")).toBe("$1\r\na\r\n-ERR Protocol error: expected '$', got ':'\r\n")
    expect(terminal.ended).toBe(true)
  })

  test("many answers at once are written at once", () => {
    const terminal = new Terminal(testServer())
    terminal.send("SET k v\r\nGET k\r\n".repeat(500))
    expect([terminal.output.length, terminal.writes]).toEqual([500 * 12, 1])
  })
})

describe("the end", () => {
  test("who has said everything still hears all answers", async () => {
    const { gateway, operations } = slowGateway()
    const terminal = new Terminal(testServer(gateway))
    terminal.send("GET a\r\nGET b\r\nGET")
    terminal.conversation.heardAll()
    operations.answer(0, "a")
    await terminal.hear("")
    expect(terminal.ended).toBe(false)
    operations.answer(1, "b")
    expect(await terminal.hear("")).toBe("$1\r\nb\r\n")
    expect(terminal.ended).toBe(true)
  })

  test("even if it takes them late", () => {
    const terminal = new Terminal(testServer())
    terminal.takes = false
    terminal.send("PING\r\n")
    terminal.send("PING\r\n")
    terminal.conversation.heardAll()
    expect([terminal.output, terminal.ended]).toEqual(["+PONG\r\n", false])
    for (let n = 0; n < 2; n++) terminal.conversation.drained()
    expect([terminal.output, terminal.ended]).toEqual(["+PONG\r\n+PONG\r\n", true])
  })

  test("what a client that is gone has asked for is broken off", async () => {
    const { gateway, operations } = slowGateway()
    const { replica, requests } = slowReplica()
    const terminal = new Terminal(testServer(gateway, replica))
    await terminal.hear(`${doGet}${doGet}GET a\r\n`)
    terminal.conversation.abandon()
    expect(await terminal.hear("PING\r\n")).toBe("")
    expect([requests.interrupted, operations.interrupted]).toEqual([2, 1])
  })

  test("a server that stops says that it doesn't know", async () => {
    const { gateway } = slowGateway()
    const { replica } = slowReplica()
    const terminal = new Terminal(testServer(gateway, replica))
    await terminal.hear(`${doGet}GET a\r\nGET b\r\n`)
    terminal.conversation.stop()
    await terminal.hear("PING\r\n")
    expect(terminal.output).toBe("-NOTLEADER\r\n-UNKNOWN outcome unknown: this server stops\r\n")
    expect(terminal.ended).toBe(true)
  })
})

describe("bounds", () => {
  test("while a command is under way a flood waits outside, and is served after it", async () => {
    const { gateway, operations } = slowGateway()
    const terminal = new Terminal(testServer(gateway))
    await terminal.hear("GET a\r\n")
    terminal.send("PING\r\n".repeat(10_000))
    expect(terminal.paused).toBe(false)
    terminal.send("PING\r\n".repeat(1000))
    expect(terminal.paused).toBe(true)
    operations.answer(0, "a")
    expect(await terminal.hear("")).toBe(`$1\r\na\r\n${"+PONG\r\n".repeat(11_000)}`)
    expect(terminal.paused).toBe(false)
  })

  test("who doesn't read is not served further", async () => {
    const gateway = new MemoryGateway()
    const terminal = new Terminal(testServer(gateway.service))
    terminal.takes = false
    await terminal.hear(`SET k ${"v".repeat(200)}\r\n`)
    terminal.send("GET k\r\n".repeat(10_000))
    expect(gateway.operations.length).toBe(1)
    expect([terminal.output, terminal.paused]).toEqual(["+OK\r\n", true])
    // Each time that it takes a little, it gets a little more.
    terminal.conversation.drained()
    expect(terminal.output.length).toBeLessThan(70_000)
    for (let n = 0; n < 100; n++) terminal.conversation.drained()
    expect(terminal.output).toBe(`+OK\r\n${`$200\r\n${"v".repeat(200)}\r\n`.repeat(10_000)}`)
    expect(terminal.paused).toBe(false)
  })

  test("1,024 commands of one connection are under way at once, not more", async () => {
    const { replica, requests } = slowReplica()
    const terminal = new Terminal(testServer(undefined, replica))
    await terminal.hear(doGet.repeat(1500))
    expect(requests.waiting).toHaveLength(1024)
    for (let n = 0; n < 1500; n++) {
      requests.answer(n, got("v"))
      await terminal.hear("", 1)
    }
    expect(terminal.output).toBe("$1\r\nv\r\n".repeat(1500))
  })

  test("a command longer than two of the longest values is a protocol error, before it is here", async () => {
    const terminal = new Terminal(testServer(), testClient())
    expect(await terminal.hear("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000\r\n"))
      .toBe("-ERR Protocol error: invalid bulk length\r\n")
    expect(terminal.ended).toBe(true)
    const other = new Terminal(testServer(), testClient())
    expect(await other.hear(encodeCommand(["ECHO", "x".repeat(257)]))).toBe("-ERR value longer than 256 bytes\r\n")
    expect(other.ended).toBe(false)
  })
})
