/** Checks what pruning rests on: a message that the model calls dead has no effect now, nor after any step. */
import { Crash, type Locals } from "./Locals.ts"
import type { Violation } from "./Result.ts"

/**
 * The first broken promise of `model.dead`, over all actors' states of reachable worlds and the messages given (by
 * number), or undefined. Throws a Crash when a function of the model throws.
 */
export const checkDead = <A, M, G>(
  locals: Locals<A, M, G>,
  messages: Iterable<number>
): Violation<A, M, G> | undefined => {
  const { model } = locals
  if (model.dead === undefined) return undefined
  const mail = model.actors.map((): Array<number> => [])
  for (const message of messages) mail[locals.destinations.items[message]!]!.push(message)
  const stepsFrom = Map.groupBy(locals.steps.keys().filter((step) => locals.steps[step]!.crash === undefined), (step) =>
    locals.steps[step]!.before)
  const isHandled = (state: A, message: M): boolean => {
    try {
      return model.handle(state, message) !== undefined
    } catch (error) {
      throw new Crash("handle", error)
    }
  }

  for (const actor of locals.met()) {
    const [position, state] = locals.actors.values[actor]!
    for (const number of mail[position]!) {
      if (!locals.isDead(actor, number)) continue
      const message = locals.messages.values[number]!
      const broken = { kind: "dead", name: "Dead", actor: model.actors[position]!, state, message } as const
      if (isHandled(state, message)) return broken
      for (const step of stepsFrom.get(actor) ?? []) {
        const { after, label } = locals.steps[step]!
        if (!locals.isDead(after, number)) return { ...broken, revivedBy: { label, after: locals.actorState(after) } }
      }
    }
  }
  return undefined
}
