/** Runs labs with many seeds, one lab after the other, up to the first failure of each. */
import { agreement } from "./agreement.ts"
import { clients } from "./clients.ts"
import { elections } from "./elections.ts"
import { etcd } from "./etcd.ts"
import type { Lab } from "./Lab.ts"
import { LabFailure } from "./Lab.ts"
import { jepsen } from "./jepsen.ts"
import { kvService } from "./kv.ts"
import { machines } from "./machines.ts"
import { requirements } from "./requirements.ts"
import { single } from "./single.ts"
import { snapshots } from "./snapshots.ts"
import { statistics } from "./statistics.ts"

/** All of them, in the order of check/labs/README.md. */
export const labs: ReadonlyArray<Lab> = [...elections, ...agreement, ...snapshots, ...requirements, ...etcd, ...single, ...machines, ...kvService, ...clients, ...jepsen, ...statistics]

/** What came of one lab. */
export interface LabResult {
  readonly id: string
  readonly title: string
  /** Seeds that held. */
  readonly runs: number
  /** By the last of them; "": nothing. */
  readonly measured: string
  /** All there is to say about the first seed that didn't hold; absent: all held. */
  readonly failure?: { readonly seed: number; readonly claim: string; readonly text: string }
  readonly seconds: number
}

export interface LabOptions {
  /** The first; the others follow it. */
  readonly seed: number
  /** Seeds for each. */
  readonly runs: number
  /** Ends it early, with what was done so far. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { readonly lab: Lab; readonly runs: number }) => void
}

/** Other work of the process gets its turn so often, in milliseconds. */
const turn = 50

const runLab = async (lab: Lab, { onProgress, runs, seed, signal }: LabOptions): Promise<LabResult> => {
  const began = performance.now()
  const { id, title } = lab
  let measured = ""
  let done = 0
  let last = began
  const result = () => ({ id, title, runs: done, measured, seconds: (performance.now() - began) / 1000 })
  for (; done < runs && signal?.aborted !== true; done++) {
    if (performance.now() > last + turn) {
      await new Promise(setImmediate)
      last = performance.now()
      onProgress?.({ lab, runs: done })
    }
    try {
      measured = lab.run(seed + done)
    } catch (error) {
      if (!(error instanceof LabFailure)) throw error
      return { ...result(), failure: { seed: seed + done, claim: error.claim, text: error.message } }
    }
  }
  return result()
}

/** The results in the order of the labs; a failure doesn't reject the promise. */
export const runLabs = async (some: ReadonlyArray<Lab>, options: LabOptions): Promise<ReadonlyArray<LabResult>> => {
  const results: Array<LabResult> = []
  for (const lab of some) if (options.signal?.aborted !== true) results.push(await runLab(lab, options))
  return results
}
