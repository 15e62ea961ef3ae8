// TLA+ values as TLC prints them, to JSON-like TypeScript values and back. One TLA+ value has exactly one form here
// (sets and functions sorted, records with sorted fields), so that JSON.stringify of two values compares them.

/**
 * A TLA+ value. Sequences (and functions on 1..n) are arrays, records (and functions whose keys are all identifiers
 * in quotes, the same thing in TLA+) are objects; `$` cannot begin an identifier, so the tagged forms never collide
 * with a record. The empty function is `[]`.
 */
export type Value = boolean | number | string | ReadonlyArray<Value> | TlaSet | TlaFunction | ModelValue | TlaRecord
/** A set: its elements in the order of their JSON text, without repetition. */
export interface TlaSet { readonly $set: ReadonlyArray<Value> }
/** A function that is neither a sequence nor a record: its [key, value] pairs in the order of the keys' JSON text. */
export interface TlaFunction { readonly $fcn: ReadonlyArray<readonly [Value, Value]> }
/** A model value, such as `Nil`, by its name. */
export interface ModelValue { readonly $model: string }
export interface TlaRecord { readonly [field: string]: Value }

/** Text that is no TLA+ value. `offset` counts characters from the start of the text. */
export class ValueSyntaxError extends Error {
  readonly offset: number
  constructor(text: string, offset: number, expected: string) {
    const found = offset < text.length ? JSON.stringify(text.slice(offset, offset + 20)) : "the end"
    super(`not a TLA+ value: expected ${expected} at character ${offset + 1}, found ${found}`)
    this.offset = offset
  }
}

const Identifier = /^[A-Za-z0-9_]*[A-Za-z_][A-Za-z0-9_]*$/
const Escapes: { readonly [letter: string]: string } = { n: "\n", t: "\t", r: "\r", f: "\f" }

/** The set of these elements. */
export function tlaSet(elements: Iterable<Value>): TlaSet {
  const byText = new Map<string, Value>()
  for (const element of elements) byText.set(JSON.stringify(element), element)
  return { $set: [...byText].sort(byKey).map(([, element]) => element) }
}

/** The function with these pairs, as a sequence or a record where it is one. A later pair wins over an earlier one. */
export function tlaFunction(pairs: Iterable<readonly [Value, Value]>): Value {
  const byText = new Map<string, readonly [Value, Value]>()
  for (const pair of pairs) byText.set(JSON.stringify(pair[0]), pair)
  const n = byText.size
  if (Array.from({ length: n }, (_, k) => byText.has(String(k + 1))).every(Boolean)) {
    return Array.from({ length: n }, (_, k) => byText.get(String(k + 1))![1])
  }
  const sorted = [...byText].sort(byKey).map(([, pair]) => pair)
  if (sorted.every(([key]) => typeof key === "string" && Identifier.test(key) && key !== "__proto__")) {
    return Object.fromEntries(sorted) as TlaRecord
  }
  return { $fcn: sorted }
}

function byKey(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0
}

/**
 * Reads one value as TLC prints it, in any layout.
 * Throws ValueSyntaxError for anything else, lazy values such as `SUBSET S` included.
 */
export function parseValue(text: string): Value {
  const reader = new Reader(text)
  const value = reader.value()
  reader.skipSpace()
  if (reader.at < text.length) throw reader.expected("the end")
  return value
}

class Reader {
  readonly text: string
  at = 0

  constructor(text: string) {
    this.text = text
  }

  value(): Value {
    this.skipSpace()
    const c = this.text.charCodeAt(this.at)
    if (c === 0x22) return this.string()
    if (c === 0x7b) return this.set()
    if (c === 0x3c) return this.sequence()
    if (c === 0x5b) return this.record()
    if (c === 0x28) return this.function()
    if (c === 0x2d) return this.numberOrInterval()
    const word = this.word()
    if (word === "") throw this.expected("a value")
    if (c >= 0x30 && c <= 0x39 && /^\d+$/.test(word)) {
      this.at -= word.length
      return this.numberOrInterval()
    }
    return word === "TRUE" ? true : word === "FALSE" ? false : { $model: word }
  }

  private set(): Value {
    this.eat("{")
    return tlaSet(this.list("}", () => this.value()))
  }

  private sequence(): Value {
    this.eat("<<")
    return this.list(">>", () => this.value())
  }

  private record(): Value {
    this.eat("[")
    return tlaFunction(this.list("]", () => {
      this.skipSpace()
      const field = this.word()
      if (field === "") throw this.expected("a field name")
      this.eat("|->")
      return [field, this.value()] as const
    }))
  }

  private function(): Value {
    this.eat("(")
    return tlaFunction(this.list(")", () => {
      const key = this.value()
      this.eat(":>")
      return [key, this.value()] as const
    }, "@@"))
  }

  private list<A>(close: string, item: () => A, separator = ","): Array<A> {
    const items: Array<A> = []
    if (this.tryEat(close)) return items
    for (;;) {
      items.push(item())
      if (this.tryEat(close)) return items
      if (!this.tryEat(separator)) throw this.expected(`${separator} or ${close}`)
    }
  }

  /** An integer, or an interval `1..3`, which TLC leaves as it is. */
  private numberOrInterval(): Value {
    const low = this.integer()
    if (!this.text.startsWith("..", this.at)) return low
    this.at += 2
    const high = this.integer()
    return tlaSet(Array.from({ length: Math.max(0, high - low + 1) }, (_, k) => low + k))
  }

  private integer(): number {
    const start = this.at
    if (this.text.charCodeAt(this.at) === 0x2d) this.at++
    const digits = this.word()
    if (!/^\d+$/.test(digits)) {
      this.at = start
      throw this.expected("an integer")
    }
    return Number(this.text.slice(start, this.at)) + 0
  }

  private string(): string {
    const { text } = this
    const start = ++this.at
    let plain = true
    for (; this.at < text.length; this.at++) {
      const c = text.charCodeAt(this.at)
      if (c === 0x5c) {
        plain = false
        this.at++
      } else if (c === 0x22) {
        const body = text.slice(start, this.at++)
        return plain ? body : body.replace(/\\(.)/gs, (_, letter: string) => Escapes[letter] ?? letter)
      }
    }
    throw this.expected("a closing quote")
  }

  private word(): string {
    const start = this.at
    for (; this.at < this.text.length; this.at++) {
      const c = this.text.charCodeAt(this.at)
      const inWord = (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || c === 0x5f
      if (!inWord) break
    }
    return this.text.slice(start, this.at)
  }

  skipSpace(): void {
    for (; this.at < this.text.length; this.at++) {
      const c = this.text.charCodeAt(this.at)
      if (c !== 0x20 && c !== 0x0a && c !== 0x09 && c !== 0x0d) return
    }
  }

  private tryEat(token: string): boolean {
    this.skipSpace()
    if (!this.text.startsWith(token, this.at)) return false
    this.at += token.length
    return true
  }

  private eat(token: string): void {
    if (!this.tryEat(token)) throw this.expected(token)
  }

  expected(what: string): ValueSyntaxError {
    return new ValueSyntaxError(this.text, this.at, what)
  }
}

/**
 * A TLA+ expression for the value. Functions need `EXTENDS TLC` (`:>` and `@@`), negative numbers `EXTENDS Integers`.
 * Throws a RangeError for numbers TLC has not: fractions, and beyond 32 bits.
 */
export function toTla(value: Value): string {
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE"
  if (typeof value === "number") {
    if ((value | 0) !== value) throw new RangeError(`${value} is not a 32-bit integer, TLC's only kind of number`)
    return String(value)
  }
  if (typeof value === "string") return quote(value)
  if (Array.isArray(value)) return `<<${value.map(toTla).join(", ")}>>`
  if (isSet(value)) return `{${value.$set.map(toTla).join(", ")}}`
  if (isModelValue(value)) return value.$model
  if (isFunction(value)) {
    if (value.$fcn.length === 0) return "<<>>"
    return `(${value.$fcn.map(([key, at]) => `${toTla(key)} :> ${toTla(at)}`).join(" @@ ")})`
  }
  const fields = Object.entries(value as TlaRecord)
  if (fields.length === 0) return "<<>>"
  if (!fields.every(([field]) => Identifier.test(field))) {
    return `(${fields.map(([field, at]) => `${quote(field)} :> ${toTla(at)}`).join(" @@ ")})`
  }
  return `[${fields.map(([field, at]) => `${field} |-> ${toTla(at)}`).join(", ")}]`
}

function quote(text: string): string {
  const escaped = text.replace(/["\\\n\t\r\f]/g, (c) => {
    const letter = Object.keys(Escapes).find((key) => Escapes[key] === c)
    return `\\${letter ?? c}`
  })
  return `"${escaped}"`
}

export function isSet(value: Value): value is TlaSet {
  return typeof value === "object" && "$set" in value
}

export function isFunction(value: Value): value is TlaFunction {
  return typeof value === "object" && "$fcn" in value
}

export function isModelValue(value: Value): value is ModelValue {
  return typeof value === "object" && "$model" in value
}
