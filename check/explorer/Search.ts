/** One thread's share of an exploration: its memos, its part in expanding worlds, and what it found. */
import { Checks, type Finding } from "./Checks.ts"
import { checkDead } from "./DeadMail.ts"
import { Crash, Locals } from "./Locals.ts"
import type { Violation } from "./Result.ts"
import { Successors } from "./Successors.ts"
import { traceTo } from "./Trace.ts"
import type { Worlds } from "./Worlds.ts"

/** What one thread found out, plain JSON. */
export interface Report<A, M, G> {
  readonly violations: ReadonlyArray<Violation<A, M, G>>
  /** Depth at which a must-reach predicate was first reached, by its name. */
  readonly reached: Readonly<Record<string, number>>
  readonly labels: Readonly<Record<string, number>>
  readonly actorStates: number
}

export class Search<A, M, G> {
  readonly locals: Locals<A, M, G>
  readonly worlds: Worlds
  readonly checks: Checks<A, M, G>
  readonly successors: Successors<A, M, G>

  constructor(locals: Locals<A, M, G>, worlds: Worlds) {
    this.locals = locals
    this.worlds = worlds
    this.checks = new Checks(locals, worlds)
    this.successors = new Successors(locals, worlds, (step, world) => this.checks.step(step, world))
  }

  /** Successors generated so far. */
  get generated(): number {
    return this.successors.generated.reduce((sum, count) => sum + count, 0)
  }

  /** Bytes of its tables, those of the worlds left out. */
  get bytes(): number {
    return this.checks.bytes + this.locals.bytes
  }

  /** Makes the root a successor, to be added as any. */
  begin(): void {
    this.guarded(-1, () => {
      const vector = this.locals.encode(this.locals.model.root)
      this.successors.root(vector)
      for (const cell of vector.subarray(0, this.locals.model.actors.length)) {
        for (const message of this.locals.pending(cell)) this.checks.message(message, 0, undefined)
      }
    })
  }

  /** Generates the successors of a world. */
  expand(world: number): void {
    this.guarded(world, () => this.successors.expand(world, false))
  }

  /** Adds the successors from `first` to before `end`, for which there must be room. */
  add(first: number, end: number): void {
    const { checks, successors, worlds } = this
    worlds.addAll(successors.rows, successors.sums, first, end)
    checks.added()
  }

  /** What was found; `messages`: the numbers of all messages met by any thread. */
  report(messages: Iterable<number>): Report<A, M, G> {
    const { checks, locals, successors, worlds } = this
    const violations = [...checks.findings.values()].map((finding) => explain(locals, worlds, finding))
    try {
      const dead = checkDead(locals, messages)
      if (dead !== undefined) violations.push(dead)
    } catch (error) {
      if (!(error instanceof Crash)) throw error
      violations.push({ kind: "crash", name: error.where, error: error.message, trace: [] })
    }
    return {
      violations,
      reached: Object.fromEntries(checks.reached),
      labels: Object.fromEntries(locals.labels.map((label, k) => [label, successors.generated[k] ?? 0])),
      actorStates: locals.met().length
    }
  }

  private guarded(world: number, run: () => void): void {
    try {
      run()
    } catch (error) {
      if (!(error instanceof Crash)) throw error
      this.checks.crash(error, world, world < 0 ? undefined : this.successors.step)
    }
  }
}

/** A finding with its counterexample. */
const explain = <A, M, G>(locals: Locals<A, M, G>, worlds: Worlds, finding: Finding): Violation<A, M, G> => {
  const { error, kind, name, step, world } = finding
  if (kind === "property") return { kind, name, trace: traceTo(locals, worlds, world, step) }
  const trace = world < 0 ? [] : traceTo(locals, worlds, world)
  if (step === undefined) return { kind, name, error, trace }
  const { label, message, position } = locals.steps[step]!
  const actor = locals.model.actors[position]!
  return { kind, name, error, during: { label, actor, ...(message === undefined ? {} : { message }) }, trace }
}
