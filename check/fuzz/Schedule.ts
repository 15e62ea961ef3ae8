/** What fast-check draws: a cluster's settings, a kind of weather, and the run's decisions as bare integers. */
import fc from "fast-check"
import type { Planned } from "./Plan.ts"
import type { Setup } from "./Run.ts"
import { weathers } from "./Weather.ts"

export interface Schedule extends Setup {
  readonly weather: number
  /** Each is interpreted in the world as it then is; whole and at least 0. */
  readonly decisions: ReadonlyArray<number>
  /** When shrinking: what the decisions came to, or some of it. */
  readonly acts?: ReadonlyArray<Planned>
}

/** The next acts to leave out: `length` of them, from `from` on. */
interface Cursor {
  readonly length: number
  readonly from: number
  /** Something was left out since acts of this length were tried from the end. */
  readonly progress: boolean
  /** Shorter runs that may still be tried. */
  readonly tries: number
}

const maxTries = 3000

/**
 * Short batches and narrow windows make for many steps half done. (A command measures about 25.) Few kinds, since one run of
 * TLC takes the traces of one kind of settings.
 */
export const flows = [
  { maxBatchBytes: 1, maxInflight: 1, maxUncommittedBytes: 150, chunkSize: 1 },
  { maxBatchBytes: 1, maxInflight: 4, maxUncommittedBytes: 400, chunkSize: 2 },
  { maxBatchBytes: 60, maxInflight: 2, maxUncommittedBytes: 100_000, chunkSize: 4 },
  { maxBatchBytes: 120, maxInflight: 100, maxUncommittedBytes: 100_000, chunkSize: 6 }
]

/**
 * Schedules of `events` decisions each. An arbitrary of its own, since one object per decision would cost more than the
 * decision. It shrinks the acts that the decisions came to, as delta debugging does: without a half, without any
 * quarter, and so on to single acts, until none can be spared; an act that can't happen any more is passed over.
 */
export class Schedules extends fc.Arbitrary<Schedule> {
  readonly #servers: number
  readonly #events: number
  readonly #actsOf: (schedule: Schedule) => ReadonlyArray<Planned>

  /** `actsOf`: what the decisions come to, up to the first violation. */
  constructor(servers: number, events: number, actsOf: (schedule: Schedule) => ReadonlyArray<Planned>) {
    super()
    this.#servers = servers
    this.#events = events
    this.#actsOf = actsOf
  }

  generate(random: fc.Random): fc.Value<Schedule> {
    const settings = {
      ...flows[random.nextInt(0, flows.length - 1)]!,
      preVote: random.nextInt(0, 1) === 1,
      checkQuorum: random.nextInt(0, 1) === 1
    }
    const weather = random.nextInt(0, weathers.length - 1)
    const decisions = Array.from({ length: this.#events }, () => random.nextInt(0, 0x7fffffff))
    return new fc.Value({ servers: this.#servers, settings, weather, decisions }, undefined)
  }

  canShrinkWithoutContext(value: unknown): value is Schedule {
    return typeof value === "object" && value !== null && "decisions" in value
  }

  shrink(schedule: Schedule, context: unknown): fc.Stream<fc.Value<Schedule>> {
    return new fc.Stream(without(schedule, schedule.acts ?? this.#actsOf(schedule), context as Cursor | undefined))
  }
}

/** From the end to the beginning; then again with half the length. */
function* without(
  schedule: Schedule,
  acts: ReadonlyArray<Planned>,
  cursor: Cursor | undefined
): IterableIterator<fc.Value<Schedule>> {
  let length = Math.min(cursor?.length ?? Infinity, Math.max(1, acts.length >> 1))
  let from = Math.min(cursor?.from ?? Infinity, acts.length - length)
  let progress = cursor?.progress ?? false
  let tries = cursor?.tries ?? maxTries
  while (length >= 1) {
    for (; from > -length && tries > 0; from -= length) {
      tries--
      const shorter = [...acts.slice(0, Math.max(0, from)), ...acts.slice(from + length)]
      const next: Cursor = { length, from: from - length, progress: true, tries }
      yield new fc.Value({ ...schedule, acts: shorter }, next)
    }
    if (length > 1 || !progress) length >>= 1
    progress = false
    from = acts.length - length
    if (tries === 0) return
  }
}
