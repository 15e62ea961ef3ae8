/** A machine of the simulation: a clock of its own, chance of its own, and now and then it stands still. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Random from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import type { Chance } from "../simulator/Chance.ts"
import type { Simulator } from "./Simulator.ts"
import type { Moment } from "./Timing.ts"

export class Host {
  readonly chance: Chance
  /** What its programs run with: Effect's Clock, Random and Scheduler, and no log. */
  readonly context: Context.Context<never>
  readonly #simulator: Simulator
  /** What came while it stood still. */
  #held: Array<() => void> | undefined
  /** When it stopped last, and for how long it has stood still before. */
  #since = 0
  #stoodStill = 0

  /** `ahead`: how many milliseconds its wall clock is ahead of the others'. */
  constructor(simulator: Simulator, chance: Chance, ahead = 0) {
    this.#simulator = simulator
    this.chance = chance
    this.context = Context.make(Clock.Clock, this.#clock(ahead)).pipe(
      Context.add(Random.Random, {
        nextDoubleUnsafe: () => chance.between(0, 1),
        nextIntUnsafe: () => chance.below(2 ** 32)
      }),
      Context.add(Scheduler.Scheduler, simulator.scheduler),
      // What they log is in the world's story, too.
      Context.add(Logger.CurrentLoggers, new Set())
    )
  }

  /** Something comes to it from outside: a message, an interrupt of its clock. It waits while the machine stands still. */
  arrives(happen: () => void): void {
    if (this.#held === undefined) this.#simulator.soon(happen)
    else this.#held.push(happen)
  }

  get moment(): Moment {
    const { now } = this.#simulator
    return { now, awake: (this.#held === undefined ? now : this.#since) - this.#stoodStill }
  }

  /** Its programs don't run, as after SIGSTOP; everything else goes on. */
  pause(): void {
    if (this.#held !== undefined) return
    this.#held = []
    this.#since = this.#simulator.now
  }

  resume(): void {
    if (this.#held === undefined) return
    const held = this.#held
    this.#held = undefined
    this.#stoodStill += this.#simulator.now - this.#since
    for (const happen of held) this.arrives(happen)
  }

  #clock(ahead: number): Clock.Clock {
    const simulator = this.#simulator
    const millis = () => simulator.now + ahead
    const nanos = (ms: number) => BigInt(Math.round(1000 * ms)) * 1000n
    return {
      currentTimeMillisUnsafe: () => Math.floor(millis()),
      currentTimeMillis: Effect.sync(() => Math.floor(millis())),
      currentTimeNanosUnsafe: () => nanos(millis()),
      currentTimeNanos: Effect.sync(() => nanos(millis())),
      monotonicTimeNanosUnsafe: () => nanos(simulator.now),
      monotonicTimeNanos: Effect.sync(() => nanos(simulator.now)),
      sleep: (duration) => {
        const ms = Duration.toMillis(duration)
        if (ms === Infinity) return Effect.never
        return Effect.callback<void>((resume) => {
          // In whole microseconds, as the clock reads, and at least one: who finds that it is too early by a rounding, and
          // sleeps again, must come to an end.
          const milliseconds = Math.max(1, Math.ceil(1000 * ms)) / 1000
          const due = simulator.clock.after(milliseconds, () => this.arrives(() => resume(Effect.void)))
          return Effect.sync(() => {
            due.cancelled = true
          })
        })
      }
    }
  }
}
