/**
 * A cluster of ours against one of etcd's, side by side in one run: `just bench-cluster`.
 *
 *     --only ROW    only this row (may be repeated)
 *     --rounds N    measure each side so often, in turns, and take medians (5)
 *     --seconds N   each time for so long, after a second of warming up (3)
 *     --json        one JSON document on the standard output
 *
 * Three servers each, on loopback, with the settings they come with: both sync what they acknowledge. Both clusters are
 * up all the time, and one of them is under load, each for 30 seconds before anything counts: V8 compiles what runs often
 * while it runs, on the cores that the servers need. Clients write values of 256 bytes to 5,000 keys, one write after the
 * other. etcd's share one connection of its own client (its benchmark tool does so, and more of them make it slower). Ours
 * have one each, as plain Redis clients do; in rows with "sessions" they are what our own clerk is, and share one, too. Load
 * and servers share the machine, so what a write costs the program that puts the load is told, too.
 *
 * Without `--only` the picture bench-cluster.svg is written. Exit codes: 0 all goals are met; 1 one is not; 2 bad usage; 3
 * one could not be measured; 4 there is no etcd to compare with, or no Go to build the load with.
 */
import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { fileURLToPath } from "node:url"
import { alone, aloneRows } from "./alone.ts"
import { Cluster } from "./Cluster.ts"
import { Missing, positive, program, progress } from "./commandLine.ts"
import { etcd, lockstep } from "./kinds.ts"
import { buildLoad } from "./load.ts"
import { chart, colours, ticksAround, ticksTo } from "./plot.ts"
import type { Axis } from "./plot.ts"
import { judge, planned } from "./rows.ts"
import type { Alone, Contest } from "./rows.ts"
import { measure, summary } from "./sides.ts"
import type { Figures, Side } from "./sides.ts"

const columns = (cells: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  return cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()).join("\n")
}

const verdict = ({ missed }: Contest | Alone): string =>
  missed === undefined ? "" : missed.length === 0 ? "met" : `NOT MET: ${missed.join(", ")}`
const whole = (n: number): string => Math.round(n).toLocaleString("en")
const fine = (n: number): string => Number.isNaN(n) ? "?" : n.toFixed(2)
const both = (show: (n: number) => string, of: (figures: Figures) => number) => ({ etcd, lockstep }: Contest): string =>
  `${show(of(etcd))} / ${show(of(lockstep))}`

const report = (contests: ReadonlyArray<Contest>, others: ReadonlyArray<Alone>): string => {
  const costs: ReadonlyArray<readonly [string, (contest: Contest) => string]> = [
    ["syncs of all servers", both(fine, (f) => f.syncs)],
    ["flushes of the disk", both(fine, (f) => f.flushes)],
    ["CPU of the servers, µs", both(whole, (f) => f.serversCpuUs)],
    ["of the load, µs", both(whole, (f) => f.loadCpuUs)],
    ["elections in all", both(whole, (f) => f.elections)]
  ]
  return [
    columns([
      ["etcd / Lockstep", "writes/s", "ratio", "p50 ms", "p99 ms", "max ms", "goal", ""],
      ...contests.map((c) => [
        c.row,
        both(whole, (f) => f.writesPerSecond)(c),
        `${c.ratio.toFixed(2)}x`,
        ...[(f: Figures) => f.p50Ms, (f: Figures) => f.p99Ms, (f: Figures) => f.maxMs].map((of) => both(fine, of)(c)),
        c.goal,
        verdict(c)
      ])
    ]),
    columns([
      ["for each write", ...costs.map(([title]) => title)],
      ...contests.map((c) => [c.row, ...costs.map(([, show]) => show(c))])
    ]),
    ...others.length === 0 ? [] : [columns([
      ["Lockstep alone", "", "goal", ""],
      ...others.map((row) => [row.row, row.found, row.goal, verdict(row)])
    ])]
  ].join("\n\n")
}

/** Writes per second and the slowest hundredth of writes, by the number of clients. */
const picture = (contests: ReadonlyArray<Contest>): string => {
  const across: Axis = { title: "clients, each with one write at a time", ticks: [1, 4, 16, 64, 256], scale: "logarithmic" }
  const rows = contests.filter(({ sessions, spread }) => !spread && !sessions)
  const curves = (of: (figures: Figures) => number) =>
    ([["Lockstep", "lockstep", colours[0]], ["etcd", "etcd", colours[1]]] as const).map(([name, side, colour]) => ({
      name,
      colour,
      marked: true,
      points: rows.map((row) => [row.clients, of(row[side])] as const)
    }))
  const values = (of: (figures: Figures) => number) => rows.flatMap((row) => [of(row.etcd), of(row.lockstep)])
  const rate = (f: Figures) => f.writesPerSecond
  const slow = (f: Figures) => f.p99Ms
  const rates: Axis = { title: "writes/s", ticks: ticksTo(Math.max(...values(rate))), scale: "linear" }
  const latencies: Axis = { title: "p99, in ms", ticks: ticksAround(values(slow)), scale: "logarithmic" }
  return chart("Durable writes to three servers: writes per second, and 99th percentile of latency, by clients", [
    { title: "throughput", across, up: rates, curves: curves(rate) },
    { title: "latency", across, up: latencies, curves: curves(slow) }
  ])
}

const rows = [...planned.map(({ row }) => row), ...aloneRows]

const etcdVersion = (): string => {
  try {
    return /etcd Version: (\S+)/.exec(execFileSync("etcd", ["--version"], { encoding: "utf8" }))![1]!
  } catch {
    throw new Missing("There is no etcd here to compare with; Debian's package is etcd-server.")
  }
}

interface Asked {
  readonly only: ReadonlyArray<string>
  readonly rounds: number
  readonly seconds: number
  readonly json: boolean
}

const run = async ({ json, only, rounds, seconds }: Asked): Promise<boolean> => {
  const version = etcdVersion()
  const load = await buildLoad()
  const isWanted = ({ row }: { readonly row: string }) => only.length === 0 || only.includes(row)

  await using theirs = await Cluster.start(etcd)
  await using ours = await Cluster.start(lockstep())
  const sides: ReadonlyArray<Side> = [
    { cluster: theirs, spoken: () => ({ protocol: "etcd", connections: 1 }) },
    {
      cluster: ours,
      spoken: ({ clients, sessions }) =>
        sessions ? { protocol: "sessions", connections: 1 } : { protocol: "resp", connections: clients }
    }
  ]
  for (const side of sides) {
    progress(`${side.cluster.kind.name} warms up`)
    await measure(load, side, { clients: 64, spread: true }, 10)
    await measure(load, side, { clients: 64, spread: false, sessions: true }, 5)
    await measure(load, side, { clients: 1, spread: false }, 15)
  }
  const contests: Array<Contest> = []
  for (const plan of planned.filter(isWanted)) {
    const runs: ReadonlyArray<Array<Figures>> = sides.map(() => [])
    for (let round = 1; round <= rounds; round++) {
      for (const [n, side] of sides.entries()) {
        progress(`${plan.row}, round ${round} of ${rounds}, ${side.cluster.kind.name}`)
        runs[n]!.push(await measure(load, side, plan, seconds))
      }
    }
    contests.push(judge(plan, summary(runs[0]!), summary(runs[1]!)))
  }
  const others = await alone(ours, isWanted)
  progress("")

  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node.js ${process.version}, etcd ${version}`
  console.log(
    json
      ? JSON.stringify({ machine, rounds, seconds, contests, alone: others })
      : `${report(contests, others)}\n\n${machine}; medians of ${rounds} × ${seconds} s`
  )
  if (only.length === 0) writeFileSync(fileURLToPath(new URL("bench-cluster.svg", import.meta.url)), picture(contests))
  return [...contests, ...others].every(({ missed = [] }) => missed.length === 0)
}

await program(
  {
    only: { type: "string", multiple: true, default: [] },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    json: { type: "boolean", default: false }
  },
  ({ json, only, rounds, seconds }): Asked => {
    const strange = only.find((row) => !rows.includes(row))
    if (strange !== undefined) throw new Error(`--only ${strange}: expected one of: ${rows.join("; ")}`)
    return { json, only, rounds: positive("rounds", rounds), seconds: positive("seconds", seconds) }
  },
  run
)
