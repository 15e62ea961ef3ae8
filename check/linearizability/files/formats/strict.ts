// One line of JSON, whatever is in it: the part of the JSONL reader that knows all cases and has words for all mistakes.
// It needs Effect's Schema, which takes longer to load than most histories take to check: so only when a line is unusual.
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { APPLIED, FAILED, HistoryError, HistoryWriter, UNKNOWN } from "../../History.ts"
import type { Reading } from "./Format.ts"
import { endOfJson, parseJson } from "./json.ts"
import { Times } from "./exact.ts"

const Time = Schema.Union([
  Schema.Int.annotate({ message: "Expected an integer: times are counted in whole units, such as nanoseconds" }),
  Schema.BigInt
])

/** One line of a history. */
const Line = Schema.Struct({
  client: Schema.Int.check(Schema.isBetween({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1 })),
  op: Schema.String,
  key: Schema.String,
  value: Schema.Json,
  call: Time,
  return: Schema.NullOr(Time),
  output: Schema.Json,
  applied: Schema.optionalKey(Schema.Boolean),
  stale: Schema.optionalKey(Schema.Boolean)
})
type Line = typeof Line.Type

/** One line of a bundle. */
const Bundled = Schema.Struct({
  id: Schema.String,
  model: Schema.String,
  verdict: Schema.optionalKey(Schema.Literals(["Ok", "Illegal"])),
  note: Schema.optionalKey(Schema.Array(Schema.String)),
  ops: Schema.Array(Line)
})

/** Fields whose integers may be large. */
const times = new Set(["call", "return"])

const onlyThese = { onExcessProperty: "error" } as const
const decodeLine = Schema.decodeUnknownResult(Line, onlyThese)
const decodeBundled = Schema.decodeUnknownResult(Bundled, onlyThese)

/** Reads line by line into the history that others write to as well, or, in a bundle, makes a history of each line. */
export class StrictLines {
  isBundle = false
  readonly #reading: Reading
  readonly #writer: HistoryWriter
  readonly #times: Times

  constructor(reading: Reading, writer: HistoryWriter, times: Times) {
    this.#reading = reading
    this.#writer = writer
    this.#times = times
  }

  /** `text` is not blank. */
  line(text: string, line: number) {
    try {
      this.#line(text, line)
    } catch (error) {
      if (error instanceof RangeError) throw this.#error(line, "nested too deeply")
      throw error
    }
  }

  #line(text: string, line: number) {
    const json = this.#parse(text, line)
    const isBundle = typeof json === "object" && json !== null && "ops" in json
    if (isBundle ? this.#writer.length > 0 : this.isBundle) throw this.#error(line, "operations and bundled histories in one file")
    this.isBundle = isBundle
    if (isBundle) this.#bundled(json, line)
    else {
      const x = decodeLine(json)
      if (Result.isFailure(x)) throw this.#error(line, `not an operation: ${oneLine(x.failure.message)}`)
      this.#add(this.#writer, this.#times, x.success, line)
    }
  }

  #bundled(json: unknown, line: number) {
    const bundled = decodeBundled(json)
    if (Result.isFailure(bundled)) throw this.#error(line, `not a history: ${oneLine(bundled.failure.message)}`)
    const { id, model, verdict, ops } = bundled.success
    const writer = new HistoryWriter()
    const times = new Times()
    for (const x of ops) this.#add(writer, times, x, line)
    const expected = verdict === undefined ? {} : { expected: verdict === "Ok" ? "ok" as const : "illegal" as const }
    this.#reading.emit({ history: writer.end(), id, model, ...expected })
  }

  #add(writer: HistoryWriter, times: Times, x: Line, line: number) {
    if (x.return !== null && x.return < x.call) {
      throw this.#error(line, `${x.op} of client ${x.client} returns at ${x.return}, before its call at ${x.call}`)
    }
    const call = this.#time(times, x.call, line)
    const known = x.return === null ? undefined : this.#time(times, x.return, line)
    const returned = x.applied === false ? FAILED : known ?? (x.applied === true ? APPLIED : UNKNOWN)
    const { texts } = writer
    const { client, op, key, value, output } = x
    const row = writer.addRow(client + 0, writer.op(op), writer.key(key), texts.of(value), call, returned, texts.of(output), line)
    if (x.stale === true) writer.markStale(row)
  }

  #time(times: Times, time: number | bigint, line: number): number {
    const read = times.of(time)
    if (Number.isNaN(read)) throw this.#error(line, `the time ${time} is more than 2^53 away from the first call`)
    return read
  }

  #parse(text: string, line: number): unknown {
    try {
      return parseJson(text, times)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      const at = endOfJson(text)
      const reason = at === text.length ? "not JSON: the line ends too early" : "not JSON"
      throw this.#error(line, reason, [...text.slice(0, at)].length + 1)
    }
  }

  #error(line: number, reason: string, column?: number): HistoryError {
    return new HistoryError({ file: this.#reading.file, line, ...(column === undefined ? {} : { column }), reason })
  }
}

const oneLine = (message: string): string => message.replaceAll(/\s+/g, " ")
