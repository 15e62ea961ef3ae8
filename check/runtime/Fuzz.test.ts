// Goal: random runs of real replicas violate nothing, are the same again from the same seed, in another process too, and
// what they find comes down to what brings it about. Method: run some; and plant mistakes, by the zoo's means.
import * as Result from "effect/Result"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { readTrace } from "../trace/TraceReader.ts"
import { headerOf, linesOf, traceText } from "../trace/TraceWriter.ts"
import { mutants } from "../zoo/mutants.ts"
import { makeMutant } from "../zoo/Workshop.ts"
import { fingerprint } from "./fingerprint.ts"
import { fuzzRuntime } from "./Fuzz.ts"
import type { RuntimeFuzzResult } from "./Fuzz.ts"
import { gates, missedGates } from "./Richness.ts"
import type { FinishedRun } from "./Run.ts"

const project = fileURLToPath(new URL("../../", import.meta.url))

describe("Random runs of real replicas", () => {
  for (const servers of [1, 2, 3, 5]) {
    it(`violate nothing with ${servers} servers`, { timeout: 60_000 }, async () => {
      const { failure, runs } = await fuzzRuntime({ servers, runs: 12, seed: 11 })
      expect(failure).toBeUndefined()
      expect(runs).toBe(12)
    })
  }

  it("leave traces, in which crashes undo steps", { timeout: 60_000 }, async () => {
    const all: Array<FinishedRun> = []
    await fuzzRuntime({ servers: 3, runs: 12, seed: 5, onRun: (run) => all.push(run) })
    const traces = all.map(({ ids, sent, settings, steps }) =>
      Result.getOrThrow(readTrace(traceText(headerOf(ids, settings, 5, {}), linesOf(sent, steps)), "run"))
    )
    expect(traces.map(({ steps, lost }) => steps.length + lost)).toEqual(all.map(({ steps }) => steps.length))
    expect(traces.reduce((sum, { lost }) => sum + lost, 0)).toBeGreaterThan(0)
  })

  it("are the same in another process", { timeout: 60_000 }, () => {
    const other = spawnSync(process.execPath, [join(project, "check/runtime/fingerprint.ts"), "3"], { encoding: "utf8" })
    expect(other.stdout.trim()).toBe(fingerprint(3))
    expect(fingerprint(4)).not.toBe(fingerprint(3))
  })

  it("in which too little happens don't pass", () => {
    const plenty = Object.fromEntries(Object.keys(gates).map((name) => [name, 1e6]))
    expect(missedGates(plenty, 1000, 1e5)).toEqual([])
    expect(missedGates({ ...plenty, leaderChanges: 0 }, 1000, 1e5)).toEqual([
      `leaderChanges: 0.00 per 1,000 steps, at least ${gates["leaderChanges"]} expected`
    ])
  })
})

/** `lockstep fuzz --level runtime`, of sources with the zoo's mutant in it. */
const fuzzMutant = (folder: string, id: string, ...more: ReadonlyArray<string>) => {
  const { edits } = mutants.find((mutant) => mutant.id === id)!
  const ran = spawnSync(
    process.execPath,
    [
      ...["--import", join(project, "check/zoo/hooks.ts"), join(project, "src/cli/main.ts")],
      ...["fuzz", "--level", "runtime", "--runs", "60", "--json", ...more]
    ],
    { encoding: "utf8", env: { ...process.env, LOCKSTEP_MUTANT: makeMutant(folder, id, edits) } }
  )
  expect(ran.status, ran.stderr).toBe(1)
  return (JSON.parse(ran.stdout) as RuntimeFuzzResult).failure!
}

describe("A mistake that is planted", () => {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-runtime-"))
  it("is found, comes down to one fault in the usual course, and is found again there", { timeout: 120_000 }, () => {
    try {
      // A restart finds its snapshot, and forgets it.
      const found = fuzzMutant(join(folder, "1"), "X13")
      expect(found.property).toBe("RestartKeeps")
      expect(found.story).toContain("departures from the usual course: none")
      expect(found.story.match(/^fault at /gm)).toHaveLength(1)
      const again = fuzzMutant(join(folder, "2"), "X13", "--path", found.path!)
      expect(again).toEqual(found)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
