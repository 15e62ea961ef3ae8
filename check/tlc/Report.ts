// What TLC says with `-tool`: messages between STARTMSG and ENDMSG lines, known by their codes (tlc2.output.EC), and
// between them what SANY and PrintT write. Pure: lines in, a result out.
import { parseCounterexample, parseVariables } from "./Counterexample.ts"
import type { Counterexample } from "./Counterexample.ts"

/** How a run ended: "error" is an evaluation error, "stopped" means it was cut short and the counts are partial. */
export type Outcome = "ok" | "invariant" | "property" | "deadlock" | "error" | "stopped"

/** What TLC had found at one moment; `depth` is the level it had reached, `queue` the states not yet expanded. */
export interface Progress {
  readonly depth: number
  readonly generated: number
  readonly distinct: number
  readonly queue: number
}

/** How often an action was taken, by the definition's name, with `-coverage`. */
export interface ActionCoverage {
  readonly action: string
  readonly distinct: number
  readonly generated: number
  /** What was evaluated for it. */
  readonly parts: ReadonlyArray<Evaluated>
}

/** A place in a module, from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/**
 * How often an expression was evaluated, in one context: where an operator is applied, its body is a part of the
 * application. TLC leaves out what was never evaluated, and the parts where all that were evaluated were so equally
 * often as the whole.
 */
export interface Evaluated {
  readonly module: string
  readonly from: Place
  readonly to: Place
  readonly count: number
  readonly parts: ReadonlyArray<Evaluated>
}

export interface TlcReport {
  readonly outcome: Outcome
  readonly distinct: number
  readonly generated: number
  /** Levels of the state graph, the initial states being level 1. Exact with one worker only; 0 if TLC gave none. */
  readonly depth: number
  /** The invariant or property that is violated, where TLC names it (it does not for temporal properties). */
  readonly violated?: string
  /** For "error": one line with file, line and reason. */
  readonly message?: string
  readonly counterexample?: Counterexample
  /** The lines written by PrintT and Print. TLC evaluates an action again to rebuild a trace, and so prints again. */
  readonly printed: ReadonlyArray<string>
  readonly coverage: ReadonlyArray<ActionCoverage>
}

const Start = /^(.*)@!@!@STARTMSG (\d+):(\d+) @!@!@$/
const End = /^@!@!@ENDMSG \d+ @!@!@$/
const Severity = { error: 1, fatal: 2, state: 4 } as const
const Code = {
  Assumption: 2104, Where: 2103, InvariantInitial: 2107, PropertyInitial: 2108, Invariant: 2110, ActionProperty: 2112,
  Deadlock: 2114, Temporal: 2116, Back: 2122, Statistics: 2199, Initial: 2189, Depth: 2194, Progress: 2200,
  State: 2217, Stuttering: 2218, SanyEnd: 2219, SanyStart: 2220, CoverageStart: 2201, Coverage: 2772,
  CoverageOfInit: 2773, Evaluations: 2221, EvaluationsAndCost: 2775
} as const

interface Message {
  readonly code: number
  readonly severity: number
  readonly text: string
}

/** Takes TLC's output line by line, and says at the end what it meant. */
export class ReportReader {
  private readonly module: string
  private readonly config: string
  private readonly open: Array<{ code: number; severity: number; lines: Array<string> }> = []
  private readonly sany: Array<string> = []
  private readonly printed: Array<string> = []
  private readonly errors: Array<Message> = []
  private readonly trace: Array<string> = []
  private coverage: Array<ActionCoverage> = []
  /** Where the next expression belongs, by its depth. */
  private within: Array<Array<Evaluated>> = []
  private inSany = false
  private searched = false
  private finished = false
  private positions = ""
  private counts: Progress = { depth: 0, generated: 0, distinct: 0, queue: 0 }

  /** The module's and the configuration file's names, as messages shall name them: `MCRaft`, `MCRaft.cfg`. */
  constructor(module: string, config: string) {
    this.module = module
    this.config = config
  }

  /** One line without its end. A progress message gives the progress. */
  line(line: string): Progress | undefined {
    const start = Start.exec(line)
    const current = this.open.at(-1)
    if (start) {
      if (start[1] !== "") current?.lines.push(start[1]!)
      this.open.push({ code: Number(start[2]), severity: Number(start[3]), lines: [] })
    } else if (End.test(line)) {
      const { code, severity, lines } = this.open.pop() ?? { code: 0, severity: 0, lines: [] }
      const text = lines.join("\n").trim()
      this.open.at(-1)?.lines.push(text)
      if (this.open.length === 0) return this.message({ code, severity, text })
    } else if (current) {
      current.lines.push(line)
    } else if (this.inSany) {
      this.sany.push(line)
    } else {
      this.printed.push(line)
    }
    return undefined
  }

  private message(message: Message): Progress | undefined {
    const { code, severity, text } = message
    if (code === Code.SanyStart) this.inSany = true
    else if (code === Code.SanyEnd) this.inSany = false
    else if (code === Code.Initial) this.searched = true
    else if (code === Code.State || code === Code.Stuttering || code === Code.Back) this.trace.push(text)
    else if (code === Code.Where) this.positions = text
    else if (code === Code.CoverageStart) this.coverage = []
    else if (code === Code.Coverage) this.covered(text)
    else if (code === Code.CoverageOfInit) this.within = []
    else if (code === Code.Evaluations || code === Code.EvaluationsAndCost) this.evaluated(text)
    else if (code === Code.Depth) this.counts = { ...this.counts, depth: numbers(text)[0] ?? 0 }
    else if (code === Code.Progress || code === Code.Statistics) return this.count(code, text)
    else if (severity === Severity.error || severity === Severity.fatal) this.errors.push(message)
    return undefined
  }

  private count(code: number, text: string): Progress {
    const depth = code === Code.Progress ? numbers(text)[0]! : this.counts.depth
    const number = (unit: string) => numbers(new RegExp(`([\\d,]+) ${unit}`).exec(text)?.[1] ?? "0")[0]!
    this.counts = {
      depth, generated: number("states generated"), distinct: number("distinct states"), queue: number("states left")
    }
    if (code === Code.Statistics) this.finished = true
    return this.counts
  }

  private covered(text: string): void {
    const found = /^<(\w+) .*>: (\d+):(\d+)$/.exec(text)
    const parts: Array<Evaluated> = []
    if (found) this.coverage.push({ action: found[1]!, distinct: Number(found[2]), generated: Number(found[3]), parts })
    this.within = [parts]
  }

  /** `||line 12, col 3 to line 13, col 7 of module M: 5`: a part of a part of the action. */
  private evaluated(text: string): void {
    const found = /^(\|*)line (\d+), col (\d+) to line (\d+), col (\d+) of module (\w+): (\d+)/.exec(text)
    const depth = found?.[1]!.length ?? 0
    if (found === null || this.within[depth] === undefined) return
    const [line, column, toLine, toColumn] = found.slice(2, 6).map(Number) as [number, number, number, number]
    const parts: Array<Evaluated> = []
    this.within[depth].push({
      module: found[6]!, from: { line, column }, to: { line: toLine, column: toColumn }, count: Number(found[7]), parts
    })
    this.within = [...this.within.slice(0, depth + 1), parts]
  }

  /** Why TLC could not even begin, in one line with file, line and reason; undefined if it began. */
  refusal(): string | undefined {
    if (this.searched) return undefined
    const error = this.errors[0]
    if (error === undefined) return undefined
    const sany = sanyError(this.sany, this.module)
    if (sany !== undefined && (error.text === "" || /Parsing or semantic/.test(error.text))) return sany
    const line = /configuration file at line (\d+)\s*([\s\S]*)/.exec(error.text)
    if (line) return `${this.config}:${line[1]}: ${oneLine(line[2]!)}`
    const reason = reasonOf(error.text)
    if (/configuration file/.test(reason)) return `${this.config}: ${reason}`
    return `${this.place(error.text) ?? `${this.module}.tla`}: ${reason}`
  }

  /** The result; `stopped` for a run that was ended from outside. Throws ValueSyntaxError for a strange trace. */
  report(stopped: boolean): TlcReport {
    const verdict = this.errors.map((error) => this.verdict(error)).find((found) => found !== undefined)
    const error = this.errors[0]
    const { distinct, generated, depth } = this.counts
    const rest = { distinct, generated, depth, printed: this.printed, coverage: this.coverage }
    const trace = this.trace.length > 0 ? { counterexample: parseCounterexample(this.trace) } : {}
    if (verdict) return { ...rest, ...trace, ...verdict }
    if (error) {
      const place = this.place(this.positions) ?? this.place(error.text)
      const reason = reasonOf(error.text)
      return { ...rest, ...trace, outcome: "error", message: `${place ?? `${this.module}.tla`}: ${reason}` }
    }
    return { ...rest, outcome: stopped || !this.finished ? "stopped" : "ok" }
  }

  /** Whether TLC came to its own end, with its statistics or with an error. */
  get complete(): boolean {
    return this.finished || this.errors.length > 0
  }

  private verdict({ code, text }: Message): Pick<TlcReport, "outcome" | "violated" | "counterexample"> | undefined {
    const violated = /(?:Invariant|[Pp]roperty) (\S+) is (?:violated|false)/.exec(text)?.[1]
    const name = violated === undefined ? {} : { violated }
    if (code === Code.Deadlock) return { outcome: "deadlock" }
    if (code === Code.Invariant) return { outcome: "invariant", ...name }
    if (code === Code.ActionProperty || code === Code.Temporal) return { outcome: "property", ...name }
    if (code === Code.InvariantInitial || code === Code.PropertyInitial) {
      const variables = parseVariables(text.slice(text.indexOf("\n") + 1))
      return {
        outcome: code === Code.InvariantInitial ? "invariant" : "property", ...name,
        counterexample: { states: [{ action: "Init", variables }] }
      }
    }
    return undefined
  }

  /** The file and line of the innermost of the positions named in the text. */
  private place(text: string): string | undefined {
    const found = [...text.matchAll(/[Ll]ine (\d+), col(?:umn)? \d+ to line \d+, col(?:umn)? \d+ (?:in|of module) (\w+)/g)]
    const last = found.at(-1)
    return last && `${last[2]}.tla:${last[1]}`
  }
}

function sanyError(lines: ReadonlyArray<string>, module: string): string | undefined {
  const text = lines.filter((line) => !/^(Parsing file|Semantic processing)/.test(line)).join("\n")
  const file = /Could not parse module (\w+)/.exec(text)?.[1] ?? module
  const syntax = /\*\*\*Parse Error\*\*\*\s*([\s\S]*?)(?:\n\s*\n|$)/.exec(text)?.[1]
  if (syntax !== undefined) {
    const line = /line (\d+)/.exec(syntax)
    return `${file}.tla:${line ? line[1] : "?"}: ${oneLine(syntax)}`
  }
  const semantic = /line (\d+), col \d+ to line \d+, col \d+ of module (\w+)\s+([\s\S]*?)(?:\n\s*\n|$)/.exec(text)
  if (semantic) return `${semantic[2]}.tla:${semantic[1]}: ${oneLine(semantic[3]!)}`
  const missing = /Cannot find source file for module (\w+)(?: imported in module (\w+))?/.exec(text)
  if (missing) {
    return missing[2] === undefined ? `${missing[1]}.tla: no such file` :
      `${missing[2]}.tla: it extends or instantiates ${missing[1]}, and there is no ${missing[1]}.tla`
  }
  const abort = /\*\*\* (?:Abort messages|Errors): \d+\s*(?:Unknown location\s*)?([\s\S]*?)(?:\n\s*\n|$)/.exec(text)
  return abort ? `${module}.tla: ${oneLine(abort[1]!)}` : undefined
}

function reasonOf(text: string): string {
  const exception = /The exception was an? [\w.$]+\s*:?\s*([\s\S]+)$/.exec(text)
  return oneLine(exception ? exception[1]! : text)
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim()
}

function numbers(text: string): Array<number> {
  return [...text.matchAll(/\d[\d,]*/g)].map(([digits]) => Number(digits.replaceAll(",", "")))
}
