// EDN, Clojure's data notation (the specification is at github.com/edn-format/edn), as far as Jepsen writes it; read
// form by form, from blocks of bytes. What JSON has not becomes JSON that shows where it comes from: keywords and symbols
// are strings (":ok"), sets are sorted arrays, a tagged form is an object of one field ("#inst").
import type { Json } from "../../Texts.ts"
import { canonical, Texts } from "../../Texts.ts"
import { exactInteger } from "./exact.ts"
import { BACKSLASH, endOfLine, LINE_FEED, QUOTE } from "./Format.ts"
import { END, Forms, MAX_DEPTH } from "./Forms.ts"

const byte = (character: string): number => character.charCodeAt(0)
const HASH = byte("#")
const COLON = byte(":")
const MINUS = byte("-")
const SEMICOLON = byte(";")
const UNDERSCORE = byte("_")
const OPEN_BRACE = byte("{")
const CLOSE_BRACE = byte("}")
const OPEN_BRACKET = byte("[")
const CLOSE_BRACKET = byte("]")
const OPEN_PARENTHESIS = byte("(")
const CLOSE_PARENTHESIS = byte(")")

/** What each byte is: part of a word, space, or another that ends a word. */
const kinds = new Uint8Array(256)
const WORD = 0
const SPACE = 1
const DELIMITER = 2
for (const space of " \t\n\r\f,") kinds[byte(space)] = SPACE
for (const delimiter of '()[]{}";') kinds[byte(delimiter)] = DELIMITER

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", "\\": "\\", '"': '"' }
const characters: Readonly<Record<string, string>> = { newline: "\n", space: " ", tab: "\t", return: "\r" }

export class EdnForms extends Forms {
  /** The keywords met so far, so that each is made a string once. */
  readonly #keywords = new Texts()
  readonly #keywordTexts: Array<string> = []

  next(): number {
    for (;;) {
      if (this.at >= this.end) return END
      const next = this.bytes[this.at]!
      if (kinds[next] === SPACE) {
        this.at++
        if (next === LINE_FEED) this.line++
      } else if (next === SEMICOLON) {
        this.at = endOfLine(this.bytes, this.at, this.end)
        if (this.at === this.end) throw this.incomplete(this.at)
      } else if (next === HASH && this.bytes[this.at + 1] === UNDERSCORE) {
        const opened = this.at
        this.at += 2
        this.#within(opened)
      } else return next
    }
  }

  form(): Json {
    const next = this.next()
    switch (next) {
      case OPEN_BRACE:
        return this.#map()
      case OPEN_BRACKET:
        return this.#sequence(CLOSE_BRACKET)
      case OPEN_PARENTHESIS:
        return this.#sequence(CLOSE_PARENTHESIS)
      case QUOTE:
        return this.#string()
      case HASH:
        return this.#dispatch()
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
      case CLOSE_PARENTHESIS:
        throw this.error(`unexpected ${String.fromCharCode(next)}`)
      default:
        return this.#integer() ?? this.#word()
    }
  }

  #enter(opened: number) {
    if (++this.depth > MAX_DEPTH) throw this.error("nested too deeply", opened)
  }

  /** The form that belongs to the tag at `opened`. */
  #within(opened: number): Json {
    this.#enter(opened)
    if (this.next() === END) throw this.incomplete(opened)
    const form = this.form()
    this.depth--
    return form
  }

  /** Does the sequence that was opened with the byte at `opened` end here? */
  #closes(opened: number, close: number): boolean {
    const next = this.next()
    if (next === END) throw this.incomplete(opened)
    if (next !== close) return false
    this.at++
    this.depth--
    return true
  }

  #sequence(close: number): ReadonlyArray<Json> {
    const opened = this.at
    this.#enter(opened)
    this.at++
    const forms: Array<Json> = []
    while (!this.#closes(opened, close)) forms.push(this.form())
    return forms
  }

  #map(): Json {
    const opened = this.at
    this.#enter(opened)
    this.at++
    const entries: { [key: string]: Json } = {}
    while (!this.#closes(opened, CLOSE_BRACE)) {
      const form = this.form()
      const key = typeof form === "string" ? form : canonical(form)
      const next = this.next()
      if (next === END) throw this.incomplete(opened)
      if (next === CLOSE_BRACE) throw this.error(`the map has no value for ${key}`)
      const value = this.form()
      if (key === "__proto__") Object.defineProperty(entries, key, { value, enumerable: true })
      else entries[key] = value
    }
    return entries
  }

  #string(): string {
    const opened = this.at
    let start = ++this.at
    let text = ""
    for (;; this.at++) {
      if (this.at >= this.end) throw this.incomplete(opened)
      const next = this.bytes[this.at]
      if (next === LINE_FEED) this.line++
      else if (next === QUOTE) {
        text += this.text(start, this.at++)
        return text
      } else if (next === BACKSLASH) {
        text += this.text(start, this.at) + this.#escape(opened)
        start = this.at + 1
      }
    }
  }

  /** The character of the escape at the position, which goes to the escape's last byte. */
  #escape(opened: number): string {
    const length = this.bytes[this.at + 1] === byte("u") ? 6 : 2
    if (this.at + length > this.end) throw this.incomplete(opened)
    const escape = this.text(this.at + 1, this.at + length)
    const character = /^u[\da-fA-F]{4}$/.test(escape) ? String.fromCharCode(parseInt(escape.slice(1), 16)) : escapes[escape]
    if (character === undefined) throw this.error(`\\${escape} is no escape`)
    this.at += length - 1
    return character
  }

  /** What begins with #: a set, a pattern, or a tag and its form. */
  #dispatch(): Json {
    const opened = this.at
    const second = this.bytes[this.at + 1]
    if (this.at + 1 >= this.end) throw this.incomplete(opened)
    if (second === HASH) return this.#word()
    this.at++
    if (second === QUOTE) return this.#string()
    if (second === OPEN_BRACE) return [...this.#sequence(CLOSE_BRACE)].sort(inOrder)
    const tag = this.#word()
    return { [`#${tag}`]: this.#within(opened) }
  }

  /** An integer of at most 15 digits, if there is one. */
  #integer(): number | undefined {
    const bytes = this.bytes
    const isNegative = bytes[this.at] === MINUS
    const first = isNegative ? this.at + 1 : this.at
    let n = 0
    let i = first
    for (; i < this.end; i++) {
      const digit = bytes[i]! - 0x30
      if (digit < 0 || digit > 9) break
      n = 10 * n + digit
    }
    if (i === first || i > first + 15 || i >= this.end || kinds[bytes[i]!] === WORD) return undefined
    this.at = i
    return isNegative ? 0 - n : n
  }

  /** A keyword, a symbol, a character, or a number that is no short integer. */
  #word(): Json {
    const start = this.at
    // A character may be one that would end a word.
    if (this.bytes[start] === BACKSLASH) this.at++
    this.at++
    while (this.at < this.end && kinds[this.bytes[this.at]!] === WORD) this.at++
    // The word may go on in the next block.
    if (this.at >= this.end) throw this.incomplete(this.at)
    if (this.bytes[start] !== COLON) return meaning(this.text(start, this.at))
    const id = this.#keywords.ofBytes(this.bytes, start, this.at)
    return this.#keywordTexts[id] ??= this.text(start, this.at)
  }
}

/** Integers beyond 2^53, which JavaScript would round, are strings of their digits. */
const meaning = (word: string): Json => {
  if (word === "nil") return null
  if (word === "true" || word === "false") return word === "true"
  if (/^[+-]?\d/.test(word)) {
    if (/^[+-]?\d+N?$/.test(word)) return exactInteger(word.replace("N", ""))
    return /^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?M?$/.test(word) ? Number.parseFloat(word) : word
  }
  if (!word.startsWith("\\")) return word
  const name = word.slice(1)
  return /^u[\da-fA-F]{4}$/.test(name) ? String.fromCharCode(parseInt(name.slice(1), 16)) : characters[name] ?? name
}

const inOrder = (a: Json, b: Json): number =>
  typeof a === "number" && typeof b === "number" ? a - b : canonical(a) < canonical(b) ? -1 : 1
