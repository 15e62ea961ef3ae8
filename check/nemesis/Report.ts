/** What came of a run, in figures: what it has shown, and whether it was enough of a torment to show anything. */
import * as Result from "effect/Result"
import type { History } from "../linearizability/History.ts"
import type { Verdict } from "../trace/validate.ts"
import type { Fault } from "./Faults.ts"
import type { NemesisRun } from "./Nemesis.ts"

export interface Operations {
  readonly all: number
  readonly answered: number
  /** Certainly without effect. */
  readonly refused: number
  readonly unknown: number
  /** Median, over all that were answered: how many other operations on the key were under way at the same time. */
  readonly overlap: number
  /** Milliseconds, of what was answered: the median, and what 99 in 100 took at most. */
  readonly median: number
  readonly slow: number
}

export interface Report {
  readonly operations: Operations
  /** Terms with a leader, but for the first. */
  readonly failovers: number
  /** Properties that don't hold, and servers that aren't well; each in a line. */
  readonly violations: ReadonlyArray<string>
  /** What keeps the run from saying much; each in a line. */
  readonly gaps: ReadonlyArray<string>
}

/** At least so many operations on a key meet an operation; and so many in 100, or in 100 of a short run, have no answer. */
const fewestMet = 3
const fewestUnknown = 2
const fewestInShort = 0.5

/** `validated`: what TLC says of the trace, or why it wasn't asked. */
export const reportOf = (
  { history, leaders, linearizable, struck, trace, wrong }: NemesisRun,
  validated: Verdict | string,
  asked: ReadonlyArray<Fault>,
  seconds: number
): Report => {
  const operations = operationsOf(history)
  const bad = linearizable.keys.filter(({ verdict }) => verdict === "illegal")
  const unstruck = asked.filter(({ name }) => !struck.some((one) => one.name === name))
  const unknown = 100 * operations.unknown / operations.all
  // A short run can't have all faults, and may have few that strike the leader.
  const isLong = seconds >= secondsForAll(asked)
  const fewest = isLong ? fewestUnknown : fewestInShort
  return {
    operations,
    failovers: Math.max(0, leaders.length - 1),
    violations: [
      ...wrong,
      ...bad.map(({ key }) => `key ${key} is not linearizable`),
      ...Result.isFailure(trace) ? [`the servers' traces: ${trace.failure.message}`] : [],
      ...typeof validated !== "string" && validated.status === "rejected" ? [validated.message] : []
    ],
    gaps: [
      ...struck.filter(({ bit }) => !bit).map(({ evidence, label, name }) => `${name} ${label} was not felt: ${evidence}`),
      ...isLong ? unstruck.map(({ name }) => `${name} never struck`) : [],
      ...linearizable.verdict === "unknown" ? ["whether all keys are linearizable is undecided"] : [],
      ...operations.overlap < fewestMet ? [`the median operation met ${operations.overlap} others, not ${fewestMet}`] : [],
      ...unknown < fewest ? [`${unknown.toFixed(1)} % of the outcomes are unknown, not ${fewest}`] : []
    ]
  }
}

/** Long enough to strike with each. */
const secondsForAll = (asked: ReadonlyArray<Fault>): number => 6 * asked.length

const operationsOf = (history: History): Operations => {
  const all = Array.from({ length: history.length }, (_, i) => history.operation(i))
  const answered = all.flatMap((x) => x.return === null ? [] : [{ ...x, return: x.return }])
  const met: Array<number> = []
  for (const same of Map.groupBy(answered, ({ key }) => key).values()) {
    for (const x of same) met.push(same.filter((y) => y !== x && y.call <= x.return && x.call <= y.return).length)
  }
  const times = answered.map((x) => (x.return - x.call) / 1000)
  const refused = all.filter(({ applied }) => applied === false).length
  return {
    all: all.length,
    answered: answered.length,
    refused,
    unknown: all.length - answered.length - refused,
    overlap: quantile(met, 0.5),
    median: quantile(times, 0.5),
    slow: quantile(times, 0.99)
  }
}

/** 0 of none. */
export const quantile = (all: ReadonlyArray<number>, q: number): number =>
  all.toSorted((a, b) => a - b)[Math.floor(q * (all.length - 1))] ?? 0
