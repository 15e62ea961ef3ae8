// Goal: the simulation runs real replicas, always in the same way, and tells when something doesn't end.
// Method: short stories.
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import { describe, expect, it } from "vitest"
import { figure2, lastIndex } from "../../src/raft/Server.ts"
import type { Configuration } from "../../src/shell/Configuration.ts"
import { Chance } from "../simulator/Chance.ts"
import { Choices, departures } from "./Choices.ts"
import { Host } from "./Host.ts"
import { Simulator } from "./Simulator.ts"
import { World } from "./World.ts"

const configuration: Configuration = {
  servers: ["s1", "s2", "s3"],
  electionTimeout: { min: 150, max: 300 },
  heartbeatInterval: 50,
  maxRaftStateBytes: 600,
  settings: { ...figure2, preVote: true, checkQuorum: true }
}

const simulate = <A>(program: Effect.Effect<A>, seed?: number, limit?: number) => {
  const simulator = new Simulator(new Choices(seed === undefined ? [] : departures(new Chance(seed), 4)))
  const { context } = new Host(simulator, new Chance(1))
  return { ending: simulator.run(program, context, limit), now: simulator.now }
}

describe("The simulator", () => {
  it("lets time pass at once", () => {
    const { ending, now } = simulate(Effect.sleep("3 hours"))
    expect(ending.type).toBe("done")
    expect(now).toBe(3 * 60 * 60 * 1000)
  })
  it("says that a program waits for ever", () => {
    expect(simulate(Effect.flatMap(Deferred.make<void>(), Deferred.await)).ending.type).toBe("stuck")
  })
  it("says that a program waits for something that isn't simulated", () => {
    expect(simulate(Effect.promise(() => Promise.resolve())).ending.type).toBe("stuck")
  })
  it("says that a program isn't done in time", () => {
    expect(simulate(Effect.sleep(11), undefined, 10).ending.type).toBe("unfinished")
  })
  it("interrupts fibers in the middle of their work: a lost update is found", () => {
    const program = Effect.gen(function*() {
      const ref = yield* Ref.make(0)
      const increment = Effect.flatMap(Ref.get(ref), (n) => Ref.set(ref, n + 1))
      yield* Effect.all([increment, increment, increment], { concurrency: "unbounded" })
      return yield* Ref.get(ref)
    })
    const outcome = (seed?: number) => {
      const { ending } = simulate(program, seed)
      return ending.type === "done" && ending.exit._tag === "Success" ? ending.exit.value : undefined
    }
    expect(outcome()).toBe(3)
    expect(new Set(Array.from({ length: 100 }, (_, seed) => outcome(seed)))).toEqual(new Set([1, 2, 3]))
  })
})

/** Appends, and in between the leader crashes, stops, stands still, and its disk fails. */
const eventful = (world: World) =>
  Effect.gen(function*() {
    const clerk = yield* world.clerk()
    const troubles: Array<(leader: string) => Effect.Effect<void>> = [
      (leader) => Effect.sync(() => world.crash(leader)),
      (leader) => world.stop(leader),
      (leader) => Effect.sync(() => world.pause(leader)),
      (leader) => Effect.sync(() => world.failDisk(leader, 1, "fail")),
      (leader) => Effect.sync(() => world.disconnect(leader))
    ]
    for (const [n, trouble] of troubles.entries()) {
      for (let k = 0; k < 5; k++) yield* clerk.append("k", `${5 * n + k}.`)
      const leader = yield* world.leader
      yield* trouble(leader)
      yield* clerk.append("k", "!")
      world.resume(leader)
      world.connect(leader)
      yield* world.until(() => world.replica(leader) !== undefined || !world.isUp(leader))
      world.start(leader)
    }
    expect(yield* clerk.get("k")).toBe("0.1.2.3.4.!5.6.7.8.9.!10.11.12.13.14.!15.16.17.18.19.!20.21.22.23.24.!")
  })

const run = (seed: number) => {
  const world = new World({ configuration, chance: new Chance(seed), choices: new Choices(departures(new Chance(seed, 1), 50)) })
  return { violation: world.run(eventful, 60_000), world }
}

describe("A world", () => {
  it("keeps every promise through a crash, a stop, a pause, a failing disk and a cut", () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { violation, world } = run(seed)
      expect(violation, world.story).toBeUndefined()
    }
  })
  it("has servers that answer everybody when they stop, also who asks in that moment", () => {
    let refused = 0
    for (let seed = 1; seed <= 100; seed++) {
      const chance = new Chance(seed, 2)
      const world = new World({ configuration, chance: new Chance(seed), choices: new Choices(departures(new Chance(seed, 1), 8)) })
      const violation = world.run(() =>
        Effect.gen(function*() {
          const leader = yield* world.leader
          const replica = world.replica(leader)!
          const ask = Effect.suspend(() => Effect.delay(replica.ask({ type: "open", timeout: 1000 }), chance.between(0, 6)))
          const asking = yield* Effect.forkChild(Effect.all(Array.from({ length: 12 }, () => ask), { concurrency: "unbounded" }))
          yield* Effect.sleep(chance.between(0, 3))
          yield* world.stop(leader)
          const answers = yield* Fiber.join(asking)
          refused += answers.filter(({ type }) => type === "notLeader").length
        }), 5_000)
      expect(violation, world.story).toBeUndefined()
    }
    expect(refused).toBeGreaterThan(0)
  })
  it("lets a server that is asked to stop a second time end the first", () => {
    const world = new World({ configuration, chance: new Chance(1), choices: new Choices([]) })
    const violation = world.run(() =>
      Effect.gen(function*() {
        const clerk = yield* world.clerk()
        yield* clerk.append("k", "a")
        const leader = yield* world.leader
        const appending = yield* Effect.forkChild(clerk.append("k", "b"))
        // Stands still with something to save.
        yield* Effect.sleep(2)
        world.pause(leader)
        const first = yield* Effect.forkChild(world.stop(leader))
        yield* Effect.sleep(2)
        yield* world.stop(leader)
        expect(world.isUp(leader)).toBe(true)
        world.resume(leader)
        yield* Fiber.join(first)
        expect(world.isUp(leader)).toBe(false)
        yield* Fiber.join(appending)
      }), 5_000)
    expect(violation, world.story).toBeUndefined()
  })
  it("has servers that answer in time, though nothing comes of it", () => {
    const world = new World({
      configuration: { ...configuration, settings: { ...configuration.settings, checkQuorum: false } },
      chance: new Chance(1),
      choices: new Choices([])
    })
    const times: Array<readonly [number, string]> = []
    const violation = world.run(() =>
      Effect.gen(function*() {
        const leader = yield* world.leader
        const replica = world.replica(leader)!
        world.disconnect(leader)
        const before = world.simulator.now
        const ask = (patience: number) =>
          Effect.map(replica.ask({ type: "open", timeout: 1000 }, patience), ({ type }) => times.push([world.simulator.now - before, type]))
        // A longer one first, and one that begins while others wait.
        yield* Effect.all([ask(100), ask(20), Effect.delay(ask(20), 10), ask(20)], { concurrency: "unbounded" })
        world.connect(leader)
        yield* world.until(() => world.replica(leader) !== undefined)
      }), 5_000)
    expect(violation, world.story).toBeUndefined()
    expect(times).toEqual([[20, "unreachable"], [20, "unreachable"], [30, "unreachable"], [100, "unreachable"]])
  })
  it("has servers that leave nobody waiting when their disk fails", () => {
    const world = new World({ configuration, chance: new Chance(1), choices: new Choices([]) })
    const answers: Array<string> = []
    const violation = world.run(() =>
      Effect.gen(function*() {
        const leader = yield* world.leader
        const replica = world.replica(leader)!
        world.failDisk(leader, 1, "fail")
        // The first fails; the second waits for the first, and the third for its entry.
        const ask = (patience?: number) => Effect.map(replica.ask({ type: "open", timeout: 1000 }, patience), ({ type }) => answers.push(type))
        const asking = yield* Effect.forkChild(Effect.all([ask(), Effect.delay(ask(), 0.1), Effect.delay(ask(60_000), 0.1)], { concurrency: "unbounded" }))
        yield* world.until(() => !world.isUp(leader))
        yield* Fiber.join(asking)
        world.start(leader)
      }), 5_000)
    expect(violation, world.story).toBeUndefined()
    expect(answers).toEqual(["notLeader", "notLeader", "notLeader"])
  })
  it("has leaders that take requests together: a batch begins when it is as large as those that wait for answers", () => {
    const batches: Array<number> = []
    const world = new World({
      configuration,
      chance: new Chance(1),
      choices: new Choices([]),
      onStep: ({ taken: { action, before, step } }) => {
        if (action === "ClientRequestAction") batches.push(lastIndex(step.server.log) - lastIndex(before.log))
      }
    })
    const violation = world.run(() =>
      Effect.gen(function*() {
        const replica = world.replica(yield* world.leader)!
        const ask = (after: number) => Effect.delay(replica.ask({ type: "open", timeout: 1000 }), after)
        // One after the other, all before the first is answered; for the last one it is too late to find company.
        yield* Effect.all(Array.from({ length: 9 }, (_, n) => ask(n / 50)), { concurrency: "unbounded" })
      }), 5_000)
    expect(violation, world.story).toBeUndefined()
    expect(batches).toEqual([1, 1, 2, 4, 1])
  })
  it("is the same again from the same seed, and another from another", () => {
    const text = (seed: number) => JSON.stringify(run(seed).world.observed.steps)
    expect(text(1)).toBe(text(1))
    expect(text(1)).not.toBe(text(2))
  })
})
