/**
 * Procedures against brute force on random small histories, as many as one likes:
 *
 *     node check/linearizability/campaign/campaign.ts --model queue --histories 1000000 --seed 1 [--procedure fifo]
 *
 * Prints what was compared, or the first history about which they disagree, made small, as JSONL (exit code 1).
 */
import { parseArgs } from "node:util"
import { BruteForce } from "./bruteForce.ts"
import { APPLIED, FAILED, History, UNKNOWN } from "../History.ts"
import type { Operation } from "../History.ts"
import type { Model } from "../Model.ts"
import { objectsIn, partMaker } from "../parts.ts"
import type { Found, Part } from "../procedures/Procedure.ts"
import { proceduresOf } from "./procedures.ts"
import type { Attempt } from "./procedures.ts"
import { Random } from "../../Random.ts"
import { randomHistories } from "./randomHistories.ts"
import type { Vocabulary } from "./randomHistories.ts"
import { vocabularies } from "./vocabularies.ts"

export interface CampaignOptions {
  /** A name in `vocabularies`. */
  readonly model: string
  readonly histories: number
  readonly seed: number
  /** By name; those of `procedures.ts` for this model unless told. */
  readonly procedures?: Readonly<Record<string, Attempt>> | undefined
  readonly signal?: AbortSignal | undefined
}

/** How often a procedure gave each verdict, and how often it had none. */
export interface Verdicts {
  ok: number
  illegal: number
  none: number
  /** Illegal with evidence that was put to the test. */
  evidence: number
}

export interface CampaignReport {
  readonly model: string
  readonly histories: number
  readonly operations: number
  readonly ok: number
  readonly illegal: number
  /** Histories with operations of unknown outcome, and with equal times. */
  readonly withUnknown: number
  readonly withTies: number
  readonly procedures: Readonly<Record<string, Verdicts>>
  readonly disagreement?: Disagreement
}

export interface Disagreement {
  readonly procedure: string
  /** What is wrong, in words. */
  readonly reason: string
  readonly history: ReadonlyArray<Operation>
}

const batch = 500
/** Evidence is put to the test where no more operations than these are weakened. */
const mostWeakened = 5
const unlimited = { deadline: Infinity, bytes: 2 ** 30 }

/** Compares procedures for a model with brute force, until all histories are done or one shows that they disagree. */
export const campaign = (options: CampaignOptions): CampaignReport => {
  const { histories, model: name, procedures = proceduresOf(name), seed, signal } = options
  const vocabulary = vocabularies[name]!
  const { model } = vocabulary
  const bruteForce = new BruteForce(model)
  const random = new Random(seed)
  const verdicts = Object.fromEntries(Object.keys(procedures).map((p) => [p, { ok: 0, illegal: 0, none: 0, evidence: 0 }]))
  const counts = { histories: 0, operations: 0, ok: 0, illegal: 0, withUnknown: 0, withTies: 0 }
  const report = () => ({ model: name, ...counts, procedures: verdicts })

  while (counts.histories < histories && signal?.aborted !== true) {
    const history = randomHistories(vocabulary, random, Math.min(batch, histories - counts.histories))
    const compiled = Object.entries(procedures).map(([p, procedure]) => [p, procedure(history)] as const)
    const objects = objectsIn(history, model)
    const partOf = partMaker(history, objects)
    const rowsOf = objects.names.map((): Array<number> => [])
    for (let row = 0; row < history.length; row++) rowsOf[history.keys[row]!]!.push(row)
    for (const [o, rows] of rowsOf.entries()) {
      const part = partOf(o)
      const isOk = bruteForce.order(history, rows) !== undefined
      counts.histories++
      counts.operations += rows.length
      counts[isOk ? "ok" : "illegal"]++
      if (rows.some((row) => history.returns[row] === UNKNOWN)) counts.withUnknown++
      if (hasTies(history, rows)) counts.withTies++
      for (const [p, decide] of compiled) {
        const found = decide(part, unlimited)
        const count = verdicts[p]!
        if (found === undefined) count.none++
        else if (found.verdict !== "unknown") count[found.verdict]++
        if (found === undefined || objection(found, part, history, rows, isOk, bruteForce, model, count) === undefined) continue
        const small = shrink(rows.map((row) => history.operation(row)), vocabulary, procedures[p]!)
        return { ...report(), disagreement: { procedure: p, ...small } }
      }
    }
  }
  return report()
}

const hasTies = ({ calls, returns }: History, rows: ReadonlyArray<number>): boolean => {
  const times = rows.flatMap((row) => [calls[row]!, returns[row]!]).filter((time) => time < APPLIED && time !== FAILED)
  return new Set(times).size < times.length
}

/** What is wrong with an answer, in words. */
const objection = (
  found: Found,
  part: Part,
  history: History,
  rows: ReadonlyArray<number>,
  isOk: boolean,
  bruteForce: BruteForce,
  model: Model,
  count?: Verdicts
): string | undefined => {
  if (found.verdict === "unknown") return `unknown (${found.reason}) of a small history`
  if (found.verdict === "ok") {
    if (!isOk) return "ok, and there is no order"
    const order = Array.from(found.order, (i) => part.rows[i]!)
    return bruteForce.accepts(history, rows, order) ? undefined : `ok, and this is no order: rows ${order.join(", ")}`
  }
  if (isOk) return "illegal, and there is an order"
  if (found.evidence === undefined) return undefined
  const members = new Set(found.evidence.operations.map((i) => part.rows[i]!))
  const weakened = History.of(
    rows.flatMap((row) => {
      const x = history.operation(row)
      if (members.has(row)) return [x]
      return model.reads?.(x) === true || x.applied === false ? [] : [{ ...x, applied: undefined!, return: null, output: null }]
    })
  )
  // Brute force takes long where many outcomes are unknown.
  if (weakened.length > members.size + mostWeakened) return undefined
  if (count !== undefined) count.evidence++
  const isEvidence = bruteForce.order(weakened, Array.from(weakened.calls.keys())) === undefined
  return isEvidence ? undefined : `evidence that is none: rows ${[...members].join(", ")}`
}

/** What a procedure gets wrong about one history. */
const objectionTo = (operations: ReadonlyArray<Operation>, { model }: Vocabulary, procedure: Attempt): string | undefined => {
  const history = History.of(operations)
  const objects = objectsIn(history, model)
  if (objects.names.length === 0) return undefined
  const part = partMaker(history, objects)(0)
  const found = procedure(history)(part, unlimited)
  if (found === undefined) return undefined
  const bruteForce = new BruteForce(model)
  const rows = operations.map((_, row) => row)
  return objection(found, part, history, rows, bruteForce.order(history, rows) !== undefined, bruteForce, model)
}

/** Leaves out operations as long as the procedure is wrong about the rest. */
const shrink = (history: ReadonlyArray<Operation>, vocabulary: Vocabulary, procedure: Attempt): Omit<Disagreement, "procedure"> => {
  for (const x of history) {
    const rest = history.filter((y) => y !== x)
    if (objectionTo(rest, vocabulary, procedure) !== undefined) return shrink(rest, vocabulary, procedure)
  }
  const reason = objectionTo(history, vocabulary, procedure) ?? "wrong only among other histories"
  return { reason, history: [...history].sort((x, y) => x.call - y.call) }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      model: { type: "string" },
      histories: { type: "string", default: "1000000" },
      seed: { type: "string", default: "1" },
      procedure: { type: "string", multiple: true }
    }
  })
  const models = values.model === undefined ? Object.keys(vocabularies) : [values.model]
  for (const model of models) {
    const start = performance.now()
    const { disagreement, ...report } = campaign({
      model,
      histories: Number(values.histories),
      seed: Number(values.seed),
      procedures: proceduresOf(model, (name) => values.procedure?.includes(name) !== false)
    })
    console.log(JSON.stringify({ ...report, seconds: Math.round((performance.now() - start) / 1000) }))
    if (disagreement === undefined) continue
    console.log(`${disagreement.procedure}: ${disagreement.reason}`)
    for (const x of disagreement.history) console.log(JSON.stringify(x))
    process.exitCode = 1
  }
}
