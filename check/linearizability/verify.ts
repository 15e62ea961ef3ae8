// `lockstep verify`: history files in, a report out. The only part of the checker that touches the disk.
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Result from "effect/Result"
import { setImmediate } from "node:timers/promises"
import { checkLinearizable, worst } from "./check.ts"
import type { CheckOptions, Verdict } from "./check.ts"
import { HistoryError } from "./History.ts"
import { formatOf, readHistories } from "./read.ts"
import type { Checkable, Format } from "./read.ts"

/** What was found for one history. A file has one, a bundle many, told apart by `id`. */
export interface HistoryReport {
  readonly file: string
  readonly id?: string
  readonly format: Format
  readonly model: string
  readonly operations: number
  readonly keys: number
  readonly verdict: Verdict
  /** The verdict that the bundle itself gives. */
  readonly expected?: "ok" | "illegal"
  /** Every key that is not linearizable, with the operation that could not be placed. */
  readonly bad: ReadonlyArray<{ readonly key: string; readonly reason: string }>
  /** Every key for which time or memory ran out. */
  readonly undecided: ReadonlyArray<{ readonly key: string; readonly reason: string }>
  readonly seconds: number
}

export interface VerifyReport {
  readonly histories: ReadonlyArray<HistoryReport>
  /** Files of the given folders that are no histories, by their content: licences and notes. */
  readonly skipped: ReadonlyArray<string>
  readonly verdict: Verdict
  /** 0 holds, 1 violated, 3 undecided. */
  readonly exitCode: 0 | 1 | 3
}

export interface VerifyOptions extends CheckOptions {
  readonly model?: string | undefined
  readonly format?: Format | undefined
  /** Ends the work after the history it is at. */
  readonly signal?: AbortSignal
  /** Called after each history. */
  readonly onProgress?: (report: HistoryReport) => void
}

const exitCodes = { ok: 0, illegal: 1, unknown: 3 } as const

/**
 * Checks all histories in `paths`; of a folder, all files below it that look like histories. `timeoutMs` is for one
 * history. Fails with a `HistoryError` at the first file that cannot be read or is malformed.
 */
export const verifyFiles = Effect.fnUntraced(function* (paths: ReadonlyArray<string>, options: VerifyOptions = {}) {
  const histories: Array<HistoryReport> = []
  const skipped: Array<string> = []
  for (const path of paths) {
    const isFolder = yield* isDirectory(path)
    for (const file of isFolder ? yield* filesBelow(path) : [path]) {
      const text = yield* readText(file)
      if (isFolder && options.format === undefined && !isHistory(file, text)) {
        skipped.push(file)
        continue
      }
      const read = readHistories(text, { file, format: options.format, model: options.model })
      if (Result.isFailure(read)) return yield* read.failure
      for (const history of read.success.histories) {
        if (options.signal?.aborted === true) break
        const report = checkOne(file, read.success.format, history, options)
        histories.push(report)
        options.onProgress?.(report)
        // The search holds the thread: let a signal in between.
        yield* Effect.promise(() => setImmediate())
      }
    }
  }
  const verdict = worst(histories.map((h) => h.verdict))
  return { histories, skipped, verdict, exitCode: exitCodes[verdict] } satisfies VerifyReport
})

const checkOne = (file: string, format: Format, history: Checkable, options: VerifyOptions): HistoryReport => {
  const start = performance.now()
  const { verdict, keys } = checkLinearizable(history.operations, history.model, options)
  return {
    file,
    ...(history.id === undefined ? {} : { id: history.id }),
    format,
    model: history.model.name,
    operations: history.operations.length,
    keys: keys.length,
    verdict,
    ...(history.expected === undefined ? {} : { expected: history.expected }),
    bad: keys.filter((k) => k.verdict === "illegal").map(({ key, reason }) => ({ key, reason })),
    undecided: keys.filter((k) => k.verdict === "unknown").map(({ key, reason }) => ({ key, reason })),
    seconds: (performance.now() - start) / 1000
  }
}

/** In a folder, a file named like a history must be one; a text file is one if it looks so. */
const isHistory = (file: string, text: string): boolean =>
  /\.(jsonl|log)$/.test(file) || (/\.txt$/.test(file) && text.trim() !== "" && formatOf(text) !== undefined)

const unreadable = (file: string) => (error: { readonly message: string }) =>
  new HistoryError({ file, reason: `cannot be read: ${error.message.replaceAll(/\s+/g, " ")}` })

const isDirectory = (path: string) =>
  FileSystem.FileSystem.use((fs) => fs.stat(path)).pipe(
    Effect.map((info) => info.type === "Directory"),
    Effect.mapError(unreadable(path))
  )

const readText = (file: string) =>
  FileSystem.FileSystem.use((fs) => fs.readFileString(file)).pipe(Effect.mapError(unreadable(file)))

/** All files below a folder, sorted by path. */
const filesBelow = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const found: Array<string> = []
  for (const name of yield* fs.readDirectory(folder, { recursive: true }).pipe(Effect.mapError(unreadable(folder)))) {
    const file = path.join(folder, name)
    if (!(yield* isDirectory(file))) found.push(file)
  }
  return found.sort()
})
