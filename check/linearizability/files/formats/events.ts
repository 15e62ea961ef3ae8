// Histories that are written as events, one for each call and one for each return, as Jepsen's: pairs them into
// operations. The clock is the order of the events.
import { FAILED, History, HistoryError, HistoryWriter, UNKNOWN } from "../../History.ts"
import type { Json } from "../../Texts.ts"
import type { FailMeans, Reading } from "./Format.ts"
import { IndependentKeys, nameOf, Pairs } from "./independent.ts"

/** One event, as it is written; names with or without colon, as EDN and JSON have them. */
export interface Event {
  /** Who. What is no integer, such as `:nemesis`, is no client, and its events are passed over. */
  readonly process: Json | undefined
  /** `invoke`, and then `ok`, `fail` or `info`. */
  readonly type: Json | undefined
  /** Which operation. */
  readonly f: Json | undefined
  readonly value: Json | undefined
  /** The object, where events say it. */
  readonly key?: Json | undefined
  /** When; otherwise one later than the event before. */
  readonly index?: Json | undefined
}

/** What a format means by its events, where formats differ. */
export interface Meaning {
  readonly fail: FailMeans
  /** A read that answered nil: was there nothing yet, or does nobody know what it read? */
  readonly nil: "nothing" | "anything"
}

/** Our words for operations that Jepsen calls otherwise. */
const names: Readonly<Record<string, string>> = { enqueue: "enq", dequeue: "deq" }

/** How an operation is written: whether its invocation has a value, and what its `:ok` answers. */
interface Manner {
  readonly hasValue: boolean
  readonly answers: "its value" | "true" | "nothing"
}

const asks: Manner = { hasValue: false, answers: "its value" }
const changes: Manner = { hasValue: true, answers: "nothing" }
const waits: Manner = { hasValue: false, answers: "true" }
const other: Manner = { hasValue: true, answers: "its value" }
const manners: Readonly<Record<string, Manner>> = {
  read: asks,
  get: asks,
  deq: asks,
  write: changes,
  put: changes,
  append: changes,
  delete: changes,
  enq: changes,
  add: changes,
  remove: changes,
  cas: { hasValue: true, answers: "true" },
  acquire: waits,
  tryacquire: waits,
  release: waits
}
/** An operation's name in our words, with its manner. */
interface Kind extends Manner {
  readonly op: string
  /** In the history. */
  readonly number: number
}

interface Invocation {
  readonly row: number
  readonly kind: Kind
  readonly key: string
  readonly line: number
}

/** The number of null among the texts. */
const NULL = 0

/** The operations of a history whose events name no object are all on this one. */
const ONLY_KEY = "register"

const types = new Map<Json | undefined, "invoke" | "ok" | "fail" | "info">()
for (const type of ["invoke", "ok", "fail", "info"] as const) types.set(type, type).set(`:${type}`, type)

export class Events {
  readonly #reading: Reading
  readonly #meaning: Meaning
  readonly #writer = new HistoryWriter()
  /** By `f`, as it is written. */
  readonly #kinds = new Map<Json, Kind>()
  readonly #open = new Map<number, Invocation>()
  #clock: number | undefined
  readonly #independent = new IndependentKeys()

  constructor(reading: Reading, meaning: Meaning) {
    this.#reading = reading
    this.#meaning = meaning
  }

  get operations(): number {
    return this.#writer.length
  }

  /** Takes the next event. Returns what is wrong with it, if something is. */
  add(event: Event, line: number): string | undefined {
    const { f = null, index = null, process = null, value = null } = event
    if (index !== null && (!Number.isInteger(index) || (this.#clock !== undefined && (index as number) <= this.#clock))) {
      return `index ${JSON.stringify(index)} is no integer larger than those before`
    }
    this.#clock = index === null ? (this.#clock ?? 0) + 1 : index as number
    if (process === null) return "an event without process"
    if (typeof process !== "number" || !Number.isInteger(process)) return undefined
    const type = types.get(event.type)
    if (type === undefined) return `an event needs a type: expected invoke, ok, fail or info`
    const kind = this.#kinds.get(f) ?? this.#newKind(f)
    if (typeof kind === "string") return kind
    const key = event.key === undefined ? ONLY_KEY : nameOf(event.key)
    const open = this.#open.get(process)
    if (type === "invoke") {
      if (open !== undefined) return `process ${process} invokes ${kind.op} while its ${open.kind.op} of line ${open.line} is open`
      if ((process | 0) !== process) return `process ${process} is beyond 2^31`
      if (event.key === undefined) this.#independent.see(kind.op, kind.hasValue, value)
      this.#open.set(process, { row: this.#invoke(process, kind, key, value, line), kind, key, line })
      return undefined
    }
    if (open === undefined) return `process ${process} completes ${kind.op} without an invocation`
    if (open.kind !== kind || open.key !== key) {
      return `process ${process} completes ${kind.op}, but invoked ${open.kind.op} in line ${open.line}`
    }
    this.#open.delete(process)
    if (type !== "info") this.#complete(open, type, value)
    return undefined
  }

  #newKind(f: Json): Kind | string {
    if (typeof f !== "string") return "an event without f"
    const name = f.startsWith(":") ? f.slice(1) : f
    if (name === "txn") return "transactions (f is txn) are no operations on single objects: they are for Elle"
    const op = Object.hasOwn(names, name) ? names[name]! : name
    const kind = { ...mannerOf(op), op, number: this.#writer.op(op) }
    this.#kinds.set(f, kind)
    return kind
  }

  #invoke(process: number, { number }: Kind, key: string, value: Json, line: number): number {
    const { texts } = this.#writer
    return this.#writer.addRow(process, number, this.#writer.key(key), texts.of(value), this.#clock!, UNKNOWN, 0, line)
  }

  #complete({ kind, row }: Invocation, type: "ok" | "fail", value: Json) {
    const { texts } = this.#writer
    if (type === "ok") {
      const output = kind.answers === "its value" ? value : kind.answers === "true" ? true : null
      this.#writer.complete(row, this.#clock!, texts.of(output))
    } else if (kind.op !== "cas" || this.#meaning.fail === "no-effect") {
      this.#writer.complete(row, FAILED, 0)
    } else if (Array.isArray(value)) {
      this.#writer.complete(row, this.#clock!, texts.of(false))
    }
    // A compare-and-set that says something else than what it wanted (":timed-out") may have happened.
  }

  end() {
    const raw = this.#writer.end()
    const history = this.#independent.areThere ? this.#split(raw) : raw
    const { length, opNames, ops, outputs, returns, values } = history
    const takesNoValue = opNames.map((op) => !mannerOf(op).hasValue)
    const reads = opNames.map((op) => op === "read" || op === "get")
    for (let i = 0; i < length; i++) {
      const op = ops[i]!
      if (takesNoValue[op]) values[i] = NULL
      if (reads[op] && outputs[i] === NULL && returns[i] !== FAILED && this.#meaning.nil === "anything") returns[i] = UNKNOWN
    }
    this.#reading.emit({ history })
  }

  /** Takes values `[key value]` apart. */
  #split(history: History): History {
    const { length, lines, opNames, ops, outputs, texts, values } = history
    const pairs = new Pairs(texts)
    const answers = opNames.map((op) => mannerOf(op).answers === "its value")
    const keys = new Int32Array(length)
    for (let i = 0; i < length; i++) {
      const { key, value } = pairs.parts(values[i]!)!
      // An answer that is no pair stands for itself.
      const output = answers[ops[i]!] ? pairs.parts(outputs[i]!) : undefined
      if (output !== undefined && output.key !== key) {
        const reason = `the answer ${texts.text(outputs[i]!)} is not of the key in ${texts.text(values[i]!)}`
        throw new HistoryError({ file: this.#reading.file, line: lines[i]!, reason })
      }
      if (output !== undefined) outputs[i] = output.value
      keys[i] = key
      values[i] = value
    }
    return new History({ ...history, keys, keyNames: pairs.keyNames })
  }
}

const mannerOf = (op: string): Manner => (Object.hasOwn(manners, op) ? manners[op]! : other)
