// A history is what clients saw: operations with the moments of their call and return, read on one clock.
// This file has its type and its one-line JSON form; formats/ has the readers.
import * as Data from "effect/Data"
import * as Schema from "effect/Schema"

/** Any JSON value. */
export type Json = string | number | boolean | null | ReadonlyArray<Json> | { readonly [key: string]: Json }

/**
 * One operation, and the shape of one line of a history file (JSONL).
 *
 * `call` and `return` are integers on one clock, and the interval is closed: an operation that returns at 20 and one
 * called at 20 are concurrent. `return: null` means that the outcome is unknown: the operation may take effect at any
 * moment after `call`, or never. `output` is null where the operation gives none, and for unknown outcomes.
 */
export const Operation = Schema.Struct({
  client: Schema.Int,
  op: Schema.String,
  key: Schema.String,
  value: Schema.Json,
  call: Schema.Int,
  return: Schema.NullOr(Schema.Int),
  output: Schema.Json
})

export interface Operation {
  readonly client: number
  readonly op: string
  readonly key: string
  readonly value: Json
  readonly call: number
  readonly return: number | null
  readonly output: Json
}

/** One history of a file. A bundle holds many, each with its own id, model and perhaps the verdict it should get. */
export interface History {
  readonly id?: string
  readonly model?: string
  readonly expected?: "ok" | "illegal"
  readonly operations: ReadonlyArray<Operation>
  /** The line of each operation (of its call, where call and return have lines of their own), from 1. */
  readonly lines: ReadonlyArray<number>
}

/** The input cannot be read, or is not a history: bad usage, exit code 2. `line` counts from 1. */
export class HistoryError extends Data.TaggedError("HistoryError")<{
  readonly file: string
  readonly line?: number
  readonly reason: string
}> {
  override get message(): string {
    return `${this.file}:${this.line === undefined ? "" : `${this.line}:`} ${this.reason}`
  }
}

/** Equal JSON values, and only those, have the same canonical text: fields are sorted by name. */
export const canonical = (value: Json): string => {
  if (value === null || typeof value !== "object") return JSON.stringify(value)
  return JSON.stringify(value, (_, v) =>
    v !== null && typeof v === "object" && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v
  )
}

/** An operation as a reader would write it: `client 3: cas "k0" [1,2] -> true @ 10..20`. */
export const show = (x: Operation): string => {
  const value = x.value === null ? "" : ` ${canonical(x.value)}`
  const output = x.return === null ? " -> ?" : x.output === null && x.value !== null ? "" : ` -> ${canonical(x.output)}`
  return `client ${x.client}: ${x.op} ${JSON.stringify(x.key)}${value}${output} @ ${x.call}..${x.return ?? ""}`
}
