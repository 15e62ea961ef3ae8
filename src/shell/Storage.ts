/**
 * Stable storage of one server: what Figure 2 calls persistent state, and the snapshot of Figure 13.
 *
 * The contract, which check/storage holds every layer to:
 * - `save` has succeeded only when its record is durable. After a crash at any moment the disk holds all of a record or
 *   nothing of it, and never one without those saved before it.
 * - Saves that arrive while others are being made durable share the next sync, in the order of their arrival. The event
 *   loop goes on meanwhile.
 * - After a write or a sync has failed nobody knows what is durable: everything is refused from then on (`stopped`), and
 *   the server must end. The save that failed, or was interrupted, may be found on the disk after all, or not.
 * - What can't be read is an error and never left out, but for a tail that a crash has cut short, which no save waited for.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type { Entry, Index, ServerId, Snapshot, Term } from "../raft/Server.ts"
import type { Persistent } from "./Perform.ts"

/** What replaces the log up to and including `lastIncludedIndex`. */
export interface SnapshotChange extends Snapshot {
  readonly lastIncludedIndex: Index
  readonly lastIncludedTerm: Term
}

/** One batch's worth of change, saved as a whole. */
export interface StorageRecord {
  /** Of the last step that it covers, by the server's own count from 1: it grows from record to record. */
  readonly sequence: number
  readonly currentTerm: Term
  readonly votedFor: ServerId | null
  /** The new log is the old one up to and including index `keep`, then `append`. */
  readonly log: { readonly keep: Index; readonly append: ReadonlyArray<Entry> }
  /** Replaces what the log holds up to its last included index, before the change to the log. */
  readonly snapshot?: SnapshotChange
}

/** What the durable records amount to. */
export interface Durable extends Omit<Persistent, "snapshot"> {
  /** The last record's. */
  readonly sequence: number
  /** The last one, if there was any; its index and term are the log's `lastIncludedIndex` and `lastIncludedTerm`. */
  readonly snapshot: Snapshot | null
}

export interface Fault {
  /**
   * `corrupt`: what is stored isn't what was written. `foreign`: it isn't ours, or of another version.
   * `locked`: another process has it. `failed`: the disk refused. `stopped`: closed, or something failed before.
   */
  readonly kind: "corrupt" | "foreign" | "locked" | "failed" | "stopped"
  readonly file: string
  /** In bytes, where the file can't be read. */
  readonly offset?: number
  readonly reason: string
}

/** The world failed, not the program. A server that meets one ends, and a person decides. */
export class StorageError extends Data.TaggedError("StorageError")<Fault> {
  override readonly message = this.offset === undefined
    ? `${this.file}: ${this.reason}`
    : `${this.file}, byte ${this.offset}: ${this.reason}`
  override readonly [Runtime.errorExitCode] = 2
}

export class Storage extends Context.Service<Storage, {
  /** What is durable now; `undefined` if nothing was ever saved here. */
  readonly load: Effect.Effect<Durable | undefined, StorageError>
  /** Completes when the record is durable. A record that doesn't follow from what is stored is a defect, and not written. */
  readonly save: (record: StorageRecord) => Effect.Effect<void, StorageError>
}>()("lockstep/shell/Storage") {}
