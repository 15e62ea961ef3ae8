/** Mistakes in Raft, in the map on top of it and in what runs them, as they were made in real implementations. README.md says where the ids come from. */
import { livenessMutants } from "./livenessMutants.ts"
import type { Mutant } from "./Mutant.ts"
import { commitMutants } from "./mutants/commit.ts"
import { electionMutants } from "./mutants/election.ts"
import { kvMutants } from "./mutants/kv.ts"
import { preVoteMutants } from "./mutants/preVote.ts"
import { replicationMutants } from "./mutants/replication.ts"
import { runtimeMutants } from "./mutants/runtime.ts"
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
  ...livenessMutants,
  ...kvMutants,
  ...runtimeMutants
]

/**
 * Those that `check` runs; the others are for `check --deep` and `lockstep zoo`. Each property but those of progress is
 * violated by one of them, also in TLC.
 */
export const inCheck: ReadonlyArray<string> = [
  ...["E03", "E07", "E17", "E18", "E25", "E27"],
  ...["R02", "R03", "R04", "R11", "R15", "R18", "F01", "F02", "F03"],
  ...["C01", "C02", "C03"],
  ...["S02", "S04", "S08", "S09", "S14", "S15", "P09", "IS3"],
  ...["P01", "P05"],
  ...["K01", "K08", "K15"],
  ...["C09", "X10", "X13", "X17"]
]
