/** Whether what is measured again and again over a long run grows. */
import { mean } from "../../labs/statistics.ts"

/** Of a server, in MB; seconds since it started. */
export interface Sample {
  readonly at: number
  readonly resident: number
  readonly heap: number
}

/** The mean of the last third as a part of the first third's, after the first tenth, in which the server warms up. */
export const growth = (samples: ReadonlyArray<Sample>, of: "resident" | "heap"): number => {
  const warm = samples.slice(Math.ceil(samples.length / 10))
  const third = Math.floor(warm.length / 3)
  const part = (some: ReadonlyArray<Sample>) => mean(some.map((sample) => sample[of]))
  return part(warm.slice(-third)) / part(warm.slice(0, third))
}
