// Goal: whatever a power cut leaves of the log of our own, what is loaded is what some number of records amount to, at
// least those that were durable by the contract; any other damage is an error. Method: a simulated disk, cut everywhere.
import { Effect, Exit, Random, Result, Scope } from "effect"
import fc from "fast-check"
import { isDeepStrictEqual } from "node:util"
import { crc32 } from "node:zlib"
import { describe, expect, test } from "vitest"
import { type Storage, StorageError, type StorageRecord } from "../../src/shell/Storage.ts"
import { fileLog } from "../../src/shell/storage/FileLog.ts"
import { fileHeaderLength, frame, frameHeaderLength, framesOf, version } from "../../src/shell/storage/Frame.ts"
import { entriesOf } from "../raft/Log.ts"
import { type Choose, ForgetfulDisk, type Operation } from "./ForgetfulDisk.ts"
import { command, commands, compaction, recordsArbitrary, states } from "./records.ts"

/** Short, so that there are many segments. */
const longest = 400

/** What is loaded from the disk; or the error. */
const load = (disk: ForgetfulDisk) =>
  Effect.runPromise(Effect.scoped(fileLog(disk, longest).pipe(
    Effect.flatMap(({ load }) => load),
    // The power goes before anything is closed.
    Effect.tap(() => Effect.sync(() => { disk.fault = () => "fail" }))
  )).pipe(Effect.result))

const loaded = async (disk: ForgetfulDisk) => Result.getOrThrow(await load(disk))
const errorOf = async (disk: ForgetfulDisk) => {
  const result = await load(disk)
  return Result.isFailure(result) ? result.failure : undefined
}

/** Saves each group at once, one group after the other, until one fails: how many records were acknowledged. */
const saveAll = (storage: Storage["Service"], groups: ReadonlyArray<ReadonlyArray<StorageRecord>>) =>
  Effect.gen(function*() {
    let acknowledged = 0
    for (const group of groups) {
      const results = yield* Effect.all(group.map((record) => Effect.result(storage.save(record))), { concurrency: "unbounded" })
      acknowledged += results.filter(Result.isSuccess).length
      if (results.some(Result.isFailure)) break
    }
    return acknowledged
  })

/** A disk with these groups saved and the log open still, or closed; the seed is one for the salts of its files. */
const diskWith = async (
  groups: ReadonlyArray<ReadonlyArray<StorageRecord>>,
  close: "close" | "leave open",
  seed = "any"
) => {
  const disk = new ForgetfulDisk()
  const scope = Scope.makeUnsafe()
  const storage = await Effect.runPromise(fileLog(disk, longest).pipe(Scope.provide(scope), Random.withSeed(seed)))
  await Effect.runPromise(saveAll(storage, groups))
  if (close === "close") await Effect.runPromise(Scope.close(scope, Exit.void))
  return disk
}

const inGroups = (records: ReadonlyArray<StorageRecord>, sizes: ReadonlyArray<number>) => {
  const groups: Array<ReadonlyArray<StorageRecord>> = []
  for (let at = 0, k = 0; at < records.length; k++) {
    const size = sizes[k % sizes.length]!
    groups.push(records.slice(at, at + size))
    at += size
  }
  return groups
}

/** A segment without its room for more. */
const used = (disk: ForgetfulDisk, name: string): Buffer => {
  const bytes = disk.get(name)
  return bytes.subarray(0, framesOf(bytes).end)
}

/** Deterministic, from a seed. */
const chooser = (seed: number): Choose => {
  let state = seed
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor(state / 2 ** 32 * n)
  }
}

/**
 * Saves the groups on a disk that breaks after `last` operations, and loads after power cuts.
 * `undefined` when all that is as the contract says.
 */
const crashRun = async (
  records: ReadonlyArray<StorageRecord>,
  sizes: ReadonlyArray<number>,
  last: number,
  choose: Choose,
  lie: (operation: Operation, name: string) => boolean = () => false
): Promise<string | undefined> => {
  const disk = new ForgetfulDisk()
  disk.fault = (operation, name, count) => count > last ? "fail" : lie(operation, name) ? "lie" : undefined
  const run = fileLog(disk, longest).pipe(Effect.flatMap((storage) => saveAll(storage, inGroups(records, sizes))))
  const acknowledged = Result.getOrElse(await Effect.runPromise(Effect.scoped(run).pipe(Effect.result)), () => 0)

  // The power goes again while the log is being mended.
  const mending = disk.powerCut(choose)
  const enough = choose(6)
  mending.fault = (_operation, _name, count) => count > enough ? "fail" : undefined
  await load(mending)
  const after = mending.powerCut(choose)
  const first = await load(after)
  if (Result.isFailure(first)) return first.failure.message
  const allowed = states(records).slice(acknowledged)
  if (!allowed.some((state) => isDeepStrictEqual(state, first.success))) return "lost or invented"
  const second = await load(after.powerCut(choose))
  if (Result.isFailure(second)) return second.failure.message
  return isDeepStrictEqual(second.success, first.success) ? undefined : "not what was loaded before"
}

/** 13 records, two of them with a snapshot. */
const story = [...commands(5), compaction(6, 4), ...[7, 8, 9, 10].map((k) => command(k)), compaction(11, 10), command(12), command(13)]

const operationsOf = async (records: ReadonlyArray<StorageRecord>, sizes: ReadonlyArray<number>) =>
  (await diskWith(inGroups(records, sizes), "close")).operations

describe("a power cut at any moment leaves all that was saved, and no part of a record", { timeout: 30_000 }, () => {
  test("P02, P08, P16, P17: after each operation of one story, whatever the disk forgets", async () => {
    const sizes = [1, 2]
    const operations = await operationsOf(story, sizes)
    expect(operations).toBeGreaterThan(30)
    for (let last = 0; last <= operations; last++) {
      for (let seed = 0; seed < 10; seed++) {
        expect(await crashRun(story, sizes, last, chooser(seed)), `after ${last} operations, seed ${seed}`).toBe(undefined)
      }
    }
  })

  test("with random records", async () => {
    await fc.assert(fc.asyncProperty(
      recordsArbitrary(12),
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
      fc.nat(),
      fc.nat(),
      async (records, sizes, point, seed) => {
        const last = point % (await operationsOf(records, sizes) + 1)
        expect(await crashRun(records, sizes, last, chooser(seed))).toBe(undefined)
      }
    ), { numRuns: 300 })
  })

  // Each lie is noticed by the same check, so the check can fail.
  const lies: ReadonlyArray<readonly [string, (operation: Operation, name: string) => boolean]> = [
    ["P01: syncs of segments that do nothing", (operation, name) => operation === "sync" && /^log-\d+$/.test(name)],
    ["P16: syncs of a checkpoint that do nothing", (operation, name) => operation === "sync" && name === "checkpoint.new"],
    ["P02: syncs of the folder that do nothing", (operation) => operation === "syncFolder"]
  ]
  test.each(lies)("%s are noticed", async (_, lie) => {
    const operations = await operationsOf(story, [2])
    const verdicts: Array<string> = []
    for (let last = 0; last <= operations; last++) {
      for (let seed = 0; seed < 5; seed++) verdicts.push(await crashRun(story, [2], last, chooser(seed), lie) ?? "")
    }
    expect(verdicts.some((verdict) => verdict !== "")).toBe(true)
  })
})

describe("P04: a torn tail is cut at the last whole commit", () => {
  test("at every byte of the last one, and what comes after is saved behind it", async () => {
    const records = commands(3)
    const expected = states(records)
    const whole = await diskWith([[records[0]!], [records[1]!]], "leave open")
    const with3 = await diskWith(records.map((record) => [record]), "leave open")
    const [two, three] = [used(whole, "log-1"), used(with3, "log-1")]
    for (let cut = two.length; cut <= three.length; cut++) {
      for (const rest of [Buffer.alloc(0), Buffer.alloc(three.length - cut)]) {
        const disk = new ForgetfulDisk()
        disk.put("log-1", Buffer.concat([three.subarray(0, cut), rest]))
        const n = cut === three.length ? 3 : 2
        // A zero may be what was there.
        if (rest.length === 0 || !rest.equals(three.subarray(cut))) expect(await loaded(disk), `cut at ${cut}`).toEqual(expected[n])
        disk.fault = () => undefined
        await Effect.runPromise(Effect.scoped(fileLog(disk, longest).pipe(Effect.flatMap(({ save }) => save(command(n + 1, "next"))))))
        expect(entriesOf((await loaded(disk.powerCut(chooser(cut))))!.log).map(({ value }) => value))
          .toEqual([...entriesOf(expected[n]!.log).map(({ value }) => value), "next"])
      }
    }
  })
})

test("P04: no torn tail is left in a segment that others follow", async () => {
  const disk = await diskWith([[], [command(1)], [command(2, "x".repeat(900))]], "leave open")
  const torn = disk.get("log-1")
  torn.fill(0, 250)
  disk.put("log-1", torn)
  const next = [2, 3, 4, 5].map((k) => command(k, "y".repeat(100)))
  await Effect.runPromise(Effect.scoped(fileLog(disk, longest).pipe(Effect.flatMap((storage) => saveAll(storage, inGroups(next, [1]))))))
  expect(disk.files).toContain("log-2")
  expect(await loaded(disk)).toEqual(states([command(1), ...next]).at(-1))
})

describe("P05, P18: damage before the tail is an error that names file, byte and reason", () => {
  /** The results of loading with each bit of each file flipped, by file and byte. */
  const flipped = async (disk: ForgetfulDisk) => {
    const results: Array<{ name: string; at: number; result: Awaited<ReturnType<typeof load>> }> = []
    for (const name of disk.files) {
      for (let at = 0; at < disk.get(name).length; at++) {
        // All bits of a byte take eight times as long, and there are none that one checksum treats differently.
        const damaged = disk.powerCut(chooser(0))
        const bytes = damaged.get(name)
        bytes[at]! ^= 1 << at % 8
        damaged.put(name, bytes)
        results.push({ name, at, result: await load(damaged) })
      }
    }
    return results
  }

  test.each([["with a checkpoint", story], ["of several segments", commands(7)]])("a flipped bit in any byte of a log %s that was closed", async (_, records) => {
    const closed = await diskWith(inGroups(records, [2]), "close")
    const last = `log-${Math.max(...closed.files.map((name) => Number(name.slice(4)) || 0))}`
    const lastFrame = used(closed, last).length - 14
    const results = await flipped(closed)
    expect(results.length).toBeGreaterThan(400)
    for (const { at, name, result } of results) {
      // The empty frame that closing adds says nothing itself.
      if (name === last && at >= lastFrame) expect(Result.getOrThrow(result)).toEqual(states(records).at(-1))
      else if (Result.isSuccess(result)) expect.fail(`byte ${at} of ${name} flipped, and nobody noticed`)
      else expect(result.failure).toMatchObject({ kind: expect.stringMatching(/corrupt|foreign/), file: `disk/${name}` })
    }
  })

  test("in a log that a crash has left, only the last commit may be taken for a torn one", async () => {
    const left = await diskWith(commands(3).map((record) => [record]), "leave open")
    const begins = used(await diskWith(commands(2).map((record) => [record]), "leave open"), "log-1").length
    const ends = used(left, "log-1").length
    expect(left.get("log-1").length).toBeGreaterThan(ends)
    for (const { at, result } of await flipped(left)) {
      // Room for more; what isn't zero there is cut.
      if (at >= ends) expect(Result.getOrThrow(result)).toEqual(states(commands(3)).at(-1))
      else if (at >= begins) expect(Result.getOrThrow(result)).toEqual(states(commands(2)).at(-1))
      else expect(Result.isFailure(result), `byte ${at}`).toBe(true)
    }
  })

  test("zeros in place of the last frames of a segment that another one follows", async () => {
    const disk = await diskWith(commands(7).map((record) => [record]), "leave open")
    const bytes = disk.get("log-1")
    const { end, frames } = framesOf(bytes)
    expect([frames.length > 1, end, disk.files.includes("log-2")]).toEqual([true, bytes.length, true])
    const { offset } = frames.at(-1)!
    disk.put("log-1", bytes.fill(0, offset))
    expect((await errorOf(disk))?.message)
      .toBe(`disk/log-1, byte ${offset}: a frame is missing, and it isn't the tail: more follows in log-2`)
  })

  test("the message", async () => {
    const disk = await diskWith(commands(3).map((record) => [record]), "close")
    const bytes = disk.get("log-1")
    bytes[60]! ^= 1
    disk.put("log-1", bytes)
    expect((await errorOf(disk))?.message)
      .toMatch(/^disk\/log-1, byte 28: a frame doesn't match its checksum, and it isn't the tail: more follows at byte \d+$/)
  })

  test("frames of another segment, left in a torn tail, aren't taken for its own", async () => {
    const records = commands(5)
    const disk = await diskWith(records.map((record) => [record]), "leave open")
    disk.put("log-2", Buffer.concat([disk.get("log-2"), disk.get("log-1").subarray(fileHeaderLength)]))
    expect(await loaded(disk)).toEqual(states(records).at(-1))
  })
})

describe("a frame that a client has put into a value isn't taken for one that follows a torn tail", () => {
  const payload = Buffer.from("[]")
  const { length } = frame({ number: 1, salt: 0 }, 0, payload)
  /** A file of two records, and a frame in the second one's value that fits there, if the file has this salt. */
  const fileWith = async (seed: string, salt: number) => {
    const fileOf = async (value: string) => {
      const records = [command(1), command(2, `${value} and more`)]
      return used(await diskWith(records.map((record) => [record]), "leave open", seed), "log-1")
    }
    const at = (await fileOf("x".repeat(length))).indexOf("x".repeat(length))
    const hidden = frame({ number: 1, salt }, at, payload)
    const bytes = await fileOf(hidden.toString("latin1"))
    const { file, frames } = framesOf(bytes)
    expect([frames.length, bytes.subarray(at, at + length)]).toEqual([2, hidden])
    return { bytes, salt: file.salt, last: frames[1]!.offset }
  }
  const diskOf = (bytes: Buffer) => {
    const disk = new ForgetfulDisk()
    disk.put("log-1", bytes)
    return disk
  }
  const first = states([command(1)]).at(-1)

  test("without the salt: whatever is torn", async () => {
    const another = await fileWith("another", 0)
    const { bytes, last, salt } = await fileWith("this", another.salt)
    expect(salt).not.toBe(another.salt)
    expect(await loaded(diskOf(bytes.subarray(0, -1)))).toEqual(first)
    expect(await loaded(diskOf(bytes.fill(0, last, last + frameHeaderLength)))).toEqual(first)
  })

  test("with the salt: unless the header around it is torn", async () => {
    const { salt } = await fileWith("this", 0)
    const { bytes, last } = await fileWith("this", salt)
    expect(await loaded(diskOf(bytes.subarray(0, -1)))).toEqual(first)
    expect(await errorOf(diskOf(bytes.fill(0, last, last + frameHeaderLength)))).toMatchObject({ kind: "corrupt", offset: last })
  })
})

describe("P10, P15, P17: the files belong together", () => {
  const ten = commands(40).map((record) => [record])

  test("P10: ten segments and more are read in the order of their numbers", async () => {
    const disk = await diskWith(ten, "leave open")
    expect(disk.files).toContain("log-10")
    expect(await loaded(disk)).toEqual(states(commands(40)).at(-1))
  })

  test.each(["log-1", "log-4", "log-9"])("P17: without %s there is an error", async (name) => {
    const disk = await diskWith(ten, "close")
    disk.lose(name)
    expect(await errorOf(disk)).toMatchObject({ kind: "corrupt", file: `disk/${name}` })
  })

  test("P15, P17: without the checkpoint there is an error, and without all that follows it, too", async () => {
    const groups = inGroups(story, [1])
    const [headless, tailless] = [await diskWith(groups, "close"), await diskWith(groups, "close")]
    headless.lose("checkpoint")
    expect(await errorOf(headless)).toMatchObject({ kind: "corrupt" })
    for (const name of tailless.files) if (name !== "checkpoint") tailless.lose(name)
    expect(await errorOf(tailless)).toMatchObject({ kind: "corrupt" })
  })

  test("segments go when a checkpoint has replaced them", async () => {
    const disk = await diskWith(inGroups(story, [1]), "close")
    const numbers = disk.files.flatMap((name) => /^log-(\d+)$/.exec(name)?.slice(1).map(Number) ?? [])
    expect(Math.min(...numbers)).toBeGreaterThan(3)
    expect(numbers.length).toBeLessThan(4)
  })

  test("foreign, newer and older files are refused in one line", async () => {
    const disk = await diskWith([[command(1)]], "close")
    const other = new ForgetfulDisk()
    other.put("log-1", Buffer.from("some other program's log, with lines in it\n"))
    expect((await errorOf(other))?.message).toBe("disk/log-1: not a file of this storage")

    for (const another of [version - 1, version + 1]) {
      const other = disk.get("log-1")
      other.writeUInt32LE(another, 8)
      other.writeUInt32LE(crc32(other.subarray(0, 16)), 16)
      // Whatever follows in that format, if anything.
      for (const bytes of [other, other.subarray(0, 20)]) {
        disk.put("log-1", bytes)
        expect((await errorOf(disk))?.message).toBe(`disk/log-1: written in format ${another}; this program reads format ${version}`)
      }
    }
  })

  test.each([0, 1, 19, 20, 27])("a file of %d bytes has lost its header", async (length) => {
    const disk = await diskWith([[command(1)]], "close")
    disk.put("log-1", disk.get("log-1").subarray(0, length))
    expect((await errorOf(disk))?.message).toBe(`disk/log-1, byte ${length}: the file ends within its header`)
  })
})

describe("P03, P11: a write or a sync that fails is the end", () => {
  const operations: ReadonlyArray<Operation> = ["write", "sync"]
  test.each(operations)("a failed %s: the save fails, nothing is saved or loaded any more, even if the disk would", async (failing) => {
    const disk = new ForgetfulDisk()
    await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
      const storage = yield* fileLog(disk, longest)
      yield* storage.save(command(1))
      disk.fault = (operation) => operation === failing ? "fail" : undefined
      expect(yield* Effect.flip(storage.save(command(2)))).toMatchObject({ kind: "failed" })
      disk.fault = () => undefined
      const before = disk.operations
      expect(yield* Effect.flip(storage.save(command(3)))).toMatchObject({ kind: "stopped", reason: expect.stringContaining(`can't ${failing}`) })
      expect(yield* Effect.flip(storage.load)).toBeInstanceOf(StorageError)
      expect(disk.operations).toBe(before)
    })))
    // Closing has added nothing to it.
    expect((await loaded(disk.powerCut(() => 0)))?.sequence).toBe(1)
  })

  test("P03: what was read after two kills is durable before it is loaded, though the second was while it was confirmed", async () => {
    const disk = new ForgetfulDisk()
    const killedBeforeSync = async (use: (storage: Storage["Service"]) => Effect.Effect<unknown>) => {
      let written = false
      disk.fault = (operation) => {
        if (written && operation === "sync") return "stop"
        written ||= operation === "write"
        return undefined
      }
      await Effect.runPromise(Effect.scoped(fileLog(disk, longest).pipe(Effect.flatMap(use))).pipe(Effect.result))
      disk.fault = () => undefined
    }
    await Effect.runPromise(Effect.scoped(fileLog(disk, longest)))
    await killedBeforeSync(({ save }) => Effect.result(save(command(1))))
    await killedBeforeSync(() => Effect.void)
    const found = await loaded(disk)
    expect(found?.sequence).toBe(1)
    expect(await loaded(disk.powerCut(() => 0))).toEqual(found)
  })

  test("P03: a segment whose cut was lost by a failed sync is cut again before another one follows", async () => {
    const large = (k: number) => command(k, "x".repeat(longest))
    const disk = new ForgetfulDisk()
    const run = (k: number) =>
      Effect.runPromise(Effect.scoped(fileLog(disk, longest).pipe(Effect.flatMap(({ save }) => save(large(k))))).pipe(Effect.result))
    expect(Result.isSuccess(await run(1))).toBe(true)
    let cut = false
    disk.fault = (operation) => {
      cut ||= operation === "truncate"
      return cut && operation === "sync" ? "fail" : undefined
    }
    expect([Result.isFailure(await run(2)), cut]).toEqual([true, true])
    disk.fault = () => undefined
    expect(Result.isSuccess(await run(2))).toBe(true)
    expect(disk.files).toContain("log-2")
    expect(await loaded(disk.powerCut(() => 0))).toEqual(states([large(1), large(2)]).at(-1))
  })

  test("P02: a name that was read after the process was killed is durable before anyone relies on it", async () => {
    const large = (k: number) => command(k, "x".repeat(longest))
    const disk = new ForgetfulDisk()
    let renamed = false
    disk.fault = (operation, name) => {
      if (renamed) return "stop"
      renamed = operation === "rename" && name === "log-2.new"
      return undefined
    }
    await Effect.runPromise(Effect.scoped(fileLog(disk, longest).pipe(Effect.flatMap((storage) => saveAll(storage, [[large(1)], [large(2)]])))))
    expect(disk.files).toContain("log-2")
    disk.fault = () => undefined
    await Effect.runPromise(Effect.scoped(fileLog(disk, longest).pipe(Effect.flatMap(({ save }) => save(command(2))))))
    expect(await loaded(disk.powerCut(() => 0))).toEqual(states(commands(2).with(0, large(1))).at(-1))
  })

  test("P03: what a failed sync has left in memory only is durable before it is loaded", async () => {
    const disk = new ForgetfulDisk()
    await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
      const storage = yield* fileLog(disk, longest)
      yield* storage.save(command(1))
      disk.fault = (operation) => operation === "sync" ? "fail" : undefined
      yield* Effect.flip(storage.save(command(2)))
    })))
    disk.fault = () => undefined
    const found = await loaded(disk)
    expect(found?.sequence).toBe(2)
    expect(await loaded(disk.powerCut(() => 0))).toEqual(found)
  })
})
