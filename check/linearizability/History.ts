// A history is what clients saw: operations with the moments of their call and return, read on one clock.
// Here it lies in columns, so that a million operations are a few arrays of numbers; formats/ has the readers.
import { longer } from "./arrays.ts"
import { inSharedMemory } from "./sharing.ts"
import { canonical, Texts } from "./Texts.ts"
import type { Json, SharedTexts } from "./Texts.ts"

/**
 * One operation, and the shape of one line of a history file (JSONL).
 *
 * `call` and `return` are integers on one clock, and the interval is closed: an operation that returns at 20 and one
 * called at 20 are concurrent. `return: null` means that the outcome is unknown: the operation may take effect at any
 * moment after `call`, or never. `output` is null where the operation gives none, and for unknown outcomes.
 *
 * Where it is known otherwise whether the operation took effect (from a log, say), `applied` tells: true with an unknown
 * outcome means that it did at some moment after `call`, whatever its answer was (a compare-and-set may have found another
 * value); false means that it never did: the operation has failed.
 *
 * `stale: true` marks a read that may have been answered with an old value (see staleness.ts).
 */
export interface Operation {
  readonly client: number
  readonly op: string
  readonly key: string
  readonly value: Json
  readonly call: number
  readonly return: number | null
  readonly output: Json
  readonly applied?: boolean
  readonly stale?: true
}

/** In `History.returns`: the outcome is unknown, and the operation may take effect at any later time, or never. */
export const UNKNOWN = Infinity
/** In `History.returns`: the outcome is unknown, but the operation took effect at some time. */
export const APPLIED = Number.MAX_VALUE
/** In `History.returns`: the operation had no effect, ever. The checker leaves it out. */
export const FAILED = -Infinity

type Columns = Omit<History, "length" | "operation" | "operations" | "onKey" | "share">

/** Operations in columns. Operation `i` is what the columns have in row `i`; rows are in the order of their coming. */
export class History {
  readonly length: number
  readonly clients: Int32Array
  /** Numbers of names in `opNames`. */
  readonly ops: Uint16Array
  readonly opNames: ReadonlyArray<string>
  /** Numbers of names in `keyNames`. */
  readonly keys: Int32Array
  readonly keyNames: ReadonlyArray<string>
  /** Numbers of values in `texts`. */
  readonly values: Int32Array
  readonly outputs: Int32Array
  readonly texts: Texts
  readonly calls: Float64Array
  /** UNKNOWN, APPLIED and FAILED are no times. */
  readonly returns: Float64Array
  /** The line of each operation (of its call, where call and return have lines of their own), from 1; 0: none. */
  readonly lines: Int32Array
  /** Rows that are marked stale. */
  readonly stale: ReadonlySet<number>

  constructor(columns: Columns) {
    this.length = columns.calls.length
    this.clients = columns.clients
    this.ops = columns.ops
    this.opNames = columns.opNames
    this.keys = columns.keys
    this.keyNames = columns.keyNames
    this.values = columns.values
    this.outputs = columns.outputs
    this.texts = columns.texts
    this.calls = columns.calls
    this.returns = columns.returns
    this.lines = columns.lines
    this.stale = columns.stale
  }

  static of(operations: Iterable<Operation>): History {
    const writer = new HistoryWriter()
    for (const x of operations) writer.add(x)
    return writer.end()
  }

  operation(i: number): Operation {
    const returned = this.returns[i]!
    const isKnown = returned < APPLIED && returned !== FAILED
    const x: Operation = {
      client: this.clients[i]!,
      op: this.opNames[this.ops[i]!]!,
      key: this.keyNames[this.keys[i]!]!,
      value: this.texts.json(this.values[i]!),
      call: this.calls[i]!,
      return: isKnown ? returned : null,
      output: isKnown ? this.texts.json(this.outputs[i]!) : null,
      ...(this.stale.has(i) ? { stale: true } : {})
    }
    return returned === APPLIED ? { ...x, applied: true } : returned === FAILED ? { ...x, applied: false } : x
  }

  /** The columns for other threads, which make a history of them by `shared`; names of keys only if asked for. */
  share(withKeyNames: boolean): Omit<Columns, "texts"> & { readonly texts: SharedTexts } {
    return {
      clients: inSharedMemory(this.clients),
      ops: inSharedMemory(this.ops),
      opNames: this.opNames,
      keys: inSharedMemory(this.keys),
      keyNames: withKeyNames ? this.keyNames : [],
      values: inSharedMemory(this.values),
      outputs: inSharedMemory(this.outputs),
      calls: inSharedMemory(this.calls),
      returns: inSharedMemory(this.returns),
      lines: new Int32Array(0),
      stale: this.stale,
      texts: this.texts.share()
    }
  }

  static shared(columns: ReturnType<History["share"]>): History {
    return new History({ ...columns, texts: new Texts(columns.texts) })
  }

  /** The operations on one key, or `undefined` when there are none. */
  onKey(key: string): History | undefined {
    const number = this.keyNames.indexOf(key)
    if (number === -1) return undefined
    const rows = Array.from(this.keys.keys()).filter((i) => this.keys[i] === number)
    const some = <A extends Int32Array | Uint8Array | Uint16Array | Float64Array>(column: A): A =>
      (column.constructor as unknown as { readonly from: (rows: ReadonlyArray<number>, of: (i: number) => number) => A }).from(rows, (i) => column[i]!)
    return new History({
      ...this,
      clients: some(this.clients),
      ops: some(this.ops),
      keys: new Int32Array(rows.length),
      keyNames: [key],
      values: some(this.values),
      outputs: some(this.outputs),
      calls: some(this.calls),
      returns: some(this.returns),
      lines: some(this.lines),
      stale: new Set(rows.flatMap((row, i) => (this.stale.has(row) ? [i] : [])))
    })
  }

  operations(): ReadonlyArray<Operation> {
    return Array.from({ length: this.length }, (_, i) => this.operation(i))
  }
}

/** Takes operations one by one, as readers find them, and makes a history of them. */
export class HistoryWriter {
  readonly texts = new Texts()
  readonly #opNames: Array<string> = []
  readonly #opNumbers = new Map<string, number>()
  readonly #keyNames: Array<string> = []
  readonly #keyNumbers = new Map<string, number>()
  #room = 1 << 7
  #clients = new Int32Array(this.#room)
  #ops = new Uint16Array(this.#room)
  #keys = new Int32Array(this.#room)
  #values = new Int32Array(this.#room)
  #outputs = new Int32Array(this.#room)
  #calls = new Float64Array(this.#room)
  #returns = new Float64Array(this.#room)
  #lines = new Int32Array(this.#room)
  readonly #stale = new Set<number>()
  #length = 0

  get length(): number {
    return this.#length
  }

  /** The number of an operation's name. */
  op(name: string): number {
    return numberOf(name, this.#opNumbers, this.#opNames)
  }

  opName(number: number): string {
    return this.#opNames[number]!
  }

  /** The number of a key's name. */
  key(name: string): number {
    return numberOf(name, this.#keyNumbers, this.#keyNames)
  }

  /** Adds an operation of numbers that `op`, `key` and `texts` gave. Returns its row. */
  addRow(client: number, op: number, key: number, value: number, call: number, returned: number, output: number, line: number): number {
    const i = this.#length++
    if (i === this.#room) this.#grow()
    this.#clients[i] = client
    this.#ops[i] = op
    this.#keys[i] = key
    this.#values[i] = value
    this.#calls[i] = call
    this.#returns[i] = returned
    this.#outputs[i] = output
    this.#lines[i] = line
    return i
  }

  add(x: Operation, line = 0): number {
    const { texts } = this
    const returned = x.applied === false ? FAILED : x.return ?? (x.applied === true ? APPLIED : UNKNOWN)
    const row = this.addRow(x.client, this.op(x.op), this.key(x.key), texts.of(x.value), x.call, returned, texts.of(x.output), line)
    if (x.stale === true) this.markStale(row)
    return row
  }

  /** The operation in row `i` is a read that may be stale. */
  markStale(i: number) {
    this.#stale.add(i)
  }

  /** Says how the operation in row `i` ended, where that is found out later than its call. */
  complete(i: number, returned: number, output: number) {
    this.#returns[i] = returned
    this.#outputs[i] = output
  }

  end(): History {
    const n = this.#length
    return new History({
      clients: this.#clients.slice(0, n),
      ops: this.#ops.slice(0, n),
      opNames: this.#opNames,
      keys: this.#keys.slice(0, n),
      keyNames: this.#keyNames,
      values: this.#values.slice(0, n),
      outputs: this.#outputs.slice(0, n),
      texts: this.texts,
      calls: this.#calls.slice(0, n),
      returns: this.#returns.slice(0, n),
      lines: this.#lines.slice(0, n),
      stale: this.#stale
    })
  }

  #grow() {
    this.#room *= 2
    this.#clients = longer(this.#clients, this.#room)
    this.#ops = longer(this.#ops, this.#room)
    this.#keys = longer(this.#keys, this.#room)
    this.#values = longer(this.#values, this.#room)
    this.#outputs = longer(this.#outputs, this.#room)
    this.#calls = longer(this.#calls, this.#room)
    this.#returns = longer(this.#returns, this.#room)
    this.#lines = longer(this.#lines, this.#room)
  }
}

const numberOf = (name: string, numbers: Map<string, number>, names: Array<string>): number => {
  const known = numbers.get(name)
  if (known !== undefined) return known
  const number = names.length
  names.push(name)
  numbers.set(name, number)
  return number
}

/** The input cannot be read, or is not a history: bad usage, exit code 2. `line` and `column` count from 1. */
export class HistoryError extends Error {
  readonly _tag = "HistoryError"
  readonly file: string
  readonly line: number | undefined
  readonly column: number | undefined
  readonly reason: string

  constructor(at: { readonly file: string; readonly line?: number; readonly column?: number; readonly reason: string }) {
    super(`${[at.file, at.line, at.column].filter((x) => x !== undefined).join(":")}: ${at.reason}`)
    this.file = at.file
    this.line = at.line
    this.column = at.column
    this.reason = at.reason
  }
}

/** An operation as a reader would write it: `client 3: cas "k0" [1,2] -> true @ 10..20`. */
export const show = (x: Operation): string => {
  const value = x.value === null ? "" : ` ${canonical(x.value)}`
  const output = x.return === null ? " -> ?" : x.output === null && x.value !== null ? "" : ` -> ${canonical(x.output)}`
  return `client ${x.client}: ${x.op} ${JSON.stringify(x.key)}${value}${output} @ ${x.call}..${x.return ?? ""}`
}
