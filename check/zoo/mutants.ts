/** Mistakes in Raft, as they were made in real implementations. README.md says where the ids come from. */
import { livenessMutants } from "./livenessMutants.ts"
import type { Mutant } from "./Mutant.ts"
import { commitMutants } from "./mutants/commit.ts"
import { electionMutants } from "./mutants/election.ts"
import { preVoteMutants } from "./mutants/preVote.ts"
import { replicationMutants } from "./mutants/replication.ts"
import { snapshotMutants } from "./mutants/snapshot.ts"
import { storageMutants } from "./storageMutants.ts"

export { emptyHeartbeats } from "./mutants/replication.ts"

export const mutants: ReadonlyArray<Mutant> = [
  ...electionMutants,
  ...preVoteMutants,
  ...replicationMutants,
  ...commitMutants,
  ...snapshotMutants,
  ...storageMutants,
  ...livenessMutants
]
