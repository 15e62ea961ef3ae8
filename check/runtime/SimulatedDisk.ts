/** The disk of one life of a server: it takes its time, and ends with that life, in the middle of an operation if need be. */
import * as Effect from "effect/Effect"
import { StorageError } from "../../src/shell/Storage.ts"
import type { Disk } from "../../src/shell/storage/Disk.ts"

/** The same disk, for as long as `alive`. `latency`: milliseconds that a sync takes. */
export const diskOfLife = (disk: Disk, alive: () => boolean, latency: () => number): Disk => {
  const whileAlive = <A>(operation: Effect.Effect<A, StorageError>): Effect.Effect<A, StorageError> =>
    Effect.suspend(() =>
      alive()
        ? operation
        : Effect.fail(new StorageError({ kind: "failed", file: disk.folder, reason: "this life is over" }))
    )
  // A crash during the wait finds what was written and isn't synced.
  const slowly = (operation: Effect.Effect<void, StorageError>) =>
    whileAlive(Effect.suspend(() => Effect.andThen(Effect.sleep(latency()), whileAlive(operation))))
  return {
    folder: disk.folder,
    names: whileAlive(disk.names),
    read: (name) => whileAlive(disk.read(name)),
    write: (name, offset, bytes) => whileAlive(disk.write(name, offset, bytes)),
    truncate: (name, length) => whileAlive(disk.truncate(name, length)),
    sync: (name) => slowly(disk.sync(name)),
    rename: (from, to) => whileAlive(disk.rename(from, to)),
    remove: (name) => whileAlive(disk.remove(name)),
    syncFolder: slowly(disk.syncFolder)
  }
}
