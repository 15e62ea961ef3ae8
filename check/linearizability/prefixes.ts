// How far one gets with a history that is not linearizable: the states that are possible just before the return with
// which it stopped being so, an order that leads to each, and why nothing goes on from there.
import { Breadth, eventsOf, follow, within } from "./breadth.ts"
import type { History, Operation } from "./History.ts"
import { NOT_ALLOWED } from "./machine.ts"
import type { Machine } from "./machine.ts"
import { OPEN } from "./Procedure.ts"
import type { Budget, Part } from "./Procedure.ts"
import { MAX_PREFIXES } from "./Result.ts"
import type { Prefix } from "./Result.ts"

/** A prefix of a history whose past may be forgotten: `from` is the state, for people, in which it begins. */
export interface LatePrefix extends Prefix {
  readonly from: string
}

/** Part of an `Explanation`: rows of the history. */
export interface HowFar {
  readonly blocked: number
  readonly before: number
  readonly prefixes: ReadonlyArray<Prefix>
}

/**
 * The return with which an illegal part stopped being linearizable, and how far one gets before it. `undefined` where the
 * budget does not suffice, or the part is linearizable.
 *
 * At the moment of a return those that return later are of unknown outcome, and those called later are not there. Who
 * knows the outcomes to come sees earlier that there is no order: from there on the moment is looked for, in steps of
 * growing size and then by halving, since what is illegal stays so.
 */
export const howFar = (history: History, part: Part, machine: Machine, budget: Budget): HowFar | undefined => {
  const returning = Array.from(eventsOf(part).filter((event) => event < 0), (event) => ~event)
  const foreseen = run(history, part, machine, budget)
  if (foreseen === undefined || foreseen.blocked === undefined) return undefined
  const at = (r: number): Run | undefined => run(history, asItWas(part, part.returns[returning[r]!]!), machine, budget)
  let fails = -1
  let fits = returning.indexOf(foreseen.blocked) - 1
  for (let step = 1; fails === -1; step *= 2) {
    const next = Math.min(fits + step, returning.length - 1)
    const found = at(next)
    if (found === undefined) return undefined
    if (found.blocked !== undefined) fails = next
    else fits = next
  }
  while (fails - fits > 1) {
    const middle = (fits + fails) >> 1
    const found = at(middle)
    if (found === undefined) return undefined
    if (found.blocked !== undefined) fails = middle
    else fits = middle
  }
  const blocked = returning[fails]!
  const prefixes = prefixesBefore(history, part, blocked, machine, budget)
  if (prefixes === undefined) return undefined
  return { blocked: part.rows[blocked]!, before: fails, prefixes }
}

/**
 * How far one gets before operation `blocked` (of the part) returns, that being the return with which the part stopped
 * being linearizable. `undefined` where the budget does not suffice.
 */
export const prefixesBefore = (history: History, part: Part, blocked: number, machine: Machine, budget: Budget) => {
  const then = asItWas(part, part.returns[blocked]! - 1)
  const found = run(history, then, machine, budget)
  if (found === undefined) return undefined
  const operation = (i: number): Operation => {
    const x = history.operation(then.rows[i]!)
    return then.answered[i] === 1 ? x : unanswered(x)
  }
  const known = history.operation(part.rows[blocked]!)
  const prefixes = prefixesOf(found.search, Array.from(then.rows.keys()), operation, { i: blocked, known }, machine, budget)
  const row = (i: number) => then.rows[i]!
  return prefixes?.map(({ next, order, states }) => ({
    order: order.map(row),
    states,
    next: next.map((n) => ({ ...n, row: row(n.row) }))
  }))
}

/**
 * The prefixes of a search that stands just before the return of `blocked`, where `known` is what it will answer.
 * Operations are the search's, in the place of rows.
 */
export const prefixesOf = (
  search: Breadth,
  operations: ReadonlyArray<number>,
  operation: (i: number) => Operation,
  blocked: { readonly i: number; readonly known: Operation },
  machine: Machine,
  budget: Budget
): ReadonlyArray<LatePrefix> | undefined => {
  const ways = within(budget, search.ways(MAX_PREFIXES, machine.kind(unanswered(blocked.known))))
  if (typeof ways === "string") return undefined
  const words = machine.describe(blocked.known)
  return ways.map(({ done, from, order, state }) => {
    let s = from
    const states = order.map((i) => machine.describeState((s = machine.next(s, machine.kind(operation(i))))))
    const why = (i: number): string => {
      const after = machine.next(state, machine.kind(i === blocked.i ? blocked.known : operation(i)))
      if (after === NOT_ALLOWED) return `not allowed where the state is ${machine.describeState(state)}`
      const effect = after === state ? "changes nothing" : `makes it ${machine.describeState(after)}`
      return `allowed, and ${effect}; but no order that goes on from there has a place for ${words}`
    }
    const next = operations
      .filter((i) => operation(i).return === null && !done.has(i))
      .map((row) => ({ row, why: why(row) }))
    const otherwise =
      blocked.known.applied === false
        ? "here it has taken effect; but it failed, and without it no order gets here"
        : `here it has taken effect already; but with the answer it gave, ${words}, no order gets here`
    return { from: machine.describeState(from), order, states, next: done.has(blocked.i) ? [{ row: blocked.i, why: otherwise }, ...next] : next }
  })
}

/** The part as it was known at a moment (a rank). Operations keep their numbers. */
const asItWas = (part: Part, moment: number): Part => {
  const length = part.calls.findLastIndex((call) => call <= moment) + 1
  const isOver = (i: number) => part.returns[i]! <= moment
  return {
    rows: part.rows.subarray(0, length),
    calls: part.calls.subarray(0, length),
    returns: part.returns.slice(0, length).map((r, i) => (isOver(i) ? r : OPEN)),
    answered: part.answered.slice(0, length).map((known, i) => (isOver(i) ? known : 0))
  }
}

const unanswered = (x: Operation): Operation => ({ ...x, return: null, output: null })

/** A search that came to an end, and the operation at whose return it did, unless that is the part's. */
interface Run {
  readonly search: Breadth
  readonly blocked: number | undefined
}

const run = (history: History, part: Part, machine: Machine, budget: Budget): Run | undefined => {
  const search = new Breadth(machine)
  const blocked = within(budget, follow(search, part, machine.kindsOf(history, part)))
  return typeof blocked === "string" ? undefined : { search, blocked }
}
