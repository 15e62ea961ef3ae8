/**
 * One server's log on its disk: what is written, what is durable, what a crash leaves, and what is read after it. Twin of
 * spec/Disk.tla. An action is a function from a disk to the disks that it may become: none when it isn't enabled.
 */
import { isDeepStrictEqual } from "node:util"

/** A commit: its records, by their numbers from 1; or `Torn`. */
export type Frame = ReadonlyArray<number>

/** A file of frames. */
export type Segment = ReadonlyArray<Frame>

export interface Checkpoint {
  readonly records: ReadonlyArray<number>
  /** The segment that goes on after it, from 1. */
  readonly first: number
}

/** The fields are explained in `InitDisk` of the specification. */
export interface Disk {
  readonly status: "up" | "stopped" | "down" | "refused"
  readonly saved: number
  readonly memory: ReadonlyArray<number>
  readonly acknowledged: number
  readonly released: number
  readonly segments: ReadonlyArray<Segment>
  readonly trimmed: number
  readonly named: number
  readonly synced: number
  readonly checkpoint: Checkpoint
  readonly renamed: Checkpoint
}

/** What a crash or a bit flip has left of a commit: bytes that don't match their checksum. */
export const Torn: Frame = [0]

export const InitDisk: Disk = {
  status: "up",
  saved: 0,
  memory: [],
  acknowledged: 0,
  released: 0,
  segments: [[]],
  trimmed: 0,
  named: 1,
  synced: 0,
  checkpoint: { records: [], first: 1 },
  renamed: { records: [], first: 1 }
}

const isTorn = (frame: Frame | undefined): boolean => frame?.[0] === 0

const last = (d: Disk): Segment => d.segments.at(-1)!

const withLast = (d: Disk, segment: Segment): Disk => ({ ...d, segments: [...d.segments.slice(0, -1), segment] })

/** The numbers from `from` to `to`. */
const range = (from: number, to: number): ReadonlyArray<number> => Array.from({ length: Math.max(0, to - from + 1) }, (_, k) => from + k)

export const IsPrefix = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): boolean =>
  a.length <= b.length && a.every((record, k) => record === b[k])

/** Without the torn tail of the last segment, if it has one. */
export const Mended = (d: Disk): Disk => isTorn(last(d).at(-1)) ? withLast(d, last(d).slice(0, -1)) : d

/** The frames that go after the checkpoint, in order. */
export const Frames = (d: Disk): ReadonlyArray<Frame> => d.segments.slice(d.renamed.first - 1).flat()

/** What is read. */
export const Read = (d: Disk): ReadonlyArray<number> => [...d.renamed.records, ...Frames(Mended(d)).flat()]

/**
 * Whether nothing is missing or damaged but a tail. A commit is written only when all before is durable: so what anything
 * follows was durable once, and no crash explains its damage.
 */
export const Sound = (d: Disk): boolean => d.trimmed < d.renamed.first && !Frames(Mended(d)).some(isTorn)

/** What is on the disk whatever is lost. */
export const Durable = (d: Disk): Disk => {
  const segments = d.segments.slice(0, d.named)
  const kept = d.named < d.segments.length ? segments : [...segments.slice(0, -1), last(d).slice(0, d.synced)]
  return { ...d, segments: kept, renamed: d.checkpoint }
}

const isDurable = (d: Disk): boolean =>
  d.named === d.segments.length && d.synced === last(d).length && isDeepStrictEqual(d.checkpoint, d.renamed)

/** Nothing is under way: all is durable, and there is a file to write to. */
export const Idle = (d: Disk): boolean => d.status === "up" && isDurable(d) && d.segments.length >= d.checkpoint.first

/** A record is given to the disk; the server goes on at once. */
export const Save = (d: Disk): ReadonlyArray<Disk> =>
  d.status !== "up" ? [] : [{ ...d, saved: d.saved + 1, memory: [...d.memory, d.saved + 1] }]

/** Appends a frame to the last segment. */
export const Put = (d: Disk, frame: Frame): Disk => withLast(d, [...last(d), frame])

/** Some of the records that wait are written as one commit. */
export const Write = (d: Disk): ReadonlyArray<Disk> => {
  if (!Idle(d)) return []
  const written = Read(d).length
  return range(written + 1, d.memory.length).map((n) => Put(d, d.memory.slice(written, n)))
}

/** The commit is durable, and only now acknowledged. */
export const Sync = (d: Disk): ReadonlyArray<Disk> =>
  d.status !== "up" || d.synced === last(d).length
    ? []
    : [{ ...d, synced: last(d).length, acknowledged: Read(d).length }]

/** The disk takes only a part of a commit (it is full): nobody knows what is durable, so the server stops for ever. */
export const WriteFails = (d: Disk): ReadonlyArray<Disk> =>
  !Idle(d) || Read(d).length === d.memory.length ? [] : [{ ...Put(d, Torn), status: "stopped" }]

/** The same when it refuses a sync, or anything else: what that was for may be durable, or not. */
export const SyncFails = (d: Disk): ReadonlyArray<Disk> => d.status !== "up" ? [] : [{ ...d, status: "stopped" }]

/** A new file, renamed to be the last segment. */
export const NewSegment = (d: Disk): ReadonlyArray<Disk> =>
  d.status !== "up" || !isDurable(d) || (Idle(d) && last(d).length === 0)
    ? []
    : [{ ...d, segments: [...d.segments, []], synced: 0 }]

/** A new checkpoint takes the old one's name. It makes the segments so far superfluous. */
export const Compact = (d: Disk): ReadonlyArray<Disk> =>
  !Idle(d)
    ? []
    : range(Read(d).length + 1, d.memory.length).map((n) => ({
      ...d,
      renamed: { records: d.memory.slice(0, n), first: d.segments.length + 1 }
    }))

/** What nobody will ever read again doesn't count. */
export const Forget = (d: Disk): Disk => ({
  ...d,
  segments: d.segments.map((segment, n) => n + 1 < d.checkpoint.first ? [] : segment),
  synced: d.segments.length < d.checkpoint.first ? 0 : d.synced
})

/** Names are durable, and only now what they name is acknowledged. */
export const SyncFolder = (d: Disk): ReadonlyArray<Disk> =>
  d.status !== "up" || (d.named === d.segments.length && isDeepStrictEqual(d.checkpoint, d.renamed))
    ? []
    : [Forget({ ...d, named: d.segments.length, checkpoint: d.renamed, acknowledged: Read(d).length })]

/** Superfluous segments are removed, once the next one is there. */
export const Trim = (d: Disk): ReadonlyArray<Disk> =>
  !Idle(d) ? [] : range(d.trimmed + 1, d.checkpoint.first - 1).map((n) => ({ ...d, trimmed: n }))

/** Messages leave that rely on what is acknowledged. */
export const Release = (d: Disk): ReadonlyArray<Disk> =>
  d.status !== "up" || d.released === d.acknowledged ? [] : [{ ...d, released: d.acknowledged }]

/** The process ends. What was written is read still, durable or not. */
export const Kill = (d: Disk): ReadonlyArray<Disk> =>
  d.status !== "up" && d.status !== "stopped" ? [] : [{ ...d, status: "down" }]

/** What a power cut may leave of the segments: of what isn't durable any suffix is lost, its first frame perhaps torn. */
export const Survivors = (d: Disk): ReadonlyArray<ReadonlyArray<Segment>> => {
  const front = d.segments.slice(0, -1)
  const frames = last(d).length
  const torn = range(d.synced, frames - 1).map((k) => [...front, [...last(d).slice(0, k), Torn]])
  return [
    ...range(d.named, d.segments.length - 1).map((n) => d.segments.slice(0, n)),
    ...range(d.synced, frames).map((k) => [...front, last(d).slice(0, k)]),
    // A frame that was torn before is no other one when it is torn again.
    ...torn.filter((segments) => !isDeepStrictEqual(segments, d.segments))
  ]
}

/** The power fails. What is left is durable. (Removed segments may come back.) */
export const PowerCut = (d: Disk): ReadonlyArray<Disk> => {
  if (d.status === "refused" || (d.status === "down" && isDurable(d))) return []
  const checkpoints = isDeepStrictEqual(d.checkpoint, d.renamed) ? [d.checkpoint] : [d.checkpoint, d.renamed]
  return Survivors(d).flatMap((segments) =>
    checkpoints.flatMap((c) =>
      range(0, d.trimmed).map((n) =>
        Forget({
          ...d,
          status: "down",
          segments,
          named: segments.length,
          synced: segments.at(-1)!.length,
          checkpoint: c,
          renamed: c,
          trimmed: n
        })
      )
    )
  )
}

/** A bit flips, in a frame that something follows. (Of the last one nobody could tell that it was whole once.) */
export const Damage = (d: Disk): ReadonlyArray<Disk> => {
  if (d.status !== "down" || !isDurable(d)) return []
  return d.segments.flatMap((segment, n) =>
    segment.flatMap((_, k): ReadonlyArray<Disk> => {
      const follows = n < d.segments.length - 1 || (k + 1 < segment.length && !isTorn(segment[k + 1]))
      if (n + 1 < d.renamed.first || !follows) return []
      return [{ ...d, segments: d.segments.with(n, segment.with(k, Torn)) }]
    })
  )
}

/** The server starts with what it reads, and makes that durable before it believes it; or it won't start. */
export const Recover = (d: Disk): ReadonlyArray<Disk> => {
  if (d.status !== "down") return []
  if (!Sound(d)) return [{ ...d, status: "refused" }]
  const m = Mended(d)
  const memory = Read(d)
  return [Forget({
    ...m,
    status: "up",
    memory,
    acknowledged: memory.length,
    released: memory.length,
    named: m.segments.length,
    synced: last(m).length,
    checkpoint: m.renamed
  })]
}

/** What may still happen, in a model; the budgets of the actions. */
export interface Left {
  readonly saves: number
  readonly segments: number
  readonly compactions: number
  readonly fails: number
  readonly crashes: number
  readonly damages: number
}

/** The actions by the names that they have in the specification's `Next`, and the budgets that they use up. */
export const DiskActions: ReadonlyArray<{
  readonly name: string
  readonly spends?: keyof Left
  readonly outcomes: (d: Disk) => ReadonlyArray<Disk>
}> = [
  { name: "SaveAction", spends: "saves", outcomes: Save },
  { name: "WriteAction", outcomes: Write },
  { name: "SyncAction", outcomes: Sync },
  { name: "WriteFailsAction", spends: "fails", outcomes: WriteFails },
  { name: "SyncFailsAction", spends: "fails", outcomes: SyncFails },
  { name: "NewSegmentAction", spends: "segments", outcomes: NewSegment },
  { name: "CompactAction", spends: "compactions", outcomes: Compact },
  { name: "SyncFolderAction", outcomes: SyncFolder },
  { name: "TrimAction", outcomes: Trim },
  { name: "ReleaseAction", outcomes: Release },
  { name: "KillAction", spends: "crashes", outcomes: Kill },
  { name: "PowerCutAction", spends: "crashes", outcomes: PowerCut },
  { name: "DamageAction", spends: "damages", outcomes: Damage },
  { name: "RecoverAction", outcomes: Recover }
]

/** What was acknowledged is never lost, whatever else is; unless a damaged disk says so. */
export const AcknowledgedIsDurable = (disk: Disk): boolean => {
  const d = Durable(disk)
  return !Sound(d) || IsPrefix(disk.memory.slice(0, disk.acknowledged), Read(d))
}

/** Nothing leaves before the sync that covers it. */
export const ReleasedIsCovered = (disk: Disk): boolean => {
  const d = Durable(disk)
  return !Sound(d) || IsPrefix(disk.memory.slice(0, disk.released), Read(d))
}

/** Only damage keeps a server from starting. */
export const OnlyDamageIsRefused = (disk: Disk, left: Left, budgets: Left): boolean =>
  disk.status !== "refused" || left.damages < budgets.damages

/** What is recovered is a prefix of what was saved, never a middle, with all in it that was acknowledged. */
export const RecoveredIsAPrefix = (before: Disk, after: Disk): boolean =>
  before.status !== "down" || after.status !== "up"
  || (IsPrefix(after.memory, before.memory) && IsPrefix(before.memory.slice(0, before.acknowledged), after.memory))
