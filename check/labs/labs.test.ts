import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import { afterAll, describe, expect, test } from "vitest"
import { mutants } from "../zoo/mutants.ts"
import { makeMutant } from "../zoo/Workshop.ts"
import { scenario } from "./Lab.ts"
import type { Lab } from "./Lab.ts"
import { labs, runLabs } from "./run.ts"
import { service } from "./Service.ts"

/** Each combination of PreVote and CheckQuorum (Lab.ts): with replicas by turns, or where the story asks for both. */
const seedsFor = ({ id, kind }: Lab, n: number): ReadonlyArray<number> => {
  if (kind === "rules") return [1, 2, 3, 4]
  if (kind === "statistic") return [1]
  return ["HR-6", "PF-25"].includes(id) ? [1, 2] : [1 + n % 4]
}

describe("Scenarios on virtual time", () => {
  for (const [n, lab] of labs.entries()) {
    test(`${lab.id} ${lab.title}`, { timeout: 60_000 }, () => {
      for (const seed of seedsFor(lab, n)) lab.run(seed)
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

describe("A scenario with clients", { timeout: 60_000 }, () => {
  const claim = async (story: Parameters<typeof service>[3]) =>
    (await runLabs([service("X-4", "it holds", 3, story)], { seed: 1, runs: 1 }))[0]!.failure?.claim

  test("is the same run again with the same seed, and another with another", () => {
    const [lossy] = labs.filter(({ id }) => id === "KB-7")
    expect(lossy!.run(5)).toBe(lossy!.run(5))
    expect(new Set([1, 2, 3, 4].map((seed) => lossy!.run(seed))).size).toBeGreaterThan(1)
  })

  test("holds if nothing is wrong", async () => {
    expect(
      await claim(function*(s) {
        const client = yield* s.client()
        yield* client.put("k", "v")
        s.expect((yield* client.get("k")) === "v", "v is read")
      })
    ).toBeUndefined()
  })

  test("fails when clients have seen what can't be: an old value, one moment after the new one was there", async () => {
    const seen = await claim(function*(s) {
      const client = yield* s.client()
      yield* client.put("k", "old")
      yield* client.put("k", "new")
      const call = s.now()
      s.history.push({ client: s.process(), op: "get", key: "k", value: null, call, return: s.now(), output: "old" })
    })
    expect(seen).toMatch(/^Linearizability: key k: /)
  })

  test("fails when an answer is none to what was asked", async () => {
    const seen = await claim(function*(s) {
      const call = s.now()
      s.history.push({ client: s.process(), op: "get", key: "k", value: null, call, return: s.now(), output: 7 })
      yield* Effect.void
    })
    expect(seen).toMatch(/^AnswersFit: /)
  })

  test("fails when what is watched doesn't hold after some step", async () => {
    const seen = await claim(function*(s) {
      s.watch("no server leads", (id) => s.world.server(id).role !== "leader")
      yield* Effect.sleep(2000)
    })
    expect(seen).toMatch(/^no server leads: after \d+ steps$/)
  })

  test("fails when nobody answers", async () => {
    const seen = await claim(function*(s) {
      s.crash(...s.ids)
      yield* (yield* s.client({ patience: 1000 })).put("k", "v")
    })
    expect(seen).toMatch(/^put k is answered \(not done: /)
  })

  test("fails when it doesn't end in two minutes", async () => {
    const seen = await claim(function*() {
      yield* Effect.never
    })
    expect(seen).toMatch(/^StoryEnds: the story is unfinished at /)
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

  test("or around it, too: a command that is asked again is another one (X20)", { timeout: 60_000 }, () => {
    const { status, stdout } = labsWith("X20", "--only", "KA-4", "--runs", "3")
    expect(status).toBe(1)
    expect(stdout).toMatch(/KA-4 Unreliable.*\n {2}fails with seed \d: c\d reads what it has appended\n/)
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
