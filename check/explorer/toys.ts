/** Small models for the tests of the explorer. */
import type { Model, Predicate } from "./Model.ts"

/** A model without actions, messages, budgets or properties, to be completed. */
export const model = <A, M, G>(
  parts: Pick<Model<A, M, G>, "root"> & Partial<Model<A, M, G>>
): Model<A, M, G> => ({
  name: "toy",
  actors: parts.root.actors.map((_, position) => `a${position + 1}`),
  actions: [],
  dest: () => 0,
  receives: () => "Receive",
  handle: () => undefined,
  remember: (ghost) => ghost,
  properties: [],
  mustReach: [],
  ...parts
})

export interface Token {
  readonly to: number
  readonly hop: number
}

export interface Node {
  readonly id: number
  /** The last hop by which the token came here, and whether it still is. */
  readonly hop: number
  readonly holds: boolean
}

/** A token goes round a ring, `hops` times from one node to the next. Old tokens stay in the network for ever. */
export const tokenRing = (
  { hops, size }: { readonly hops: number; readonly size: number },
  parts: Partial<Model<Node, Token, null>> = {}
): Model<Node, Token, null> =>
  model({
    name: "token ring",
    root: {
      actors: Array.from({ length: size }, (_, id) => ({ id, hop: 0, holds: id === 0 })),
      messages: [],
      left: {},
      ghost: null
    },
    actions: [{
      name: "Pass",
      outcomes: (node) =>
        node.holds && node.hop < hops
          ? [{ actor: { ...node, holds: false }, sends: [{ to: (node.id + 1) % size, hop: node.hop + 1 }] }]
          : []
    }],
    dest: (token) => token.to,
    handle: (node, { hop }) => hop > node.hop ? { actor: { ...node, hop, holds: true }, sends: [] } : undefined,
    ...parts
  })

type CounterModel = Model<Counter, number, null>

export interface Counter {
  readonly id: number
  readonly count: number
}

/** The first actor counts up to `to` and tells the second, who may or may not hear of it. */
export const lossyCounter = (
  to: number,
  parts: Partial<CounterModel> = {}
): CounterModel =>
  model({
    name: "lossy counter",
    root: { actors: [{ id: 0, count: 0 }, { id: 1, count: 0 }], messages: [], left: { counts: to }, ghost: null },
    actions: [{
      name: "Count",
      spends: "counts",
      outcomes: ({ count, id }) => id === 0 ? [{ actor: { id, count: count + 1 }, sends: [count + 1] }] : []
    }],
    dest: () => 1,
    handle: ({ count, id }, told) => told > count ? { actor: { id, count: told }, sends: [] } : undefined,
    ...parts
  })

export const heard = (count: number, name = "Heard"): Predicate<Counter, number, null> => ({
  reads: "actors",
  name,
  holds: ([, second]) => second!.count === count
})

/** The second is never to hear `never`, though it can. */
export const soonViolated = ({ never, to }: { readonly never: number; readonly to: number }): CounterModel =>
  lossyCounter(to, {
    properties: [{ reads: "actors", name: "Never", holds: ([, second]) => second!.count !== never }],
    mustReach: [heard(2), heard(99, "Unheard")]
  })

/** Actors that count up to `to`, each for itself; the ghost is the highest count so far. */
export const grid = ({ actors, to }: { readonly actors: number; readonly to: number }): Model<number, never, number> =>
  model({
    name: "grid",
    root: { actors: Array.from({ length: actors }, () => 0), messages: [], left: {}, ghost: 0 },
    actions: [{ name: "Up", outcomes: (count) => count < to ? [{ actor: count + 1, sends: [] }] : [] }],
    remember: (ghost, _, after) => Math.max(ghost, after)
  })
