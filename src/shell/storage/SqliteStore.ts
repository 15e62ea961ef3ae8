/**
 * A server's state in an SQLite database, by plain calls that block. WAL with `synchronous=FULL`: a commit is synced when
 * it returns. (`NORMAL`, often advised with WAL, would sync at checkpoints only.)
 *
 * SQLite has checksums for the WAL only, so every row has one of its own.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { DatabaseSync } from "node:sqlite"
import { crc32 } from "node:zlib"
import type { Entry, Index, Snapshot } from "../../raft/Server.ts"
import type { Fault, StorageRecord } from "../Storage.ts"
import { blank, type Image } from "./Image.ts"
import { walFault } from "./Wal.ts"

/** A `StorageError` to be: this file is loaded in a thread of its own, which would take a while to load Effect as well. */
export class StoreFault extends Error {
  readonly fault: Fault

  constructor(fault: Fault) {
    super(fault.reason)
    this.fault = fault
  }
}

export interface SqliteStore {
  readonly file: string
  readonly found: Image
  /** Durable when it returns; all of them or none. After it has thrown, only `close`, which takes back what was begun. */
  readonly commit: (records: ReadonlyArray<StorageRecord>) => void
  readonly close: () => void
}

/** "lock", as SQLite's `application_id`: whose database this is. */
const application = 0x6c6f636b
const version = 3

const schema = `
  CREATE TABLE state(name TEXT PRIMARY KEY, body TEXT NOT NULL, sum INTEGER NOT NULL) STRICT;
  CREATE TABLE log(idx INTEGER PRIMARY KEY, body TEXT NOT NULL, sum INTEGER NOT NULL) STRICT;
  PRAGMA application_id=${application};
  PRAGMA user_version=${version};`

/** Row `server` of `state`: all but what is long. */
type Summary = Omit<Image, "entries" | "snapshot"> & { readonly lastIndex: Index }

/** Opens the database in this folder, or makes it. Throws a `StoreFault`: `corrupt`, `foreign`, `locked` or `failed`. */
export const openSqlite = (folder: string): SqliteStore => {
  const file = path.join(folder, "raft.sqlite")
  const guarded = <A>(work: () => A): A => {
    try {
      return work()
    } catch (cause) {
      throw cause instanceof StoreFault ? cause : sqliteError(file, cause)
    }
  }
  return guarded(() => {
    checkWal(`${file}-wal`)
    const db = new DatabaseSync(file, { timeout: 0 })
    try {
      db.exec("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
      initialise(db, file)
      const found = read(db, file)
      const commit = writer(db, found)
      return { file, found, commit: (records) => guarded(() => commit(records)), close: () => db.close() }
    } catch (cause) {
      db.close()
      throw cause
    }
  })
}

/** SQLite itself takes any damage in the WAL for its end, and drops what was committed after it. */
const checkWal = (file: string): void => {
  if (!fs.existsSync(file)) return
  const fault = walFault(fs.readFileSync(file))
  if (fault !== undefined) throw new StoreFault({ kind: "corrupt", file, ...fault })
}

const initialise = (db: DatabaseSync, file: string): void => {
  const pragma = (name: string) => db.prepare(`PRAGMA ${name}`).get()![name]
  if (db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()!["n"] === 0 && pragma("application_id") === 0) {
    db.exec(`BEGIN; ${schema} COMMIT`)
  }
  if (pragma("application_id") !== application) {
    throw new StoreFault({ kind: "foreign", file, reason: "not a database of this storage" })
  }
  const found = pragma("user_version")
  if (found !== version) {
    const reason = `written in format ${found}; this program reads format ${version}`
    throw new StoreFault({ kind: "foreign", file, reason })
  }
}

const sqliteError = (file: string, cause: unknown): StoreFault => {
  const { errcode, message } = cause as { readonly errcode?: number; readonly message: string }
  // The primary result codes of SQLite: BUSY, LOCKED; CORRUPT; NOTADB.
  const kinds: Readonly<Record<number, Fault["kind"]>> = { 5: "locked", 6: "locked", 11: "corrupt", 26: "foreign" }
  return new StoreFault({ kind: kinds[(errcode ?? 0) & 0xff] ?? "failed", file, reason: message })
}

/** The position is part of the checksum: a row in another's place is damage, too. */
const sumOf = (key: string | number, body: string): number => crc32(`${key}:${body}`)

const read = (db: DatabaseSync, file: string): Image => {
  const corrupt = (reason: string) => new StoreFault({ kind: "corrupt", file, reason })
  const checked = db.prepare("PRAGMA quick_check").get()!["quick_check"]
  if (checked !== "ok") throw corrupt(String(checked))

  const body = (what: string, key: string | number, row: Record<string, unknown>): unknown => {
    if (sumOf(key, String(row["body"])) !== row["sum"]) throw corrupt(`${what} doesn't match its checksum`)
    return JSON.parse(String(row["body"]))
  }
  const state = (name: string) => {
    const row = db.prepare("SELECT body, sum FROM state WHERE name = ?").get(name)
    return row === undefined ? undefined : body(`row ${name}`, name, row)
  }
  const rows = db.prepare("SELECT idx, body, sum FROM log ORDER BY idx").all()
  const summary = state("server") as Summary | undefined
  const snapshot = state("snapshot") as Snapshot | undefined
  if (summary === undefined) {
    if (rows.length > 0 || snapshot !== undefined) throw corrupt("row server is missing")
    return blank()
  }
  const { lastIndex, ...rest } = summary
  const entries = rows.map((row, k) => {
    const index = summary.lastIncludedIndex + 1 + k
    if (row["idx"] !== index) throw corrupt(`entry ${index} is missing`)
    return body(`entry ${index}`, index, row) as Entry
  })
  if (summary.lastIncludedIndex + entries.length !== lastIndex) throw corrupt(`the log ends before entry ${lastIndex}`)
  if (summary.lastIncludedIndex > 0 && snapshot === undefined) throw corrupt("row snapshot is missing")
  return { ...rest, entries, snapshot: snapshot ?? null }
}

const writer = (db: DatabaseSync, found: Image) => {
  const putState = db.prepare("INSERT OR REPLACE INTO state VALUES (?, ?, ?)")
  const putEntry = db.prepare("INSERT INTO log VALUES (?, ?, ?)")
  const removeUpTo = db.prepare("DELETE FROM log WHERE idx <= ?")
  const removeAfter = db.prepare("DELETE FROM log WHERE idx > ?")
  const put = (name: "server" | "snapshot", value: unknown) => {
    const body = JSON.stringify(value)
    putState.run(name, body, sumOf(name, body))
  }
  let { lastIncludedIndex, lastIncludedTerm } = found

  const change = ({ log: { append, keep }, snapshot }: StorageRecord) => {
    if (snapshot !== undefined) {
      ({ lastIncludedIndex, lastIncludedTerm } = snapshot)
      put("snapshot", { members: snapshot.members, data: snapshot.data } satisfies Snapshot)
      removeUpTo.run(lastIncludedIndex)
    }
    removeAfter.run(keep)
    for (const [k, entry] of append.entries()) {
      const body = JSON.stringify(entry)
      putEntry.run(keep + 1 + k, body, sumOf(keep + 1 + k, body))
    }
  }
  return (records: ReadonlyArray<StorageRecord>): void => {
    db.exec("BEGIN IMMEDIATE")
    for (const record of records) change(record)
    const { currentTerm, log: { append, keep }, sequence, votedFor } = records.at(-1)!
    const summary: Summary = {
      sequence, currentTerm, votedFor, lastIncludedIndex, lastIncludedTerm, lastIndex: keep + append.length
    }
    put("server", summary)
    db.exec("COMMIT")
  }
}
