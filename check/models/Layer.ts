/** What tools need of a model, whatever its layer: how it is explored, by us and by TLC, and how it is shown. */
import type { Model, World } from "../explorer/Model.ts"
import type { Value } from "../tlc/Value.ts"
import type { Told } from "../render/StoryPicture.ts"
import type { StateTexts } from "../tlc/Dot.ts"
import { kvLayer } from "./KVLayer.ts"
import type { Module } from "./Module.ts"
import { raftLayer } from "./RaftLayer.ts"
import type { ModelSpec } from "./Table.ts"

export interface Layer<A, M, G> {
  readonly model: Model<A, M, G>
  /** The model with nothing to find but this: a property, or a predicate to be reached. */
  readonly reduced: (name: string) => Model<A, M, G>
  /** What TLC is given. */
  readonly module: Module
  /** TLC's label of an edge, from ours and the actor's name. */
  readonly edgeLabel: (label: string, actor: string) => string
  /** A reader of states that TLC dumps; it may remember parts that it has read. */
  readonly stateReader: () => (texts: StateTexts) => World<A, M, G>
  /** A state of TLC's counterexample. */
  readonly worldOf: (variables: { readonly [variable: string]: Value }) => World<A, M, G>
  /** For people: an actor's state, and a message, in a line. */
  readonly actorText: (actor: A) => string
  readonly messageText: (message: M) => string
  /** A line for whatever only one of two worlds has, `-` TLC's and `+` TypeScript's; and all of one. */
  readonly differingLines: (tlc: World<A, M, G>, typescript: World<A, M, G>) => ReadonlyArray<string>
  readonly worldLines: (world: World<A, M, G>) => ReadonlyArray<string>
  /** Why TLC's counterexample to a property is none in the code: a step that it lacks, or the property holds. */
  readonly refuted: (worlds: ReadonlyArray<World<A, M, G>>, property: string) => string | undefined
  /** A counterexample as people read it. `title` is one line: what it shows. */
  readonly told: (worlds: ReadonlyArray<World<A, M, G>>, title: string) => Telling
}

/** A text, and the story to draw, where there are pictures of that layer. */
export interface Telling {
  readonly text: string
  readonly story?: Told
}

/** A layer whose worlds are only handed on. */
export type AnyLayer = Layer<unknown, unknown, unknown>

export const layerOf = (spec: ModelSpec): AnyLayer =>
  (spec.layer === "raft" ? raftLayer(spec) : kvLayer(spec)) as unknown as AnyLayer

/** For threads that build a model themselves. */
export const layerModule = import.meta.url

export const modelOf = (spec: ModelSpec): Model<unknown, unknown, unknown> => layerOf(spec).model
