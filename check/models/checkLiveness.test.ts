// Goal: progress is checked in every model, of both. Method: explore each, and compare with what TLC gave.
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { livenessNames } from "../raft/Liveness.ts"
import { fromEndless } from "../scenario/FromEndless.ts"
import { exploreLiveness, livenessViolations } from "./checkLiveness.ts"
import { raftModels, specDirectory } from "./load.ts"
import { raftModel } from "./RaftModel.ts"

const models = raftModels().filter(({ edges, scope }) => edges && scope === "check")
const quick = models.filter(({ liveness }) => liveness?.scope === "check")

describe("After the chaos, what must come does, and stays", () => {
  for (const spec of quick) {
    it(`${spec.name}: as many states as TLC found, and every property`, async () => {
      const found = await exploreLiveness(spec)
      expect(livenessViolations(found)).toEqual([])
      expect(found.chaos + found.calm).toBe(spec.liveness!.distinct)
    })
  }

  it("each property is missed somewhere before it comes", async () => {
    const missed = new Set<string>()
    for (const spec of quick) for (const name of (await exploreLiveness(spec)).missed) missed.add(name)
    expect([...missed].sort()).toEqual(livenessNames.filter((name) => name.startsWith("Eventually")).sort())
  })
})

it("both have the same properties in the same order", () => {
  const text = readFileSync(new URL("Liveness.tla", specDirectory), "utf8")
  expect([...text.matchAll(/^(Eventually\w+|WithinHorizon) ==/gm)].map(([, name]) => name)).toEqual(livenessNames)
})

it("an endless behaviour is told as a scenario, and what repeats is marked", () => {
  const spec = models.find(({ name }) => name === "one-server")!
  const { root } = raftModel(spec)
  const { story, text } = fromEndless(spec, { name: "Nothing", chaos: [root], gone: [], stem: [], loop: [] })
  expect(story.title).toBe("violates Nothing: then nothing happens any more")
  expect(text).toContain("# It becomes calm: ")
})

it("an exploration that is stopped says so, and gives no verdict", async () => {
  const found = await exploreLiveness(quick[0]!, { signal: AbortSignal.abort() })
  expect(found.complete).toBe(false)
  expect(livenessViolations(found)).toEqual(["incomplete"])
})
