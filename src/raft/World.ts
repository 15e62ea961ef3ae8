/**
 * The servers and the network between them: what may happen, and what a proof remembers of it. Twin of
 * spec/World.tla. An event is one atomic step of one server, so an action is a function of that server alone; who keeps
 * the whole world lifts it (the explorer, the random executions, scenarios).
 */
import { Apply } from "./Commit.ts"
import { LeaderContactLost, Timeout } from "./Election.ts"
import type { Message, Step } from "./Message.ts"
import { Restart } from "./Raft.ts"
import { CheckQuorum, ClientRequest, HeartbeatTimeout } from "./Replication.ts"
import { entryAt } from "./Server.ts"
import { TakeSnapshot } from "./Snapshot.ts"
import type { Entry, Index, Server, ServerId, Term } from "./Server.ts"

/** What bounds a model; the constants of the same names in spec/World.tla. */
export interface Bounds {
  /** No server times out in this term. */
  readonly maxTerm: Term
  /** What clients may ask for. */
  readonly values: ReadonlyArray<string>
  /** The most of it that a leader takes in one step; at least 1. */
  readonly together: number
  /** Whether `Apply` is an event of its own, or part of the step that commits. */
  readonly applyAlone: boolean
}

/** What may still happen, in a model. */
export interface Left {
  readonly requests: number
  readonly heartbeats: number
  readonly restarts: number
  readonly snapshots: number
}

/** Proof only: each committed entry with the term that committed it, and who led when (sorted). */
export interface Ghost {
  readonly committed: ReadonlyArray<{ readonly entry: Entry; readonly term: Term }>
  readonly leaders: ReadonlyArray<{ readonly term: Term; readonly leader: ServerId }>
}

export const InitGhost: Ghost = { committed: [], leaders: [] }

/**
 * The ghost after some server has become `s`. Committed entries are written down by the first server that counts them
 * committed, who is then their leader: LeaderCompleteness is about the term in which that happened.
 */
export const Remember = (g: Ghost, s: Server): Ghost => {
  const known = g.committed.length
  const leads = s.role === "leader" && !g.leaders.some((l) => l.term === s.currentTerm && l.leader === s.id)
  if (s.commitIndex <= known && !leads) return g
  const committed = [...g.committed]
  for (let k = known + 1; k <= s.commitIndex; k++) committed.push({ entry: entryAt(s.log, k), term: s.currentTerm })
  const leaders = leads
    ? [...g.leaders, { term: s.currentTerm, leader: s.id }].sort((a, b) =>
      a.term - b.term || (a.leader < b.leader ? -1 : 1)
    )
    : g.leaders
  return { committed, leaders }
}

/** The state machine, as far as models need one: it remembers everything that was ever applied to it. */
export const Fold = (state: ReadonlyArray<string>, entry: Entry): ReadonlyArray<string> => [...state, entry.value]

/** What has become of it at `k` on `s`, for `lastIncludedIndex <= k <= lastIndex`. */
export const MachineAt = (s: Server, k: Index): ReadonlyArray<string> =>
  k === s.log.lastIncludedIndex ? s.snapshot.data : Fold(MachineAt(s, k - 1), entryAt(s.log, k))

/** `Apply` composed into the step that commits, if it isn't an event of its own. */
export const Settle = (bounds: Bounds, s: Server): Server =>
  bounds.applyAlone || s.lastApplied === s.commitIndex ? s : { ...s, lastApplied: s.commitIndex }

/** Commands that may come together. */
export const Batches = (bounds: Bounds): ReadonlyArray<ReadonlyArray<string>> => {
  const { together, values } = bounds
  const batches: Array<ReadonlyArray<string>> = []
  let longest: ReadonlyArray<ReadonlyArray<string>> = [[]]
  for (let n = 1; n <= together; n++) {
    longest = longest.flatMap((batch) => values.map((value) => [...batch, value]))
    batches.push(...longest)
  }
  return batches
}

const steps = (step: Step | undefined): ReadonlyArray<Step> => step === undefined ? [] : [step]

/** The world's actions: what each is called in spec/World.tla, the budget it uses up, and its steps. */
export const Actions: ReadonlyArray<{
  readonly name: string
  readonly spends?: keyof Left
  readonly steps: (bounds: Bounds, s: Server) => ReadonlyArray<Step>
}> = [
  { name: "TimeoutAction", steps: (bounds, s) => s.currentTerm < bounds.maxTerm ? steps(Timeout(s)) : [] },
  {
    name: "ClientRequestAction",
    spends: "requests",
    steps: (bounds, s) => Batches(bounds).flatMap((values) => steps(ClientRequest(s, values)))
  },
  { name: "HeartbeatTimeoutAction", spends: "heartbeats", steps: (_, s) => steps(HeartbeatTimeout(s)) },
  { name: "ApplyAction", steps: (bounds, s) => bounds.applyAlone ? steps(Apply(s)) : [] },
  { name: "RestartAction", spends: "restarts", steps: (_, s) => [Restart(s)] },
  {
    name: "SnapshotAction",
    spends: "snapshots",
    steps: (_, s) => steps(TakeSnapshot(s, s.lastApplied, MachineAt(s, s.lastApplied)))
  },
  { name: "LeaderContactLostAction", steps: (_, s) => steps(LeaderContactLost(s)) },
  { name: "CheckQuorumAction", steps: (_, s) => steps(CheckQuorum(s)) }
]

/** The world's action that consumes `m`. */
export const receiveAction = (m: Message): string => `Receive${m.type}`
