/**
 * Torments a cluster of real processes while clients use it, and then asks whether all went well: whether what the clients
 * saw is linearizable, whether every step of every server is one of the specification, and whether the torment was felt.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as fs from "node:fs"
import { join } from "node:path"
import type { ServerId } from "../../src/raft/Server.ts"
import type { Address } from "../../src/shell/Address.ts"
import { checkLinearizable } from "../linearizability/check.ts"
import { History } from "../linearizability/History.ts"
import { kv } from "../linearizability/models/kv.ts"
import type { CheckResult } from "../linearizability/Result.ts"
import { Random } from "../Random.ts"
import { mergeTraces } from "../trace/merge.ts"
import { readTrace } from "../trace/TraceReader.ts"
import type { Trace } from "../trace/Format.ts"
import { Clients } from "./Clients.ts"
import type { Bite, Fault, Scene } from "./Faults.ts"
import { freePorts } from "../freePorts.ts"
import { network } from "./Network.ts"
import { processes, ServerProcess } from "./Processes.ts"
import { recoveryOf } from "./recovery.ts"
import { Watch } from "./Watch.ts"
import type { Sighting } from "./Watch.ts"

export interface NemesisOptions {
  /** 3 or more. */
  readonly servers: number
  /** Of torment. */
  readonly seconds: number
  /** Chooses the faults and whom they strike, and what the clients ask. The rest is up to the machine. */
  readonly seed: number
  /** In an order of chance, again and again; the first one comes first. */
  readonly faults: ReadonlyArray<Fault>
  readonly clerks: number
  readonly plain: number
  /** An empty folder; what happened is left in it: cluster files, data, logs, traces, and the history. */
  readonly folder: string
  readonly onProgress: (line: string) => void
}

/** A fault that struck; times in milliseconds of the run. */
export interface Struck extends Bite {
  readonly name: string
  readonly kind: Fault["kind"]
  readonly label: string
  readonly from: number
  readonly to: number
  /** When an operation that was called after its end had been answered; `null`: too late to wait for. */
  readonly recovered: number | null
}

export interface NemesisRun {
  readonly seed: number
  readonly servers: ReadonlyArray<ServerId>
  /** The first operation, in milliseconds of the run; and how long it was from there to the last one's answer. */
  readonly started: number
  readonly duration: number
  readonly struck: ReadonlyArray<Struck>
  readonly sightings: ReadonlyArray<Sighting>
  /** Terms with a leader that was seen. */
  readonly leaders: ReadonlyArray<readonly [term: number, leader: ServerId]>
  /** Microseconds. */
  readonly history: History
  readonly linearizable: CheckResult
  /** All that the servers did, or why that can't be read. */
  readonly trace: Result.Result<Trace, { readonly message: string }>
  /** What must not happen: a server that ended by itself, a cluster that didn't recover, an answer that makes no sense. */
  readonly wrong: ReadonlyArray<string>
}

/** Milliseconds in which a cluster that is left alone must be well again: some election timeouts, and slow starts. */
const recoveryLimit = 25_000
/** Between two faults. */
const rest = 300

const timing = {
  electionTimeout: { min: 200, max: 400 },
  heartbeatInterval: 40,
  // Short logs: so there are snapshots, and TLC can take all of the states.
  maxRaftStateBytes: 3_000
}

/** Runs it. When the effect ends in any way, its processes are gone. */
export const torment = (options: NemesisOptions) => Effect.scoped(tormentIn(options))

const tormentIn = Effect.fnUntraced(function*({ clerks, folder, onProgress, plain, seconds, seed, ...options }: NemesisOptions) {
  const ids = Array.from({ length: options.servers }, (_, n) => `s${n + 1}`)
  const start = performance.now()
  const now = () => performance.now() - start
  const microseconds = () => now() * 1000
  const traceFile = (id: ServerId) => join(folder, `${id}.ndjson`)

  // The stage.
  const ports = yield* Effect.promise(() => freePorts(3 * ids.length))
  const port = (id: ServerId, n: number) => ports[3 * ids.indexOf(id) + n]!
  const net = yield* network(new Map(ids.map((id) => [id, port(id, 0)])), new Random(seed + 1))
  const servers = new Map(ids.map((id) => {
    const addresses = ids.map((to) => [to, {
      peers: `127.0.0.1:${to === id ? port(id, 0) : net.port(id, to)}`,
      clients: `127.0.0.1:${port(to, 1)}`,
      http: `127.0.0.1:${port(to, 2)}`
    }])
    const file = join(folder, `${id}.json`)
    fs.writeFileSync(file, JSON.stringify({ cluster: "nemesis", servers: Object.fromEntries(addresses), ...timing }, null, 2))
    const args = ["serve", "--cluster", file, "--id", id, "--data", join(folder, id), "--trace", traceFile(id)]
    return [id, new ServerProcess(id, args, join(folder, `${id}.log`))]
  }))
  yield* processes([...servers.values()])
  const watched = new Map(ids.map((id) => [id, { process: servers.get(id)!, http: port(id, 2) }]))
  const watch = new Watch(watched, now)
  const clients = new Clients({
    servers: new Map(ids.map((id): [ServerId, Address] => [id, { host: "127.0.0.1", port: port(id, 1) }])),
    clerks,
    plain,
    random: new Random(seed + 2),
    now: microseconds
  })
  const random = new Random(seed)
  const scene: Scene = {
    servers,
    network: net,
    watch,
    clients,
    random,
    now: microseconds,
    recovery: (id, life) => recoveryOf(traceFile(id), life)
  }

  const wrong: Array<string> = []
  const ended = () => [...servers.values()].flatMap(({ ended }) => ended ?? [])
  /** Every server answers, and all agree on who leads. */
  const isWell = () => {
    const { leader, statuses } = watch
    return leader !== undefined && statuses.size === ids.length
      && [...statuses.values()].every((status) => status.term === leader.term && status.leader === leader.id)
  }
  const becomesWell = Effect.fnUntraced(function*(since: number) {
    const isServed = () => clients.during(since, microseconds()).answered > 0
    const ready = yield* watch.until(() => ended().length > 0 || (isWell() && isServed()), recoveryLimit)
    if (ended().length === 0 && ready) return true
    const late = `not well again within ${recoveryLimit / 1000} s, at ${(now() / 1000).toFixed(1)} s`
    wrong.push(...ended().length > 0 ? ended() : [late])
    return false
  })

  // The play.
  for (const server of servers.values()) server.start()
  yield* Effect.forkScoped(watch.look)
  const struck: Array<Struck> = []
  onProgress("nemesis: the cluster starts")
  yield* watch.until(() => isWell() || ended().length > 0, recoveryLimit)
  const first = now()
  const working = yield* Effect.forkScoped(clients.work)
  const order = inOrder(options.faults, random)
  let goesOn = yield* becomesWell(first * 1000)
  while (goesOn) {
    const fault = order.next().value
    // The last one, too, must have the time to be survived.
    if (now() - first + fault.lasts + 1_000 > 1000 * seconds) break
    yield* Effect.sleep(rest * (1 + random.fraction()))
    const from = now()
    const { bite, end, label } = yield* fault.strike(scene)
    onProgress(`nemesis: ${(from / 1000).toFixed(1)} s ${fault.name} ${label}`)
    yield* Effect.sleep(fault.lasts)
    yield* end
    const to = now()
    goesOn = yield* becomesWell(to * 1000)
    struck.push({ name: fault.name, kind: fault.kind, label, from, to, recovered: goesOn ? now() : null, ...bite() })
  }
  if (goesOn) yield* Effect.sleep(Math.max(0, 1000 * seconds - (now() - first)))
  clients.finish()
  yield* Fiber.join(working)
  if (goesOn && !(yield* clients.readAll)) wrong.push("a key can't be read any more")
  const duration = now() - first
  yield* Effect.promise(() => Promise.all([...servers.values()].map((server) => server.kill())))

  // The verdicts.
  onProgress("nemesis: is it linearizable?")
  fs.writeFileSync(join(folder, "history.jsonl"), clients.history.map((x) => `${JSON.stringify(x)}\n`).join(""))
  const history = History.of(clients.history)
  const merged = mergeTraces(ids.map((id) => ({ file: traceFile(id), text: fs.readFileSync(traceFile(id), "utf8") })))
  return {
    seed,
    servers: ids,
    started: first,
    duration,
    struck,
    sightings: watch.sightings,
    leaders: [...watch.leaders].sort(([a], [b]) => a - b),
    history,
    linearizable: checkLinearizable(history, kv, { timeoutMs: 60_000 }),
    trace: Result.flatMap(merged, (text) => {
      fs.writeFileSync(join(folder, "merged.ndjson"), text)
      return readTrace(text, join(folder, "merged.ndjson"))
    }),
    wrong: [...wrong, ...new Set(clients.complaints)]
  } satisfies NemesisRun
})

/** The first one, then all the others in an order of chance, and so on, all of them. */
function* inOrder(all: ReadonlyArray<Fault>, random: Random): Generator<Fault, never> {
  let [first, ...left] = all as [Fault, ...Array<Fault>]
  yield first
  for (;;) {
    while (left.length > 0) yield left.splice(random.below(left.length), 1)[0]!
    left = [...all]
  }
}

