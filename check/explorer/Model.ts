/**
 * What the explorer explores: actors that react to messages and to actions of their own, a set of messages that only
 * grows (so loss, delay, reordering and duplication need no actions), budgets that bound the run, and a ghost that
 * remembers what a proof needs. Raft is one such model; nothing here knows of it.
 *
 * Every function of a model is pure: equal arguments give equal results. Values are plain JSON (objects, arrays,
 * strings, numbers, booleans, null); two values are the same when their canonical JSON is.
 */

/** What one step of one actor does: its next state, and what it sends. */
export interface Outcome<Actor, Message> {
  readonly actor: Actor
  readonly sends: ReadonlyArray<Message>
}

/** Something an actor does of its own accord: a timeout, a request by a client, a crash. */
export interface Action<Actor, Message> {
  /** Label of its edges; the name of the specification's world action. */
  readonly name: string
  /** The budget it uses up by one; it isn't enabled when that is 0. */
  readonly spends?: string
  /** Every way to take it; none when it isn't enabled. */
  readonly outcomes: (actor: Actor) => ReadonlyArray<Outcome<Actor, Message>>
}

/** A whole state: one entry of `actors` per actor, in the order of `Model.actors`. */
export interface World<Actor, Message, Ghost> {
  readonly actors: ReadonlyArray<Actor>
  readonly messages: ReadonlyArray<Message>
  readonly left: Readonly<Record<string, number>>
  readonly ghost: Ghost
}

/** One local step, as step properties see it. `message` is the one consumed, if any. */
export interface LocalStep<Actor, Message> {
  readonly label: string
  readonly before: Actor
  readonly message: Message | undefined
  readonly after: Actor
  readonly sends: ReadonlyArray<Message>
}

/**
 * A predicate that says what it reads, and so how often it has to be evaluated: once per local step, once per
 * message, once per distinct tuple of actors and ghost, or in every world.
 */
export type Predicate<Actor, Message, Ghost> =
  | { readonly reads: "step"; readonly name: string; readonly holds: (step: LocalStep<Actor, Message>) => boolean }
  | { readonly reads: "message"; readonly name: string; readonly holds: (message: Message) => boolean }
  | {
    readonly reads: "actors"
    readonly name: string
    readonly holds: (actors: ReadonlyArray<Actor>, ghost: Ghost) => boolean
  }
  | {
    readonly reads: "world"
    readonly name: string
    readonly holds: (world: World<Actor, Message, Ghost>) => boolean
  }

export interface Model<Actor, Message, Ghost> {
  readonly name: string
  /** The actors' names, in the order of `World.actors`. */
  readonly actors: ReadonlyArray<string>
  readonly root: World<Actor, Message, Ghost>
  readonly actions: ReadonlyArray<Action<Actor, Message>>
  /** Position in `actors` of the one that a message is for. */
  readonly dest: (message: Message) => number
  /** Label of the edges on which such a message is consumed. */
  readonly receives: (message: Message) => string
  /** What consuming a message does; `undefined`: nothing changes and nothing is sent, so there is no edge. */
  readonly handle: (actor: Actor, message: Message) => Outcome<Actor, Message> | undefined
  /** The ghost after a local step that took an actor from `before` to `after`. */
  readonly remember: (ghost: Ghost, before: Actor, after: Actor) => Ghost
  /**
   * True when the message can have no effect on the actor now, nor after anything that the actor may do; such a
   * message is dropped from the world. The explorer checks that promise on every local state and message it meets.
   * Absent: nothing is dropped.
   */
  readonly dead?: (actor: Actor, message: Message) => boolean
  /** Must hold always. */
  readonly properties: ReadonlyArray<Predicate<Actor, Message, Ghost>>
  /** Must hold somewhere ("sometimes"): a model that never gets there shows nothing. */
  readonly mustReach: ReadonlyArray<Predicate<Actor, Message, Ghost>>
}
