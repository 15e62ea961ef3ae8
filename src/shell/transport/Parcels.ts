/**
 * Parcels as the body of a frame: a JSON array of `[number, position, message]`.
 *
 * The decoder is the border: behind it, the rules of src/raft count on every message being one that a server of this
 * cluster can have sent. It is written by hand because it runs for every message; a Schema takes several times as long.
 */
import { isUtf8 } from "node:buffer"
import type { Message } from "../../raft/Message.ts"
import type { Entry, ServerId } from "../../raft/Server.ts"
import type { Parcel } from "../Transport.ts"

/** One way between two servers. */
export interface Way {
  readonly source: ServerId
  readonly dest: ServerId
  /** All servers of the cluster, sorted. */
  readonly members: ReadonlyArray<ServerId>
}

export const encodeParcel = ({ message, number, position }: Parcel): string =>
  JSON.stringify([number, position, message])

/** A frame's body, of parcels that are encoded already. */
export const join = (encoded: ReadonlyArray<string>): string => `[${encoded.join(",")}]`

/** What came on this way; a string says why it isn't parcels. Fields that no message has are left out. */
export const decodeParcels = (way: Way, body: Buffer): ReadonlyArray<Parcel> | string => {
  // Else a damaged value would come through, as another one.
  if (!isUtf8(body)) return "not UTF-8"
  let found: unknown
  try {
    found = JSON.parse(body.toString())
  } catch {
    return "not JSON"
  }
  if (!Array.isArray(found) || found.length === 0) return "no parcels"
  const parcels: Array<Parcel> = []
  for (const item of found as ReadonlyArray<unknown>) {
    const parcel = Array.isArray(item) && item.length === 3 ? parcelFrom(way, item[0], item[1], item[2]) : undefined
    if (parcel === undefined) {
      return `item ${parcels.length + 1} of ${found.length} isn't a message that could be sent here`
    }
    parcels.push(parcel)
  }
  return parcels
}

const parcelFrom = (way: Way, number: unknown, position: unknown, value: unknown): Parcel | undefined => {
  if (!isPositive(number) || !isPositive(position) || !isObject(value)) return undefined
  const message = messageFrom(way, value)
  return message === undefined ? undefined : { number, position, message }
}

/** The rules add to what they are told: what is at most half of 2^53 stays exact. */
const most = 2 ** 52
const isNatural = (x: unknown): x is number => typeof x === "number" && x >= 0 && x <= most && Math.floor(x) === x
const isPositive = (x: unknown): x is number => isNatural(x) && x > 0
const isBoolean = (x: unknown): x is boolean => typeof x === "boolean"

type Fields = Readonly<Record<string, unknown>>
const isObject = (x: unknown): x is Fields => typeof x === "object" && x !== null

/** Whether there can be an entry of this term at this index; the place before the first entry has 0 for both. */
const isPlace = (index: number, term: number): boolean => (index === 0) === (term === 0)

const messageFrom = ({ dest, members, source }: Way, m: Fields): Message | undefined => {
  const { term, type } = m
  if (m.source !== source || m.dest !== dest || !isNatural(term)) return undefined
  // Only who asks whether to campaign may be in no term yet.
  if (term === 0 && type !== "PreVoteRequest" && type !== "PreVoteResponse") return undefined
  switch (type) {
    case "PreVoteRequest":
    case "RequestVoteRequest": {
      const { lastLogIndex, lastLogTerm } = m
      if (!isNatural(lastLogIndex) || !isNatural(lastLogTerm) || lastLogTerm > term) return undefined
      return isPlace(lastLogIndex, lastLogTerm) ? { type, source, dest, term, lastLogIndex, lastLogTerm } : undefined
    }
    case "PreVoteResponse":
    case "RequestVoteResponse": {
      const { voteGranted } = m
      return isBoolean(voteGranted) ? { type, source, dest, term, voteGranted } : undefined
    }
    case "AppendEntriesRequest": {
      const { leaderCommit, prevLogIndex, prevLogTerm } = m
      if (!isNatural(prevLogIndex) || !isNatural(prevLogTerm) || !isNatural(leaderCommit)) return undefined
      if (!isPlace(prevLogIndex, prevLogTerm)) return undefined
      const entries = entriesFrom(m.entries, prevLogTerm, term)
      if (entries === undefined) return undefined
      return { type, source, dest, term, prevLogIndex, prevLogTerm, entries, leaderCommit }
    }
    case "AppendEntriesResponse": {
      const { conflictIndex, conflictTerm, matchIndex, rejectedIndex, success } = m
      if (!isBoolean(success) || !isNatural(matchIndex) || !isNatural(rejectedIndex)) return undefined
      if (!isNatural(conflictTerm) || !isNatural(conflictIndex)) return undefined
      const rejects = rejectedIndex + conflictTerm + conflictIndex > 0
      if (success ? rejects : matchIndex > 0) return undefined
      // A conflict is at or before what was rejected: else the leader would not back up.
      if (conflictIndex > rejectedIndex) return undefined
      return { type, source, dest, term, success, matchIndex, rejectedIndex, conflictTerm, conflictIndex }
    }
    case "InstallSnapshotRequest": {
      const { data, done, lastIncludedIndex, lastIncludedTerm, offset } = m
      if (!isPositive(lastIncludedIndex) || !isPositive(lastIncludedTerm) || lastIncludedTerm > term) return undefined
      if (!isNatural(offset) || !isBoolean(done)) return undefined
      // The configuration never changes. One that differs would make a cluster of its own of whoever installs it.
      if (!Array.isArray(m.members) || m.members.length !== members.length) return undefined
      for (let n = 0; n < members.length; n++) if (m.members[n] !== members[n]) return undefined
      if (!Array.isArray(data) || !data.every((piece) => typeof piece === "string")) return undefined
      return { type, source, dest, term, lastIncludedIndex, lastIncludedTerm, members, offset, data, done }
    }
    case "InstallSnapshotResponse": {
      const { done, lastIncludedIndex, offset } = m
      if (!isNatural(lastIncludedIndex) || !isNatural(offset) || !isBoolean(done)) return undefined
      return { type, source, dest, term, lastIncludedIndex, offset, done }
    }
    default:
      return undefined
  }
}

/** Terms never fall along a log, from the term of the entry before to the leader's own. */
const entriesFrom = (found: unknown, prevLogTerm: number, term: number): ReadonlyArray<Entry> | undefined => {
  if (!Array.isArray(found) || prevLogTerm > term) return undefined
  const entries: Array<Entry> = []
  let least = Math.max(prevLogTerm, 1)
  for (const entry of found as ReadonlyArray<unknown>) {
    if (!isObject(entry)) return undefined
    const { type, value } = entry
    if (!isNatural(entry.term) || entry.term < least || entry.term > term || typeof value !== "string") return undefined
    if (type !== "command" && (type !== "noop" || value !== "")) return undefined
    least = entry.term
    entries.push({ term: least, type, value })
  }
  return entries
}
