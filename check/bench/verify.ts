/**
 * The linearizability checker against Porcupine, side by side in one run: `just bench-verify`.
 *
 *     --only ROW   only this row (may be repeated)
 *     --json       one JSON document on the standard output
 *     --full       ask Porcupine also where it is known to find no answer, and pin anew where that is
 *
 * Each checks in a process of its own that is warm; they take turns, and the best of several batches counts for both. CPU
 * is the user and system time of that process, garbage collection included. Whole processes are those of the built package
 * (dist/), as its user starts them; their memory is the most that was resident.
 *
 * Exit codes: 0 all goals are met; 1 one is not; 2 bad usage; 3 one was not measured; 4 there is no Porcupine to compare
 * with, for want of Go.
 */
import { cpus } from "node:os"
import { parseArgs } from "node:util"
import { Contest } from "./Contest.ts"
import { measurements } from "./rows.ts"
import type { Row } from "./rows.ts"

const table = (rows: ReadonlyArray<Row>): string => {
  const verdict = ({ met }: Row) => (met === undefined ? "not measured" : met ? "met" : "NOT MET")
  const cells = [
    ["row", "what", "Porcupine", "Lockstep", "ratio", "goal", ""],
    ...rows.map((r) => [r.row, r.what, r.porcupine ?? "", r.lockstep, r.ratio ?? "", r.goal, verdict(r)])
  ]
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  return cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()).join("\n")
}

const progress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`)
}

const usage = () => {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true, default: [] },
      json: { type: "boolean", default: false },
      full: { type: "boolean", default: false }
    }
  })
  const rows = measurements.flatMap((m) => m.rows)
  const strange = values.only.find((row) => !rows.includes(row))
  if (strange !== undefined) throw new Error(`--only ${strange}: expected one of ${rows.join(", ")}`)
  return values
}

const run = async ({ full, json, only }: ReturnType<typeof usage>): Promise<number> => {
  const isWanted = (row: string) => only.length === 0 || only.includes(row)
  const contest = new Contest(full, progress)
  const rows: Array<Row> = []
  for (const { measure, rows: names } of measurements) {
    if (!names.some(isWanted)) continue
    progress(names[0]!)
    rows.push(...(await measure(contest)).filter(({ row }) => isWanted(row)))
  }
  contest.end()
  progress("")
  const { asked, pinned, porcupine } = contest
  if (full && "program" in porcupine) contest.pin()
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node.js ${process.version}`
  const opponent = "missing" in porcupine ? `no Porcupine: ${porcupine.missing}` : "Porcupine 1.3.1"
  console.log(json ? JSON.stringify({ machine, opponent, pinned: pinned.date, rows, asked }) : `${table(rows)}\n\n${machine}; ${opponent}`)
  if (rows.some(({ met }) => met === false)) return 1
  if ("missing" in porcupine) return 4
  return rows.some(({ met }) => met === undefined) ? 3 : 0
}

let options: ReturnType<typeof usage> | undefined
try {
  options = usage()
} catch (error) {
  console.error((error as Error).message)
}
process.exitCode = options === undefined ? 2 : await run(options)
