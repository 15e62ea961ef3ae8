/** Counterexamples: the shortest way from the root to a world, rebuilt from the worlds' parents. */
import { Crash, type Locals } from "./Locals.ts"
import type { TraceStep } from "./Result.ts"
import { Successors } from "./Successors.ts"
import type { Worlds } from "./Worlds.ts"

/** The worlds from the root to this one and, if given, to the world after a step from there. */
export const traceTo = <A, M, G>(
  locals: Locals<A, M, G>,
  worlds: Worlds,
  world: number,
  lastStep?: number
): Array<TraceStep<A, M, G>> => {
  const { stride, width } = worlds
  const path: Array<number> = []
  for (let at = world; at >= 0; at = worlds.arena[at * stride + width]!) path.unshift(at)
  const successors = new Successors(locals, worlds, () => {})

  const follow = (from: number, wanted: (row: number) => boolean): TraceStep<A, M, G> => {
    successors.length = 0
    try {
      successors.expand(from, true)
    } catch (error) {
      if (!(error instanceof Crash)) throw error
    }
    let row = 0
    while (!wanted(row)) row++
    const { label, message, position } = locals.steps[successors.steps[row]!]!
    return {
      label,
      actor: locals.model.actors[position],
      ...(message === undefined ? {} : { message }),
      world: locals.decode(successors.rows, row * stride)
    }
  }

  const trace: Array<TraceStep<A, M, G>> = [
    { label: "Init", actor: undefined, world: locals.decode(worlds.arena, path[0]! * stride) }
  ]
  for (const [k, to] of path.slice(1).entries()) {
    trace.push(follow(path[k]!, (row) => {
      for (let part = 0; part < width; part++) {
        if (successors.rows[row * stride + part] !== worlds.arena[to * stride + part]) return false
      }
      return true
    }))
  }
  if (lastStep !== undefined) trace.push(follow(world, (row) => successors.steps[row] === lastStep))
  return trace
}
