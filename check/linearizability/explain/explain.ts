// Why the operations on an object have no order: where they stopped having one, and a few of them that have none already.
//
// To leave out operations at will would explain nothing: without a write, every read of it is wrong. So a history is only
// *weakened*, in ways after which what had an order still has one: it is cut at some time (what returned later is of
// unknown outcome, what was called later is not there); a read or a failed attempt is left out, or all that is about one
// element; the outcome of anything else becomes unknown; or all is forgotten that was over at some time, and the object may be in any state then.
import { coreOf, recentCore } from "./core.ts"
import { describeCall, describeState } from "../describe.ts"
import type { History, Operation } from "../History.ts"
import { Machine } from "../procedures/machine.ts"
import type { Model } from "../Model.ts"
import { inWhole } from "../parts.ts"
import { prefixesBefore } from "./prefixes.ts"
import { OPEN } from "../procedures/Procedure.ts"
import type { Budget, Found, Part, Procedure } from "../procedures/Procedure.ts"
import type { Explanation, Prefix } from "../Result.ts"
import { canonical } from "../Texts.ts"
import type { Json } from "../Texts.ts"
import { evidenceOf, weakened } from "./weakening.ts"

/** How many states of a prefix are told, from its end. */
const STATES = 100
/** How long it may take to find all states that were possible, in milliseconds, and how many bytes. */
const STATES_MS = 200
const STATES_BYTES = 2 ** 27
/** How many operations of the context are shown. */
const CONTEXT = 12

/** Explains a part that `procedure` has found to be illegal. */
export const explain = (history: History, model: Model, procedure: Procedure, part: Part, budget: Budget): Explanation => {
  const operations = Array.from(part.rows, (row) => history.operation(row))
  const isRead = operations.map((x) => model.reads?.(x) === true)
  const about = operations.map((x) => model.about?.(x))
  const decide = (now: number, counts: (i: number) => boolean, isDropped: (i: number) => boolean): Found => {
    if (performance.now() > budget.deadline) return { verdict: "unknown", reason: "time" }
    const { kept, weaker } = weakened(part, now, counts, isDropped)
    return inWhole(procedure(weaker, budget), kept)
  }
  /** Decides with only some as they are when `now` comes. */
  const decideSome = (now: number, some: ReadonlySet<number>): Found => {
    const subjects = new Set(Array.from(some, (i) => about[i]))
    return decide(now, (i) => some.has(i), (i) => isRead[i]! || (about[i] !== undefined && !subjects.has(about[i])))
  }
  const known = Array.from(part.rows.keys())
    .filter((i) => part.returns[i] !== OPEN)
    .sort((x, y) => part.returns[x]! - part.returns[y]!)
  const atReturn = (count: number): Found => decide(count === 0 ? -1 : part.returns[known[count - 1]!]!, () => true, () => false)

  // Linearizability holds at every moment before one at which it holds. A prefix that the budget does not suffice to
  // decide counts as having an order: then the operation named returns too late, but has no place all the same.
  let fits = 0
  let fails = known.length
  while (fails - fits > 1) {
    const middle = (fits + fails) >> 1
    if (atReturn(middle).verdict === "illegal") fails = middle
    else fits = middle
  }
  const blocked = known[fits]!
  const now = part.returns[blocked]!
  const all = known.slice(0, fails)
  const { forgets, isMinimal, members } = coreOf(
    all,
    evidenceOf(atReturn(fails)),
    (some) => decideSome(now, some),
    () => recentCore(part, now, operations, isRead, model, budget)
  )

  const words = (i: number): string => `client ${operations[i]!.client}'s ${(model.describe ?? describeCall)(operations[i]!)}`
  const said = forgets ? undefined : evidenceOf(decideSome(now, members))
  const core = [...members].sort((x, y) => part.calls[x]! - part.calls[y]!)
  const before = atReturn(fits)
  const row = (i: number): number => part.rows[i]!
  return {
    reason:
      said?.reason.replaceAll(/#(\d+)/g, (_, i: string) => words(Number(i))) ??
      `no order has a place for ${listed(core.map(words))}, ${forgets ? "whatever came before" : "whatever all others did"}`,
    core: core.map(row),
    isMinimal,
    forgets,
    context: contextOf(core, operations, part, now, forgets ? part.calls[core[0]!]! : -1).map(row),
    blocked: row(blocked),
    before: fits,
    prefixes: statesBefore() ?? (before.verdict === "ok" ? [prefixOf(before.order)] : [])
  }

  /** All states that are possible before `blocked` returns, where it does not take long to find them. */
  function statesBefore() {
    const short = { deadline: Math.min(budget.deadline, performance.now() + STATES_MS), bytes: Math.min(budget.bytes / 4, STATES_BYTES) }
    return prefixesBefore(history, part, blocked, new Machine(model), short)
  }

  /** An order of all that had returned before `blocked`, and why none of the others can go on. */
  function prefixOf(order: Int32Array): Prefix {
    const states: Array<unknown> = []
    let state: unknown = model.init
    for (const [k, i] of order.entries()) {
      // What had not returned then counts as of unknown outcome.
      const x = operations[i]!
      state = model.step(state, part.returns[i]! < now ? x : { ...x, return: null, output: null })
      if (k >= order.length - STATES) states.push(state)
    }
    const placed = new Set(order)
    const others = Array.from(part.rows.keys()).filter((i) => i !== blocked && part.calls[i]! <= now && !placed.has(i) && !isRead[i]!)
    return {
      order: Array.from(order, row),
      states: states.map((s) => describeState(model, s)),
      next: [blocked, ...others].map((i) => ({ row: row(i), why: whyNot(i, state, placed.has(i)) }))
    }
  }

  function whyNot(i: number, state: unknown, isPlaced: boolean): string {
    if (isPlaced) return "takes effect in this order, but cannot have answered this there"
    return model.step(state, operations[i]!) === undefined
      ? `not allowed in state ${describeState(model, state)}`
      : `possible, but ${words(blocked)} still has no place then`
  }
}

/** Operations, not of the core, that made what those of the core saw or needed: told by the values they have in common. */
const contextOf = (
  core: ReadonlyArray<number>,
  operations: ReadonlyArray<Operation>,
  part: Part,
  now: number,
  since: number
): ReadonlyArray<number> => {
  const seen = new Set(core.flatMap((i) => [operations[i]!.output, operations[i]!.op === "cas" ? operations[i]!.value : null].flatMap(leaves)))
  const isSeen = ({ op, value }: Operation): boolean =>
    op === "append" ? [...seen].some((text) => text.includes(canonical(value).slice(1, -1))) : leaves(value).some((leaf) => seen.has(leaf))
  const members = new Set(core)
  return Array.from(part.rows.keys())
    .filter((i) => !members.has(i) && part.calls[i]! <= now && part.returns[i]! > since && isSeen(operations[i]!))
    .slice(-CONTEXT)
}

/** More operations than these are not named one by one. */
const NAMED = 4

const listed = (names: ReadonlyArray<string>): string => {
  if (names.length > NAMED) return `these ${names.length} operations together`
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)!}`
}

const leaves = (value: Json): ReadonlyArray<string> => {
  if (value === null || typeof value === "boolean") return []
  if (Array.isArray(value)) return (value as ReadonlyArray<Json>).flatMap(leaves)
  return [canonical(value)]
}
