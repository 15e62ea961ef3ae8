/**
 * What `lockstep verify` does, once its flags are known. There is no Effect here: to load it takes longer than to read and
 * check a hundred histories.
 */
import { HistoryError } from "../../check/linearizability/History.ts"
import type { FailMeans } from "../../check/linearizability/formats/Format.ts"
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
  /** In seconds. */
  readonly timeout: number
  /** In MiB. */
  readonly memory: number
  readonly json: boolean
}

export const defaults = { timeout: 10, memory: 2048 }

/** How the command ends: what goes to stdout; and, unless all is well, the ending, with a line for stderr. */
export interface Verified {
  readonly text?: string
  readonly ending?: EndingName
  readonly message: string
}

export const verifyHistories = async (flags: VerifyFlags, signal: AbortSignal): Promise<Verified> => {
  const { fail, format, json, memory, model, paths, timeout } = flags
  const badInput = (message: string): Verified => ({ ending: "badInput", message })
  if (!(timeout > 0)) return badInput(`--timeout ${timeout}: expected more than 0`)
  if (!(memory >= 1)) return badInput(`--memory ${memory}: expected at least 1`)
  try {
    const report = await verifyFiles(paths, {
      model,
      format,
      fail,
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
  + `${grouped(h.keys)} ${h.keys === 1 ? "key" : "keys"}, ${h.model}, read in ${seconds(h.readSeconds)}, checked in ${seconds(h.seconds)}`,
  ...h.bad.map(({ key, reason }) => `         key ${key} is not linearizable: ${reason}`),
  ...h.undecided.map(({ key, reason }) => `         key ${key} is undecided: ${reason}`)
]
