/** Random records that follow one from another, and what they amount to by the core's own rules. */
import fc from "fast-check"
import { lastIndex, replaceAfter, termAt } from "../../src/raft/Server.ts"
import { entriesOf, logOf } from "../raft/Log.ts"
import type { Durable, StorageRecord } from "../../src/shell/Storage.ts"

/** Of no record at all. */
export const nothing: Durable = {
  sequence: 0,
  currentTerm: 0,
  votedFor: null,
  log: logOf(0, 0, []),
  snapshot: null
}

/** What a record makes of what those before it amount to. */
export const after = (before: Durable, { currentTerm, log, sequence, snapshot, votedFor }: StorageRecord): Durable => {
  const { lastIncludedIndex: base } = before.log
  const kept = snapshot === undefined ? before.log : logOf(
    snapshot.lastIncludedIndex,
    snapshot.lastIncludedTerm,
    entriesOf(before.log).filter((_, k) => base + 1 + k > snapshot.lastIncludedIndex)
  )
  return {
    sequence, currentTerm, votedFor,
    log: replaceAfter(kept, log.keep, log.append),
    snapshot: snapshot === undefined ? before.snapshot : { members: snapshot.members, data: snapshot.data }
  }
}

/** What each number of records amounts to: `undefined` for none. */
export const states = (records: ReadonlyArray<StorageRecord>): ReadonlyArray<Durable | undefined> => {
  let state = nothing
  return [undefined, ...records.map((record) => state = after(state, record))]
}

const hard = fc.constantFrom("", "x", "é😀", "\0", "\ud800", "\n[]", "x".repeat(300))
const plan = fc.record({
  steps: fc.integer({ min: 1, max: 3 }),
  terms: fc.nat(2),
  votedFor: fc.constantFrom(null, "s1", "s2"),
  cut: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(4)),
  append: fc.array(fc.record({ type: fc.constantFrom("noop", "command"), value: hard }), { maxLength: 3 }),
  snapshot: fc.option(fc.record({
    ahead: fc.integer({ min: 1, max: 5 }),
    members: fc.constantFrom(["s1"], ["s1", "s2", "s3"]),
    data: fc.array(hard, { maxLength: 3 })
  }), { freq: 4, nil: undefined })
})
type Plan = typeof plan extends fc.Arbitrary<infer P> ? P : never

const carriedOut = (plans: ReadonlyArray<Plan>): ReadonlyArray<StorageRecord> => {
  let state = nothing
  return plans.map(({ append, cut, snapshot, steps, terms, votedFor }) => {
    const currentTerm = state.currentTerm + terms
    const end = lastIndex(state.log)
    const base = state.log.lastIncludedIndex + (snapshot?.ahead ?? 0)
    const record: StorageRecord = {
      sequence: state.sequence + steps,
      currentTerm,
      votedFor,
      log: { keep: Math.max(base, end - cut), append: append.map((entry) => ({ ...entry, term: currentTerm })) },
      ...(snapshot === undefined ? {} : {
        snapshot: {
          lastIncludedIndex: base,
          lastIncludedTerm: base <= end ? termAt(state.log, base) : currentTerm,
          members: snapshot.members,
          data: snapshot.data
        }
      })
    }
    state = after(state, record)
    return record
  })
}

/** Up to `maxLength` records, from the first on. */
export const recordsArbitrary = (maxLength: number): fc.Arbitrary<ReadonlyArray<StorageRecord>> =>
  fc.array(plan, { minLength: 1, maxLength, size: "max" }).map(carriedOut)

/** A record that appends one command, in term 1, behind `index - 1` others. */
export const command = (index: number, value = `value ${index}`): StorageRecord => ({
  sequence: index,
  currentTerm: 1,
  votedFor: "s1",
  log: { keep: index - 1, append: [{ term: 1, type: "command", value }] }
})

/** `command(1)` to `command(count)`. */
export const commands = (count: number): ReadonlyArray<StorageRecord> =>
  Array.from({ length: count }, (_, k) => command(k + 1))

/** A record that replaces what `command(1)` to `command(index - 1)` have appended up to `upTo`. */
export const compaction = (index: number, upTo: number): StorageRecord => ({
  sequence: index,
  currentTerm: 1,
  votedFor: "s1",
  log: { keep: index - 1, append: [{ term: 1, type: "command", value: `value ${index}` }] },
  snapshot: { lastIncludedIndex: upTo, lastIncludedTerm: 1, members: ["s1", "s2"], data: [`values to ${upTo}`] }
})

/** Something of everything: entries replaced, a vote alone, a snapshot within the log, one beyond it, and what follows. */
export const eventful: ReadonlyArray<StorageRecord> = [
  ...commands(4),
  { sequence: 5, currentTerm: 2, votedFor: "s2", log: { keep: 4, append: [] } },
  { sequence: 6, currentTerm: 2, votedFor: "s2", log: { keep: 2, append: [{ term: 2, type: "command", value: "instead" }] } },
  { sequence: 8, currentTerm: 3, votedFor: null, log: { keep: 3, append: [] }, snapshot: { lastIncludedIndex: 2, lastIncludedTerm: 1, members: ["s1"], data: ["two"] } },
  { sequence: 9, currentTerm: 3, votedFor: "s1", log: { keep: 3, append: [{ term: 3, type: "noop", value: "" }] } },
  { sequence: 10, currentTerm: 3, votedFor: "s1", log: { keep: 9, append: [] }, snapshot: { lastIncludedIndex: 9, lastIncludedTerm: 3, members: ["s1", "s2"], data: ["ni", "ne"] } },
  { sequence: 11, currentTerm: 4, votedFor: null, log: { keep: 9, append: [{ term: 4, type: "command", value: "ten" }, { term: 4, type: "command", value: "eleven" }] } },
  { sequence: 12, currentTerm: 5, votedFor: "s3", log: { keep: 10, append: [] } }
]
