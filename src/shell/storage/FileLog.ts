/**
 * Storage as an append-only log of our own: `checkpoint`, which is everything up to some record, and after it the segments
 * `log-1`, `log-2`, … in this order. A segment has one frame for each commit; `Frame.ts` has the bytes.
 *
 * A commit is written only after the one before was synced. So a damaged frame with a whole one after it was durable
 * once, and its damage is an error. With nothing after it, it may be what a crash has left of a commit that nobody was
 * told of, and is cut. Whoever opens or closes the log adds an empty frame: only until then is there such a doubt.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as path from "node:path"
import { Storage, StorageError, type StorageRecord } from "../Storage.ts"
import { claim } from "./Claim.ts"
import { type Disk, realDisk } from "./Disk.ts"
import { type FileFault, type FileId, fileHeader, fileHeaderLength, frame, framesOf, headerFault } from "./Frame.ts"
import { type Backend, groupCommit } from "./GroupCommit.ts"
import { advance, blank, type Image } from "./Image.ts"
import { type Checkpoint, checkpointIn, packCheckpoint, packRecords, recordsIn } from "./Records.ts"

/** A segment that has grown this long, in bytes, is the last but one. */
const segmentLength = 16 * 2 ** 20
/** What a segment grows by, in bytes, for frames to come. */
const room = 2 ** 20

/** Storage in a folder of its own. Fails with `locked`, `foreign`, `corrupt` or `failed`. */
export const layerFile = (folder: string) =>
  Layer.effect(Storage, claim(folder, (name) => name.endsWith(".sqlite")).pipe(
    Effect.andThen(realDisk(folder)),
    Effect.flatMap((disk) => fileLog(disk, segmentLength))
  ))

/** Storage on any disk, which must be ours alone. */
export const fileLog = (disk: Disk, longest: number): Effect.Effect<Storage["Service"], StorageError, Scope.Scope> =>
  openLog(disk, longest).pipe(Effect.flatMap(groupCommit))

const segment = (number: number) => `log-${number}`
const number = (name: string): number => Number(/^log-([1-9][0-9]*)$/.exec(name)?.[1])

interface Open extends FileId {
  /** Where the next frame goes. */
  readonly end: number
  /** The file's length. From `end` to there it has zeros. */
  readonly length: number
  /** Whether the last frame is an empty one, or there is none. */
  readonly settled: boolean
}

const empty = packRecords([])

const openLog = Effect.fnUntraced(function*(disk: Disk, longest: number): Effect.fn.Return<
  Backend,
  StorageError,
  Scope.Scope
> {
  const { found, last } = yield* recover(disk)
  const ahead = Math.min(longest, room)
  // Where the next commit goes. None while one is under way, nor after one has failed: nothing is ever written behind it.
  let open: Open | undefined = last
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => open === undefined || open.settled ? Effect.void : append(disk, open, empty)).pipe(Effect.ignore)
  )
  return {
    where: disk.folder,
    found,
    commit: Effect.fnUntraced(function*(records: ReadonlyArray<StorageRecord>, image: Image) {
      const at = open!
      open = undefined
      if (records[0]!.snapshot !== undefined) {
        open = yield* replaceAll(disk, at.number, image)
      } else {
        const payload = packRecords(records)
        open = yield* append(disk, at.end < longest ? at : yield* nextSegment(disk, at), payload, ahead)
      }
    })
  }
})

/** A file that doesn't fit what is written gets `ahead` bytes more: a sync that need not store a new length is done sooner. */
const append = Effect.fnUntraced(function*(
  disk: Disk,
  at: Open,
  payload: Buffer,
  ahead = 0
): Effect.fn.Return<Open, StorageError> {
  const name = segment(at.number)
  const bytes = frame(at, at.end, payload)
  const end = at.end + bytes.length
  yield* disk.write(name, at.end, bytes)
  if (end > at.length && ahead > 0) yield* disk.write(name, end, new Uint8Array(ahead))
  yield* disk.sync(name)
  return { number: at.number, salt: at.salt, end, length: end > at.length ? end + ahead : at.length, settled: payload === empty }
})

/** A file by this name has this content, or the one before: never something between (diss. 3.8). */
const replaceFile = Effect.fnUntraced(function*(disk: Disk, name: string, bytes: Uint8Array) {
  const unfinished = `${name}.new`
  yield* disk.write(unfinished, 0, bytes)
  yield* disk.sync(unfinished)
  yield* disk.rename(unfinished, name)
  // Without this a power cut takes the name back, and what is written by it from now on.
  yield* disk.syncFolder
})

const newFile = (number: number): Effect.Effect<FileId> =>
  Effect.map(Random.nextIntBetween(0, 2 ** 32 - 1), (salt) => ({ number, salt }))

const newSegment = Effect.fnUntraced(function*(disk: Disk, n: number): Effect.fn.Return<Open, StorageError> {
  const file = yield* newFile(n)
  yield* replaceFile(disk, segment(n), fileHeader(file))
  return { ...file, end: fileHeaderLength, length: fileHeaderLength, settled: true }
})

/**
 * A segment that another one follows has frames to its end: so none is missing there without being missed. It is cut also if it
 * seems to have been: a cut whose sync failed is read, and lost with the power.
 */
const nextSegment = Effect.fnUntraced(function*(disk: Disk, { end, number }: Open) {
  yield* disk.truncate(segment(number), end)
  yield* disk.sync(segment(number))
  return yield* newSegment(disk, number + 1)
})

/** Stores the image, its snapshot in it, and makes the segments so far superfluous: only then may they go. */
const replaceAll = Effect.fnUntraced(function*(disk: Disk, latest: number, image: Image) {
  const payload = packCheckpoint({ first: latest + 1, image })
  const file = yield* newFile(0)
  yield* replaceFile(disk, "checkpoint", Buffer.concat([fileHeader(file), frame(file, fileHeaderLength, payload)]))
  const next = yield* newSegment(disk, latest + 1)
  yield* removeBefore(disk, latest + 1)
  return next
})

const removeBefore = Effect.fnUntraced(function*(disk: Disk, first: number) {
  for (const name of yield* disk.names) if (number(name) < first) yield* disk.remove(name)
})

/** Reads everything, mends what a crash may leave, and refuses any other damage. */
const recover = Effect.fnUntraced(function*(disk: Disk) {
  // A process that was killed may have renamed a file and not yet synced the folder.
  yield* disk.syncFolder
  const names = yield* disk.names
  const bad = (name: string, fault: FileFault) => new StorageError({ file: path.join(disk.folder, name), ...fault })

  const { first, image }: Checkpoint = names.includes("checkpoint")
    ? yield* readCheckpoint(disk, bad)
    : { first: 1, image: blank() }
  // By number: by name, log-10 would come before log-9.
  const numbers = names.map(number).filter((n) => n >= first).sort((a, b) => a - b)
  for (const [k, n] of numbers.entries()) {
    if (n !== first + k) return yield* bad(segment(first + k), { kind: "corrupt", reason: `missing, though ${segment(n)} is there` })
  }

  // The segments that a checkpoint makes superfluous go only when the next one is there.
  if (first > 1 && numbers.length === 0 && !names.includes(segment(first - 1))) {
    return yield* bad(segment(first), { kind: "corrupt", reason: "missing, though the checkpoint refers to it" })
  }

  let last: Open | undefined
  for (const n of numbers) {
    const bytes = yield* disk.read(segment(n))
    const headFault = headerFault(bytes, n)
    if (headFault !== undefined) return yield* bad(segment(n), headFault)
    const { damage: fault, end, file, followedAt, frames } = framesOf(bytes)
    const isLast = n === numbers.at(-1)
    const damage = fault ?? (end < bytes.length && !isLast ? "a frame is missing" : undefined)
    if (damage !== undefined && (followedAt !== undefined || !isLast)) {
      const after = followedAt === undefined ? `in ${segment(n + 1)}` : `at byte ${followedAt}`
      const reason = `${damage}, and it isn't the tail: more follows ${after}`
      return yield* bad(segment(n), { kind: "corrupt", offset: end, reason })
    }
    for (const { offset, payload } of frames) {
      for (const record of recordsIn(payload)) {
        const wrong = advance(image, record)
        if (wrong !== undefined) return yield* bad(segment(n), { kind: "corrupt", offset, reason: wrong })
      }
    }
    if (damage !== undefined) yield* disk.truncate(segment(n), end)
    const tail = frames.at(-1)
    const length = damage === undefined ? bytes.length : end
    last = { ...file, end, length, settled: tail === undefined || tail.payload.equals(empty) }
    if (isLast && tail !== undefined) last = yield* confirm(disk, last, tail)
    else if (damage !== undefined) yield* disk.sync(segment(n))
  }
  // What a crash has left of a file being replaced, before another one takes its name; and behind a checkpoint.
  for (const name of names) if (name.endsWith(".new")) yield* disk.remove(name)
  last ??= yield* newSegment(disk, first)
  yield* removeBefore(disk, first)
  return { found: image, last }
})

const readCheckpoint = Effect.fnUntraced(function*(disk: Disk, bad: (name: string, fault: FileFault) => StorageError) {
  const bytes = yield* disk.read("checkpoint")
  const fault = headerFault(bytes, 0)
  if (fault !== undefined) return yield* bad("checkpoint", fault)
  const { damage, end, frames } = framesOf(bytes)
  if (damage !== undefined || frames.length !== 1 || end < bytes.length) {
    const reason = damage ?? "not one frame, and nothing else"
    return yield* bad("checkpoint", { kind: "corrupt", offset: end, reason })
  }
  return checkpointIn(frames[0]!.payload)
})

/**
 * The last frame may have been read from memory only: its server may have ended before the sync, or after a sync that
 * failed, which leaves pages that are not on the disk and that no later sync writes. So it is written once more, as it
 * is, before anyone relies on it; and synced before another frame makes it look as if it had been.
 */
const confirm = Effect.fnUntraced(function*(
  disk: Disk,
  last: Open,
  tail: { readonly offset: number; readonly payload: Buffer }
): Effect.fn.Return<Open, StorageError> {
  yield* disk.write(segment(last.number), tail.offset, frame(last, tail.offset, tail.payload))
  yield* disk.sync(segment(last.number))
  return last.settled ? last : yield* append(disk, last, empty)
})
