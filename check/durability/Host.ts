/** A server with its disk: what of its steps is durable, what may leave, and what a crash may make of it. */
import { canonical } from "../explorer/Intern.ts"
import type { Message, Step } from "../../src/raft/Message.ts"
import { Restart } from "../../src/raft/Raft.ts"
import { lastIndex } from "../../src/raft/Server.ts"
import type { Server } from "../../src/raft/Server.ts"
import { perform, persistent } from "../../src/shell/Perform.ts"
import type { Persistent } from "../../src/shell/Perform.ts"

export interface Host {
  /** In memory: ahead of the disk. */
  readonly server: Server
  /** What is durable. */
  readonly disk: Persistent
  /** Saved since, in order, and not synced yet: of these a crash keeps as many as it likes, from the first on. */
  readonly unsynced: ReadonlyArray<Persistent>
  /** What may leave only after the sync. */
  readonly held: ReadonlyArray<Message>
}

/** One with everything durable. */
export const settledHost = (server: Server): Host => ({ server, disk: persistent(server), unsynced: [], held: [] })

const same = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b)

/** A step in memory. What `perform` sends before it saves leaves at once (`sends`); what comes after waits for the sync. */
export const begin = (
  host: Host,
  step: Step,
  effects = perform
): { readonly host: Host; readonly sends: ReadonlyArray<Message> } => {
  const sends: Array<Message> = []
  let { held, unsynced } = host
  let saved = false
  for (const effect of effects(step)) {
    if (effect.type === "save") {
      saved = true
      // A record that says nothing new needs no sync of its own.
      if (!same(effect.state, unsynced.at(-1) ?? host.disk)) unsynced = [...unsynced, effect.state]
    } else if (!saved || unsynced.length === 0) sends.push(effect.message)
    else held = [...held, effect.message]
  }
  return { host: { server: step.server, disk: host.disk, unsynced, held }, sends }
}

/** What is left of a host: the server that starts again, how many records of those not synced it has, and what was sent. */
export interface Survivor {
  readonly found: Persistent
  readonly server: Server
  readonly kept: number
  readonly sends: ReadonlyArray<Message>
}

/** A crash between any two effects: before the sync, with any of the records; after it, with some of the messages sent. */
export const survivors = (host: Host): ReadonlyArray<Survivor> => {
  const after = (found: Persistent, kept: number, sends: ReadonlyArray<Message>): Survivor => ({
    found,
    // What the rule must not keep is still there.
    server: Restart({ ...host.server, ...found }).server,
    kept,
    sends
  })
  const records = [host.disk, ...host.unsynced]
  return [
    ...records.map((found, kept) => after(found, kept, [])),
    ...host.held.map((_, n) => after(records.at(-1)!, host.unsynced.length, host.held.slice(0, n + 1)))
  ]
}

/** Whether what the message promises is on its sender's disk, or that has gone on to a later term (diss. 3.8). */
export const promiseKept = ({ currentTerm, log, votedFor }: Persistent, m: Message): boolean => {
  if (currentTerm !== m.term) return currentTerm > m.term
  switch (m.type) {
    case "RequestVoteRequest":
      return votedFor === m.source
    case "RequestVoteResponse":
      return !m.voteGranted || votedFor === m.dest
    case "AppendEntriesRequest":
      return lastIndex(log) >= m.prevLogIndex + m.entries.length
    case "AppendEntriesResponse":
      return lastIndex(log) >= m.matchIndex
    case "InstallSnapshotRequest":
      return log.lastIncludedIndex >= m.lastIncludedIndex
    case "InstallSnapshotResponse":
      return !m.done || lastIndex(log) >= m.lastIncludedIndex
    default:
      return true
  }
}
