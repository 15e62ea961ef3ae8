/**
 * What `lockstep verify` does, once its flags are known. There is no Effect here: to load it takes longer than to read and
 * check a hundred histories.
 */
import { HistoryError } from "../../check/linearizability/History.ts"
import type { FailMeans } from "../../check/linearizability/files/formats/Format.ts"
import type { History } from "../../check/linearizability/History.ts"
import type { Explanation } from "../../check/linearizability/Result.ts"
import type { Explained } from "../../check/render/Explained.ts"
import type { Consistency } from "../../check/linearizability/weaker/promises.ts"
import type { Format } from "../../check/linearizability/files/read.ts"
import { verifyFiles } from "../../check/linearizability/files/verify.ts"
import type { Checked, HistoryReport, VerifyReport } from "../../check/linearizability/files/verify.ts"
import type { EndingName } from "./exitCodes.ts"
import { progress } from "./progress.ts"
import { grouped, seconds } from "./text.ts"

// As an import it takes longer to load.
const { availableParallelism } = process.getBuiltinModule("node:os")

export interface VerifyFlags {
  readonly paths: ReadonlyArray<string>
  readonly model: string | undefined
  readonly format: Format | undefined
  readonly fail: FailMeans | undefined
  readonly consistency: Consistency
  /** Only this one is checked. */
  readonly key: string | undefined
  /** In units of the history's clock. */
  readonly staleBound: number | undefined
  /** In seconds. */
  readonly timeout: number
  /** In MiB. */
  readonly memory: number
  readonly threads: number
  /** No explanations. */
  readonly verdictOnly: boolean
  readonly json: boolean
}

export const defaults = { consistency: "linearizable", timeout: 10, memory: 2048, threads: availableParallelism() } as const

/** So many bad keys are shown each with a timeline; more of them, with a line. */
const TIMELINES = 3

/** How the command ends: what goes to stdout; and, unless all is well, the ending, with a line for stderr. */
export interface Verified {
  readonly text?: string
  /** Linearizable or not, what was checked; only where it was one history. */
  readonly checked?: Checked & { readonly file: string }
  readonly ending?: EndingName
  readonly message: string
}

export const verifyHistories = async (flags: VerifyFlags, signal: AbortSignal): Promise<Verified> => {
  const { consistency, fail, format, json, key, memory, model, paths, staleBound, threads, timeout, verdictOnly } = flags
  const badInput = (message: string): Verified => ({ ending: "badInput", message })
  if (!(timeout > 0)) return badInput(`--timeout ${timeout}: expected more than 0`)
  if (!(memory >= 1)) return badInput(`--memory ${memory}: expected at least 1`)
  if (!(threads >= 1)) return badInput(`--threads ${threads}: expected at least 1`)
  if (staleBound !== undefined && !(staleBound >= 0)) return badInput(`--stale-bound ${staleBound}: expected at least 0`)
  if (staleBound !== undefined && consistency === "sequential") {
    return badInput("--stale-bound goes with --consistency linearizable: sequential consistency knows no time")
  }
  // The first history; and of those that are not linearizable, as many as may be shown with timelines.
  const shown: Array<Checked & { readonly report: HistoryReport }> = []
  const explanations = new Map<HistoryReport, ReadonlyMap<string, Explained>>()
  // Loaded where it is needed only.
  const explained = json && !verdictOnly ? (await import("../../check/render/Explained.ts")).explained : undefined
  try {
    const report = await verifyFiles(paths, {
      model,
      format,
      fail,
      consistency,
      key,
      staleBound,
      signal,
      threads,
      explanations: !verdictOnly,
      timeoutMs: timeout * 1000,
      memoryBytes: memory * 2 ** 20,
      onRead: (file, operations) => progress(`${file}: ${grouped(operations)} operations read`),
      onChecked: (h, checked) => {
        if (shown.length === 0 || (h.verdict === "illegal" && shown.length <= TIMELINES)) shown.push({ ...checked, report: h })
        if (explained !== undefined) explanations.set(h, explainedKeys(checked, explained))
        progress(`${h.verdict} ${h.file} ${h.id ?? ""}`)
      }
    })
    const text = json ? JSON.stringify(asData(report, explanations), null, 2) : await asText(report, shown)
    const [one] = shown
    const checked = report.histories.length === 1 ? { checked: { ...one!, file: one!.report.file } } : {}
    if (report.verdict === "illegal") return { text, ...checked, ending: "violated", message: "" }
    if (signal.aborted) return { text, ending: "interrupted", message: "interrupted: the result is partial" }
    return report.verdict === "unknown" ? { text, ...checked, ending: "undecided", message: "" } : { text, ...checked, message: "" }
  } catch (error) {
    if (error instanceof HistoryError) return badInput(error.message)
    throw error
  } finally {
    progress("")
  }
}

type Shown = ReadonlyArray<Checked & { readonly report: HistoryReport }>

const badKeys = (shown: Checked) => shown.result?.keys.filter((k) => k.verdict === "illegal") ?? []

/** A line for each history and bad key, and for a few bad keys the whole explanation. */
const asText = async (report: VerifyReport, shown: Shown): Promise<string> => {
  const explainable = shown.flatMap((one) =>
    badKeys(one).flatMap(({ explanation, key, operations }) => (explanation === undefined ? [] : [{ one, key, operations, explanation }]))
  )
  const bad = report.histories.reduce((count, h) => count + h.bad.length, 0)
  if (explainable.length === 0) return report.histories.flatMap((h) => lines(h)).join("\n")
  if (bad > TIMELINES) {
    const hint = "a history alone, or one key of it with --key KEY, is shown with a timeline"
    return [...report.histories.flatMap((h) => lines(h)), `(${grouped(bad)} keys are not linearizable: ${hint})`].join("\n")
  }
  // Loaded where it is needed only.
  const { explanationText } = await import("../../check/render/Timeline.ts")
  const width = Math.min(Math.max(process.stdout.columns ?? 100, 60), 160)
  const told = explainable.map(({ one, ...of }) => explanationText(one.history, one.model, of, { width, colour: process.stdout.isTTY }))
  return [...report.histories.flatMap((h) => lines(h, false)), ...told].join("\n\n")
}

const explainedKeys = (checked: Checked, explained: (history: History, explanation: Explanation) => Explained) =>
  new Map(badKeys(checked).flatMap(({ explanation, key }) => (explanation === undefined ? [] : [[key, explained(checked.history, explanation)]])))

/** The report, where bad keys have their explanations with them. */
const asData = (report: VerifyReport, explanations: ReadonlyMap<HistoryReport, ReadonlyMap<string, Explained>>) => ({
  ...report,
  histories: report.histories.map((h) => ({
    ...h,
    bad: h.bad.map((b) => {
      const explanation = explanations.get(h)?.get(b.key)
      return explanation === undefined ? b : { ...b, explanation }
    })
  }))
})

const lines = (h: HistoryReport, withReasons = true): ReadonlyArray<string> => [
  `${h.verdict.padEnd(7)}  ${h.id === undefined ? h.file : `${h.file} ${h.id}`}: ${grouped(h.operations)} operations, `
  + `${grouped(h.keys)} ${h.keys === 1 ? "key" : "keys"}, ${h.model}, ${promised(h)}read in ${seconds(h.readSeconds)}, checked in ${seconds(h.seconds)}`,
  ...(withReasons ? h.bad.map(({ key, reason }) => `         ${broken(h, key)}${reason === "" ? "" : `: ${reason}`}`) : []),
  ...h.undecided.map(({ key, reason }) => `         key ${key} is undecided: ${reason}`)
]

/** A promise that isn't the usual one is named. */
const promised = ({ promise, staleBound }: HistoryReport): string =>
  promise === "linearizability" ? "" : `${promise}${staleBound === undefined ? "" : ` of ${grouped(staleBound)}`}, `

const broken = ({ promise }: HistoryReport, key: string): string =>
  promise === "sequential consistency" ? "not sequentially consistent" : `key ${key} is not linearizable`
