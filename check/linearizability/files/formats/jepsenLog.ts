// Jepsen's log of a test, as those of etcd: its lines about operations are `INFO  jepsen.util - 3  :invoke  :cas  [1 4]`.
import { HistoryError } from "../../History.ts"
import type { Json } from "../../Texts.ts"
import { EdnForms } from "./edn.ts"
import { Events } from "./events.ts"
import type { Event, Meaning } from "./events.ts"
import { endOfLine } from "./Format.ts"
import type { FormatReader, Reading } from "./Format.ts"
import { END } from "./Forms.ts"
import { eventInLog } from "./usual.ts"

/** What comes before an operation, which begins with the process and the type. */
const beforeEvent = /^.*\bjepsen\.util:?\s+(?:-\s+)?(?=(?:-?\d+|:[\w-]+)\s+:)/
/** What else a log has: also the traces of exceptions, which are indented. */
const otherLine = /^\s|^$|\bjepsen\b|\b(?:TRACE|DEBUG|INFO|WARN|ERROR)\b/

export class JepsenLogReader implements FormatReader {
  line = 1
  readonly #reading: Reading
  readonly #forms: EdnForms
  readonly #events: Events

  constructor(reading: Reading, meaning: Meaning) {
    this.#reading = reading
    this.#forms = new EdnForms(reading.file)
    this.#events = new Events(reading, meaning)
  }

  get operations(): number {
    return this.#events.operations
  }

  read(bytes: Uint8Array, end: number): number {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, end)
    let at = 0
    for (;;) {
      const lineEnd = endOfLine(bytes, at, end)
      if (lineEnd === end) return at
      const text = buffer.toString("utf8", at, lineEnd)
      const event = eventInLog(text) ?? this.#otherEvent(text, bytes, at, lineEnd + 1)
      const wrong = event && this.#events.add(event, this.line)
      if (wrong !== undefined) throw this.#error(wrong)
      at = lineEnd + 1
      this.line++
    }
  }

  /** Reads the event, if there is one, in a line from `start` to `end`. What follows it there is an error message. */
  #otherEvent(text: string, bytes: Uint8Array, start: number, end: number): Event | undefined {
    const before = beforeEvent.exec(text)?.[0]
    if (before === undefined) {
      if (!otherLine.test(text)) throw this.#error("not a line of a Jepsen log")
      return undefined
    }
    this.#forms.inLine(bytes, start + Buffer.byteLength(before), end, this.line)
    return { process: this.#form(), type: this.#form(), f: this.#form(), value: this.#form() }
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
