import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { UNKNOWN } from "./History.ts"
import { formatOf, readHistories } from "./read.ts"
import type { Checkable, ReadOptions } from "./read.ts"
import type { Json } from "./Texts.ts"

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
      more: fc.constantFrom("", "", "", "", "applied", "applied", "value", "return", "call", "extra"),
      spaces: fc.array(space, { minLength: 8, maxLength: 8 }),
      end: mostly(fc.constantFrom("", "\r", " "), fc.constantFrom(",", "}", "x", "\0"))
    })
    .map(({ end, fields, missing, more, order, spaces }) => {
      const names = [...order.filter((_, i) => i !== missing), ...(more === "" ? [] : [more])]
      const text = (name: string) => (name === "extra" ? "1" : fields[name as keyof typeof fields])
      const entries = names.map((name, i) => `${spaces[i % 8]}"${name}"${spaces[(i + 3) % 8]}:${spaces[(i + 1) % 8]}${text(name)}${spaces[(i + 2) % 8]}`)
      return `${spaces[0]}{${entries.join(",")}}${end}`
    })

  /** The same JSON, but no line that is read from its bytes. */
  const escaped = (text: string) => text.replace('"client"', String.raw`"\u0063lient"`)

  const outcome = async (lines: ReadonlyArray<string>) => {
    try {
      const [found] = await histories(lines, { model: { name: "any", init: 0, step: () => 0 } })
      const { history } = found!
      return { operations: history.operations(), returns: [...history.returns], lines: [...history.lines] }
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
