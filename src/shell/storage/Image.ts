/** What the records so far amount to, kept up to date in place: a log of any length takes a record in the record's time. */
import * as Pages from "../../raft/Pages.ts"
import type { Entry, Index, ServerId, Snapshot, Term } from "../../raft/Server.ts"
import type { Durable, StorageRecord } from "../Storage.ts"

export interface Image {
  /** 0 before the first record. */
  sequence: number
  currentTerm: Term
  votedFor: ServerId | null
  lastIncludedIndex: Index
  lastIncludedTerm: Term
  readonly entries: Array<Entry>
  snapshot: Snapshot | null
}

export const blank = (): Image => ({
  sequence: 0,
  currentTerm: 0,
  votedFor: null,
  lastIncludedIndex: 0,
  lastIncludedTerm: 0,
  entries: [],
  snapshot: null
})

/** A copy that later records don't change; `undefined` before the first. */
export const durable = (image: Image): Durable | undefined => {
  const { entries, lastIncludedIndex, lastIncludedTerm, ...rest } = image
  if (image.sequence === 0) return undefined
  const pages = Pages.replaceAfter([], lastIncludedIndex, lastIncludedIndex, entries)
  return { ...rest, log: { lastIncludedIndex, lastIncludedTerm, pages } }
}

/** Carries out a record, or changes nothing and says why the record can't be the next one. */
export const advance = (image: Image, record: StorageRecord): string | undefined => {
  const { append, keep } = record.log
  const wrong = whyNot(image, record)
  if (wrong !== undefined) return `record ${record.sequence} ${wrong}`
  if (record.snapshot !== undefined) {
    const { data, lastIncludedIndex, lastIncludedTerm, members } = record.snapshot
    image.entries.splice(0, lastIncludedIndex - image.lastIncludedIndex)
    image.lastIncludedIndex = lastIncludedIndex
    image.lastIncludedTerm = lastIncludedTerm
    image.snapshot = { members, data }
  }
  image.entries.length = keep - image.lastIncludedIndex
  for (const entry of append) image.entries.push(entry)
  image.sequence = record.sequence
  image.currentTerm = record.currentTerm
  image.votedFor = record.votedFor
  return undefined
}

const whyNot = (image: Image, record: StorageRecord): string | undefined => {
  const { log: { append, keep }, snapshot } = record
  const base = snapshot?.lastIncludedIndex ?? image.lastIncludedIndex
  const end = Math.max(base, image.lastIncludedIndex + image.entries.length)
  if (record.sequence <= image.sequence) return `comes after record ${image.sequence}`
  if (record.currentTerm < image.currentTerm) return `has term ${record.currentTerm}, the one before ${image.currentTerm}`
  if (snapshot !== undefined && base <= image.lastIncludedIndex) {
    return `has a snapshot up to ${base}, though one up to ${image.lastIncludedIndex} is stored`
  }
  if (keep < base || keep > end) return `keeps the log up to ${keep}, which goes from ${base} to ${end}`
  // Else a server could start in a term that its own log is ahead of, and vote in it a second time.
  if (append.some(({ term }) => term > record.currentTerm)) {
    return `appends an entry of a later term than ${record.currentTerm}`
  }
  return undefined
}
