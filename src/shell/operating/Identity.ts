/** Whose data a folder has: a server that came upon another's log would vote in its name. */
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as path from "node:path"
import type { ServerId } from "../../raft/Server.ts"
import { Storage, StorageError } from "../Storage.ts"
import { diskFailure } from "../storage/Disk.ts"

interface Owner {
  readonly cluster: string
  readonly id: ServerId
}

const ownerIn = (text: string): Owner | undefined => {
  try {
    const { cluster, id } = JSON.parse(text) as Partial<Owner>
    return typeof cluster === "string" && typeof id === "string" ? { cluster, id } : undefined
  } catch {
    return undefined
  }
}

/**
 * Writes the owner into a new folder; fails with `foreign` if it is somebody else's, or has data and no owner. The folder
 * is ours alone by then (`claim`), so nobody writes between the two.
 */
export const identify = Effect.fnUntraced(function*(
  folder: string,
  { cluster, id }: Owner
): Effect.fn.Return<void, StorageError, Storage> {
  const file = path.join(folder, "identity")
  const foreign = (reason: string) => new StorageError({ kind: "foreign", file: folder, reason })
  const text = yield* Effect.try({
    try: () => fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined,
    catch: (cause) => diskFailure(file, "read", cause)
  })
  if (text !== undefined) {
    const owner = ownerIn(text)
    if (owner === undefined) return yield* new StorageError({ kind: "corrupt", file, reason: "doesn't say whose data this is" })
    if (owner.cluster === cluster && owner.id === id) return
    return yield* foreign(`the data of ${owner.id} of cluster "${owner.cluster}", not of ${id} of cluster "${cluster}"`)
  }
  const storage = yield* Storage
  if ((yield* storage.load) !== undefined) return yield* foreign("has data, but no file that says whose")
  yield* Effect.try({ try: () => writeDurably(folder, file, JSON.stringify({ cluster, id })), catch: (cause) => diskFailure(file, "write", cause) })
})

/** All of it or nothing is there after a crash. */
const writeDurably = (folder: string, file: string, text: string): void => {
  const unfinished = `${file}.new`
  const handle = fs.openSync(unfinished, "w")
  try {
    fs.writeFileSync(handle, `${text}\n`)
    fs.fsyncSync(handle)
  } finally {
    fs.closeSync(handle)
  }
  fs.renameSync(unfinished, file)
  const directory = fs.openSync(folder, "r")
  try {
    fs.fsyncSync(directory)
  } finally {
    fs.closeSync(directory)
  }
}
