// Goal: the log of our own does to its disk what spec/Disk.tla says, and nothing else. Method: random lives of a server on
// a disk that forgets; and mistakes, planted by a disk that lies, to see that they are noticed.
import { describe, expect, test } from "vitest"
import { enough, refine } from "./Refinement.ts"
import type { Counts } from "./Refinement.ts"

const seeds = Array.from({ length: 300 }, (_, k) => k + 1)

test("every operation of 300 runs is a step of the specification, and they lose, keep and refuse enough", { timeout: 60_000 }, async () => {
  const counts: Counts = {}
  expect(await refine(seeds, counts)).toBe(undefined)
  expect(enough(counts, seeds.length)).toEqual([])
})

test("runs that lose nothing are too few", () => {
  const counts: Counts = { operations: 20_000, powerCuts: 500, kills: 300, unacknowledgedKept: 100, closed: 300, refused: 90 }
  expect(enough(counts, 300)).toEqual(["unacknowledgedLost: 0.00 per run, at least 0.5 expected"])
})

describe("a disk that lies is noticed:", () => {
  test.each([
    ["P01: syncs of segments", "sync", /^log-\d+$/],
    ["P16: syncs of a checkpoint before it is renamed", "sync", /^checkpoint.new$/],
    ["P02: syncs of the folder", "syncFolder", /^$/]
  ] as const)("%s", async (_, operation, names) => {
    const found = await refine(seeds, {}, (asked, name) => asked === operation && names.test(name))
    expect(found?.property).toBeDefined()
  })
})
