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
/** Orders that are shown, steps at the end of each, and operations that could come next. */
const mostOrders = 3
const mostSteps = 6
const mostNext = 8

const labelLength = 100
const stateLength = 100

/** A `KeyResult` with an explanation. */
export interface Explainable {
  readonly key: string
  readonly operations: number
  readonly explanation: Explanation
}

/**
 * The explanation of an object that isn't linearizable. Operations are numbered by their calls. Bars go from call to return,
 * and what lies between two moments is as wide as its words need; `|== 1 get ==|` belongs to the core, `|-- 2 put --|` is
 * its context, and `>` stands for an end that nobody knows. Where there is no room for words there are the numbers.
 */
export const explanationText = (
  history: History,
  model: Model,
  { explanation, key, operations }: Explainable,
  { colour = false, width = 100 }: TimelineOptions = {}
): string => {
  const core = new Set(explanation.core)
  const rows = rowsOf(history, explanation)
  const others = operations - rows.length
  const shown = explanation.prefixes.slice(0, mostOrders)
  const more = explanation.prefixes.length - shown.length
  const words: Words = {
    of: (row) => shortened(operationWords(history, row, model), labelLength),
    byClient: (row) => `${words.of(row)} by client ${history.clients[row]!}`,
    paragraph: (text, indent) => wrap(text.split(" "), width - indent.length).map((line) => indent + line),
    width
  }
  const numberWidth = String(rows.length).length
  const lines = [
    ...words.paragraph(`${JSON.stringify(key)} is not linearizable: ${explanation.reason}.`, ""),
    "",
    ...bars(history, rows, core, words, colour).map((line) => `  ${line}`),
    "",
    ...words.paragraph(
      [
        "== core",
        ...(rows.some((row) => !core.has(row)) ? ["-- context"] : []),
        ...(rows.some((row) => isOpen(history, row)) ? ["> outcome unknown"] : []),
        ...(others > 0 ? [`${others.toLocaleString("en")} other operations are not shown`] : [])
      ].join(", "),
      "  "
    ),
    "",
    ...rows.map((row, n) => `  ${core.has(row) ? "=" : "-"} ${String(n + 1).padStart(numberWidth)} ${words.byClient(row)} @ ${timesOf(history, row)}`),
    "",
    ...(explanation.isMinimal ? [] : words.paragraph("Time ran out before it was known that the core can't be smaller.", "")),
    ...words.paragraph(
      `With the return of ${words.byClient(explanation.blocked)} there is no order any more; `
        + `${explanation.before.toLocaleString("en")} operations had returned before.`,
      ""
    ),
    ...shown.flatMap((prefix, n) => {
      const which = explanation.prefixes.length === 1 ? "The longest order" : `Longest order ${n + 1} of ${explanation.prefixes.length}`
      return ["", ...orderLines(prefix, which, explanation.blocked, words)]
    }),
    ...(more > 0 ? ["", `${more} more such orders end in other states.`] : [])
  ]
  return lines.map((line) => line.trimEnd()).join("\n")
}

interface Words {
  readonly of: (row: number) => string
  readonly byClient: (row: number) => string
  readonly paragraph: (text: string, indent: string) => ReadonlyArray<string>
  readonly width: number
}

const isOpen = (history: History, row: number) => outcomeOf(history, row) !== "returned"

/** What the timeline shows, in the order of the calls: of a core that is large, the end. */
const rowsOf = (history: History, { blocked, context, core }: Explanation): ReadonlyArray<number> =>
  [...new Set([...core, ...context, blocked])].sort((a, b) => history.calls[a]! - history.calls[b]! || a - b).slice(-mostRows)

const timesOf = (history: History, row: number): string => {
  const returned = isOpen(history, row) ? "" : String(history.returns[row]!)
  const line = history.lines[row] === 0 ? "" : `, line ${history.lines[row]!}`
  return `${history.calls[row]!}..${returned}${line}`
}

/** The end of an order, each state beside or below its operation, and what cannot come next. */
const orderLines = ({ next, order, states }: Prefix, which: string, blocked: number, words: Words): ReadonlyArray<string> => {
  const from = Math.max(0, order.length - mostSteps)
  const unknown = order.length - states.length
  const numberWidth = String(order.length).length
  const tail = order.slice(from).map((row, k) => ({
    text: `  ${String(from + k + 1).padStart(numberWidth)} ${words.byClient(row)}`,
    state: shortened(states[from + k - unknown] ?? "", stateLength)
  }))
  const textWidth = Math.max(0, ...tail.map(({ text }) => text.length))
  const isWide = tail.some(({ state }) => textWidth + 2 + state.length > words.width)
  const sorted = next.toSorted((a, b) => Number(b.row === blocked) - Number(a.row === blocked))
  const left = next.length - mostNext
  return [
    ...words.paragraph(
      order.length === 0
        ? `${which} is empty:`
        : `${which} has ${order.length.toLocaleString("en")} operations; ${from > 0 ? "its end, with " : ""}the state after each:`,
      ""
    ),
    ...tail.flatMap(({ state, text }) => isWide ? [text, `      ${state}`] : [`${text.padEnd(textWidth)}  ${state}`]),
    "  and none of these can come next:",
    ...sorted.slice(0, mostNext).flatMap(({ row, why }) => [`  x ${words.byClient(row)}`, ...words.paragraph(why, "      ")]),
    ...(left > 0 ? [`  x … and ${left} more`] : [])
  ]
}

/** A line for each client. */
const bars = (
  history: History,
  rows: ReadonlyArray<number>,
  core: ReadonlySet<number>,
  words: Words,
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
  const at = placesOf(
    rows.map((row, n) => ({ from: starts[n]!, to: columns[n]!, words: `${n + 1} ${words.of(row)}`, number: String(n + 1) })),
    times.length + 1,
    words.width - gutter - 3
  )
  return clients.map((client) => {
    let line = `client ${client}`.padEnd(gutter)
    let length = gutter
    rows.forEach((row, n) => {
      if (history.clients[row] !== client) return
      const [from, to] = [gutter + at[starts[n]!]!, gutter + at[columns[n]!]!]
      const texts = [`${n + 1} ${words.of(row)}`, String(n + 1)]
      const bar = barOf(texts, to - from + 1, core.has(row) ? "=" : "-", ends[n] === Infinity ? ">" : "|")
      line += " ".repeat(Math.max(0, from - length)) + (colour && core.has(row) ? `\x1b[1;31m${bar}\x1b[0m` : bar)
      length = Math.max(length, from) + bar.length
    })
    return line
  })
}

/** `|== text ==|`, of the given length, with the first of the texts that fits. */
const barOf = (texts: ReadonlyArray<string>, length: number, fill: string, end: string): string => {
  const inner = Math.max(0, length - 2)
  const found = texts.find((text) => text.length + 2 <= inner)
  const text = found === undefined ? "" : ` ${found} `
  const left = Math.floor((inner - text.length) / 2)
  return `|${fill.repeat(left)}${text}${fill.repeat(inner - left - text.length)}${end}`
}

interface Wanted {
  readonly from: number
  readonly to: number
  readonly words: string
  readonly number: string
}

/**
 * Where each of `count` columns is on a line of `width` characters: as far apart as the bars' words need, or else their
 * numbers, or else as they fit.
 */
const placesOf = (wanted: ReadonlyArray<Wanted>, count: number, width: number): ReadonlyArray<number> => {
  const roomy = places(wanted.map((bar) => ({ ...bar, length: bar.words.length + 8 })), count)
  if (roomy.at(-1)! <= width) return roomy
  const tight = places(wanted.map((bar) => ({ ...bar, length: bar.number.length + 6 })), count)
  // What is left is spread evenly.
  const most = tight.at(-1)!
  return tight.map((place) => Math.floor(place * width / most))
}

/** Columns at least two characters from the one before, and so far that each bar has its length. */
const places = (bars: ReadonlyArray<{ readonly from: number; readonly to: number; readonly length: number }>, count: number) => {
  const at = Array.from({ length: count }, (_, n) => 2 * n)
  for (const { from, length, to } of bars.toSorted((a, b) => a.to - b.to)) {
    const lacking = at[from]! + length - 1 - at[to]!
    if (lacking > 0) for (let n = to; n < count; n++) at[n]! += lacking
  }
  return at
}
