// What a history is asked for: linearizability, or one of the weaker promises, all reported alike.
import { checkLinearizable } from "./check.ts"
import type { CheckOptions } from "./check.ts"
import type { History } from "./History.ts"
import type { Model } from "./Model.ts"
import { objectsIn } from "./parts.ts"
import type { CheckResult, Verdict } from "./Result.ts"
import { checkSequential } from "./sequential.ts"
import { checkBoundedStaleness } from "./staleness.ts"

export const consistencies = ["linearizable", "sequential"] as const
export type Consistency = (typeof consistencies)[number]

export interface PromiseOptions extends CheckOptions {
  /** "linearizable" unless told. */
  readonly consistency?: Consistency | undefined
  /** How old the answers of reads marked stale may be; then the promise is bounded staleness. Marks mean nothing without it. */
  readonly staleBound?: number | undefined
}

export interface PromiseReport {
  readonly promise: "linearizability" | "sequential consistency" | "bounded staleness"
  readonly staleBound?: number
  readonly verdict: Verdict
  readonly keys: number
  /** Every key for which the promise is broken, and why. Sequential consistency is of all keys together: "*". */
  readonly bad: ReadonlyArray<{ readonly key: string; readonly reason: string }>
  /** Every key for which time or memory ran out. */
  readonly undecided: ReadonlyArray<{ readonly key: string; readonly reason: "time" | "memory" }>
}

export const checkPromise = (history: History, model: Model, { consistency, staleBound, ...options }: PromiseOptions): PromiseReport => {
  if (consistency === "sequential") {
    const found = checkSequential(history, model, options)
    const { promise, verdict } = found
    return {
      promise,
      verdict,
      keys: objectsIn(history, model).names.length,
      bad: found.verdict === "illegal" ? [{ key: "*", reason: found.reason }] : [],
      undecided: found.verdict === "unknown" ? [{ key: "*", reason: found.reason }] : []
    }
  }
  if (staleBound === undefined) return { promise: "linearizability", ...byKey(checkLinearizable(history, model, options)) }
  const { bad, ...found } = byKey(checkBoundedStaleness(history, model, staleBound, options))
  const said = (reason: string) => `were stale reads called ${staleBound} earlier, still ${reason}`
  return { promise: "bounded staleness", staleBound, ...found, bad: bad.map(({ key, reason }) => ({ key, reason: said(reason) })) }
}

const byKey = ({ keys, verdict }: CheckResult) => ({
  verdict,
  keys: keys.length,
  bad: keys.filter((k) => k.verdict === "illegal").map(({ explanation, key }) => ({ key, reason: explanation?.reason ?? "" })),
  undecided: keys.filter((k) => k.verdict === "unknown").map(({ key, reason }) => ({ key, reason }))
})
