/**
 * Which way the guards of a specification went, from TLC's coverage. TLC counts how often each expression is evaluated,
 * not what its value was, but for guards that follows:
 *
 *     IF a THEN b ELSE c      a was true as often as b was evaluated, and false as often as c
 *     CASE a -> b [] c -> d   a was true as often as b was evaluated, and false as often as it wasn't
 *     a /\ b                  a was true as often as b was evaluated; b as often as the whole
 *     a \/ b                  a was false as often as b was evaluated; b as often as the whole
 *
 * where how often the whole was true is known if it is a guard itself, or a part of one. Where all of an expression was
 * evaluated equally often, or never, TLC shows the whole only: that says nothing here, so what is found did happen, and
 * more may have. Each context in which an operator is applied is counted by itself; a guard's counts are their sums.
 */
import type { Evaluated, Place } from "../tlc/Report.ts"

/** How often a guard was true and false. */
export interface Outcomes {
  readonly module: string
  readonly from: Place
  /** Its source, in one line. */
  readonly text: string
  true: number
  false: number
}

/** By place. */
export type Guards = Map<string, Outcomes>

interface Range {
  readonly begin: number
  /** The offset after it. */
  readonly end: number
}

/** A module's text in which offsets and places can be exchanged; without comments and strings, of the same length. */
export class Source {
  readonly name: string
  readonly text: string
  readonly #written: string
  readonly #lines: ReadonlyArray<number>

  constructor(name: string, text: string) {
    this.name = name
    this.#written = text
    const blank = (found: string) => found.replace(/[^\n]/g, " ")
    this.text = text
      .replace(/"[^"\n]*"/g, (found) => `"${"_".repeat(found.length - 2)}"`)
      .replace(/\(\*[\s\S]*?\*\)|\\\*.*/g, blank)
    this.#lines = [0, ...[...this.text.matchAll(/\n/g)].map(({ index }) => index + 1)]
  }

  offset({ column, line }: Place): number {
    return this.#lines[line - 1]! + column - 1
  }

  place(offset: number): Place {
    const line = this.#lines.findLastIndex((start) => start <= offset)
    return { line: line + 1, column: offset - this.#lines[line]! + 1 }
  }

  /** As it is written, in one line. */
  quote({ begin, end }: Range): string {
    return this.#written.slice(begin, end).replace(/\\\*.*/g, "").replace(/\s+/g, " ")
  }

  /** Without the space around it. */
  trimmed({ begin, end }: Range): Range {
    const text = this.text.slice(begin, end)
    return { begin: begin + text.length - text.trimStart().length, end: end - (text.length - text.trimEnd().length) }
  }

  /** The parts of the conditional that begins there: IF and ELSE enclose as parentheses do. */
  conditional(begin: number, end = this.text.length): { readonly condition: Range; readonly yes: Range; readonly no: Range } {
    const open: Array<number> = []
    let then = 0
    for (const { 0: word, index } of this.text.slice(begin, end).matchAll(/\b(IF|THEN|ELSE)\b/g)) {
      const at = begin + index
      if (word === "IF") open.push(at)
      else if (word === "THEN" && open.length === 1) then = at
      else if (word === "ELSE" && open.length === 1) {
        return {
          condition: this.trimmed({ begin: begin + 2, end: then }),
          yes: this.trimmed({ begin: then + 4, end: at }),
          no: this.trimmed({ begin: at + 4, end })
        }
      } else if (word === "ELSE") open.pop()
    }
    throw new Error(`${this.name}: no whole conditional at line ${this.place(begin).line}`)
  }

  /** Where the conditionals of the module begin. */
  conditionals(): ReadonlyArray<number> {
    return [...this.text.matchAll(/\bIF\b/g)].map(({ index }) => index)
  }
}

/** The guards of some modules, as counted below an action; `sources` by the modules' names. */
export const guardsOf = (parts: ReadonlyArray<Evaluated>, sources: ReadonlyMap<string, Source>): Guards => {
  const guards: Guards = new Map()
  const visit = (whole: Evaluated): void => {
    const source = sources.get(whole.module)
    if (source !== undefined) new Counts(source, whole, guards).count()
    for (const part of whole.parts) visit(part)
  }
  for (const part of parts) visit(part)
  return guards
}

/** Adds to the guard's counts. */
export const addTo = (guards: Guards, source: Source, { begin, end }: Range, whenTrue: number, whenFalse: number): void => {
  const from = source.place(begin)
  const key = `${source.name}:${from.line}:${from.column}-${end - begin}`
  let found = guards.get(key)
  if (found === undefined) {
    found = { module: source.name, from, text: source.quote({ begin, end }), true: 0, false: 0 }
    guards.set(key, found)
  }
  found.true += whenTrue
  found.false += whenFalse
}

/** TLC doesn't count how often these are evaluated. */
const uncounted = /^("[^"]*"|\d+|@)$/

/** What the counts of one expression's parts tell. */
class Counts {
  readonly #source: Source
  readonly #whole: Evaluated
  readonly #guards: Guards

  constructor(source: Source, whole: Evaluated, guards: Guards) {
    this.#source = source
    this.#whole = whole
    this.#guards = guards
  }

  count(): void {
    const range = this.#range(this.#whole)
    const text = this.#text(range)
    if (this.#whole.parts.length === 0) return
    if (/^IF\b/.test(text)) this.#conditional(range)
    else if (/^CASE\b/.test(text)) this.#cases(range)
  }

  #conditional(range: Range): void {
    const { condition, no, yes } = this.#source.conditional(range.begin, range.end)
    const [t, f] = [this.#evaluated(yes), this.#evaluated(no)]
    const n = this.#whole.count
    const isUncounted = (part: Range) => uncounted.test(this.#text(part))
    if (isUncounted(yes) && isUncounted(no)) return
    this.#guard(condition, this.#whole, isUncounted(yes) ? n - f : t, isUncounted(no) ? n - t : f)
  }

  /** Arms are tried in their order, so one that is evaluated and not taken was false. */
  #cases(range: Range): void {
    const parts = this.#inside(this.#whole, range)
    for (const [n, part] of parts.entries()) {
      const before = this.#text({ begin: range.begin, end: this.#range(part).begin })
      // An arm whose guard and body were evaluated equally often is shown as a whole: that could be once always, or never.
      if (!/(CASE|\[\])\s*$/.test(before) || /->/.test(this.#text(this.#range(part)))) continue
      const body = parts[n + 1]
      const taken = body !== undefined && /^\s*->\s*$/.test(this.#between(part, body)) ? body.count : 0
      this.#guard(this.#range(part), this.#whole, taken, part.count - taken)
    }
  }

  /** A guard that was true and false so often; it is a part of `whole`. */
  #guard(range: Range, whole: Evaluated, t: number, f: number): void {
    addTo(this.#guards, this.#source, range, t, f)
    const found = this.#inside(whole, range).find((part) => {
      const { begin, end } = this.#range(part)
      return begin === range.begin && end === range.end
    })
    if (found !== undefined) this.#junction(found, t, f)
  }

  /** The operands of a conjunction or disjunction that was true and false so often. */
  #junction(whole: Evaluated, t: number, f: number): void {
    const range = this.#range(whole)
    const parts = this.#inside(whole, range)
    const first = parts[0]
    if (first === undefined) return
    const ahead = this.#text({ begin: range.begin, end: this.#range(first).begin })
    if (/^~[\s(]*$/.test(ahead)) {
      this.#guard(this.#range(first), whole, f, t)
      return
    }
    const operator = /^[\s)]*(\/\\|\\\/)/.exec(this.#text({ begin: this.#range(first).end, end: range.end }))?.[1]
    if (operator === undefined || !/^(\/\\|\\\/)?[\s(]*$/.test(ahead)) return
    for (const [n, part] of parts.entries()) {
      const isLast = /^[\s)]*$/.test(this.#text({ begin: this.#range(part).end, end: range.end }))
      const next = parts[n + 1]?.count ?? 0
      const [partTrue, partFalse] = operator === "/\\"
        ? isLast ? [t, part.count - t] : [next, part.count - next]
        : isLast ? [part.count - f, f] : [part.count - next, next]
      this.#guard(this.#range(part), whole, partTrue, partFalse)
    }
  }

  /** How often the expression there was evaluated: it ends where its last part does, behind definitions it may begin with. */
  #evaluated(range: Range): number {
    return Math.max(0, ...this.#inside(this.#whole, range).filter((part) => this.#range(part).end === range.end).map((part) => part.count))
  }

  #inside(whole: Evaluated, { begin, end }: Range): ReadonlyArray<Evaluated> {
    return whole.parts
      .filter((part) => {
        if (part.module !== this.#source.name) return false
        const range = this.#range(part)
        return range.begin >= begin && range.end <= end
      })
      .toSorted((a, b) => this.#range(a).begin - this.#range(b).begin)
  }

  #between(a: Evaluated, b: Evaluated): string {
    return this.#text({ begin: this.#range(a).end, end: this.#range(b).begin })
  }

  #range({ from, to }: Evaluated): Range {
    return { begin: this.#source.offset(from), end: this.#source.offset(to) + 1 }
  }

  #text({ begin, end }: Range): string {
    return this.#source.text.slice(begin, end)
  }
}
