/** What fast-check draws for a run, and how it is made simpler when the run fails. */
import fc from "fast-check"
import type { Settings } from "../../src/raft/Server.ts"
import { flows } from "../fuzz/Schedule.ts"
import { Chance } from "../simulator/Chance.ts"
import { tape } from "./Choices.ts"
import type { Tape } from "./Choices.ts"
import { faultOf } from "./Faults.ts"
import type { Fault, FaultType } from "./Faults.ts"
import { calm } from "./Network.ts"
import type { Conditions } from "./Network.ts"
import { weathers } from "./Weather.ts"

export interface Plan {
  readonly servers: number
  readonly settings: Settings
  readonly maxRaftStateBytes: number
  readonly weather: string
  readonly network: Conditions
  /** At the same time. */
  readonly clients: number
  /** Milliseconds that a session lives without being used. */
  readonly sessionTimeout: number
  /** Milliseconds in which faults happen and clients ask. */
  readonly duration: number
  readonly faults: ReadonlyArray<Fault>
  readonly tape: Tape
  /** Of all other chance: timeouts, delays, what survives a power cut, what clients ask. */
  readonly seed: number
}

/** One in so many choices departs from the usual course; so many choices are a whole run. */
const every = 60
const departuresOfRun = 2500

const planOf = (servers: number, duration: number, chance: Chance): Plan => {
  const weather = chance.pick(weathers)
  const table = Object.entries(weather.faults).flatMap(([type, weight]) =>
    Array.from({ length: weight }, () => type as FaultType)
  )
  const faults: Array<Fault> = []
  for (let at = chance.between(0, weather.every); at < duration; at += chance.between(0, 2 * weather.every)) {
    faults.push(faultOf(chance.pick(table), at, servers, chance))
  }
  return {
    servers,
    settings: { ...chance.pick(flows), preVote: chance.percent(50), checkQuorum: chance.percent(50) },
    maxRaftStateBytes: chance.pick([-1, 300, 800]),
    weather: weather.name,
    network: weather.network,
    clients: 1 + chance.below(4),
    sessionTimeout: chance.pick([400, 60_000, 60_000]),
    duration,
    faults,
    tape: chance.percent(20) ? [] : tape(chance, every, departuresOfRun),
    seed: chance.below(2 ** 31)
  }
}

/** What has been tried of the present stage, and how many tries are left of all. */
interface Cursor {
  readonly stage: number
  readonly length: number
  readonly from: number
  readonly progress: boolean
  readonly tries: number
}

const maxTries = 400

/** Lists from which parts are left out, one list after the other. */
const lists = ["tape", "faults", "tape"] as const

/** Plans for runs of so many servers, each of so many milliseconds. */
export class Plans extends fc.Arbitrary<Plan> {
  readonly #servers: number
  readonly #duration: number

  constructor(servers: number, duration: number) {
    super()
    this.#servers = servers
    this.#duration = duration
  }

  generate(random: fc.Random): fc.Value<Plan> {
    return new fc.Value(planOf(this.#servers, this.#duration, new Chance(random.nextInt(0, 0x7fffffff))), undefined)
  }

  canShrinkWithoutContext(value: unknown): value is Plan {
    return typeof value === "object" && value !== null && "tape" in value
  }

  shrink(plan: Plan, context: unknown): fc.Stream<fc.Value<Plan>> {
    return new fc.Stream(simpler(plan, context as Cursor | undefined))
  }
}

/** First the usual course, a calm network, few clients; then without some faults, and without some departures. */
function* simpler(plan: Plan, cursor: Cursor | undefined): IterableIterator<fc.Value<Plan>> {
  let tries = cursor?.tries ?? maxTries
  const value = (next: Plan, at: Omit<Cursor, "tries">) => new fc.Value(next, { ...at, tries: --tries })
  if (cursor === undefined) {
    const start = { stage: 0, length: Infinity, from: Infinity, progress: false }
    if (plan.tape.length > 0) yield value({ ...plan, tape: [] }, start)
    if (plan.network !== calm) yield value({ ...plan, network: calm }, start)
    for (let clients = 1; clients < plan.clients; clients++) yield value({ ...plan, clients }, start)
  }
  for (let stage = cursor?.stage ?? 0; stage < lists.length; stage++) {
    const list = lists[stage]!
    const all: ReadonlyArray<unknown> = plan[list]
    const resumed = cursor?.stage === stage ? cursor : undefined
    // Of the tape first only large parts, and single departures last.
    const least = stage === 0 ? Math.max(1, all.length >> 3) : 1
    let length = Math.min(resumed?.length ?? Infinity, Math.max(1, (all.length + 1) >> 1))
    let from = Math.min(resumed?.from ?? Infinity, all.length - length)
    let progress = resumed?.progress ?? false
    while (length >= least && all.length > 0) {
      for (; from > -length; from -= length) {
        if (tries <= 0) return
        const shorter = [...all.slice(0, Math.max(0, from)), ...all.slice(from + length)]
        yield value({ ...plan, [list]: shorter }, { stage, length, from: from - length, progress: true })
      }
      if (length > 1 || !progress) length >>= 1
      progress = false
      from = all.length - length
    }
  }
}
