/** Messages that servers have really sent: those of random runs of the rules. */
import { figure2 } from "../../src/raft/Server.ts"
import type { Settings } from "../../src/raft/Server.ts"
import type { Parcel } from "../../src/shell/Transport.ts"
import { Random } from "../Random.ts"
import { randomRun } from "../trace/randomRun.ts"

const settings: ReadonlyArray<Settings> = [
  { ...figure2, maxBatchBytes: 20 },
  { ...figure2, maxBatchBytes: 20, maxInflight: 3, chunkSize: 2, preVote: true, checkQuorum: true }
]

/** Of servers `s1` to `s3`; the same for the same seed. */
export const sentParcels = (runs: number, seed: number): ReadonlyArray<Parcel> => {
  const random = new Random(seed)
  return Array.from({ length: runs }, (_, n) => {
    const choices = Array.from({ length: 500 }, () => random.below(2 ** 31))
    return randomRun(3, settings[n % settings.length]!, choices).lines.flatMap(({ number, sends }) =>
      sends.map((message, k): Parcel => ({ number, position: k + 1, message }))
    )
  }).flat()
}
