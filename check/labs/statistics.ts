/** How long elections take: many cheap trials, as in the paper's Figure 16 and in chapter 9 of the dissertation. */
import { figure2 } from "../../src/raft/Server.ts"
import type { Entry } from "../../src/raft/Server.ts"
import { logOf } from "../raft/Log.ts"
import { Chance } from "../simulator/Chance.ts"
import { Simulation } from "../simulator/Simulation.ts"
import { serverIds } from "../cluster/Cluster.ts"
import type { Lab } from "./Lab.ts"
import { statistic } from "./Lab.ts"

/** One election to be held. Milliseconds. */
export interface Trial {
  readonly servers: number
  /** So many of them stay down. */
  readonly down: number
  /** So many of the others have the longest log: only they can win. */
  readonly eligible: number
  readonly electionTimeout: { readonly min: number; readonly max: number }
  readonly request: readonly [number, number]
  readonly response: readonly [number, number]
  /** When the last heartbeat reaches each server: its timer starts then. */
  readonly lastHeartbeat: readonly [number, number]
}

/** Nobody waits longer for a leader. */
const limit = 20_000

const entry: Entry = { term: 1, type: "noop", value: "" }

/** When servers of term 1 have a leader again, in milliseconds from its last heartbeat; Infinity: not in 20 s. */
export const elect = (trial: Trial, seed: number): number => {
  const { down, electionTimeout, eligible, lastHeartbeat, request, response, servers } = trial
  const ids = serverIds(servers)
  const heartbeatInterval = electionTimeout.min / 2
  let elected: number | undefined
  const simulation = new Simulation(
    { servers: ids, electionTimeout, heartbeatInterval, maxRaftStateBytes: -1, settings: figure2 },
    seed,
    ({ step: { server: s } }) => {
      if (s.role === "leader") elected ??= simulation.clock.now
    }
  )
  const { chance, clock, cluster, network } = simulation
  network.conditions = { request, response, requestLoss: 0, responseLoss: 0 }
  for (const [n, id] of ids.entries()) {
    simulation.crash(id)
    const log = logOf(0, 0, n < eligible ? [entry, entry] : [entry])
    cluster.disks.set(id, { ...cluster.disks.get(id)!, currentTerm: 1, votedFor: ids.at(-1)!, log })
    if (n < servers - down) clock.after(chance.between(...lastHeartbeat), () => simulation.restart(id))
  }
  clock.run(function*() {
    while (elected === undefined) yield 1
  }(), limit)
  return elected ?? Infinity
}

/** Of sorted values: the one that `percent` out of 100 aren't greater than. */
export const percentile = (values: ReadonlyArray<number>, percent: number): number =>
  values[Math.min(values.length - 1, Math.ceil(values.length * percent / 100) - 1)]!

export const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** Throws unless `found` is `expected`, but for so many percent of it. */
const about = (what: string, found: number, expected: number, percent: number): void => {
  if (Math.abs(found / expected - 1) * 100 > percent) {
    throw new Error(`${what}: ${found.toPrecision(4)}, expected ${expected} ± ${percent} %`)
  }
}

const near = (what: string, found: number, expected: number, distance: number): void => {
  if (Math.abs(found - expected) > distance) {
    throw new Error(`${what}: ${found.toPrecision(3)}, expected ${expected.toPrecision(3)} ± ${distance}`)
  }
}

const atMost = (what: string, found: number, most: number): void => {
  if (found > most) throw new Error(`${what}: ${found.toPrecision(4)}, expected at most ${most}`)
}

/** The smallest to the largest of what so many trials measure; trials of one seed have seeds of their own. */
const measured = (trials: number, seed: number, measure: (seed: number) => number): ReadonlyArray<number> =>
  Array.from({ length: trials }, (_, n) => measure(seed * 1_000_000 + n)).sort((a, b) => a - b)

/**
 * Figure 16: five servers lose their leader at some moment between two heartbeats, which all have heard at about the same
 * time; two of the four can win. Messages take what adds up to a broadcast of about 15 ms, most of it the disks'.
 */
const figure16Trial = (max: number): Trial => ({
  servers: 5,
  down: 1,
  eligible: 2,
  electionTimeout: { min: 150, max },
  request: [0.5, 5.5],
  response: [5, 12],
  lastHeartbeat: [0, 0.5]
})

/** How long five servers were without a leader, sorted, and which part of the elections ended in rounds 1, 2 and 3. */
export const figure16 = (max: number, trials: number, seed: number) => {
  const crashes = new Chance(seed, 3)
  const times = measured(trials, seed, (n) => elect(figure16Trial(max), n))
  // A round is over when the slowest timer has fired and its votes are back.
  const rounds = [1, 2, 3].map((round) => times.filter((time) => time < round * max + 20).length / trials)
  const downtimes = times.map((time) => time - crashes.between(0, 75)).sort((a, b) => a - b)
  return { downtimes, rounds }
}

/** The paper's five distributions of timeouts, and the one without chance. */
export const figure16Timeouts = [150, 151, 155, 175, 200, 300]

/** When the first of so many servers times out: 0 is the minimum timeout, 1 the maximum. */
const firstTimeout = (servers: number, seed: number): number => {
  let first: number | undefined
  const electionTimeout = { min: 300, max: 600 }
  const { clock } = new Simulation(
    { servers: serverIds(servers), electionTimeout, heartbeatInterval: 100, maxRaftStateBytes: -1, settings: figure2 },
    seed,
    ({ action }) => {
      if (action === "TimeoutAction") first ??= (clock.now - electionTimeout.min) / (electionTimeout.max - electionTimeout.min)
    }
  )
  clock.run(function*() {
    while (first === undefined) yield 10
  }())
  return first!
}

const percents = (parts: ReadonlyArray<number>): string => parts.map((part) => (100 * part).toFixed(0)).join("/")

const summary = (times: ReadonlyArray<number>): string =>
  `median ${percentile(times, 50).toFixed(0)}, max ${times.at(-1)!.toFixed(0)} ms`

/**
 * What the paper says (287 and 513 ms in its text; the rest is read off the graph): the median, the part that one round is
 * enough for, and a time that nearly all elections end in.
 */
const figure16Claims = [
  { max: 151, trials: 200, median: 1200, nearlyAll: 9_000 },
  { max: 155, trials: 500, median: 287, first: 0.29, nearlyAll: 2_000 },
  { max: 175, trials: 500, first: 0.84, nearlyAll: 900 },
  { max: 200, trials: 500, first: 0.92, nearlyAll: 513 },
  { max: 300, trials: 500, median: 175, first: 0.97, nearlyAll: 600 }
] as const

/** Dissertation 9.4: a wide area, one server or two down, and timers that begin together. */
const wideArea = (down: number, eligible: number): Trial => ({
  servers: 5,
  down,
  eligible,
  electionTimeout: { min: 300, max: 600 },
  request: [30, 40],
  response: [30, 40],
  lastHeartbeat: [0, 1]
})

const wideAreaTimes = (down: number, eligible: number, trials: number, seed: number) =>
  measured(trials, seed, (n) => elect(wideArea(down, eligible), n))

export const statistics: ReadonlyArray<Lab> = [
  statistic("P-16", "Figure 16: without chance in the timeouts no leader in 10 s, with 5 ms of it one in 0.3 s", (seed) => {
    const stuck = figure16(150, 10, seed).downtimes
    if (stuck[0]! < 10_000) throw new Error(`150-150: ${stuck[0]!.toFixed(0)} ms, expected more than 10 s always`)
    return ["150-150: more than 10 s", ...figure16Claims.map((claim) => {
      const { max, nearlyAll, trials } = claim
      const { downtimes, rounds } = figure16(max, trials, seed)
      if ("median" in claim) about(`150-${max}, median`, percentile(downtimes, 50), claim.median, max === 151 ? 35 : 15)
      if ("first" in claim) near(`150-${max}, part that ends in round one`, rounds[0]!, claim.first, 0.15)
      atMost(`150-${max}, 98 of 100`, percentile(downtimes, 98), nearlyAll)
      return `150-${max}: ${summary(downtimes)}, rounds ${percents(rounds)} %`
    })].join("; ")
  }),

  statistic("D-24", "the earliest of s timeouts comes after 1/(s+1) of the spread, and within t of it with chance 1-(1-t)^s", (seed) => {
    return [1, 2, 4].map((s) => {
      const times = measured(10_000, seed, (n) => firstTimeout(s, n))
      const quarter = times.filter((time) => time <= 0.25).length / times.length
      near(`${s} timeouts, mean`, mean(times), 1 / (s + 1), 0.02)
      near(`${s} timeouts, within a quarter`, quarter, 1 - 0.75 ** s, 0.02)
      return `${s}: mean ${mean(times).toFixed(3)}, ${(100 * quarter).toFixed(0)} % within a quarter`
    }).join("; ")
  }),

  statistic("D-26", "over 30 to 40 ms of distance an election takes 475 ms with one of five down, 650 ms with two", (seed) => {
    const claims = [{ down: 1, mean: 475, nearlyAll: 1500 }, { down: 2, mean: 650, nearlyAll: 3000 }]
    return claims.map(({ down, mean: expected, nearlyAll }) => {
      const times = wideAreaTimes(down, 5 - down, 5000, seed)
      about(`${down} down, mean`, mean(times), expected, 10)
      atMost(`${down} down, 999 of 1,000`, percentile(times, 99.9), 1.1 * nearlyAll)
      return `${down} down: mean ${mean(times).toFixed(0)}, 99.9 % within ${percentile(times, 99.9).toFixed(0)} ms`
    }).join("; ")
  }),

  statistic("D-27", "nor much longer when logs differ, so that only some can win", (seed) =>
    [1, 2].map((down) => {
      const all = mean(wideAreaTimes(down, 5 - down, 1000, seed))
      return `${down} down: mean ${all.toFixed(0)} ms; ` + [3, 2, 1].filter((n) => n < 5 - down).map((eligible) => {
        const some = mean(wideAreaTimes(down, eligible, 1000, seed + 1))
        about(`${down} down, ${eligible} eligible, mean`, some, all, 25)
        return `${eligible} eligible ${some.toFixed(0)}`
      }).join(", ")
    }).join("; "))
]
