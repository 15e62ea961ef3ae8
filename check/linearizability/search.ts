// Is there an order of one key's operations that the model allows? Depth-first, as Wing & Gong (1993) with the memory of
// Lowe (2017), and with reductions that leave out orders which cannot matter:
//
// - Eager reads: a read that is allowed now goes now. It changes nothing, so nothing is lost.
// - Twins: of interchangeable operations only the one that returns first is tried.
// - Hidden writes: when a write goes, every other open write or append could have gone just before it, unnoticed. Such
//   an operation is marked hidden, and may simply be dropped when its time runs out; a write that nobody reads always
//   is. So no subsets of unread writes are ever tried.
// - Used at once: a write that need not go yet, or one whose outcome is unknown, goes only for somebody's sake: what
//   follows must not overwrite it.
// - Nothing left behind: a state that somebody still wants to read, and that nobody can make again, is not left.
// - Closed blocks: a write that goes with all reads of its value harms nobody, when nobody wants the value before it and
//   there are only reads and writes. Then there is no need to try anything else.
// - Unseen states (see Model.unseen) are one, and nobody is in a hurry to get there.
import type { Operation } from "./History.ts"
import { NONE, NOT_ALLOWED, UNSEEN } from "./problem.ts"
import type { Problem } from "./problem.ts"

/** What the search may still spend. It answers "time" or "memory" when that is used up. */
export interface Budget {
  /** `performance.now()` at the end of the time. */
  readonly deadline: number
  /** Nodes, that is, calls of `enter` with something new. */
  readonly nodes: number
  /** Estimated bytes of memory. */
  readonly bytes: number
}

export type Found =
  /** An order of all operations (those of unknown outcome as far as they took effect). */
  | { readonly verdict: "ok"; readonly order: ReadonlyArray<Operation>; readonly nodes: number }
  /** There is none. */
  | { readonly verdict: "illegal"; readonly nodes: number }
  | { readonly verdict: "unknown"; readonly reason: "time" | "memory" | "nodes"; readonly nodes: number }

/** One choice point: how to get back to it, and what is left to try (lowest last; `~i` drops the hidden operation i). */
interface Frame {
  readonly before: number
  readonly after: number
  readonly state: number
  readonly blocking: number
  readonly choices: Array<number>
}

/** Searches for an order; see the head of this file. */
export const search = (problem: Problem, budget: Budget): Found => {
  const { operations, effects, wants, makes, kinds, events, callAt, returnAt, slot, slots, next } = problem
  const n = operations.length
  const end = events.length
  const returns = (i: number): number => (returnAt[i] === 0 ? Infinity : returnAt[i]!)

  // The events still to come, as a doubly linked list from 0 to `end`.
  const following = Int32Array.from({ length: end + 1 }, (_, e) => e + 1)
  const preceding = Int32Array.from({ length: end + 1 }, (_, e) => e - 1)
  const remove = (e: number) => {
    following[preceding[e]!] = following[e]!
    preceding[following[e]!] = preceding[e]!
  }
  const restore = (e: number) => {
    following[preceding[e]!] = e
    preceding[following[e]!] = e
  }
  const isCall = (e: number): boolean => e !== end && callAt[events[e]!] === e

  // Everything done since the start, to be undone from its end.
  const trail: Array<{ readonly did: "lift" | "drop" | "hide"; readonly i: number }> = []
  const hiddenBy = new Int32Array(n).fill(-1)
  let state = problem.init
  let needsUse = false
  let left = operations.filter((x) => x.return !== null).length

  // Of the operations still to go: how many, known to have happened, want each state, and how many could make it?
  const wanted = new Map<number, number>()
  const makers = new Map<number, number>()
  const count = (i: number, by: 1 | -1) => {
    if (wants[i] !== NONE && returnAt[i] !== 0) wanted.set(wants[i]!, (wanted.get(wants[i]!) ?? 0) + by)
    if (makes[i] !== NONE) makers.set(makes[i]!, (makers.get(makes[i]!) ?? 0) + by)
  }
  operations.forEach((_, i) => count(i, 1))
  const wantedBy = (s: number): number => wanted.get(s) ?? 0
  const onlyReadsAndWrites = effects.every((effect, i) => effect === "overwrites" || (effect === "reads" && wants[i] !== NONE))

  const lift = (i: number, did: "lift" | "drop") => {
    count(i, -1)
    remove(callAt[i]!)
    if (returnAt[i] !== 0) {
      remove(returnAt[i]!)
      left--
    }
    trail.push({ did, i })
  }
  const hide = (i: number, by: number) => {
    hiddenBy[i] = by
    trail.push({ did: "hide", i })
  }
  const undo = (length: number) => {
    while (trail.length > length) {
      const { did, i } = trail.pop()!
      if (did === "hide") hiddenBy[i] = -1
      else {
        if (returnAt[i] !== 0) {
          restore(returnAt[i]!)
          left++
        }
        restore(callAt[i]!)
        count(i, 1)
      }
    }
  }

  /** The order so far. What was dropped goes just before the write that hid it. */
  const order = (): ReadonlyArray<Operation> => {
    const dropped = Map.groupBy(trail.filter((t) => t.did === "drop"), (t) => hiddenBy[t.i]!)
    return trail
      .filter((t) => t.did === "lift")
      .flatMap((t) => [...(dropped.get(t.i) ?? []), t])
      .map((t) => operations[t.i]!)
  }

  // Where we have been. A place is: the next return to come, the state, and which of the operations called before that
  // return are still to go (all that returned earlier are gone, all called later are still to go), and which are hidden.
  // That is the whole truth about the place, so that two places never meet in one key.
  const visited = new Set<string>()
  const key = new Uint16Array(5 + Math.ceil(slots / 8))
  const placeKey = (nextReturn: number): string => {
    key.fill(0)
    key[0] = nextReturn
    key[1] = nextReturn >>> 16
    key[2] = state
    key[3] = state >>> 16
    key[4] = needsUse ? 1 : 0
    for (let e = following[0]!; e !== nextReturn; e = following[e]!) {
      const i = events[e]!
      key[5 + (slot[i]! >> 3)]! |= (hiddenBy[i] === -1 ? 1 : 3) << (2 * (slot[i]! & 7))
    }
    return String.fromCharCode.apply(null, key as unknown as Array<number>)
  }

  const frames: Array<Frame> = []

  /** Takes what is free, and opens a choice point unless this is a dead end (or the goal). */
  const enter = (): "goal" | "dead end" | "open" => {
    const before = trail.length
    let e = following[0]!
    while (isCall(e)) {
      const i = events[e]!
      if (effects[i] === "reads" && next(state, i) !== NOT_ALLOWED) {
        const back = preceding[e]!
        lift(i, "lift")
        needsUse = false
        e = following[back]!
      } else e = following[e]!
    }
    if (left === 0) return "goal"
    const blocking = events[e]!
    const choices = choicesBefore(e, blocking)
    if (choices.length > 0) {
      const place = placeKey(e)
      if (!visited.has(place)) {
        visited.add(place)
        frames.push({ before, after: trail.length, state, blocking, choices })
        return "open"
      }
    }
    undo(before)
    return "dead end"
  }

  /** The operations that may go now, the most promising last. */
  const choicesBefore = (nextReturn: number, blocking: number): Array<number> => {
    const isHidden = hiddenBy[blocking] !== -1
    // Nothing is lost with a hidden write that nobody reads.
    if (isHidden && !needsUse && makes[blocking] === UNSEEN) return [~blocking]
    const best = new Map<number, number>()
    for (let e = following[0]!; e !== nextReturn; e = following[e]!) {
      const i = events[e]!
      const effect = effects[i]
      if (effect === "reads") continue
      const after = next(state, i)
      if (after === NOT_ALLOWED) continue
      if (effect === "overwrites" && needsUse) continue
      if (after !== state && leavesBehind(i)) continue
      if (i !== blocking) {
        if (after === UNSEEN && effect !== "depends") continue
        if (after === state && returnAt[i] === 0 && effect !== "overwrites") continue
      }
      const twin = 2 * kinds[i]! + (hiddenBy[i] === -1 ? 0 : 1)
      const other = best.get(twin)
      if (other === undefined || returns(i) < returns(other)) best.set(twin, i)
    }
    const choices = [...best.values()]
    if (isHidden && !needsUse && !isLastHope(blocking)) choices.push(~blocking)
    if (choices.length < 2) return choices
    const rank = new Map(choices.map((c) => [c, rankOf(c, blocking)]))
    return choices.sort((a, b) => rank.get(b)! - rank.get(a)! || returns(b < 0 ? ~b : b) - returns(a < 0 ? ~a : a))
  }

  /** Would somebody want the state in vain, once `i` has gone to another? */
  const leavesBehind = (i: number): boolean =>
    !makers.get(state) && wantedBy(state) > (wants[i] === state && returnAt[i] !== 0 ? 1 : 0)

  /** Would somebody want what `i` makes in vain, were `i` dropped? */
  const isLastHope = (i: number): boolean => makes[i] !== state && makers.get(makes[i]!) === 1 && wantedBy(makes[i]!) > 0

  const rankOf = (choice: number, blocking: number): number => {
    if (choice < 0) return 3
    const known = returnAt[choice] !== 0
    const after = next(state, choice)
    if (choice === blocking) return after === UNSEEN ? 5 : 0
    if (next(after, blocking) !== NOT_ALLOWED && next(state, blocking) === NOT_ALLOWED) return known ? 1 : 2
    return known ? 4 : 6
  }

  /** Takes a choice of the frame on top. */
  const take = (choice: number, blocking: number) => {
    if (choice < 0) {
      lift(~choice, "drop")
      needsUse = false
      return
    }
    if (effects[choice] === "overwrites") {
      for (let e = following[0]!; isCall(e); e = following[e]!) {
        const i = events[e]!
        const mayHide = effects[i] === "overwrites" || effects[i] === "blind"
        if (i !== choice && mayHide && hiddenBy[i] === -1 && returnAt[i] !== 0) hide(i, choice)
      }
    }
    state = next(state, choice)
    needsUse = returnAt[choice] === 0 || (effects[choice] === "overwrites" && choice !== blocking)
    lift(choice, "lift")
  }

  let at = enter()
  while (at !== "goal") {
    const frame = frames.at(-1)
    if (frame === undefined) return { verdict: "illegal", nodes: visited.size }
    undo(frame.after)
    const choice = frame.choices.pop()
    if (choice === undefined) {
      frames.pop()
      undo(frame.before)
      continue
    }
    if (visited.size >= budget.nodes) return { verdict: "unknown", reason: "nodes", nodes: visited.size }
    if ((visited.size & 255) === 0) {
      if (performance.now() > budget.deadline) return { verdict: "unknown", reason: "time", nodes: visited.size }
      if (visited.size * (64 + 2 * key.length) + problem.bytes() > budget.bytes) {
        return { verdict: "unknown", reason: "memory", nodes: visited.size }
      }
    }
    state = frame.state
    take(choice, frame.blocking)
    at = enter()
    const isClosed = onlyReadsAndWrites && !needsUse && wantedBy(frame.state) === 0 && wantedBy(state) === 0
    if (at === "open" && choice >= 0 && isClosed) frame.choices.length = 0
  }
  return { verdict: "ok", order: order(), nodes: visited.size }
}
