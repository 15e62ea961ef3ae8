import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { makeMutant } from "../zoo/Workshop.ts"
import type { Edit } from "../zoo/Mutant.ts"
import { controls } from "./controls.ts"
import { distribution, progress, progressRun } from "./Progress.ts"

const folder = mkdtempSync(join(tmpdir(), "lockstep-progress-"))
afterAll(() => rmSync(folder, { recursive: true }))

/** As many as `check` runs. */
const runs = 300

/** What a process that has loaded the edited sources finds; "": that progress holds. */
const found = (name: string, edits: ReadonlyArray<Edit>): string =>
  execFileSync(process.execPath, [
    "--import",
    new URL("../zoo/hooks.ts", import.meta.url).href,
    join(import.meta.dirname, "progressChild.ts"),
    String(runs)
  ], { env: { ...process.env, LOCKSTEP_MUTANT: makeMutant(join(folder, name), name, edits) }, encoding: "utf8" })

describe("After trouble is over", () => {
  test("a leader is elected, a proposal commits and those left behind catch up, in a few election timeouts", { timeout: 60_000 }, async () => {
    const measured = await progress({ runs: 40, seed: 1 })
    expect(measured.failures).toEqual([])
    expect(distribution(measured)).toHaveLength(3)
  })

  test("the same seed gives the same run", () => {
    expect(progressRun(7)).toEqual(progressRun(7))
  })
})

test("Progress that is interrupted ends with what it has", async () => {
  expect((await progress({ runs: 40, seed: 1, signal: AbortSignal.abort() })).runs).toBe(0)
})

describe("Progress is noticed to fail when", () => {
  for (const { edits, given: { code } = { code: [] }, id, title } of controls) {
    test(`${id}: ${title}`, { timeout: 60_000 }, () => {
      expect(found(id, [...code, ...edits])).toMatch(/takes|within/)
    })
    if (code.length > 0) {
      test(`${id}, and not without that mistake in the variant it is planted in`, { timeout: 60_000 }, () => {
        expect(found(`${id}-given`, code)).toBe("")
      })
    }
  }
})
