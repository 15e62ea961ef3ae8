// Goal: each command answers as Redis does, in its bytes, and does to the map what it says, at one moment. Method: what
// one types and what comes back, over a map in memory; somebody who gets in between; refusals.
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { describe, expect, test } from "vitest"
import type { Operation } from "../../src/kv/Map.ts"
import type { Answer } from "../../src/shell/Servers.ts"
import { encodeCommand } from "../../src/shell/resp/Resp.ts"
import { memoryReplica, MemoryGateway, Terminal, testClient, testServer } from "./fakes.ts"
import { tableOf } from "../../src/kv/Table.ts"

/** Typed one after the other, on one connection to a new server: the answers, line by line, as a terminal would show. */
type Dialogue = ReadonlyArray<readonly [typed: string, answer: string]>

const hold = async (dialogue: Dialogue, server = testServer()) => {
  const terminal = new Terminal(server)
  for (const [typed, answer] of dialogue) {
    expect([typed, await terminal.hear(`${typed}\r\n`)]).toEqual([typed, `${answer.replaceAll(" | ", "\r\n")}\r\n`])
  }
}

describe("on keys", () => {
  test.each<[string, Dialogue]>([
    ["GET, SET", [
      ["GET k", "$-1"], ["SET k v", "+OK"], ["GET k", "$1 | v"], ["set k 'a b'", "+OK"], ["gEt k", "$3 | a b"],
      ["SET '' ''", "+OK"], ["GET ''", "$0 | "], ["GET constructor", "$-1"]
    ]],
    ["SET NX", [
      ["SET k 1 NX", "+OK"], ["SET k 2 nx", "$-1"], ["GET k", "$1 | 1"], ["SET k 3 NX GET", "$1 | 1"], ["GET k", "$1 | 1"],
      ["SET other 4 GET NX", "$-1"], ["GET other", "$1 | 4"]
    ]],
    ["SET XX", [
      ["SET k 1 XX", "$-1"], ["GET k", "$-1"], ["SET k 1 XX GET", "$-1"], ["GET k", "$-1"], ["SET k 2", "+OK"],
      ["SET k 3 XX", "+OK"], ["SET k 4 GET XX", "$1 | 3"], ["GET k", "$1 | 4"]
    ]],
    ["SET GET", [["SET k 1 GET", "$-1"], ["SET k 2 GET", "$1 | 1"], ["SET k 2 GET", "$1 | 2"], ["GET k", "$1 | 2"]]],
    ["SET as it can't be", [
      ["SET k 1 NX XX", "-ERR syntax error"], ["SET k 1 FOO", "-ERR syntax error"], ["SET k 1 GET GET", "$-1"],
      ["SET k 1 EX 10", "-ERR SET option EX is not supported"], ["SET k 1 keepttl", "-ERR SET option KEEPTTL is not supported"],
      ["SET k 1 NX PX 10", "-ERR SET option PX is not supported"], ["SET k", "-ERR wrong number of arguments for 'set' command"],
      ["GET k", "$1 | 1"]
    ]],
    ["APPEND, STRLEN", [
      ["STRLEN k", ":0"], ["APPEND k ab", ":2"], ["APPEND k \"\\xff\\x00\"", ":4"], ["STRLEN k", ":4"], ["GET k", "$4 | ab\xff\0"],
      ["APPEND k ''", ":4"]
    ]],
    ["DEL, EXISTS", [
      ["DEL k", ":0"], ["SET a 1", "+OK"], ["SET b 2", "+OK"], ["EXISTS a b c a", ":3"], ["DEL a c b a", ":2"], ["EXISTS a", ":0"]
    ]],
    ["MGET", [
      ["MGET k", "*1 | $-1"], ["SET k v", "+OK"], ["MGET k k", "*2 | $1 | v | $1 | v"],
      ["MGET k l", "-ERR MGET of several different keys is not supported: they can't be read at one moment"]
    ]],
    ["wrong numbers of words", [
      ["GET", "-ERR wrong number of arguments for 'get' command"], ["GET k l", "-ERR wrong number of arguments for 'get' command"],
      ["APPEND k", "-ERR wrong number of arguments for 'append' command"], ["DEL", "-ERR wrong number of arguments for 'del' command"],
      ["STRLEN", "-ERR wrong number of arguments for 'strlen' command"], ["MGET", "-ERR wrong number of arguments for 'mget' command"],
      ["EXISTS", "-ERR wrong number of arguments for 'exists' command"]
    ]]
  ])("%s", (_, dialogue) => hold(dialogue))

  test("null has bytes of its own in RESP3", async () => {
    const terminal = new Terminal(testServer())
    expect(await terminal.hear("HELLO 3\r\n")).toMatch(/^%7\r\n/)
    expect(await terminal.hear("GET k\r\nMGET k\r\nSET k v XX\r\n")).toBe("_\r\n*1\r\n_\r\n_\r\n")
    expect(await terminal.hear("RESET\r\nGET k\r\n")).toBe("+RESET\r\n$-1\r\n")
  })

  test("as long as the limits is allowed, one more is refused and changes nothing", async () => {
    const gateway = new MemoryGateway()
    const terminal = new Terminal(testServer(gateway.service))
    const [key, value] = ["k".repeat(64), "v".repeat(256)]
    expect(await terminal.hear(encodeCommand(["SET", key, value]))).toBe("+OK\r\n")
    expect(await terminal.hear(encodeCommand(["SET", `${key}k`, "v"]))).toBe("-ERR key longer than 64 bytes\r\n")
    expect(await terminal.hear(encodeCommand(["DEL", "a", `${key}k`]))).toBe("-ERR key longer than 64 bytes\r\n")
    expect(await terminal.hear(encodeCommand(["SET", "k", `${value}v`]))).toBe("-ERR value longer than 256 bytes\r\n")
    expect(await terminal.hear(encodeCommand(["APPEND", key, "v"]))).toBe("-ERR value would be longer than 256 bytes\r\n")
    expect(gateway.data).toEqual(tableOf([[key, value]]))
    expect(gateway.operations.map(({ op }) => op)).toEqual(["put", "get"])
  })
})

describe("a command of several operations takes effect at one moment", () => {
  /** Somebody changes the key between the look and the change, so many times. */
  const interfering = (times: number) => {
    let left = times + 1
    const gateway: MemoryGateway = new MemoryGateway((operation) =>
      Effect.sync(() => {
        if (operation.op === "cas" && --left > 0) gateway.execute({ op: "put", key: operation.key, value: "!".repeat(left % 9) })
      })
    )
    return gateway
  }

  test.each<[string, Dialogue]>([
    ["APPEND", [["SET k a", "+OK"], ["APPEND k b", ":2"], ["GET k", "$2 | !b"]]],
    ["SET GET", [["SET k a", "+OK"], ["SET k b GET", "$1 | !"], ["GET k", "$1 | b"]]],
    ["SET XX", [["SET k a", "+OK"], ["SET k b XX", "+OK"], ["GET k", "$1 | b"]]],
    ["SET NX GET, which then finds the key", [["SET k a NX GET", "$2 | !!"], ["GET k", "$2 | !!"]]]
  ])("%s", (_, dialogue) => hold(dialogue, testServer(interfering(2).service)))

  test("and gives up when it never can", async () => {
    const gateway = interfering(1000)
    await hold([["APPEND k b", "-BUSY others change the key all the time; nothing was stored"]], testServer(gateway.service))
    expect(gateway.data).toEqual(tableOf([["k", "!"]]))
  })

  test("SET XX of an absent key, and SET NX GET of one that is there, change nothing", async () => {
    const gateway = new MemoryGateway()
    await hold([["SET k v XX", "$-1"], ["SET k v", "+OK"], ["SET k w NX GET", "$1 | v"]], testServer(gateway.service))
    expect(gateway.operations.map(({ op }) => op)).toEqual(["get", "put", "get"])
  })
})

describe("what went wrong is told by the first word", () => {
  const refusing = (_tag: "Unavailable" | "OutcomeUnknown" | "SessionExpired", op: Operation["op"]) =>
    testServer(new MemoryGateway((operation) =>
      operation.op === op ? Effect.fail({ _tag, message: "why not" }) : Effect.void).service)

  test("UNKNOWN: it may have happened", async () => {
    const answer = "-UNKNOWN why not"
    await hold([["SET k v", answer], ["GET k", "$-1"]], refusing("OutcomeUnknown", "put"))
    await hold([["DEL k", answer]], refusing("SessionExpired", "delete"))
    await hold([["SET k v NX", answer], ["APPEND k v", answer]], refusing("OutcomeUnknown", "cas"))
  })

  test("BUSY: it has not", () => hold([["SET k v", "-BUSY why not"]], refusing("Unavailable", "put")))

  test.each<[string, MemoryGateway]>([
    ["fails", new MemoryGateway(() => Effect.die(new Error("on purpose")))],
    ["throws", new MemoryGateway(() => {
      throw new Error("on purpose")
    })]
  ])("UNKNOWN: a mistake of ours, which %s, is no end of the connection", async (_, gateway) => {
    const logged: Array<string> = []
    const logger = Logger.layer([Logger.make(({ cause }) => logged.push(Cause.pretty(cause)))])
    const context = await Effect.runPromise(Effect.scoped(Layer.build(logger)))
    const terminal = new Terminal(testServer(gateway.service), testClient(), Effect.runForkWith(context))
    expect(await terminal.hear("SET k v\r\nPING\r\n")).toBe("-UNKNOWN outcome unknown: internal error\r\n+PONG\r\n")
    expect(logged.join()).toContain("on purpose")
  })
})

describe("on the connection", () => {
  test.each<[string, Dialogue]>([
    ["PING, ECHO", [
      ["PING", "+PONG"], ["ping 'a b'", "$3 | a b"], ["PING a b", "-ERR wrong number of arguments for 'ping' command"],
      ["ECHO a", "$1 | a"], ["ECHO", "-ERR wrong number of arguments for 'echo' command"]
    ]],
    ["SELECT", [
      ["SELECT 0", "+OK"], ["SELECT 1", "-ERR DB index is out of range"], ["SELECT a", "-ERR value is not an integer or out of range"]
    ]],
    ["CLIENT", [
      ["CLIENT ID", ":1"], ["CLIENT GETNAME", "$-1"], ["CLIENT SETNAME me", "+OK"], ["CLIENT GETNAME", "$2 | me"],
      ["CLIENT SETNAME 'a b'", "-ERR Client names cannot contain spaces, newlines or special characters."],
      ["CLIENT SETINFO LIB-NAME ioredis", "+OK"], ["CLIENT SETINFO lib-ver 5.3", "+OK"],
      ["CLIENT SETINFO lib-ver 'a b'", "-ERR lib-ver cannot contain spaces, newlines or special characters."],
      ["CLIENT SETINFO lib-x y", "-ERR Unrecognized option 'lib-x'"],
      ["CLIENT INFO", "$94 | id=1 addr=127.0.0.1:50001 name=me age=5 db=0 user=default resp=2 lib-name=ioredis lib-ver=5.3\n"],
      ["CLIENT LIST", "$82 | id=1 addr=127.0.0.1:50001 name= age=5 db=0 user=default resp=2 lib-name= lib-ver=\n"],
      ["CLIENT KILL 1", "-ERR CLIENT KILL is not supported"],
      ["CLIENT LIST TYPE normal", "-ERR CLIENT LIST with options is not supported"],
      ["CLIENT FOO", "-ERR unknown subcommand 'FOO'. Try CLIENT HELP."],
      ["CLIENT", "-ERR wrong number of arguments for 'client' command"],
      ["CLIENT SETNAME", "-ERR wrong number of arguments for 'client|setname' command"],
      ["CLIENT ID 1", "-ERR wrong number of arguments for 'client|id' command"],
      ["RESET", "+RESET"], ["CLIENT GETNAME", "$-1"]
    ]],
    ["HELLO", [
      ["HELLO 4", "-NOPROTO unsupported protocol version"],
      ["HELLO x", "-ERR Protocol version is not an integer or out of range"],
      ["HELLO 3 AUTH default secret", "-ERR AUTH is not supported: there are no passwords, TLS certificates say who may connect"],
      ["HELLO 3 SETNAME", "-ERR syntax error"], ["HELLO 3 AUTH default", "-ERR syntax error"], ["HELLO 3 FOO bar", "-ERR syntax error"],
      ["GET k", "$-1"],
      ["HELLO 2 SETNAME me", "*14 | $6 | server | $8 | lockstep | $7 | version | $5 | 7.2.0 | $5 | proto | :2 | $2 | id | :1 | $4 | mode" +
        " | $10 | standalone | $4 | role | $6 | master | $7 | modules | *0"],
      ["CLIENT GETNAME", "$2 | me"],
      ["HELLO 3", "%7 | $6 | server | $8 | lockstep | $7 | version | $5 | 7.2.0 | $5 | proto | :3 | $2 | id | :1 | $4 | mode" +
        " | $10 | standalone | $4 | role | $6 | master | $7 | modules | *0"],
      ["GET k", "_"]
    ]],
    ["COMMAND", [
      ["COMMAND COUNT", ":18"],
      ["COMMAND INFO get nope", "*2 | *10 | $3 | get | :2 | *1 | +readonly | :1 | :1 | :1 | *0 | *0 | *0 | *0 | $-1"],
      ["COMMAND DOCS echo nope", "*2 | $4 | echo | *6 | $7 | summary | $15 | The word given. | $5 | since | $5 | 1.0.0" +
        " | $5 | group | $7 | generic"],
      ["COMMAND COUNT 1", "-ERR wrong number of arguments for 'command|count' command"],
      ["COMMAND GETKEYS get k", "-ERR unknown subcommand 'GETKEYS'. Try COMMAND HELP."]
    ]],
    ["what there isn't", [
      ["INCR k", "-ERR INCR is not supported"], ["multi", "-ERR MULTI is not supported"], ["AUTH x", "-ERR AUTH is not supported"],
      ["FOO", "-ERR unknown command 'FOO', with args beginning with: "],
      ["foo a 'b c'", "-ERR unknown command 'foo', with args beginning with: 'a' 'b c' "],
      ["foo \"a\\r\\n+OK\"", "-ERR unknown command 'foo', with args beginning with: 'a  +OK' "],
      [`foo ${"a".repeat(200)} b`, `-ERR unknown command 'foo', with args beginning with: '${"a".repeat(128)}' `]
    ]]
  ])("%s", (_, dialogue) => hold(dialogue))

  test("COMMAND and COMMAND LIST name every command", async () => {
    const terminal = new Terminal(testServer())
    expect(await terminal.hear("COMMAND\r\n")).toMatch(/^\*18\r\n\*10\r\n\$3\r\nget\r\n/)
    expect(await terminal.hear("COMMAND LIST\r\n")).toMatch(/^\*18\r\n\$3\r\nget\r\n.*lockstep\.do\r\n\$7\r\ncommand\r\n$/s)
  })

  test("INFO tells of the server and its cluster, by sections", async () => {
    const terminal = new Terminal(testServer())
    const all = await terminal.hear("INFO\r\n")
    for (const line of [
      "# Server", "redis_version:7.2.0", "uptime_in_seconds:4", "connected_clients:1", "maxclients:10", "role:master", "raft_role:leader",
      "raft_term:3", "raft_leader:s1", "raft_leader_address:127.0.0.1:7001", "raft_commit_index:7", "db0:keys=1,expires=0,avg_ttl=0"
    ]) expect(all.split("\r\n")).toContain(line)
    expect(await terminal.hear("INFO keyspace\r\n")).toBe("$44\r\n# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0\r\n\r\n")
    expect(await terminal.hear("INFO nonsense\r\n")).toBe("$0\r\n\r\n")
  })

  test.each(["QUIT", "POST / HTTP/1.1", "Host: localhost"])("after %s nothing more is heard", async (last) => {
    const gateway = new MemoryGateway()
    const terminal = new Terminal(testServer(gateway.service))
    expect(await terminal.hear(`${last}\r\nSET k v\r\n`)).toMatch(/^[+-].*\r\n$/)
    expect(terminal.ended).toBe(true)
    expect(await terminal.hear("SET k v\r\n")).toBe("")
    expect(gateway.operations).toEqual([])
  })
})

describe("of a session", () => {
  test("each operation has its answer", () =>
    hold([
      ["LOCKSTEP.OPEN 60000", ":1"],
      ["LOCKSTEP.DO 1 1 1 get k", "$-1"], ["LOCKSTEP.DO 1 2 2 put k v", "+OK"], ["LOCKSTEP.DO 1 3 3 append k w", "+OK"],
      ["LOCKSTEP.DO 1 4 4 GET k", "$2 | vw"], ["lockstep.do 1 5 5 cas k x v", ":0"], ["LOCKSTEP.DO 1 6 6 cas k x vw", ":1"],
      ["LOCKSTEP.DO 1 7 7 cas k y", ":0"], ["LOCKSTEP.DO 1 8 8 delete k", ":1"], ["LOCKSTEP.DO 1 9 9 delete k", ":0"],
      ["LOCKSTEP.DO 1 10 10 cas k ''", ":1"], ["LOCKSTEP.DO 1 11 11 cas k z ''", ":1"], ["LOCKSTEP.DO 1 12 12 get k", "$1 | z"]
    ]))

  test("asked again it is the same answer, and after that nobody's", () =>
    hold([
      ["LOCKSTEP.OPEN 60000", ":1"], ["LOCKSTEP.DO 1 1 1 append k v", "+OK"], ["LOCKSTEP.DO 1 1 1 append k v", "+OK"],
      ["LOCKSTEP.DO 1 2 1 get k", "$1 | v"], ["LOCKSTEP.DO 1 3 3 get k", "$1 | v"],
      ["LOCKSTEP.DO 1 1 1 append k v", "-STALE the client has said that it has this answer"],
      ["LOCKSTEP.DO 7 1 1 get k", "-SESSIONEXPIRED no such session any more"]
    ]))

  test("what makes no sense isn't asked", () => {
    const numbers = "-ERR session, seq and first are numbers, 1 or more"
    return hold([
      ["LOCKSTEP.OPEN 0", "-ERR timeout is not a number of milliseconds, 1 or more"],
      ["LOCKSTEP.OPEN 1.5", "-ERR timeout is not a number of milliseconds, 1 or more"],
      ["LOCKSTEP.OPEN", "-ERR wrong number of arguments for 'lockstep.open' command"],
      ["LOCKSTEP.DO 0 1 1 get k", numbers], ["LOCKSTEP.DO 1 x 1 get k", numbers], ["LOCKSTEP.DO 1 1 -1 get k", numbers],
      ["LOCKSTEP.DO 1 1 2 get k", "-ERR first is more than seq"],
      ["LOCKSTEP.DO 1 1 1 get", "-ERR wrong number of arguments for 'lockstep.do' command"],
      ["LOCKSTEP.DO 1 1 1 get k v", "-ERR syntax error"], ["LOCKSTEP.DO 1 1 1 put k", "-ERR syntax error"],
      ["LOCKSTEP.DO 1 1 1 put k v w", "-ERR syntax error"], ["LOCKSTEP.DO 1 1 1 cas k", "-ERR syntax error"],
      ["LOCKSTEP.DO 1 1 1 cas k a b c", "-ERR syntax error"], ["LOCKSTEP.DO 1 1 1 incr k v", "-ERR syntax error"],
      [`LOCKSTEP.DO 1 1 1 get ${"k".repeat(65)}`, "-ERR key longer than 64 bytes"],
      // Nothing was: this is the first entry.
      ["LOCKSTEP.OPEN 1", ":1"]
    ], testServer(undefined, memoryReplica()))
  })

  test.each<[Answer, string]>([
    [{ type: "notLeader", leader: "s2" }, "-NOTLEADER s2 127.0.0.1:7002"],
    [{ type: "notLeader", leader: null }, "-NOTLEADER"],
    [{ type: "notLeader", leader: "s9" }, "-NOTLEADER"],
    [{ type: "notLeader", leader: "s1" }, "-NOTLEADER"],
    [{ type: "busy" }, "-BUSY too much is not committed yet; not taken, ask again later"]
  ])("%j", (answer, told) =>
    hold([["LOCKSTEP.OPEN 1", told], ["LOCKSTEP.DO 1 1 1 get k", told]], testServer(undefined, memoryReplica(() => answer))))
})
