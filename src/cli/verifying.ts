/**
 * What `lockstep verify` does, once its flags are known. There is no Effect here: to load it takes longer than to read and
 * check a hundred histories.
 */
import { HistoryError } from "../../check/linearizability/History.ts"
import type { FailMeans } from "../../check/linearizability/formats/Format.ts"
import type { Consistency } from "../../check/linearizability/promises.ts"
import type { Format } from "../../check/linearizability/read.ts"
import { verifyFiles } from "../../check/linearizability/verify.ts"
import type { HistoryReport } from "../../check/linearizability/verify.ts"
import type { EndingName } from "./exitCodes.ts"
import { progress } from "./progress.ts"
import { grouped, seconds } from "./text.ts"

export interface VerifyFlags {
  readonly paths: ReadonlyArray<string>
  readonly model: string | undefined
  readonly format: Format | undefined
  readonly fail: FailMeans | undefined
  readonly consistency: Consistency
  /** In units of the history's clock. */
  readonly staleBound: number | undefined
  /** In seconds. */
  readonly timeout: number
  /** In MiB. */
  readonly memory: number
  readonly json: boolean
}

export const defaults = { consistency: "linearizable", timeout: 10, memory: 2048 } as const

/** How the command ends: what goes to stdout; and, unless all is well, the ending, with a line for stderr. */
export interface Verified {
  readonly text?: string
  readonly ending?: EndingName
  readonly message: string
}

export const verifyHistories = async (flags: VerifyFlags, signal: AbortSignal): Promise<Verified> => {
  const { consistency, fail, format, json, memory, model, paths, staleBound, timeout } = flags
  const badInput = (message: string): Verified => ({ ending: "badInput", message })
  if (!(timeout > 0)) return badInput(`--timeout ${timeout}: expected more than 0`)
  if (!(memory >= 1)) return badInput(`--memory ${memory}: expected at least 1`)
  if (staleBound !== undefined && !(staleBound >= 0)) return badInput(`--stale-bound ${staleBound}: expected at least 0`)
  if (staleBound !== undefined && consistency === "sequential") {
    return badInput("--stale-bound goes with --consistency linearizable: sequential consistency knows no time")
  }
  try {
    const report = await verifyFiles(paths, {
      model,
      format,
      fail,
      consistency,
      staleBound,
      signal,
      timeoutMs: timeout * 1000,
      memoryBytes: memory * 2 ** 20,
      onRead: (file, operations) => progress(`${file}: ${grouped(operations)} operations read`),
      onProgress: (h) => progress(`${h.verdict} ${h.file} ${h.id ?? ""}`)
    })
    const text = json ? JSON.stringify(report, null, 2) : report.histories.flatMap(lines).join("\n")
    if (report.verdict === "illegal") return { text, ending: "violated", message: "" }
    if (signal.aborted) return { text, ending: "interrupted", message: "interrupted: the result is partial" }
    return report.verdict === "unknown" ? { text, ending: "undecided", message: "" } : { text, message: "" }
  } catch (error) {
    if (error instanceof HistoryError) return badInput(error.message)
    throw error
  } finally {
    progress("")
  }
}

const lines = (h: HistoryReport): ReadonlyArray<string> => [
  `${h.verdict.padEnd(7)}  ${h.id === undefined ? h.file : `${h.file} ${h.id}`}: ${grouped(h.operations)} operations, `
  + `${grouped(h.keys)} ${h.keys === 1 ? "key" : "keys"}, ${h.model}, ${promised(h)}read in ${seconds(h.readSeconds)}, checked in ${seconds(h.seconds)}`,
  ...h.bad.map(({ key, reason }) => `         ${broken(h, key)}: ${reason}`),
  ...h.undecided.map(({ key, reason }) => `         key ${key} is undecided: ${reason}`)
]

/** A promise that isn't the usual one is named. */
const promised = ({ promise, staleBound }: HistoryReport): string =>
  promise === "linearizability" ? "" : `${promise}${staleBound === undefined ? "" : ` of ${grouped(staleBound)}`}, `

const broken = ({ promise }: HistoryReport, key: string): string =>
  promise === "sequential consistency" ? "not sequentially consistent" : `key ${key} is not linearizable`
