import { Result } from "effect"
import { describe, expect, test } from "vitest"
import type { Json } from "./History.ts"
import { formatOf, readHistories } from "./read.ts"
import type { ReadOptions } from "./read.ts"

const read = (lines: ReadonlyArray<string>, options: Partial<ReadOptions> = {}) =>
  readHistories(lines.join("\n"), { file: "h.jsonl", ...options })

const histories = (lines: ReadonlyArray<string>, options: Partial<ReadOptions> = {}) =>
  Result.getOrThrow(read(lines, options)).histories

const error = (lines: ReadonlyArray<string>, options: Partial<ReadOptions> = {}): string => {
  const result = read(lines, options)
  return Result.isFailure(result) ? result.failure.message : "no error"
}

const line = (more: { readonly [field: string]: Json } = {}): string =>
  JSON.stringify({ client: 0, op: "write", key: "x", value: 1, call: 0, return: 1, output: null, ...more })

const jepsen = (...events: ReadonlyArray<string>) => events.map((event) => `INFO  jepsen.util - ${event}`)

const porcupine = (process: number, type: string, op: string, key: string, value: string | null) =>
  `{:process ${process}, :type :${type}, :f :${op}, :key "${key}", :value ${value === null ? "nil" : `"${value}"`}}`

describe("own JSONL", () => {
  test("has one operation per line; blank lines and CRLF do no harm", () => {
    const [history] = histories([line() + "\r", "", line({ op: "read", value: null, output: 1, call: 5, return: null })])
    expect(history!.operations.map((x) => [x.op, x.return])).toEqual([["write", 1], ["read", null]])
    expect(history!.lines).toEqual([1, 3])
    expect(history!.model.name).toBe("register")
  })

  test("an empty file is an empty history", () => {
    expect(histories([""])[0]!.operations).toEqual([])
  })

  test("or one history per line, with its model and its verdict", () => {
    const bundle = (id: string, verdict: string) =>
      `{"id":"${id}","model":"cas","verdict":"${verdict}","note":[],"ops":[${line()}]}`
    expect(histories([bundle("a", "Ok"), bundle("b", "Illegal")]).map((h) => [h.id, h.model.name, h.expected])).toEqual([
      ["a", "cas", "ok"],
      ["b", "cas", "illegal"]
    ])
    expect(error([line(), bundle("a", "Ok")])).toBe("h.jsonl:2: operations and bundled histories in one file")
    expect(error([bundle("a", "Ok"), bundle("b", "Maybe")])).toMatch(/^h.jsonl:2: not a history: .*"verdict"/)
    expect(error([bundle("a", "Ok").replace('"call":0', '"call":7')])).toContain("h.jsonl:1: write of client 0 returns at 1")
  })

  test("the model is the one that has the operations", () => {
    const modelOf = (...operations: ReadonlyArray<object>) => histories(operations.map((x) => line({ ...x })))[0]!.model.name
    expect(modelOf({ op: "cas", value: [1, 2], output: true })).toBe("cas")
    expect(modelOf({ op: "enq" })).toBe("queue")
    expect(modelOf({ op: "release", value: null, output: true })).toBe("lock")
    expect(modelOf({ op: "leave", value: [1] })).toBe("shard")
    expect(modelOf({ op: "delete", value: null })).toBe("kv")
    const get = (output: Json) => ({ op: "get", value: null, output })
    expect(modelOf(get("a"), get(null), get(""))).toBe("kv")
    expect(modelOf(get("a"), get(""))).toBe("kv-empty")
  })

  test("each malformed line is named with its own reason", () => {
    const second = (text: string) => error([line(), text])
    expect(second("{")).toBe("h.jsonl:2: not JSON")
    expect(second('{"client":0}')).toMatch(/^h.jsonl:2: not an operation: Missing key at \["op"\]/)
    expect(second(line({ extra: 1 }))).toMatch(/^h.jsonl:2: not an operation: .*excess property at \["extra"\]/)
    expect(second(line({ call: 1.5 }))).toMatch(/^h.jsonl:2: not an operation: .*\["call"\]/)
    expect(second(line({ call: 9, return: 3 }))).toBe("h.jsonl:2: write of client 0 returns at 3, before its call at 9")
    expect(second(line({ op: "enq" }))).toBe("h.jsonl:1: no model has all of these operations: write, enq")
    expect(error(["what?"])).toBe("h.jsonl:1: not a history in any known format (jsonl, jepsen, porcupine)")
  })

  test("operations must be those of the model, with values and outputs of the right shape", () => {
    expect(error([line(), line({ op: "enq" })], { model: "register" })).toBe(
      'h.jsonl:2: operation "enq" is unknown to model register (it has read, write)'
    )
    expect(error([line({ op: "toString" })], { model: "register" })).toContain('"toString" is unknown')
    expect(error([line()], { model: "stack" })).toContain('h.jsonl:1: unknown model "stack" (known: register, cas')
    expect(error([line({ op: "put", value: 3 })])).toBe("h.jsonl:1: the value of put must be a string")
    expect(error([line({ op: "cas", value: [1, 2], output: 1 })])).toBe("h.jsonl:1: the output of cas must be true or false")
    expect(error([line({ op: "acquire", value: null, output: false })])).toBe("h.jsonl:1: the output of acquire must be true")
  })
})

describe("Jepsen's etcd logs", () => {
  test("a compare-and-set that failed found another value; what timed out is unknown; a failed read is none", () => {
    const [history] = histories(
      jepsen(
        "0\t:invoke\t:read\tnil",
        "0\t:ok\t:read\tnil",
        "1   :invoke :cas    [1 2]",
        ":nemesis\t:info\t:start\tnil",
        "1   :fail   :cas    [1 2]",
        "2\t:invoke\t:write\t4",
        "2\t:info\t:write\t:timed-out",
        "3\t:invoke\t:read\tnil",
        "3\t:fail\t:read\t:timed-out",
        "4\t:invoke\t:cas\t[0 1]",
        "4\t:ok\t:cas\t[0 1]"
      )
    )
    expect(history!.model.name).toBe("cas")
    expect(history!.operations.map((x) => [x.client, x.op, x.value, x.call, x.return, x.output])).toEqual([
      [0, "read", null, 1, 2, null],
      [1, "cas", [1, 2], 3, 5, false],
      [2, "write", 4, 6, null, null],
      [4, "cas", [0, 1], 10, 11, true]
    ])
  })

  test("each malformed line is named with its own reason", () => {
    const invoke = "3\t:invoke\t:write\t1"
    expect(error(jepsen("3\t:ok\t:write\t1"))).toBe("h.jsonl:1: process 3 completes write without an invocation")
    expect(error(jepsen(invoke, "3\t:invoke\t:read\tnil"))).toBe(
      "h.jsonl:2: process 3 invokes read while its write of line 1 is open"
    )
    expect(error(jepsen(invoke, "3\t:ok\t:read\t1"))).toBe("h.jsonl:2: process 3 completes read, but invoked write in line 1")
    expect(error(jepsen(invoke, "3\t:ok"))).toMatch(/^h.jsonl:2: not an operation: expected process/)
    expect(error(jepsen(invoke, "3\t:ok\t:write\t[1"))).toMatch(/^h.jsonl:2: not an operation: expected process/)
    expect(error([...jepsen(invoke), "3 :ok"])).toBe("h.jsonl:2: not a line of a Jepsen log")
    expect(error(jepsen("3\t:invoke\t:enqueue\t1"))).toContain('h.jsonl:1: operation "enqueue" is unknown to model cas')
  })
})

describe("Porcupine's map logs", () => {
  test("an absent key reads as the empty string", () => {
    const [history] = histories([
      porcupine(0, "invoke", "get", "k", null),
      porcupine(1, "invoke", "append", "k", 'x \\" y'),
      porcupine(0, "ok", "get", "k", ""),
      porcupine(1, "info", "append", "k", null)
    ])
    expect(history!.model.name).toBe("kv-empty")
    expect(history!.operations.map((x) => [x.key, x.op, x.value, x.call, x.return, x.output])).toEqual([
      ["k", "get", null, 1, 3, ""],
      ["k", "append", 'x " y', 2, null, null]
    ])
  })

  test("each malformed line is named with its own reason", () => {
    const invoke = porcupine(0, "invoke", "get", "k", null)
    expect(error([invoke, "{:process 1"])).toBe("h.jsonl:2: not an operation: expected {:process, :type, :f, :key, :value}")
    expect(error([porcupine(0, "ok", "get", "k", "")])).toBe("h.jsonl:1: process 0 completes get without an invocation")
    expect(error([invoke, invoke])).toBe("h.jsonl:2: process 0 invokes get while its get of line 1 is open")
    expect(error([porcupine(0, "invoke", "pop", "k", null)])).toContain('operation "pop" is unknown to model kv-empty')
  })
})

describe("the format", () => {
  test("is found by content, and may be told", () => {
    expect(formatOf(`\n${line()}`)).toBe("jsonl")
    expect(formatOf(porcupine(0, "invoke", "get", "k", null))).toBe("porcupine")
    expect(formatOf(jepsen("0\t:invoke\t:read\tnil").join())).toBe("jepsen")
    expect(formatOf("The MIT License")).toBeUndefined()
    expect(error([line()], { format: "jepsen" })).toBe("h.jsonl:1: not a line of a Jepsen log")
  })
})
