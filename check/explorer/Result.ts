/** What an exploration found out. */
import type { Model, World } from "./Model.ts"
import type { Report } from "./Search.ts"

export interface Options {
  /** Stops the exploration, with what was found so far. */
  readonly signal?: AbortSignal
  /** Bytes that the explorer's tables may take; it stops before they take more. */
  readonly memory?: number
  /** Called about once a second. */
  readonly onProgress?: (progress: Progress) => void
}

/** One world of a counterexample, and the step that led to it; the first one has label `Init` and no actor. */
export interface TraceStep<Actor, Message, Ghost> {
  readonly label: string
  readonly actor: string | undefined
  /** The message consumed, if any. */
  readonly message?: Message
  readonly world: World<Actor, Message, Ghost>
}

export type Violation<Actor, Message, Ghost> =
  /** A property is false in the last world of the trace, or of the step that leads there. */
  | {
    readonly kind: "property"
    readonly name: string
    readonly trace: ReadonlyArray<TraceStep<Actor, Message, Ghost>>
  }
  /** A function of the model threw: in the last world of the trace, or during the step `during` from there. */
  | {
    readonly kind: "crash"
    /** The function, the action or the property that threw. */
    readonly name: string
    readonly error: string
    readonly during?: { readonly label: string; readonly actor: string; readonly message?: Message }
    readonly trace: ReadonlyArray<TraceStep<Actor, Message, Ghost>>
  }
  /** A message that the model calls dead for an actor isn't: it has an effect, or is no longer dead after a step. */
  | {
    readonly kind: "dead"
    readonly name: "Dead"
    readonly actor: string
    readonly state: Actor
    readonly message: Message
    /** Absent: consuming the message is a step. Otherwise the step after which the message isn't dead. */
    readonly revivedBy?: { readonly label: string; readonly after: Actor }
  }
  /** Something that must be reached isn't, anywhere. */
  | { readonly kind: "unreached"; readonly name: string }

export interface Result<Actor, Message, Ghost> {
  readonly model: string
  /** Different worlds. */
  readonly distinct: number
  /** The root, and every successor of every world expanded, as often as it was generated. */
  readonly generated: number
  /** Levels of the breadth-first search, the root's included. */
  readonly depth: number
  readonly seconds: number
  /** Successors generated, by label; they add up to `generated` less the root. */
  readonly labels: Readonly<Record<string, number>>
  /** Shortest counterexamples: one per property, all of the level in which the first was found. */
  readonly violations: ReadonlyArray<Violation<Actor, Message, Ghost>>
  /** Where each was first reached: 1 is the root's level; `undefined`: nowhere so far. */
  readonly mustReach: ReadonlyArray<{ readonly name: string; readonly depth: number | undefined }>
  /** Every reachable world was expanded. */
  readonly complete: boolean
  /** Why the exploration isn't complete. */
  readonly stopped?: "violation" | "aborted" | "memory"
  /** Levels whose worlds were all expanded, and worlds found but not expanded. */
  readonly levels: number
  readonly queue: number
  /** Different states of actors, and different messages, that reachable worlds hold or send. */
  readonly actorStates: number
  readonly messages: number
  /** The most memory that the explorer's tables took, in bytes; not what the engine takes beside them. */
  readonly peakBytes: number
}

export interface Progress {
  readonly states: number
  readonly generated: number
  /** Worlds found but not expanded yet. */
  readonly queue: number
  readonly level: number
  readonly statesPerSecond: number
}

/** The result, from what each thread reports and what they have in common. */
export const conclude = <A, M, G>(
  model: Model<A, M, G>,
  reports: ReadonlyArray<Report<A, M, G>>,
  search: Pick<Result<A, M, G>, "distinct" | "levels" | "messages" | "peakBytes" | "seconds"> & {
    readonly expanded: number
    readonly stopped: Result<A, M, G>["stopped"]
  }
): Result<A, M, G> => {
  const { distinct, expanded, levels, messages, peakBytes, seconds, stopped } = search
  const violations: Array<Violation<A, M, G>> = []
  for (const violation of reports.flatMap((report) => report.violations)) {
    if (!violations.some(({ name }) => name === violation.name)) violations.push(violation)
  }
  const mustReach = model.mustReach.map(({ name }) => {
    const depth = Math.min(...reports.map(({ reached }) => reached[name] ?? Infinity))
    return { name, depth: depth === Infinity ? undefined : depth }
  })
  if (stopped === undefined) {
    for (const { depth, name } of mustReach) if (depth === undefined) violations.push({ kind: "unreached", name })
  }
  const labels: Record<string, number> = {}
  for (const [label, count] of reports.flatMap((report) => Object.entries(report.labels))) {
    if (count > 0) labels[label] = (labels[label] ?? 0) + count
  }
  return {
    model: model.name,
    distinct,
    generated: Object.values(labels).reduce((sum, count) => sum + count, Math.min(distinct, 1)),
    depth: expanded < distinct ? levels + 1 : levels,
    seconds,
    labels,
    violations,
    mustReach,
    complete: stopped === undefined,
    ...(stopped === undefined ? {} : { stopped }),
    levels,
    queue: distinct - expanded,
    actorStates: Math.max(...reports.map(({ actorStates }) => actorStates)),
    messages,
    peakBytes
  }
}
