/** What all layers have in common: callers that arrive during one commit share the next, and a failure is the end. */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Semaphore from "effect/Semaphore"
import type * as Scope from "effect/Scope"
import { Storage, StorageError, type StorageRecord } from "../Storage.ts"
import { advance, durable, type Image } from "./Image.ts"

export interface Backend {
  /** A file or folder, for errors. */
  readonly where: string
  /** What was found. It belongs to the group commit from then on. */
  readonly found: Image
  /**
   * Makes the records durable, all or none of them. Never called again before it is done, nor once it has failed. A
   * record with a snapshot comes alone; `image` is what is stored with the records.
   */
  readonly commit: (records: ReadonlyArray<StorageRecord>, image: Image) => Effect.Effect<void, StorageError>
}

interface Waiting {
  readonly record: StorageRecord
  readonly done: Deferred.Deferred<void, StorageError>
}

/** The service over a backend. When the scope closes, a commit under way is finished and what still waits is refused. */
export const groupCommit = Effect.fnUntraced(function*(backend: Backend): Effect.fn.Return<
  Storage["Service"],
  never,
  Scope.Scope
> {
  const { commit, found: image, where } = backend
  const work = yield* Latch.make(false)
  const committing = yield* Semaphore.make(1)
  let arrived: Array<Waiting> = []
  let stopped: StorageError | undefined

  const answer = (waiting: ReadonlyArray<Waiting>, exit: Exit.Exit<void, StorageError>) => {
    for (const { done } of waiting) Deferred.doneUnsafe(done, exit)
  }
  const stop = (reason: string) => {
    stopped ??= new StorageError({ kind: "stopped", file: where, reason })
    answer(arrived.splice(0), Exit.fail(stopped))
  }
  const commitTogether = Effect.fnUntraced(function*(waiting: ReadonlyArray<Waiting>) {
    if (waiting.length === 0) return
    const exit = stopped === undefined
      ? yield* Effect.exit(commit(waiting.map(({ record }) => record), image))
      : Exit.fail(stopped)
    if (Exit.isFailure(exit) && stopped === undefined) {
      const error = Cause.squash(exit.cause)
      stop(`nothing is saved any more after "${error instanceof Error ? error.message : String(error)}"`)
    }
    answer(waiting, exit)
  })
  const commitAll = Effect.fnUntraced(function*(batch: ReadonlyArray<Waiting>) {
    let together: Array<Waiting> = []
    for (const waiting of batch) {
      const { record } = waiting
      if (record.snapshot !== undefined) {
        yield* commitTogether(together)
        together = []
      }
      const wrong = advance(image, record)
      if (wrong !== undefined) {
        answer([waiting], Exit.die(new Error(wrong)))
        continue
      }
      together.push(waiting)
      if (record.snapshot !== undefined) {
        yield* commitTogether(together)
        together = []
      }
    }
    yield* commitTogether(together)
  })

  yield* Effect.addFinalizer(() => Effect.sync(() => stop("closed")))
  yield* Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      // Only the waiting may be interrupted, never a commit.
      yield* restore(work.await)
      yield* committing.withPermit(Effect.suspend(() => {
        work.closeUnsafe()
        const batch = arrived
        arrived = []
        return commitAll(batch)
      }))
    }).pipe(Effect.forever)
  ).pipe(Effect.forkScoped({ startImmediately: true }))

  return Storage.of({
    load: committing.withPermit(Effect.suspend(() =>
      stopped === undefined ? Effect.succeed(durable(image)) : Effect.fail(stopped)
    )),
    save: (record) =>
      Effect.suspend(() => {
        if (stopped !== undefined) return Effect.fail(stopped)
        const done = Deferred.makeUnsafe<void, StorageError>()
        arrived.push({ record, done })
        work.openUnsafe()
        return Deferred.await(done)
      })
  })
})
