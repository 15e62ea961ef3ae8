// Goal: RESP is read as Redis reads it, however the bytes are cut; what breaks it is refused in Redis' words. Method:
// examples, and random commands and answers in random chunks.
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { CommandParser, encode, encodeCommand, ProtocolError, ReplyParser } from "../../src/shell/resp/Resp.ts"
import { array, bulk, error, integer, map, nil, readInteger, simple } from "../../src/shell/resp/Resp.ts"
import type { Bytes, RespValue } from "../../src/shell/resp/Resp.ts"

const limits = { arguments: 16, bytes: 1000 }

/** All that a parser finds in the bytes, cut at these places; a protocol error as its words. */
const parseAll = (
  parser: CommandParser | ReplyParser,
  bytes: Bytes,
  cuts: ReadonlyArray<number> = []
): ReadonlyArray<unknown> => {
  const found: Array<unknown> = []
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  for (const [n, place] of places.slice(1).entries()) {
    parser.push(Buffer.from(bytes.slice(places[n]!, place), "latin1"))
    for (;;) {
      const next = parser.next()
      if (next === undefined) break
      if (next instanceof ProtocolError) return [...found, next.message]
      found.push(next)
    }
  }
  return found
}
const commands = (bytes: Bytes, cuts?: ReadonlyArray<number>) => parseAll(new CommandParser(limits), bytes, cuts)
const replies = (bytes: Bytes, cuts?: ReadonlyArray<number>) => parseAll(new ReplyParser(), bytes, cuts)

const everywhere = (bytes: Bytes) => Array.from(bytes, (_, n) => n)
const byteString = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((n) => String.fromCharCode(n)), maxLength: 20 })

describe("commands", () => {
  test.each<[Bytes, ReadonlyArray<unknown>]>([
    ["*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", [["GET", "k"]]],
    ["*1\r\n$0\r\n\r\n", [[""]]],
    ["*1\r\n$4\r\n\r\n\0\xff\r\n", [["\r\n\0\xff"]]],
    ["*0\r\n*-1\r\n\r\n\n  \r\nPING\n", [["PING"]]],
    ["SET k 'a b'\r\n", [["SET", "k", "a b"]]],
    ["SET k \"a\\x41\\n\\\"\\q\"\r\n", [["SET", "k", "aA\n\"q"]]],
    ["SET k 'it\\'s\\n'  \r\n", [["SET", "k", "it's\\n"]]],
    ["SET pre\"fix\" \xc3\xa0\r\n", [["SET", "prefix", "\xc3\xa0"]]],
    ["GET k\r\n*1\r\n$4\r\nPING\r\n", [["GET", "k"], ["PING"]]]
  ])("%j", (bytes, expected) => {
    expect(commands(bytes)).toEqual(expected)
    expect(commands(bytes, everywhere(bytes))).toEqual(expected)
  })

  test.each<[Bytes, string]>([
    ["*x\r\n", "invalid multibulk length"],
    ["*01\r\n", "invalid multibulk length"],
    ["*17\r\n", "invalid multibulk length"],
    ["*1\r\n:1\r\n", "expected '$', got ':'"],
    ["*1\r\n\r\n", "expected '$', got ''"],
    ["*1\r\n$-1\r\n", "invalid bulk length"],
    ["*1\r\n$1001\r\n", "invalid bulk length"],
    ["*2\r\n$600\r\n" + "x".repeat(600) + "\r\n$401\r\n", "invalid bulk length"],
    ["*1\r\n$+1\r\n", "invalid bulk length"],
    ["*1\r\n$1\r\nkk\r\n", "expected CRLF after bulk"],
    ["GET \"k\r\n", "unbalanced quotes in request"],
    ["GET 'k'k\r\n", "unbalanced quotes in request"],
    ["GET 'k\\\\'\r\n", "unbalanced quotes in request"],
    ["x".repeat(65_536), "too big inline request"],
    ["*1".padEnd(65_536, "1"), "too big mbulk count string"],
    ["*1\r\n$1".padEnd(65_536 + 4, "1"), "too big bulk count string"]
  ])("%.40j is refused: %s", (bytes, reason) => {
    expect(commands(`PING\r\n${bytes}\r\nPING\r\n`)).toEqual([["PING"], `Protocol error: ${reason}`])
    expect(commands(bytes, everywhere(bytes))).toEqual([`Protocol error: ${reason}`])
  })

  test("the limits themselves are allowed", () => {
    const args = Array.from({ length: 16 }, (_, n) => n === 0 ? "x".repeat(985) : "y")
    expect(commands(encodeCommand(args))).toEqual([args])
    const line = "x".repeat(65_534)
    expect(commands(`${line}\r\n`, [65_535])).toEqual([[line]])
  })

  test("in any chunks they are the same as in one, also what is broken", () => {
    const piece = fc.oneof(
      fc.array(byteString, { minLength: 1, maxLength: 4 }).map(encodeCommand),
      fc.constantFrom("PING\r\n", "*0\r\n", "*2\r\n", "$1\r\n", "\r\n", "*", "$", "GET 'a\\'' \"b\\\"\"\n", "\"\n", "*1\r\n$2\r\na")
    )
    fc.assert(fc.property(fc.array(piece, { maxLength: 6 }), fc.array(fc.nat(200)), (pieces, places) => {
      const bytes = pieces.join("")
      const cuts = places.map((place) => Math.min(place, bytes.length))
      expect(commands(bytes, cuts)).toEqual(commands(bytes))
      expect(commands(bytes, everywhere(bytes))).toEqual(commands(bytes))
    }), { numRuns: 2000, seed: 1 })
  })

  test("what is encoded is read again", () => {
    fc.assert(fc.property(fc.array(byteString, { minLength: 1, maxLength: 16 }), (args) => {
      expect(commands(encodeCommand(args))).toEqual([args])
    }), { seed: 1 })
  })

  test("many bytes in tiny chunks take time for each byte only", () => {
    const value = "v".repeat(400_000)
    const bytes = Buffer.from(encodeCommand(["SET", "k", value]))
    const parser = new CommandParser({ arguments: 3, bytes: 2 ** 20 })
    const start = performance.now()
    for (let at = 0; at < bytes.length - 1; at++) {
      parser.push(bytes.subarray(at, at + 1))
      if (parser.next() !== undefined) throw new Error("too early")
    }
    parser.push(bytes.subarray(-1))
    expect(parser.next()).toEqual(["SET", "k", value])
    // Were each chunk to copy or search all that waits, it would be 80 gigabytes.
    expect(performance.now() - start).toBeLessThan(2000)
  })
})

const anyValue: fc.Arbitrary<RespValue> = fc.letrec<{ value: RespValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(nil, simple("OK"), error("ERR no"), integer(0)),
    fc.maxSafeInteger().map((n) => integer(n === 0 ? 0 : n)),
    byteString.map(bulk),
    fc.array(tie("value"), { maxLength: 3 }).map(array),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 }).map(map)
  )
})).value

/** What RESP2 makes of it: maps become arrays. */
const withoutMaps = (value: RespValue): RespValue =>
  value.type === "map"
    ? array(value.entries.flat().map(withoutMaps))
    : value.type === "array"
    ? array(value.items.map(withoutMaps))
    : value

describe("answers", () => {
  test("have the bytes of the protocol's documentation", () => {
    const value = array([simple("OK"), error("ERR no"), integer(-1), bulk("a\r\n"), nil, map([[bulk("k"), array([])]])])
    expect(encode(value, 2)).toBe("*6\r\n+OK\r\n-ERR no\r\n:-1\r\n$3\r\na\r\n\r\n$-1\r\n*2\r\n$1\r\nk\r\n*0\r\n")
    expect(encode(value, 3)).toBe("*6\r\n+OK\r\n-ERR no\r\n:-1\r\n$3\r\na\r\n\r\n_\r\n%1\r\n$1\r\nk\r\n*0\r\n")
  })

  test("stay on one line, whatever an error quotes", () => {
    expect(encode(error("ERR unknown command 'a\r\n+OK'"), 2)).toBe("-ERR unknown command 'a  +OK'\r\n")
  })

  test("are read again, in any chunks", () => {
    fc.assert(fc.property(fc.array(anyValue, { maxLength: 4 }), fc.array(fc.nat(300)), (values, places) => {
      const three = values.map((value) => encode(value, 3)).join("")
      expect(replies(three, places.map((place) => Math.min(place, three.length)))).toEqual(values)
      const two = values.map((value) => encode(value, 2)).join("")
      expect(replies(two, everywhere(two))).toEqual(values.map(withoutMaps))
    }), { numRuns: 1000, seed: 1 })
  })

  test.each<[Bytes, string]>([
    ["hello\r\n", "no number, or of no known type: 'hello'"],
    [":1.5\r\n", "no number, or of no known type: ':1.5'"],
    ["#1\r\n", "too much, or of no known type: '#1'"],
    ["*-2\r\n", "too much, or of no known type: '*-2'"],
    ["*1048577\r\n", "too much, or of no known type: '*1048577'"],
    ["$536870913\r\n", "too much, or of no known type: '$536870913'"],
    ["*1\r\n".repeat(17), "too much, or of no known type: '*1'"],
    ["$1\r\nab\r\n", "expected CRLF after bulk"],
    ["+".padEnd(65_536), "too long a line"]
  ])("%.40j is refused: %s", (bytes, reason) => {
    expect(replies(`+OK\r\n${bytes}`)).toEqual([simple("OK"), `Protocol error: ${reason}`])
  })
})

test("a number is written in one way", () => {
  expect(["0", "-1", "12", "9007199254740991"].map(readInteger)).toEqual([0, -1, 12, 9007199254740991])
  for (const text of ["", " 1", "01", "+1", "-0", "1.0", "1e3", "0x1", "9007199254740993", "NaN", "Infinity"]) {
    expect(readInteger(text)).toBeUndefined()
  }
})
