/** The picture of a history and of what the checker found out about it. */
import { describeState } from "../linearizability/describe.ts"
import type { History } from "../linearizability/History.ts"
import type { Model } from "../linearizability/Model.ts"
import type { CheckResult, KeyResult } from "../linearizability/Result.ts"
import { rowsExplained } from "./Explained.ts"
import { HAD_NO_EFFECT, OPEN, RETURNED, TOOK_EFFECT } from "./Picture.ts"
import type { Annotation, ObjectSheet, Picture } from "./Picture.ts"
import { operationWords, outcomeOf, shortened } from "./Words.ts"

export interface HistoryPictureOptions {
  /** What the history is called, such as its file. */
  readonly title: string
  readonly annotations?: ReadonlyArray<Annotation>
  /** The most operations that are in the picture; those of bad objects, near their cores, come first. */
  readonly room?: number
}

const enough = 100_000

/** Characters kept of values and outputs, of states, and of what stands on a bar. What the core speaks of is kept whole. */
const valueLength = 1_000
const stateLength = 400
const labelLength = 100

const rank = { illegal: 0, unknown: 1, ok: 2 } as const
const outcomes = { returned: RETURNED, unknown: OPEN, applied: TOOK_EFFECT, failed: HAD_NO_EFFECT } as const
const verdictWords = { ok: "linearizable", illegal: "not linearizable", unknown: "undecided" } as const

/** The picture of `history`, which `model` was asked about; `result` is what came of it. */
export const historyPicture = (history: History, model: Model, result: CheckResult, options: HistoryPictureOptions): Picture => {
  const texts = new Numbers()
  const rowsOf = rowsByObject(history, model)
  const keys = result.keys.toSorted((a, b) => rank[a.verdict] - rank[b.verdict])
  const operations = columns()
  let room = options.room ?? enough

  const sheets = keys.map((key): ObjectSheet => {
    const all = rowsOf.get(key.key) ?? []
    const explanation = key.verdict === "illegal" ? key.explanation : undefined
    const vital = new Set(explanation === undefined ? [] : rowsExplained(explanation))
    const rows = nearest(all, vital, room)
    room -= rows.length
    const first = operations.clients.length
    const positions = new Map(rows.map((row, n) => [row, first + n]))
    for (const row of rows) {
      const whole = vital.has(row)
      const { texts: values } = history
      const length = whole ? Infinity : valueLength
      const outcome = outcomeOf(history, row)
      operations.clients.push(history.clients[row]!)
      operations.labels.push(texts.of(shortened(operationWords(history, row, model), labelLength)))
      operations.names.push(texts.of(history.opNames[history.ops[row]!]!))
      operations.values.push(texts.of(shortened(values.text(history.values[row]!), length)))
      operations.outputs.push(texts.of(outcome === "returned" ? shortened(values.text(history.outputs[row]!), length) : ""))
      operations.calls.push(history.calls[row]!)
      operations.returns.push(outcome === "returned" ? history.returns[row]! : 0)
      operations.outcomes.push(outcomes[outcome])
      operations.reads.push(model.reads?.(history.operation(row)) === true ? 1 : 0)
      operations.lines.push(history.lines[row]!)
    }
    const at = (row: number) => positions.get(row) ?? -1
    return {
      kind: "object",
      name: key.key,
      verdict: key.verdict,
      reason: reasonOf(key),
      first,
      count: rows.length,
      left: all.length - rows.length,
      core: explanation?.core.map(at) ?? [],
      isMinimal: explanation?.isMinimal ?? true,
      context: explanation?.context.map(at) ?? [],
      blocked: explanation === undefined ? null : at(explanation.blocked),
      before: explanation?.before ?? 0,
      orders: rows.length === 0 ? [] : ordersOf(history, model, key).map(({ next, order, shared, states }) => ({
        shared,
        operations: order.map(at),
        states: states.map((state) => texts.of(shortened(state, stateLength))),
        next: next.map(({ row, why }) => ({ operation: at(row), why }))
      }))
    }
  })
  return {
    title: options.title,
    about: aboutOf(history, model, result),
    texts: texts.all,
    operations,
    annotations: options.annotations ?? [],
    sheets
  }
}

const columns = () => ({
  clients: [] as Array<number>,
  labels: [] as Array<number>,
  names: [] as Array<number>,
  values: [] as Array<number>,
  outputs: [] as Array<number>,
  calls: [] as Array<number>,
  returns: [] as Array<number>,
  outcomes: [] as Array<number>,
  reads: [] as Array<number>,
  lines: [] as Array<number>
})

/** Texts by number. */
class Numbers {
  readonly all: Array<string> = []
  readonly #numbers = new Map<string, number>()

  of(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    this.#numbers.set(text, this.all.length)
    return this.all.push(text) - 1
  }
}

const plural = (n: number, noun: string) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`

const aboutOf = (history: History, model: Model, { keys, verdict }: CheckResult): string => {
  const bad = keys.filter((key) => key.verdict === "illegal").length
  const undecided = keys.filter((key) => key.verdict === "unknown").length
  const which = [
    ...(bad > 0 && keys.length > 1 ? [`${plural(bad, "object")} of ${keys.length.toLocaleString("en")}`] : []),
    ...(undecided > 0 && verdict !== "unknown" ? [`${undecided.toLocaleString("en")} undecided`] : [])
  ]
  return [
    `${verdictWords[verdict]}${which.length === 0 ? "" : ` (${which.join(", ")})`}`,
    `model ${model.name}`,
    plural(history.length, "operation"),
    plural(new Set(history.clients).size, "client")
  ].join(" · ")
}

/** Rows by object, in the order of their calls. */
const rowsByObject = (history: History, model: Model): Map<string, Array<number>> => {
  const objectOf = model.partition === undefined
    ? (row: number) => history.keyNames[history.keys[row]!]!
    : (row: number) => model.partition!(history.operation(row))
  const found = new Map<string, Array<number>>()
  const rows = Uint32Array.from({ length: history.length }, (_, i) => i)
  for (const row of rows.sort((a, b) => history.calls[a]! - history.calls[b]! || a - b)) {
    const object = objectOf(row)
    const others = found.get(object)
    if (others === undefined) found.set(object, [row])
    else others.push(row)
  }
  return found
}

/** All rows if there is room, else none, or of a bad object those that are explained and others called about when they were. */
const nearest = (rows: ReadonlyArray<number>, vital: ReadonlySet<number>, room: number): ReadonlyArray<number> => {
  if (rows.length <= room) return rows
  if (vital.size === 0) return []
  const places = rows.flatMap((row, n) => vital.has(row) ? [n] : [])
  const middle = places[places.length >> 1]!
  const from = Math.max(0, Math.min(middle - (room >> 1), rows.length - room))
  return rows.filter((row, n) => vital.has(row) || (n >= from && n < from + room))
}

const reasonOf = (key: KeyResult): string => {
  switch (key.verdict) {
    case "illegal":
      return key.explanation?.reason ?? "no explanation was asked for"
    case "unknown":
      return `the ${key.reason} did not suffice to decide`
    case "ok":
      return ""
  }
}

/** The orders to show, each with how far it goes along with the one before. */
const ordersOf = (history: History, model: Model, key: KeyResult) => {
  if (key.verdict === "unknown") return []
  if (key.verdict === "ok") return [{ shared: 0, order: [...key.witness], states: replayed(history, model, key.witness), next: [] }]
  const prefixes = key.explanation?.prefixes ?? []
  return prefixes.map(({ next, order, states }, n) => {
    const before = prefixes[n - 1]?.order ?? []
    let shared = 0
    while (shared < order.length && order[shared] === before[shared]) shared++
    return { shared, order: order.slice(shared), states, next }
  })
}

/** The states along an order that the model allows. */
const replayed = (history: History, model: Model, order: Iterable<number>): ReadonlyArray<string> => {
  let state: unknown = model.init
  return Array.from(order, (row) => {
    state = model.step(state, history.operation(row))
    return describeState(model, state)
  })
}
