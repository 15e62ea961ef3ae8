/** What happens in runs at the least: a run in which little happens shows little. */

/**
 * The fewest of each per 1,000 steps, in the runs of one cluster size: half of the least that any of 16 batches had (3 and
 * 5 servers, 100 runs each).
 */
export const gates: Readonly<Record<string, number>> = {
  TimeoutAction: 3,
  LeaderContactLostAction: 2.3,
  CheckQuorumAction: 1.6,
  ClientRequestAction: 21,
  HeartbeatTimeoutAction: 25,
  ApplyAction: 120,
  RestartAction: 1,
  SnapshotAction: 2.7,
  ReceivePreVoteRequest: 2.3,
  ReceivePreVoteResponse: 1.1,
  ReceiveRequestVoteRequest: 4.5,
  ReceiveRequestVoteResponse: 2.2,
  ReceiveAppendEntriesRequest: 160,
  ReceiveAppendEntriesResponse: 78,
  ReceiveInstallSnapshotRequest: 0.41,
  ReceiveInstallSnapshotResponse: 0.3,
  leaderChanges: 1.3,
  failoversInFlight: 1.2,
  truncations: 0.45,
  rejectedAppendEntries: 10,
  snapshotsInstalled: 0.3,
  restartsFromSnapshot: 0.32,
  powerCuts: 0.4,
  kills: 0.42,
  crashesAtDisk: 0.18,
  crashesBetweenSaveAndSend: 0.21,
  unsyncedLost: 0.4,
  unsyncedKept: 0.15,
  stoppedByDisk: 0.13,
  stops: 0.2,
  pauses: 0.54,
  "partition.majority": 0.1,
  "partition.minority": 0.092,
  "partition.bridge": 0.069,
  "partition.ring": 0.11,
  "partition.oneWay": 0.1,
  lost: 8.9,
  repeated: 8,
  overtaken: 30,
  connectionsLost: 1.5,
  committed: 22,
  answered: 16,
  unknown: 1,
  unavailable: 0.16,
  overlapping: 8.6,
  retries: 26,
  sessionsOpened: 2.4,
  sessionsExpired: 0.21,
  clientsGone: 0.45,
  requestsTogether: 0.12
}

/** Of fewer runs chance could have given none of some weather; of fewer steps, none of what is rare. */
const leastRuns = 100
const leastSteps = 30_000

/** The gates that the counts miss, in words. */
export const missedGates = (counts: Readonly<Record<string, number>>, runs: number, steps: number): ReadonlyArray<string> => {
  if (runs < leastRuns || steps < leastSteps) return []
  return Object.entries(gates).flatMap(([name, least]) => {
    const found = 1000 * (counts[name] ?? 0) / steps
    return found < least ? [`${name}: ${found.toFixed(2)} per 1,000 steps, at least ${least} expected`] : []
  })
}
