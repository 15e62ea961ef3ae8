/** What is simulated: the state of one key, and the mistakes it can be made to make. */
import type { Json } from "../../linearizability/index.ts"
import type { Call, Run } from "../simulate.ts"

/** A mistake to plant. Each object has some of them. */
export type Fault =
  /** A read of an old value whose overwriter had returned before the read was called. */
  | "stale"
  /** A read of a value that nobody wrote; of a set, the wrong answer to `contains`. */
  | "phantom"
  /** Acknowledged, but without effect. */
  | "lost"
  /** Takes effect twice; a dequeued element or a token is given out again. */
  | "dup"
  /** Two appends or two elements of a queue change places. */
  | "swap"
  /** A compare-and-set that finds another value, and sets all the same. */
  | "badcas"
  /** A lock that is held is given to another client. */
  | "twoowners"
  /** A full queue says that it is empty. */
  | "empty"
  /** After all else, a write and then a read of another value. */
  | "tail"

/** The state of one key. */
export interface SimulatedObject {
  /** What to call `x.op` with; `x` has no value yet. */
  argument(x: Call): Json
  /** Changes the state, and gives `x` its output. */
  effect(x: Call, time: number): void
  /** A call that returns only when it is let (`Run.finish`). */
  waits?(x: Call): boolean
  /** What the client of `x`, or whoever comes after it, has to release now that `x` is over. */
  held?(x: Call): Call | undefined
}

/** A kind of object. */
export interface ObjectKind {
  readonly create: (run: Run) => SimulatedObject
  /** The share of each operation. */
  readonly mix: Readonly<Record<string, number>>
  readonly faults: ReadonlyArray<Fault>
  /** A call of unknown outcome takes effect within so many latencies, or never. A client gives up after 5. */
  readonly patience: number
  /** The only key is `x`, not `k0`. */
  readonly single: boolean
  /** Clients are known by their names to the object: one that gave up comes back as the same, and releases. */
  readonly named?: boolean
  /** For fault `tail`: the operations that write and read, and the n-th value. */
  readonly tail?: { readonly write: string; readonly read: string; readonly nth: (n: number) => Json }
}
