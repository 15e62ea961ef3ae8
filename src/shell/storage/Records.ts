/** What the frames of the log hold: the records of a commit, or, in the checkpoint, what all records so far amount to. */
import type { Entry } from "../../raft/Server.ts"
import { entryOf, pack, type Row, rowsOf, type Unpacked, unpack } from "../Packed.ts"
import type { StorageRecord } from "../Storage.ts"
import type { Image } from "./Image.ts"

/** A record without a snapshot, as a head has it; with one, it becomes a checkpoint. */
interface RecordHead extends Omit<StorageRecord, "log" | "snapshot"> {
  readonly log: { readonly keep: number; readonly append: ReadonlyArray<Row> }
}

export const packRecords = (records: ReadonlyArray<StorageRecord>): Buffer => {
  const texts: Array<string> = []
  const heads = records.map(({ currentTerm, log: { append, keep }, sequence, votedFor }): RecordHead => ({
    sequence,
    currentTerm,
    votedFor,
    log: { keep, append: rowsOf(append, texts) }
  }))
  return pack(heads, texts)
}

/** The records that `packRecords` made this of. Its checksum has been looked at. */
export const recordsIn = (payload: Buffer): ReadonlyArray<StorageRecord> => {
  const packed = sound(unpack(payload))
  return (packed.head as ReadonlyArray<RecordHead>).map(({ log: { append, keep }, ...record }): StorageRecord => ({
    ...record,
    log: { keep, append: entriesOf(append, packed) }
  }))
}

/** What the checkpoint's only frame holds. */
export interface Checkpoint {
  /** The segment that goes on where the image ends. */
  readonly first: number
  readonly image: Image
}

interface CheckpointHead {
  readonly first: number
  readonly image: Omit<Image, "entries" | "snapshot"> & {
    readonly entries: ReadonlyArray<Row>
    /** With the lengths of its pieces. */
    readonly snapshot: { readonly members: ReadonlyArray<string>; readonly data: ReadonlyArray<number> } | null
  }
}

export const packCheckpoint = ({ first, image }: Checkpoint): Buffer => {
  const texts: Array<string> = []
  const entries = rowsOf(image.entries, texts)
  const snapshot = image.snapshot && { members: image.snapshot.members, data: image.snapshot.data.map((piece) => piece.length) }
  const head: CheckpointHead = { first, image: { ...image, entries, snapshot } }
  return pack(head, image.snapshot === null ? texts : [...texts, ...image.snapshot.data])
}

/** The checkpoint that `packCheckpoint` made this of. Its checksum has been looked at. */
export const checkpointIn = (payload: Buffer): Checkpoint => {
  const packed = sound(unpack(payload))
  const { first, image } = packed.head as CheckpointHead
  const entries = entriesOf(image.entries, packed)
  const snapshot = image.snapshot && { members: image.snapshot.members, data: image.snapshot.data.map((length) => packed.text(length)!) }
  return { first, image: { ...image, entries, snapshot } }
}

const sound = (found: Unpacked | string): Unpacked => {
  if (typeof found === "string") throw new Error(`a frame with a sound checksum isn't packed: ${found}`)
  return found
}

const entriesOf = (rows: ReadonlyArray<Row>, packed: Unpacked): Array<Entry> => rows.map((row) => entryOf(row, packed)!)
