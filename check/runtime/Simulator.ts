/**
 * Runs an Effect program to its end in one synchronous call, on virtual time, always in the same way.
 *
 * Effect's fibers run synchronously between the points at which they wait, and all else goes through its Scheduler and
 * its Clock: here both are ours. Whose turn it is, and whether a fiber is interrupted in the middle of its work (between any
 * two operations), is up to the `Choices`.
 *
 * What isn't simulated escapes: a promise, a real timer or a socket is never waited for, and the run is `stuck`.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scheduler from "effect/Scheduler"
import { Clock } from "../simulator/Clock.ts"
import type { Choices } from "./Choices.ts"

export type Ending<A, E> =
  | { readonly type: "done"; readonly exit: Exit.Exit<A, E> }
  /** By `stop`. */
  | { readonly type: "stopped" }
  /** It waits, and nothing is due that could wake it. */
  | { readonly type: "stuck" }
  /** It isn't done at the time, or after the work, that it was given. */
  | { readonly type: "unfinished" }

/** Milliseconds for which a task stands still that is chosen to. */
const hesitation = 1

/** What a run may do at most: more is a loop. */
const mostTasks = 20_000_000

export class Simulator {
  /** Milliseconds from 0. */
  readonly clock = new Clock()
  readonly scheduler: Scheduler.Scheduler
  readonly #choices: Choices
  readonly #ready: Array<() => void> = []
  #stopped = false

  constructor(choices: Choices) {
    this.#choices = choices
    const dispatcher: Scheduler.SchedulerDispatcher = {
      // Whatever its priority: no program may rely on that.
      scheduleTask: (task) => this.soon(task),
      flush: () => {
        throw new Error("a fiber wants to be run to its end")
      }
    }
    this.scheduler = {
      executionMode: "async",
      shouldYield: ({ currentOpCount }) => currentOpCount > 1 && choices.among(2) === 1,
      makeDispatcher: () => dispatcher
    }
  }

  get now(): number {
    return this.clock.now
  }

  /** At this time, after what is ready already. */
  soon(task: () => void): void {
    this.#ready.push(task)
  }

  /** The run ends here. */
  stop(): void {
    this.#stopped = true
  }

  /** Begins a fiber, from outside of any. */
  fork<A, E, R>(effect: Effect.Effect<A, E, R>, context: Context.Context<R>): Fiber.Fiber<A, E> {
    return Effect.runForkWith(context)(effect, { scheduler: this.scheduler })
  }

  /** Lets everything happen until the program is done, or `limit` has come. */
  run<A, E, R>(program: Effect.Effect<A, E, R>, context: Context.Context<R>, limit = Infinity): Ending<A, E> {
    const fiber = this.fork(program, context)
    for (let tasks = 0; tasks < mostTasks; tasks++) {
      const exit = fiber.pollUnsafe()
      if (exit !== undefined) return { type: "done", exit }
      if (this.#stopped) return { type: "stopped" }
      if (this.#ready.length > 0) {
        this.#next()()
        continue
      }
      const due = this.clock.next()
      if (due === undefined) return { type: "stuck" }
      if (due.time > limit) break
      this.clock.now = due.time
      due.happen()
    }
    return { type: "unfinished" }
  }

  /** Takes a task that is ready. The last choice is that the first one stands still for a while. */
  #next(): () => void {
    const ready = this.#ready
    const which = this.#choices.among(ready.length + 1)
    if (which === 0) return ready.shift()!
    if (which < ready.length) return ready.splice(which, 1)[0]!
    const task = ready.shift()!
    return () => void this.clock.after(hesitation, () => this.soon(task))
  }
}
