/**
 * Whether servers stay as small as they are: `node check/bench/cluster/memory.ts`, after `just build`.
 *
 *     --writes N   so many, by 64 clients (2,500,000, which take some minutes)
 *     --json       one JSON document on the standard output
 *
 * Each server tells once a second how much memory its process has (resident) and how much its objects take (heap); logs
 * are compacted as usual. Memory is flat if, of each server, neither is in the last third of the run more than 10 % above
 * the first third; means, since garbage comes and goes, and the first tenth is for warming up. Writes memory.svg.
 *
 * Exit codes: 0 it is flat; 1 it is not; 2 bad usage; 3 not measured; 4 there is no Go to build the load with.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Cluster } from "./Cluster.ts"
import { positive, program, progress } from "./commandLine.ts"
import { growth } from "./growth.ts"
import type { Sample } from "./growth.ts"
import { lockstep } from "./kinds.ts"
import { buildLoad, runLoad } from "./load.ts"
import { chart, colours, ticksTo } from "./plot.ts"

interface Server {
  readonly id: string
  readonly samples: ReadonlyArray<Sample>
  /** How much it has grown (growth.ts). */
  readonly resident: number
  readonly heap: number
}

/** Makes a server write a sample a second to a file beside its data. */
const telling = `data:text/javascript,${
  encodeURIComponent(`
    import { appendFileSync } from "node:fs"
    const file = process.argv[process.argv.indexOf("--data") + 1] + ".memory"
    setInterval(() => {
      const { heapUsed, rss } = process.memoryUsage()
      const sample = { at: performance.now() / 1000, resident: rss / 1e6, heap: heapUsed / 1e6 }
      appendFileSync(file, JSON.stringify(sample) + "\\n")
    }, 1000).unref()`)
}`

const grouped = (n: number): string => Math.round(n).toLocaleString("en")

const measure = async (writes: number) => {
  const load = await buildLoad()
  await using cluster = await Cluster.start(lockstep({}, ["--import", telling]))
  const leader = await cluster.leader()
  // An hour is more than a working cluster takes for what anybody asks of it.
  const result = await runLoad(load, {
    protocol: "resp",
    servers: [`127.0.0.1:${leader.clients}`],
    clients: 64,
    connections: 64,
    seconds: 3600,
    writes
  })
  if (result.errors > 0) throw new Error(`${result.errors} writes failed: ${result.error}`)
  const servers = cluster.members.map(({ id }): Server => {
    const lines = readFileSync(join(cluster.folder, `${id}.memory`), "utf8").trim().split("\n")
    const samples = lines.map((line) => JSON.parse(line) as Sample)
    if (samples.length < 10) throw new Error(`${id} has told ${samples.length} times only; more writes take longer`)
    return { id, samples, resident: growth(samples, "resident"), heap: growth(samples, "heap") }
  })
  return { writes: result.all, writesPerSecond: result.ops / result.seconds, servers }
}

const picture = (servers: ReadonlyArray<Server>, writes: number): string => {
  const all = servers.flatMap(({ samples }) => samples)
  const panel = (of: "resident" | "heap", title: string) => ({
    title,
    across: { title: "seconds", ticks: ticksTo(Math.max(...all.map(({ at }) => at))), scale: "linear" } as const,
    up: { title: "MB", ticks: ticksTo(Math.max(...all.map((sample) => sample[of]))), scale: "linear" } as const,
    curves: servers.map(({ id, samples }, n) => ({
      name: id,
      colour: colours[n]!,
      points: samples.map((sample) => [sample.at, sample[of]] as const)
    }))
  })
  return chart(`Memory of three servers over ${grouped(writes)} writes`, [
    panel("resident", `process, over ${grouped(writes)} writes`),
    panel("heap", "objects in it")
  ])
}

const isFlat = ({ heap, resident }: Server): boolean => heap <= 1.1 && resident <= 1.1

const line = (server: Server): string => {
  const last = server.samples.at(-1)!
  const percent = (part: number) => `${part < 1 ? "" : "+"}${(100 * (part - 1)).toFixed(0)} %`
  const of = (what: "resident" | "heap") => `${what} ${last[what].toFixed(0)} MB at the end (${percent(server[what])})`
  return `${server.id}: ${of("resident")}, ${of("heap")}; goal: at most +10 % from first to last third: `
    + (isFlat(server) ? "met" : "NOT MET")
}

const run = async ({ json, writes }: { readonly json: boolean; readonly writes: number }): Promise<boolean> => {
  progress(`${grouped(writes)} writes`)
  const found = await measure(writes)
  progress("")
  const first = `${grouped(found.writes)} writes, ${grouped(found.writesPerSecond)} a second`
  console.log(json ? JSON.stringify(found) : [first, ...found.servers.map(line)].join("\n"))
  writeFileSync(fileURLToPath(new URL("memory.svg", import.meta.url)), picture(found.servers, found.writes))
  return found.servers.every(isFlat)
}

await program(
  { writes: { type: "string", default: "2500000" }, json: { type: "boolean", default: false } },
  ({ json, writes }) => ({ json, writes: positive("writes", writes) }),
  run
)
