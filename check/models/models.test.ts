// Goal: the table of models says what is so. Method: explore each again and compare with what TLC gave.
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import { explore } from "../explorer/Explore.ts"
import { Actions } from "../../src/raft/World.ts"
import { compareModel, comparePinned, holds } from "./checkModel.ts"
import { loadModels, modelsIn, raftModels, specDirectory } from "./load.ts"
import { worldActions } from "../raft/Actions.ts"
import { raftModel } from "./RaftModel.ts"
import { readFileSync } from "node:fs"

const models = loadModels()
const java = (() => {
  try {
    execFileSync("java", ["-version"], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
})()

describe("Every model", () => {
  for (const spec of models) {
    it(`${spec.name}: the pinned numbers, every property, everything it must reach`, async () => {
      expect(spec.pinned, "not pinned: run lockstep equal --pin").toBeDefined()
      const comparison = await Effect.runPromise(comparePinned(spec, spec.pinned!))
      expect(comparison.differences).toEqual([])
      expect(comparison.typescript.violations).toEqual([])
      expect(holds(comparison)).toBe(true)
      expect(spec.mustReach.length).toBeGreaterThan(0)
      if (spec.edges) expect(comparison.typescript.distinct).toBeLessThanOrEqual(100_000)
      else expect(comparison.typescript.distinct).toBeGreaterThan(100_000)
    })
  }

  it("together they have at least 500,000 states after pruning, in six models or more", () => {
    const pruned = raftModels().filter((m) => m.prune && m.scope === "check")
    expect(pruned.filter((m) => m.servers >= 3).length).toBeGreaterThanOrEqual(4)
    expect(pruned.reduce((sum, m) => sum + m.pinned!.distinct, 0)).toBeGreaterThanOrEqual(500_000)
  })

  it("has all actions of spec/World.tla's Next", () => {
    const next = /Next ==\n([\s\S]*?)\n\n/.exec(readFileSync(new URL("World.tla", specDirectory), "utf8"))![1]!
    expect([...next.matchAll(/\\\/ (\w+)\(i\)/g)].map(([, name]) => name)).toEqual(worldActions)
    expect(worldActions.slice(0, Actions.length)).toEqual(Actions.map(({ name }) => name))
  })

  it("a table that isn't well formed is refused in one line, with the model and the field", () => {
    const text = JSON.stringify(models)
    expect(() => modelsIn(text.replace(/"maxTerm":\d+/, '"maxTerm":"two"')))
      .toThrow(/^spec\/models\.json: model election: .*number.* at \[0\]\["maxTerm"\]$/)
    expect(() => modelsIn(text.replace('"prune":', '"trim":'))).toThrow(/^spec\/models\.json: model election: .*"(trim|prune)"/)
    expect(() => modelsIn(text.slice(1))).toThrow(/^spec\/models\.json: .* JSON /)
  })

  it("a model that can't get where it must is noticed", async () => {
    const spec = raftModels().find((m) => m.name === "one-server")!
    const { result } = await explore(raftModel({ ...spec, mustReach: ["TwoLeaders"] }))
    expect(result.violations).toEqual([{ kind: "unreached", name: "TwoLeaders" }])
  })

  it("pruning hides no state of the servers: with dead messages kept, the same tuples are reached", async () => {
    const spec = raftModels().find((m) => m.name === "unpruned")!
    const tuples = async (prune: boolean) => {
      const { graph } = await explore(raftModel({ ...spec, prune }))
      const found = new Set<string>()
      for (let n = 0; n < graph.size; n++) found.add(JSON.stringify(graph.world(n).actors))
      return { worlds: graph.size, found: [...found].sort() }
    }
    const [pruned, unpruned] = [await tuples(true), await tuples(false)]
    expect(pruned.worlds).toBeLessThan(unpruned.worlds)
    expect(pruned.found).toEqual(unpruned.found)
  })
})

describe.skipIf(!java)("With TLC (skipped where there is no Java)", () => {
  const oneServer = models.find((m) => m.name === "one-server")!

  it("one-server: the same states and labelled edges", async () => {
    const comparison = await Effect.runPromise(compareModel(oneServer, true).pipe(Effect.provide(NodeServices.layer)))
    expect(comparison.edges).toBe(true)
    expect(comparison.tlc?.outcome).toBe("ok")
    expect(holds(comparison)).toBe(true)
  }, 60_000)
})
