// Jepsen's log of a test, as those of etcd: its lines about operations are `INFO  jepsen.util - 3  :invoke  :cas  [1 4]`.
import { HistoryError } from "../History.ts"
import type { Json } from "../Texts.ts"
import { EdnForms } from "./edn.ts"
import { Events } from "./events.ts"
import type { Meaning } from "./events.ts"
import { COLON, endOfLine, isDigit, SPACE, startsWith, TAB } from "./Format.ts"
import type { FormatReader, Reading } from "./Format.ts"
import { END } from "./Forms.ts"

/** What comes before an operation, which begins with the process and the type. */
const beforeEvent = /^.*\bjepsen\.util:?\s+(?:-\s+)?(?=(?:-?\d+|:[\w-]+)\s+:)/
/** What else a log has: also the traces of exceptions, which are indented. */
const otherLine = /^\s|^$|\bjepsen\b|\b(?:TRACE|DEBUG|INFO|WARN|ERROR)\b/

export class JepsenLogReader implements FormatReader {
  line = 1
  readonly #reading: Reading
  readonly #forms: EdnForms
  readonly #events: Events
  #prefix: Uint8Array = new Uint8Array()

  constructor(reading: Reading, meaning: Meaning) {
    this.#reading = reading
    this.#forms = new EdnForms(reading.file)
    this.#events = new Events(reading, meaning)
  }

  get operations(): number {
    return this.#events.operations
  }

  read(bytes: Uint8Array, end: number): number {
    let at = 0
    for (;;) {
      const lineEnd = endOfLine(bytes, at, end)
      if (lineEnd === end) return at
      const before = this.#beforeEvent(bytes, at, lineEnd)
      if (before !== undefined) this.#event(bytes, at + before, lineEnd + 1)
      at = lineEnd + 1
      this.line++
    }
  }

  /** How many bytes come before the event in a line; `undefined` where there is none. */
  #beforeEvent(bytes: Uint8Array, start: number, end: number): number | undefined {
    // Mostly what came before the last one.
    const { length } = this.#prefix
    if (length > 0 && startsWith(bytes, start, this.#prefix) && isEvent(bytes, start + length)) return length
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString()
    const prefix = beforeEvent.exec(text)?.[0]
    if (prefix !== undefined) return (this.#prefix = Buffer.from(prefix)).length
    if (!otherLine.test(text)) throw this.#error("not a line of a Jepsen log")
    return undefined
  }

  /** Reads the event at `at`, in the line that ends before `end`. What follows it there is an error message. */
  #event(bytes: Uint8Array, at: number, end: number) {
    this.#forms.inLine(bytes, at, end, this.line)
    const event = { process: this.#form(), type: this.#form(), f: this.#form(), value: this.#form() }
    const wrong = this.#events.add(event, this.line)
    if (wrong !== undefined) throw this.#error(wrong)
  }

  #form(): Json {
    if (this.#forms.next() === END) throw this.#error("not an operation: expected process, type, f and value")
    return this.#forms.form()
  }

  #error(reason: string): HistoryError {
    return new HistoryError({ file: this.#reading.file, line: this.line, reason })
  }

  end() {
    this.#events.end()
  }
}

/** Are there a process and a type? */
const isEvent = (bytes: Uint8Array, at: number): boolean => {
  let i = at
  while (isDigit(bytes[i]!)) i++
  if (i === at) return false
  while (bytes[i] === SPACE || bytes[i] === TAB) i++
  return bytes[i] === COLON
}
