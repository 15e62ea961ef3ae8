// Goal: what is read of a log, and what it measures, is right whatever its snapshot has replaced. Method: random logs and
// values, against arrays.
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { compact, entriesFrom, entryAt, lastIndex, lastTerm, replaceAfter, Size, sizeOf, termAt } from "../../src/raft/Server.ts"
import type { Entry, Log } from "../../src/raft/Server.ts"
import { entriesOf, logOf } from "./Log.ts"

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
      const whole: Log = logOf(0, 0, all)
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
      expect(replaceAfter(log, after, others)).toEqual(logOf(k, log.lastIncludedTerm, [...all.slice(k, after), ...others]))
    }))
  })

  test("of any length is what a sequence is, with the same pages however it came there", () => {
    // What becomes of it: so many are cut, so many appended; and then so many are replaced by a snapshot.
    const change = fc.record({ cut: fc.nat(200), appended: fc.nat(400), replaced: fc.nat(150) })
    fc.assert(fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
      let log = logOf(0, 0, [])
      let all: Array<Entry> = []
      for (const [n, { appended, cut, replaced }] of changes.entries()) {
        const first = log.lastIncludedIndex
        const keep = Math.max(first, all.length - cut)
        const more = Array.from({ length: appended }, (_, k): Entry => ({ term: n + 1, type: "command", value: `${k}` }))
        log = replaceAfter(log, keep, more)
        all = [...all.slice(0, keep), ...more]
        log = compact(log, Math.min(all.length, first + replaced))
        const held = all.slice(log.lastIncludedIndex)
        expect([lastIndex(log), entriesOf(log)]).toEqual([all.length, held])
        expect(held.every((e, k) => entryAt(log, log.lastIncludedIndex + k + 1) === e)).toBe(true)
        expect(log).toEqual(logOf(log.lastIncludedIndex, log.lastIncludedTerm, held))
        expect(log.pages.every((page) => page.length > 0)).toBe(true)
      }
    }))
  })

  test("shares nearly all with the one that it was made of", () => {
    const entry: Entry = { term: 1, type: "command", value: "" }
    const long = logOf(70, 1, Array.from({ length: 10_000 }, () => entry))
    const longer = replaceAfter(long, lastIndex(long), [entry])
    const copied = longer.pages.filter((page) => !long.pages.includes(page))
    expect(copied.flat().length).toBeLessThan(200)
    expect(longer.pages.length).toBeLessThan(200)
  })
})
