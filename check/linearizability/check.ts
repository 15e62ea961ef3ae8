// Linearizability of a whole history: key by key (locality, Herlihy & Wing 1990), within a budget, and with evidence.
import { explain } from "./explain.ts"
import { canonical, show } from "./History.ts"
import type { Operation } from "./History.ts"
import type { Model } from "./Model.ts"
import { prepare } from "./problem.ts"
import { search } from "./search.ts"
import type { Budget, Found } from "./search.ts"

export type Verdict = "ok" | "illegal" | "unknown"

/** What was found for one key. */
export type KeyResult =
  | {
      readonly key: string
      readonly operations: number
      readonly verdict: "ok"
      /** An order that the model allows, replayed before this verdict is given. */
      readonly witness: ReadonlyArray<Operation>
    }
  | {
      readonly key: string
      readonly operations: number
      readonly verdict: "illegal"
      /** The operation with whose return the history stopped being linearizable (see `explain`). */
      readonly blocked: Operation
      /** An order of those that returned before it; `undefined` where the budget did not suffice to find one. */
      readonly prefix: ReadonlyArray<Operation> | undefined
      readonly reason: string
    }
  | {
      readonly key: string
      readonly operations: number
      readonly verdict: "unknown"
      /** Which budget was used up. */
      readonly reason: "time" | "memory"
    }

export interface CheckResult {
  /** `illegal` if a key is, else `unknown` if a key is, else `ok`. */
  readonly verdict: Verdict
  /** One result per key, in the order of the keys' first operations. */
  readonly keys: ReadonlyArray<KeyResult>
}

export interface CheckOptions {
  /** Milliseconds for the whole history; 10,000 unless told. */
  readonly timeoutMs?: number
  /** Bytes the search may take, estimated; 1 GiB unless told. */
  readonly memoryBytes?: number
}

/** The worst of several verdicts. */
export const worst = (verdicts: Iterable<Verdict>): Verdict => {
  const all = new Set(verdicts)
  return all.has("illegal") ? "illegal" : all.has("unknown") ? "unknown" : "ok"
}

/**
 * Decides whether `history` is linearizable for `model`, each key being an object of its own. The operations must fit
 * the model (see `misfit`); their order does not matter.
 *
 * All keys are decided, also after one was found illegal. They are searched in rounds, each with ten times the nodes of
 * the last, so that one hard key does not eat the time of the others.
 */
export const checkLinearizable = (
  history: ReadonlyArray<Operation>,
  model: Model,
  options: CheckOptions = {}
): CheckResult => {
  const deadline = performance.now() + (options.timeoutMs ?? 10_000)
  const bytes = options.memoryBytes ?? 2 ** 30
  const keys = Map.groupBy(history, (x) => x.key)
  const found = new Map<string, Found>()
  let open = [...keys.keys()]
  for (let nodes = 10_000; open.length > 0; nodes *= 10) {
    for (const key of open) found.set(key, search(prepare(keys.get(key)!, model), { deadline, nodes, bytes }))
    open = open.filter((key) => {
      const result = found.get(key)!
      return result.verdict === "unknown" && result.reason === "nodes"
    })
  }
  // Explanations come last: they must not take the time that a verdict needs.
  const results = [...keys].map(([key, operations]) => {
    return conclude(key, operations, model, found.get(key)!, { deadline, nodes: Infinity, bytes })
  })
  return { verdict: worst(results.map((r) => r.verdict)), keys: results }
}

const conclude = (key: string, history: ReadonlyArray<Operation>, model: Model, found: Found, budget: Budget): KeyResult => {
  const operations = history.length
  switch (found.verdict) {
    case "ok": {
      const fault = refute(found.order, history, model)
      if (fault !== undefined) throw new Error(`the linearizability checker is wrong: ${fault}`)
      return { key, operations, verdict: "ok", witness: found.order }
    }
    case "illegal": {
      const { blocked, before, prefix } = explain(history, model, budget)
      const reason = `no order has a place for ${show(blocked)} (returned before it: ${before} operations)`
      return { key, operations, verdict: "illegal", blocked, prefix, reason }
    }
    case "unknown":
      return { key, operations, verdict: "unknown", reason: found.reason === "time" ? "time" : "memory" }
  }
}

/**
 * Replays `order` against the model, and compares it with the clock: why it is no linearization of `history` (one key),
 * or `undefined` when it is one. Shares nothing with the search.
 */
export const refute = (
  order: ReadonlyArray<Operation>,
  history: ReadonlyArray<Operation>,
  model: Model
): string | undefined => {
  const placed = new Set(order)
  if (placed.size < order.length) return "an operation is placed twice"
  if (!placed.isSubsetOf(new Set(history))) return "an operation is placed that the history does not have"
  // A read says nothing where its outcome is unknown; anything else whose return was seen must have happened.
  const missing = history.find((x) => x.return !== null && !placed.has(x))
  if (missing !== undefined) return `${show(missing)} is missing`
  let state = model.init
  let latestCall = -Infinity
  for (const x of order) {
    if (x.return !== null && x.return < latestCall) return `${show(x)} comes after an operation called when it had returned`
    latestCall = Math.max(latestCall, x.call)
    const after = model.step(state, x)
    if (after === undefined) return `${show(x)} is not allowed in state ${canonical(state)}`
    state = after
  }
  return undefined
}
