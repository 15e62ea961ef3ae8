/**
 * Parcels as the body of a frame: packed, with the head `[[number, position, message], …]`. The values of entries are texts
 * beside it, and so are the pieces of a snapshot: a message has their rows, and their lengths.
 *
 * The decoder is the border: behind it, the rules of src/raft count on every message being one that a server of this
 * cluster can have sent. It is written by hand because it runs for every message; a Schema takes several times as long.
 */
import type { Message } from "../../raft/Message.ts"
import type { Entry, ServerId } from "../../raft/Server.ts"
import { entryOf, pack, rowsOf, unpack } from "../Packed.ts"
import type { Row, Unpacked } from "../Packed.ts"
import type { Parcel } from "../Transport.ts"

/** One way between two servers. */
export interface Way {
  readonly source: ServerId
  readonly dest: ServerId
  /** All servers of the cluster, sorted. */
  readonly members: ReadonlyArray<ServerId>
}

/** The message as a head has it; its texts are added to `texts`. */
const messageHead = (m: Message, texts: Array<string>): object => {
  switch (m.type) {
    case "AppendEntriesRequest":
      return { ...m, entries: rowsOf(m.entries, texts) }
    case "InstallSnapshotRequest":
      texts.push(...m.data)
      return { ...m, data: m.data.map((piece) => piece.length) }
    default:
      return m
  }
}

export const encodeParcels = (parcels: ReadonlyArray<Parcel>): Buffer => {
  const texts: Array<string> = []
  return pack(parcels.map(({ message, number, position }) => [number, position, messageHead(message, texts)]), texts)
}

/** What came on this way; a string says why it isn't parcels. Fields that no message has are left out. */
export const decodeParcels = (way: Way, body: Buffer): ReadonlyArray<Parcel> | string => {
  const found = unpack(body)
  if (typeof found === "string") return found
  const { head } = found
  if (!Array.isArray(head) || head.length === 0) return "no parcels"
  const parcels: Array<Parcel> = []
  for (const item of head as ReadonlyArray<unknown>) {
    const parcel = Array.isArray(item) && item.length === 3 ? parcelFrom(way, item, found) : undefined
    if (parcel === undefined) {
      return `item ${parcels.length + 1} of ${head.length} isn't a message that could be sent here`
    }
    parcels.push(parcel)
  }
  return found.done ? parcels : "more than its parcels"
}

const parcelFrom = (way: Way, [number, position, value]: ReadonlyArray<unknown>, texts: Unpacked): Parcel | undefined => {
  if (!isPositive(number) || !isPositive(position) || !isObject(value)) return undefined
  const message = messageFrom(way, value, texts)
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

const messageFrom = ({ dest, members, source }: Way, m: Fields, texts: Unpacked): Message | undefined => {
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
      const entries = entriesFrom(m.entries, prevLogTerm, term, texts)
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
      const { done, lastIncludedIndex, lastIncludedTerm, offset } = m
      if (!isPositive(lastIncludedIndex) || !isPositive(lastIncludedTerm) || lastIncludedTerm > term) return undefined
      if (!isNatural(offset) || !isBoolean(done)) return undefined
      // The configuration never changes. One that differs would make a cluster of its own of whoever installs it.
      if (!Array.isArray(m.members) || m.members.length !== members.length) return undefined
      for (let n = 0; n < members.length; n++) if (m.members[n] !== members[n]) return undefined
      const pieces = piecesFrom(m.data, texts)
      if (pieces === undefined) return undefined
      return { type, source, dest, term, lastIncludedIndex, lastIncludedTerm, members, offset, data: pieces, done }
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
const entriesFrom = (found: unknown, prevLogTerm: number, term: number, texts: Unpacked): ReadonlyArray<Entry> | undefined => {
  if (!Array.isArray(found) || prevLogTerm > term) return undefined
  const entries: Array<Entry> = []
  let least = Math.max(prevLogTerm, 1)
  for (const row of found as ReadonlyArray<unknown>) {
    if (!isRow(row) || row[0] < least || row[0] > term) return undefined
    const entry = entryOf(row, texts)
    if (entry === undefined) return undefined
    least = entry.term
    entries.push(entry)
  }
  return entries
}

/** A leader's no-op has no value. */
const isRow = (x: unknown): x is Row =>
  Array.isArray(x) && isNatural(x[0]) && isNatural(x[1]) && (x.length === 2 || (x.length === 3 && x[1] === 0 && x[2] === "noop"))

const piecesFrom = (found: unknown, texts: Unpacked): ReadonlyArray<string> | undefined => {
  if (!Array.isArray(found)) return undefined
  const pieces: Array<string> = []
  for (const length of found as ReadonlyArray<unknown>) {
    const piece = isNatural(length) ? texts.text(length) : undefined
    if (piece === undefined) return undefined
    pieces.push(piece)
  }
  return pieces
}
