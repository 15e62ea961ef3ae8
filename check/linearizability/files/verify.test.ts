import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { afterAll, describe, expect, test } from "vitest"
import { disagreements, fixtures } from "../fixtures.ts"
import { HistoryError } from "../History.ts"
import type { Json } from "../Texts.ts"
import { verifyFiles } from "./verify.ts"
import type { HistoryReport, VerifyOptions } from "./verify.ts"

const root = mkdtempSync(join(tmpdir(), "lockstep-verify-"))
afterAll(() => rmSync(root, { recursive: true }))

const write = (name: string, content: string | Uint8Array): string => {
  const path = join(root, name)
  writeFileSync(path, content)
  return path
}

const textOf = (...operations: ReadonlyArray<{ readonly [field: string]: Json }>): string =>
  operations.map((x) => JSON.stringify({ client: 0, key: "x", value: null, output: null, ...x })).join("\n")

const folder = join(root, "folder")
mkdirSync(folder)

const okText = textOf({ op: "put", value: "a", call: 0, return: 1 }, { op: "get", output: "a", call: 2, return: 3 })
const ok = write("folder/ok.jsonl", okText)
const bad = write("folder/bad.jsonl", textOf({ op: "put", value: "a", call: 0, return: 1 }, { op: "get", output: "b", call: 2, return: 3 }))

const failure = async (path: string, options?: VerifyOptions): Promise<string> => {
  const error = await verifyFiles([path], options).then(() => new Error("none"), (error: unknown) => error as Error)
  expect(error).toBeInstanceOf(HistoryError)
  expect(error.message).not.toContain("\n")
  return error.message
}

describe("verifyFiles", () => {
  test("reports each file, and the exit code is that of the worst verdict", async () => {
    const report = await verifyFiles([ok, bad])
    expect(report.histories.map((h) => [h.file, h.format, h.model, h.operations, h.keys, h.verdict, h.bad.map((k) => k.key)])).toEqual([
      [ok, "jsonl", "kv", 2, 1, "ok", []],
      [bad, "jsonl", "kv", 2, 1, "illegal", ["x"]]
    ])
    expect([report.verdict, report.exitCode]).toEqual(["illegal", 1])
    expect((await verifyFiles([ok])).exitCode).toBe(0)
  })

  test("asks for a weaker promise, by name", async () => {
    const stale = write(
      "stale.jsonl",
      textOf({ client: 1, op: "put", value: "a", call: 0, return: 10 }, { client: 2, op: "get", output: null, call: 15, return: 20, stale: true })
    )
    const found = async (options: VerifyOptions) => {
      const [{ bad, keys, promise, staleBound, verdict }] = (await verifyFiles([stale], options)).histories as [HistoryReport]
      return { bad: bad.map(({ key }) => key), keys, promise, staleBound, verdict }
    }
    expect(await found({})).toEqual({ bad: ["x"], keys: 1, promise: "linearizability", staleBound: undefined, verdict: "illegal" })
    expect(await found({ consistency: "sequential" })).toEqual({ bad: [], keys: 1, promise: "sequential consistency", staleBound: undefined, verdict: "ok" })
    expect(await found({ staleBound: 5 })).toEqual({ bad: [], keys: 1, promise: "bounded staleness", staleBound: 5, verdict: "ok" })
    expect(await found({ staleBound: 4 })).toEqual({ bad: ["x"], keys: 1, promise: "bounded staleness", staleBound: 4, verdict: "illegal" })
    const back = write(
      "back.jsonl",
      textOf(
        { client: 1, op: "put", value: "a", call: 0, return: 10 },
        { client: 2, op: "get", output: "a", call: 15, return: 20 },
        { client: 2, op: "get", output: null, call: 25, return: 30 }
      )
    )
    const { histories } = await verifyFiles([back], { consistency: "sequential" })
    expect(histories[0]!.bad).toEqual([{ key: "*", reason: expect.stringContaining("client 2 cannot go on with get() -> null") as string }])
    const put = write("put.jsonl", textOf({ op: "get", call: 0, return: 1 }, { op: "put", value: "a", call: 0, return: 10, stale: true }))
    expect(await failure(put, { staleBound: 5 })).toBe(`${put}:2: client 0: put "x" "a" @ 0..10 is marked stale, but is no read of model kv`)
  })

  test("is undecided when time runs out", async () => {
    const hard = write(
      "hard.jsonl",
      textOf(
        ...Array.from({ length: 60 }, (_, i) => ({ op: "enq", value: i % 7, call: 0, return: 100 })),
        ...Array.from({ length: 60 }, (_, i) => ({ op: "deq", output: (i * i) % 7, call: 200 + 2 * i, return: 201 + 2 * i }))
      )
    )
    const report = await verifyFiles([ok, hard], { timeoutMs: 0 })
    expect(report.histories.map((h) => h.undecided)).toEqual([[], [{ key: "x", reason: "time" }]])
    expect(report.exitCode).toBe(3)
  })

  test("operations that failed are not counted", async () => {
    const failed = write("failed.jsonl", okText + "\n" + textOf({ op: "put", value: "b", call: 2, return: null, applied: false }))
    expect((await verifyFiles([failed])).histories.map((h) => [h.operations, h.verdict])).toEqual([[2, "ok"]])
  })

  test("one key alone, if it is there", async () => {
    const two = write("two.jsonl", okText + "\n" + textOf({ op: "get", key: "other", call: 4, return: 5, output: "nobody put this" }))
    const report = await verifyFiles([two], { key: "other" })
    expect(report.histories.map((h) => [h.operations, h.keys, h.verdict, h.bad.map(({ key }) => key)])).toEqual([[1, 1, "illegal", ["other"]]])
    await expect(verifyFiles([two], { key: "third" })).rejects.toThrow(`${two}: has no operation on key "third"`)
  })

  test("walks folders, and says what it skipped", async () => {
    writeFileSync(join(folder, "LICENSE.txt"), "The MIT License")
    writeFileSync(join(folder, "verdicts.json"), '{"ok.jsonl": "ok"}')
    writeFileSync(join(folder, "notes.md"), "{:process 0}")
    const report = await verifyFiles([folder])
    expect(report.histories.map((h) => h.file)).toEqual([bad, ok])
    expect(report.skipped.map((file) => file.slice(folder.length + 1))).toEqual(["LICENSE.txt", "notes.md", "verdicts.json"])
  })

  test("reads packed files, whatever their names, and says while it reads how far it is", async () => {
    const seen: Array<number> = []
    const text = textOf(...Array.from({ length: 50_000 }, (_, i) => ({ op: "put", value: `${i}`, call: 2 * i, return: 2 * i + 1 })))
    const report = await verifyFiles([write("packed", gzipSync(text))], { onRead: (_, operations) => seen.push(operations) })
    expect(report.histories.map((h) => [h.operations, h.verdict])).toEqual([[50_000, "ok"]])
    expect(seen.length).toBeGreaterThan(3)
    expect(seen.toSorted((a, b) => a - b)).toEqual(seen)
  })

  test("what can't be read has its own reason", async () => {
    expect(await failure(join(root, "missing.jsonl"))).toMatch(/missing.jsonl: cannot be read: ENOENT/)
    const packed = gzipSync(okText)
    expect(await failure(write("cut.gz", packed.subarray(0, 60)))).toMatch(/cut.gz: the gzip data are truncated$/)
    expect(await failure(write("broken.gz", packed.fill(7, 20, 40)))).toMatch(/broken.gz: not valid gzip data: /)
    mkdirSync(join(root, "empty"))
    expect(await failure(join(root, "empty"))).toMatch(/empty: a folder without histories$/)
    const malformed = write("malformed.txt", textOf({ op: "put", value: "a", call: 3, return: 1 }))
    expect(await failure(malformed)).toBe(`${malformed}:1: put of client 0 returns at 1, before its call at 3`)
    expect(await failure(join(ok, "within"))).toMatch(/ok.jsonl.within: cannot be read: ENOTDIR/)
  })

  test("an abort ends the reading, and the history that was not read is not judged", async () => {
    const controller = new AbortController()
    const long = write("long.jsonl", Array.from({ length: 60_000 }, () => okText).join("\n"))
    const report = await verifyFiles([ok, long], { signal: controller.signal, onRead: (file) => file === long && controller.abort() })
    expect(report.histories.map((h) => h.file)).toEqual([ok])
  })
})

describe("models of one's own", () => {
  const step = "(n, x) => x.op === 'inc' ? n + 1 : x.return === null || x.output === n ? n : undefined"
  const counts = textOf({ op: "inc", call: 0, return: 1 }, { op: "count", output: 1, call: 2, return: 3 })

  test("come from a module's default export, or what it exports as model", async () => {
    const history = write("count.jsonl", counts)
    const asDefault = write("default.mjs", `export default { name: "mine", init: 0, step: ${step} }`)
    const asModel = write("named.ts", `const init: number = 0\nexport const model = { name: "mine", init, step: ${step} }`)
    for (const model of [asDefault, asModel]) {
      expect((await verifyFiles([history], { model })).histories.map((h) => [h.model, h.verdict])).toEqual([["mine", "ok"]])
    }
  })

  test("that aren't there have their reasons", async () => {
    expect(await failure(ok, { model: "./none.ts" })).toMatch(/^.\/none.ts: the model cannot be loaded: /)
    const empty = write("empty.mjs", "export default { name: 'mine' }")
    expect(await failure(ok, { model: empty })).toBe(`${empty}: no model: expected a default export, or one named model, with name, init and step`)
    const wrong = write("wrong.mjs", "export default {\n")
    expect(await failure(ok, { model: wrong })).toContain("the model cannot be loaded: ")
  })
})

describe("the standard input", () => {
  const lockstep = (input: string | Uint8Array, ...args: ReadonlyArray<string>) =>
    spawnSync(process.execPath, [fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url)), "verify", "-", ...args], { input, encoding: "utf8" })

  test("is read as -, also packed", () => {
    for (const input of [okText, gzipSync(okText)]) {
      const { status, stderr, stdout } = lockstep(input)
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
      expect(stdout).toMatch(/^ok +stdin: 2 operations, 1 key, kv/)
    }
    const { status, stderr } = lockstep(gzipSync(okText).subarray(0, 50))
    expect({ status, stderr }).toEqual({ status: 2, stderr: "stdin: the gzip data are truncated\n" })
  })
})

describe("the histories in this repository", () => {
  test("have the verdicts and the bad keys that are known for them", async () => {
    const report = await verifyFiles([fixtures], { explanations: false })
    expect(report.histories.length).toBe(109 + 21 + 7 * 30)
    expect(disagreements(report)).toEqual([])
  })

  test("a wrong verdict or bad key would be noticed", async () => {
    const report = await verifyFiles([join(fixtures, "porcupine/kv/c01-ok.txt"), join(fixtures, "bundles/queue.jsonl")], { explanations: false })
    expect(disagreements(report)).toEqual([])
    const altered = report.histories.map((h) => ({ ...h, verdict: "unknown" as const }))
    expect(disagreements({ ...report, histories: altered })).toHaveLength(31)
    const badKey = report.histories.map((h) => ({ ...h, bad: [{ key: "no such key", reason: "" }] }))
    expect(disagreements({ ...report, histories: badKey })).toEqual(["porcupine/kv/c01-ok.txt: bad keys no such key, known: none"])
  })
})
