// A few operations that have no order already, however weak all others are made.
import { History } from "../History.ts"
import type { Operation } from "../History.ts"
import type { Beginning, Model } from "../Model.ts"
import { objectsIn, partMaker } from "../parts.ts"
import type { Budget, Evidence, Found, Part } from "../procedures/Procedure.ts"
import { general } from "../procedures/race.ts"

export interface Core {
  /** Operations of the part. */
  readonly members: ReadonlySet<number>
  /** False where the budget did not suffice to find out whether one of them could be weakened as well. */
  readonly isMinimal: boolean
  /** True where what was before the first of them does not matter. */
  readonly forgets: boolean
}

/** Up to so many operations, both kinds of core are found, and the smaller one is taken. */
const FEW = 128
/** How many operations before the last may be looked at when all that came before is forgotten. */
const RECENT = 512

/**
 * The core of an illegal part, where `all` are the operations that had returned when it had become so, by return.
 * `decide` decides the part with only some of them as they are.
 */
export const coreOf = (
  all: ReadonlyArray<number>,
  evidence: Evidence | undefined,
  decide: (some: ReadonlySet<number>) => Found,
  recent: () => Core | undefined
): Core => {
  const among = new Set(all)
  const hinted = evidence?.operations.filter((i) => among.has(i)) ?? []
  if (hinted.length > 0 && decide(new Set(hinted)).verdict === "illegal") return minimal(hinted, decide)
  const late = recent()
  if (late !== undefined && all.length > FEW) return late
  const whole = minimal(smallestEnd(all, decide), decide)
  return late !== undefined && late.members.size < whole.members.size ? late : whole
}

/** The last operations, as many as it takes to be illegal. */
const smallestEnd = (all: ReadonlyArray<number>, decide: (some: ReadonlySet<number>) => Found): ReadonlyArray<number> => {
  for (let size = 8; size < all.length; size *= 4) {
    if (decide(new Set(all.slice(-size))).verdict === "illegal") return all.slice(-size)
  }
  return all
}

/**
 * Weakens one operation after the other, many at first, until none can be weakened. Mostly one pass over single operations
 * is enough. But a dequeue that is about an element goes with it, and one whose element is still there may have taken
 * any other once its outcome is unknown: so what was needed may become needless.
 */
const minimal = (illegal: ReadonlyArray<number>, decide: (some: ReadonlySet<number>) => Found): Core => {
  let members = illegal
  let before = Infinity
  for (let size = members.length >> 1; size > 0 || members.length < before; size >>= 1) {
    size ||= 1
    before = members.length
    for (let from = 0; from < members.length; ) {
      const fewer = [...members.slice(0, from), ...members.slice(from + size)]
      const { verdict } = fewer.length < members.length ? decide(new Set(fewer)) : { verdict: "ok" }
      if (verdict === "unknown") return { members: new Set(members), isMinimal: false, forgets: false }
      if (verdict === "illegal") members = fewer
      else from += size
    }
  }
  return { members: new Set(members), isMinimal: true, forgets: false }
}

/**
 * A core among the last operations before `now`, when all is forgotten that had returned before the first of them was
 * called: the object may have been in any state then, and what was under way may still have taken effect. So the history
 * is cut at both ends, which weakens it, too. Only for models that say how an object may begin (`Model.begins`).
 */
export const recentCore = (
  part: Part,
  now: number,
  operations: ReadonlyArray<Operation>,
  isRead: ReadonlyArray<boolean>,
  model: Model,
  budget: Budget
): Core | undefined => {
  const { begins } = model
  if (begins === undefined) return undefined
  const called = Array.from(part.rows.keys()).filter((i) => part.calls[i]! <= now)
  /** Decides with only some as they are, from the call of the first operation on that is not forgotten. */
  const decideFrom = (first: number, some: ReadonlySet<number>): Found => {
    const since = part.calls[called[first]!]!
    const weaker = called.flatMap((i): ReadonlyArray<Operation> => {
      const { applied, ...x } = { ...operations[i]!, key: "", call: part.calls[i]! }
      if (some.has(i)) return [part.answered[i] === 1 ? { ...x, return: part.returns[i]! } : { ...x, applied: true }]
      return part.returns[i]! < since || isRead[i]! ? [] : [{ ...x, return: null, output: null }]
    })
    const states = begins(weaker)
    if (states === undefined) return { verdict: "unknown", reason: "time" }
    for (const state of states) {
      const found = decideAll([...beginning(state), ...weaker], model, budget)
      if (found.verdict !== "illegal") return found
    }
    return { verdict: "illegal" }
  }
  const knownFrom = (first: number): ReadonlyArray<number> =>
    called.slice(first).filter((i) => part.returns[i]! <= now)

  let first = called.length - 2
  while (first >= 0 && decideFrom(first, new Set(knownFrom(first))).verdict !== "illegal") {
    if (called.length - first >= RECENT) return undefined
    first = called.length - 2 * (called.length - first)
  }
  if (first < 0) return undefined
  // The core begins with its first operation: what is before that is forgotten, too, which may make others needless.
  for (let members = knownFrom(first); ; ) {
    const core = minimal(members, (some) => decideFrom(first, some))
    const begin = called.findIndex((i) => core.members.has(i))
    if (begin === first || !core.isMinimal) return { ...core, forgets: true }
    first = begin
    members = [...core.members]
  }
}

/** Operations that are over before any other is called. */
export const beginning = (state: Beginning): ReadonlyArray<Operation> =>
  state.map((x, k) => ({ client: -1, key: "", output: null, ...x, call: 2 * (k - state.length), return: 2 * (k - state.length) + 1 }))

/** Decides a history of one object. */
const decideAll = (operations: ReadonlyArray<Operation>, model: Model, budget: Budget): Found => {
  const history = History.of(operations)
  const procedure = model.procedure?.(history, model) ?? general(history, model)
  return procedure(partMaker(history, objectsIn(history, { ...model, partition: () => "" }))(0), budget)
}
