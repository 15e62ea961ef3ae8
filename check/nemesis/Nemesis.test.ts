// Goal: a cluster under torment keeps its promises, and a run says so only if it has seen that. Method: short runs of real
// processes, one of a cluster whose disks are taken away; and reports of runs in which one thing is altered.
import { NodeServices } from "@effect/platform-node"
import { Effect, Result } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import { connect } from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { addressOf } from "../../src/shell/Address.ts"
import { makeClerk } from "../../src/shell/Clerk.ts"
import { layer as layerRemote } from "../../src/shell/RemoteServers.ts"
import { checkLinearizable } from "../linearizability/check.ts"
import { History } from "../linearizability/History.ts"
import type { Operation } from "../linearizability/History.ts"
import { kv } from "../linearizability/models/kv.ts"
import { page } from "../render/Page.ts"
import { firstWrong } from "../trace/rules.ts"
import { faults } from "./Faults.ts"
import type { Fault, Scene } from "./Faults.ts"
import { torment } from "./Nemesis.ts"
import type { NemesisRun } from "./Nemesis.ts"
import { nemesisPicture } from "./picture.ts"
import { reportOf } from "./Report.ts"

const newFolder = () => fs.mkdtempSync(path.join(os.tmpdir(), "nemesis-"))
const named = (...names: ReadonlyArray<string>) => names.map((name) => faults.find((fault) => fault.name === name)!)

/** Of a run's cluster file. */
const serversIn = (folder: string) => {
  const file = JSON.parse(fs.readFileSync(path.join(folder, "s1.json"), "utf8")) as {
    readonly servers: Readonly<Record<string, { readonly clients: string }>>
  }
  return file.servers
}

const runWith = (faults: ReadonlyArray<Fault>, folder: string, seconds: number) =>
  Effect.runPromise(
    torment({ servers: 3, seconds, seed: 1, faults, clerks: 12, plain: 3, folder, onProgress: () => {} }).pipe(
      Effect.provide(NodeServices.layer)
    )
  )

/** Everything was validated elsewhere. */
const validated = { status: "accepted", lines: 1 } as const

describe("a leader that is killed while its clients write, and another that is cut off", () => {
  const asked = named("kill-leader", "isolate-leader")
  let run: NemesisRun
  beforeAll(async () => {
    const folder = newFolder()
    run = await runWith(asked, folder, 9)
    fs.rmSync(folder, { recursive: true })
  }, 120_000)
  const report = (altered: Partial<NemesisRun> = {}, verdict: Parameters<typeof reportOf>[1] = validated) =>
    reportOf({ ...run, ...altered }, verdict, asked, 9)
  const operations = () => Array.from({ length: run.history.length }, (_, i) => run.history.operation(i))
  const withHistory = (all: ReadonlyArray<Operation>): Partial<NemesisRun> => {
    const history = History.of(all)
    return { history, linearizable: checkLinearizable(history, kv, { explanations: false }) }
  }

  test("are felt, and nothing that was acknowledged is lost", () => {
    expect(report().violations).toEqual([])
    expect(run.struck.slice(0, 2).map(({ bit, name }) => [name, bit])).toEqual([["kill-leader", true], ["isolate-leader", true]])
    expect(run.struck[0]!.evidence).toMatch(/^s[123] read term \d+, \d+ entries.*; s[123] leads term \d+ after \d+$/)
    expect(report().failovers).toBeGreaterThanOrEqual(2)
    const { answered, overlap, unknown } = report().operations
    expect([answered > 200, overlap >= 3, unknown > 0]).toEqual([true, true, true])
  })

  test("every step of every process is one of the rules, and its restart is among them", () => {
    const trace = Result.getOrThrow(run.trace)
    expect(firstWrong(trace)).toBeUndefined()
    expect(trace.steps.filter(({ action }) => action === "RestartAction").length).toBeGreaterThanOrEqual(1)
  })

  test("make a page that shows the run first", () => {
    const picture = nemesisPicture(run, report())
    expect(picture.sheets[0]).toMatchObject({ kind: "course", lanes: [{ name: "faults" }, { name: "s1" }, { name: "s2" }, { name: "s3" }, {}, {}] })
    expect(page(picture)).toContain("<title>nemesis, seed 1: ")
  })

  test("an acknowledged write that is lost is a violation", () => {
    const of = { client: 0, key: "lost" }
    const written: Operation = { ...of, op: "put", value: "x", call: 1, return: 2, output: null }
    const read = (output: string | null): Operation => ({ ...of, op: "get", value: null, call: 3, return: 4, output })
    expect(report(withHistory([...operations(), written, read("x")])).violations).toEqual([])
    expect(report(withHistory([...operations(), written, read(null)])).violations).toEqual(["key lost is not linearizable"])
  })

  test("a rejected trace, an unreadable one, and a server that ended by itself are violations", () => {
    const rejected = { status: "rejected", line: 7, message: "t:7: no such step", differences: [], enabled: [] } as const
    expect(report({}, rejected).violations).toEqual(["t:7: no such step"])
    const unreadable = Result.fail(new Error("s1.ndjson:3: not JSON"))
    expect(report({ trace: unreadable }).violations).toEqual(["the servers' traces: s1.ndjson:3: not JSON"])
    expect(report({ wrong: ["s2 ended by itself"] }).violations).toEqual(["s2 ended by itself"])
  })

  test("a fault that nobody felt, too few meetings and too few unknown outcomes are gaps", () => {
    const [first, ...others] = run.struck
    expect(report({ struck: [{ ...first!, bit: false, evidence: "nothing" }, ...others] }).gaps)
      .toContain(`kill-leader ${first!.label} was not felt: nothing`)
    const apart = operations().filter((x) => x.return !== null).map((x, n) => ({ ...x, call: 10 * n, return: 10 * n + 5 }))
    const { gaps } = report({ history: History.of(apart) })
    expect(gaps).toContain("the median operation met 0 others, not 3")
    expect(gaps).toContain("0.0 % of the outcomes are unknown, not 0.5")
    expect(reportOf(run, validated, named("kill-leader", "stop-one"), 60).gaps).toContain("stop-one never struck")
  })
})

test("a cluster whose disks are taken away is found out", { timeout: 120_000 }, async () => {
  const folder = newFolder()
  onTestFinished(() => fs.rmSync(folder, { recursive: true }))
  const [killAll] = named("kill-all") as [Fault]
  /** Of a key that no client writes: a write of theirs that gave up might explain, on one of their keys, what is missing. */
  const write = Effect.fnUntraced(function*({ clients, now }: Scene) {
    const addresses = Object.entries(serversIn(folder)).map(([id, { clients }]) => [id, addressOf(clients)!] as const)
    const call = Math.round(now())
    yield* Effect.flatMap(makeClerk(), ({ put }) => put("kept", "x")).pipe(
      Effect.orDie,
      Effect.provide(layerRemote({ servers: new Map(addresses) }), { local: true })
    )
    clients.history.push({ client: -1, op: "put", key: "kept", value: "x", call, return: Math.round(now()), output: null })
  })
  const amnesia: Fault = {
    ...killAll,
    strike: Effect.fnUntraced(function*(scene) {
      yield* write(scene)
      const strike = yield* killAll.strike(scene)
      for (const id of scene.servers.keys()) fs.rmSync(path.join(folder, id), { recursive: true })
      return strike
    })
  }
  const run = await runWith([amnesia], folder, 5)
  expect(run.struck[0]).toMatchObject({ bit: false })
  expect(reportOf(run, validated, [amnesia], 5).violations).toContain("key kept is not linearizable")
})

test("Ctrl-C ends all of its processes, and says so", { timeout: 60_000 }, async () => {
  const folder = newFolder()
  onTestFinished(() => fs.rmSync(folder, { recursive: true }))
  const main = path.join(import.meta.dirname, "../../src/cli/main.ts")
  const child = spawn(process.execPath, [main, "nemesis", "--seconds", "60", "--data", folder], { stdio: ["ignore", "pipe", "pipe"] })
  let told = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => told += text)
  const logs = ["s1", "s2", "s3"].map((id) => path.join(folder, `${id}.log`))
  for (let n = 0; n < 400 && !logs.every((file) => fs.existsSync(file) && fs.statSync(file).size > 0); n++) await pause(50)
  const servers = serversIn(folder)
  const isServed = (address: string) =>
    new Promise<boolean>((resolve) => {
      const socket = connect(Number(address.split(":")[1]), "127.0.0.1", () => resolve(true)).on("error", () => resolve(false))
      onTestFinished(() => void socket.destroy())
    })
  for (let n = 0; n < 200 && !(await isServed(servers["s1"]!.clients)); n++) await pause(50)
  expect(await isServed(servers["s1"]!.clients)).toBe(true)
  child.kill("SIGINT")
  const [code] = await once(child, "exit")
  expect([code, told]).toEqual([130, "interrupted: the result is partial\n"])
  for (const { clients } of Object.values(servers)) expect(await isServed(clients)).toBe(false)
})
