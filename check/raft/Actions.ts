/** Types of messages, and actions of the world, by name. */
import type { Message } from "../../src/raft/Message.ts"
import { entriesFrom, lastIndex } from "../../src/raft/Server.ts"
import type { Server } from "../../src/raft/Server.ts"
import { Actions } from "../../src/raft/World.ts"

/** A record, so that none is forgotten. */
const types: Readonly<Record<Message["type"], true>> = {
  PreVoteRequest: true,
  PreVoteResponse: true,
  RequestVoteRequest: true,
  RequestVoteResponse: true,
  AppendEntriesRequest: true,
  AppendEntriesResponse: true,
  InstallSnapshotRequest: true,
  InstallSnapshotResponse: true
}

export const messageTypes = Object.keys(types) as ReadonlyArray<Message["type"]>

/** The actions of spec/World.tla that have a server for parameter, in its order. */
export const worldActions: ReadonlyArray<string> = [
  ...Actions.map(({ name }) => name),
  ...messageTypes.map((type) => `Receive${type}`)
]

/** What clients have asked for with a ClientRequestAction: the leader's last entries then. */
export const requested = (before: Server, after: Server): ReadonlyArray<string> =>
  entriesFrom(after.log, lastIndex(before.log) + 1, lastIndex(after.log)).map(({ value }) => value)
