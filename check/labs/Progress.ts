/**
 * Progress: after any trouble, once it is over, a leader is elected, a proposal commits, and a follower that was left
 * behind catches up, each within a stated number of election timeouts. Measured over many seeds.
 */
import type { ServerId, Settings } from "../../src/raft/Server.ts"
import { Chance } from "../simulator/Chance.ts"
import type { Process } from "../simulator/Clock.ts"
import { Failure, Harness } from "../simulator/Harness.ts"
import { configuration } from "./Lab.ts"
import { percentile } from "./statistics.ts"

/** How long each took after the trouble was over, in election timeouts (the longest that a server waits). */
export interface Recovery {
  readonly leader: number
  readonly commit: number
  readonly caughtUp: number
}

export type Measure = keyof Recovery

/** What fails to happen within so many election timeouts isn't waited for any longer. */
const patience = 10

/** Of 10 runs at most one takes longer than the first, and none longer than the second. */
export const bounds: Readonly<Record<Measure, { readonly most: number; readonly always: number }>> = {
  leader: { most: 2, always: 6 },
  commit: { most: 2, always: 6 },
  caughtUp: { most: 2, always: 6 }
}

/** Narrow windows, small batches and small chunks, or wide ones. */
const flow = (chance: Chance): Partial<Settings> =>
  chance.percent(50)
    ? { chunkSize: 4 }
    : { maxInflight: 1 + chance.below(4), maxBatchBytes: 20, maxUncommittedBytes: 200, chunkSize: 1 }

/** Some seconds in which everything goes wrong that may. */
function* trouble(h: Harness): Process<void> {
  const { network } = h.simulation
  const loss = h.chance.below(50)
  const slow = h.chance.between(1, 25)
  network.conditions = { request: [0, slow], response: [0, slow], requestLoss: loss, responseLoss: loss }
  const steps = 5 + h.chance.below(20)
  for (let step = 0; step < steps; step++) {
    const id = h.chance.pick(h.ids)
    const what = h.chance.below(100)
    if (what < 25) h.disconnect(id)
    else if (what < 40) h.connect(id)
    else if (what < 55 && h.simulation.isUp(id)) h.crash(id)
    else if (what < 75 && !h.simulation.isUp(id)) h.restart(id)
    // Who believes to lead takes commands, cut off or not.
    for (const leader of h.ids) for (let n = h.chance.below(6); n > 0; n--) h.start(leader, `${step} ${leader} ${n}`)
    yield h.chance.between(10, 500)
  }
}

/** A bare majority goes on without the others, and all of it but one server is lost: only that one can lead now. */
function* bereave(h: Harness): Process<ReadonlyArray<ServerId>> {
  h.restart(...h.ids.filter((id) => !h.simulation.isUp(id)))
  const order = h.chance.shuffled(h.ids)
  const majority = order.slice(0, (h.ids.length >> 1) + 1)
  h.disconnect(...h.ids)
  h.connect(...majority)
  h.simulation.network.conditions = { request: [1, 5], response: [1, 5], requestLoss: 0, responseLoss: 0 }
  for (let n = 0; n < 20; n++) yield* h.one(`kept ${n}`, majority.length)
  return majority.slice(1)
}

/** Everything works again, but for the `lost` servers, fewer than half; how long things take from now on. */
function* recover(h: Harness, lost: ReadonlyArray<ServerId>): Process<Recovery> {
  const { clock, network } = h.simulation
  const distance = h.chance.between(1, 20)
  const latency = [distance, distance + h.chance.below(2)] as const
  network.conditions = { request: latency, response: latency, requestLoss: 0, responseLoss: 0 }
  const living = h.ids.filter((id) => !lost.includes(id))
  // After a power failure all start at the same time.
  if (h.chance.percent(25)) h.crash(...living.filter((id) => h.simulation.isUp(id)))
  h.crash(...lost.filter((id) => h.simulation.isUp(id)))
  h.restart(...living.filter((id) => !h.simulation.isUp(id)))
  h.connect(...living)

  const timeout = h.simulation.configuration.electionTimeout.max
  const start = clock.now
  const since = () => (clock.now - start) / timeout
  const latest = () => Math.max(...living.map((id) => h.term(id)))
  let leader = Infinity
  let commit = Infinity
  const hasApplied = (id: ServerId) => h.machines.get(id)!.includes("fresh")
  for (let asked = 0; since() < patience; yield 10) {
    const leading = living.find((id) => h.leads(id) && h.term(id) === latest())
    if (leading !== undefined && leader === Infinity) leader = since()
    // A client that asks again when the leader has changed.
    if (leading !== undefined && asked < h.term(leading) && h.start(leading, "fresh") !== undefined) asked = h.term(leading)
    if (commit === Infinity && living.some(hasApplied)) commit = since()
    if (living.every(hasApplied)) return { leader, commit, caughtUp: since() }
  }
  return { leader, commit, caughtUp: Infinity }
}

/** One run: trouble, and what comes after. Throws a `Failure` when a property is violated. */
export const progressRun = (seed: number): Recovery => {
  const chance = new Chance(seed, 5)
  const servers = chance.pick([3, 3, 5, 5, 7])
  const settings = { preVote: chance.percent(50), checkQuorum: chance.percent(50), ...flow(chance) }
  const h = new Harness(configuration(servers, settings), seed)
  h.snapshotEvery = chance.pick([0, 5, 20])
  const recovery = h.simulation.clock.run(function*() {
    yield* trouble(h)
    const lost = chance.percent(30) ? yield* bereave(h) : h.chance.shuffled(h.ids).slice(0, h.chance.below((servers + 1) >> 1))
    return yield* recover(h, lost)
  }())!
  h.finish()
  return recovery
}

export interface Progress {
  readonly runs: number
  /** By measure: sorted, in election timeouts. */
  readonly times: Readonly<Record<Measure, ReadonlyArray<number>>>
  /** What doesn't hold, a line each, with a seed that shows it. */
  readonly failures: ReadonlyArray<string>
}

const measureNames: Readonly<Record<Measure, string>> = { leader: "leader", commit: "commit", caughtUp: "all caught up" }
const measures = Object.keys(measureNames) as ReadonlyArray<Measure>

const inWords = (timeouts: number): string =>
  timeouts === Infinity ? `more than ${patience} election timeouts` : `${timeouts.toFixed(1)} election timeouts`

export interface ProgressOptions {
  readonly runs: number
  /** The first; the others follow it. */
  readonly seed: number
  /** Ends it early, with what was done so far. */
  readonly signal?: AbortSignal
  /** Told now and then how many are done. */
  readonly onProgress?: (runs: number) => void
  /** Ends it at the first run that takes too long, or violates something. */
  readonly endOnFailure?: boolean
}

/** Runs after which other work of the process gets its turn. */
const runsPerTurn = 10

/** Many runs. What fails doesn't reject the promise. */
export const progress = async (options: ProgressOptions): Promise<Progress> => {
  const { endOnFailure = false, onProgress, runs, seed, signal } = options
  const times: Record<Measure, Array<number>> = { leader: [], commit: [], caughtUp: [] }
  const failures: Array<string> = []
  let done = 0
  while (done < runs && signal?.aborted !== true && !(endOnFailure && failures.length > 0)) {
    const one = seed + done++
    try {
      const recovery = progressRun(one)
      for (const measure of measures) {
        const time = recovery[measure]
        times[measure].push(time)
        if (time > bounds[measure].always) failures.push(`${measure}: seed ${one} takes ${inWords(time)}`)
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      failures.push(`seed ${one}: ${error.message}`)
    }
    if (done % runsPerTurn === 0) {
      await new Promise(setImmediate)
      onProgress?.(done)
    }
  }
  for (const measure of measures) {
    times[measure].sort((a, b) => a - b)
    const { most } = bounds[measure]
    const ninth = percentile(times[measure], 90)
    if (ninth > most) failures.push(`${measure}: 1 of 10 runs takes ${inWords(ninth)} or more, not ${most}`)
  }
  return { runs: done, times, failures }
}

/** For each measure: the distribution, in election timeouts, and in brackets what is allowed. */
export const distribution = ({ times }: Progress): ReadonlyArray<string> =>
  measures.map((measure) => {
    const at = (percent: number) => percentile(times[measure], percent).toFixed(1)
    const { always, most } = bounds[measure]
    return `${measureNames[measure]} median ${at(50)}, 9 of 10 within ${at(90)} (${most}), all within ${at(100)} (${always})`
  })
