/** What has no other side: Redis' own benchmark tool against ours, and how long the command line takes to start. */
import { execFile, execFileSync } from "node:child_process"
import { promisify } from "node:util"
import { wholeProcess } from "../wholeProcess.ts"
import type { Cluster } from "./Cluster.ts"
import { progress } from "./commandLine.ts"
import { clusterFile, lockstepProgram } from "./kinds.ts"
import type { Alone } from "./rows.ts"
import { median } from "./sides.ts"

const execute = promisify(execFile)

const redisRow = "redis-benchmark, 64 clients"

/** Its own load, by its own clock. */
const redisBenchmark = async (cluster: Cluster): Promise<Alone> => {
  const row = { row: redisRow, goal: "-", missed: undefined }
  const { clients } = await cluster.leader()
  try {
    execFileSync("redis-benchmark", ["--version"], { stdio: "ignore" })
  } catch {
    return { ...row, found: "not installed (redis-tools)" }
  }
  const { stdout } = await execute("redis-benchmark", [
    ...["-h", "127.0.0.1", "-p", String(clients), "-t", "set", "-d", "256", "-r", "5000"],
    ...["-c", "64", "-n", "50000", "--csv"]
  ], { timeout: 120_000 })
  // "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
  const cells = stdout.trim().split("\n").at(-1)!.split(",")
  const [test, rps, , , p50, , p99] = cells.map((cell) => cell.replaceAll(`"`, ""))
  if (test !== "SET") throw new Error(`redis-benchmark: ${stdout.trim()}`)
  return { ...row, found: `${Math.round(Number(rps)).toLocaleString("en")} writes/s, p50 ${p50} ms, p99 ${p99} ms` }
}

const starts: ReadonlyArray<readonly [row: string, args: (file: string) => ReadonlyArray<string>]> = [
  ["lockstep --version", () => ["--version"]],
  ["lockstep put", (file) => ["put", "--cluster", file, "key", "value"]],
  ["lockstep get", (file) => ["get", "--cluster", file, "key"]]
]

/** The whole process, as its user waits for it. */
const start = async (row: string, args: ReadonlyArray<string>): Promise<Alone> => {
  const seconds: Array<number> = []
  for (let n = 0; n < 10; n++) {
    const { status, stdout, wallMs } = await wholeProcess(process.execPath, [lockstepProgram, ...args])
    if (status !== 0) throw new Error(`${row}: exit code ${status}: ${stdout.trim()}`)
    seconds.push(wallMs / 1000)
  }
  const found = `best ${Math.min(...seconds).toFixed(2)} s, median ${median(seconds).toFixed(2)} s of 10`
  return { row, found, goal: "median <= 0.3 s", missed: median(seconds) <= 0.3 ? [] : ["median"] }
}

export const aloneRows: ReadonlyArray<string> = [redisRow, ...starts.map(([row]) => row)]

export const alone = async (
  cluster: Cluster,
  isWanted: (row: { readonly row: string }) => boolean
): Promise<ReadonlyArray<Alone>> => {
  const rows: Array<Alone> = []
  if (isWanted({ row: redisRow })) {
    progress(redisRow)
    rows.push(await redisBenchmark(cluster))
  }
  for (const [row, args] of starts.filter(([row]) => isWanted({ row }))) {
    progress(row)
    rows.push(await start(row, args(clusterFile(cluster.folder))))
  }
  return rows
}
