import { describe, expect, test } from "vitest"
import { figure2, InitServer } from "../../src/raft/Server.ts"
import type { Server } from "../../src/raft/Server.ts"
import { snapshotIsDue } from "../../src/shell/Compaction.ts"

/** A log of 4-byte values: 5 each. */
const server = (entries: number, lastApplied: number, lastIncludedIndex = 0): Server => ({
  ...InitServer("s1", ["s1"], figure2),
  lastApplied,
  log: {
    lastIncludedIndex,
    lastIncludedTerm: 1,
    entries: Array.from({ length: entries }, () => ({ term: 1, type: "command", value: "four" }))
  }
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
