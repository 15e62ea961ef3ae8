/** The explored graph, to read: its worlds by index, its labelled edges, and the index of a given world. */
import type { Locals } from "./Locals.ts"
import type { World } from "./Model.ts"
import type { TraceStep } from "./Result.ts"
import { Successors } from "./Successors.ts"
import { traceTo } from "./Trace.ts"
import type { Worlds } from "./Worlds.ts"

export interface Edge<Message> {
  readonly from: number
  readonly label: string
  /** Position of the acting actor. */
  readonly actor: number
  /** The message consumed, if any. */
  readonly message: Message | undefined
  readonly to: number
}

export class Graph<A, M, G> {
  private readonly locals: Locals<A, M, G>
  private readonly worlds: Worlds

  constructor(locals: Locals<A, M, G>, worlds: Worlds) {
    this.locals = locals
    this.worlds = worlds
  }

  /** Number of worlds; their indices are in breadth-first order, the root's is 0. */
  get size(): number {
    return this.worlds.count
  }

  /** A world's vector: a number for each actor with its mailbox, for the ghost, and for the budgets. */
  vector(index: number): ReadonlyArray<number> {
    const at = index * this.worlds.stride
    return Array.from(this.worlds.arena.subarray(at, at + this.worlds.width))
  }

  world(index: number): World<A, M, G> {
    return this.locals.decode(this.worlds.arena, index * this.worlds.stride)
  }

  /** The shortest way from the root to a world. */
  traceTo(index: number): ReadonlyArray<TraceStep<A, M, G>> {
    return traceTo(this.locals, this.worlds, index)
  }

  /** The index of a world; its messages in any order, dead ones or not. Undefined when it isn't in the graph. */
  indexOf(world: World<A, M, G>): number | undefined {
    const vector = this.locals.lookUp(world)
    if (vector === undefined) return undefined
    const index = this.worlds.find(vector, 0)
    return index < 0 ? undefined : index
  }

  /** The edges that leave a world, as generated: self-loops and duplicates included. Of an expanded world only. */
  *edgesFrom(index: number): Generator<Edge<M>> {
    const { locals, worlds } = this
    const successors = new Successors(locals, worlds, () => {})
    successors.expand(index, true)
    for (let row = 0; row < successors.length; row++) {
      const { label, message, position } = locals.steps[successors.steps[row]!]!
      yield { from: index, label, actor: position, message, to: worlds.find(successors.rows, row * worlds.stride) }
    }
  }

  /** All edges of a completely explored graph. */
  *edges(): Generator<Edge<M>> {
    for (let index = 0; index < this.size; index++) yield* this.edgesFrom(index)
  }
}
