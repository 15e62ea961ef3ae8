// Goal: what is read of a log, and what it measures, is right whatever its snapshot has replaced. Method: random logs and
// values, against arrays.
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { compact, entriesFrom, entryAt, lastIndex, lastTerm, replaceAfter, Size, sizeOf, termAt } from "../../src/raft/Server.ts"
import type { Entry, Log } from "../../src/raft/Server.ts"

const valued = (value: string): Entry => ({ term: 1, type: "command", value })

describe("an entry's size", () => {
  test("of a byte string is its length in bytes, and one", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(Size(valued(Buffer.from(bytes).toString("latin1")))).toBe(1 + bytes.length)
    }))
  })

  test.each([["", 0], ["x", 1], ["é", 1], ["€", 1], ["😀", 2], ["\ude00", 1], ["a\ud83d😀\ude00b", 6]] as const)(
    "of %j is one and %i, its UTF-16 units",
    (value, units) => {
      expect(Size(valued(value))).toBe(1 + units)
    }
  )
})

describe("a log", () => {
  const entries = fc.array(fc.record({ term: fc.integer({ min: 1, max: 4 }), value: fc.string() }), { minLength: 1 })
    .map((all) => all.map(({ term, value }): Entry => ({ term, type: "command", value })))
  /** A log that has lost its first entries to snapshots, in one step or in two, and how many. */
  const compacted = entries.chain((all) =>
    fc.tuple(fc.nat(all.length), fc.nat(all.length)).map(([a, b]) => {
      const whole: Log = { lastIncludedIndex: 0, lastIncludedTerm: 0, entries: all }
      const [first, k] = [Math.min(a, b), Math.max(a, b)]
      return { all, whole, k, log: compact(compact(whole, first), k) }
    })
  )

  test("reads the same with its first entries replaced by a snapshot", () => {
    fc.assert(fc.property(compacted, ({ all, k, log, whole }) => {
      expect([lastIndex(log), lastTerm(log)]).toEqual([all.length, all.at(-1)!.term])
      expect(termAt(log, k)).toBe(termAt(whole, k))
      for (let n = k + 1; n <= all.length; n++) {
        expect([entryAt(log, n), termAt(log, n)]).toEqual([all[n - 1], all[n - 1]!.term])
        expect(entriesFrom(log, n, all.length)).toEqual(all.slice(n - 1))
        expect(sizeOf(log, k + 1, n)).toBe(all.slice(k, n).reduce((sum, e) => sum + Size(e), 0))
      }
    }))
  })

  test("has nothing to read before its snapshot's last entry, nor behind its own", () => {
    fc.assert(fc.property(compacted, ({ all, k, log }) => {
      for (const n of [k, all.length + 1]) expect(() => entryAt(log, n)).toThrow(/no entry at/)
      if (k > 0) expect(() => termAt(log, k - 1)).toThrow(/no entry at/)
    }))
  })

  test("is replaced behind an index, and the snapshot stays", () => {
    fc.assert(fc.property(compacted, entries, fc.nat(), ({ all, k, log }, others, place) => {
      const after = k + place % (all.length - k + 1)
      expect(replaceAfter(log, after, others)).toEqual({ ...log, entries: [...all.slice(k, after), ...others] })
    }))
  })
})
