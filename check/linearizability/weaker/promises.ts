// What a history is asked for: linearizability, or one of the weaker promises, all reported alike.
import { checkLinearizable } from "../check.ts"
import type { CheckOptions } from "../check.ts"
import type { History } from "../History.ts"
import type { Model } from "../Model.ts"
import { objectsIn } from "../parts.ts"
import type { CheckResult, Verdict } from "../Result.ts"
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

/** What is asked of a history, and what was found. */
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

/** Checks a history for what it is asked. `check` decides linearizability. */
export const checkPromise = async (
  history: History,
  model: Model,
  { consistency, staleBound, ...options }: PromiseOptions,
  check: (history: History, model: Model, options: CheckOptions) => CheckResult | Promise<CheckResult> = checkLinearizable
): Promise<{ readonly report: PromiseReport; readonly result?: CheckResult }> => {
  if (consistency === "sequential") {
    const found = checkSequential(history, model, options)
    const { promise, verdict } = found
    const report: PromiseReport = {
      promise,
      verdict,
      keys: objectsIn(history, model).names.length,
      bad: found.verdict === "illegal" ? [{ key: "*", reason: found.reason }] : [],
      undecided: found.verdict === "unknown" ? [{ key: "*", reason: found.reason }] : []
    }
    return { report }
  }
  if (staleBound === undefined) {
    const result = await check(history, model, options)
    return { report: { promise: "linearizability", ...byKey(result) }, result }
  }
  const { bad, ...found } = byKey(checkBoundedStaleness(history, model, staleBound, options))
  const said = (reason: string) => `were stale reads called ${staleBound} earlier, still ${reason}`
  const report: PromiseReport = { promise: "bounded staleness", staleBound, ...found, bad: bad.map(({ key, reason }) => ({ key, reason: said(reason) })) }
  return { report }
}

const byKey = ({ keys, verdict }: CheckResult) => ({
  verdict,
  keys: keys.length,
  bad: keys.filter((k) => k.verdict === "illegal").map(({ explanation, key }) => ({ key, reason: explanation?.reason ?? "" })),
  undecided: keys.filter((k) => k.verdict === "unknown").map(({ key, reason }) => ({ key, reason }))
})
