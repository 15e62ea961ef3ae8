/** Types of messages, and actions of the world, by name. */
import type { Message } from "../../src/raft/Message.ts"
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
