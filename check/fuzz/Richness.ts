/** What happened in the runs, counted: a run in which little happens shows little. */
import type { Message } from "../../src/raft/Message.ts"
import { lastIndex } from "../../src/raft/Server.ts"
import type { Settings } from "../../src/raft/Server.ts"
import type { Cluster, Event } from "../cluster/Cluster.ts"
import type { Change } from "./Change.ts"
import { becomesLeader } from "./StateProperties.ts"

/** Counts by name; steps by the specification's actions, partitions by kind (`partition.ring`). */
export type Richness = Record<string, number>

/**
 * The fewest of each per 1,000 events, in the runs of one cluster size: half or less of the least that any of 80 batches
 * had (3, 4, 5 and 7 servers, 20 seeds each, 28 runs of about 760 events a batch), so that chance alone misses none.
 */
export const gates: Readonly<Record<string, number>> = {
  TimeoutAction: 7,
  LeaderContactLostAction: 5.7,
  CheckQuorumAction: 0.82,
  ReceivePreVoteRequest: 4.5,
  ReceivePreVoteResponse: 1.4,
  ReceiveRequestVoteRequest: 14,
  ReceiveRequestVoteResponse: 5.3,
  ClientRequestAction: 8,
  ReceiveAppendEntriesRequest: 75,
  ReceiveAppendEntriesResponse: 35,
  HeartbeatTimeoutAction: 6,
  ApplyAction: 52,
  RestartAction: 2.5,
  SnapshotAction: 3.4,
  ReceiveInstallSnapshotRequest: 0.49,
  ReceiveInstallSnapshotResponse: 0.34,
  leaderChanges: 2.5,
  preVotesWon: 0.9,
  campaignsIgnored: 4,
  quorumsConfirmed: 0.5,
  leaderStepsDown: 0.32,
  rejectedAppendEntries: 5,
  truncations: 0.44,
  outOfOrder: 6.5,
  duplicates: 1.8,
  snapshotsInstalled: 0.12,
  installedFromChunks: 0.04,
  restartsFromSnapshot: 1.1,
  windowsFull: 25,
  windowsFreed: 2.2,
  crashes: 2.4,
  crashesBetweenSaveAndSend: 0.2,
  unsyncedLost: 0.78,
  unsyncedKept: 0.22,
  syncsFailed: 0.78,
  "partition.majority": 0.1,
  "partition.minority": 0.1,
  "partition.bridge": 0.1,
  "partition.ring": 0.1,
  "partition.oneWay": 0.1,
  committed: 8.7,
  answered: 1.2,
  overlapping: 2.5,
  unknown: 2.4,
  retries: 1.1,
  echoes: 0.7,
  repeatsApplied: 3.1,
  failoversInFlight: 1.1,
  sessionsOpened: 1.4,
  sessionsExpired: 0.02,
  pipelined: 1.4,
  expiredRefused: 0.2
}

/** Which of the two settings that change elections are on. */
export type Kind = "figure2" | "preVote" | "checkQuorum" | "both"

export const kinds: ReadonlyArray<Kind> = ["figure2", "preVote", "checkQuorum", "both"]

export const kindOf = ({ checkQuorum, preVote }: Settings): Kind =>
  preVote ? (checkQuorum ? "both" : "preVote") : checkQuorum ? "checkQuorum" : "figure2"

/**
 * The fewest of each per 1,000 events in the runs of one kind, in the order of `kinds`: half of the least that any of 320
 * batches had (80 a kind, as above, of 28 runs each).
 */
export const gatesOfKinds: Readonly<Record<string, readonly [number, number, number, number]>> = {
  TimeoutAction: [15, 11, 17, 15],
  LeaderContactLostAction: [0, 12, 12, 13],
  CheckQuorumAction: [0, 0, 3.5, 3.6],
  ReceivePreVoteRequest: [0, 21, 0, 32],
  ReceivePreVoteResponse: [0, 4.6, 0, 6.7],
  ReceiveRequestVoteRequest: [48, 7.8, 41, 10],
  ReceiveRequestVoteResponse: [7.7, 2.9, 8.5, 4.3],
  ClientRequestAction: [10, 11, 9.3, 9.3],
  ReceiveAppendEntriesRequest: [104, 99, 85, 77],
  ReceiveAppendEntriesResponse: [37, 41, 33, 29],
  HeartbeatTimeoutAction: [12, 14, 11, 10],
  ApplyAction: [57, 59, 42, 42],
  RestartAction: [5.5, 6, 5.8, 5.2],
  leaderChanges: [3.2, 1.2, 3.8, 2.3],
  preVotesWon: [0, 2.4, 0, 4.2],
  campaignsIgnored: [0, 9.1, 6.8, 8.9],
  quorumsConfirmed: [0, 0, 1.7, 2.1],
  leaderStepsDown: [0, 0, 1.2, 1],
  rejectedAppendEntries: [17, 15, 17, 14],
  truncations: [0.81, 0.14, 0.6, 0.21],
  outOfOrder: [14, 13, 13, 13],
  duplicates: [3, 2.5, 2.7, 2.3],
  crashes: [5.2, 5.7, 5.3, 4.7],
  crashesBetweenSaveAndSend: [2.7, 3, 2.5, 2],
  unsyncedLost: [0.96, 0.95, 1, 0.85],
  unsyncedKept: [0.29, 0.4, 0.24, 0.31],
  syncsFailed: [0.9, 0.94, 0.92, 0.82],
  "partition.majority": [0.2, 0.32, 0.35, 0.21],
  "partition.minority": [0.27, 0.31, 0.27, 0.17],
  "partition.bridge": [0.28, 0.25, 0.31, 0.25],
  "partition.ring": [0.2, 0.24, 0.27, 0.26],
  "partition.oneWay": [0.22, 0.26, 0.25, 0.29],
  committed: [9.5, 9.6, 7.2, 7.2],
  answered: [1.6, 2.5, 0.93, 0.99],
  overlapping: [2.8, 3.4, 1.9, 2.2],
  unknown: [3, 3, 2.1, 2.1],
  retries: [1.8, 2, 1.2, 1.2],
  echoes: [0.77, 0.89, 0.36, 0.62],
  repeatsApplied: [3.7, 6.6, 1.7, 1.7],
  failoversInFlight: [1.5, 0.49, 1.6, 0.95],
  sessionsOpened: [1.8, 1.8, 1.4, 1.4],
  sessionsExpired: [0.14, 0.14, 0.14, 0.14],
  pipelined: [1.8, 2, 1.2, 1.2],
  expiredRefused: [1.2, 0.8, 1.2, 1.2]
}

/** What was counted in some runs. */
export interface Counted {
  readonly richness: Richness
  runs: number
  events: number
}

export const nothingCounted = (): Counted => ({ richness: {}, runs: 0, events: 0 })

/** Below this many events chance could miss a gate, and none is asked for. */
const leastEvents = 20_000

/** Of fewer runs chance could have given none PreVote, or none CheckQuorum. */
const leastRuns = 20

/** The gates of all runs, or of those of one kind, that the counts miss, in words. */
export const missedGates = ({ events, richness, runs }: Counted, kind?: Kind): ReadonlyArray<string> => {
  if (runs < leastRuns || events < leastEvents) return []
  const asked = kind === undefined
    ? Object.entries(gates)
    : Object.entries(gatesOfKinds).map(([name, least]) => [name, least[kinds.indexOf(kind)]!] as const)
  return asked.flatMap(([name, least]) => {
    const found = 1000 * (richness[name] ?? 0) / events
    const where = kind === undefined ? "" : ` with ${kind}`
    return found < least ? [`${name}${where}: ${found.toFixed(2)} per 1,000 events, at least ${least} expected`] : []
  })
}

export const add = (into: Richness, more: Richness): void => {
  for (const name in more) into[name] = (into[name] ?? 0) + more[name]!
}

/** Counts what happens in one run. */
export class Counter {
  /** What is gated is there from the start, so that it shows when it is missing. */
  readonly counts: Richness
  /** By position in `Cluster.sent`. */
  readonly #delivered: Array<boolean> = []
  /** By link: the latest position delivered. */
  readonly #latest = new Map<string, number>()

  constructor(gated: ReadonlyArray<string> = Object.keys(gates)) {
    this.counts = Object.fromEntries(gated.map((name) => [name, 0]))
  }

  count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1
  }

  /** An event that happened. */
  event(cluster: Cluster, event: Event): void {
    if (event.type === "crash" || event.type === "sync-fails" || event.cut !== undefined) this.count("crashes")
    if (event.type === "deliver") this.#deliver(cluster.sent[event.message]!, event.message)
    if (event.type === "sync-fails") this.count("syncsFailed")
    if (event.type === "damage") this.count("disksDamaged")
  }

  /** A step, of which so many effects are carried out. `inFlight`: whether a client waits. */
  step(change: Change, cut: number | undefined, inFlight: () => boolean): void {
    const { action, before, consumed, step } = change.taken
    this.count(action)
    if (cut === 1 && step.sends.length > 0) this.count("crashesBetweenSaveAndSend")
    if (becomesLeader(change)) {
      this.count("leaderChanges")
      if (inFlight()) this.count("failoversInFlight")
    }
    if (before.role === "preCandidate" && step.server.role === "candidate") this.count("preVotesWon")
    if (action === "CheckQuorumAction") {
      this.count(step.server.role === "leader" ? "quorumsConfirmed" : "leaderStepsDown")
    }
    if (consumed !== undefined && change.firstChanged <= lastIndex(before.log)) this.count("truncations")
    this.#snapshots(change)
    const answer = step.sends[0]
    if (answer?.type === "AppendEntriesResponse" && answer.rejectedIndex > 0) this.count("rejectedAppendEntries")
  }

  /** What snapshots and full windows make happen. */
  #snapshots({ taken: { action, before, consumed, step: { server: s } } }: Change): void {
    if (action === "ReceiveInstallSnapshotRequest" && s.snapshot !== before.snapshot) {
      this.count("snapshotsInstalled")
      if (before.partial.data.length > 0) this.count("installedFromChunks")
      if (lastIndex(s.log) > s.log.lastIncludedIndex) this.count("suffixesKept")
    }
    if (action === "RestartAction" && s.log.lastIncludedIndex > 0) this.count("restartsFromSnapshot")
    if (action === "RestartAction" && before.partial.data.length > 0) this.count("chunksLost")
    if (consumed !== undefined && before.role === "leader" && s.role === "leader") {
      if (s.pipelined.length < before.pipelined.length) this.count("windowsFreed")
    }
    if (s.pipelined.some((j) => s.nextIndex[j]! <= lastIndex(s.log))) this.count("windowsFull")
  }

  #deliver(m: Message, position: number): void {
    const link = m.source + m.dest
    const latest = this.#latest.get(link) ?? -1
    if (this.#delivered[position] === true) this.count("duplicates")
    else if (position < latest) this.count("outOfOrder")
    this.#delivered[position] = true
    if (position > latest) this.#latest.set(link, position)
  }
}
