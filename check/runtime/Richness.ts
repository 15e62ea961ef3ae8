/** What happens in runs at the least: a run in which little happens shows little. */

/** The fewest of each per 1,000 steps, in the runs of one cluster size. */
export const gates: Readonly<Record<string, number>> = {
  TimeoutAction: 1,
  LeaderContactLostAction: 1,
  CheckQuorumAction: 1,
  ClientRequestAction: 1,
  HeartbeatTimeoutAction: 1,
  ApplyAction: 1,
  RestartAction: 1,
  SnapshotAction: 1,
  ReceivePreVoteRequest: 1,
  ReceivePreVoteResponse: 1,
  ReceiveRequestVoteRequest: 1,
  ReceiveRequestVoteResponse: 1,
  ReceiveAppendEntriesRequest: 1,
  ReceiveAppendEntriesResponse: 1,
  ReceiveInstallSnapshotRequest: 0.1,
  ReceiveInstallSnapshotResponse: 0.1,
  leaderChanges: 1,
  failoversInFlight: 1,
  truncations: 0.1,
  rejectedAppendEntries: 0.1,
  snapshotsInstalled: 0.01,
  restartsFromSnapshot: 0.1,
  powerCuts: 0.1,
  kills: 0.1,
  crashesAtDisk: 0.1,
  crashesBetweenSaveAndSend: 0.1,
  unsyncedLost: 0.1,
  unsyncedKept: 0.1,
  stoppedByDisk: 0.1,
  stops: 0.1,
  pauses: 0.1,
  "partition.majority": 0.01,
  "partition.minority": 0.01,
  "partition.bridge": 0.01,
  "partition.ring": 0.01,
  "partition.oneWay": 0.01,
  lost: 0.1,
  repeated: 0.1,
  overtaken: 0.1,
  connectionsLost: 0.1,
  committed: 1,
  answered: 1,
  unknown: 0.1,
  unavailable: 0.01,
  overlapping: 1,
  retries: 0.1,
  sessionsOpened: 0.1,
  sessionsExpired: 0.01,
  clientsGone: 0.1
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
