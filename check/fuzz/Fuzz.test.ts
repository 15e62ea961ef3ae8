// Goal: random executions of the real thing violate nothing and are rich; those of something faulty are noticed, become
// short, and can be seen again. Method: few runs of each; the long ones are `lockstep fuzz`.
import { describe, expect, it } from "vitest"
import { Cluster, serverIds } from "../cluster/Cluster.ts"
import { planOf, runSchedule } from "./Execution.ts"
import {
  acknowledgesFirst,
  deaf,
  dicingMachines,
  forgetTheTerm,
  forgetTheVote,
  freshReplies,
  hasty,
  immortal,
  lazyDeletes,
  loseTheTail,
  neverTwice,
  noSessions,
  ownClocks,
  reusedNumbers,
  silently,
  staleRepeats,
  throwing,
  unfaithful
} from "./faulty.ts"
import { firstViolation, fuzz } from "./Fuzz.ts"
import type { FinishedRun } from "./Fuzz.ts"
import { Planner } from "./Plan.ts"
import { record, replay } from "./Replay.ts"
import { gates, gatesOfKinds, kindOf, kinds, missedGates } from "./Richness.ts"
import { realParts } from "./Run.ts"
import type { Parts } from "./Run.ts"
import type { Schedule } from "./Schedule.ts"
import { figure2 } from "../../src/raft/Server.ts"
import { violatedNow } from "./StateProperties.ts"
import { weathers } from "./Weather.ts"

/** Schedules as fast-check would draw them, one of each weather. */
const schedules = (servers: number, length: number): ReadonlyArray<Schedule> =>
  weathers.map((_, weather) => ({
    servers,
    settings: { ...figure2, maxBatchBytes: 1 + 59 * (weather % 2), preVote: weather % 3 > 0, checkQuorum: weather % 3 < 2 },
    weather,
    decisions: Array.from({ length }, (_, n) => Math.imul(n + 1 + 1000 * weather, 0x9e3779b1) >>> 1)
  }))

describe("the real thing", () => {
  for (const servers of [3, 4, 5, 7]) {
    it(`violates nothing with ${servers} servers, and every gate is passed, also of each kind of settings`, async () => {
      const seen = new Map(kinds.map((kind) => [kind, 0]))
      const { events, failure } = await fuzz({
        servers,
        runs: 200,
        seed: 1,
        onRun: ({ settings }) => seen.set(kindOf(settings), seen.get(kindOf(settings))! + 1)
      })
      expect(failure).toBeUndefined()
      expect(events).toBeGreaterThan(120_000)
      for (const runs of seen.values()) expect(runs).toBeGreaterThan(30)
    })
  }

  it("does the same again with the same seed, and something else with another", async () => {
    const histories = async (seed: number) => {
      const seen: Array<FinishedRun> = []
      await fuzz({ servers: 3, runs: 3, seed, onRun: (run) => seen.push(run) })
      return seen.map(({ history, sent }) => ({ history, sent }))
    }
    const first = await histories(7)
    expect(await histories(7)).toEqual(first)
    expect(await histories(8)).not.toEqual(first)
  })

  it("the scenario of any run replays without a violation", async () => {
    for (const schedule of schedules(3, 300)) {
      const { scenario } = record(schedule, realParts)
      expect(scenario.split("\n").length).toBeGreaterThan(150)
      expect(replay(scenario)).toBeUndefined()
    }
  })

  it("hands out each run with its steps, messages and history", async () => {
    const seen: Array<FinishedRun> = []
    const { events } = await fuzz({ servers: 5, runs: 4, seed: 2, onRun: (run) => seen.push(run) })
    expect(seen.map((run) => run.number)).toEqual([0, 1, 2, 3])
    expect(seen.every((run) => run.ids.length === 5 && run.violation === undefined)).toBe(true)
    expect(seen.some((run) => run.history.length > 0)).toBe(true)
    const steps = seen.flatMap((run) => run.taken)
    expect(steps.length).toBeGreaterThan(events / 2)
    for (const { sent, taken } of seen) {
      for (const { consumed, server } of taken) {
        if (consumed !== undefined) expect(sent[consumed]!.dest).toBe(server)
      }
    }
  })

  it("runs half of all with PreVote, half with CheckQuorum, and each alone", async () => {
    const seen = { both: 0, checkQuorum: 0, neither: 0, preVote: 0 }
    await fuzz({
      servers: 3,
      runs: 200,
      events: 1,
      seed: 1,
      onRun: ({ settings: { checkQuorum, preVote } }) =>
        seen[preVote ? (checkQuorum ? "both" : "preVote") : checkQuorum ? "checkQuorum" : "neither"]++
    })
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(30)
  })

  it("stops when told to", async () => {
    const stop = new AbortController()
    const { failure, interrupted, runs } = await fuzz({
      servers: 3,
      runs: 1000,
      seed: 1,
      signal: stop.signal,
      onProgress: (progress) => progress.runs >= 40 && stop.abort()
    })
    expect({ failure, interrupted, runs }).toEqual({ failure: undefined, interrupted: true, runs: 40 })
  })
})

describe("the incremental checks", () => {
  it("agree with the definitions after every event of good runs", () => {
    let compared = 0
    for (const schedule of [...schedules(3, 300), ...schedules(5, 300)]) {
      runSchedule(schedule, realParts, {
        act: ({ cluster }) => () => {
          compared++
          expect(violatedNow(cluster)).toEqual([])
        }
      })
    }
    expect(compared).toBeGreaterThan(2000)
  })

  it("are watched: what they miss is found in full, every hundred events", () => {
    const parts = { ...realParts, ...silently }
    const found = schedules(5, 400).map((schedule) => {
      const { events, violation } = runSchedule(schedule, parts)
      return { events, violation }
    })
    const violation = { property: "WellFormed", detail: "not noticed by its incremental check" }
    expect(found).toContainEqual({ events: 100, violation })
  })
})

describe("a disk that forgets is what shows P01, messages that leave before the sync that covers them:", () => {
  const seeds = [1, 2, 3, 4]

  it.each(seeds)("it is noticed, as state that a restart doesn't find (seed %i)", async (seed) => {
    const { failure } = await fuzz({ servers: 3, runs: 40, seed, shrink: false, parts: acknowledgesFirst({ forgets: true }) })
    expect(["RestartKeeps", "TermMonotone", "VoteOnce", "AcknowledgedIsDurable"]).toContain(failure?.property)
  })

  it.each(seeds)("with a disk that forgets nothing it is not (seed %i)", async (seed) => {
    const { events, failure } = await fuzz({ servers: 3, runs: 40, seed, parts: acknowledgesFirst({ forgets: false }) })
    expect(failure).toBeUndefined()
    expect(events).toBeGreaterThan(20_000)
  })
})

it("a server whose disk is damaged stays down, and never a majority of them", async () => {
  let damaged = 0
  for (const schedule of schedules(5, 1000)) {
    const { cluster, counter, violation } = runSchedule(schedule, realParts)
    expect(violation).toBeUndefined()
    expect(cluster.damaged.size).toBe(counter.counts["disksDamaged"] ?? 0)
    expect(2 * cluster.damaged.size).toBeLessThan(5)
    for (const id of cluster.damaged) {
      expect([cluster.down.has(id), cluster.execute({ type: "restart", server: id })]).toEqual([true, false])
    }
    damaged += cluster.damaged.size
  }
  expect(damaged).toBeGreaterThan(0)
})

describe("a fault is found, becomes short, and can be seen again", () => {
  const cases: ReadonlyArray<[string, Partial<Parts>, ReadonlyArray<string>]> = [
    ["servers that forget their vote", forgetTheVote, ["VoteOnce"]],
    ["servers that forget their term", forgetTheTerm, ["TermMonotone"]],
    ["servers that lose the log's last entry", loseTheTail, ["RestartKeeps", "WellFormed", "CommittedIsDurable"]],
    ["servers that ignore answers of a later term", deaf, ["TermsAreLearnt"]],
    ["servers that help others while they hear a leader", unfaithful, ["LeadersAreKept"]],
    ["pre-candidates that begin a term", hasty, ["PreVoteChangesNothing"]],
    ["a map without sessions", noSessions, ["RefinesKV", "SameReply"]],
    ["an expired session that is taken for one that is there", immortal, ["RefinesKV"]],
    ["answers refused to those who ask again", staleRepeats, ["NeverStale"]],
    ["deletions that are only promised", lazyDeletes, ["RefinesKV"]],
    ["answers that are made anew", freshReplies, ["RefinesKV", "SameReply"]],
    ["a client that reuses its sequence number", reusedNumbers, ["RefinesKV"]]
  ]
  for (const [name, parts, properties] of cases) {
    it(name, async () => {
      const { failure } = await fuzz({ servers: 3, runs: 50, seed: 3, parts })
      expect(properties).toContain(failure?.property)
      expect(failure!.scenario.split("\n").length).toBeLessThan(60)
      expect(replay(failure!.scenario, parts)?.property).toBe(failure!.property)
      const again = await fuzz({ servers: 3, runs: 50, seed: 3, parts, path: failure!.path })
      expect(again.failure).toEqual(failure)
    })
  }

  it("machines that disagree", async () => {
    for (const parts of [dicingMachines(), ownClocks()]) {
      const { failure } = await fuzz({ servers: 3, runs: 50, seed: 3, parts, shrink: false })
      expect(["MachinesAgree", "RefinesKV", "ExpiryIsByLogTime"]).toContain(failure?.property)
    }
  })

  it("a rule that throws is an exception, not a violated property", async () => {
    const { failure } = await fuzz({ servers: 3, runs: 5, seed: 3, parts: throwing })
    expect(failure).toMatchObject({ property: "Exception", detail: "RangeError: no heart" })
  })

  it("without shrinking, it is the run as it was found", async () => {
    const found = await fuzz({ servers: 3, runs: 50, seed: 3, parts: noSessions, shrink: false })
    const shrunk = await fuzz({ servers: 3, runs: 50, seed: 3, parts: noSessions })
    expect(found.failure!.scenario.length).toBeGreaterThan(2 * shrunk.failure!.scenario.length)
    expect(replay(found.failure!.scenario, noSessions)?.property).toBe(found.failure!.property)
  })

  it("a network that never delivers twice misses its gate", async () => {
    const { failure } = await fuzz({ servers: 3, runs: 40, seed: 1, parts: neverTwice })
    expect(failure).toMatchObject({ property: "Richness", detail: expect.stringMatching(/^duplicates: 0\.0\d per/) })
  })

  it("what happens in runs of one kind doesn't make up for another", () => {
    expect(gatesOfKinds["ReceiveRequestVoteRequest"]![0]).toBeGreaterThan(20)
    expect(gatesOfKinds["ReceiveRequestVoteResponse"]![0]).toBeGreaterThan(6)
    expect(gatesOfKinds["rejectedAppendEntries"]![0]).toBeGreaterThan(6)
    expect(gatesOfKinds["truncations"]![0]).toBeGreaterThan(0.7)
    expect(gatesOfKinds["outOfOrder"]![0]).toBeGreaterThan(8)
    // As many votes are asked for as with PreVote, which is enough there, and in all runs together.
    const richness = { ...Object.fromEntries(Object.keys(gates).map((name) => [name, 10_000])), ReceiveRequestVoteRequest: 500 }
    const counted = { richness, runs: 30, events: 22_000 }
    expect(missedGates(counted)).toEqual([])
    expect(missedGates(counted, "preVote")).toEqual([])
    expect(missedGates(counted, "figure2")).toEqual([
      "ReceiveRequestVoteRequest with figure2: 22.73 per 1,000 events, at least 48 expected"
    ])
  })

  it("every gate can be missed, and none is asked for after few events or runs", () => {
    const counted = (runs: number, events: number) => ({ richness: {}, runs, events })
    expect(missedGates(counted(20, 20_000))).toHaveLength(Object.keys(gates).length)
    for (const [n, kind] of kinds.entries()) {
      const asked = Object.values(gatesOfKinds).filter((least) => least[n]! > 0)
      expect(missedGates(counted(20, 20_000), kind)).toHaveLength(asked.length)
      expect(missedGates(counted(20, 19_999), kind)).toEqual([])
    }
    expect(missedGates(counted(20, 19_999))).toEqual([])
    expect(missedGates(counted(19, 20_000))).toEqual([])
  })

  it("firstViolation is undefined when there is none", async () => {
    expect(await firstViolation([3, 5], 5, 1)).toBeUndefined()
  })
})

describe("a plan", () => {
  it("finds a part of a snapshot by what it says, though more has gone the same way", () => {
    const sent = (...offsets: ReadonlyArray<number>): Cluster => {
      const cluster = new Cluster(serverIds(3), figure2)
      for (const offset of offsets) {
        cluster.sent.push({
          type: "InstallSnapshotRequest",
          source: "s1",
          dest: "s2",
          term: 1,
          lastIncludedIndex: 4,
          lastIncludedTerm: 1,
          members: serverIds(3),
          offset,
          data: [`piece ${offset}`],
          done: false
        })
      }
      return cluster
    }
    const planned = new Planner(sent(0, 1, 2)).plan({ type: "deliver", message: 1 })
    expect(new Planner(sent(0, 1, 2, 3)).find(planned)).toEqual({ type: "deliver", message: 1 })
  })

  it("does what the decisions did", () => {
    for (const schedule of schedules(5, 300)) {
      const decided = runSchedule(schedule, realParts)
      const planned = runSchedule({ ...schedule, acts: planOf(schedule, realParts) }, realParts)
      expect([...planned.cluster.servers]).toEqual([...decided.cluster.servers])
      expect(planned.clients.history.length).toBe(decided.clients.history.length)
    }
  })
})

describe("a scenario that can't be replayed says which line and why", () => {
  const head = "servers 3\nbatch-bytes 1\napply-alone\n"
  for (
    const [text, reason] of [
      ["timeout s1\n", 'line 1: expected "servers N" first, found "timeout s1"'],
      [`${head}apply s1`, "line 4: nothing happens: apply s1"],
      [`${head}timeout s9`, "line 4: no server s9 (there are s1, s2, s3)"],
      [`${head}\n# comment\nclient 1 put k x at s1`, 'line 6: expected a quoted value, found x: "client 1 put k x at s1"'],
      [`${head}client 1 put k null at s1`, 'line 4: expected a quoted value, found null: "client 1 put k null at s1"'],
      [`${head}client 1 take k at s1`, 'line 4: clients can get, put, append, cas and delete, not take: "client 1 take k at s1"'],
      [`${head}client 1 again 1 at s1`, "line 4: nothing happens: client 1 again 1 at s1"],
      [`${head}client 1 get k0 at s1`, "line 4: nothing happens: client 1 get k0 at s1"],
      [`${head}client 1 gives up`, "line 4: nothing happens: client 1 gives up"],
      ["servers 99999999\n", 'line 1: expected "servers n" with n from 1 to 9, found "servers 99999999"'],
      [`${head}apply s9 unheard`, "line 4: no server s9 (there are s1, s2, s3)"],
      [`${head}client 1 get k0 at s4`, "line 4: no server s4 (there are s1, s2, s3)"]
    ] as const
  ) {
    it(reason, () => expect(() => replay(text)).toThrow(reason))
  }
})
