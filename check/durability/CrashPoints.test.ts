// Goal: wherever a server crashes and whatever its disk has forgotten, it starts with all that it ever promised, and no
// property is violated from there on. Method: every run of so many events; and mistakes that must be noticed.
import { describe, expect, test } from "vitest"
import type { Effect } from "../../src/shell/Perform.ts"
import { perform } from "../../src/shell/Perform.ts"
import { crashPoints, crashSpec } from "./CrashPoints.ts"

test("every run of up to 8 events with a crash at every point: 15,538 crash states, of every kind", { timeout: 60_000 }, async () => {
  const found = await crashPoints(crashSpec, 8)
  expect(found.violation).toBe(undefined)
  expect([found.worlds, found.crashes, found.crashStates]).toEqual([30_189, 70_944, 15_538])
  expect(Object.values(found.kinds).every((count) => count > 0)).toBe(true)
})

test("a run that took a snapshot starts from it", { timeout: 60_000 }, async () => {
  const spec = {
    ...crashSpec,
    maxTerm: 2,
    left: { requests: 0, heartbeats: 1, restarts: 1, snapshots: 2 },
    root: ["elect s1 by s2", "replicate s1 to s2", "lose"]
  }
  const found = await crashPoints(spec, 7)
  expect(found.violation).toBe(undefined)
  expect(found.kinds.recordKept).toBeGreaterThan(0)
})

describe("a mistake is noticed:", () => {
  const mistakes: ReadonlyArray<readonly [title: string, effects: typeof perform, property: string]> = [
    ["E03, P01: messages before the save", (step) => perform(step).toReversed(), "PromisesAreDurable"],
    [
      "P08: the vote in a record of its own, before the term",
      (step): ReadonlyArray<Effect> => {
        const [save, ...sends] = perform(step)
        if (save?.type !== "save") throw new Error("perform saves first")
        const { state } = save
        return state.votedFor === null ? [save, ...sends] : [{ ...save, state: { ...state, currentTerm: state.currentTerm - 1 } }, save, ...sends]
      },
      "PromisesAreDurable"
    ]
  ]
  test.each(mistakes)("%s", { timeout: 60_000 }, async (_, effects, property) => {
    expect((await crashPoints(crashSpec, 8, { effects })).violation?.property).toBe(property)
  })
})
