/** What explanations and pictures of histories say alike. */
import { describeCall } from "../linearizability/describe.ts"
import { APPLIED, FAILED } from "../linearizability/History.ts"
import type { History } from "../linearizability/History.ts"
import type { Model } from "../linearizability/Model.ts"

/** How the operation in row `i` ended: `applied` means that it took effect at some time, but its return is unknown. */
export const outcomeOf = (history: History, i: number): "returned" | "unknown" | "applied" | "failed" => {
  const returned = history.returns[i]!
  return returned === FAILED ? "failed" : returned < APPLIED ? "returned" : returned === APPLIED ? "applied" : "unknown"
}

/** The operation in row `i` in few words. */
export const operationWords = (history: History, i: number, model: Model): string =>
  (model.describe ?? describeCall)(history.operation(i))

/** Of a text of more than `length` characters the beginning, the end, and how long it is. */
export const shortened = (text: string, length: number): string => {
  if (text.length <= length) return text
  const head = Math.floor(length / 3)
  // A cut may halve a character; the halves are made good.
  return `${text.slice(0, head).toWellFormed()} … ${text.slice(head - length).toWellFormed()} (${text.length} characters)`
}
