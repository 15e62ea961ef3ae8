/**
 * What a page shows, as its script gets it: plain data, small enough for 10,000 operations and more. A sheet is one
 * drawing: the operations on one object of a history, or an execution of the protocol. Operations lie in columns, and
 * whatever is said twice is a number in `texts`.
 */
import type { Verdict } from "../linearizability/Result.ts"

export interface Picture {
  readonly title: string
  /** One line: what was checked, and what came of it. */
  readonly about: string
  readonly texts: ReadonlyArray<string>
  readonly operations: Operations
  /** What isn't an operation, such as a partition of the network; drawn on the sheets of a history. */
  readonly annotations: ReadonlyArray<Annotation>
  /** Those with something to see come first. */
  readonly sheets: ReadonlyArray<Sheet>
}

/** Something that was so from one moment to another (`null`: to the end), on the clock of the history. */
export interface Annotation {
  /** The group that it belongs to, which can be hidden: `partition`, `kill`. */
  readonly group: string
  readonly label: string
  readonly from: number
  readonly to: number | null
}

/** How an operation ended. */
export const RETURNED = 0
export const OPEN = 1
export const TOOK_EFFECT = 2
export const HAD_NO_EFFECT = 3

/** Operation `i` is what each column has at `i`. Those of one sheet are neighbours, in the order of their calls. */
export interface Operations {
  readonly clients: ReadonlyArray<number>
  /** Numbers in `texts`: the operation in few words, its name, its value and its output as JSON. */
  readonly labels: ReadonlyArray<number>
  readonly names: ReadonlyArray<number>
  readonly values: ReadonlyArray<number>
  readonly outputs: ReadonlyArray<number>
  readonly calls: ReadonlyArray<number>
  /** 0 where `outcomes` isn't RETURNED. */
  readonly returns: ReadonlyArray<number>
  readonly outcomes: ReadonlyArray<number>
  /** 1: changes no state. */
  readonly reads: ReadonlyArray<number>
  /** The line in the file, from 1; 0: none. */
  readonly lines: ReadonlyArray<number>
}

export type Sheet = ObjectSheet | StorySheet | CourseSheet

/** The operations on one object, `count` of them from number `first` on. */
export interface ObjectSheet {
  readonly kind: "object"
  readonly name: string
  readonly verdict: Verdict
  /** Why it isn't linearizable, or why that is unknown; of a linearizable object nothing is to be said. */
  readonly reason: string
  readonly first: number
  readonly count: number
  /** So many operations on the object are not in the picture, for want of room. */
  readonly left: number
  readonly core: ReadonlyArray<number>
  /** False where time ran out before it was known that the core can't be smaller. */
  readonly isMinimal: boolean
  readonly context: ReadonlyArray<number>
  /** The operation with whose return there was no order any more. */
  readonly blocked: number | null
  /** How many operations had returned before. */
  readonly before: number
  /** The longest orders that work; of a linearizable object, the one that shows it. */
  readonly orders: ReadonlyArray<Order>
}

/** An order of operations; -1 stands for one that isn't in the picture. */
export interface Order {
  /** It begins with so many operations of the order before it in `Sheet.orders`, and goes on with these. */
  readonly shared: number
  readonly operations: ReadonlyArray<number>
  /** Numbers in `texts`: the states after the last operations of the whole order, as many as are known. */
  readonly states: ReadonlyArray<number>
  readonly next: ReadonlyArray<{ readonly operation: number; readonly why: string }>
}

/** An execution: steps of servers one after the other. */
export interface StorySheet {
  readonly kind: "story"
  readonly name: string
  readonly reason: string
  readonly servers: ReadonlyArray<{ readonly name: string; readonly state: string; readonly role: string }>
  readonly steps: ReadonlyArray<StoryStep>
}

export interface StoryStep {
  /** Position in `servers`. */
  readonly server: number
  readonly label: string
  /** What it changed, in words; "" when nothing. */
  readonly changes: string
  /** The server's state after it, in words, and its role. */
  readonly state: string
  readonly role: string
  /** The message consumed. `sent`: the step that sent it, from 0; `null` when that was before the first. */
  readonly received: { readonly text: string; readonly source: number; readonly sent: number | null } | null
  readonly sends: ReadonlyArray<{ readonly text: string; readonly dest: number; readonly received: boolean }>
}

/** What happened in the course of time, in parallel: a lane for each who was there, and bars for what was so on it. */
export interface CourseSheet {
  readonly kind: "course"
  readonly name: string
  readonly reason: string
  /** Milliseconds. */
  readonly duration: number
  readonly lanes: ReadonlyArray<{ readonly name: string; readonly hint: string }>
  readonly bars: ReadonlyArray<CourseBar>
}

export interface CourseBar {
  /** Position in `lanes`. */
  readonly lane: number
  /** Milliseconds. */
  readonly from: number
  readonly to: number
  readonly label: string
  /** Names its colours in the style sheet. */
  readonly look: string
  readonly facts: ReadonlyArray<readonly [name: string, text: string]>
}
