// `lockstep verify`: history files in, a report out. No Effect here, and none where it reads: to load it takes longer than
// to read and check a hundred histories.
import { join } from "node:path"
import { setImmediate } from "node:timers/promises"
import { blocksOf, nameOf, STANDARD_INPUT } from "./blocks.ts"
import { checkLinearizable } from "../check.ts"
import type { CheckOptions } from "../check.ts"
import { FAILED, HistoryError } from "../History.ts"
import type { History } from "../History.ts"
import { loadModel } from "./loadModel.ts"
import type { Model } from "../Model.ts"
import type { Threads } from "../parallel.ts"
import { checkPromise } from "../weaker/promises.ts"
import type { PromiseOptions, PromiseReport } from "../weaker/promises.ts"
import { formatOf, readHistories } from "./read.ts"
import type { Checkable, Format, ReadOptions } from "./read.ts"
import { worst } from "../Result.ts"
import type { CheckResult, Verdict } from "../Result.ts"

// Not imported, as in blocks.ts.
const { readdirSync, statSync } = process.getBuiltinModule("node:fs")

/** What was found for one history. A file has one, a bundle many, told apart by `id`. */
export interface HistoryReport extends PromiseReport {
  readonly file: string
  readonly id?: string
  readonly format: Format
  readonly model: string
  /** All but those that failed. */
  readonly operations: number
  /** The verdict that the bundle itself gives. */
  readonly expected?: "ok" | "illegal"
  /** To read it, and to check it. */
  readonly readSeconds: number
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

/** What was checked, and what came of it. Without a result where something weaker was asked for than linearizability. */
export interface Checked {
  readonly history: History
  readonly model: Model
  readonly result?: CheckResult
}

export interface VerifyOptions extends PromiseOptions, Pick<ReadOptions, "format" | "fail"> {
  /** The name of a model, or the path of a module that has one (see `loadModel`). */
  readonly model?: string | undefined
  /** Ends the work after the block or the history it is at. */
  readonly signal?: AbortSignal
  /** Called now and then while a file is read, with the operations so far. */
  readonly onRead?: (file: string, operations: number) => void
  /** Only this key of each history is checked. */
  readonly key?: string | undefined
  /** How many threads check a large history of several objects; 1 unless told. */
  readonly threads?: number
  /** Called after each history. */
  readonly onChecked?: (report: HistoryReport, checked: Checked) => void
}

/** So often signals are let in. */
const BREATH_MS = 50
/** From so many operations on several threads save more time than it takes to start them. */
const LARGE = 200_000

const exitCodes = { ok: 0, illegal: 1, unknown: 3 } as const

/**
 * Checks all histories in `paths`: of a folder, all files below it that look like histories; "-" is the standard input.
 * `timeoutMs` is for one history. Rejects with a `HistoryError` at the first file that cannot be read or is malformed,
 * for a folder without histories, and for a model that can't be had.
 */
export const verifyFiles = async (paths: ReadonlyArray<string>, options: VerifyOptions = {}): Promise<VerifyReport> => {
  const { fail, format, onChecked, onRead, signal, threads: count = 1 } = options
  const isAborted = () => signal?.aborted === true
  const model = options.model === undefined ? undefined : await loadModel(options.model)
  const histories: Array<HistoryReport> = []
  const skipped: Array<string> = []
  let breath = performance.now() + BREATH_MS
  let threads: Threads | undefined
  const check = async (history: History, model: Model, options: CheckOptions): Promise<CheckResult> => {
    if (history.length < LARGE || count === 1) return checkLinearizable(history, model, options)
    threads ??= new (await import("../parallel.ts")).Threads(count)
    return await threads.check(history, model, options)
  }
  for (const path of paths) {
    const isFolder = path !== STANDARD_INPUT && isDirectory(path)
    const before = histories.length
    for (const file of isFolder ? filesBelow(path) : [path]) {
      if (isAborted()) break
      if (isFolder && format === undefined && !(await isHistory(file))) {
        skipped.push(file)
        continue
      }
      const name = nameOf(file)
      let start = performance.now()
      try {
        const read = readHistories(blocksOf(file, signal), {
          file: name,
          format,
          fail,
          model,
          onProgress: (operations) => onRead?.(name, operations)
        })
        for await (const whole of read) {
          const history = options.key === undefined ? whole : onKey(whole, options.key, name)
          const { report, result } = await checkOne(name, history, (performance.now() - start) / 1000, options, check)
          histories.push(report)
          onChecked?.(report, { history: history.history, model: history.model, ...(result === undefined ? {} : { result }) })
          if (performance.now() > breath) {
            // The search holds the thread: let a signal in between.
            await setImmediate()
            breath = performance.now() + BREATH_MS
          }
          if (isAborted()) break
          start = performance.now()
        }
      } catch (error) {
        if (!isAborted()) throw error
      }
    }
    if (histories.length === before && !isAborted()) throw new HistoryError({ file: path, reason: "a folder without histories" })
  }
  await threads?.close()
  const verdict = worst(histories.map((h) => h.verdict))
  return { histories, skipped, verdict, exitCode: exitCodes[verdict] }
}

/** What a history has on one key. */
const onKey = (whole: Checkable, key: string, file: string): Checkable => {
  const history = whole.history.onKey(key)
  if (history === undefined) throw new HistoryError({ file, reason: `has no operation on key ${JSON.stringify(key)}` })
  return { ...whole, history }
}

const checkOne = async (
  file: string,
  { expected, format, history, id, model }: Checkable,
  readSeconds: number,
  options: PromiseOptions,
  check: Parameters<typeof checkPromise>[3]
) => {
  const start = performance.now()
  try {
    const { report, result } = await checkPromise(history, model, options, check)
    const whole: HistoryReport = {
      file,
      ...(id === undefined ? {} : { id }),
      format,
      model: model.name,
      operations: history.returns.reduce((count, returned) => (returned === FAILED ? count : count + 1), 0),
      ...(expected === undefined ? {} : { expected }),
      ...report,
      readSeconds,
      seconds: (performance.now() - start) / 1000
    }
    return { report: whole, result }
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error
    const { line, reason } = error
    throw new HistoryError({ file, ...(line === undefined ? {} : { line }), reason })
  }
}

/** In a folder, a file named like a history must be one; others may be, if they look so. */
const isHistory = async (file: string): Promise<boolean> => {
  if (/\.(?:jsonl|ndjson|edn|log)(?:\.gz)?$/.test(file)) return true
  if (!/\.(?:txt|json)(?:\.gz)?$/.test(file)) return false
  for await (const block of blocksOf(file)) {
    const text = Buffer.from(block.buffer, block.byteOffset, block.length).toString()
    const format = text.trim() === "" ? undefined : formatOf(text)
    // A JSON file is no JSON lines.
    return format !== undefined && (format !== "jsonl" || !/\.json(?:\.gz)?$/.test(file))
  }
  return false
}

const unreadable = (file: string, error: unknown) =>
  new HistoryError({ file, reason: `cannot be read: ${(error as Error).message.replaceAll(/\s+/g, " ")}` })

const isDirectory = (path: string): boolean => {
  try {
    return statSync(path).isDirectory()
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** All files below a folder, sorted by path. */
const filesBelow = (folder: string): ReadonlyArray<string> => {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
  } catch (error) {
    throw unreadable(folder, error)
  }
}
