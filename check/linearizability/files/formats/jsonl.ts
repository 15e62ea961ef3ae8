// Lockstep's own format: JSON lines. Either one operation per line (one history), or one history per line (a bundle).
//
// Lines as programs write them are read straight from their bytes: no string and no object is made of them. Whatever is
// unusual about a line (escapes, nested values, a mistake) is left to strict.ts, which knows all of JSON.
import { APPLIED, FAILED, HistoryWriter, UNKNOWN } from "../../History.ts"
import { Texts } from "../../Texts.ts"
import { BACKSLASH, COLON, endOfLine, isDigit, LINE_FEED, QUOTE, SPACE, startsWith, TAB } from "./Format.ts"
import type { FormatReader, Reading } from "./Format.ts"
import type { StrictLines } from "./strict.ts"
import { Times } from "./exact.ts"

const ZERO = 0x30
const MINUS = 0x2d
const COMMA = 0x2c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const CARRIAGE_RETURN = 0x0d

const fields = ["client", "op", "key", "value", "call", "return", "output", "applied"] as const
const [CLIENT, OP, KEY, VALUE, CALL, RETURN, OUTPUT, APPLIES] = [0, 1, 2, 3, 4, 5, 6, 7] as const
const quoted = fields.map((name) => Buffer.from(`"${name}"`))
/** All but `applied`. */
const REQUIRED = 0b0111_1111

const [NULL, TRUE, FALSE] = ["null", "true", "false"].map((word) => Buffer.from(word)) as [Buffer, Buffer, Buffer]

/** What the reading of a line returns when the line is for strict.ts. */
const UNUSUAL = -1

export class JsonlReader implements FormatReader {
  line = 1
  missing: (() => Promise<void>) | undefined
  readonly #reading: Reading
  readonly #writer = new HistoryWriter()
  readonly #times = new Times()
  readonly #opNumbers: Names
  readonly #keyNumbers: Names
  #strict: StrictLines | undefined

  constructor(reading: Reading) {
    this.#reading = reading
    this.#opNumbers = new Names((name) => this.#writer.op(name))
    this.#keyNumbers = new Names((name) => this.#writer.key(name))
  }

  get operations(): number {
    return this.#writer.length
  }

  read(bytes: Uint8Array, end: number): number {
    const afterLastLine = bytes.lastIndexOf(LINE_FEED, end - 1) + 1
    let at = 0
    while (at < afterLastLine) {
      let next = this.#operation(bytes, at)
      if (next === UNUSUAL) {
        next = endOfLine(bytes, at, end) + 1
        const text = Buffer.from(bytes.buffer, bytes.byteOffset + at, next - 1 - at).toString()
        if (text.trim() !== "") {
          if (this.#strict === undefined) {
            this.missing = () => this.#loadStrict()
            return at
          }
          this.#strict.line(text, this.line)
        }
      }
      at = next
      this.line++
    }
    return at
  }

  async #loadStrict() {
    const { StrictLines } = await import("./strict.ts")
    this.#strict = new StrictLines(this.#reading, this.#writer, this.#times)
    this.missing = undefined
  }

  end() {
    if (this.#strict?.isBundle !== true) this.#reading.emit({ history: this.#writer.end() })
  }

  /** Reads the operation in the line at `at` and returns the start of the next line, or UNUSUAL. */
  #operation(bytes: Uint8Array, at: number): number {
    if (this.#strict?.isBundle === true) return UNUSUAL
    let seen = 0
    let client = 0
    let opAt = 0
    let opEnd = 0
    let keyAt = 0
    let keyEnd = 0
    let value = 0
    let output = 0
    let callAt = 0
    let callEnd = 0
    let returnAt = 0
    let returnEnd = 0
    let applied = NULL
    let i = afterSpace(bytes, at)
    if (bytes[i++] !== OPEN_BRACE) return UNUSUAL
    for (;;) {
      i = afterSpace(bytes, i)
      const field = fieldAt(bytes, i)
      if (field === UNUSUAL) return UNUSUAL
      // Of a field that is there twice the last counts, as in all of JavaScript.
      seen |= 1 << field
      i = afterSpace(bytes, i + quoted[field]!.length)
      if (bytes[i++] !== COLON) return UNUSUAL
      i = afterSpace(bytes, i)
      let end: number
      switch (field) {
        case CLIENT:
          end = endOfInteger(bytes, i)
          // More digits may not fit.
          if (end === UNUSUAL || end - i > 9) return UNUSUAL
          client = smallInteger(bytes, i, end)
          break
        case OP:
          end = endOfString(bytes, i)
          opAt = i
          opEnd = end
          break
        case KEY:
          end = endOfString(bytes, i)
          keyAt = i
          keyEnd = end
          break
        case VALUE:
          end = endOfValue(bytes, i)
          if (end === UNUSUAL) return UNUSUAL
          value = this.#text(bytes, i, end)
          break
        case OUTPUT:
          end = endOfValue(bytes, i)
          if (end === UNUSUAL) return UNUSUAL
          output = this.#text(bytes, i, end)
          break
        case CALL:
          end = endOfInteger(bytes, i)
          callAt = i
          callEnd = end
          break
        case RETURN:
          end = startsWith(bytes, i, NULL) ? i + NULL.length : endOfInteger(bytes, i)
          returnAt = i
          returnEnd = end
          break
        default:
          applied = startsWith(bytes, i, TRUE) ? TRUE : FALSE
          if (!startsWith(bytes, i, applied)) return UNUSUAL
          end = i + applied.length
      }
      if (end === UNUSUAL) return UNUSUAL
      i = afterSpace(bytes, end)
      const next = bytes[i++]
      if (next === CLOSE_BRACE) break
      if (next !== COMMA) return UNUSUAL
    }
    if ((seen & REQUIRED) !== REQUIRED) return UNUSUAL
    i = afterSpace(bytes, i)
    if (bytes[i] === CARRIAGE_RETURN) i++
    if (bytes[i] !== LINE_FEED) return UNUSUAL
    const call = this.#time(bytes, callAt, callEnd)
    const known = bytes[returnAt] !== NULL[0] ? this.#time(bytes, returnAt, returnEnd) : undefined
    if (Number.isNaN(call) || (known !== undefined && !(known >= call))) return UNUSUAL
    // Names are only taken from here on, so that a line that is left to strict.ts leaves none behind.
    const op = this.#opNumbers.of(bytes, opAt, opEnd)
    const key = this.#keyNumbers.of(bytes, keyAt, keyEnd)
    const returned = applied === FALSE ? FAILED : known ?? (applied === TRUE ? APPLIED : UNKNOWN)
    this.#writer.addRow(client, op, key, value, call, returned, output, this.line)
    return i + 1
  }

  /** The number of a value; null, the most frequent one, is 0. */
  #text(bytes: Uint8Array, start: number, end: number): number {
    return bytes[start] === NULL[0] ? 0 : this.#writer.texts.ofBytes(bytes, start, end)
  }

  #time(bytes: Uint8Array, start: number, end: number): number {
    const isNegative = bytes[start] === MINUS
    return this.#times.ofDigits(bytes, isNegative ? start + 1 : start, end, isNegative)
  }
}

/** Names, by the bytes of the JSON string that each is. */
class Names {
  readonly #texts = new Texts()
  readonly #numbers: Array<number | undefined> = []
  readonly #numberOf: (name: string) => number

  constructor(numberOf: (name: string) => number) {
    this.#numberOf = numberOf
  }

  of(bytes: Uint8Array, start: number, end: number): number {
    const id = this.#texts.ofBytes(bytes, start, end)
    return (this.#numbers[id] ??= this.#numberOf(this.#texts.json(id) as string))
  }
}

const afterSpace = (bytes: Uint8Array, at: number): number => {
  while (bytes[at] === SPACE || bytes[at] === TAB) at++
  return at
}

const fieldAt = (bytes: Uint8Array, at: number): number => {
  let field: number
  switch (bytes[at + 1]) {
    case 0x63: // c
      field = bytes[at + 2] === 0x6c ? CLIENT : CALL
      break
    case 0x6f: // o
      field = bytes[at + 2] === 0x70 ? OP : OUTPUT
      break
    case 0x6b: // k
      field = KEY
      break
    case 0x76: // v
      field = VALUE
      break
    case 0x72: // r
      field = RETURN
      break
    default:
      field = APPLIES
  }
  return startsWith(bytes, at, quoted[field]!) ? field : UNUSUAL
}

// The rest finds the end of what begins at `at`: UNUSUAL unless it is written as `canonical` would.

/** An integer other than -0. What follows it is seen by the caller. */
const endOfInteger = (bytes: Uint8Array, at: number): number => {
  const first = bytes[at] === MINUS ? at + 1 : at
  let i = first
  while (isDigit(bytes[i]!)) i++
  return i === first || (bytes[first] === ZERO && (i > first + 1 || first > at)) ? UNUSUAL : i
}

const smallInteger = (bytes: Uint8Array, start: number, end: number): number => {
  const isNegative = bytes[start] === MINUS
  let n = 0
  for (let i = isNegative ? start + 1 : start; i < end; i++) n = 10 * n + (bytes[i]! - ZERO)
  return isNegative ? -n : n
}

/** A string without escapes; its quotes belong to it. */
const endOfString = (bytes: Uint8Array, at: number): number => {
  if (bytes[at] !== QUOTE) return UNUSUAL
  for (let i = at + 1;; i++) {
    const byte = bytes[i]!
    if (byte === QUOTE) return i + 1
    if (byte === BACKSLASH || byte < SPACE) return UNUSUAL
  }
}

/** A string, an integer that is exact, null, true or false. */
const endOfScalar = (bytes: Uint8Array, at: number): number => {
  switch (bytes[at]) {
    case QUOTE:
      return endOfString(bytes, at)
    case 0x6e: // n
      return startsWith(bytes, at, NULL) ? at + NULL.length : UNUSUAL
    case 0x74: // t
      return startsWith(bytes, at, TRUE) ? at + TRUE.length : UNUSUAL
    case 0x66: // f
      return startsWith(bytes, at, FALSE) ? at + FALSE.length : UNUSUAL
    default: {
      const end = endOfInteger(bytes, at)
      return end - at > 15 ? UNUSUAL : end
    }
  }
}

/** A scalar, or an array of scalars without spaces. */
const endOfValue = (bytes: Uint8Array, at: number): number => {
  if (bytes[at] !== OPEN_BRACKET) return endOfScalar(bytes, at)
  if (bytes[at + 1] === CLOSE_BRACKET) return at + 2
  for (let i = at + 1;; i++) {
    i = endOfScalar(bytes, i)
    if (i === UNUSUAL) return UNUSUAL
    if (bytes[i] === CLOSE_BRACKET) return i + 1
    if (bytes[i] !== COMMA) return UNUSUAL
  }
}
