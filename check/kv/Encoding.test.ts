// Goal: what goes into the log and into snapshots comes out again, and equal states look alike. Method: random ones.
import fc from "fast-check"
import { isDeepStrictEqual as equal } from "node:util"
import { describe, expect, it } from "vitest"
import { decode, encode, fromPieces, requestIn, toPieces } from "../../src/kv/Encoding.ts"
import type { Response } from "../../src/kv/Map.ts"
import { deadline, InitKV } from "../../src/kv/Sessions.ts"
import type { KV, Stamped } from "../../src/kv/Sessions.ts"
import * as Table from "../../src/kv/Table.ts"
import { log, stamped, stateAfter, text } from "./arbitraries.ts"

describe("requests in the log", () => {
  it("decode gives what encode was given", () => {
    fc.assert(fc.property(stamped, (entry) => {
      // fast-check's records have no prototype.
      expect(JSON.parse(JSON.stringify(decode(encode(entry))))).toEqual(JSON.parse(JSON.stringify(entry)))
    }))
  })

  it("any other text is no request", () => {
    for (
      const value of [
        ...["", "x", "1", "1 ", "1 open", "1 open ", "1 open 2", "1 open -2 ", "1 open 2.5 ", "-1 open 2 ", "1 open 2 3 "],
        ...["1 open 9007199254740992 ", "1 shut 2 ", "1 open 2 x", " 1 open 2 "],
        ...["1 get 2 3 3 ", "1 get 2 3 3 1:", "1 get 2 3 3 1:k", "1 get 2 3 3 2:k ", "1 get 2 3 3 1:k 1:v ", "1 put 2 3 3 1:k "],
        ...["1 put 2 3 3 1:k 2:v ", "1 get x 3 3 1:k ", "1 get 2 3 0 1:k ", "1 get 2 3 4 1:k ", "1 get 2 3 3 :k ", "1 get 2 3 3 k "],
        ...["1 get 2 3 1:k ", "1 cas 2 3 3 1:k ", "1 cas 2 3 3 1:k 1:a 1:b 1:c ", "1 cas 2 3 3 1:k 1:a 2:b ", "1 take 2 3 3 1:k "],
        ...["1 get 2 3 3 null ", "1 get 2 3 3 1:kk "]
      ]
    ) expect(decode(value), value).toBeUndefined()
  })

  it("a no-op holds no request", () => {
    expect(requestIn({ term: 1, type: "noop", value: "" })).toBeUndefined()
    const entry: Stamped = { time: 5, request: { type: "open", timeout: 9 } }
    expect(requestIn({ term: 1, type: "command", value: encode(entry) })).toEqual(entry)
  })
})

describe("snapshots of the map", () => {
  const entries = fc.oneof(log, fc.array(stamped, { maxLength: 12 }))
  const pieceSize = fc.integer({ min: 1, max: 40 })

  it("fromPieces gives what toPieces was given: log time, sessions and their answers included", () => {
    fc.assert(fc.property(entries, pieceSize, (all, size) => {
      const state = stateAfter(all)
      expect(fromPieces(toPieces(state, size))).toEqual(state)
    }))
  })

  it("is the text that servers have stored", () => {
    const session = { timeout: 5, used: 7, first: 2, replies: Table.tableOf<number, Response>([[10, null], [2, true], [3, "2"]], Table.byNumber) }
    const state: KV = {
      time: 9,
      data: Table.tableOf([["l", "\n"], ["k", "x"]]),
      sessions: Table.tableOf([[9, session], [10, session]], deadline)
    }
    const stored = "5 7 2 3 2 true 3 1:2 10 null "
    expect(toPieces(state, 1000)).toEqual([`9 2 1:k 1:x 1:l 1:\n 2 9 ${stored}10 ${stored}`])
    expect(fromPieces(toPieces(state, 1000))).toEqual(state)
  })

  it("each piece has the stated size, and the last at most that", () => {
    fc.assert(fc.property(entries, pieceSize, (all, size) => {
      const pieces = toPieces(stateAfter(all), size)
      const pair = /[\ud800-\udbff][\udc00-\udfff]$/
      for (const piece of pieces.slice(0, -1)) {
        expect(piece.length === size || (piece.length === size + 1 && pair.test(piece))).toBe(true)
      }
      expect(pieces.at(-1)!.length).toBeGreaterThan(0)
      expect(pieces.at(-1)!.length).toBeLessThanOrEqual(size + 1)
      // No character is cut in two.
      expect(pieces.flatMap((piece) => [...piece])).toEqual([...pieces.join("")])
    }))
  })

  it("equal states have equal pieces, in whatever order their keys and sessions came", () => {
    const rows = fc.uniqueArray(fc.tuple(text, fc.integer({ min: 1, max: 2 ** 40 }), text), { selector: ([key]) => key })
    const orders = rows.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })))
    fc.assert(fc.property(orders, pieceSize, ([one, other], size) => {
      const replies = Table.tableOf<number, Response>([[1, null], [3, true]], Table.byNumber)
      const state = (all: typeof one): KV => ({
        time: 3,
        data: Table.tableOf(all.map(([key, , value]) => [key, value])),
        // (Of two rows with one id, the same one counts in either order.)
        sessions: Table.tableOf(
          all.toSorted((a, b) => a[1] === b[1] ? one.indexOf(a) - one.indexOf(b) : 0)
            .map(([, id]) => [id, { timeout: 1, used: 2, first: 1, replies }]),
          deadline
        )
      })
      expect(toPieces(state(one), size)).toEqual(toPieces(state(other), size))
    }))
  })

  it("different states have different pieces", () => {
    fc.assert(fc.property(log, log, pieceSize, (one, other, size) => {
      const [a, b] = [stateAfter(one), stateAfter(other)]
      expect(JSON.stringify(toPieces(a, size)) === JSON.stringify(toPieces(b, size))).toBe(equal(a, b))
    }))
  })

  it("without pieces it is the map at the beginning", () => {
    expect(fromPieces([])).toEqual(InitKV)
    expect(fromPieces(toPieces(InitKV, 1))).toEqual(InitKV)
  })
})
