/** One process for each folder. */
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as path from "node:path"
import { DatabaseSync } from "node:sqlite"
import type * as Scope from "effect/Scope"
import { StorageError } from "../Storage.ts"
import { diskFailure } from "./Disk.ts"

/**
 * Makes the folder if need be and keeps everyone else out until the scope closes; fails with `locked`, or with `foreign`
 * when another layer keeps its files there.
 *
 * The lock is the operating system's, on a file that SQLite holds open: Node can't take one itself. A file with a process
 * id in it would outlive a crash, and ids are used again.
 */
export const claim = (folder: string, isOthers: (name: string) => boolean): Effect.Effect<void, StorageError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({
      try: () => {
        makeFolder(folder)
        const other = fs.readdirSync(folder).find(isOthers)
        if (other !== undefined) {
          throw new StorageError({ kind: "foreign", file: folder, reason: `another kind of storage, see ${other}` })
        }
        const lock = new DatabaseSync(path.join(folder, "lock"), { timeout: 0 })
        try {
          lock.exec("PRAGMA journal_mode=OFF; BEGIN EXCLUSIVE")
        } catch (cause) {
          lock.close()
          throw cause
        }
        return lock
      },
      catch: (cause) => {
        if (cause instanceof StorageError) return cause
        const busy = (cause as { errcode?: number }).errcode === 5
        return busy
          ? new StorageError({ kind: "locked", file: folder, reason: "another process uses this folder" })
          : diskFailure(folder, "open", cause)
      }
    }),
    (lock) => Effect.sync(() => lock.close())
  )

/** A new folder is durable only when the folder that it is in has been synced. */
const makeFolder = (folder: string): void => {
  const first = fs.mkdirSync(folder, { recursive: true })
  if (first === undefined) return
  for (let made = path.resolve(folder); made.length >= path.resolve(first).length; made = path.dirname(made)) {
    const parent = fs.openSync(path.dirname(made), "r")
    try {
      fs.fsyncSync(parent)
    } finally {
      fs.closeSync(parent)
    }
  }
}
