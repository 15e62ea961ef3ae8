/** One run of load on one side: what its clients saw, and what it cost the servers and the disk. */
import type { Cluster } from "./Cluster.ts"
import { flushesOf } from "./flushes.ts"
import { runLoad } from "./load.ts"
import type { Load } from "./load.ts"

const sum = (values: ReadonlyArray<number>): number => values.reduce((all, n) => all + n, 0)

export interface Side {
  readonly cluster: Cluster
  /** How its clients speak to it, and by how many connections to one server. */
  readonly spoken: (workload: Workload) => { readonly protocol: Load["protocol"]; readonly connections: number }
}

export interface Workload {
  readonly clients: number
  /** The clients talk to all servers alike; else all talk to the leader. */
  readonly spread: boolean
  /** Ours have sessions and share a connection, as those of etcd always do; else each has one of its own. */
  readonly sessions?: true
}

/** Per second, in milliseconds, and for each write that was acknowledged. */
export interface Figures {
  readonly writesPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** How often the servers have synced their logs, all together. */
  readonly syncs: number
  /** How often the disk was told to flush, by anybody; NaN where it isn't counted. */
  readonly flushes: number
  /** Of the run. */
  readonly elections: number
  /** User and system time of the three servers together, and of the program that puts the load on them. */
  readonly serversCpuUs: number
  readonly loadCpuUs: number
}

/** All are what the kernel and the servers say before and after the run, warm-up included, but for what clients saw. */
export const measure = async (
  program: string,
  { cluster, spoken }: Side,
  workload: Workload,
  seconds: number
): Promise<Figures> => {
  const { clients, spread } = workload
  const { connections, protocol } = spoken(workload)
  const asked = spread ? cluster.members : [await cluster.leader()]
  const count = async () => ({
    syncs: sum(await cluster.each("syncs")),
    elections: Math.max(...await cluster.each("elections")),
    flushes: flushesOf(cluster.folder) ?? NaN,
    cpuMs: cluster.cpuMs()
  })
  const before = await count()
  const result = await runLoad(program, {
    protocol,
    servers: asked.map((member) => `127.0.0.1:${member.clients}`),
    clients,
    connections: Math.min(clients, connections * asked.length),
    seconds
  })
  const after = await count()
  // A rate with failed writes in it compares nothing.
  if (result.errors > 0) throw new Error(`${cluster.kind.name}: ${result.errors} writes failed: ${result.error}`)
  return {
    writesPerSecond: result.ops / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    maxMs: result.maxMs,
    syncs: (after.syncs - before.syncs) / result.all,
    flushes: (after.flushes - before.flushes) / result.all,
    elections: after.elections - before.elections,
    serversCpuUs: (after.cpuMs - before.cpuMs) * 1000 / result.all,
    loadCpuUs: result.cpuUs
  }
}

export const median = (values: ReadonlyArray<number>): number => [...values].sort((a, b) => a - b)[values.length >> 1]!

/** Each figure's median, of several runs; but of elections all, since there should be none. */
export const summary = (runs: ReadonlyArray<Figures>): Figures => {
  const of = (name: keyof Figures) => runs.map((run) => run[name])
  return {
    writesPerSecond: median(of("writesPerSecond")),
    p50Ms: median(of("p50Ms")),
    p99Ms: median(of("p99Ms")),
    maxMs: median(of("maxMs")),
    syncs: median(of("syncs")),
    flushes: median(of("flushes")),
    elections: sum(of("elections")),
    serversCpuUs: median(of("serversCpuUs")),
    loadCpuUs: median(of("loadCpuUs"))
  }
}
