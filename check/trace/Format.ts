/**
 * The trace format, version 3: what one line of a trace file holds. traces/README.md says what each field means.
 */
import * as Data from "effect/Data"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import type { Server, ServerId } from "../../src/raft/Server.ts"
import type { Message } from "../../src/raft/Message.ts"
import { worldActions } from "../raft/Actions.ts"
import { SettingsSchema } from "../../src/shell/Configuration.ts"

/** TLC counts to 2^31 - 1, and the rules add one. */
const most = 2 ** 31 - 2
const Nat = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: most }))
const Positive = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: most }))
const Id = Schema.String.check(Schema.isPattern(/^s[1-9][0-9]*$/))
/** Equal sets are equal arrays. */
const IdSet = Schema.Array(Id).check(
  Schema.makeFilter((ids) => ids.every((id, n) => n === 0 || ids[n - 1]! < id) || "expected sorted ids, each once")
)
const Indexes = Schema.Record(Id, Nat)
const Pieces = Schema.Array(Schema.String)

const EntrySchema = Schema.Struct({ term: Nat, type: Schema.Literals(["noop", "command"]), value: Schema.String })

const envelope = { source: Id, dest: Id, term: Nat }
const MessageSchema = Schema.Union([
  Schema.Struct({ type: Schema.Literal("PreVoteRequest"), ...envelope, lastLogIndex: Nat, lastLogTerm: Nat }),
  Schema.Struct({ type: Schema.Literal("PreVoteResponse"), ...envelope, voteGranted: Schema.Boolean }),
  Schema.Struct({ type: Schema.Literal("RequestVoteRequest"), ...envelope, lastLogIndex: Nat, lastLogTerm: Nat }),
  Schema.Struct({ type: Schema.Literal("RequestVoteResponse"), ...envelope, voteGranted: Schema.Boolean }),
  Schema.Struct({
    type: Schema.Literal("AppendEntriesRequest"),
    ...envelope,
    prevLogIndex: Nat,
    prevLogTerm: Nat,
    entries: Schema.Array(EntrySchema),
    leaderCommit: Nat
  }),
  Schema.Struct({
    type: Schema.Literal("AppendEntriesResponse"),
    ...envelope,
    success: Schema.Boolean,
    matchIndex: Nat,
    rejectedIndex: Nat,
    conflictTerm: Nat,
    conflictIndex: Nat
  }),
  Schema.Struct({
    type: Schema.Literal("InstallSnapshotRequest"),
    ...envelope,
    lastIncludedIndex: Nat,
    lastIncludedTerm: Nat,
    members: IdSet,
    offset: Nat,
    data: Pieces,
    done: Schema.Boolean
  }),
  Schema.Struct({
    type: Schema.Literal("InstallSnapshotResponse"),
    ...envelope,
    lastIncludedIndex: Nat,
    offset: Nat,
    done: Schema.Boolean
  })
])

const Role = Schema.Literals(["follower", "preCandidate", "candidate", "leader"])

const Snapshot = Schema.Struct({ members: IdSet, data: Pieces })
const Partial = Schema.Struct({ lastIncludedIndex: Nat, data: Pieces })

/** All of a server but what a trace says elsewhere: `id` is the line's node, `settings` are the header's. */
const State = Schema.Struct({
  members: IdSet,
  currentTerm: Nat,
  votedFor: Schema.NullOr(Id),
  log: Schema.Struct({ lastIncludedIndex: Nat, lastIncludedTerm: Nat, entries: Schema.Array(EntrySchema) }),
  snapshot: Snapshot,
  role: Role,
  votesGranted: IdSet,
  commitIndex: Nat,
  lastApplied: Nat,
  leaderContact: Schema.Boolean,
  partial: Partial,
  nextIndex: Indexes,
  matchIndex: Indexes,
  pipelined: IdSet,
  snapshotOffset: Indexes,
  recentActive: IdSet
})

/** The fields that changed; a new snapshot has the whole state. The new log is the old one up to and including index `keep`, then `append`. */
const Change = Schema.Struct({
  members: Schema.optionalKey(IdSet),
  currentTerm: Schema.optionalKey(Nat),
  votedFor: Schema.optionalKey(Schema.NullOr(Id)),
  log: Schema.optionalKey(Schema.Struct({ keep: Nat, append: Schema.Array(EntrySchema) })),
  role: Schema.optionalKey(Role),
  votesGranted: Schema.optionalKey(IdSet),
  commitIndex: Schema.optionalKey(Nat),
  lastApplied: Schema.optionalKey(Nat),
  leaderContact: Schema.optionalKey(Schema.Boolean),
  partial: Schema.optionalKey(Partial),
  nextIndex: Schema.optionalKey(Indexes),
  matchIndex: Schema.optionalKey(Indexes),
  pipelined: Schema.optionalKey(IdSet),
  snapshotOffset: Schema.optionalKey(Indexes),
  recentActive: Schema.optionalKey(IdSet)
})

/** A message by who sent it: in which of its steps, and at which position (from 1) among that step's messages. */
const Name = { node: Id, number: Positive, position: Positive }

/** The first line of a trace. */
export const Header = Schema.Struct({
  format: Schema.Literal("lockstep-trace"),
  version: Schema.Literal(3),
  servers: IdSet.check(Schema.isMinLength(1)),
  settings: SettingsSchema,
  seed: Schema.NullOr(Schema.Int),
  tools: Schema.Record(Schema.String, Schema.String)
})
export type Header = typeof Header.Type

/** Every other line of a trace: one step. */
export const Line = Schema.Struct({
  node: Id,
  number: Positive,
  action: Schema.Literals(worldActions),
  values: Schema.optionalKey(Schema.Array(Schema.String).check(Schema.isMinLength(1))),
  consumed: Schema.optionalKey(Schema.Struct({ ...Name, message: MessageSchema })),
  sends: Schema.Array(MessageSchema),
  resetElectionTimer: Schema.Boolean,
  state: Schema.optionalKey(State),
  change: Schema.optionalKey(Change)
})
export type Line = typeof Line.Type
export type State = typeof State.Type
export type Change = typeof Change.Type

/** The file can't be read as a trace: bad input. */
export class TraceError extends Data.TaggedError("TraceError")<{
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly reason: string
}> {
  override readonly [Runtime.errorExitCode] = 2

  override get message(): string {
    return `${this.file}:${this.line}: ${this.reason}`
  }
}

/** One step of a trace. */
export interface TraceStep {
  /** Its line in the file, from 1. */
  readonly line: number
  readonly node: ServerId
  readonly number: number
  /** The world's action in spec/World.tla. */
  readonly action: Line["action"]
  /** What clients asked for, in a ClientRequestAction. */
  readonly values: ReadonlyArray<string> | undefined
  /** What is consumed, in the action of a message: which step sent it, at which position (from 1), and what arrived. */
  readonly consumed:
    | { readonly sender: TraceStep; readonly position: number; readonly message: Message }
    | undefined
  readonly before: Server
  readonly after: Server
  readonly sends: ReadonlyArray<Message>
  readonly resetElectionTimer: boolean
}

/** A trace that could be read: its steps in the order of the file, without those that a crash has undone. */
export interface Trace {
  readonly file: string
  readonly header: Header
  readonly steps: ReadonlyArray<TraceStep>
  /** How many steps crashes have undone. */
  readonly lost: number
  /**
   * Of a slice that goes on where another ends: so many of its first steps stand there only for what they have sent, and
   * where each node is then.
   */
  readonly slice?: { readonly earlier: number; readonly start: Readonly<Record<ServerId, Server>> }
}
