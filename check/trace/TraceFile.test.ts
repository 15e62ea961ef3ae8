import { Effect, Result } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { decode } from "../../src/kv/Encoding.ts"
import type { ServerId } from "../../src/raft/Server.ts"
import { Observer } from "../../src/shell/Observer.ts"
import type { TakenStep } from "../../src/shell/Observer.ts"
import { persistent } from "../../src/shell/Perform.ts"
import { Cluster, serverIds } from "../cluster/Cluster.ts"
import type { Taken } from "../cluster/Cluster.ts"
import { runCommand } from "../scenario/Script.ts"
import { mergeTraces } from "./merge.ts"
import { firstWrong } from "./rules.ts"
import { chunked, plain, samples } from "./samples.ts"
import { layerTraceFile } from "./TraceFile.ts"
import { readTrace } from "./TraceReader.ts"
import { headerOf, linesOf, traceText } from "./TraceWriter.ts"

const newFolder = () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "trace-file-"))
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }))
  return folder
}

const header = headerOf(serverIds(3), plain, null, {})

/** The steps of one server in a scripted run, as its replica tells of them. */
const stepsOf = (id: ServerId, commands: ReadonlyArray<string>, settings = plain): ReadonlyArray<TakenStep> => {
  const taken: Array<Taken> = []
  const cluster = new Cluster(serverIds(3), settings, (one) => taken.push(one))
  for (const command of commands) runCommand(cluster, command)
  const lines = linesOf(cluster.sent, taken)
  return taken.flatMap(({ action, before, server, step }, n) => {
    const { consumed, number } = lines[n]!
    if (server !== id) return []
    return [{ number, action, before, step, ...consumed === undefined ? {} : { consumed } }]
  })
}

const saved = ({ before: b, step: { server: s } }: TakenStep) => JSON.stringify(persistent(b)) !== JSON.stringify(persistent(s))

/** One life: what the server is told to go on from, after which it takes these steps. */
const live = (file: string, durable: number, steps: ReadonlyArray<TakenStep> = [], of = header, id = "s1") =>
  Effect.runPromise(
    Effect.gen(function*() {
      const observer = yield* Observer
      const last = yield* observer.resume(id, durable)
      yield* observer.taken(steps)
      return last
    }).pipe(
      Effect.provide(layerTraceFile(file, of), { local: true }),
      Effect.sandbox,
      Effect.catch((cause) => Effect.succeed(String(cause.reasons.map((r) => "defect" in r ? r.defect : "error" in r ? r.error : r))))
    )
  )

describe("a trace file goes on after a crash from the last step that happened", () => {
  const run = ["elect s1 by s2", "replicate s1 to s2", "apply s1", "propose s1 x", "heartbeat s1"]
  const steps = stepsOf("s1", run)
  const numbered = (action: string, from = 0) => steps.findIndex((s, n) => n >= from && s.action === action) + 1
  const request = numbered("ClientRequestAction")

  test("the script does what is said of it", () => {
    expect(steps.map(({ action }) => action).slice(0, 2)).toEqual(["TimeoutAction", "ReceiveRequestVoteResponse"])
    expect([numbered("ApplyAction") + 1, request + 1]).toEqual([request, steps.length])
  })

  test("later steps that left the disk as it was may have happened; from the first that changed it, none did", async () => {
    const file = path.join(newFolder(), "s1.ndjson")
    expect(await live(file, 0, steps)).toBe(0)
    // The election's no-op is durable.
    expect(await live(file, 2)).toBe(request - 1)
    expect(await live(file, request)).toBe(steps.length)
  })

  test("a blank disk starts as if for the first time, and its trace too", async () => {
    const file = path.join(newFolder(), "s1.ndjson")
    await live(file, 0, steps)
    expect(await live(file, 0)).toBe(0)
    expect(fs.readFileSync(file, "utf8")).toBe(`${JSON.stringify(header)}\n`)
  })

  test("what a restart has undone is not taken for what happened", async () => {
    const file = path.join(newFolder(), "s1.ndjson")
    await live(file, 0, steps)
    const undone = steps[request - 1]!
    const restart = { ...undone, action: "RestartAction", number: request }
    expect(await live(file, 2, [restart])).toBe(request - 1)
    expect(await live(file, 2)).toBe(request)
  })

  test("a torn last line is cut, wherever it is torn", async () => {
    const folder = newFolder()
    const whole = path.join(folder, "whole.ndjson")
    await live(whole, 0, steps)
    const bytes = fs.readFileSync(whole)
    const lastLine = bytes.lastIndexOf(10, bytes.length - 2) + 1
    for (const length of [lastLine + 1, lastLine + 40, bytes.length - 1]) {
      const torn = path.join(folder, `torn-${length}.ndjson`)
      fs.writeFileSync(torn, bytes.subarray(0, length))
      expect(await live(torn, request)).toBe(steps.length - 1)
      expect(fs.readFileSync(torn, "utf8")).toBe(bytes.toString("utf8", 0, lastLine))
    }
    const header = path.join(folder, "header.ndjson")
    fs.writeFileSync(header, bytes.subarray(0, 20))
    expect(await live(header, 0, steps)).toBe(0)
    expect(fs.readFileSync(header)).toEqual(bytes)
  })

  test("a chunk of a snapshot leaves the disk as it was; one taken, and one that has arrived, don't", async () => {
    const run = [
      "elect s1 by s2 s3",
      "propose s1 x",
      "propose s1 y",
      "replicate s1 to s2",
      "apply s1",
      "apply s1",
      "apply s1",
      "snapshot s1",
      "heartbeat s1",
      "deliver InstallSnapshotRequest s1->s3",
      "deliver InstallSnapshotResponse s3->s1",
      "deliver InstallSnapshotRequest s1->s3"
    ]
    const of = { ...header, settings: chunked }
    for (const [id, action, changes] of [
      ["s1", "SnapshotAction", [true]],
      ["s3", "ReceiveInstallSnapshotRequest", [false, true]]
    ] as const) {
      const steps = stepsOf(id, run, chunked)
      const file = path.join(newFolder(), `${id}.ndjson`)
      await live(file, 0, steps, of, id)
      const snapshots = steps.filter((step) => step.action === action)
      expect(snapshots.length).toBe(changes.length)
      const lasts = await Promise.all(snapshots.map(async ({ number }, n) => {
        const upTo = path.join(newFolder(), `${n}.ndjson`)
        fs.writeFileSync(upTo, fs.readFileSync(file, "utf8").split("\n").slice(0, number + 1).map((line) => `${line}\n`).join(""))
        const durable = steps.findLast((step) => step.number < number && saved(step))?.number ?? 0
        return await live(upTo, durable, [], of, id) === number
      }))
      expect(lasts).toEqual(changes.map((changed) => !changed))
    }
  })

  test.each<readonly [claim: string, write: (file: string) => void, durable: number, message: string]>([
    ["a disk that knows more than the trace", () => {}, 99, "s1's disk knows of 99 steps, this trace of "],
    [
      "another server's trace",
      (file) => fs.writeFileSync(file, fs.readFileSync(file, "utf8").replaceAll("\"node\":\"s1\"", "\"node\":\"s2\"")),
      2,
      "a trace of s2, not of s1"
    ],
    [
      "another cluster's trace",
      (file) => fs.writeFileSync(file, traceText(headerOf(serverIds(5), plain, null, {}), [])),
      0,
      "a trace of other servers"
    ],
    [
      "a damaged line",
      (file) => fs.appendFileSync(file, "{\"node\"\n"),
      2,
      "not JSON: {\"node\""
    ]
  ])("%s is refused", async (_, write, durable, message) => {
    const file = path.join(newFolder(), "s1.ndjson")
    await live(file, 0, steps)
    write(file)
    expect(await live(file, durable)).toContain(`${file}: ${message}`)
  })
})

describe("traces of several servers become one", () => {
  const [head, ...lines] = samples.get("window.ndjson")!.trimEnd().split("\n")
  const file = (node: string, texts = lines) => ({
    file: `${node}.ndjson`,
    text: [head, ...texts.filter((line) => line.startsWith(`{"node":"${node}"`))].map((line) => `${line}\n`).join("")
  })
  const all = ["s3", "s2", "s1"].map((node) => file(node))
  const failure = (result: Result.Result<string, { readonly message: string }>) =>
    Result.isFailure(result) ? result.failure.message : "merged"

  test("every line is there, after the line that sent what it consumes", () => {
    const merged = Result.getOrThrow(mergeTraces(all))
    expect(merged.trimEnd().split("\n").toSorted()).toEqual([head, ...lines].toSorted())
    expect(Result.isSuccess(readTrace(merged, "merged"))).toBe(true)
    const asFound = all.map(({ text }, n) => n === 0 ? text : text.slice(head!.length + 1)).join("")
    expect(Result.isFailure(readTrace(asFound, "as found"))).toBe(true)
  })

  test("a torn last line is left out, and a server without steps has no part", () => {
    const merged = mergeTraces([...all, { file: "s4.ndjson", text: `${head}\n{"nod` }])
    expect(merged).toEqual(mergeTraces(all))
  })

  test.each<readonly [claim: string, traces: typeof all, message: string]>([
    ["a missing server", all.slice(0, 2), "s2.ndjson:2: consumes a message of s1's step 1, which no trace has"],
    ["the same server twice", [...all, file("s1")], "s1.ndjson:2: s1's trace is in s1.ndjson"],
    [
      "another run",
      [all[0]!, { file: "x.ndjson", text: `${head!.replace("\"seed\":null", "\"seed\":1")}\n` }],
      "x.ndjson:1: not the header of s3.ndjson"
    ]
  ])("%s is refused", (_, traces, message) => expect(failure(mergeTraces(traces))).toBe(message))

  test("lines that consume each other's messages are refused", () => {
    const line = (node: string, from: string) => ({ node, number: 1, consumed: { node: from, number: 1, position: 1 } })
    const trace = (node: string, from: string) => ({
      file: `${node}.ndjson`,
      text: `${head}\n${JSON.stringify(line(node, from))}\n`
    })
    expect(failure(mergeTraces([trace("s1", "s2"), trace("s2", "s1")])))
      .toBe("s1.ndjson:2: consumes a message of s2's step 1, which itself comes after this line")
  })
})

test("a process that is killed again and again leaves a trace without a gap, whose every step is one of the rules", {
  timeout: 60_000
}, async () => {
  const folder = newFolder()
  const ids = serverIds(3)
  const files = ids.map((id) => path.join(folder, `${id}.ndjson`))
  const acknowledged: Array<string> = []
  for (let life = 1; life <= 6; life++) {
    const child = spawn(process.execPath, [path.join(import.meta.dirname, "tracedCluster.ts"), folder], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    let told = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      told += text
      // Not at the moment of an answer: while something is being saved.
      if (told.split("\n").length > 40) setTimeout(() => child.kill("SIGKILL"), life)
    })
    await once(child, "close")
    expect(child.signalCode).toBe("SIGKILL")
    acknowledged.push(...told.split("\n").slice(0, -1))
  }
  const merged = Result.getOrThrow(mergeTraces(files.map((file) => ({ file, text: fs.readFileSync(file, "utf8") }))))
  const trace = Result.getOrThrow(readTrace(merged, "merged"))
  expect(firstWrong(trace)).toBeUndefined()
  const count = (action: string) => trace.steps.filter((step) => step.action === action).length
  expect(count("RestartAction")).toBe(15)
  expect([count("SnapshotAction") > 0, acknowledged.length > 100]).toEqual([true, true])
  const requests = trace.steps.flatMap(({ values }) => values ?? []).map((value) => decode(value)!.request)
  const requested = new Set(requests.map((request) => request.type === "open" ? request.timeout : undefined))
  expect(acknowledged.filter((session) => !requested.has(Number(session)))).toEqual([])
})
