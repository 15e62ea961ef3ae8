// How far one gets with a history that is not linearizable: the states that are possible just before the return with
// which it stopped being so, an order that leads to each, and why nothing goes on from there.
import { Breadth, follow, within } from "../procedures/breadth.ts"
import { describeCall, describeState } from "../describe.ts"
import type { History, Operation } from "../History.ts"
import { NOT_ALLOWED } from "../procedures/machine.ts"
import type { Machine } from "../procedures/machine.ts"
import { OPEN } from "../procedures/Procedure.ts"
import type { Budget, Part } from "../procedures/Procedure.ts"
import { MAX_PREFIXES } from "../Result.ts"
import type { Prefix } from "../Result.ts"

/** How many states of a prefix are told, from its end. */
const STATES = 100

/** A prefix of a history whose past may be forgotten: `from` is the state, for people, in which it begins. */
export interface LatePrefix extends Prefix {
  readonly from: string
}

/**
 * How far one gets before operation `blocked` (of the part) returns, that being the return with which the part stopped
 * being linearizable. `undefined` where the budget does not suffice.
 */
export const prefixesBefore = (
  history: History,
  part: Part,
  blocked: number,
  machine: Machine,
  budget: Budget
): ReadonlyArray<Prefix> | undefined => {
  const then = asItWas(part, part.returns[blocked]! - 1)
  const search = new Breadth(machine)
  if (within(budget, follow(search, then, machine.kindsOf(history, then))) !== undefined) return undefined
  const operation = (i: number): Operation => {
    const x = history.operation(then.rows[i]!)
    return then.answered[i] === 1 ? x : unanswered(x)
  }
  const known = history.operation(part.rows[blocked]!)
  const prefixes = prefixesOf(search, Array.from(then.rows.keys()), operation, { i: blocked, known }, machine, budget)
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
  const describe = (s: number): string => describeState(machine.model, machine.state(s))
  const words = `client ${blocked.known.client}'s ${(machine.model.describe ?? describeCall)(blocked.known)}`
  return ways.map(({ done, from, order, state }) => {
    let s = from
    const states = order.map((i) => (s = machine.next(s, machine.kind(operation(i)))))
    const why = (i: number): string => {
      const after = machine.next(state, machine.kind(i === blocked.i ? blocked.known : operation(i)))
      if (after === NOT_ALLOWED) return `not allowed in state ${describe(state)}`
      const effect = after === state ? "changes nothing" : `makes the state ${describe(after)}`
      return `possible, and ${effect}; but ${words} still has no place then`
    }
    // A read that nobody has answered yet could always come, and says nothing.
    const saysNothing = (i: number): boolean => i !== blocked.i && machine.reads(machine.kind(operation(i)))
    const next = [blocked.i, ...operations.filter((i) => i !== blocked.i)]
      .filter((i) => operation(i).return === null && !done.has(i) && !saysNothing(i))
      .map((row) => ({ row, why: why(row) }))
    const otherwise =
      blocked.known.applied === false
        ? "takes effect in this order; but it failed, and without it no order gets here"
        : "takes effect in this order, but with the answer that it gave no order gets here"
    return { from: describe(from), order, states: states.slice(-STATES).map(describe), next: done.has(blocked.i) ? [{ row: blocked.i, why: otherwise }, ...next] : next }
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
