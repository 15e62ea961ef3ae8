import { describe, expect, test } from "vitest"
import { scenario } from "./Lab.ts"
import { labs, runLabs } from "./run.ts"

describe("Scenarios on virtual time", () => {
  for (const { id, run, seeded, title } of labs) {
    test(`${id} ${title}`, { timeout: 60_000 }, () => {
      // Each combination of PreVote and CheckQuorum (Lab.ts).
      for (const seed of seeded ? [1, 2, 3, 4] : [1]) run(seed)
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
