// JSON with more care than JSON.parse: for integers that a number would round, and for the place of a mistake.
import type { Json } from "../../Texts.ts"
import { exactInteger } from "./exact.ts"
import { BACKSLASH, LINE_FEED, QUOTE } from "./Format.ts"
import { END, Forms, MAX_DEPTH } from "./Forms.ts"

/**
 * What JSON.parse gives, but for integers beyond 2^53: these are strings of their digits, and BigInts in the fields named.
 */
export const parseJson = (text: string, bigInts?: ReadonlySet<string>): unknown =>
  /\d{16}/.test(text)
    ? JSON.parse(text, (field: string, value: unknown, context?: { readonly source?: string }) => {
      const digits = context?.source ?? ""
      if (typeof value !== "number" || Number.isSafeInteger(value) || !/^-?\d+$/.test(digits)) return value
      return bigInts?.has(field) ? BigInt(digits) : exactInteger(digits)
    })
    : JSON.parse(text)

const space = /[ \t\r\n]*/y
const token =
  /[[\]{}:,]|"(?:[^"\\\0-\x1f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y

/** How far a text that is no JSON is the beginning of one. */
export const endOfJson = (text: string): number => {
  const open: Array<string> = []
  // What may come next: "first" is a value, or a key, right behind the bracket.
  let next: "first" | "value" | "key" | ":" | "," = "value"
  for (let at = 0;;) {
    space.lastIndex = at
    at += space.exec(text)![0].length
    token.lastIndex = at
    const found = token.exec(text)?.[0]
    if (found === undefined) return at
    const within = open.at(-1)
    if (found === "}" || found === "]") {
      if ((next !== "first" && next !== ",") || within !== (found === "}" ? "{" : "[")) return at
      open.pop()
      next = ","
    } else if (found === ":" || found === ",") {
      if (next !== found || within === undefined) return at
      next = found === ":" || within === "[" ? "value" : "key"
    } else if (next === "key" || (next === "first" && within === "{")) {
      if (!found.startsWith('"')) return at
      next = ":"
    } else {
      if (next !== "value" && next !== "first") return at
      next = found === "{" || found === "[" ? "first" : ","
      if (next === "first") open.push(found)
    }
    at += found.length
  }
}

const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** The objects of a JSON array; commas are space. */
export class JsonForms extends Forms {
  next(): number {
    for (; this.at < this.end; this.at++) {
      const next = this.bytes[this.at]!
      if (next === LINE_FEED) this.line++
      else if (!" \t\r,".includes(String.fromCharCode(next))) return next
    }
    return END
  }

  form(): Json {
    if (this.bytes[this.at] !== OPEN_BRACE) throw this.error("not JSON: expected an object")
    const end = this.#endOfObject()
    const text = this.text(this.at, end)
    try {
      const object = parseJson(text) as Json
      this.#moveTo(end)
      return object
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      this.#moveTo(this.at + Buffer.byteLength(text.slice(0, endOfJson(text))))
      throw this.error("not JSON")
    }
  }

  /** Finds the brace that closes the one at the position. */
  #endOfObject(): number {
    let depth = 0
    let isString = false
    for (let i = this.at; i < this.end; i++) {
      const byte = this.bytes[i]
      if (byte === QUOTE) isString = !isString
      else if (isString) {
        if (byte === BACKSLASH) i++
      } else if (byte === OPEN_BRACE) {
        if (++depth > MAX_DEPTH) throw this.error("nested too deeply")
      } else if (byte === CLOSE_BRACE && --depth === 0) return i + 1
    }
    throw this.incomplete(this.at)
  }

  #moveTo(to: number) {
    for (; this.at < to; this.at++) if (this.bytes[this.at] === LINE_FEED) this.line++
  }
}
