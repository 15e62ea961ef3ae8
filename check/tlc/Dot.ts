// Reads the state graph that TLC writes with `-dump dot,actionlabels`, while it writes it. Every state comes once,
// every generated step once (so parallel edges repeat, and self-loops are there), an edge often before its target.
// A label is the name of the definition at which TLC's decomposition of Next stopped; it never carries parameters.
import { StringDecoder } from "node:string_decoder"

/** Who takes the graph. Fingerprints are decimal texts, possibly negative. */
export interface GraphSink {
  /** A state; `variables` has the text of each variable's value, as printed (see Slices.ts and Value.ts). */
  readonly state: (fingerprint: string, variables: StateTexts, initial: boolean) => void
  readonly edge: (from: string, label: string, to: string) => void
}
export type StateTexts = { readonly [variable: string]: string }

/** A line of the dump that is not what TLC writes. */
export class DotSyntaxError extends Error {}

/** A reader of one dump: `push` its bytes in order, then `end`. Throws DotSyntaxError. */
export class DotReader {
  private readonly sink: GraphSink
  private readonly decoder = new StringDecoder("utf8")
  private rest: Array<string> = []
  private complete = false

  constructor(sink: GraphSink) {
    this.sink = sink
  }

  push(bytes: Buffer): void {
    const text = this.decoder.write(bytes)
    let newline = text.indexOf("\n")
    if (newline < 0) {
      this.rest.push(text)
      return
    }
    this.rest.push(text.slice(0, newline))
    this.line(this.rest.join(""))
    for (;;) {
      const start = newline + 1
      newline = text.indexOf("\n", start)
      if (newline < 0) {
        this.rest = [text.slice(start)]
        return
      }
      this.line(text.slice(start, newline))
    }
  }

  /** Whether the dump was complete: TLC closes it when it ends in order, but not when it is killed or refuses a module. */
  end(): boolean {
    return this.complete
  }

  private line(line: string): void {
    const c = line.charCodeAt(0)
    if (line.startsWith("{rank")) this.complete = true
    if (c !== 0x2d && !(c >= 0x30 && c <= 0x39)) return
    const space = line.indexOf(" ")
    const fingerprint = line.slice(0, space)
    if (line.startsWith("-> ", space + 1)) this.edge(fingerprint, line, space + 4)
    else this.state(fingerprint, line)
  }

  private edge(from: string, line: string, at: number): void {
    const space = line.indexOf(" ", at)
    if (space < 0) throw new DotSyntaxError(`an edge without a label: ${line.slice(0, 80)}`)
    this.sink.edge(from, unescape(labelOf(line)[0]), line.slice(at, space))
  }

  private state(fingerprint: string, line: string): void {
    const [label, end] = labelOf(line)
    const initial = line.indexOf("style = filled", end) >= 0
    const variables: { [variable: string]: string } = {}
    // In a string of the specification the backslashes are doubled once more, so the conjuncts can be cut here.
    for (const conjunct of (label.startsWith("/\\\\ ") ? label.slice(4) : label).split("\\n/\\\\ ")) {
      const equals = conjunct.indexOf(" = ")
      if (equals < 0) throw new DotSyntaxError(`a state without variables: ${line.slice(0, 80)}`)
      variables[conjunct.slice(0, equals)] = unescape(conjunct.slice(equals + 3))
    }
    this.sink.state(fingerprint, variables, initial)
  }
}

/** The still escaped text of a line's label, and where it ends. */
function labelOf(line: string): readonly [string, number] {
  const start = line.indexOf("[label=\"") + 8
  if (start < 8) throw new DotSyntaxError(`a line without a label: ${line.slice(0, 80)}`)
  for (let end = line.indexOf("\"", start); end >= 0; end = line.indexOf("\"", end + 1)) {
    let backslashes = 0
    while (line.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++
    if (backslashes % 2 === 0) return [line.slice(start, end), end]
  }
  throw new DotSyntaxError(`a label that does not end: ${line.slice(0, 80)}`)
}

function unescape(text: string): string {
  if (!text.includes("\\")) return text
  if (text.includes("\\\\")) return text.replace(/\\(.)/g, (_, c: string) => c === "n" ? "\n" : c)
  return text.replaceAll("\\\"", "\"").replaceAll("\\n", "\n")
}
