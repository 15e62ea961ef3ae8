/** Operations and states of histories in words. */
import { APPLIED, FAILED } from "../linearizability/History.ts"
import type { History } from "../linearizability/History.ts"
import type { Model } from "../linearizability/Model.ts"
import { canonical } from "../linearizability/Texts.ts"

/** How the operation in row `i` ended: `applied` means that it took effect at some time, but its return is unknown. */
export const outcomeOf = (history: History, i: number): "returned" | "unknown" | "applied" | "failed" => {
  const returned = history.returns[i]!
  return returned === FAILED ? "failed" : returned < APPLIED ? "returned" : returned === APPLIED ? "applied" : "unknown"
}

/**
 * The operation in row `i` in few words: as the model puts it, or like `put "a"`, `get -> "b"`. `-> ?`: the outcome is
 * unknown.
 */
export const operationWords = (history: History, i: number, model: Model): string => {
  const x = history.operation(i)
  if (model.describe !== undefined) return model.describe(x)
  const call = x.value === null ? x.op : `${x.op} ${canonical(x.value)}`
  switch (outcomeOf(history, i)) {
    case "returned":
      return x.output === null && x.value !== null ? call : `${call} -> ${canonical(x.output)}`
    case "unknown":
    case "applied":
      return `${call} -> ?`
    case "failed":
      return `${call} failed`
  }
}

/** A state in words: as the model puts it, or as JSON. */
export const describeState = (model: Model, state: unknown): string =>
  model.describeState === undefined ? canonical(state as Parameters<typeof canonical>[0]) : model.describeState(state)

/** Of a text of more than `length` characters the beginning, the end, and how long it is. */
export const shortened = (text: string, length: number): string => {
  if (text.length <= length) return text
  const head = Math.floor(length / 3)
  // A cut may halve a character; the halves are made good.
  return `${text.slice(0, head).toWellFormed()} … ${text.slice(head - length).toWellFormed()} (${text.length} characters)`
}
