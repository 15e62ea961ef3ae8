import { describe, expect, test } from "vitest"
import { compact, figure2, InitServer, replaceAfter } from "../../src/raft/Server.ts"
import type { Server } from "../../src/raft/Server.ts"
import { logOf } from "../raft/Log.ts"
import { LogMeter, logSize, snapshotIsDue } from "../../src/shell/Compaction.ts"

/** A log of 4-byte values: 5 each. */
const server = (entries: number, lastApplied: number, lastIncludedIndex = 0): Server => ({
  ...InitServer("s1", ["s1"], figure2),
  lastApplied,
  log: logOf(lastIncludedIndex, 1, Array.from({ length: entries }, () => ({ term: 1, type: "command", value: "four" })))
})

describe("a snapshot is due", () => {
  test("when the log measures the threshold, not a byte before", () => {
    expect(snapshotIsDue(server(10, 10), 50)).toBe(true)
    expect(snapshotIsDue(server(10, 10), 51)).toBe(false)
  })

  test("of what is applied only", () => {
    expect(snapshotIsDue(server(10, 0), 50)).toBe(false)
    expect(snapshotIsDue(server(10, 7, 7), 50)).toBe(false)
    expect(snapshotIsDue(server(10, 8, 7), 50)).toBe(true)
  })

  test("never with -1", () => {
    expect(snapshotIsDue(server(1000, 1000), -1)).toBe(false)
  })
})

describe("the size of a log, step by step", () => {
  const entry = (value: string) => ({ term: 1, type: "command" as const, value })

  test("is what it measures, whatever was appended, cut, replaced or compacted", () => {
    let s = server(10, 10)
    const meter = new LogMeter(s.log)
    const become = (log: Server["log"]) => {
      s = { ...s, log }
      expect(meter.measure(s.log)).toBe(logSize(s.log))
    }
    become(replaceAfter(s.log, 10, [entry("longer"), entry("")]))
    become(replaceAfter(s.log, 4, [entry("another")]))
    become(compact(s.log, 3))
    become(replaceAfter(s.log, 5, [entry("x"), entry("yz")]))
    become(compact(replaceAfter(s.log, 7, [entry("one more")]), 8))
    // A snapshot from elsewhere, past the end.
    become(logOf(20, 2, []))
    become(replaceAfter(s.log, 20, [entry("after it")]))
  })
})
