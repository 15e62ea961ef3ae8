/** Why an object is not linearizable, for a terminal: a timeline of the core, the longest orders, and where they end. */
import type { History } from "../linearizability/History.ts"
import type { Model } from "../linearizability/Model.ts"
import type { Explanation, Prefix } from "../linearizability/Result.ts"
import { columnsOf } from "./Columns.ts"
import { wrap } from "./Story.ts"
import { operationWords, outcomeOf, shortened } from "./Words.ts"

export interface TimelineOptions {
  /** Characters of a line, at least 40. */
  readonly width?: number
  /** Escape sequences for terminals that know them; nothing is said by colour alone. */
  readonly colour?: boolean
}

/** Operations of the timeline. */
const mostRows = 24
/** Orders that are shown, and steps at the end of each. */
const mostOrders = 3
const mostSteps = 6

const labelLength = 48
const stateLength = 60

/** A `KeyResult` with an explanation. */
export interface Explainable {
  readonly key: string
  readonly operations: number
  readonly explanation: Explanation
}

/**
 * The explanation of an object that isn't linearizable. Bars go from call to return, and what lies between two moments
 * is as wide as its words need; `|== get ==|` belongs to the core, `|-- put --|` is its context, and `>` stands for an end
 * that nobody knows.
 */
export const explanationText = (
  history: History,
  model: Model,
  { explanation, key, operations }: Explainable,
  { colour = false, width = 100 }: TimelineOptions = {}
): string => {
  const paragraph = (text: string, indent: string) => wrap(text.split(" "), width - indent.length).map((line) => indent + line)
  const words = (row: number) => shortened(operationWords(history, row, model), labelLength)
  const core = new Set(explanation.core)
  const rows = rowsOf(history, explanation)
  const others = operations - rows.length
  const shown = explanation.prefixes.slice(0, mostOrders)
  const more = explanation.prefixes.length - shown.length
  const blocked = `${words(explanation.blocked)} by client ${history.clients[explanation.blocked]!}`
  const lines = [
    ...paragraph(`${JSON.stringify(key)} is not linearizable: ${explanation.reason}.`, ""),
    "",
    ...bars(history, rows, core, words, width, colour).map((line) => `  ${line}`),
    "",
    ...paragraph(
      [
        "== core",
        ...(rows.some((row) => !core.has(row)) ? ["-- context"] : []),
        ...(rows.some((row) => isOpen(history, row)) ? ["> outcome unknown"] : []),
        ...(others > 0 ? [`${others.toLocaleString("en")} other operations are not shown`] : [])
      ].join(", "),
      "  "
    ),
    "",
    ...rows.map((row) => `  ${core.has(row) ? "=" : "-"} ${describeRow(history, row, words(row))}`),
    "",
    ...(explanation.isMinimal ? [] : paragraph("Time ran out before it was known that the core can't be smaller.", "")),
    ...paragraph(
      `With the return of ${blocked} there is no order any more; ${explanation.before.toLocaleString("en")} operations had returned before.`,
      ""
    ),
    ...shown.flatMap((prefix, n) => ["", ...orderLines(history, prefix, n, explanation.prefixes.length, words, paragraph)]),
    ...(more > 0 ? ["", `${more} more such orders end in other states.`] : [])
  ]
  return lines.map((line) => line.trimEnd()).join("\n")
}

const isOpen = (history: History, row: number) => outcomeOf(history, row) !== "returned"

/** What the timeline shows, in the order of the calls: of a core that is large, the end. */
const rowsOf = (history: History, { blocked, context, core }: Explanation): ReadonlyArray<number> =>
  [...new Set([...core, ...context, blocked])].sort((a, b) => history.calls[a]! - history.calls[b]! || a - b).slice(-mostRows)

const describeRow = (history: History, row: number, words: string): string => {
  const returned = isOpen(history, row) ? "" : String(history.returns[row]!)
  const line = history.lines[row] === 0 ? "" : `, line ${history.lines[row]!}`
  return `${words} by client ${history.clients[row]!} @ ${history.calls[row]!}..${returned}${line}`
}

const orderLines = (
  history: History,
  { next, order, states }: Prefix,
  n: number,
  count: number,
  words: (row: number) => string,
  paragraph: (text: string, indent: string) => ReadonlyArray<string>
): ReadonlyArray<string> => {
  const from = Math.max(0, order.length - mostSteps)
  const unknown = order.length - states.length
  const which = count === 1 ? "The longest order" : `Longest order ${n + 1} of ${count}`
  const numberWidth = String(order.length).length
  const tail = order.slice(from).map((row) => `${words(row)} by client ${history.clients[row]!}`)
  const tailWidth = Math.max(0, ...tail.map((text) => text.length))
  return [
    ...paragraph(
      order.length === 0
        ? `${which} is empty:`
        : `${which} has ${order.length.toLocaleString("en")} operations; ${from > 0 ? "its end, with " : ""}the state after each:`,
      ""
    ),
    ...tail.map((text, k) =>
      `  ${String(from + k + 1).padStart(numberWidth)} ${text.padEnd(tailWidth)}  ${shortened(states[from + k - unknown] ?? "", stateLength)}`
    ),
    "  and none of these can come next:",
    ...next.flatMap(({ row, why }) => [`  x ${words(row)} by client ${history.clients[row]!}`, ...paragraph(why, "      ")])
  ]
}

/** A line for each client. */
const bars = (
  history: History,
  rows: ReadonlyArray<number>,
  core: ReadonlySet<number>,
  words: (row: number) => string,
  width: number,
  colour: boolean
): ReadonlyArray<string> => {
  const clients = [...new Set(rows.map((row) => history.clients[row]!))]
  const gutter = Math.max(...clients.map((client) => `client ${client}`.length)) + 2
  const { ends, starts, times } = columnsOf(
    rows.map((row) => history.calls[row]!),
    rows.map((row) => isOpen(history, row) ? Infinity : history.returns[row]!)
  )
  // An open bar goes to the end, a column further than all others.
  const columns = ends.map((end) => end === Infinity ? times.length : end)
  const at = places(rows.map((row, n) => ({ from: starts[n]!, to: columns[n]!, length: words(row).length + 8 })), times.length + 1, width - gutter - 3)
  return clients.map((client) => {
    let line = `client ${client}`.padEnd(gutter)
    let length = gutter
    rows.forEach((row, n) => {
      if (history.clients[row] !== client) return
      const [from, to] = [gutter + at[starts[n]!]!, gutter + at[columns[n]!]!]
      const bar = barOf(words(row), to - from + 1, core.has(row) ? "=" : "-", ends[n] === Infinity ? ">" : "|")
      line += " ".repeat(Math.max(0, from - length)) + (colour && core.has(row) ? `\x1b[1;31m${bar}\x1b[0m` : bar)
      length = Math.max(length, from) + bar.length
    })
    return line
  })
}

/** `|== words ==|`, of the given length; words that don't fit are cut. */
const barOf = (words: string, length: number, fill: string, end: string): string => {
  const inner = Math.max(0, length - 2)
  const text = inner < 5 ? "" : words.length + 4 > inner ? ` ${words.slice(0, inner - 5)}… ` : ` ${words} `
  const left = Math.floor((inner - text.length) / 2)
  return `|${fill.repeat(left)}${text}${fill.repeat(inner - left - text.length)}${end}`
}

/**
 * Where each of `count` columns is on a line: two characters from the one before, or as far as the words of the bars
 * need; narrower if the line would be longer than `width`.
 */
const places = (
  bars: ReadonlyArray<{ readonly from: number; readonly to: number; readonly length: number }>,
  count: number,
  width: number
): ReadonlyArray<number> => {
  const at = Array.from({ length: count }, (_, n) => 2 * n)
  for (const { from, length, to } of bars.toSorted((a, b) => a.to - b.to)) {
    const lacking = at[from]! + length - 1 - at[to]!
    if (lacking > 0) for (let n = to; n < count; n++) at[n]! += lacking
  }
  const most = at.at(-1)!
  return most <= width ? at : at.map((place) => Math.floor(place * width / most))
}
