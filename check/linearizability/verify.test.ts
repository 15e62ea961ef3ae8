import { NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { disagreements, fixtures } from "./fixtures.ts"
import { HistoryError } from "./History.ts"
import type { Json } from "./History.ts"
import { verifyFiles } from "./verify.ts"
import type { VerifyOptions } from "./verify.ts"

const folder = mkdtempSync(join(tmpdir(), "lockstep-verify-"))
afterAll(() => rmSync(folder, { recursive: true }))

const file = (name: string, ...operations: ReadonlyArray<{ readonly [field: string]: Json }>): string => {
  const path = join(folder, name)
  const line = (x: object) => JSON.stringify({ client: 0, key: "x", value: null, output: null, ...x })
  writeFileSync(path, operations.map(line).join("\n"))
  return path
}

const verify = (paths: ReadonlyArray<string>, options?: VerifyOptions) =>
  Effect.runPromise(verifyFiles(paths, options).pipe(Effect.provide(NodeServices.layer)))

const ok = file("ok.jsonl", { op: "put", value: "a", call: 0, return: 1 }, { op: "get", output: "a", call: 2, return: 3 })
const bad = file("bad.jsonl", { op: "put", value: "a", call: 0, return: 1 }, { op: "get", output: "b", call: 2, return: 3 })

describe("verifyFiles", () => {
  test("reports each file, and the exit code is that of the worst verdict", async () => {
    const report = await verify([ok, bad])
    expect(report.histories.map((h) => [h.file, h.model, h.operations, h.keys, h.verdict, h.bad.map((k) => k.key)])).toEqual([
      [ok, "kv", 2, 1, "ok", []],
      [bad, "kv", 2, 1, "illegal", ["x"]]
    ])
    expect([report.verdict, report.exitCode]).toEqual(["illegal", 1])
    expect((await verify([ok])).exitCode).toBe(0)
    const hard = file(
      "hard.jsonl",
      ...Array.from({ length: 60 }, (_, i) => ({ op: "enq", value: i % 7, call: 0, return: 100 })),
      ...Array.from({ length: 60 }, (_, i) => ({ op: "deq", output: (i * i) % 7, call: 200 + 2 * i, return: 201 + 2 * i }))
    )
    const undecided = await verify([ok, hard], { timeoutMs: 0 })
    expect(undecided.exitCode).toBe(3)
    expect(undecided.histories.map((h) => h.undecided)).toEqual([[], [{ key: "x", reason: "time" }]])
    rmSync(hard)
  })

  test("walks folders, and says what it skipped", async () => {
    writeFileSync(join(folder, "LICENSE.txt"), "The MIT License")
    const report = await verify([folder])
    expect(report.histories.map((h) => h.file)).toEqual([bad, ok])
    expect(report.skipped).toEqual([join(folder, "LICENSE.txt")])
  })

  test("a file that is missing or malformed fails with file, line and reason", async () => {
    const failure = (path: string) => Effect.runPromise(Effect.flip(verifyFiles([path])).pipe(Effect.provide(NodeServices.layer)))
    const missing = await failure(join(folder, "missing.jsonl"))
    expect(missing).toBeInstanceOf(HistoryError)
    expect(missing.message).toContain("missing.jsonl: cannot be read:")
    const malformed = file("malformed.txt", { op: "put", value: "a", call: 3, return: 1 })
    expect((await failure(malformed)).message).toBe(`${malformed}:1: put of client 0 returns at 1, before its call at 3`)
  })
})

describe("the histories in this repository", () => {
  test("have the verdicts and the bad keys that are known for them", async () => {
    const report = await verify([fixtures])
    expect(report.histories.length).toBe(109 + 7 * 30)
    expect(disagreements(report)).toEqual([])
  })

  test("a wrong verdict or bad key would be noticed", async () => {
    const report = await verify([join(fixtures, "porcupine/kv/c01-ok.txt"), join(fixtures, "bundles/queue.jsonl")])
    expect(disagreements(report)).toEqual([])
    const altered = report.histories.map((h) => ({ ...h, verdict: "unknown" as const }))
    expect(disagreements({ ...report, histories: altered })).toHaveLength(31)
    const badKey = report.histories.map((h) => ({ ...h, bad: [{ key: "no such key", reason: "" }] }))
    expect(disagreements({ ...report, histories: badKey })).toEqual(["porcupine/kv/c01-ok.txt: bad keys no such key, known: none"])
  })
})
