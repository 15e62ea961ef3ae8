/** Logs and all their entries. */
import * as Pages from "../../src/raft/Pages.ts"
import type { Entry, Index, Log, Term } from "../../src/raft/Server.ts"

/** What a log holds. */
export const entriesOf = (log: Log): ReadonlyArray<Entry> => log.pages.flat()

/** The log that holds these entries, after what a snapshot has replaced. */
export const logOf = (lastIncludedIndex: Index, lastIncludedTerm: Term, entries: ReadonlyArray<Entry>): Log => ({
  lastIncludedIndex,
  lastIncludedTerm,
  pages: Pages.replaceAfter([], lastIncludedIndex, lastIncludedIndex, entries)
})

/** `undefined` where the log has no entry (or a snapshot has replaced it). */
export const entryOf = ({ lastIncludedIndex, pages }: Log, k: Index): Entry | undefined =>
  Pages.elementAt(pages, lastIncludedIndex, k)
