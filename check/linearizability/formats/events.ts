// Histories that are written as events, one for each call and one for each return, as Jepsen's: pairs them into
// operations. The clock is the order of the events.
import { FAILED, History, HistoryError, HistoryWriter, UNKNOWN } from "../History.ts"
import type { Json } from "../Texts.ts"
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
const mannerOf = (op: string): Manner => (Object.hasOwn(manners, op) ? manners[op]! : other)

interface Invocation {
  readonly row: number
  readonly op: string
  readonly key: string
  readonly line: number
}

/** The operations of a history whose events name no object are all on this one. */
const ONLY_KEY = "register"

export class Events {
  readonly #reading: Reading
  readonly #meaning: Meaning
  readonly #writer = new HistoryWriter()
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
    const { index = null, process = null } = event
    if (index !== null && (!Number.isInteger(index) || (this.#clock !== undefined && (index as number) <= this.#clock))) {
      return `index ${JSON.stringify(index)} is no integer larger than those before`
    }
    this.#clock = index === null ? (this.#clock ?? 0) + 1 : index as number
    if (process === null) return "an event without process"
    if (typeof process !== "number" || !Number.isInteger(process)) return undefined
    const type = word(event.type)
    const f = word(event.f)
    if (type === undefined) return "an event without type"
    if (f === undefined) return "an event without f"
    if (f === "txn") return "transactions (f is txn) are no operations on single objects: they are for Elle"
    const op = Object.hasOwn(names, f) ? names[f]! : f
    const key = event.key === undefined ? ONLY_KEY : nameOf(event.key)
    return type === "invoke"
      ? this.#invoke(process, op, key, event, line)
      : this.#complete(process, type, op, key, event)
  }

  #invoke(process: number, op: string, key: string, { key: told, value = null }: Event, line: number): string | undefined {
    const open = this.#open.get(process)
    if (open !== undefined) return `process ${process} invokes ${op} while its ${open.op} of line ${open.line} is open`
    if ((process | 0) !== process) return `process ${process} is beyond 2^31`
    if (told === undefined) this.#independent.see(op, mannerOf(op).hasValue, value)
    const { texts } = this.#writer
    const row = this.#writer.addRow(process, this.#writer.op(op), this.#writer.key(key), texts.of(value), this.#clock!, UNKNOWN, 0, line)
    this.#open.set(process, { row, op, key, line })
    return undefined
  }

  #complete(process: number, type: string, op: string, key: string, { value = null }: Event): string | undefined {
    const open = this.#open.get(process)
    if (open === undefined) return `process ${process} completes ${op} without an invocation`
    if (open.op !== op || open.key !== key) return `process ${process} completes ${op}, but invoked ${open.op} in line ${open.line}`
    this.#open.delete(process)
    const { texts } = this.#writer
    const complete = (output: Json) => this.#writer.complete(open.row, this.#clock!, texts.of(output))
    switch (type) {
      case "ok": {
        const { answers } = mannerOf(op)
        complete(answers === "its value" ? value : answers === "true" ? true : null)
        return undefined
      }
      case "fail":
        if (op !== "cas" || this.#meaning.fail === "no-effect") this.#writer.complete(open.row, FAILED, 0)
        // A compare-and-set that says something else than what it wanted (":timed-out") may have happened.
        else if (Array.isArray(value)) complete(false)
        return undefined
      case "info":
        return undefined
      default:
        return `${type} is no type of event: expected invoke, ok, fail or info`
    }
  }

  end() {
    const raw = this.#writer.end()
    const history = this.#independent.areThere ? this.#split(raw) : raw
    const { keys, opNames, ops, outputs, returns, values } = history
    const reading = opNames.map((op) => op === "read" || op === "get")
    const takesNoValue = opNames.map((op) => !mannerOf(op).hasValue)
    for (let i = 0; i < keys.length; i++) {
      if (takesNoValue[ops[i]!]) values[i] = 0
      if (reading[ops[i]!] && outputs[i] === 0 && returns[i] !== FAILED && this.#meaning.nil === "anything") returns[i] = UNKNOWN
    }
    this.#reading.emit({ history })
  }

  /** Takes values `[key value]` apart. */
  #split(history: History): History {
    const { length, lines, opNames, ops, outputs, texts, values } = history
    const pairs = new Pairs(texts)
    const keys = new Int32Array(length)
    for (let i = 0; i < length; i++) {
      const { key, value } = pairs.parts(values[i]!)!
      if (outputs[i] !== 0 && mannerOf(opNames[ops[i]!]!).answers === "its value") {
        const output = pairs.parts(outputs[i]!)
        if (output?.key !== key) {
          const reason = `the answer ${texts.text(outputs[i]!)} is not of the key that ${texts.text(values[i]!)} has`
          throw new HistoryError({ file: this.#reading.file, line: lines[i]!, reason })
        }
        outputs[i] = output.value
      }
      keys[i] = key
      values[i] = value
    }
    return new History({ ...history, keys, keyNames: pairs.keyNames })
  }
}

/** A name without its colon. */
const word = (name: Json | undefined): string | undefined =>
  typeof name !== "string" ? undefined : name.startsWith(":") ? name.slice(1) : name
