import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, test } from "vitest"
import { mutants } from "../zoo/mutants.ts"
import { makeMutant } from "../zoo/Workshop.ts"
import { scenario } from "./Lab.ts"
import type { Lab } from "./Lab.ts"
import { labs, runLabs } from "./run.ts"

/** Each combination of PreVote and CheckQuorum (Lab.ts), or each of the two once. */
const seeds: Readonly<Record<Lab["kind"], ReadonlyArray<number>>> = { rules: [1, 2, 3, 4], replicas: [1, 2], statistic: [1] }

describe("Scenarios on virtual time", () => {
  for (const { id, kind, run, title } of labs) {
    test(`${id} ${title}`, { timeout: 60_000 }, () => {
      for (const seed of seeds[kind]) run(seed)
    })
  }
})

describe("A scenario", () => {
  test("is the same run again with the same seed, and another with another", () => {
    const [churn] = labs.filter(({ id }) => id === "RD-2")
    expect(churn!.run(5)).toBe(churn!.run(5))
    expect(new Set([1, 2, 3, 4].map((seed) => churn!.run(seed))).size).toBeGreaterThan(1)
  })

  test("that fails says what, with which seed, how to see it again, and what happened last", async () => {
    const wrong = scenario("X-1", "a cluster elects nobody", 3, function*(h) {
      h.watch("nobody leads", () => h.noLeader())
      yield 5000
    })
    const [result] = await runLabs([wrong], { seed: 3, runs: 10 })
    expect(result!.runs).toBe(0)
    const lines = result!.failure!.text.split("\n")
    expect(lines.slice(0, 3)).toEqual([
      "X-1 a cluster elects nobody",
      "  fails with seed 3: nobody leads",
      "  again: lockstep labs --only X-1 --seed 3"
    ])
    expect(lines.at(-1)).toMatch(/^ +\d+\.\d s\d {2}L t1 c0 last 1 +RequestVoteResponse from s\d: t1 granted$/)
  })

  test("that doesn't end in two minutes fails", async () => {
    const endless = scenario("X-2", "it ends", 1, function*() {
      for (;;) yield 1000
    })
    const [result] = await runLabs([endless], { seed: 1, runs: 1 })
    expect(result!.failure!.claim).toBe("over within 120 s")
  })

  test("in which a property is violated fails with its name", async () => {
    const forgetful = scenario("X-3", "a vote survives", 3, function*(h) {
      const id = yield* h.checkOneLeader()
      const { cluster } = h.simulation
      h.crash(id)
      cluster.disks.set(id, { ...cluster.disks.get(id)!, currentTerm: 0 })
      h.restart(id)
    })
    const [result] = await runLabs([forgetful], { seed: 1, runs: 1 })
    expect(result!.failure!.claim).toBe("TermMonotone")
  })
})

describe("A mistake in the core", () => {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-labs-"))
  afterAll(() => rmSync(folder, { recursive: true }))

  /** `lockstep labs` in a process that has loaded the mutant. */
  const labsWith = (id: string, ...flags: ReadonlyArray<string>) => {
    const { edits } = mutants.find((mutant) => mutant.id === id)!
    return spawnSync(
      process.execPath,
      [
        "--import",
        new URL("../zoo/hooks.ts", import.meta.url).href,
        fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url)),
        "labs",
        ...flags
      ],
      { env: { ...process.env, LOCKSTEP_MUTANT: makeMutant(join(folder, id), id, edits) }, encoding: "utf8" }
    )
  }

  test("is shown with scenario, seed and how to see it again: entries of earlier terms committed by counting (C01)", { timeout: 60_000 }, () => {
    const { status, stdout } = labsWith("C01", "--only", "RC-4", "--runs", "100")
    expect(status).toBe(1)
    expect(stdout).toMatch(/RC-4 Figure8.*\n {2}fails with seed (\d+): LeaderCompleteness\n {2}again: lockstep labs --only RC-4 --seed \1\n/)
  })

  test("is found again with the same seed: a vote forgotten in a restart (E01)", { timeout: 60_000 }, () => {
    const first = labsWith("E01", "--only", "RC-2", "--runs", "20")
    const seed = /--seed (\d+)/.exec(first.stdout)![1]!
    rmSync(join(folder, "E01"), { recursive: true })
    const again = labsWith("E01", "--only", "RC-2", "--seed", seed)
    expect(again.status).toBe(1)
    const failure = (text: string) => text.slice(text.indexOf("\n\n"))
    expect(failure(again.stdout)).toBe(failure(first.stdout))
  })
})

test("Bad usage of lockstep labs is refused in one line", () => {
  const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))
  const refused = (...flags: ReadonlyArray<string>) => {
    const { status, stderr } = spawnSync(process.execPath, [main, "labs", ...flags], { encoding: "utf8" })
    return [status, stderr.trim().split("\n").length, stderr.slice(0, 26)]
  }
  expect(refused("--only", "RC-99")).toEqual([2, 1, "no scenario RC-99 (there a"])
  expect(refused("--runs", "0")).toEqual([2, 1, "--runs 0: expected 1 to 10"])
})
