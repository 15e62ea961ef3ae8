import type { Call, Run } from "../simulate.ts"

/** What was overwritten, oldest first; remembered only for a stale read. */
export class Past<A> {
  readonly #overwritten: Array<{ readonly before: A; readonly by: Call }> = []
  readonly #wanted: boolean

  constructor(run: Run) {
    this.#wanted = run.settings.fault === "stale"
  }

  add(before: A, by: Call): void {
    if (this.#wanted) this.#overwritten.push({ before, by })
  }

  /** The latest value other than `now` whose writer had returned before its overwriter was called, and that before `x`. */
  stale(x: Call, now: A): { readonly value: A } | undefined {
    for (let i = this.#overwritten.length - 1; i > 0; i--) {
      const { before: value, by: over } = this.#overwritten[i]!
      const writer = this.#overwritten[i - 1]!.by
      if (returnedBefore(over, x) && returnedBefore(writer, over) && value !== now) return { value }
    }
    return undefined
  }

  /** The oldest value that `accepts`, whose overwriter had returned before `x`. */
  oldest(x: Call, accepts: (value: A) => boolean): A | undefined {
    return this.#overwritten.find(({ before, by }) => returnedBefore(by, x) && accepts(before))?.before
  }
}

const returnedBefore = (x: Call, y: Call): boolean => x.return !== null && x.return < y.call
