import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { canonical } from "../explorer/Intern.ts"
import { successors } from "../explorer/Naive.ts"
import { decodeWorld } from "../models/Decode.ts"
import { toTla } from "../models/Encode.ts"
import { raftModels } from "../models/load.ts"
import { raftModel } from "../models/RaftModel.ts"
import type { RaftModel, RaftWorld } from "../models/RaftModel.ts"
import { parseValue } from "../tlc/Value.ts"
import type { TlaRecord } from "../tlc/Value.ts"
import { fromBehaviour } from "./FromBehaviour.ts"
import { runScenario } from "./Scenario.ts"

const models = raftModels()

/** The behaviour that takes, at each world, the successor with this number (modulo how many there are). */
const walk = (model: RaftModel, choices: ReadonlyArray<number>): Array<RaftWorld> => {
  const worlds = [model.root]
  for (const choice of choices) {
    const next = successors(model, worlds.at(-1)!)
    if (next.length === 0) break
    worlds.push(next[choice % next.length]!.world)
  }
  return worlds
}

const choices = fc.array(fc.nat(1_000), { minLength: 5, maxLength: 25, size: "max" })

/** The world as TLC prints it, read again. */
const throughTla = ({ actors, ghost, left, messages }: RaftWorld): RaftWorld => {
  const servers = Object.fromEntries(actors.map((s) => [s.id, s]))
  return decodeWorld(parseValue(toTla({ servers, messages, left, ghost })) as TlaRecord, actors[0]!.settings)
}

/** Messages are a set. */
const sorted = (world: RaftWorld): RaftWorld => ({
  ...world,
  messages: world.messages.toSorted((a, b) => canonical(a) < canonical(b) ? -1 : 1)
})

describe.each(models)("Model $name", (spec) => {
  const model = raftModel(spec)

  // Goal: what is shown of a counterexample is what happened. Method: random behaviours of the model; the scenario made
  // from each is run by itself, and must end in the same servers.
  test("a behaviour becomes a scenario that replays to the same servers", () => {
    fc.assert(
      fc.property(choices, (numbers) => {
        const worlds = walk(model, numbers)
        const { missing, story, text } = fromBehaviour(spec, worlds.map(throughTla), "a walk")
        expect(missing).toBeUndefined()
        expect(story.steps.length).toBeGreaterThan(0)
        const replayed = runScenario(text, "walk.txt")
        expect(replayed.differences).toEqual([])
        expect(replayed.violations).toEqual([])
        expect([...replayed.cluster.servers.values()]).toEqual(worlds.at(-1)!.actors)
      }),
      { numRuns: 20, seed: 1 }
    )
  })

  test("its worlds survive the way to TLA+ and back", () => {
    fc.assert(
      fc.property(choices, (numbers) => {
        const world = walk(model, numbers).at(-1)!
        expect(sorted(throughTla(world))).toEqual(sorted(world))
      }),
      { numRuns: 10, seed: 2 }
    )
  })
})

test("A behaviour from a prepared world begins with the commands that lead there", () => {
  const spec = { ...models[0]!, applyAlone: true, root: ["elect s1 by s2", "lose", "heartbeat s1"] }
  const worlds = walk(raftModel(spec), [3, 1, 4, 1, 5, 9, 2, 6])
  const { missing, text } = fromBehaviour(spec, worlds, "a walk")
  expect(missing).toBeUndefined()
  expect(text).toContain(
    "batch-bytes 100\nin-flight 8\nuncommitted-bytes 100\napply-alone\nelect s1 by s2\n# What was sent so far never arrives.\nheartbeat s1\n----\ns1 L t1 c0 a0 [1]\n"
  )
  expect([...runScenario(text, "walk.txt").cluster.servers.values()]).toEqual(worlds.at(-1)!.actors)
})

describe("A step that the core doesn't have is named", () => {
  const spec = models.find((m) => m.name === "election")!
  const model = raftModel(spec)
  const worlds = walk(model, [0, 1, 2])

  test("when no step leads to such servers", () => {
    const last = worlds.at(-1)!
    const wrong = { ...last, actors: last.actors.with(1, { ...last.actors[1]!, commitIndex: 7 }) }
    const { missing, text } = fromBehaviour(spec, [...worlds.slice(0, -1), wrong], "wrong")
    expect(missing?.step).toBe(3)
    expect(missing?.reason).toMatch(/^becomes .*s2 . t. c7 .*: no step of the core does that$/)
    expect(text).toMatch(/# Step 3 isn't one of the core: .*\n$/)
  })

  test("and the story goes on behind it", () => {
    const last = worlds.at(-1)!
    const wrong = { ...last, actors: last.actors.with(1, { ...last.actors[1]!, currentTerm: 7 }) }
    const next = successors(model, wrong)[0]!
    const { missing, story } = fromBehaviour(spec, [...worlds, wrong, next.world], "wrong")
    expect(missing?.step).toBe(4)
    expect(story.steps.slice(3)).toEqual([
      { label: "(not of the core)", before: last.actors[1], message: undefined, after: wrong.actors[1], sends: [] },
      next.step
    ])
  })

  test("when the messages differ", () => {
    const first = worlds[1]!
    const { missing } = fromBehaviour(spec, [worlds[0]!, { ...first, messages: first.messages.slice(1) }], "wrong")
    expect(missing?.step).toBe(1)
    expect(missing?.reason).toMatch(/with other messages \(only in the core: RequestVoteRequest s1->s2 t1 last=0\/t0\)$/)
  })

  test("when the budgets differ", () => {
    const { missing } = fromBehaviour(spec, [worlds[0]!, { ...worlds[1]!, left: { restarts: 9 } }], "wrong")
    expect(missing?.reason).toMatch(/with other budgets or ghost$/)
  })

  test("when it doesn't begin at the root", () => {
    expect(fromBehaviour(spec, worlds.slice(1), "wrong").missing?.step).toBe(0)
  })

  test("and stuttering is none", () => {
    expect(fromBehaviour(spec, worlds.flatMap((world) => [world, world]), "stutters").missing).toBeUndefined()
  })
})
