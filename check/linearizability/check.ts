// Linearizability of a whole history: object by object, within a budget, and with evidence.
import { describeState } from "./describe.ts"
import { explain } from "./explain/explain.ts"
import { History, show } from "./History.ts"
import type { Operation } from "./History.ts"
import type { Model } from "./Model.ts"
import { objectsIn, partMaker } from "./parts.ts"
import type { Objects } from "./parts.ts"
import { OPEN } from "./procedures/Procedure.ts"
import type { Budget, Part, Procedure } from "./procedures/Procedure.ts"
import { general } from "./procedures/race.ts"
import { worst } from "./Result.ts"
import type { CheckResult, KeyResult } from "./Result.ts"

export interface CheckOptions {
  /** Milliseconds for the whole history; 10,000 unless told. */
  readonly timeoutMs?: number
  /** Bytes that a search may take; 1 GiB unless told. */
  readonly memoryBytes?: number
  /** Whether to explain what is illegal, which takes several times as long as to find it; true unless told. */
  readonly explanations?: boolean
}

/**
 * Decides whether `history` is linearizable for `model`, each object (each key, unless the model says otherwise) alone.
 * The operations must fit the model (see `misfit`); their order does not matter.
 *
 * All objects are decided, also after one was found illegal.
 */
export const checkLinearizable = (
  history: History | ReadonlyArray<Operation>,
  model: Model,
  options: CheckOptions = {}
): CheckResult => {
  const columns = history instanceof History ? history : History.of(history)
  const objects = objectsIn(columns, model)
  const checker = new Checker(columns, model, objects)
  const { explanations = true, memoryBytes = 2 ** 30, timeoutMs = 10_000 } = options
  const budget = { deadline: performance.now() + timeoutMs, bytes: memoryBytes }
  const decided = checker.decide(objects.names.keys(), budget)
  return conclude(checker, decided, explanations ? budget : undefined)
}

/** What was found out about each object: an order of rows; that there is none; or which budget was used up. */
export type Decided = Int32Array | "illegal" | "time" | "memory"

/** The result for all objects; with a budget, what is illegal is explained. */
export const conclude = (checker: Checker, decided: ReadonlyArray<Decided>, budget: Budget | undefined): CheckResult => {
  const { names, starts } = checker.objects
  const keys = names.map((key, o): KeyResult => {
    const found = decided[o]!
    const of = { key, operations: starts[o + 1]! - starts[o]! }
    if (found === "illegal") return { ...of, verdict: found, explanation: budget && checker.explain(o, budget) }
    return typeof found === "string" ? { ...of, verdict: "unknown", reason: found } : { ...of, verdict: "ok", witness: found }
  })
  return { verdict: worst(keys.map((k) => k.verdict)), keys }
}

/** Decides the objects of one history. */
export class Checker {
  readonly objects: Objects
  readonly #history: History
  readonly #model: Model
  readonly #procedure: Procedure
  readonly #part: (object: number) => Part

  constructor(history: History, model: Model, objects: Objects) {
    this.objects = objects
    this.#history = history
    this.#model = model
    this.#procedure = model.procedure?.(history, model) ?? general(history, model)
    this.#part = partMaker(history, objects)
  }

  /**
   * Decides some objects; the answer is by number of the object. It goes in rounds, each with more time than the last, so
   * that one hard object does not eat the time of the others.
   */
  decide(objects: Iterable<number>, budget: Budget): Array<Decided> {
    const decided: Array<Decided> = []
    let open = [...objects]
    for (let slice = 50; open.length > 0; slice *= 4) {
      const hard: Array<number> = []
      for (const o of open) {
        const deadline = open.length === 1 ? budget.deadline : Math.min(budget.deadline, performance.now() + slice)
        const answer = this.#decideOne(o, { ...budget, deadline })
        decided[o] = answer
        if (answer === "time" && deadline < budget.deadline) hard.push(o)
      }
      open = hard
    }
    return decided
  }

  #decideOne(object: number, budget: Budget): Decided {
    const part = this.#part(object)
    const found = this.#procedure(part, budget)
    if (found.verdict === "unknown") return found.reason
    if (found.verdict === "illegal") return "illegal"
    const fault = this.#fault(part, found.order)
    if (fault !== undefined) throw new Error(`the linearizability checker is wrong: ${fault}`)
    return found.order.map((i) => part.rows[i]!)
  }

  explain(object: number, budget: Budget) {
    return explain(this.#history, this.#model, this.#procedure, this.#part(object), budget)
  }

  /** Why `order` is no linearization of `part`, or `undefined` when it is one. Shares nothing with how it was found. */
  #fault(part: Part, order: Int32Array): string | undefined {
    const { calls, returns, rows } = part
    const operation = (i: number) => this.#history.operation(rows[i]!)
    const placed = new Uint8Array(rows.length)
    let latestCall = -1
    for (const i of order) {
      if (placed[i] === 1) return `${show(operation(i))} is placed twice`
      placed[i] = 1
      if (returns[i]! < latestCall) return `${show(operation(i))} comes after an operation called when it had returned`
      if (calls[i]! > latestCall) latestCall = calls[i]!
    }
    for (let i = 0; i < rows.length; i++) {
      if (placed[i] === 0 && returns[i] !== OPEN) return `${show(operation(i))} is missing`
    }
    if (this.#procedure.replay === undefined) return refuteByModel(this.#model, Array.from(order, operation))
    const wrong = this.#procedure.replay(part, order)
    return wrong === undefined ? undefined : `${show(operation(wrong))} is not allowed where it stands`
  }
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

/**
 * Replays `order`, rows of `history`, against the model, and compares it with the clock: why it is no linearization of the
 * object named `key` (of the only one, unless told), or `undefined` when it is one. Slow and plain, for those who trust no
 * procedure.
 */
export const refute = (
  order: Iterable<number>,
  history: History | ReadonlyArray<Operation>,
  model: Model,
  key?: string
): string | undefined => {
  const operations = history instanceof History ? history.operations() : history
  const isMeant = (x: Operation): boolean => key === undefined || (model.partition?.(x) ?? x.key) === key
  const placed = new Set<number>()
  let latestCall = -Infinity
  for (const row of order) {
    const x = operations[row]
    if (x === undefined) return `there is no row ${row}`
    if (placed.has(row)) return `${show(x)} is placed twice`
    if (!isMeant(x)) return `${show(x)} is of another object`
    placed.add(row)
    if (x.return !== null && x.return < latestCall) return `${show(x)} comes after an operation called when it had returned`
    latestCall = Math.max(latestCall, x.call)
  }
  const mustBeThere = (x: Operation): boolean => x.applied !== false && (x.return !== null || x.applied === true)
  const missing = operations.find((x, row) => mustBeThere(x) && isMeant(x) && !placed.has(row))
  return missing === undefined ? refuteByModel(model, Array.from(placed, (row) => operations[row]!)) : `${show(missing)} is missing`
}
