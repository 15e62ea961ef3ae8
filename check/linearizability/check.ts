// Linearizability of a whole history: object by object, within a budget, and with evidence.
import { explain } from "./explain.ts"
import { APPLIED, History, show } from "./History.ts"
import type { Operation } from "./History.ts"
import type { Model } from "./Model.ts"
import { partsOf } from "./parts.ts"
import type { NamedPart } from "./parts.ts"
import { OPEN } from "./Procedure.ts"
import type { Budget, Found, Part, Procedure } from "./Procedure.ts"
import { worst } from "./Result.ts"
import type { CheckResult, KeyResult } from "./Result.ts"

export interface CheckOptions {
  /** Milliseconds for the whole history; 10,000 unless told. */
  readonly timeoutMs?: number
  /** Bytes that a search may take; 1 GiB unless told. */
  readonly memoryBytes?: number
}

/**
 * Decides whether `history` is linearizable for `model`, each object (each key, unless the model says otherwise) alone.
 * The operations must fit the model (see `misfit`); their order does not matter.
 *
 * All objects are decided, also after one was found illegal: in rounds, each with more time than the last, so that one
 * hard object does not eat the time of the others.
 */
export const checkLinearizable = (
  history: History | ReadonlyArray<Operation>,
  model: Model,
  options: CheckOptions = {}
): CheckResult => {
  const deadline = performance.now() + (options.timeoutMs ?? 10_000)
  const bytes = options.memoryBytes ?? 2 ** 30
  const columns = history instanceof History ? history : History.of(history)
  const procedure = procedureFor(columns, model)
  const parts = partsOf(columns, model)
  const found = new Array<Found>(parts.length)
  let open = parts.map((_, k) => k)
  for (let slice = 50; open.length > 0; slice *= 4) {
    const undecided: Array<number> = []
    for (const k of open) {
      const until = Math.min(deadline, open.length === 1 ? Infinity : performance.now() + slice)
      const result = (found[k] = procedure(parts[k]!.part, { deadline: until, bytes }))
      if (result.verdict === "unknown" && result.reason === "time" && until < deadline) undecided.push(k)
    }
    open = undecided
  }
  // Explanations come last: they must not take the time that a verdict needs.
  const results = parts.map((part, k) => conclude(columns, model, procedure, part, found[k]!, { deadline, bytes }))
  return { verdict: worst(results.map((r) => r.verdict)), keys: results }
}

const procedureFor = (history: History, model: Model): Procedure => {
  if (model.procedure === undefined) throw new Error("user models: to come")
  return model.procedure(history)
}

const conclude = (
  history: History,
  model: Model,
  procedure: Procedure,
  { name, part }: NamedPart,
  found: Found,
  budget: Budget
): KeyResult => {
  const of = { key: name, operations: part.rows.length }
  switch (found.verdict) {
    case "ok": {
      const fault = misplaced(history, model, procedure, part, found.order)
      if (fault !== undefined) throw new Error(`the linearizability checker is wrong: ${fault}`)
      return { ...of, verdict: "ok", witness: found.order.map((i) => part.rows[i]!) }
    }
    case "illegal":
      return { ...of, verdict: "illegal", explanation: explain(history, model, procedure, part, found.evidence, budget) }
    case "unknown":
      return { ...of, verdict: "unknown", reason: found.reason }
  }
}

/** Why `order` is no linearization of `part`, or `undefined` when it is one. Shares nothing with how it was found. */
const misplaced = (history: History, model: Model, procedure: Procedure, part: Part, order: Int32Array): string | undefined => {
  const { calls, returns, rows } = part
  const words = (i: number) => show(history.operation(rows[i]!))
  const placed = new Uint8Array(rows.length)
  let latestCall = -1
  for (const i of order) {
    if (placed[i] === 1) return `${words(i)} is placed twice`
    placed[i] = 1
    if (returns[i]! < latestCall) return `${words(i)} comes after an operation called when it had returned`
    if (calls[i]! > latestCall) latestCall = calls[i]!
  }
  for (let i = 0; i < rows.length; i++) {
    if (placed[i] === 0 && returns[i] !== OPEN && (part.answered[i] === 1 || model.reads?.(history.operation(rows[i]!)) !== true)) {
      return `${words(i)} is missing`
    }
  }
  if (procedure.replay === undefined) return refuteByModel(model, Array.from(order, (i) => history.operation(rows[i]!)))
  const wrong = procedure.replay(part, order)
  return wrong === undefined ? undefined : `${words(wrong)} is not allowed where it stands`
}

const refuteByModel = (model: Model, order: ReadonlyArray<Operation>): string | undefined => {
  let state: unknown = model.init
  for (const x of order) {
    const after: unknown = model.step(state, x)
    if (after === undefined) return `${show(x)} is not allowed in state ${describeState(model, state)}`
    state = after
  }
  return undefined
}

/** A state for people. */
const describeState = (model: Model, state: unknown): string => model.describeState?.(state) ?? (typeof state === "string" ? state : JSON.stringify(state))

/**
 * Replays `order`, rows of `history`, against the model, and compares it with the clock: why it is no linearization of the
 * object named `key`, or `undefined` when it is one. Slow and plain, for those who trust no procedure.
 */
export const refute = (order: ArrayLike<number>, history: History | ReadonlyArray<Operation>, model: Model, key?: string): string | undefined => {
  const columns = history instanceof History ? history : History.of(history)
  const rows = new Set(Array.from(order))
  if (rows.size < order.length) return "an operation is placed twice"
  for (let i = 0; i < columns.length; i++) {
    if (columns.returns[i]! < APPLIED && columns.returns[i] !== -Infinity && !rows.has(i) && (key === undefined || (model.partition?.(columns.operation(i)) ?? columns.keyNames[columns.keys[i]!]) === key)) {
      return `${show(columns.operation(i))} is missing`
    }
  }
  let latestCall = -Infinity
  for (const i of Array.from(order)) {
    if (columns.returns[i]! < latestCall) return `${show(columns.operation(i))} comes after an operation called when it had returned`
    latestCall = Math.max(latestCall, columns.calls[i]!)
  }
  return refuteByModel(model, Array.from(order, (i) => columns.operation(i)))
}
