// Goal: verdicts that are kept for settings stay true. Method: the bytes are pinned; what has no fault is linearizable by
// trying all orders, and every fault of every object shows in some history.
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gunzipSync } from "node:zlib"
import { afterAll, describe, expect, test } from "vitest"
import { BruteForce } from "../linearizability/campaign/bruteForce.ts"
import { cas, counter, fencedLock, History, kvEmpty, lock, mutex, queue, register, set, shard } from "../linearizability/index.ts"
import type { Model, Operation } from "../linearizability/index.ts"
import { writeHistory } from "./generate.ts"
import { objects } from "./objects.ts"
import type { ObjectName } from "./objects.ts"
import type { Fault } from "./objects/SimulatedObject.ts"
import { medium } from "./shapes.ts"
import { simulate } from "./simulate.ts"
import type { Settings } from "./simulate.ts"

const folder = mkdtempSync(join(tmpdir(), "lockstep-generate-"))
afterAll(() => rmSync(folder, { recursive: true }))

const textOf = (settings: Partial<Settings>): string => [...simulate(settings)].map((x) => `${JSON.stringify(x)}\n`).join("")
const digest = (text: string | Buffer): string => createHash("sha256").update(text).digest("hex").slice(0, 16)

describe("the same settings give the same bytes", () => {
  test.each(Object.entries({
    register: "b0ca2509302a46a2",
    cas: "e39ac8938f4d1b12",
    kv: "3b7592b7a0e39018",
    append: "5b63ded19296bedf",
    queue: "b28144caebf0aabd",
    lock: "edcb40047e21531c",
    mutex: "96b19fec9e9d8110",
    "fenced-lock": "9cb7dfd3fbcffaff",
    counter: "791f25673a643ad3",
    set: "b602194b023aeb71",
    gset: "e1696b7b29afecf4",
    shard: "37786863a670f435"
  }))("%s", (name, expected) => {
    const model = name as ObjectName
    const plain = textOf({ model, ops: 2000, clients: 20, keys: 3, values: 4, timeout: 0.05, seed: 5 })
    const faulty = objects[model].faults.map((fault) => textOf({ model, ops: 2000, fault, faults: 3, at: 0.3, timeout: 0.02 }))
    expect(digest([plain, ...faulty].join())).toBe(expected)
  })

  test("of a whole file with a known verdict", () => {
    const { settings } = medium.find(({ name }) => name === "queue-u-c10-swap")!
    expect(digest(textOf(settings))).toBe("0011685e56c2a4c5")
  })
})

const models: Readonly<Record<ObjectName, Model>> = {
  register,
  cas,
  kv: kvEmpty,
  append: kvEmpty,
  queue,
  lock,
  shard,
  mutex,
  "fenced-lock": fencedLock,
  counter,
  set,
  gset: set
}

/** Short histories of one object, with how many faults were planted. */
const short = (model: ObjectName, more: Partial<Settings>) =>
  Array.from({ length: 150 }, (_, seed) => {
    const mix = model === "queue" ? { mix: { enq: 0.7, deq: 0.3 } } : {}
    const run = simulate({ model, ops: 16, clients: 2 + (seed % 2), values: seed % 3, timeout: 0.1, seed, ...mix, ...more })
    const history: Array<Operation> = []
    for (;;) {
      const { done, value } = run.next()
      if (done === true) return { history, planted: value }
      history.push(value)
    }
  })

const isLinearizable = (history: ReadonlyArray<Operation>, model: ObjectName) =>
  new BruteForce(models[model]).order(History.of(history), [...history.keys()]) !== undefined

describe.each(Object.keys(objects) as ReadonlyArray<ObjectName>)("%s", (model) => {
  test("a history without a fault is linearizable, also where outcomes are unknown", () => {
    const histories = short(model, {})
    expect(histories.filter(({ history }) => !isLinearizable(history, model))).toEqual([])
    const open = (x: Operation) => x.return === null
    expect(histories.filter(({ history }) => history.some(open)).length).toBeGreaterThan(50)
    const overlap = (x: Operation, i: number, all: ReadonlyArray<Operation>) => i > 0 && x.call < (all[i - 1]!.return ?? Infinity)
    expect(histories.filter(({ history }) => history.filter(overlap).length > 3).length).toBeGreaterThan(50)
  })

  test.each<Fault>(objects[model].faults)("fault %s shows", (fault) => {
    const planted = short(model, { fault, at: 0.3 }).filter((run) => run.planted === 1)
    const illegal = planted.filter(({ history }) => !isLinearizable(history, model))
    expect(illegal.length).toBeGreaterThan(5)
  })
})

describe("files", () => {
  const settings = { model: "append", ops: 5000 } as const

  test("have the history, compressed where the name says so", async () => {
    const [plain, packed] = [join(folder, "h.jsonl"), join(folder, "h.jsonl.gz")]
    await writeHistory(settings, plain)
    await writeHistory(settings, packed)
    expect(readFileSync(plain, "utf8")).toBe(textOf(settings))
    expect(gunzipSync(readFileSync(packed)).toString()).toBe(textOf(settings))
  })

  test("no history is too long: operations come as soon as their outcome is known", () => {
    const run = simulate({ ops: 1e15 })
    expect([1, 2, 3].map(() => run.next().done)).toEqual([false, false, false])
  })
})

describe("the command", () => {
  const command = fileURLToPath(new URL("generate.ts", import.meta.url))
  const generate = (...args: ReadonlyArray<string>) => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [command, ...args], { encoding: "utf8" })
    return { status, stdout, stderr: stderr.trim() }
  }

  test("prints the history of its options", () => {
    const { status, stderr, stdout } = generate("--model=queue", "--ops=50", '--mix={"enq":0.6,"deq":0.4}', "--seed=9")
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
    expect(stdout).toBe(textOf({ model: "queue", ops: 50, mix: { enq: 0.6, deq: 0.4 }, seed: 9 }))
  })

  test("says so when there was no place for the fault", () => {
    expect(generate("--model=queue", "--ops=20", "--fault=empty").stderr).toBe("no place was found for fault empty")
  })

  test("refuses what makes no sense, with exit code 2", () => {
    const refusal = (...args: ReadonlyArray<string>) => {
      const { status, stderr, stdout } = generate(...args)
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" })
      return stderr
    }
    expect(refusal("--model=stack")).toBe(`--model stack: expected one of ${Object.keys(objects).join(", ")}`)
    expect(refusal("--model=lock", "--fault=stale")).toBe("--fault stale: expected one of twoowners for lock")
    expect(refusal("--ops=many")).toBe("--ops: expected a number, at least 0")
    expect(refusal("--clients=0")).toBe("--clients and --keys: expected at least 1")
    expect(refusal('--mix={"pop":1}')).toBe("--mix: kv has no pop")
    expect(refusal("--speed=3")).toMatch(/^Unknown option '--speed'/)
  }, 60_000)
})
