/** All that some runs did, as one number: printed when this file is run, so that two processes can be compared. */
import fc from "fast-check"
import { createHash } from "node:crypto"
import { Plans } from "./Plan.ts"
import { runPlan } from "./Run.ts"

export const fingerprint = (seed: number): string => {
  const hash = createHash("sha256")
  for (const plan of fc.sample(new Plans(3, 1500), { numRuns: 6, seed })) hash.update(JSON.stringify(runPlan(plan)))
  return hash.digest("hex")
}

if (import.meta.main) console.log(fingerprint(Number(process.argv[2])))
