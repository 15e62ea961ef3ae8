/**
 * The properties of check/raft/Properties.ts after every step, at the cost of what the step changed: what could have
 * become false is looked at, the rest held before and is as it was. `violatedNow` evaluates the definitions themselves,
 * and the two must agree.
 */
import { lastIndex, lastTerm, termAt } from "../../src/raft/Server.ts"
import type { Index, Server, ServerId, Term } from "../../src/raft/Server.ts"
import { entryOf } from "../raft/Log.ts"
import type { Known } from "../cluster/Cluster.ts"
import {
  contactIsOfTerm,
  fitsItsRole,
  flowIsBounded,
  snapshotIsCommitted,
  stateProperties,
  stepProperties
} from "../raft/Properties.ts"
import { sameEntry } from "../raft/Entry.ts"
import type { Change } from "./Change.ts"

/** A definition that looks for an entry which isn't there doesn't hold, either. */
const holds = (evaluate: () => boolean): boolean => {
  try {
    return evaluate()
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** The state properties that the definitions find violated. */
export const violatedNow = (cluster: Known): ReadonlyArray<string> => {
  const servers = cluster.ids.map((id) => cluster.servers.get(id)!)
  return stateProperties
    // Its machine is the models'; of the one here see SnapshotsAgree.
    .filter((p) => p.name !== "SnapshotIsFold")
    .filter((p) => p.reads === "actors" && !holds(() => p.holds(servers, cluster.ghost)))
    .map((p) => p.name)
}

/** The first step property that the step violates. */
export const violatedByStep = (cluster: Known, { taken }: Change): string | undefined => {
  const { action: label, before, consumed, step } = taken
  const local = {
    label,
    before,
    message: consumed === undefined ? undefined : cluster.sent[consumed]!,
    after: step.server,
    sends: step.sends
  }
  for (const p of stepProperties) if (p.reads === "step" && !holds(() => p.holds(local))) return p.name
  return undefined
}

/** Whether `s` leads now, and did not lead that term before. */
export const becomesLeader = ({ taken: { before, step: { server: s } } }: Change): boolean =>
  s.role === "leader" && (before.role !== "leader" || before.currentTerm !== s.currentTerm)

export class StateProperties {
  readonly #cluster: Known
  readonly #servers: Array<Server>
  readonly #leaders = new Map<Term, ServerId>()
  /** How many entries were committed before this step. */
  #committed = 0

  constructor(cluster: Known) {
    this.#cluster = cluster
    this.#servers = cluster.ids.map((id) => cluster.servers.get(id)!)
  }

  /** The first property found violated after the step. */
  check(change: Change): string | undefined {
    const { before, step: { server: s } } = change.taken
    this.#servers[this.#cluster.ids.indexOf(s.id)] = s
    const last = lastIndex(before.log)
    // Entries that were there at `cutFrom` and up to `last` have gone or are others now.
    const cutFrom = change.firstChanged <= last ? change.firstChanged : Infinity
    const elected = becomesLeader(change)
    const committed = this.#cluster.ghost.committed.length
    const violated = this.#electionSafety(s, elected)
      ?? this.#leaderCompleteness(s, elected, cutFrom, committed)
      ?? this.#stateMachineSafety(s, Math.min(before.commitIndex + 1, change.firstChanged))
      ?? snapshots(before, s, this.#cluster)
      ?? this.#committedIsDurable(cutFrom, last, committed)
      ?? this.#matchIndexIsTrue(before, s, elected, cutFrom)
      ?? this.#votesAreCast(before, s)
      ?? wellFormed(before, s, change.firstChanged)
      ?? flow(before, s)
      ?? (contactIsOfTerm(s, this.#cluster.ghost) ? undefined : "ContactIsOfTerm")
    this.#committed = committed
    return violated
  }

  #electionSafety(s: Server, elected: boolean): string | undefined {
    if (!elected) return undefined
    const leader = this.#leaders.get(s.currentTerm)
    this.#leaders.set(s.currentTerm, s.id)
    return leader === undefined || leader === s.id ? undefined : "ElectionSafety"
  }

  /** Whether `s` has what was committed at `k`. */
  #holds(s: Server, k: Index): boolean {
    return k <= s.log.lastIncludedIndex || sameEntry(entryOf(s.log, k), this.#cluster.ghost.committed[k - 1]!.entry)
  }

  /** A new leader, a leader's log that was cut, and new entries committed while somebody leads a later term. */
  #leaderCompleteness(s: Server, elected: boolean, cutFrom: Index, committed: Index): string | undefined {
    const missing = (l: Server, from: Index) => {
      for (let k = from; k <= committed; k++) {
        if (this.#cluster.ghost.committed[k - 1]!.term < l.currentTerm && !this.#holds(l, k)) return true
      }
      return false
    }
    if (s.role === "leader" && (elected || cutFrom <= committed) && missing(s, elected ? 1 : cutFrom)) {
      return "LeaderCompleteness"
    }
    if (committed === this.#committed) return undefined
    return this.#servers.some((l) => l.role === "leader" && missing(l, this.#committed + 1))
      ? "LeaderCompleteness"
      : undefined
  }

  #stateMachineSafety(s: Server, from: Index): string | undefined {
    const { committed } = this.#cluster.ghost
    for (let k = from; k <= s.commitIndex; k++) {
      if (k > committed.length || !this.#holds(s, k)) return "StateMachineSafety"
    }
    return undefined
  }

  /** New committed entries, and those that this step took from a log. */
  #committedIsDurable(cutFrom: Index, last: Index, committed: Index): string | undefined {
    for (let k = cutFrom; k <= Math.min(last, committed); k++) if (!this.#onMajority(k)) return "CommittedIsDurable"
    for (let k = this.#committed + 1; k <= committed; k++) if (!this.#onMajority(k)) return "CommittedIsDurable"
    return undefined
  }

  #onMajority(k: Index): boolean {
    let holders = 0
    for (const s of this.#servers) if (this.#holds(s, k)) holders++
    return 2 * holders > this.#servers.length
  }

  /** As a leader: what it counts newly as matching; as a follower: what its leader counts, if its own log was cut. */
  #matchIndexIsTrue(before: Server, s: Server, elected: boolean, cutFrom: Index): string | undefined {
    if (s.role === "leader" && (elected || s.matchIndex !== before.matchIndex || cutFrom !== Infinity)) {
      for (const f of this.#servers) {
        if (!agrees(s, f, Math.min(elected ? 1 : before.matchIndex[f.id]! + 1, cutFrom))) return "MatchIndexIsTrue"
      }
    }
    const newTerm = s.currentTerm !== before.currentTerm
    if (newTerm || cutFrom !== Infinity) {
      for (const l of this.#servers) {
        if (l.role === "leader" && !agrees(l, s, newTerm ? 1 : cutFrom)) return "MatchIndexIsTrue"
      }
    }
    return undefined
  }

  /** As a candidate: the votes it counts; as a voter: which candidate counts its vote. */
  #votesAreCast(before: Server, s: Server): string | undefined {
    const newTerm = s.currentTerm !== before.currentTerm
    if (s.role === "candidate" && (newTerm || before.role !== s.role || s.votesGranted !== before.votesGranted)) {
      for (const v of this.#servers) {
        if (s.votesGranted.includes(v.id) && v.currentTerm === s.currentTerm && v.votedFor !== s.id) {
          return "VotesAreCast"
        }
      }
    }
    if (newTerm || s.votedFor !== before.votedFor) {
      for (const c of this.#servers) {
        if (
          c.role === "candidate" && c.votesGranted.includes(s.id) && c.currentTerm === s.currentTerm
          && s.votedFor !== c.id
        ) return "VotesAreCast"
      }
    }
    return undefined
  }
}

/** Whether what leader `l` counts as matching at `f` does, from index `from` on. */
const agrees = (l: Server, f: Server, from: Index): boolean => {
  if (f.currentTerm !== l.currentTerm) return true
  const match = l.matchIndex[f.id]!
  if (match > lastIndex(f.log)) return false
  const base = Math.max(f.log.lastIncludedIndex, l.log.lastIncludedIndex)
  for (let k = Math.max(from, base + 1); k <= match; k++) {
    if (!sameEntry(entryOf(l.log, k), entryOf(f.log, k))) return false
  }
  return true
}

const snapshots = (before: Server, s: Server, { ghost }: Known): string | undefined =>
  (s.log.lastIncludedIndex === before.log.lastIncludedIndex && s.log.lastIncludedTerm === before.log.lastIncludedTerm
    && s.partial === before.partial)
    || snapshotIsCommitted(s, ghost)
    ? undefined
    : "SnapshotIsCommitted"

const flow = (before: Server, s: Server): string | undefined =>
  s.role !== "leader"
    || (s.nextIndex === before.nextIndex && s.matchIndex === before.matchIndex && s.pipelined === before.pipelined
      && s.snapshotOffset === before.snapshotOffset && s.log.lastIncludedIndex === before.log.lastIncludedIndex)
    || flowIsBounded(s)
    ? undefined
    : "FlowIsBounded"

const wellFormed = (before: Server, s: Server, firstChanged: Index): string | undefined => {
  const { lastIncludedIndex } = s.log
  const last = lastIndex(s.log)
  if (lastIncludedIndex > s.lastApplied || s.lastApplied > s.commitIndex || s.commitIndex > last) return "WellFormed"
  if (lastTerm(s.log) > s.currentTerm) return "WellFormed"
  for (let k = Math.max(firstChanged, lastIncludedIndex + 1); k <= last; k++) {
    if (termAt(s.log, k - 1) > termAt(s.log, k)) return "WellFormed"
  }
  const sameRole = s.role === before.role && s.votesGranted === before.votesGranted
    && s.recentActive === before.recentActive && s.pipelined === before.pipelined
    && s.snapshotOffset === before.snapshotOffset && s.nextIndex === before.nextIndex && s.matchIndex === before.matchIndex
  if (!sameRole && !fitsItsRole(s)) return "WellFormed"
  const sameProgress = s.nextIndex === before.nextIndex && s.matchIndex === before.matchIndex
    && s.pipelined === before.pipelined
  if (s.role !== "leader" || sameProgress) return undefined
  for (const j of s.members) if (j !== s.id && s.matchIndex[j]! >= s.nextIndex[j]!) return "WellFormed"
  for (const j of s.pipelined) if (j === s.id || !s.members.includes(j)) return "WellFormed"
  return undefined
}
