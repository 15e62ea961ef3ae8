// From the bytes of a history file, as they come, to histories that fit their models.
import { isUtf8 } from "node:buffer"
import { EdnForms } from "./formats/edn.ts"
import type { Meaning } from "./formats/events.ts"
import { endOfLine, LINE_FEED } from "./formats/Format.ts"
import type { FailMeans, FormatReader, Read, Reading } from "./formats/Format.ts"
import { ednEvent, JepsenReader, jsonEvent } from "./formats/jepsen.ts"
import { JepsenLogReader } from "./formats/jepsenLog.ts"
import { JsonForms } from "./formats/json.ts"
import { JsonlReader } from "./formats/jsonl.ts"
import { APPLIED, FAILED, HistoryError } from "../History.ts"
import type { History } from "../History.ts"
import { misfit } from "../Model.ts"
import type { Model, ShapeOf } from "../Model.ts"
import { modelFor, models } from "../models/index.ts"
import type { Texts } from "../Texts.ts"

interface FormatKind extends Meaning {
  readonly reader: (reading: Reading, meaning: Meaning) => FormatReader
  /** The model unless somebody names one; otherwise the one that has the history's operations. */
  readonly model?: (history: History) => string | undefined
}

/** Knossos drops what has failed, takes a read of nil for one of anything, and its mutex is nobody's. */
const knossos = {
  fail: "no-effect",
  nil: "anything",
  model: (history) => (history.opNames.includes("acquire") ? "mutex" : undefined)
} satisfies Partial<FormatKind>

const edn: FormatKind["reader"] = (reading, meaning) => new JepsenReader(new EdnForms(reading.file), ednEvent, reading, meaning)

const formats = {
  // Its operations say themselves what they mean.
  jsonl: { reader: (reading) => new JsonlReader(reading), fail: "no-effect", nil: "nothing" },
  "jepsen-edn": { reader: edn, ...knossos },
  "jepsen-json": { reader: (reading, meaning) => new JepsenReader(new JsonForms(reading.file), jsonEvent, reading, meaning), ...knossos },
  "jepsen-log": {
    reader: (reading, meaning) => new JepsenLogReader(reading, meaning),
    // As Porcupine takes its logs of etcd.
    fail: "answered-no",
    nil: "nothing",
    model: () => "cas"
  },
  porcupine: { reader: edn, fail: "no-effect", nil: "nothing", model: () => "kv-empty" }
} satisfies Record<string, FormatKind>

/**
 * `jsonl` is Lockstep's own; `jepsen-edn` and `jepsen-json` are histories of Jepsen, Knossos and Elle, `jepsen-log` is
 * what Jepsen logs, as of etcd's register; `porcupine` has the labs' map.
 */
export type Format = keyof typeof formats

export const formatNames = Object.keys(formats) as ReadonlyArray<Format>

/** A history with the model that it is to be checked against. */
export interface Checkable extends Omit<Read, "model"> {
  readonly format: Format
  readonly model: Model
}

export interface ReadOptions {
  /** For error messages. */
  readonly file: string
  /** Found out from the content unless told. */
  readonly format?: Format | undefined
  /** Only that format says what `:fail` means unless told. */
  readonly fail?: FailMeans | undefined
  /** A model, or a model's name; otherwise the file's own word for it, or the model that has the history's operations. */
  readonly model?: Model | string | undefined
  /** Called after each block with the operations that were read so far. */
  readonly onProgress?: ((operations: number) => void) | undefined
}

/** So many bytes tell the format. */
const ENOUGH = 4096

/** Some programs begin files with it. */
const BYTE_ORDER_MARK = Buffer.of(0xef, 0xbb, 0xbf)

/** The format of a text by its beginning, or `undefined`. A blank text is JSONL. */
export const formatOf = (beginning: string): Format | undefined => {
  const text = beginning.replace(/^(?:\s+|;.*(?:\n|$))+/, "")
  if (text === "" || /^\{\s*(?:["}]|$)/.test(text)) return "jsonl"
  if (/^\[\s*\{\s*"/.test(text)) return "jepsen-json"
  if (/^\{[^{}]*:key\s/.test(text)) return "porcupine"
  if (/^(?:[[(]\s*(?:;.*\n\s*)*)?(?:#[\w.]+\s*)?\{\s*:|^\[\s*\]|^\(\s*\)/.test(text)) return "jepsen-edn"
  return /^.*\bjepsen\.|^(?:INFO|WARN|ERROR)\b/.test(text) ? "jepsen-log" : undefined
}

/**
 * Reads a file, which comes in blocks of bytes of any length, and yields its histories (at least one) as soon as they are
 * whole; of each it makes sure that every operation is one of its model. The text is not kept.
 *
 * Throws a `HistoryError` at the first thing that is wrong.
 */
export async function* readHistories(
  blocks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: ReadOptions
): AsyncGenerator<Checkable, void, undefined> {
  const reader = new Blocks(options)
  for await (const block of blocks) {
    await reader.take(block)
    options.onProgress?.(reader.operations)
    yield* reader.histories()
  }
  await reader.end()
  yield* reader.histories()
}

/** Finds the format, and gives its reader the bytes again that it could not read yet, with more behind them. */
class Blocks {
  readonly #options: ReadOptions
  #reader: FormatReader | undefined
  readonly #found: Array<Checkable> = []
  #bytes = new Uint8Array()
  #length = 0
  /** So many of them are known to be UTF-8. */
  #checked = 0
  /** With fewer bytes nothing can be read. */
  #wanted = ENOUGH

  constructor(options: ReadOptions) {
    this.#options = options
  }

  get operations(): number {
    return this.#reader?.operations ?? 0
  }

  /** What was found since the last time. */
  histories(): ReadonlyArray<Checkable> {
    return this.#found.splice(0)
  }

  async take(block: Uint8Array) {
    this.#append(block)
    if (this.#length >= this.#wanted) await this.#read(false)
  }

  async end() {
    this.#append(Uint8Array.of(LINE_FEED))
    await this.#read(true)
    this.#reader!.end()
  }

  #append(block: Uint8Array) {
    const length = this.#length + block.length
    if (length > this.#bytes.length) {
      // There is always room for the last line break.
      const larger = new Uint8Array(Math.max(length + 1, 2 * this.#bytes.length))
      larger.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = larger
    }
    this.#bytes.set(block, this.#length)
    this.#length = length
  }

  async #read(isLast: boolean) {
    this.#checkUtf8(isLast)
    const reader = (this.#reader ??= this.#open())
    let taken = reader.read(this.#bytes, this.#length, isLast)
    while (reader.missing !== undefined) {
      await reader.missing()
      this.#drop(taken)
      taken = reader.read(this.#bytes, this.#length, isLast)
    }
    this.#drop(taken)
    // What isn't whole is looked at again when it has grown for good: so all looking takes time in proportion to it.
    this.#wanted = 2 * this.#length
  }

  #drop(taken: number) {
    this.#bytes.copyWithin(0, taken, this.#length)
    this.#length -= taken
    this.#checked -= taken
  }

  #open(): FormatReader {
    if (BYTE_ORDER_MARK.equals(this.#bytes.subarray(0, 3))) this.#drop(3)
    const { fail, file, format: told } = this.#options
    const format = told ?? formatOf(Buffer.from(this.#bytes.buffer, 0, Math.min(this.#length, ENOUGH)).toString())
    if (format === undefined) {
      throw new HistoryError({ file, line: 1, reason: `not a history in any known format (${formatNames.join(", ")})` })
    }
    const kind: FormatKind = formats[format]
    const meaning = { nil: kind.nil, fail: fail ?? kind.fail }
    return kind.reader({ file, emit: (read) => this.#found.push(fitted(read, format, this.#options)) }, meaning)
  }

  /** A character that the end of the block cuts is looked at with the next block. */
  #checkUtf8(isLast: boolean) {
    const bytes = this.#bytes
    const end = isLast ? this.#length : startOfLastCharacter(bytes, this.#length)
    if (isUtf8(bytes.subarray(this.#checked, end))) {
      this.#checked = end
      return
    }
    let line = this.#reader?.line ?? 1
    let start = 0
    for (; isUtf8(bytes.subarray(start, endOfLine(bytes, start, end))); line++) start = endOfLine(bytes, start, end) + 1
    throw new HistoryError({ file: this.#options.file, line, reason: "not UTF-8" })
  }
}

/** Where the last character begins if it is one of several bytes, else `end`. */
const startOfLastCharacter = (bytes: Uint8Array, end: number): number => {
  if (end === 0 || bytes[end - 1]! < 0x80) return end
  let at = end - 1
  // All bytes of a character but its first begin with the bits 10.
  while (at > end - 4 && at > 0 && (bytes[at]! & 0xc0) === 0x80) at--
  return at
}

const fitted = ({ history, model: named, ...rest }: Read, format: Format, { file, model: wanted }: ReadOptions): Checkable => {
  const kind: FormatKind = formats[format]
  const name = typeof wanted === "object" ? undefined : wanted ?? named ?? kind.model?.(history)
  const model = typeof wanted === "object" ? wanted : modelFor(history, name)
  if (model === undefined) {
    const reason =
      name === undefined
        ? `no model has all of these operations: ${history.opNames.join(", ")}`
        : `unknown model ${JSON.stringify(name)} (known: ${Object.keys(models).join(", ")})`
    throw new HistoryError({ file, line: history.lines[0] ?? 1, reason })
  }
  const row = firstMisfit(history, model)
  if (row !== undefined) {
    throw new HistoryError({ file, line: history.lines[row]!, reason: misfit(model, history.operation(row))! })
  }
  return { ...rest, history, format, model }
}

/** The first row that is no operation of the model. */
const firstMisfit = (history: History, { operations }: Model): number | undefined => {
  if (operations === undefined) return undefined
  const { length, opNames, ops, outputs, returns, texts, values } = history
  const shapes = opNames.map((name) => {
    const shape = Object.hasOwn(operations, name) ? operations[name] : undefined
    return shape && { value: accepting(shape.value, texts), output: accepting(shape.output, texts) }
  })
  for (let i = 0; i < length; i++) {
    const shape = shapes[ops[i]!]
    if (shape === undefined || !shape.value(values[i]!)) return i
    const isAnswered = returns[i]! < APPLIED && returns[i] !== FAILED
    if (isAnswered && !shape.output(outputs[i]!)) return i
  }
  return undefined
}

/** Says whether a shape accepts the value of a number in `texts`; each value is looked at once. */
const accepting = ({ accepts, begins }: ShapeOf, texts: Texts): ((id: number) => boolean) => {
  if (begins !== undefined) {
    const table = tableOf(begins)
    return (id) => table[texts.first(id)] === 1
  }
  const known = new Map<number, boolean>()
  return (id) => {
    let answer = known.get(id)
    if (answer === undefined) known.set(id, (answer = accepts(texts.json(id))))
    return answer
  }
}

/** For each byte whether it is one of the characters. */
const tableOf = (characters: string): Uint8Array => {
  let table = tables.get(characters)
  if (table === undefined) {
    tables.set(characters, (table = new Uint8Array(256)))
    for (const byte of Buffer.from(characters)) table[byte] = 1
  }
  return table
}
const tables = new Map<string, Uint8Array>()
