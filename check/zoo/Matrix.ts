/** The kill matrix: who noticed which mistake, by what. */

/** The detectors, cheapest first; README.md says what each goes by. */
export const columns = ["scenarios", "disk", "explorer", "graph", "fuzz", "runtime", "trace", "pair"] as const
export type Column = typeof columns[number]

/**
 * `killed`: noticed, by a verdict with a name. `silent`: nobody noticed anything. `failed`: no verdict: something threw,
 * never ended, or couldn't begin. `absent`: that column can't have this row, or wasn't asked for.
 */
export type Cell =
  | {
    readonly status: "killed"
    /** The first verdict's name, and where it was found. */
    readonly name: string
    readonly where: string
    /** All the names found. */
    readonly names: ReadonlyArray<string>
    readonly seconds: number
  }
  | { readonly status: "silent"; readonly seconds: number }
  | { readonly status: "failed"; readonly reason: string; readonly seconds: number }
  | { readonly status: "absent" }

export interface MutantRow {
  readonly id: string
  readonly rule: string
  readonly title: string
  readonly cells: Readonly<Record<Column, Cell>>
  /** What was expected of the explorer and wasn't found. */
  readonly missing: ReadonlyArray<string>
}

export interface WatcherRow {
  readonly id: string
  readonly title: string
  /** The negative check that must fail. */
  readonly noticedBy: string
  /** How it failed; undefined: it didn't, or wasn't run. */
  readonly notice: string | undefined
  readonly skipped: boolean
  readonly seconds: number
}

export interface Matrix {
  readonly scope: "check" | "deep"
  readonly rows: ReadonlyArray<MutantRow>
  readonly watchers: ReadonlyArray<WatcherRow>
  /**
   * Each property, the mutants that the explorer found to violate it, and the pairs of which TLC found that, if it ran;
   * only when no row was left out.
   */
  readonly properties: ReadonlyArray<{
    readonly name: string
    readonly violatedBy: ReadonlyArray<string>
    readonly inTlc?: ReadonlyArray<string>
  }>
  /** Everything that keeps the zoo from passing, a line each. */
  readonly faults: ReadonlyArray<string>
  /** What wasn't run, and why. */
  readonly skipped: ReadonlyArray<string>
  readonly seconds: number
  readonly interrupted: boolean
}

const cellText = (cell: Cell): string => {
  switch (cell.status) {
    case "killed":
      return cell.name
    case "silent":
      return "-"
    case "failed":
      return "(no verdict)"
    case "absent":
      return ""
  }
}

/** As text: a line per mutant, a column per detector; then the watchers, the properties and what is wrong. */
export const matrixText = (matrix: Matrix): string => {
  const short = (text: string, width: number) => text.length <= width ? text : `${text.slice(0, width - 1)}…`
  const table = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
    const widths = rows[0]!.map((_, c) => Math.max(...rows.map((row) => row[c]!.length)))
    return rows.map((row) => row.map((cell, c) => cell.padEnd(widths[c]!)).join("  ").trimEnd())
  }
  const seconds = (cells: ReadonlyArray<Cell>) =>
    cells.reduce((sum, cell) => sum + (cell.status === "absent" ? 0 : cell.seconds), 0).toFixed(1)
  const shown = columns.filter((column) => matrix.rows.some(({ cells }) => cells[column].status !== "absent"))
  const parts: Array<ReadonlyArray<string>> = []
  if (matrix.rows.length > 0) {
    parts.push(table([
      ["mutant", "rule", ...shown, "s"],
      ...matrix.rows.map(({ cells, id, rule }) => [
        id,
        short(rule, 12),
        ...shown.map((column) => short(cellText(cells[column]), 27)),
        seconds(columns.map((column) => cells[column]))
      ])
    ]))
  }
  if (matrix.watchers.length > 0) {
    parts.push(table([
      ["watcher", "noticed by", "because", "s"],
      ...matrix.watchers.map(({ id, notice, noticedBy, seconds, skipped }) =>
        [id, noticedBy, skipped ? "(not run)" : short(notice ?? "NOT NOTICED", 70), seconds.toFixed(1)])
    ]))
  }
  if (matrix.properties.length > 0) {
    parts.push(table([
      ["property", "violated by", "in TLC by"],
      ...matrix.properties.map(({ inTlc, name, violatedBy }) =>
        [name, violatedBy.join(" ") || "NOBODY", inTlc === undefined ? "(not run)" : inTlc.join(" ") || "NOBODY"])
    ]))
  }
  if (matrix.skipped.length > 0) parts.push(matrix.skipped.map((line) => `not run: ${line}`))
  const killed = matrix.rows.filter(({ cells }) => columns.some((column) => cells[column].status === "killed")).length
  const noticed = matrix.watchers.filter(({ notice }) => notice !== undefined).length
  const watched = matrix.watchers.filter(({ skipped }) => !skipped).length
  parts.push([
    ...matrix.faults,
    `${killed} of ${matrix.rows.length} mutants killed, ${noticed} of ${watched} watchers noticed, in ${matrix.seconds.toFixed(1)} s`
    + (matrix.interrupted ? " (interrupted)" : "")
  ])
  return parts.map((lines) => lines.join("\n")).join("\n\n")
}
