// Goal: every layer keeps the contract of src/shell/Storage.ts. Method: random records, saved in groups; a crash is a copy
// of the folder while it is in use.
import { Effect, Exit, Fiber, Layer, Option, Result, Scope } from "effect"
import fc from "fast-check"
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, describe, expect, onTestFinished, test } from "vitest"
import { Storage, type StorageError, type StorageRecord } from "../../src/shell/Storage.ts"
import { layerFile } from "../../src/shell/storage/FileLog.ts"
import { layerMemory } from "../../src/shell/storage/Memory.ts"
import { layerSqlite } from "../../src/shell/storage/Sqlite.ts"
import { logOf } from "../raft/Log.ts"
import { command, commands, compaction, eventful, recordsArbitrary, states } from "./records.ts"

const temporary = fs.mkdtempSync(path.join(os.tmpdir(), "storage-"))
afterAll(() => fs.rmSync(temporary, { recursive: true, force: true }))

let places = 0
const newFolder = () => path.join(temporary, String(++places))

/** Where a server's state is kept, and what a crash leaves there. */
interface Place {
  readonly layer: Layer.Layer<Storage, StorageError>
  crash(): Place
}

const inFolder = (layer: (folder: string) => Place["layer"], folder = newFolder()): Place => ({
  layer: layer(folder),
  crash: () => {
    const copy = newFolder()
    fs.cpSync(folder, copy, { recursive: true })
    return inFolder(layer, copy)
  }
})
const inMemory = (platter: Array<StorageRecord> = []): Place => ({
  layer: layerMemory(platter),
  crash: () => inMemory([...platter])
})

const withStorage = <A, E>(place: Place, use: (storage: Storage["Service"]) => Effect.Effect<A, E>) =>
  Effect.runPromise(Storage.use(use).pipe(Effect.provide(place.layer, { local: true }), Effect.result))

const loaded = async (place: Place) => Result.getOrThrow(await withStorage(place, ({ load }) => load))

const layers: ReadonlyArray<readonly [name: string, place: () => Place, runs: number]> = [
  ["layerMemory", () => inMemory(), 100],
  ["layerFile", () => inFolder(layerFile), 10],
  ["layerSqlite", () => inFolder(layerSqlite), 6]
]

describe.each(layers)("Contract Storage.%s:", { timeout: 30_000 }, (_, place, numRuns) => {
  test("nothing is loaded where nothing was saved", async () => {
    const here = place()
    expect([await loaded(here), await loaded(here), await loaded(here.crash())]).toEqual([undefined, undefined, undefined])
  })

  test("what was saved is loaded, at once and after a crash, and goes on from there", async () => {
    await fc.assert(fc.asyncProperty(recordsArbitrary(12), fc.array(fc.integer({ min: 2, max: 8 }), { minLength: 12, maxLength: 12 }), async (records, sizes) => {
      let here = place()
      let saved = 0
      for (const size of sizes) {
        const group = records.slice(saved, saved + size)
        if (group.length === 0) break
        const crashed = await withStorage(here, ({ load, save }) =>
          Effect.gen(function*() {
            expect(yield* load).toEqual(states(records)[saved])
            yield* Effect.all(group.map(save), { concurrency: "unbounded" })
            saved += group.length
            expect(yield* load).toEqual(states(records)[saved])
            return here.crash()
          }))
        here = Result.getOrThrow(crashed)
      }
      expect(await loaded(here)).toEqual(states(records)[saved])
    }), { numRuns, examples: [[eventful, [3, 9]], [eventful, eventful.map(() => 1)]] })
  })

  test("a record that doesn't follow is a defect, and neither it nor what is stored does harm", async () => {
    const here = place()
    await withStorage(here, ({ save }) => Effect.forEach([...commands(3), compaction(4, 2)], save))
    const good = command(5)
    const wrong: ReadonlyArray<StorageRecord> = [
      { ...good, sequence: 4 },
      { ...good, currentTerm: 0, log: { keep: 4, append: [] } },
      { ...good, log: { keep: 5, append: [] } },
      { ...good, log: { keep: 1, append: [] } },
      { ...good, snapshot: { lastIncludedIndex: 2, lastIncludedTerm: 1, members: [], data: [] } },
      // P07: else a server could start in a term that its own log is ahead of.
      { ...good, log: { keep: 4, append: [{ term: 2, type: "noop", value: "" }] } }
    ]
    await withStorage(here, ({ save }) =>
      Effect.gen(function*() {
        const exits = yield* Effect.all([...wrong, good].map((record) => Effect.exit(save(record))), { concurrency: "unbounded" })
        expect(exits.map((exit) => Exit.isFailure(exit) && Exit.hasDies(exit))).toEqual([...wrong.map(() => true), false])
      }))
    expect(await loaded(here)).toEqual(states([...commands(3), compaction(4, 2), good]).at(-1))
  })

  test("P02, P17: a snapshot beyond the end of the log takes all of it with it", async () => {
    const here = place()
    const records: ReadonlyArray<StorageRecord> = [
      ...commands(3),
      { sequence: 9, currentTerm: 4, votedFor: null, log: { keep: 7, append: [] }, snapshot: { lastIncludedIndex: 7, lastIncludedTerm: 3, members: ["s1", "s2"], data: ["sev", "en"] } },
      { sequence: 10, currentTerm: 4, votedFor: "s2", log: { keep: 7, append: [{ term: 4, type: "command", value: "eight" }] } }
    ]
    await withStorage(here, ({ save }) => Effect.all(records.map(save), { concurrency: "unbounded" }))
    expect(await loaded(here.crash())).toEqual({
      sequence: 10, currentTerm: 4, votedFor: "s2", snapshot: { members: ["s1", "s2"], data: ["sev", "en"] },
      log: logOf(7, 3, [{ term: 4, type: "command", value: "eight" }])
    })
  })

  test("once closed, nothing is saved or loaded, and nobody waits for ever", async () => {
    const here = place()
    await Effect.runPromise(Effect.gen(function*() {
      const scope = yield* Scope.make()
      const storage = yield* Storage.pipe(Effect.provide(yield* Layer.buildWithScope(here.layer, scope)))
      const waiting = yield* Effect.all(commands(20).map((record) => Effect.forkChild(Effect.result(storage.save(record)), { startImmediately: true })))
      yield* Scope.close(scope, Exit.void)
      // Longer than any answer takes: who waits for ever is an assertion that fails, not a test that hangs.
      const answered = yield* Effect.timeoutOption(Effect.all(waiting.map(Fiber.join)), "5 seconds")
      expect(Option.isSome(answered), "all who waited were answered").toBe(true)
      const results = Option.getOrThrow(answered)
      const acknowledged = results.filter(Result.isSuccess).length
      expect(results.map(Result.isSuccess)).toEqual(results.map((_, k) => k < acknowledged))
      expect((yield* Effect.flip(storage.save(command(21)))).kind).toBe("stopped")
      expect((yield* Effect.flip(storage.load)).kind).toBe("stopped")
      expect((yield* Effect.promise(() => loaded(here)))?.sequence ?? 0).toBeGreaterThanOrEqual(acknowledged)
    }))
  })
})

const kinds: ReadonlyArray<readonly [string, typeof layerFile]> = [["layerFile", layerFile], ["layerSqlite", layerSqlite]]

describe.each(kinds)("Contract Storage.%s: a folder belongs to one server", { timeout: 30_000 }, (_, layer) => {
  test("a second one is refused, until the first has closed", async () => {
    const folder = newFolder()
    const place = inFolder(layer, folder)
    const second = Result.getOrThrow(await withStorage(place, () => Effect.promise(() => withStorage(place, ({ load }) => load))))
    expect(Result.isFailure(second) && second.failure.message).toBe(`${folder}: another process uses this folder`)
    expect(await loaded(place)).toBe(undefined)
  })

  test("the other layer's files are refused", async () => {
    const folder = newFolder()
    const other = kinds.find(([, other]) => other !== layer)![1]
    await withStorage(inFolder(other, folder), ({ save }) => save(command(1)))
    const result = await withStorage(inFolder(layer, folder), ({ load }) => load)
    expect(Result.isFailure(result) && result.failure.kind).toBe("foreign")
  })
})

test("a process that was killed leaves its folder free, with all that was saved", { timeout: 30_000 }, async () => {
  const folder = newFolder()
  const url = (file: string) => JSON.stringify(new URL(`../../src/shell/${file}`, import.meta.url).href)
  const child = spawn(process.execPath, ["--input-type=module", "--eval", `
    import { Effect } from "effect"
    import { Storage } from ${url("Storage.ts")}
    import { layerFile } from ${url("storage/FileLog.ts")}
    Effect.runPromise(Storage.use(({ save }) => save(${JSON.stringify(command(1))}).pipe(
      Effect.andThen(Effect.sync(() => console.log("saved"))), Effect.andThen(Effect.never)
    )).pipe(Effect.provide(layerFile(${JSON.stringify(folder)}))))
    setInterval(() => {}, 1000)
  `], { stdio: ["ignore", "pipe", "inherit"] })
  onTestFinished(() => void child.kill("SIGKILL"))
  const exited = once(child, "exit")
  await once(child.stdout, "data")
  const busy = await withStorage(inFolder(layerFile, folder), ({ load }) => load)
  expect(Result.isFailure(busy) && busy.failure.kind).toBe("locked")
  child.kill("SIGKILL")
  await exited
  expect(await loaded(inFolder(layerFile, folder))).toEqual(states(commands(1)).at(-1))
})
