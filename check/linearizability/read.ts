// From the text of a history file to histories that fit their models.
import * as Result from "effect/Result"
import { readJepsen } from "./formats/jepsen.ts"
import { readJsonl } from "./formats/jsonl.ts"
import { readPorcupine } from "./formats/porcupine.ts"
import { HistoryError } from "./History.ts"
import type { History } from "./History.ts"
import type { Model } from "./Model.ts"
import { misfit } from "./Model.ts"
import { kvEmpty, modelFor, models } from "./models.ts"

const formats = {
  jsonl: { read: readJsonl, model: undefined },
  jepsen: { read: readJepsen, model: "cas" },
  porcupine: { read: readPorcupine, model: kvEmpty.name }
} as const

/** `jsonl` is Lockstep's own; `jepsen` has etcd's register, `porcupine` the labs' map. */
export type Format = keyof typeof formats

export const formatNames = Object.keys(formats) as ReadonlyArray<Format>

/** A history with the model that it is to be checked against. */
export interface Checkable extends Omit<History, "model"> {
  readonly model: Model
}

export interface ReadOptions {
  /** For error messages. */
  readonly file: string
  /** Found out from the content unless told. */
  readonly format?: Format | undefined
  /** A model's name; otherwise the file's own word for it, or the model that has the history's operations. */
  readonly model?: string | undefined
}

/** The format of a text by its first line, or `undefined`. An empty text is JSONL. */
export const formatOf = (text: string): Format | undefined => {
  const first = /^\s*(\S.*)/.exec(text)?.[1]
  if (first === undefined) return "jsonl"
  if (/^\{\s*:/.test(first)) return "porcupine"
  if (/\bjepsen\.|^(INFO|WARN|ERROR)\b/.test(first)) return "jepsen"
  return first.startsWith("{") ? "jsonl" : undefined
}

/**
 * Reads the histories of a file and makes sure that every operation is one of its model. Pure.
 *
 * @returns the format found, and at least one history; or the first thing that is wrong, with its line.
 */
export const readHistories = (
  text: string,
  { file, format: told, model: wanted }: ReadOptions
): Result.Result<{ readonly format: Format; readonly histories: ReadonlyArray<Checkable> }, HistoryError> => {
  const format = told ?? formatOf(text)
  if (format === undefined) {
    const reason = `not a history in any known format (${formatNames.join(", ")})`
    return Result.fail(new HistoryError({ file, line: 1, reason }))
  }
  const { read, model: usual } = formats[format]
  const read_ = read(text, file)
  if (Result.isFailure(read_)) return Result.fail(read_.failure)
  const histories: Array<Checkable> = []
  for (const history of read_.success) {
    const name = wanted ?? history.model ?? usual
    const model = modelFor(history.operations, name)
    if (model === undefined) {
      const operations = [...new Set(history.operations.map((x) => x.op))].join(", ")
      const reason =
        name === undefined
          ? `no model has all of these operations: ${operations}`
          : `unknown model ${JSON.stringify(name)} (known: ${Object.keys(models).join(", ")})`
      return Result.fail(new HistoryError({ file, line: history.lines[0] ?? 1, reason }))
    }
    for (const [i, x] of history.operations.entries()) {
      const reason = misfit(model, x)
      if (reason !== undefined) return Result.fail(new HistoryError({ file, line: history.lines[i]!, reason }))
    }
    histories.push({ ...history, model })
  }
  return Result.succeed({ format, histories })
}
