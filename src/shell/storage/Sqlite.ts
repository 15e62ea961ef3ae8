/**
 * Storage in an SQLite database. Node's SQLite blocks its thread for as long as a sync takes, and a server that can't
 * answer for some milliseconds is taken for dead when the disk is busy; so the database has a thread to itself. A commit
 * pays two hops between threads for it, which groups of commits share.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Worker } from "node:worker_threads"
import { type Fault, Storage, StorageError, type StorageRecord } from "../Storage.ts"
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
  | { readonly failed: Fault }

const script = new URL(import.meta.url.endsWith(".ts") ? "./sqliteWorker.ts" : "./sqliteWorker.js", import.meta.url)

/** Storage in a folder of its own. Fails with `locked`, `foreign`, `corrupt` or `failed`. */
export const layerSqlite = (folder: string) =>
  Layer.effect(Storage, claim(folder, (name) => name === "checkpoint" || name.startsWith("log-")).pipe(
    Effect.andThen(openInThread(folder)),
    Effect.flatMap(groupCommit)
  ))

const openInThread = Effect.fnUntraced(function*(folder: string): Effect.fn.Return<Backend, StorageError, Scope.Scope> {
  const thread = yield* Effect.acquireRelease(Effect.sync(() => startThread(folder)), stopThread)
  const opened = yield* reply(thread)
  if (opened === "done") return yield* Effect.die(new Error("the thread began with a commit"))
  return {
    where: opened.file,
    found: opened.found,
    commit: (records) => Effect.asVoid(reply(thread, records))
  }
})

interface Thread {
  readonly worker: Worker
  /** Why no reply will come any more. */
  ended: StorageError | undefined
}

const startThread = (folder: string): Thread => {
  const workerData: WorkerData = { folder }
  const thread: Thread = { worker: new Worker(script, { workerData }), ended: undefined }
  const end = (reason: string) => {
    const error = { kind: "failed", file: folder, reason: `the database's thread has ended: ${reason}` } as const
    thread.ended ??= new StorageError(error)
  }
  thread.worker.on("error", (error) => end(error instanceof Error ? error.message : String(error)))
  thread.worker.on("exit", () => end("it was closed"))
  return thread
}

const stopThread = (thread: Thread): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (thread.ended !== undefined) return resume(Effect.void)
    thread.worker.once("exit", () => resume(Effect.void))
    thread.worker.postMessage("close" satisfies Order)
  })

/** The thread's next reply, after it was given an order. */
const reply = (thread: Thread, order?: Order): Effect.Effect<Exclude<Reply, { failed: unknown }>, StorageError> =>
  Effect.callback((resume) => {
    if (thread.ended !== undefined) return resume(Effect.fail(thread.ended))
    const onMessage = (reply: Reply) => {
      thread.worker.off("exit", onExit)
      resume(typeof reply === "object" && "failed" in reply ? Effect.fail(new StorageError(reply.failed)) : Effect.succeed(reply))
    }
    const onExit = () => {
      thread.worker.off("message", onMessage)
      resume(Effect.fail(thread.ended!))
    }
    thread.worker.once("message", onMessage).once("exit", onExit)
    if (order !== undefined) thread.worker.postMessage(order)
  })
