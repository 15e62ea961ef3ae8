// Is there an order? Depth-first, for any model: Wing & Gong (1993) with the memory of Lowe (2017), and what a model says
// of its operations: reads go as soon as they are allowed; of operations of one kind the one that returns first goes
// first; one of unknown outcome goes only where it changes something, and of a kind the earliest.
//
// A place that failed is remembered exactly: the first return to come, the state, and which of the operations open there
// have not gone yet.
import { eventsOf } from "./breadth.ts"
import { NOT_ALLOWED, saysNothing } from "./machine.ts"
import type { Machine } from "./machine.ts"
import { Memory } from "./Memory.ts"
import { OPEN } from "./Procedure.ts"
import type { Found, Part } from "./Procedure.ts"

interface Frame {
  /** How much of the trail there was before the reads went, and after. */
  readonly before: number
  readonly after: number
  readonly state: number
  readonly first: number
  /** What is left to try, the best last. */
  readonly choices: Array<number>
}

/** Searches for an order in small steps, yielding between them. `kinds` are those of the part's operations. */
export function* depthFirstSteps(part: Part, kinds: Int32Array, machine: Machine, bytes: number): Generator<void, Found> {
  const { calls, returns } = part
  const n = calls.length
  // Operations with a return lie in a doubly linked list of events, from 0 to `end`; the others by kind and call.
  const events = [0, ...Array.from(eventsOf(part)).filter((event) => event < 0 || returns[event] !== OPEN), -1 - n]
  const end = events.length - 1
  const following = Int32Array.from(events, (_, e) => e + 1)
  const preceding = Int32Array.from(events, (_, e) => e - 1)
  const callAt = new Int32Array(n)
  const returnAt = new Int32Array(n)
  for (let e = 1; e < end; e++) {
    if (events[e]! >= 0) callAt[events[e]!] = e
    else returnAt[~events[e]!] = e
  }
  const unknown = Map.groupBy(
    Array.from(calls.keys()).filter((i) => returns[i] === OPEN && !saysNothing(machine, part, kinds, i)),
    (i) => kinds[i]!
  )
  const used = new Map(Array.from(unknown.keys(), (kind) => [kind, 0]))

  const trail: Array<number> = []
  let left = (end - 1) / 2
  let state = machine.init
  const go = (i: number) => {
    trail.push(i)
    if (returns[i] === OPEN) {
      used.set(kinds[i]!, used.get(kinds[i]!)! + 1)
      return
    }
    left--
    for (const e of [callAt[i]!, returnAt[i]!]) {
      following[preceding[e]!] = following[e]!
      preceding[following[e]!] = preceding[e]!
    }
  }
  const undo = (length: number) => {
    while (trail.length > length) {
      const i = trail.pop()!
      if (returns[i] === OPEN) {
        used.set(kinds[i]!, used.get(kinds[i]!)! - 1)
        continue
      }
      left++
      for (const e of [returnAt[i]!, callAt[i]!]) {
        following[preceding[e]!] = e
        preceding[following[e]!] = e
      }
    }
  }

  const memory = new Memory(bytes)
  let key = new Int32Array(64)
  const place = (first: number): number => {
    let length = 0
    const put = (value: number) => {
      if (length === key.length) key = Int32Array.from({ length: 2 * length }, (_, k) => key[k] ?? 0)
      key[length++] = value
    }
    put(first)
    put(state)
    for (let e = following[0]!; e !== first; e = following[e]!) put(events[e]!)
    for (const [kind, count] of used) {
      if (count === 0) continue
      put(-1 - kind)
      put(count)
    }
    return length
  }

  /** What may go now, the best last: what has to go, then what returns early, then what may never have happened. */
  const choicesAt = (first: number): Array<number> => {
    const best = new Map<number, number>()
    for (let e = following[0]!; e !== first; e = following[e]!) {
      const i = events[e]!
      const other = best.get(kinds[i]!)
      if ((other === undefined || returns[i]! < returns[other]!) && machine.next(state, kinds[i]!) !== NOT_ALLOWED) best.set(kinds[i]!, i)
    }
    const now = returns[~events[first]!]!
    for (const [kind, ofKind] of unknown) {
      const i = ofKind[used.get(kind)!]
      if (i === undefined || calls[i]! > now || best.has(kind)) continue
      const to = machine.next(state, kind)
      if (to !== NOT_ALLOWED && to !== state) best.set(kind, i)
    }
    return [...best.values()].sort((x, y) => returns[y]! - returns[x]!)
  }

  const frames: Array<Frame> = []
  for (;;) {
    // Forward: reads that may go, then a choice.
    const before = trail.length
    let first = following[0]!
    while (events[first]! >= 0) {
      const i = events[first]!
      const next = following[first]!
      if (machine.reads(kinds[i]!) && machine.next(state, kinds[i]!) !== NOT_ALLOWED) {
        const back = preceding[first]!
        go(i)
        first = following[back]!
      } else first = next
    }
    if (left === 0) return { verdict: "ok", order: Int32Array.from(trail) }
    if (memory.count === 0 || !memory.has(key, place(first))) {
      frames.push({ before, after: trail.length, state, first, choices: choicesAt(first) })
    } else undo(before)
    // Back, to where something is left to try.
    for (;;) {
      const frame = frames.at(-1)
      if (frame === undefined) return { verdict: "illegal" }
      undo(frame.after)
      state = frame.state
      const choice = frame.choices.pop()
      if (choice !== undefined) {
        state = machine.next(state, kinds[choice]!)
        go(choice)
        break
      }
      if (!memory.add(key, place(frame.first))) return { verdict: "unknown", reason: "memory" }
      undo(frame.before)
      frames.pop()
    }
    if (machine.bytes > bytes) return { verdict: "unknown", reason: "memory" }
    yield
  }
}
