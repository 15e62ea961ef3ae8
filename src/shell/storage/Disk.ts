/**
 * The operations of a disk that the log is built of, and no more: so a simulated disk, one that forgets, can be put
 * under the same code. Only `sync` makes a file's content durable, only `syncFolder` what files there are by what name.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as fs from "node:fs"
import * as path from "node:path"
import { StorageError } from "../Storage.ts"

/** One flat folder of files. Every operation fails with `failed`. */
export interface Disk {
  /** The folder's path, for errors. */
  readonly folder: string
  readonly names: Effect.Effect<ReadonlyArray<string>, StorageError>
  readonly read: (name: string) => Effect.Effect<Buffer, StorageError>
  /** Puts bytes at an offset, in a new file if there is none of that name. */
  readonly write: (name: string, offset: number, bytes: Uint8Array) => Effect.Effect<void, StorageError>
  readonly truncate: (name: string, length: number) => Effect.Effect<void, StorageError>
  readonly sync: (name: string) => Effect.Effect<void, StorageError>
  /** Takes the place of a file called `to`. */
  readonly rename: (from: string, to: string) => Effect.Effect<void, StorageError>
  readonly remove: (name: string) => Effect.Effect<void, StorageError>
  readonly syncFolder: Effect.Effect<void, StorageError>
}

/** Longer writes, in bytes, are made on another thread; to hand over a shorter one takes longer than to copy it into the system. */
const handedOver = 256 * 1024

/** A real folder. Files stay open from their first write until they are renamed or removed, or the scope closes. */
export const realDisk = (folder: string): Effect.Effect<Disk, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => new Map<string, fs.promises.FileHandle>()),
    (handles) => Effect.promise(() => Promise.allSettled([...handles.values()].map((handle) => handle.close())))
  ).pipe(Effect.map((handles): Disk => {
    const inFolder = (name: string) => path.join(folder, name)
    const attempt = <A>(name: string, verb: string, work: () => Promise<A>) =>
      Effect.tryPromise({ try: work, catch: (cause) => diskFailure(inFolder(name), verb, cause) })
    const opened = async (name: string) => {
      const handle = handles.get(name) ?? await fs.promises.open(inFolder(name), fs.constants.O_RDWR | fs.constants.O_CREAT)
      handles.set(name, handle)
      return handle
    }
    const withFile = <A>(
      name: string,
      verb: string,
      use: (handle: fs.promises.FileHandle) => Effect.Effect<A, StorageError>
    ): Effect.Effect<A, StorageError> => {
      const handle = handles.get(name)
      return handle === undefined ? Effect.flatMap(attempt(name, verb, () => opened(name)), use) : use(handle)
    }
    const close = async (name: string) => {
      const handle = handles.get(name)
      handles.delete(name)
      await handle?.close()
    }
    return {
      folder,
      names: attempt("", "list", () => fs.promises.readdir(folder)),
      read: (name) => attempt(name, "read", () => fs.promises.readFile(inFolder(name))),
      // A write may be short without being an error.
      write: (name, offset, bytes) =>
        withFile(name, "write", (handle) =>
          bytes.length <= handedOver
            ? Effect.try({
              try: () => {
                for (let done = 0; done < bytes.length;) {
                  done += fs.writeSync(handle.fd, bytes, done, bytes.length - done, offset + done)
                }
              },
              catch: (cause) => diskFailure(inFolder(name), "write", cause)
            })
            : attempt(name, "write", async () => {
              for (let done = 0; done < bytes.length;) {
                done += (await handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten
              }
            })),
      truncate: (name, length) => attempt(name, "truncate", async () => (await opened(name)).truncate(length)),
      sync: (name) =>
        withFile(name, "sync", ({ fd }) =>
          // Else the file could be closed meanwhile.
          Effect.uninterruptible(Effect.callback((resume) =>
            fs.fdatasync(fd, (cause) => resume(cause === null ? Effect.void : Effect.fail(diskFailure(inFolder(name), "sync", cause))))
          ))),
      rename: (from, to) =>
        attempt(from, "rename", async () => {
          await Promise.all([close(from), close(to)])
          await fs.promises.rename(inFolder(from), inFolder(to))
        }),
      remove: (name) =>
        attempt(name, "remove", async () => {
          await close(name)
          await fs.promises.unlink(inFolder(name))
        }),
      syncFolder: attempt("", "sync", async () => {
        const handle = await fs.promises.open(folder, "r")
        try {
          await handle.sync()
        } finally {
          await handle.close()
        }
      })
    }
  }))

export const diskFailure = (file: string, verb: string, cause: unknown) =>
  new StorageError({
    kind: "failed",
    file,
    reason: `can't ${verb}: ${cause instanceof Error ? cause.message : String(cause)}`
  })
