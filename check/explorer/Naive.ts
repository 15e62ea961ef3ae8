/** A model's `Next`, straightforwardly: every successor of one world. The explorer does the same, memoised. */
import type { LocalStep, Model, Outcome, World } from "./Model.ts"

export interface Successor<Actor, Message, Ghost> {
  readonly actor: number
  readonly step: LocalStep<Actor, Message>
  readonly world: World<Actor, Message, Ghost>
}

/** The world without its dead messages, and each message once. */
export const settled = <A, M, G>(model: Model<A, M, G>, world: World<A, M, G>): World<A, M, G> => {
  const messages = new Map<string, M>()
  for (const m of world.messages) {
    if (!model.dead?.(world.actors[model.dest(m)]!, m)) messages.set(JSON.stringify(m), m)
  }
  return { ...world, messages: [...messages.values()] }
}

export const successors = <A, M, G>(model: Model<A, M, G>, world: World<A, M, G>): Array<Successor<A, M, G>> => {
  const found: Array<Successor<A, M, G>> = []
  const take = (actor: number, label: string, message: M | undefined, outcome: Outcome<A, M>, spends?: string) => {
    const before = world.actors[actor]!
    found.push({
      actor,
      step: { label, before, message, after: outcome.actor, sends: outcome.sends },
      world: settled(model, {
        actors: world.actors.with(actor, outcome.actor),
        messages: [...world.messages, ...outcome.sends],
        left: spends === undefined ? world.left : { ...world.left, [spends]: world.left[spends]! - 1 },
        ghost: model.remember(world.ghost, before, outcome.actor)
      })
    })
  }
  world.actors.forEach((actor, i) => {
    for (const { name, outcomes, spends } of model.actions) {
      if (spends !== undefined && world.left[spends] === 0) continue
      for (const outcome of outcomes(actor)) take(i, name, undefined, outcome, spends)
    }
  })
  for (const m of world.messages) {
    const i = model.dest(m)
    const outcome = model.handle(world.actors[i]!, m)
    if (outcome !== undefined) take(i, model.receives(m), m, outcome)
  }
  return found
}
