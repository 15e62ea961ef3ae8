// Goal: the map does what it says, and a command takes effect once, however often it is applied. Method: by example,
// and random command lists against a map that knows no sessions.
import fc from "fast-check"
import { isDeepStrictEqual as equal } from "node:util"
import { describe, expect, it } from "vitest"
import { apply, commandIn, decode, encode, fromPieces, InitKV, toPieces } from "../../src/kv/KV.ts"
import type { Command, KV, Operation, Reply } from "../../src/kv/KV.ts"

const ok = (response: string | boolean | null): Reply => ({ status: "OK", response })

/** Applies operations as one client's 1st, 2nd, …; the replies, and the map at the end. */
const run = (...operations: ReadonlyArray<Operation>) => {
  let state: KV = InitKV
  const responses = operations.map((operation, n) => {
    const applied = apply(state, { client: "c", seq: n + 1, operation })
    state = applied.state
    return applied.reply.status === "OK" ? applied.reply.response : applied.reply.status
  })
  return { responses, data: state.data }
}

describe("the sequential map", () => {
  it("KV.Get: answers the value, and null for an absent key", () => {
    expect(run({ op: "get", key: "k" }, { op: "put", key: "k", value: "" }, { op: "get", key: "k" }).responses)
      .toEqual([null, null, ""])
  })

  it("KV.Get: no key is there because objects have it", () => {
    for (const key of ["constructor", "__proto__", "toString"]) {
      expect(run({ op: "get", key }, { op: "delete", key }).responses).toEqual([null, false])
      expect(run({ op: "put", key, value: "x" }, { op: "get", key }, { op: "delete", key }).responses)
        .toEqual([null, "x", true])
    }
  })

  it("KV.Put: replaces what was there", () => {
    expect(run({ op: "put", key: "k", value: "x" }, { op: "put", key: "k", value: "y" }).data).toEqual({ k: "y" })
  })

  it("KV.Append: adds at the end, and to an absent key is a Put", () => {
    expect(run({ op: "append", key: "k", value: "x" }, { op: "append", key: "k", value: "y" }).data).toEqual({ k: "xy" })
  })

  it("KV.Cas: swaps from the value expected only, and from null only an absent key", () => {
    const { data, responses } = run(
      { op: "cas", key: "k", from: "x", to: "y" },
      { op: "cas", key: "k", from: null, to: "x" },
      { op: "cas", key: "k", from: null, to: "z" },
      { op: "cas", key: "k", from: "x", to: "y" }
    )
    expect(responses).toEqual([false, true, false, true])
    expect(data).toEqual({ k: "y" })
  })

  it("KV.Cas: the empty string is not an absent key", () => {
    expect(run({ op: "put", key: "k", value: "" }, { op: "cas", key: "k", from: null, to: "x" }).responses)
      .toEqual([null, false])
  })

  it("KV.Delete: the key is absent afterwards, and the answer tells whether it was there", () => {
    const { data, responses } = run(
      { op: "put", key: "k", value: "x" },
      { op: "delete", key: "k" },
      { op: "delete", key: "k" },
      { op: "get", key: "k" }
    )
    expect(responses).toEqual([null, true, false, null])
    expect(data).toEqual({})
  })
})

describe("sessions", () => {
  const append = (client: string, seq: number): Command => ({
    client,
    seq,
    operation: { op: "append", key: "k", value: `${client}${seq} ` }
  })
  const cas = (client: string, seq: number, from: string | null, to: string): Command => ({
    client,
    seq,
    operation: { op: "cas", key: "k", from, to }
  })

  it("KV.SameSeq: asked again, the same answer and no second effect, whatever happened in between", () => {
    const first = apply(InitKV, cas("a", 1, null, "x"))
    const later = apply(first.state, cas("b", 1, "x", "y"))
    const again = apply(later.state, cas("a", 1, null, "x"))
    expect(again).toEqual({ state: later.state, reply: ok(true) })
  })

  it("KV.CacheReply: a refusal stays a refusal, though it would succeed by now", () => {
    const refused = apply(InitKV, cas("a", 1, "x", "y"))
    expect(refused.reply).toEqual(ok(false))
    const { state } = apply(refused.state, { client: "b", seq: 1, operation: { op: "put", key: "k", value: "x" } })
    expect(apply(state, cas("a", 1, "x", "y"))).toEqual({ state, reply: ok(false) })
  })

  it("KV.OldSeq: a copy older than the client's latest has no effect, and no answer of another operation", () => {
    const { state } = apply(apply(InitKV, append("a", 1)).state, append("a", 2))
    expect(apply(state, append("a", 1))).toEqual({ state, reply: { status: "STALE" } })
  })

  it("KV.SameSeq: sessions are the clients', not the keys'", () => {
    const { state } = apply(InitKV, append("a", 1))
    expect(apply(state, append("b", 1)).state.data).toEqual({ k: "a1 b1 " })
  })

  it("each command takes effect once and in its client's order, in any list with repetitions", () => {
    const commands = fc.array(fc.tuple(fc.constantFrom("a", "b", "__proto__"), fc.integer({ min: 1, max: 4 })))
    fc.assert(fc.property(commands, (asked) => {
      let state = InitKV
      let expected = ""
      const latest = new Map<string, number>()
      for (const [client, seq] of asked) {
        if (seq > (latest.get(client) ?? 0)) {
          latest.set(client, seq)
          expected += `${client}${seq} `
        }
        state = apply(state, append(client, seq)).state
      }
      expect(state.data["k"] ?? "").toBe(expected)
    }))
  })
})

describe("commands in the log", () => {
  it("decode gives what encode was given", () => {
    const key = fc.string()
    const operation: fc.Arbitrary<Operation> = fc.oneof(
      fc.record({ op: fc.constant("get" as const), key }),
      fc.record({ op: fc.constant("delete" as const), key }),
      fc.record({ op: fc.constantFrom("put" as const, "append" as const), key, value: fc.string() }),
      fc.record({ op: fc.constant("cas" as const), key, from: fc.option(fc.string()), to: fc.string() })
    )
    const command = fc.record({ client: fc.string(), seq: fc.nat(), operation })
    fc.assert(fc.property(command, (c) => {
      const decoded = decode(encode(c))
      // fast-check's records have no prototype.
      expect(JSON.parse(JSON.stringify(decoded))).toEqual(JSON.parse(JSON.stringify(c)))
    }))
  })

  it("any other text is no command", () => {
    for (
      const value of ["", "x", "{}", "[]", "null", '["c",1,"get"]', '["c",1,"get","k","v"]', '["c",1,"put","k",1]']
        .concat('["c",1,"put","k"]', '["c","1","get","k"]', '["c",1.5,"get","k"]', '["c",1,"cas","k","a"]')
        .concat('["c",1,"cas","k",1,"a"]', '["c",1,"take","k"]', '[1,1,"get","k"]', '["c",1,"get",null]')
    ) expect(decode(value), value).toBeUndefined()
  })

  it("a no-op holds no command", () => {
    expect(commandIn({ term: 1, type: "noop", value: "" })).toBeUndefined()
    const command: Command = { client: "c", seq: 1, operation: { op: "get", key: "k" } }
    expect(commandIn({ term: 1, type: "command", value: encode(command) })).toEqual(command)
  })
})

describe("snapshots of the map", () => {
  /** Any text, also with halves of surrogate pairs; and the keys that objects have. */
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string(), fc.constantFrom("", "constructor", "__proto__", "10", "9"))
  const operation: fc.Arbitrary<Operation> = fc.oneof(
    fc.record({ op: fc.constant("put" as const), key: text, value: text }),
    fc.record({ op: fc.constant("cas" as const), key: text, from: fc.constant(null), to: text }),
    fc.record({ op: fc.constantFrom("get" as const, "delete" as const), key: text })
  )
  const commands = fc.array(fc.record({ client: text, seq: fc.integer({ min: 1, max: 9 }), operation }))
  const after = (asked: ReadonlyArray<Command>) => asked.reduce((state, command) => apply(state, command).state, InitKV)
  const pieceSize = fc.integer({ min: 1, max: 40 })

  it("fromPieces gives what toPieces was given, sessions and their answers included", () => {
    fc.assert(fc.property(commands, pieceSize, (asked, size) => {
      const state = after(asked)
      expect(fromPieces(toPieces(state, size))).toEqual(state)
    }))
  })

  it("each piece has the stated size, and the last at most that", () => {
    fc.assert(fc.property(commands, pieceSize, (asked, size) => {
      const pieces = toPieces(after(asked), size)
      expect(pieces.slice(0, -1).every((piece) => [...piece].length === size)).toBe(true)
      expect([...pieces.at(-1)!].length).toBeGreaterThan(0)
      expect([...pieces.at(-1)!].length).toBeLessThanOrEqual(size)
      // No character is cut in two.
      expect(pieces.map((piece) => Buffer.from(piece).toString())).toEqual(pieces)
    }))
  })

  it("equal states have equal pieces, in whatever order their keys and clients came", () => {
    const rows = fc.uniqueArray(fc.tuple(text, text), { selector: ([key]) => key })
    const orders = rows.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })))
    fc.assert(fc.property(orders, pieceSize, ([one, other], size) => {
      const state = (all: ReadonlyArray<readonly [string, string]>): KV => ({
        data: Object.fromEntries(all),
        sessions: Object.fromEntries(all.map(([client, value]) => [client, { seq: 1, reply: ok(value) }]))
      })
      expect(toPieces(state(one), size)).toEqual(toPieces(state(other), size))
    }))
  })

  it("different states have different pieces", () => {
    fc.assert(fc.property(commands, commands, pieceSize, (one, other, size) => {
      const [a, b] = [after(one), after(other)]
      expect(JSON.stringify(toPieces(a, size)) === JSON.stringify(toPieces(b, size))).toBe(equal(a, b))
    }))
  })

  it("without pieces it is the map at the beginning", () => {
    expect(fromPieces([])).toEqual(InitKV)
    expect(fromPieces(toPieces(InitKV, 1))).toEqual(InitKV)
  })
})
