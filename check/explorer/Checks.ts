/** Evaluates a model's properties and must-reach list, each predicate as often as what it reads can change. */
import { Crash, type Locals } from "./Locals.ts"
import type { Predicate } from "./Model.ts"
import { emptyTables, ints, weight, Worlds } from "./Worlds.ts"

/** What went wrong, and where: in a world, or in a step from there. */
export interface Finding {
  readonly kind: "property" | "crash"
  readonly name: string
  readonly world: number
  readonly step: number | undefined
  readonly error: string
}

type Reads = Predicate<never, never, never>["reads"]

export class Checks<A, M, G> {
  /** The first finding of each name. */
  readonly findings = new Map<string, Finding>()
  /** Depth at which each of the must-reach list was first reached. */
  readonly reached = new Map<string, number>()
  /** Numbers of the messages in the root or sent by a step taken. */
  readonly messagesMet = new Set<number>()
  /** Depth of the worlds being added, and of the steps being taken: that of the world they lead to. */
  depth = 1

  private readonly locals: Locals<A, M, G>
  private readonly worlds: Worlds
  private readonly stepsTaken: Array<boolean> = []
  /** Tuples of actors and ghost met; in the place of a parent, the world. */
  private readonly tuples: Worlds

  constructor(locals: Locals<A, M, G>, worlds: Worlds) {
    this.locals = locals
    this.worlds = worlds
    this.tuples = new Worlds(emptyTables(locals.model.actors.length + 1, ints))
    const names = [...locals.model.properties, ...locals.model.mustReach].map(({ name }) => name)
    const twice = names.find((name, k) => names.indexOf(name) < k)
    if (twice !== undefined) throw new Error(`${locals.model.name}: two predicates are called ${twice}`)
  }

  get bytes(): number {
    return this.tuples.bytes
  }

  /** To be called when a world takes a step from a cell for the first time. */
  step(step: number, world: number): void {
    if (this.stepsTaken[step] === true) return
    this.stepsTaken[step] = true
    const local = this.locals.localStep(step)
    this.each("step", (predicate) => predicate.holds(local), world, step)
    for (const message of this.locals.sent(step)) this.message(message, world, step)
  }

  /** To be called for each of the root's messages. */
  message(message: number, world: number, step: number | undefined): void {
    if (this.messagesMet.has(message)) return
    this.messagesMet.add(message)
    this.each("message", (predicate) => predicate.holds(this.locals.messages.values[message]!), world, step)
  }

  /** To be called after `worlds.addAll`. */
  added(): void {
    if (this.worlds.addedCount === 0) return
    const added = this.worlds.added.subarray(0, this.worlds.addedCount)
    if (this.pending("actors").length > 0) this.addedTuples(added)
    if (this.pending("world").length === 0) return
    for (const world of added) {
      const value = this.locals.decode(this.worlds.arena, world * this.worlds.stride)
      this.each("world", (predicate) => predicate.holds(value), world, undefined)
    }
  }

  /** Notes that a function of the model threw in a world. */
  crash(crash: Crash, world: number, step: number | undefined): void {
    this.note({ kind: "crash", name: crash.where, world, step, error: crash.message })
  }

  private addedTuples(added: Int32Array): void {
    const { locals, tuples, worlds } = this
    const actors = tuples.width - 1
    const rows = new Int32Array(added.length * tuples.stride)
    const sums = new Int32Array(added.length)
    added.forEach((world, k) => {
      const row = k * tuples.stride
      for (let part = 0; part <= actors; part++) {
        const value = worlds.arena[world * worlds.stride + part]!
        rows[row + part] = part < actors ? locals.cellActor.items[value]! : value
        sums[k] = sums[k]! + Math.imul(rows[row + part]!, weight(part))
      }
      rows[row + tuples.width] = world
    })
    tuples.grow(added.length)
    tuples.addAll(rows, sums, 0, added.length)
    for (const tuple of tuples.added.subarray(0, tuples.addedCount)) {
      const at = tuple * tuples.stride
      const states = Array.from(tuples.arena.subarray(at, at + actors), (actor) => locals.actorState(actor))
      const ghost = locals.ghosts.values[tuples.arena[at + actors]!]!
      this.each("actors", (predicate) => predicate.holds(states, ghost), tuples.arena[at + tuples.width]!, undefined)
    }
  }

  /** The predicates of a kind that can still tell something new. */
  private pending<R extends Reads>(reads: R): Array<Extract<Predicate<A, M, G>, { reads: R }>> {
    const { mustReach, properties } = this.locals.model
    const open = [
      ...properties.filter(({ name }) => !this.findings.has(name)),
      ...mustReach.filter(({ name }) => !this.reached.has(name) && !this.findings.has(name))
    ]
    return open.filter((predicate) => predicate.reads === reads) as Array<Extract<Predicate<A, M, G>, { reads: R }>>
  }

  private each<R extends Reads>(
    reads: R,
    holds: (predicate: Extract<Predicate<A, M, G>, { reads: R }>) => boolean,
    world: number,
    step: number | undefined
  ): void {
    for (const predicate of this.pending(reads)) {
      const { name } = predicate
      const isProperty = this.locals.model.properties.includes(predicate)
      try {
        const held = holds(predicate)
        if (isProperty && !held) this.note({ kind: "property", name, world, step, error: "" })
        if (!isProperty && held) this.reached.set(name, this.depth)
      } catch (error) {
        this.crash(new Crash(name, error), world, step)
      }
    }
  }

  private note(finding: Finding): void {
    if (!this.findings.has(finding.name)) this.findings.set(finding.name, finding)
  }
}
