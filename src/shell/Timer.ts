/** A timer that is set anew far more often than it runs out: setting it moves a number, and wakes nobody. */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"

export interface Timer {
  /** Grows with each `set` and `stop`: what a timer announced in an earlier one is old news. */
  readonly epoch: number
  /** Runs out so many milliseconds from now, once. */
  readonly set: (delay: number) => void
  readonly stop: () => void
  /** What lets it run: announces each time that it runs out, with the epoch in which it was set. */
  readonly run: Effect.Effect<never>
}

/** Milliseconds of a clock that nobody sets. */
export const now = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6

export const keepTimer = (clock: Clock.Clock, announce: (epoch: number) => Effect.Effect<unknown>): Timer => {
  const set = Latch.makeUnsafe(false)
  /** Opened to say: earlier than what is waited for. */
  const sooner = Latch.makeUnsafe(false)
  let epoch = 0
  let deadline = Infinity
  let waitsFor = Infinity
  const wait = Effect.suspend(() => {
    sooner.closeUnsafe()
    waitsFor = deadline
    return Effect.raceFirst(Effect.sleep(deadline - now(clock)), sooner.await)
  })
  return {
    get epoch() {
      return epoch
    },
    set: (delay) => {
      epoch++
      deadline = now(clock) + delay
      if (deadline < waitsFor) sooner.openUnsafe()
      set.openUnsafe()
    },
    stop: () => {
      epoch++
      deadline = Infinity
      set.closeUnsafe()
    },
    run: set.await.pipe(
      Effect.andThen(Effect.suspend(() => {
        if (deadline > now(clock)) return wait
        set.closeUnsafe()
        deadline = Infinity
        return announce(epoch)
      })),
      Effect.forever
    )
  }
}
