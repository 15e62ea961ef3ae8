/** How long each waits for an answer: one timer for all, since one for each would cost more than the rest of an answer. */
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { silent } from "./Servers.ts"
import type { Answer } from "./Servers.ts"
import { keepTimer, now } from "./Timer.ts"

export interface Patience {
  /** It hears so many milliseconds from now that there is no answer, unless it is told one before. */
  readonly wait: (waiting: Deferred.Deferred<Answer>, milliseconds: number) => void
  /** Nobody waits there any more. */
  readonly forget: (waiting: Deferred.Deferred<Answer>) => void
  /** What lets time run out; when it is interrupted, there is none left for anybody. */
  readonly run: Effect.Effect<never>
}

export const keepPatience = (clock: Clock.Clock): Patience => {
  const patients = new Map<Deferred.Deferred<Answer>, { readonly until: number; readonly milliseconds: number }>()
  /** When the first of them gives up. */
  let first = Infinity
  const wakeAt = (until: number) => {
    if (until >= first) return
    first = until
    timer.set(until - now(clock))
  }
  const giveUp = (at = now(clock)) => {
    first = Infinity
    for (const [waiting, { milliseconds, until }] of patients) {
      if (until > at) wakeAt(until)
      else {
        patients.delete(waiting)
        Deferred.doneUnsafe(waiting, Effect.succeed(silent(milliseconds)))
      }
    }
  }
  const timer = keepTimer(clock, () => Effect.sync(() => giveUp()))
  return {
    wait: (waiting, milliseconds) => {
      const until = now(clock) + milliseconds
      patients.set(waiting, { until, milliseconds })
      wakeAt(until)
    },
    forget: (waiting) => patients.delete(waiting),
    run: Effect.ensuring(timer.run, Effect.sync(() => giveUp(Infinity)))
  }
}
