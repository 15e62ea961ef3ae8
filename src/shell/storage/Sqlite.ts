/**
 * Storage in an SQLite database. Node's SQLite blocks its thread for as long as a sync takes, and a server that can't
 * answer for some milliseconds is taken for dead when the disk is busy; so the database has a thread to itself. A commit
 * pays two hops between threads for it, which groups of commits share.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Worker } from "node:worker_threads"
import { Storage, StorageError, type StorageRecord } from "../Storage.ts"
import { claim } from "./Claim.ts"
import { type Backend, groupCommit } from "./GroupCommit.ts"
import type { Image } from "./Image.ts"

export interface WorkerData {
  readonly folder: string
}
export type Order = ReadonlyArray<StorageRecord> | "close"
export type Reply =
  | { readonly file: string; readonly found: Image }
  | "done"
  | { readonly failed: ConstructorParameters<typeof StorageError>[0] }

const script = new URL(import.meta.url.endsWith(".ts") ? "./sqliteWorker.ts" : "./sqliteWorker.js", import.meta.url)

/** Storage in a folder of its own. Fails with `locked`, `foreign`, `corrupt` or `failed`. */
export const layerSqlite = (folder: string) =>
  Layer.effect(Storage, claim(folder, (name) => name === "checkpoint" || name.startsWith("log-")).pipe(
    Effect.andThen(openInThread(folder)),
    Effect.flatMap(groupCommit)
  ))

const openInThread = Effect.fnUntraced(function*(folder: string): Effect.fn.Return<Backend, StorageError, Scope.Scope> {
  const workerData: WorkerData = { folder }
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() => new Worker(script, { workerData })),
    (worker) => Effect.promise(() => new Promise((resolve) => {
      worker.once("exit", resolve)
      worker.postMessage("close" satisfies Order)
    }))
  )
  const opened = yield* answer(worker, folder)
  if (opened === "done") return yield* Effect.die(new Error("the thread began with a commit"))
  return {
    where: opened.file,
    found: opened.found,
    commit: (records) => Effect.asVoid(answer(worker, folder, records))
  }
})

/** The thread's next reply, after it was given an order. */
const answer = (worker: Worker, folder: string, order?: Order): Effect.Effect<Exclude<Reply, { failed: unknown }>, StorageError> =>
  Effect.callback((resume) => {
    const done = (effect: Effect.Effect<Exclude<Reply, { failed: unknown }>, StorageError>) => {
      worker.off("message", onMessage)
      worker.off("error", onError)
      resume(effect)
    }
    const onMessage = (reply: Reply) =>
      done(typeof reply === "object" && "failed" in reply ? Effect.fail(new StorageError(reply.failed)) : Effect.succeed(reply))
    const onError = (error: Error) =>
      done(Effect.fail(new StorageError({ kind: "failed", file: folder, reason: `the database's thread has ended: ${error.message}` })))
    worker.on("message", onMessage)
    worker.on("error", onError)
    if (order !== undefined) worker.postMessage(order)
  })
