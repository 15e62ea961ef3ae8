// Sequential consistency (Lamport 1979): there is an order of all operations that the objects allow and that keeps the
// order of each client; clocks of different clients mean nothing.
//
// It is not local: each key alone may have such an order while all together have none. So histories are decided as a
// whole, by a search, and should be small.
import type { CheckOptions } from "../check.ts"
import { describeCall, describeState } from "../describe.ts"
import { FAILED, History, UNKNOWN } from "../History.ts"
import type { Operation } from "../History.ts"
import { Machine, NOT_ALLOWED } from "../procedures/machine.ts"
import type { Model } from "../Model.ts"
import { objectsIn } from "../parts.ts"

export type SequentialResult = { readonly promise: "sequential consistency"; readonly operations: number } & (
  | {
      readonly verdict: "ok"
      /** Rows in an order that the model and each client's own order allow. */
      readonly witness: ReadonlyArray<number>
    }
  | {
      readonly verdict: "illegal"
      readonly reason: string
      /** One of the longest orders that work, in rows, and for each client why its next operation cannot come. */
      readonly order: ReadonlyArray<number>
      readonly next: ReadonlyArray<{ readonly row: number; readonly why: string }>
    }
  | { readonly verdict: "unknown"; readonly reason: "time" | "memory" }
)

/**
 * Decides whether `history` is sequentially consistent for `model`, all keys together.
 *
 * Of one client's operations, one that returned before another was called (or at that very moment) comes before it.
 * Operations of unknown outcome come after their client's earlier ones, if at all; later ones need not wait for them.
 */
export const checkSequential = (
  history: History | ReadonlyArray<Operation>,
  model: Model,
  { memoryBytes = 2 ** 30, timeoutMs = 10_000 }: CheckOptions = {}
): SequentialResult => {
  const columns = history instanceof History ? history : History.of(history)
  const problem = prepare(columns, model)
  const found = search(problem, performance.now() + timeoutMs, memoryBytes)
  const result = { promise: "sequential consistency", operations: problem.rows.length } as const
  const rows = (order: ReadonlyArray<number>) => order.map((i) => problem.rows[i]!)
  if (found.verdict === "ok") return { ...result, verdict: "ok", witness: rows(found.order) }
  if (found.verdict === "unknown") return { ...result, ...found }
  const stuck = columns.operation(problem.rows[found.next.find(({ i }) => !problem.isOptional[i])!.i]!)
  return {
    ...result,
    verdict: "illegal",
    reason: `no order of all operations keeps each client's own; after the longest, client ${stuck.client} cannot go on with ${(model.describe ?? describeCall)(stuck)}`,
    order: rows(found.order),
    next: found.next.map(({ i, state }) => ({ row: problem.rows[i]!, why: whyNot(problem, i, state) }))
  }
}

/** Operation `i` is row `rows[i]`. */
interface Problem {
  readonly rows: ReadonlyArray<number>
  readonly machine: Machine
  readonly kinds: ReadonlyArray<number>
  readonly objects: ReadonlyArray<number>
  readonly objectCount: number
  /** It may be left out. */
  readonly isOptional: ReadonlyArray<boolean>
  /** How many operations must have gone before, and which have to wait for this one. */
  readonly waitsFor: ReadonlyArray<number>
  readonly followers: ReadonlyArray<ReadonlyArray<number>>
}

const prepare = (history: History, model: Model): Problem => {
  const machine = new Machine(model)
  const { rows: byObject, starts } = objectsIn(history, model)
  const objectOf = new Int32Array(history.length)
  for (let o = 0; o + 1 < starts.length; o++) for (const row of byObject.subarray(starts[o], starts[o + 1])) objectOf[row] = o
  const { calls, clients, returns } = history
  const rows = Array.from({ length: history.length }, (_, row) => row)
    .filter((row) => returns[row] !== FAILED)
    .filter((row) => returns[row] !== UNKNOWN || model.reads?.(history.operation(row)) !== true)
    .sort((x, y) => calls[x]! - calls[y]! || x - y)
  const followers = rows.map((): Array<number> => [])
  const waitsFor = rows.map(() => 0)
  const ofClient = Map.groupBy(rows.keys(), (i) => clients[rows[i]!]!)
  for (const own of ofClient.values()) {
    own.forEach((y, k) => {
      for (const x of own.slice(0, k)) {
        if (returns[rows[x]!]! > calls[rows[y]!]!) continue
        followers[x]!.push(y)
        waitsFor[y]!++
      }
    })
  }
  return {
    rows,
    machine,
    kinds: rows.map((row) => machine.kind(history.operation(row))),
    objects: rows.map((row) => objectOf[row]!),
    objectCount: starts.length - 1,
    isOptional: rows.map((row) => returns[row] === UNKNOWN),
    waitsFor,
    followers
  }
}

type Found =
  | { readonly verdict: "ok"; readonly order: ReadonlyArray<number> }
  | {
      readonly verdict: "illegal"
      readonly order: ReadonlyArray<number>
      /** What could come next after this order, and the state of its object. */
      readonly next: ReadonlyArray<{ readonly i: number; readonly state: number }>
    }
  | { readonly verdict: "unknown"; readonly reason: "time" | "memory" }

/**
 * Depth-first, with an exact memory of where it has been: which operations have gone, and the states. Reads go as soon as
 * they are allowed, since they change nothing; of unknown operations of one kind, on one object, only the first is tried.
 */
const search = (problem: Problem, deadline: number, bytes: number): Found => {
  const { followers, isOptional, kinds, machine, objectCount, objects } = problem
  const n = kinds.length
  const states = new Int32Array(objectCount).fill(machine.init)
  const waits = Int32Array.from(problem.waitsFor)
  const hasGone = new Uint8Array(n)
  const trail: Array<{ readonly i: number; readonly before: number }> = []
  let left = isOptional.filter((optional) => !optional).length
  const go = (i: number, after: number) => {
    trail.push({ i, before: states[objects[i]!]! })
    states[objects[i]!] = after
    hasGone[i] = 1
    if (!isOptional[i]) left--
    for (const y of followers[i]!) waits[y]!--
  }
  const undo = (length: number) => {
    while (trail.length > length) {
      const { before, i } = trail.pop()!
      states[objects[i]!] = before
      hasGone[i] = 0
      if (!isOptional[i]) left++
      for (const y of followers[i]!) waits[y]!++
    }
  }
  const ready = () => Array.from(kinds.keys()).filter((i) => hasGone[i] === 0 && waits[i] === 0)
  const after = (i: number) => machine.next(states[objects[i]!]!, kinds[i]!)

  const visited = new Set<string>()
  const place = new Uint16Array(Math.ceil(n / 16) + 2 * objectCount)
  const placeText = (): string => {
    place.fill(0)
    for (let i = 0; i < n; i++) place[i >> 4]! |= hasGone[i]! << (i & 15)
    states.forEach((state, o) => {
      place[place.length - 2 * o - 1] = state
      place[place.length - 2 * o - 2] = state >>> 16
    })
    return String.fromCharCode(...place)
  }
  let furthest: Extract<Found, { verdict: "illegal" }> = { verdict: "illegal", order: [], next: [] }
  let fewestLeft = Infinity

  /** What to try here, the best last; `undefined` at the goal. */
  const enter = (): Array<number> | undefined => {
    let open = ready()
    for (let read = true; read; ) {
      read = false
      for (const i of open) {
        if (!machine.reads(kinds[i]!) || after(i) === NOT_ALLOWED) continue
        go(i, states[objects[i]!]!)
        read = true
      }
      if (read) open = ready()
    }
    if (left === 0) return undefined
    if (left < fewestLeft) {
      fewestLeft = left
      furthest = { verdict: "illegal", order: trail.map(({ i }) => i), next: open.map((i) => ({ i, state: states[objects[i]!]! })) }
    }
    const text = placeText()
    if (visited.has(text)) return []
    visited.add(text)
    const tried = new Set<number>()
    return open
      .filter((i) => {
        if (machine.reads(kinds[i]!) || after(i) === NOT_ALLOWED) return false
        const twins = kinds[i]! * objectCount + objects[i]!
        if (!isOptional[i]) return true
        return !tried.has(twins) && tried.add(twins) !== undefined
      })
      .sort((x, y) => Number(isOptional[y]) - Number(isOptional[x]) || y - x)
  }

  const frames: Array<{ readonly choices: Array<number>; readonly length: number }> = []
  let choices = enter()
  for (let steps = 1; choices !== undefined; steps++) {
    if ((steps & 63) === 0) {
      if (performance.now() > deadline) return { verdict: "unknown", reason: "time" }
      if (visited.size * (80 + 2 * place.length) + machine.bytes > bytes) return { verdict: "unknown", reason: "memory" }
    }
    frames.push({ choices, length: trail.length })
    let choice: number | undefined
    while (frames.length > 0) {
      const frame = frames.at(-1)!
      undo(frame.length)
      choice = frame.choices.pop()
      if (choice !== undefined) break
      frames.pop()
    }
    if (choice === undefined) return furthest
    go(choice, after(choice))
    choices = enter()
  }
  return { verdict: "ok", order: trail.map(({ i }) => i) }
}

const whyNot = ({ kinds, machine }: Problem, i: number, state: number): string => {
  const after = machine.next(state, kinds[i]!)
  if (after === NOT_ALLOWED) return `not allowed in state ${describeState(machine.model, machine.state(state))}`
  return "possible, but no order goes on from there to the end"
}
