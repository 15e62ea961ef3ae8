import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { UNKNOWN } from "../History.ts"
import { formatOf, readHistories } from "./read.ts"
import type { Checkable, Format, ReadOptions } from "./read.ts"
import type { Json } from "../Texts.ts"

const bytesOf = (lines: ReadonlyArray<string>): Buffer => Buffer.from(lines.join("\n"))

const readBlocks = async (blocks: Iterable<Uint8Array>, options: Partial<ReadOptions> = {}): Promise<ReadonlyArray<Checkable>> =>
  Array.fromAsync(readHistories(blocks, { file: "h.jsonl", ...options }))

const histories = (lines: ReadonlyArray<string>, options?: Partial<ReadOptions>) => readBlocks([bytesOf(lines)], options)

const operations = async (lines: ReadonlyArray<string>, options?: Partial<ReadOptions>) => {
  const [found] = await histories(lines, options)
  return found!.history.operations().map((x) => [x.client, x.op, x.value, x.call, x.applied === false ? "failed" : x.return, x.output])
}

const errorOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(() => "no error", (error: unknown) => (error as Error).message)

const error = (lines: ReadonlyArray<string>, options?: Partial<ReadOptions>) => errorOf(histories(lines, options))

const line = (more: { readonly [field: string]: Json } = {}): string =>
  JSON.stringify({ client: 0, op: "write", key: "x", value: 1, call: 0, return: 1, output: null, ...more })

const jepsen = (...events: ReadonlyArray<string>) => events.map((event) => `INFO  jepsen.util - ${event}`)

const porcupine = (process: number, type: string, op: string, key: string, value: string | null) =>
  `{:process ${process}, :type :${type}, :f :${op}, :key "${key}", :value ${value === null ? "nil" : `"${value}"`}}`

describe("own JSONL", () => {
  test("has one operation per line; blank lines and CRLF do no harm", async () => {
    const [found] = await histories([line() + "\r", "", line({ op: "read", value: null, output: 1, call: 5, return: null })])
    expect(found!.history.operations().map((x) => [x.op, x.return])).toEqual([["write", 1], ["read", null]])
    expect([...found!.history.lines]).toEqual([1, 3])
    expect(found!.model.name).toBe("register")
  })

  test("an empty file is an empty history", async () => {
    expect((await histories([""]))[0]!.history.length).toBe(0)
  })

  test("a byte order mark is no part of the first line", async () => {
    expect(await histories(["\ufeff" + line()])).toHaveLength(1)
  })

  test("operations of one client may overlap: it may go on before its operation has ended", async () => {
    expect(await operations([line({ call: 0, return: 9 }), line({ call: 3, return: 12 })])).toHaveLength(2)
  })

  test("where it is known otherwise whether an operation took effect, `applied` says it", async () => {
    const [found] = await histories([
      line({ return: null, applied: true }),
      line({ return: null, applied: false }),
      line({ applied: true }),
      line({ return: null })
    ])
    const { returns } = found!.history
    expect([...returns]).toEqual([Number.MAX_VALUE, -Infinity, 1, UNKNOWN])
  })

  test("or one history per line, with its model and its verdict", async () => {
    const bundle = (id: string, verdict: string) =>
      `{"id":"${id}","model":"cas","verdict":"${verdict}","note":[],"ops":[${line()}]}`
    expect((await histories([bundle("a", "Ok"), bundle("b", "Illegal")])).map((h) => [h.id, h.model.name, h.expected])).toEqual([
      ["a", "cas", "ok"],
      ["b", "cas", "illegal"]
    ])
    expect(await error([line(), bundle("a", "Ok")])).toBe("h.jsonl:2: operations and bundled histories in one file")
    expect(await error([bundle("a", "Ok"), line()])).toBe("h.jsonl:2: operations and bundled histories in one file")
    expect(await error([bundle("a", "Ok"), bundle("b", "Maybe")])).toMatch(/^h.jsonl:2: not a history: .*"verdict"/)
    expect(await error([bundle("a", "Ok").replace('"call":0', '"call":7')])).toContain("h.jsonl:1: write of client 0 returns at 1")
  })

  test("the model is the one that has the operations", async () => {
    const modelOf = async (...operations: ReadonlyArray<object>) =>
      (await histories(operations.map((x) => line({ ...x }))))[0]!.model.name
    expect(await modelOf({ op: "cas", value: [1, 2], output: true })).toBe("cas")
    expect(await modelOf({ op: "delete", value: null })).toBe("kv")
    const get = (output: Json) => ({ op: "get", value: null, output })
    expect(await modelOf(get("a"), get(null), get(""))).toBe("kv")
    expect(await modelOf(get("a"), get(""))).toBe("kv-empty")
  })

  test("nanoseconds since 1970 do not fit into a number: they are counted from the first call, exactly", async () => {
    const at = (call: bigint, returned: bigint) => line({ call: 0, return: 1 }).replace('"call":0,"return":1', `"return":${returned},"call":${call}`)
    const first = 1_700_000_000_000_000_001n
    const found = await operations([at(first, first + 1n), at(first - 7n, first + 3n), at(first + 2n ** 52n, first + 2n ** 52n + 1n)])
    expect(found.map(([, , , call, returned]) => [call, returned])).toEqual([[0, 1], [-7, 3], [2 ** 52, 2 ** 52 + 1]])
    // A line with an escape goes another way, to the same numbers.
    const escaped = at(first + 5n, first + 6n).replace('"x"', String.raw`"\u0078"`)
    expect((await operations([at(first, first), escaped]))[1]).toEqual([0, "write", 1, 5, 6, null])
    expect(await error([at(0n, 1n), at(first, first + 1n)])).toBe(`h.jsonl:2: the time ${first} is more than 2^53 away from the first call`)
    expect(await error([at(first, first + 1n), at(0n, 1n)])).toBe("h.jsonl:2: the time 0 is more than 2^53 away from the first call")
    expect(await error([at(first, first - 1n)])).toBe(`h.jsonl:1: write of client 0 returns at ${first - 1n}, before its call at ${first}`)
  })

  test("integers beyond 2^53 keep all of their digits", async () => {
    const big = "12345678901234567891"
    const [found] = await operations([line().replace('"value":1', `"value":[${big},{"a":-${big}}]`)])
    expect(found![2]).toEqual([big, { a: `-${big}` }])
  })

  test("each malformed line is named with its own reason, and with the column where there is one", async () => {
    const second = (text: string) => error([line(), text])
    expect(await second("{")).toBe("h.jsonl:2:2: not JSON: the line ends too early")
    expect(await second(line().slice(0, -1) + ", oops}")).toBe("h.jsonl:2:81: not JSON")
    expect(await second('{"client":01}')).toBe("h.jsonl:2:12: not JSON")
    expect(await second('{"ключ": "}')).toBe("h.jsonl:2:10: not JSON")
    expect(await second('[1, 2}')).toBe("h.jsonl:2:6: not JSON")
    expect(await second('[1,]')).toBe("h.jsonl:2:4: not JSON")
    expect(await second('{"a" 1}')).toBe("h.jsonl:2:6: not JSON")
    expect(await second('{"client":0}')).toMatch(/^h.jsonl:2: not an operation: Missing key at \["op"\]/)
    expect(await second(line({ extra: 1 }))).toMatch(/^h.jsonl:2: not an operation: .*excess property at \["extra"\]/)
    expect(await second(line({ call: 1.5 }))).toBe(
      'h.jsonl:2: not an operation: Expected an integer: times are counted in whole units, such as nanoseconds at ["call"]'
    )
    expect(await second(line({ client: 2 ** 31 }))).toMatch(/^h.jsonl:2: not an operation: .*between.* at \["client"\]/)
    expect(await second(line({ call: 9, return: 3 }))).toBe("h.jsonl:2: write of client 0 returns at 3, before its call at 9")
    expect(await second(line({ op: "enq" }))).toBe("h.jsonl:1: no model has all of these operations: write, enq")
    expect(await second("[".repeat(100_000) + "]".repeat(100_000))).toMatch(/^h.jsonl:2: (nested too deeply|not an operation)/)
    expect(await second(line().replace('"value":1', `"value":${"[".repeat(100_000)}${"]".repeat(100_000)}`))).toBe("h.jsonl:2: nested too deeply")
    expect(await error(["what?"])).toBe("h.jsonl:1: not a history in any known format (jsonl, jepsen-edn, jepsen-json, jepsen-log, porcupine)")
  })

  test("bytes that are no UTF-8 are named by their line, in whichever block they are", async () => {
    const bytes = Buffer.concat([bytesOf([line(), line(), ""]), Buffer.from([0x22, 0xff, 0x22])])
    expect(await errorOf(readBlocks([bytes]))).toBe("h.jsonl:3: not UTF-8")
    expect(await errorOf(readBlocks(Array.from(bytes, (byte) => Uint8Array.of(byte))))).toBe("h.jsonl:3: not UTF-8")
    expect(await errorOf(readBlocks([bytesOf([line()]), Uint8Array.of(0xe2, 0x82)]))).toBe("h.jsonl:1: not UTF-8")
  })

  test("operations must be those of the model, with values and outputs of the right shape", async () => {
    expect(await error([line(), line({ op: "enq" })], { model: "register" })).toBe(
      'h.jsonl:2: operation "enq" is unknown to model register (it has read, write)'
    )
    expect(await error([line({ op: "toString" })], { model: "register" })).toContain('"toString" is unknown')
    expect(await error([line()], { model: "stack" })).toContain('h.jsonl:1: unknown model "stack" (known: register, cas')
    expect(await error([line({ op: "put", value: 3 })])).toBe("h.jsonl:1: the value of put must be a string")
    expect(await error([line({ op: "cas", value: [1, 2], output: 1 })])).toBe("h.jsonl:1: the output of cas must be true or false")
    const lenient = { ...(await histories([line()]))[0]!.model, name: "anything goes", operations: undefined }
    expect((await histories([line({ op: "enq" })], { model: lenient as never }))[0]!.model.name).toBe("anything goes")
  })
})

// Goal: the reading of bytes and the reading of JSON by its rules give the same history, or both give none.
// Method: lines written in all the ways that JSON allows, and some that it doesn't, read as they are, and read so that no
// line can be read from its bytes: with an escape in the name of a field.
describe("lines read from bytes and lines read as JSON", () => {
  /** Mostly what belongs there. */
  const mostly = (usual: fc.Arbitrary<string>, other: fc.Arbitrary<string>) =>
    fc.oneof({ weight: 40, arbitrary: usual }, { weight: 1, arbitrary: other })
  const space = fc.constantFrom("", "", "", " ", "\t", "  ")
  const scalar = fc.oneof(
    fc.integer({ min: -20, max: 20 }).map(String),
    fc.constantFrom("-0", "0.0", "1e3", "1.5", "1e400", "-1E-2", "999999999999999", "9007199254740993", "-123456789012345678901234567890"),
    fc.string({ unit: "binary", maxLength: 4 }).map((s) => JSON.stringify(s)),
    fc.constantFrom(String.raw`"\u0061"`, String.raw`"\/"`, '"\u2028ü€😀"', String.raw`"\ud800"`, '"null"', "null", "true", "false")
  )
  const noJson = fc.constantFrom("", "01", "-", "1.", "+1", "nul", "NaN", '"a', '"\t"', String.raw`"\x"`, "[1,]", "[1 2]", "{1:2}")
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      mostly(scalar, noJson),
      fc.tuple(space, fc.array(tie("value"), { maxLength: 3 }), space).map(([a, list, b]) => `[${a}${list.join("," + b)}${b}]`),
      fc
        .array(fc.tuple(fc.constantFrom('"a"', '"__proto__"', '"b"', '"call"'), tie("value")), { maxLength: 2 })
        .map((entries) => `{${entries.map((entry) => entry.join(":")).join(",")}}`)
    )
  }))
  const time = (from: number) => fc.integer({ min: from, max: from + 9 }).map(String)
  const anything = fc.oneof(scalar, noJson)
  const fields = fc.record({
    client: mostly(fc.integer({ min: -3, max: 12 }).map(String), fc.oneof(anything, fc.constantFrom("2147483647", "2147483648"))),
    op: mostly(fc.constantFrom('"a"', '"b"'), anything),
    key: mostly(fc.constantFrom('"k"', '"κ"', '""', String.raw`"\u006b"`), anything),
    value,
    call: mostly(time(0), anything),
    return: mostly(fc.oneof(time(9), fc.constant("null")), anything),
    output: value,
    applied: mostly(fc.constantFrom("true", "false"), anything)
  })
  const required = ["client", "op", "key", "value", "call", "return", "output"] as const
  const written = fc
    .record({
      fields,
      order: fc.shuffledSubarray([...required], { minLength: required.length }),
      missing: fc.nat({ max: 100 }),
      more: fc.constantFrom("", "", "", "", "applied", "applied", "value", "return", "call", "op", "extra"),
      spaces: fc.array(space, { minLength: 8, maxLength: 8 }),
      end: mostly(fc.constantFrom("", "\r", " "), fc.constantFrom(",", "}", "x", "\0"))
    })
    .map(({ end, fields, missing, more, order, spaces }) => {
      const names = [...order.filter((_, i) => i !== missing), ...(more === "" ? [] : [more])]
      const text = (name: string, i: number) =>
        name === "extra" ? "1" : name === "op" && i < names.length - 1 && more === "op" ? '"c"' : fields[name as keyof typeof fields]
      const entries = names.map((name, i) => `${spaces[i % 8]}"${name}"${spaces[(i + 3) % 8]}:${spaces[(i + 1) % 8]}${text(name, i)}${spaces[(i + 2) % 8]}`)
      return `${spaces[0]}{${entries.join(",")}}${end}`
    })

  /** The same JSON, but no line that is read from its bytes. */
  const escaped = (text: string) => text.replace('"client"', String.raw`"\u0063lient"`)

  const outcome = async (lines: ReadonlyArray<string>) => {
    try {
      const [found] = await histories(lines, { model: { name: "any", init: 0, step: () => 0 } })
      const { history } = found!
      const { keyNames, opNames } = history
      return { operations: history.operations(), returns: [...history.returns], lines: [...history.lines], opNames, keyNames }
    } catch (error) {
      // The escape moves the columns.
      return (error as Error).message.replace(/^h\.jsonl:(\d+):\d+:/, "h.jsonl:$1:")
    }
  }

  test("say the same", async () => {
    const seen = { accepted: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(fc.array(written, { minLength: 1, maxLength: 3 }), async (lines) => {
        const found = await outcome(lines)
        expect(found).toStrictEqual(await outcome(lines.map(escaped)))
        seen[typeof found === "string" ? "refused" : "accepted"]++
      }),
      { numRuns: 10_000 }
    )
    expect(seen.accepted).toBeGreaterThan(2_000)
    expect(seen.refused).toBeGreaterThan(2_000)
  }, 60_000)
})

describe("Jepsen's histories in EDN", () => {
  const event = (process: number | string, type: string, f: string, value: string, more = "") =>
    `{:process ${process}, :type :${type}, :f :${f}, :value ${value}${more}}`
  const write = [event(0, "invoke", "write", "3"), event(0, "ok", "write", "3")] as const
  const read = [event(1, "invoke", "read", "nil"), event(1, "ok", "read", "3")] as const

  test("are maps in a vector, in a list, or one after the other, also as records", async () => {
    const events = [write[0], ...read, write[1]]
    const expected = [[0, "write", 3, 1, 4, null], [1, "read", null, 2, 3, 3]]
    expect(await operations(["[" + events.join("\n ") + "]"])).toEqual(expected)
    expect(await operations(["; of Knossos", "(" + events.join(" ; here\n"), ")"])).toEqual(expected)
    expect(await operations(events)).toEqual(expected)
    expect(await operations(events.map((e) => `#jepsen.history.Op${e}`))).toEqual(expected)
    expect(await operations(["[", ...events.map((e) => `#_ {:a ${e}} ${e}`), "]"])).toEqual(expected)
    expect(await operations(["[]"])).toEqual([])
  })

  test("are the same in blocks of any size", async () => {
    const lines = ['[; "ü"', ...write, event(2, "invoke", "write", String.raw`["ü\u00fc\n" :é -7 12345678901234567890N 1.5M #{3 1 2} \a #inst "2020"]`), ...read, "]"]
    const whole = (await histories(lines))[0]!.history.operations()
    expect(whole[1]!.value).toEqual(["üü\n", ":é", -7, "12345678901234567890", 1.5, [1, 2, 3], "a", { "#inst": "2020" }])
    for (const size of [1, 2, 3, 7, 50]) {
      const bytes = bytesOf(lines)
      const blocks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
      expect((await readBlocks(blocks))[0]!.history.operations()).toEqual(whole)
    }
  })

  test("the clock is the order of the events, or their index", async () => {
    const indexed = [event(0, "invoke", "write", "3", ", :index 10"), ":nemesis", event(0, "ok", "write", "3", ", :index 17, :time 5")]
    expect(await operations([indexed[0]!, event(":nemesis", "info", "start", "nil", ", :index 12"), indexed[2]!])).toEqual([[0, "write", 3, 10, 17, null]])
    expect(await error([indexed[2]!, indexed[0]!])).toBe("h.jsonl:1:1: process 0 completes write without an invocation")
    expect(await error([indexed[0]!, event(1, "invoke", "read", "nil", ", :index 10")])).toBe(
      "h.jsonl:2:1: index 10 is no integer larger than those before"
    )
  })

  test("what failed has had no effect, and is kept as failed; or a compare-and-set has found another value, if one says so", async () => {
    const events = [
      event(0, "invoke", "cas", "[1 2]"),
      event(0, "fail", "cas", "[1 2]"),
      event(1, "invoke", "write", "4"),
      event(1, "fail", "write", "4"),
      event(2, "invoke", "cas", "[1 2]"),
      event(2, "fail", "cas", ":timed-out")
    ]
    const outcomes = async (options?: Partial<ReadOptions>) => (await operations(events, options)).map(([, , , , returned, output]) => [returned, output])
    expect(await outcomes()).toEqual([["failed", null], ["failed", null], ["failed", null]])
    expect(await outcomes({ fail: "answered-no" })).toEqual([[2, false], ["failed", null], [null, null]])
  })

  test("a read of nil is one of anything; what has no completion, or one of type info, is of unknown outcome", async () => {
    expect(
      await operations([
        event(0, "invoke", "read", "nil"),
        event(0, "ok", "read", "nil"),
        event(1, "invoke", "write", "1"),
        event(1, "info", "write", "1"),
        event(1, "invoke", "write", "2"),
        event(2, "invoke", "cas", "[1 2]"),
        event(2, "ok", "cas", "[1 2]")
      ])
    ).toEqual([
      [0, "read", null, 1, null, null],
      [1, "write", 1, 3, null, null],
      [1, "write", 2, 5, null, null],
      [2, "cas", [1, 2], 6, 7, true]
    ])
  })

  test("independent keys are recognised by values that make no sense otherwise", async () => {
    const found = async (...events: ReadonlyArray<string>) => {
      const { history } = (await histories(events, { model: { name: "any", init: 0, step: () => 0 } }))[0]!
      return history.operations().map((x) => [x.key, x.op, x.value, x.output])
    }
    const keyed = [
      event(0, "invoke", "write", "[5 1]"),
      event(1, "invoke", "read", "[:k nil]"),
      event(0, "ok", "write", "[5 1]"),
      event(1, "ok", "read", "[:k 7]"),
      event(2, "invoke", "cas", '["k" [1 2]]'),
      event(2, "ok", "cas", '["k" [1 2]]')
    ]
    expect(await found(...keyed)).toEqual([["5", "write", 1, null], [":k", "read", null, 7], ["k", "cas", [1, 2], true]])
    expect(await found(...keyed.slice(4))).toEqual([["k", "cas", [1, 2], true]])
    // A read of nil is one of anything here, too.
    expect((await histories([event(0, "invoke", "read", "[1 nil]"), event(0, "ok", "read", "[1 nil]")]))[0]!.history.returns[0]).toBe(UNKNOWN)
    // Pairs may be values: nobody asks for a key here, or something has none.
    expect(await found(keyed[0]!, keyed[2]!)).toEqual([["register", "write", [5, 1], null]])
    expect(await found(...keyed, event(3, "invoke", "read", "nil"))).toContainEqual(["register", "write", [5, 1], null])
    expect(await error([event(0, "invoke", "read", "[1 nil]"), event(0, "ok", "read", "[2 7]")])).toBe(
      "h.jsonl:1: the answer [2,7] is not of the key in [1,null]"
    )
  })

  test("operations have our names, and other operations keep theirs", async () => {
    const any = { model: { name: "any", init: 0, step: () => 0 } }
    const events = ["enqueue", "dequeue", "acquire", "add", "inc"].flatMap((f, process) => [
      event(process, "invoke", f, f === "dequeue" ? "nil" : "2"),
      event(process, "ok", f, "3")
    ])
    expect((await operations(events, any)).map(([, op, value, , , output]) => [op, value, output])).toEqual([
      ["enq", 2, null],
      ["deq", null, 3],
      ["acquire", null, true],
      ["add", 2, null],
      ["inc", 2, 3]
    ])
  })

  test("each mistake is named with its own reason, line and column", async () => {
    expect(await error([write[0], write[0]])).toBe("h.jsonl:2:1: process 0 invokes write while its write of line 1 is open")
    expect(await error(["[", ` ${write[1]}`, "]"])).toBe("h.jsonl:2:2: process 0 completes write without an invocation")
    expect(await error([write[0], event(0, "ok", "read", "3")])).toBe("h.jsonl:2:1: process 0 completes read, but invoked write in line 1")
    expect(await error([event(0, "invoke", "txn", "[[:append 1 2]]")])).toBe(
      "h.jsonl:1:1: transactions (f is txn) are no operations on single objects: they are for Elle"
    )
    expect(await error([event(0, "started", "read", "nil")])).toBe("h.jsonl:1:1: an event needs a type: expected invoke, ok, fail or info")
    expect(await error(["{:type :invoke, :f :read}"])).toBe("h.jsonl:1:1: an event without process")
    expect(await error(["{:type :invoke, :process 1}"])).toBe("h.jsonl:1:1: an event without f")
    expect(await error([event(2 ** 31, "invoke", "read", "nil")])).toBe("h.jsonl:1:1: process 2147483648 is beyond 2^31")
    expect(await error([write[0], "42"])).toBe("h.jsonl:2:1: not an event: expected a map of process, type, f and value")
    expect(await error(["[" + write[0], write[1]])).toBe("h.jsonl:1:1: the history that begins here does not end")
    expect(await error([write[0], "{:type :invoke, :f"])).toBe("h.jsonl:2:1: what begins here does not end")
    expect(await error([`${write[0]} "ü" {:value "`])).toBe("h.jsonl:1:50: not an event: expected a map of process, type, f and value")
    expect(await error([write[0], '  {:value "ü'])).toBe("h.jsonl:2:11: what begins here does not end")
    expect(await error(["{:value [1 2}"])).toBe("h.jsonl:1:13: unexpected }")
    expect(await error(["{:process 1 :value}"])).toBe("h.jsonl:1:19: the map has no value for :value")
    expect(await error([String.raw`{:value "\q"}`])).toBe(String.raw`h.jsonl:1:10: \q is no escape`)
    expect(await error(["{:value " + "[".repeat(1000)])).toBe("h.jsonl:1:508: nested too deeply")
    expect(await error(["[] []"])).toBe("h.jsonl:1:4: there is more behind the end of the history")
  })
})

// Goal: what is read by an expression is read as it is form by form.
// Method: events as they are mostly written, and the same with more between them than the expressions know.
describe("usual lines and unusual lines", () => {
  const value = fc.oneof(
    fc.constantFrom("nil", ":timed-out", "[1 2]", "[-3 40]", '""', "-0", "007", "12345678901234567890", "[1 [2 3]]", String.raw`"\n"`),
    fc.integer({ min: -9, max: 9 }).map(String),
    fc.string({ unit: "grapheme", maxLength: 3 }).map((text) => `"${text.replaceAll(/[\\"]/g, "")}"`)
  )
  const event = fc.record({
    process: fc.oneof(fc.nat({ max: 2 }).map(String), fc.constantFrom("-1", ":nemesis", "2147483648")),
    type: fc.constantFrom("invoke", "invoke", "ok", "fail", "info"),
    f: fc.constantFrom("read", "write", "cas"),
    value
  })
  const outcome = async (lines: ReadonlyArray<string>, format: Format) => {
    try {
      const [found] = await histories(lines, { format, model: { name: "any", init: 0, step: () => 0 } })
      return found!.history.operations()
    } catch (error) {
      return (error as Error).message.replace(/^h\.jsonl:(\d+):\d+:/, "h.jsonl:$1:")
    }
  }

  test("say the same", async () => {
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 12 }), fc.boolean(), async (events, keyed) => {
        // Mostly each process waits for its answer.
        const open = new Map<string, string>()
        const told = events.map((e) => {
          const f = open.get(e.process)
          if (f === undefined) open.set(e.process, e.f)
          else open.delete(e.process)
          return f === undefined ? { ...e, type: "invoke" } : { ...e, f, type: e.type === "invoke" ? "ok" : e.type }
        })
        const inEdn = (space: string) =>
          told.map((e) => `{${space}:process ${e.process}, :type :${e.type}, :f :${e.f}${keyed ? `, :key "${e.f}"` : ""}, :value ${e.value}}`)
        const found = await outcome(inEdn(""), "jepsen-edn")
        expect(found).toStrictEqual(await outcome(inEdn(" "), "jepsen-edn"))
        const inLog = (more: string) => jepsen(...told.map((e) => `${e.process}\t:${e.type}\t:${e.f}\t${e.value}${more}`))
        const logged = await outcome(inLog(""), "jepsen-log")
        expect(logged).toStrictEqual(await outcome(inLog("\tan error"), "jepsen-log"))
        if (typeof found !== "string" && typeof logged !== "string") accepted += found.length
      }),
      { numRuns: 3_000 }
    )
    expect(accepted).toBeGreaterThan(1_500)
  }, 60_000)
})

describe("Jepsen's histories in JSON, as elle-cli reads them", () => {
  const event = (process: number | string, type: string, f: string, value: Json) => JSON.stringify({ type, f, process, value, time: 341187643, error: "}\\\"" })
  const events = [event(0, "invoke", "cas", [1, 2]), event("nemesis", "info", "start", null), event(0, "fail", "cas", [1, 2]), event(1, "invoke", "read", null), event(1, "ok", "read", 4)]

  test("are an array of events, which mean the same as in EDN", async () => {
    const expected = [[0, "cas", [1, 2], 1, "failed", null], [1, "read", null, 4, 5, 4]]
    expect(await operations([`[${events.join(",")}]`])).toEqual(expected)
    expect(await operations(["[", events.join(",\n"), "]"])).toEqual(expected)
    const bytes = bytesOf([`[${events.join(",")}]`])
    expect((await readBlocks(Array.from(bytes, (byte) => Uint8Array.of(byte))))[0]!.history.length).toBe(2)
  })

  test("each mistake is named with its own reason, line and column", async () => {
    expect(await error([`[${events[0]},`, events[0]!, "]"])).toBe("h.jsonl:2:1: process 0 invokes cas while its cas of line 1 is open")
    expect(await error([`[${events[0]}`])).toBe("h.jsonl:1:1: the history that begins here does not end")
    expect(await error([`[${events[0]}`, " {"])).toBe("h.jsonl:2:2: what begins here does not end")
    expect(await error([`[${events[0]},`, ' {"ü": 01}]'])).toBe("h.jsonl:2:9: not JSON")
    expect(await error([`[${events[0]}, 5]`])).toMatch(/^h.jsonl:1:\d+: not JSON: expected an object/)
  })
})

describe("Jepsen's etcd logs", () => {
  test("a compare-and-set that failed found another value; what timed out is unknown; a failed read was none", async () => {
    const lines = jepsen(
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
      "4\t:ok\t:cas\t[0 1]\tand an error [ that is no EDN"
    )
    expect((await histories(lines))[0]!.model.name).toBe("cas")
    expect(await operations(lines)).toEqual([
      [0, "read", null, 1, 2, null],
      [1, "cas", [1, 2], 3, 5, false],
      [2, "write", 4, 6, null, null],
      [3, "read", null, 8, "failed", null],
      [4, "cas", [0, 1], 10, 11, true]
    ])
    expect((await operations(lines, { fail: "no-effect" }))[1]).toEqual([1, "cas", [1, 2], 3, "failed", null])
  })

  test("other lines of the log are passed over", async () => {
    const lines = [
      "2015-02-18 14:07:08,943{GMT}\tINFO\t[main] jepsen.core: nodes set up",
      "2015-02-18 14:07:09,101{GMT}\tINFO\t[jepsen worker 3] jepsen.util: 3\t:invoke\t:write\t4",
      "INFO  jepsen.util - 35 seconds have passed",
      "java.lang.Exception: jepsen failed",
      "\tat clojure.core",
      "2015-02-18 14:07:09,204{GMT}\tINFO\t[jepsen worker 3] jepsen.util: 3\t:ok\t:write\t4"
    ]
    const [found] = await histories(lines)
    expect(found!.history.operations().map((x) => [x.op, x.call, x.return])).toEqual([["write", 1, 2]])
    expect([...found!.history.lines]).toEqual([2])
  })

  test("each malformed line is named with its own reason", async () => {
    const invoke = "3\t:invoke\t:write\t1"
    expect(await error(jepsen("3\t:ok\t:write\t1"))).toBe("h.jsonl:1: process 3 completes write without an invocation")
    expect(await error(jepsen(invoke, "3\t:invoke\t:read\tnil"))).toBe("h.jsonl:2: process 3 invokes read while its write of line 1 is open")
    expect(await error(jepsen(invoke, "3\t:ok\t:read\t1"))).toBe("h.jsonl:2: process 3 completes read, but invoked write in line 1")
    expect(await error(jepsen(invoke, "3\t:ok"))).toMatch(/^h.jsonl:2: not an operation: expected process/)
    expect(await error(jepsen(invoke, "3\t:ok\t:write\t[1"))).toBe("h.jsonl:2:34: what begins here does not end")
    expect(await error(jepsen(invoke, "3\t:done\t:write\t1"))).toBe("h.jsonl:2: an event needs a type: expected invoke, ok, fail or info")
    expect(await error([...jepsen(invoke), "3 :ok"])).toBe("h.jsonl:2: not a line of a Jepsen log")
    expect(await error(jepsen("3\t:invoke\t:enqueue\t1"))).toContain('h.jsonl:1: operation "enq" is unknown to model cas')
  })
})

describe("Porcupine's map logs", () => {
  test("an absent key reads as the empty string", async () => {
    const [found] = await histories([
      porcupine(0, "invoke", "get", "k", null),
      porcupine(1, "invoke", "append", "k", 'x \\" y'),
      porcupine(0, "ok", "get", "k", ""),
      porcupine(1, "info", "append", "k", null)
    ])
    expect(found!.model.name).toBe("kv-empty")
    expect(found!.history.operations().map((x) => [x.key, x.op, x.value, x.call, x.return, x.output])).toEqual([
      ["k", "get", null, 1, 3, ""],
      ["k", "append", 'x " y', 2, null, null]
    ])
  })

  test("each malformed line is named with its own reason", async () => {
    const invoke = porcupine(0, "invoke", "get", "k", null)
    expect(await error([invoke, "{:process 1"])).toBe("h.jsonl:2:1: what begins here does not end")
    expect(await error([porcupine(0, "ok", "get", "k", "")])).toBe("h.jsonl:1:1: process 0 completes get without an invocation")
    expect(await error([invoke, invoke])).toBe("h.jsonl:2:1: process 0 invokes get while its get of line 1 is open")
    expect(await error([invoke, porcupine(0, "ok", "get", "j", "")])).toBe("h.jsonl:2:1: process 0 completes get, but invoked get in line 1")
    expect(await error([porcupine(0, "invoke", "pop", "k", null)])).toContain('operation "pop" is unknown to model kv-empty')
  })
})

describe("the format", () => {
  test("is found by content, and may be told", async () => {
    expect(formatOf(`\n${line()}`)).toBe("jsonl")
    expect(formatOf("")).toBe("jsonl")
    expect(formatOf(porcupine(0, "invoke", "get", "k", null))).toBe("porcupine")
    expect(formatOf(jepsen("0\t:invoke\t:read\tnil").join())).toBe("jepsen-log")
    expect(formatOf("INFO  jepsen.os.debian - :n1 setting up debian")).toBe("jepsen-log")
    for (const edn of ["[{:type :ok}]", "({:type :ok})", "{:type :ok :key-value 1}", "; c\n; d\n[{:type", "#jepsen.history.Op{:index 0", "[#jepsen.history.Op{:index 0", "[\n; c\n{:f", "[]"]) {
      expect(formatOf(edn)).toBe("jepsen-edn")
    }
    expect(formatOf('[{"type": 1')).toBe("jepsen-json")
    expect(formatOf("The MIT License")).toBeUndefined()
    expect(await error([line()], { format: "jepsen-log" })).toBe("h.jsonl:1: not a line of a Jepsen log")
  })

  test("needs no more than the first block", async () => {
    const seen: Array<number> = []
    const blocks = Array.from({ length: 30 }, (_, i) => bytesOf(Array(100).fill(line({ client: i })).concat("")))
    await readBlocks(blocks, { onProgress: (operations) => seen.push(operations) })
    expect(seen).toEqual(blocks.map((_, i) => 100 * (i + 1)))
  })
})
