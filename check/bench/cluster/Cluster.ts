/**
 * A cluster of three servers on loopback, each a process of its own with a folder of its own. What makes it etcd or
 * Lockstep is data (`Kind`); here is what they have alike: they are started, asked for their metrics, killed, ended.
 */
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { endWithUs, removeWithUs } from "./leftovers.ts"
import { freePorts } from "../../freePorts.ts"

export interface Member {
  readonly id: string
  /** Ports of 127.0.0.1. */
  readonly peers: number
  readonly clients: number
  readonly http: number
}

/** What a server says of itself, under the names that its kind has for it. */
export interface Metrics {
  /** 1: it leads. */
  readonly leads: number
  /** 1: it knows who leads. */
  readonly led: number
  /** How often it has synced its log. */
  readonly syncs: number
  /** Goes up with each election. */
  readonly elections: number
  /** Index of the last entry that it has applied. */
  readonly applied: number
}

export interface Kind {
  readonly name: string
  /** The command of a server, whose folder for its data is `data`; `folder` is the cluster's. */
  readonly command: (me: Member, all: ReadonlyArray<Member>, folder: string, data: string) => ReadonlyArray<string>
  /** Where it has its metrics. */
  readonly metricsPort: (me: Member) => number
  readonly metrics: Readonly<Record<keyof Metrics, string>>
}

/** What a machine under load takes at most to start, to elect, to catch up. */
const patienceMs = 30_000

export class Cluster implements AsyncDisposable {
  readonly kind: Kind
  readonly members: ReadonlyArray<Member>
  /** The data of all servers, and what they say (`s1.log`); gone when the cluster is. */
  readonly folder: string
  readonly #children = new Map<Member, ChildProcess>()

  private constructor(kind: Kind, members: ReadonlyArray<Member>) {
    this.kind = kind
    this.members = members
    this.folder = mkdtempSync(join(tmpdir(), `bench-${kind.name}-`))
    removeWithUs(this.folder)
  }

  /** Three servers, once they have a leader. */
  static async start(kind: Kind): Promise<Cluster> {
    const ports = await freePorts(9)
    const cluster = new Cluster(kind, [1, 2, 3].map((n) => {
      const [peers, clients, http] = ports.slice(3 * n - 3, 3 * n) as [number, number, number]
      return { id: `s${n}`, peers, clients, http }
    }))
    try {
      for (const member of cluster.members) cluster.start(member)
      await cluster.leader()
      return cluster
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Starts one server, on what its folder holds. */
  start(member: Member): void {
    const data = join(this.folder, member.id)
    mkdirSync(data, { recursive: true })
    const [program, ...args] = this.kind.command(member, this.members, this.folder, data)
    const log = openSync(join(this.folder, `${member.id}.log`), "a")
    const child = spawn(program!, args, { stdio: ["ignore", log, log] })
    closeSync(log)
    endWithUs(child)
    this.#children.set(member, child)
  }

  async kill(member: Member): Promise<void> {
    const child = this.#children.get(member)!
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, "exit")
    child.kill("SIGKILL")
    await ended
  }

  /** `undefined`: it doesn't answer. */
  async metrics(member: Member): Promise<Metrics | undefined> {
    const { metrics, metricsPort } = this.kind
    let text: string
    try {
      const url = `http://127.0.0.1:${metricsPort(member)}/metrics`
      text = await (await fetch(url, { signal: AbortSignal.timeout(2000) })).text()
    } catch {
      return undefined
    }
    const read = (name: string) => Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "m").exec(text)?.[1])
    return {
      leads: read(metrics.leads),
      led: read(metrics.led),
      syncs: read(metrics.syncs),
      elections: read(metrics.elections),
      applied: read(metrics.applied)
    }
  }

  /** Waits until all servers are there, and know the one that leads them. */
  async leader(): Promise<Member> {
    return this.#until("all know one leader", (all) => {
      const leaders = this.members.filter((_, n) => all[n]?.leads === 1)
      return leaders.length === 1 && all.every((one) => one?.led === 1) ? leaders[0] : undefined
    })
  }

  /** Waits until all servers have applied what any of them has applied now. */
  async caughtUp(): Promise<void> {
    let goal: number | undefined
    await this.#until("all have caught up", (all) => {
      goal ??= Math.max(...all.map((one) => one?.applied ?? 0))
      return all.every((one) => one !== undefined && one.applied >= goal!) || undefined
    })
  }

  /** What each server says; NaN: it doesn't answer. */
  async each(of: keyof Metrics): Promise<ReadonlyArray<number>> {
    const all = await Promise.all(this.members.map((member) => this.metrics(member)))
    return all.map((one) => one?.[of] ?? NaN)
  }

  /** User and system time of all servers so far, in milliseconds. As Linux tells it, in ticks of 10 ms. */
  cpuMs(): number {
    const ticks = this.members.map((member) => {
      const stat = readFileSync(`/proc/${this.pid(member)}/stat`, "utf8")
      // After the program's name, in brackets; proc(5) counts from 1, and has the times as 14 and 15.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
      return Number(fields[11]) + Number(fields[12])
    })
    return ticks.reduce((sum, n) => sum + n, 0) * 10
  }

  pid(member: Member): number {
    return this.#children.get(member)!.pid!
  }

  async #until<A>(what: string, found: (all: ReadonlyArray<Metrics | undefined>) => A | undefined): Promise<A> {
    for (const end = performance.now() + patienceMs; performance.now() < end;) {
      const all = await Promise.all(this.members.map((member) => this.metrics(member)))
      const answer = found(all)
      if (answer !== undefined) return answer
      const dead = this.members.find((member) => this.#children.get(member)!.exitCode !== null)
      if (dead !== undefined) throw new Error(`${this.kind.name}: ${dead.id} has ended: ${this.#lastWords(dead)}`)
      await sleep(20)
    }
    throw new Error(`${this.kind.name}: not within ${patienceMs / 1000} s: ${what}`)
  }

  #lastWords({ id }: Member): string {
    return readFileSync(join(this.folder, `${id}.log`), "utf8").trim().split("\n").slice(-3).join(" | ")
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#children.keys()].map((member) => this.kill(member)))
    rmSync(this.folder, { recursive: true, force: true })
  }
}
