// Who goes next: asynchronous code whose steps are taken one by one, in an order that can be repeated and made simpler.

interface Step {
  readonly label: string
  readonly go: () => void
}

/**
 * Code that may be overtaken at some point says so: `await schedule.step("server: put x")`. Of all that wait, one goes on;
 * then everything runs until it waits again, and the next one goes on.
 *
 * Which one it is `choices` tell, one after the other: the place among those that wait, modulo their number; where there are
 * no more choices, the one that waits longest. So fewer and smaller choices are simpler, which is how fast-check shrinks
 * them. (`fc.scheduler()` has choices as well, but does not shrink them.)
 */
export class Schedule {
  readonly #choices: ReadonlyArray<number>
  readonly #waiting: Array<Step> = []
  #made = 0
  #onStep: () => void = () => {}
  /** The labels of the steps taken so far. */
  readonly taken: Array<string> = []

  constructor(choices: ReadonlyArray<number> = []) {
    this.#choices = choices
  }

  /** Resolves when it is this step's turn. */
  step(label: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push({ label, go: resolve })
    this.#onStep()
    return promise
  }

  /** Lets the steps go on, one at a time, until `done` is settled. Where none waits, others have to move: timers, sockets. */
  async until(done: Promise<unknown>): Promise<void> {
    let isDone = false
    const settled = done.then(
      () => (isDone = true),
      () => (isDone = true)
    )
    for (;;) {
      await allElse()
      if (isDone) return
      if (this.#waiting.length === 0) {
        const { promise, resolve } = Promise.withResolvers<void>()
        this.#onStep = resolve
        await Promise.race([settled, promise])
        this.#onStep = () => {}
        continue
      }
      const choice = this.#choices[this.#made++] ?? 0
      const [next] = this.#waiting.splice(choice % this.#waiting.length, 1)
      this.taken.push(next!.label)
      next!.go()
    }
  }
}

/** Everything that can go on without waiting has done so. */
const allElse = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
