// Goal: what clients are promised is told from what they aren't, and a violation can be read. Method: steps of KV by hand,
// each broken in one way; the models' worlds through TLA+ and back; a model with a mistake.
import { describe, expect, it } from "vitest"
import type { Data, Operation } from "../../src/kv/Map.ts"
import { deadline } from "../../src/kv/Sessions.ts"
import type { Session } from "../../src/kv/Sessions.ts"
import * as Table from "../../src/kv/Table.ts"
import { explore } from "../explorer/Explore.ts"
import { decodeKVWorld } from "../models/Decode.ts"
import { kvLayer } from "../models/KVLayer.ts"
import { kvModel, kvRootOf } from "../models/KVModel.ts"
import { kvModule, tlaOfWorld } from "../models/KVModule.ts"
import { kvModels } from "../models/load.ts"
import type { KVSpec } from "../models/Table.ts"
import { parseValue } from "../tlc/Value.ts"
import type { TlaRecord } from "../tlc/Value.ts"
import { actionBetween, actions } from "./KV.ts"
import type { Call, Promised } from "./KV.ts"
import { worldLines } from "./Notation.ts"
import { properties } from "./Properties.ts"
import type { KVWorld } from "./ReplicatedKV.ts"

const modelNamed = (name: string): KVSpec => kvModels().find((spec) => spec.name === name)!

/** The map with this value of k. */
const holding = (value: string): Data => Table.tableOf([["k", value]])

describe("steps of KV", () => {
  const append = { op: "append", key: "k", value: "x" } as const
  const cas = { op: "cas", key: "k", from: null, to: "y" } as const
  const idle: Promised = { data: Table.empty, calls: { a: {}, b: {} }, heard: { a: null, b: null } }
  const called: Promised = { ...idle, calls: { a: { 1: { operation: append, answer: [] } }, b: {} } }
  const done: Promised = { ...idle, data: holding("x"), calls: { a: { 1: { operation: append, answer: [null] } }, b: {} } }
  const returned: Promised = { ...idle, data: holding("x"), heard: { a: { status: "OK", response: null }, b: null } }
  const expired: Promised = { ...idle, heard: { a: { status: "SESSION_EXPIRED" }, b: null } }

  it("each has its name", () => {
    expect(actionBetween(idle, called)).toBe("Invoke")
    expect(actionBetween(called, done)).toBe("TakeEffect")
    expect(actionBetween(done, returned)).toBe("Return")
    expect(actionBetween(called, expired)).toBe("Expire")
    expect(actionBetween(done, { ...expired, data: done.data })).toBe("Expire")
    expect(actionBetween(done, structuredClone(done))).toBe("nothing")
  })

  it("an answer of null is an answer", () => {
    expect(actionBetween(called, returned)).toBeUndefined()
    expect(actionBetween(called, { ...returned, data: Table.empty })).toBeUndefined()
  })

  it("nothing takes effect twice, after its return, after SESSION_EXPIRED, or uncalled", () => {
    const twice = holding("xx")
    expect(actionBetween(done, { ...done, data: twice })).toBeUndefined()
    expect(actionBetween(returned, { ...returned, data: twice })).toBeUndefined()
    expect(actionBetween(expired, { ...expired, data: holding("x") })).toBeUndefined()
    expect(actionBetween(idle, { ...idle, data: holding("x") })).toBeUndefined()
  })

  it("effect and answer are those of the operation, then", () => {
    expect(actionBetween(called, { ...done, data: holding("z") })).toBeUndefined()
    expect(actionBetween(called, { ...called, data: holding("x") })).toBeUndefined()
    const second = (answer: Call["answer"]): Promised => ({
      ...idle,
      data: holding("y"),
      calls: { a: { 1: { operation: cas, answer: [true] } }, b: { 1: { operation: cas, answer } } }
    })
    expect(actionBetween(second([]), second([false]))).toBe("TakeEffect")
    expect(actionBetween(second([]), second([true]))).toBeUndefined()
  })

  it("what is told is what was answered, and to the one who called", () => {
    expect(actionBetween(done, { ...returned, heard: { a: { status: "OK", response: true }, b: null } })).toBeUndefined()
    expect(actionBetween(done, { ...returned, heard: { a: null, b: { status: "OK", response: null } } })).toBeUndefined()
  })

  it("one at a time", () => {
    const both: Promised = { ...called, calls: { ...called.calls, b: { 1: { operation: cas, answer: [] } } } }
    expect(actionBetween(idle, both)).toBeUndefined()
    expect(actionBetween(called, both)).toBe("Invoke")
  })
})

describe("models of the map", () => {
  it("are at least four, each witnesses call, effect and return, and together all of KV", () => {
    const all = kvModels()
    expect(all.length).toBeGreaterThanOrEqual(4)
    for (const { mustReach } of all) expect(mustReach).toEqual(expect.arrayContaining(["Invoke", "TakeEffect", "Return"]))
    expect(actions.filter((name) => !all.some(({ mustReach }) => mustReach.includes(name)))).toEqual([])
  })

  it("worlds are the same when they have been written in TLA+ and read again", { timeout: 30_000 }, async () => {
    for (const name of ["kv-expiry", "kv-failover"]) {
      const spec = modelNamed(name)
      const { graph } = await explore({ ...kvModel(spec), properties: [], mustReach: [] })
      for (let n = 0; n < graph.size; n += 7) {
        const world = graph.world(n)
        expect(decodeKVWorld(parseValue(tlaOfWorld(spec, world)) as TlaRecord)).toEqual(world)
      }
    }
  })

  it("TLC is given every action of every server and client, every property, and from the beginning what it begins with", () => {
    for (const [name, more] of [["kv-retry", "BeginsAsKV"], ["kv-failover", "RefinesReplicatedLogSteps"]] as const) {
      const spec = modelNamed(name)
      const { cfg, tla } = kvModule(spec, kvModel(spec).root)
      for (const label of ["DecideAction_s2", "HearAction_c1"]) expect(tla).toContain(`\\/ ${label}\n`)
      for (const property of [...properties.map((each) => each.name), more]) expect(cfg).toContain(`  ${property}\n`)
    }
  })

  it("a root that isn't possible is refused with its command", () => {
    const spec = { ...modelNamed("kv-retry"), root: ["OpenAction_c1", "HearAction_c1"] }
    expect(() => kvRootOf(spec)).toThrow("model kv-retry: HearAction_c1 isn't possible there")
    expect(() => kvModel({ ...spec, root: [], mustReach: ["Nirvana"] })).toThrow("must reach Nirvana, which is not defined")
  })

  it("a violation is told step by step, with the lines that change", async () => {
    const spec = modelNamed("kv-retry")
    const { told } = kvLayer(spec)
    const { result } = await explore({
      ...kvModel(spec),
      properties: [{ name: "NeverTwice", reads: "actors", holds: ([world]) => world!.log.length < 2 }]
    })
    const violation = result.violations.find(({ name }) => name === "NeverTwice")!
    if (violation.kind !== "property") throw new Error(violation.kind)
    const { text } = told(violation.trace.map(({ world }) => world), "kv-retry violates NeverTwice")
    expect(text.split("\n").slice(0, 8)).toEqual([
      "kv-retry violates NeverTwice",
      "",
      "(before)",
      "    log ",
      "    s1 applied 0 @0 {}",
      "    s2 applied 0 @0 {}",
      "    c1 has no session",
      "1 OpenAction_c1"
    ])
    expect(text).toContain("\n2 DecideAction_s1\n    log [1@0 open]\n    s1 applied 0 @0 {}; answers 1 to c1\n")
  })

  it("the notation shows what a world has", () => {
    const session: Session = { timeout: 5, used: 9, first: 2, replies: Table.tableOf([[2, true]], Table.byNumber) }
    const kv = { time: 9, data: holding("x"), sessions: Table.tableOf([[1, session]], deadline) }
    const calls = Table.tableOf<number, Operation>([[3, { op: "get", key: "k" }]], Table.byNumber)
    const world: KVWorld = {
      log: [{ time: 0, request: { type: "open", timeout: 5 } }, {
        time: 9,
        request: { type: "command", session: 1, seq: 2, first: 1, operation: { op: "cas", key: "k", from: null, to: "x" } }
      }],
      servers: { s1: { applied: 2, kv, snapshot: { index: 2, kv }, waiting: Table.tableOf([[3, "c1"]], Table.byNumber) } },
      clients: { c1: { session: 1, open: true, seq: 3, waiting: calls, heard: { status: "OK", response: true } } },
      messages: [
        { type: "Request", source: "c1", dest: "s1", request: { type: "open", timeout: 5 } },
        { type: "Reply", dest: "c1", reply: { status: "SESSION_EXPIRED", session: 1, seq: 1 } }
      ],
      ghost: { kv, answers: [] }
    }
    const state = "@9 {k=x} session 1 used@9 from 2 {2: true}"
    expect(worldLines(world)).toEqual([
      "log [1@0 open] [2@9 1:2 from 1 cas k null->x]",
      `s1 applied 2 ${state}; snapshot at 2 ${state}; answers 3 to c1`,
      "c1 in 1, at 3; waits for 3 get k; heard true",
      "c1 asks s1: open",
      "c1 is told: 1:1 SESSION_EXPIRED"
    ])
  })
})
