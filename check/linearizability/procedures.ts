// The decision procedures of each model, one by one: what is compared with brute force.
import { fifo } from "./fifo.ts"
import type { History } from "./History.ts"
import type { Budget, Found, Part } from "./Procedure.ts"

/** A procedure that may have no answer. */
export type Attempt = (history: History) => (part: Part, budget: Budget) => Found | undefined

/** By model, then by name. */
export const procedures: Readonly<Record<string, Readonly<Record<string, Attempt>>>> = {
  queue: { fifo }
}
