// Goal: the database adds to SQLite what the contract asks for and SQLite lacks. Method: its files cut and damaged.
import { Effect, Result } from "effect"
import fc from "fast-check"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll, describe, expect, test } from "vitest"
import { type Durable, type Fault, Storage, type StorageRecord } from "../../src/shell/Storage.ts"
import { durable } from "../../src/shell/storage/Image.ts"
import { layerSqlite } from "../../src/shell/storage/Sqlite.ts"
import { openSqlite, StoreFault } from "../../src/shell/storage/SqliteStore.ts"
import { command, compaction, states } from "./records.ts"

const temporary = fs.mkdtempSync(path.join(os.tmpdir(), "sqlite-"))
afterAll(() => fs.rmSync(temporary, { recursive: true, force: true }))
let folders = 0
const newFolder = () => {
  const folder = path.join(temporary, String(++folders))
  fs.mkdirSync(folder)
  return folder
}

interface Files {
  readonly database: Buffer
  readonly wal: Buffer | undefined
}

/** The files after one commit for each group: as a crash leaves them, or closed. */
const filesOf = (groups: ReadonlyArray<ReadonlyArray<StorageRecord>>, close: "close" | "crash"): Files => {
  const folder = newFolder()
  const store = openSqlite(folder)
  for (const group of groups) store.commit(group)
  if (close === "close") store.close()
  const files = {
    database: fs.readFileSync(path.join(folder, "raft.sqlite")),
    wal: close === "close" ? undefined : fs.readFileSync(path.join(folder, "raft.sqlite-wal"))
  }
  if (close === "crash") store.close()
  return files
}

const put = ({ database, wal }: Files): string => {
  const folder = newFolder()
  fs.writeFileSync(path.join(folder, "raft.sqlite"), database)
  if (wal !== undefined) fs.writeFileSync(path.join(folder, "raft.sqlite-wal"), wal)
  return folder
}

const load = (folder: string): Durable | undefined | Fault => {
  try {
    const store = openSqlite(folder)
    try {
      return durable(store.found)
    } finally {
      store.close()
    }
  } catch (error) {
    if (error instanceof StoreFault) return error.fault
    throw error
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}

const flip = (bytes: Buffer, at: number): Buffer => {
  const damaged = Buffer.from(bytes)
  damaged[at]! ^= 1 << at % 8
  return damaged
}

const groups = [[command(1)], [command(2), command(3)], [compaction(4, 2)], [command(5)]]
const expected = [0, 1, 3, 4, 5].map((n) => states(groups.flat())[n])
/** Where the commits end in the WAL. */
const lengths = groups.map((_, k) => filesOf(groups.slice(0, k + 1), "crash").wal!.length)

/** The header's bytes and those of each frame's header, where it matters most which is damaged; every third. */
const headers = (length: number): ReadonlyArray<number> =>
  Array.from({ length }, (_, at) => at).filter((at) => at % 3 === 0 && (at < 32 || (at - 32) % 4120 < 24))

test("P08: the state is that of the last record of a commit", () => {
  const records: ReadonlyArray<StorageRecord> = [command(1), { ...command(2), currentTerm: 2, votedFor: "s2" }]
  expect(load(put(filesOf([records], "close")))).toEqual(states(records).at(-1))
})

describe("the write-ahead log that a crash leaves", { timeout: 30_000 }, () => {
  test("P04: cut anywhere, it holds the commits that are whole", () => {
    const { database, wal } = filesOf(groups, "crash")
    fc.assert(fc.property(fc.integer({ min: lengths[0]!, max: wal!.length - 1 }), fc.boolean(), (cut, isLong) => {
      const commits = lengths.filter((length) => length <= cut).length
      const torn = isLong ? Buffer.from(wal!).fill(0, cut, lengths[commits]) : wal!
      fc.pre(!isLong || !torn.equals(wal!))
      const end = isLong ? lengths[commits] : cut
      expect(load(put({ database, wal: torn.subarray(0, end) }))).toEqual(expected[commits])
    }), { numRuns: 60, examples: lengths.slice(0, -1).flatMap((length): Array<[number, boolean]> => [[length, false], [length, true]]) })
  })

  test("P05: a flipped bit anywhere before the last commit is an error", () => {
    const { database, wal } = filesOf(groups, "crash")
    const lastBegins = lengths.at(-2)!
    fc.assert(fc.property(fc.nat(wal!.length - 1), (at) => {
      const found = load(put({ database, wal: flip(wal!, at) }))
      if (at < lastBegins) expect(found).toMatchObject({ kind: "corrupt", offset: expect.any(Number) })
      // What is no longer what any crash can leave is an error in the last commit, too.
      else if (found === undefined || !("kind" in found)) expect(found).toEqual(expected[groups.length - 1])
      else expect(found.kind).toBe("corrupt")
    }), { numRuns: 60 + headers(wal!.length).length, examples: headers(wal!.length).map((at): [number] => [at]) })
  })

  test("P05: a commit that seems not to end is noticed by its pages, which come again", () => {
    const { database, wal } = filesOf(groups, "crash")
    const damaged = Buffer.from(wal!)
    damaged.writeUInt32BE(0, lengths.at(-2)! - 4120 + 4)
    expect(load(put({ database, wal: damaged }))).toMatchObject({ kind: "corrupt", offset: lengths.at(-2)! - 4120 })
  })

  test("P05: SQLite alone drops commits that were durable, without a word", () => {
    const { database, wal } = filesOf(groups, "crash")
    const folder = put({ database, wal: flip(wal!, lengths[0]! + 100) })
    const db = new DatabaseSync(path.join(folder, "raft.sqlite"))
    expect(db.prepare("SELECT max(idx) AS last FROM log").get()).toEqual({ last: 1 })
    db.close()
  })
})

test("what is left in a log begun anew is no damage", () => {
  // SQLite begins again at the start of the file after about 1000 pages.
  const records = Array.from({ length: 24 }, (_, k) => command(k + 1, "x".repeat(k < 20 ? 250_000 : 10)))
  const files = filesOf(records.map((record) => [record]), "crash")
  expect(files.database.length).toBeGreaterThan(4_000_000)
  expect(load(put(files))).toEqual(states(records).at(-1))
})

describe("the database", { timeout: 30_000 }, () => {
  test("P18: a flipped bit never changes what is loaded", () => {
    const { database } = filesOf(groups, "close")
    let errors = 0
    fc.assert(fc.property(fc.nat(database.length - 1), (at) => {
      const found = load(put({ database: flip(database, at), wal: undefined }))
      if (found !== undefined && "kind" in found) errors++
      else expect(found).toEqual(expected.at(-1))
    }), { numRuns: 150 })
    expect(errors).toBeGreaterThan(0)
  })

  test.each([
    ["UPDATE log SET body = replace(body, 'value', 'VALUE') WHERE idx = 5", "entry 5 doesn't match its checksum"],
    ["UPDATE log SET (body, sum) = (SELECT body, sum FROM log WHERE idx = 5) WHERE idx = 4", "entry 4 doesn't match its checksum"],
    ["UPDATE log SET idx = 9 WHERE idx = 5", "entry 5 is missing"],
    ["DELETE FROM log WHERE idx = 3", "entry 3 is missing"],
    ["DELETE FROM log WHERE idx = 5", "the log ends before entry 5"],
    ["DELETE FROM state WHERE name = 'server'", "row server is missing"],
    ["DELETE FROM state WHERE name = 'snapshot'", "row snapshot is missing"],
    ["UPDATE state SET body = replace(body, 's1', 's2') WHERE name = 'server'", "row server doesn't match its checksum"]
  ])("P15, P17, P18: after %s there is an error", (statement, reason) => {
    const folder = put(filesOf(groups, "close"))
    const db = new DatabaseSync(path.join(folder, "raft.sqlite"))
    db.exec(statement)
    db.close()
    expect(load(folder)).toMatchObject({ kind: "corrupt", reason })
  })

  test("foreign, newer and older ones are refused in one line", () => {
    const changed = (statement: string) => {
      const folder = put(filesOf(groups, "close"))
      const db = new DatabaseSync(path.join(folder, "raft.sqlite"))
      db.exec(statement)
      db.close()
      return load(folder)
    }
    for (const version of [2, 4]) {
      const reason = `written in format ${version}; this program reads format 3`
      expect(changed(`PRAGMA user_version=${version}`)).toMatchObject({ kind: "foreign", reason })
    }
    expect(changed("PRAGMA application_id=7")).toMatchObject({ kind: "foreign", reason: "not a database of this storage" })
    expect(load(put({ database: Buffer.from("no database at all, but long enough for one".repeat(40)), wal: undefined })))
      .toMatchObject({ kind: "foreign" })
  })
})

test("P08, P11: a commit that fails part of the way leaves nothing of it, and is the end", async () => {
  const folder = put(filesOf([[command(1)]], "close"))
  const db = new DatabaseSync(path.join(folder, "raft.sqlite"))
  // Fails like a full disk, at the second entry.
  db.exec("CREATE TRIGGER full BEFORE INSERT ON log WHEN new.idx = 3 BEGIN SELECT RAISE(FAIL, 'disk full'); END")
  db.close()
  const withStorage = <A, E>(use: (storage: Storage["Service"]) => Effect.Effect<A, E>) =>
    Effect.runPromise(Storage.use(use).pipe(Effect.provide(layerSqlite(folder)), Effect.result))
  await withStorage(({ load, save }) =>
    Effect.gen(function*() {
      const append = [...command(2).log.append, ...command(3).log.append]
      const two: StorageRecord = { ...command(2), currentTerm: 2, votedFor: "s2", log: { keep: 1, append } }
      expect(yield* Effect.flip(save(two))).toMatchObject({ kind: "failed", reason: "disk full" })
      expect(yield* Effect.flip(save(command(2)))).toMatchObject({ kind: "stopped" })
      expect(yield* Effect.flip(load)).toMatchObject({ kind: "stopped" })
    }))
  expect(Result.getOrThrow(await withStorage(({ load }) => load))).toEqual(expected[1])
})

// Where there is no /proc, there is no way to get at SQLite's own files.
test.runIf(process.platform === "linux")("P03: a sync that fails is a commit that fails, and nothing of it is found", () => {
  const folder = put(filesOf([[command(1)]], "close"))
  const store = openSqlite(folder)
  store.commit([command(2)])
  // Under the number of the write-ahead log's file, a device that takes everything and syncs nothing.
  const numbers = fs.readdirSync("/proc/self/fd").map(Number)
  const isWal = (fd: number) => fs.readlinkSync(`/proc/self/fd/${fd}`) === path.join(fs.realpathSync(folder), "raft.sqlite-wal")
  const wal = numbers.find((fd) => fs.existsSync(`/proc/self/fd/${fd}`) && isWal(fd))!
  fs.closeSync(wal)
  expect(fs.openSync("/dev/null", "r+")).toBe(wal)
  expect(() => store.commit([command(3)])).toThrow("disk I/O error")
  expect(() => store.commit([command(3)])).toThrow(StoreFault)
  store.close()
  expect(load(folder)).toEqual(states([command(1), command(2)]).at(-1))
})
