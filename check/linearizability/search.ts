// Cells of any values: NP-complete, so a search. Depth-first over orders, as Wing & Gong (1993) with the memory of Lowe
// (2017), and with reductions that leave out orders which cannot matter:
//
// - Eager reads: a read or failed swap that is allowed now goes now. It changes nothing, so nothing is lost.
// - One dead value: values that no operation sees into are one. (An appended string is dead when it is no beginning of
//   a string that somebody sees into.)
// - Twins: of operations that do the same, only the one that returns first is tried; those of unknown outcome last.
// - Hidden writes: when a write goes, every other open write or append could have gone just before it, unnoticed. Such
//   an operation is marked hidden, and may simply be dropped when its time runs out. So no subsets of writes that
//   nobody reads are ever tried. A delete that found something hides them, too: whatever they leave, it finds it.
// - Used at once: a write that need not go yet, or anything of unknown outcome, goes only for somebody's sake: what
//   follows must be allowed by it, and not be another write.
// - Nothing left behind: a value that somebody still needs, and that nobody can make again, is not left.
//
// A place that failed is remembered exactly: its first return to come, the value, and which of the operations open there
// have not gone yet, each with its mark. It is remembered only when it has failed: while there is an order to follow,
// nothing is.
import { Kind } from "./Cell.ts"
import type { Cell, Cells } from "./Cell.ts"
import { Memory } from "./Memory.ts"
import { OPEN } from "./Procedure.ts"
import type { Budget, Found } from "./Procedure.ts"

/** The number of all values that nobody sees into. */
const DEAD = 0
const NONE = -1

/** The procedure for any cell of a history. */
export const search = ({ text }: Cells) => (cell: Cell, budget: Budget): Found => {
  const problem = prepare(cell, text)
  return "verdict" in problem ? problem : explore(problem, budget)
}

/** A cell's operations with values numbered anew, from those that somebody sees into. */
interface Problem {
  readonly n: number
  readonly at: Int32Array
  readonly kind: Uint8Array
  readonly a: Int32Array
  readonly b: Int32Array
  readonly calls: Int32Array
  readonly returns: Int32Array
  /** Operations of one class are twins. */
  readonly classes: Int32Array
  readonly classCount: number
  readonly init: number
  readonly valueCount: () => number
  /** The value after appending piece `b`. */
  readonly append: (value: number, piece: number) => number
  readonly hasAppends: boolean
}

const prepare = (cell: Cell, text: Cells["text"]): Problem | Found => {
  const { at, kinds } = cell
  const hasAppends = (kinds & (1 << Kind.APPEND)) !== 0
  const seesMuch = (kinds & ((1 << Kind.NOT) | (1 << Kind.CHANGE))) !== 0
  const numbers = new Map<number, number>()
  const seen = (value: number) => {
    if (!numbers.has(value)) numbers.set(value, numbers.size + 1)
  }
  const n0 = cell.n
  for (let i = 0; i < n0; i++) {
    const k = cell.kind[i]
    if (k === Kind.READ || k === Kind.NOT || k === Kind.SWAP) seen(cell.a[i]!)
    else if (k === Kind.CHANGE) seen(cell.b[i]!)
  }
  const strings = hasAppends ? growing(numbers, cell, text!) : undefined
  const valueOf = (value: number): number => (strings === undefined ? (numbers.get(value) ?? DEAD) : strings.valueOf(value))

  const kind = new Uint8Array(n0)
  const a = new Int32Array(n0)
  const b = new Int32Array(n0)
  const places = new Int32Array(n0)
  const calls = new Int32Array(n0)
  const returns = new Int32Array(n0)
  const classes = new Int32Array(n0)
  const classNumbers = new Map<number, number>()
  let n = 0
  for (let i = 0; i < n0; i++) {
    const k = cell.kind[i]!
    const to = k === Kind.APPEND ? cell.b[i]! : k === Kind.READ || k === Kind.NOT ? DEAD : valueOf(cell.b[i]!)
    // Nobody can tell it from one that never happened.
    if (cell.returns[i] === OPEN && k !== Kind.APPEND && to === DEAD && !seesMuch) continue
    kind[n] = k
    a[n] = k === Kind.READ || k === Kind.NOT || k === Kind.SWAP ? numbers.get(cell.a[i]!)! : DEAD
    b[n] = to
    places[n] = at[i]!
    calls[n] = cell.calls[i]!
    returns[n] = cell.returns[i]!
    if (k !== Kind.READ && k !== Kind.NOT) {
      const name = (k * 0x800000 + a[n]!) * 0x800000 + to
      const known = classNumbers.get(name)
      classes[n] = known ?? classNumbers.size
      if (known === undefined) classNumbers.set(name, classNumbers.size)
    }
    n++
  }
  return {
    n,
    at: places,
    kind,
    a,
    b,
    calls,
    returns,
    classes,
    classCount: classNumbers.size,
    init: valueOf(cell.init),
    valueCount: () => (strings === undefined ? numbers.size + 1 : strings.count()),
    append: strings === undefined ? (value) => value : strings.append,
    hasAppends
  }
}

/** Strings as values: those that somebody sees into, and their beginnings as far as they come up. */
const growing = (seen: ReadonlyMap<number, number>, { init }: Cell, text: NonNullable<Cells["text"]>) => {
  const strings: Array<string | null> = [""]
  const numbers = new Map<string, number>()
  for (const [value, number] of seen) {
    const string = text(value)
    strings[number] = string
    if (string !== null) numbers.set(string, number)
  }
  const sorted = [...numbers.keys()].sort()
  const isBeginning = (string: string): boolean => {
    let low = 0
    let high = sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (sorted[middle]! < string) low = middle + 1
      else high = middle
    }
    return low < sorted.length && sorted[low]!.startsWith(string)
  }
  const numberOf = (string: string): number => {
    const known = numbers.get(string)
    if (known !== undefined) return known
    const number = isBeginning(string) ? strings.push(string) - 1 : DEAD
    numbers.set(string, number)
    return number
  }
  const results = new Map<number, number>()
  return {
    count: () => strings.length,
    valueOf: (value: number): number => {
      const string = text(value)
      return seen.get(value) ?? (string === null ? strings.push(null) - 1 : numberOf(string))
    },
    append: (value: number, piece: number): number => {
      if (value === DEAD) return DEAD
      const name = value * 0x800000 + piece
      const known = results.get(name)
      if (known !== undefined) return known
      const number = numberOf((strings[value] ?? "") + text(piece)!)
      results.set(name, number)
      return number
    }
  }
}

const explore = (problem: Problem, budget: Budget): Found => {
  const { a, append, at, b, calls, classCount, classes, hasAppends, init, kind, n, returns } = problem

  // Events of the operations with a return, as a doubly linked list from 0 to `end`: `i` for the call of operation i,
  // `~i` for its return. Ranks are theirs in the part, so some are not there.
  let lastRank = -1
  let left = 0
  for (let i = 0; i < n; i++) {
    if (returns[i] === OPEN) continue
    left++
    if (returns[i]! > lastRank) lastRank = returns[i]!
  }
  const byRank = new Int32Array(lastRank + 1).fill(OPEN)
  for (let i = 0; i < n; i++) {
    if (returns[i] === OPEN) continue
    byRank[calls[i]!] = i
    byRank[returns[i]!] = ~i
  }
  const end = 2 * left + 1
  const events = new Int32Array(end + 1)
  const callAt = new Int32Array(n)
  const returnAt = new Int32Array(n)
  const slots = new Int32Array(n)
  const free: Array<number> = []
  let slotCount = 0
  let e = 0
  for (let rank = 0; rank <= lastRank; rank++) {
    const i = byRank[rank]!
    if (i === OPEN) continue
    events[++e] = i
    if (i < 0) {
      returnAt[~i] = e
      free.push(slots[~i]!)
    } else {
      callAt[i] = e
      slots[i] = free.pop() ?? slotCount++
    }
  }
  const words = (slotCount + 31) >> 5
  const following = new Int32Array(end + 1)
  const preceding = new Int32Array(end + 1)
  for (let k = 0; k <= end; k++) {
    following[k] = k + 1
    preceding[k] = k - 1
  }

  // Operations of unknown outcome, by class and then by call: of a class the earliest unused one is as good as any.
  const openFrom = new Int32Array(classCount + 1)
  for (let i = 0; i < n; i++) if (returns[i] === OPEN) openFrom[classes[i]! + 1]!++
  for (let c = 0; c < classCount; c++) openFrom[c + 1]! += openFrom[c]!
  const openOnes = new Int32Array(openFrom[classCount]!)
  const openNext = openFrom.slice(0, classCount)
  for (let i = 0; i < n; i++) if (returns[i] === OPEN) openOnes[openNext[classes[i]!]!++] = i
  for (let c = 0; c < classCount; c++) openNext[c] = openFrom[c]!
  const openClasses: Array<number> = []
  for (let c = 0; c < classCount; c++) if (openFrom[c + 1]! > openFrom[c]!) openClasses.push(c)
  openClasses.sort((x, y) => calls[openOnes[openFrom[x]!]!]! - calls[openOnes[openFrom[y]!]!]!)

  // Of the operations still to go: how many need each value, and how many can make it.
  const needed = new Int32Array(hasAppends ? 0 : problem.valueCount())
  const makers = new Int32Array(needed.length)
  if (!hasAppends) {
    for (let i = 0; i < n; i++) {
      const k = kind[i]
      if ((k === Kind.READ || k === Kind.SWAP) && returns[i] !== OPEN) needed[a[i]!]!++
      if (k !== Kind.READ && k !== Kind.NOT) makers[b[i]!]!++
    }
    for (let i = 0; i < n; i++) {
      if (kind[i] !== Kind.READ || a[i] === init || makers[a[i]!]! > 0) continue
      return { verdict: "illegal", evidence: { operations: [at[i]!], reason: `#${at[i]} saw a value that nobody made` } }
    }
  }
  const count = (i: number, by: 1 | -1) => {
    const k = kind[i]
    if ((k === Kind.READ || k === Kind.SWAP) && returns[i] !== OPEN) needed[a[i]!]! += by
    if (k !== Kind.READ && k !== Kind.NOT) makers[b[i]!]! += by
  }

  // What was done, to be undone: 4i for an operation that went, 4i + 1 for one that was dropped, 4i + 2 for one that was
  // marked hidden.
  const trail = new Int32Array(2 * n)
  let trailLength = 0
  const hidden = new Uint8Array(n)
  const remove = (i: number, how: 0 | 1) => {
    if (!hasAppends) count(i, -1)
    trail[trailLength++] = 4 * i + how
    if (returns[i] === OPEN) {
      openNext[classes[i]!]!++
      return
    }
    left--
    const c = callAt[i]!
    const r = returnAt[i]!
    following[preceding[c]!] = following[c]!
    preceding[following[c]!] = preceding[c]!
    following[preceding[r]!] = following[r]!
    preceding[following[r]!] = preceding[r]!
  }
  const undo = (length: number) => {
    while (trailLength > length) {
      const did = trail[--trailLength]!
      const i = did >> 2
      if ((did & 2) !== 0) {
        hidden[i] = 0
        continue
      }
      if (!hasAppends) count(i, 1)
      if (returns[i] === OPEN) {
        openNext[classes[i]!]!--
        continue
      }
      left++
      const c = callAt[i]!
      const r = returnAt[i]!
      following[preceding[r]!] = r
      preceding[following[r]!] = r
      following[preceding[c]!] = c
      preceding[following[c]!] = c
    }
  }

  let state = init
  let needsUse = false
  const memory = new Memory(budget.bytes)
  const key = new Int32Array(2 + 2 * words + 2 * openClasses.length)
  /** Writes the place where the search is to `key`; answers its length. `first` is the first return to come. */
  const place = (first: number): number => {
    key[0] = first
    key[1] = 2 * state + (needsUse ? 1 : 0)
    const length = 2 + 2 * words
    key.fill(0, 2, length)
    for (let k = following[0]!; k !== first; k = following[k]!) {
      const i = events[k]!
      const slot = slots[i]!
      const word = 2 + (slot >> 5)
      key[word]! |= 1 << slot
      if (hidden[i] === 1) key[word + words]! |= 1 << slot
    }
    let l = length
    for (const c of openClasses) {
      const used = openNext[c]! - openFrom[c]!
      if (used === 0) continue
      key[l++] = c
      key[l++] = used
    }
    return l
  }

  // Choice points, and for each what is left to try: an operation, or ~i to drop the hidden operation i; the best last.
  let choices = new Int32Array(256)
  let scores = new Float64Array(256)
  let choiceCount = 0
  let frames = new Int32Array(6 * 64)
  let frameCount = 0
  const bestOfClass = new Int32Array(2 * classCount).fill(NONE)
  const usedClasses = new Int32Array(2 * classCount)

  /** The value after `i`, or NONE if it is not allowed. */
  const after = (value: number, i: number): number => {
    switch (kind[i]) {
      case Kind.READ:
        return a[i] === value ? value : NONE
      case Kind.NOT:
        return a[i] !== value ? value : NONE
      case Kind.WRITE:
        return b[i]!
      case Kind.SWAP:
        return a[i] === value ? b[i]! : NONE
      case Kind.CHANGE:
        return b[i] !== value ? b[i]! : NONE
      default:
        return append(value, b[i]!)
    }
  }

  /** Would somebody need the value in vain once `i` has gone to another? */
  const leavesBehind = (i: number): boolean =>
    !hasAppends && makers[state] === 0 && needed[state]! > (kind[i] === Kind.SWAP && returns[i] !== OPEN ? 1 : 0)

  const avoided = new Uint8Array(problem.valueCount())
  for (let i = 0; i < n; i++) {
    if (kind[i] === Kind.NOT) avoided[a[i]!] = 1
    else if (kind[i] === Kind.CHANGE) avoided[b[i]!] = 1
  }
  /** Is there an operation that must not meet the value? */
  const isAvoided = (value: number): boolean => avoided[value] === 1

  /** May `i`, which is a change, go now, if `blocking` has to go first of all? */
  const mayGo = (i: number, blocking: number): boolean => {
    const to = after(state, i)
    if (to === NONE) return false
    const isBlind = kind[i] === Kind.WRITE || kind[i] === Kind.APPEND
    if (needsUse && kind[i] === Kind.WRITE) return false
    // What makes a value that nobody sees goes when it must, or when that gets away from a value somebody must not meet.
    if (isBlind && to === DEAD && (needsUse || i !== blocking) && !isAvoided(state)) return false
    // It may as well be dropped.
    if (kind[i] === Kind.APPEND && state === DEAD && hidden[i] === 1) return false
    return to === state || !leavesBehind(i)
  }

  const offer = (i: number) => {
    const c = 2 * classes[i]! + (kind[i] === Kind.APPEND ? hidden[i]! : 0)
    const other = bestOfClass[c]!
    if (other === NONE) {
      bestOfClass[c] = i
      usedClasses[usedCount++] = c
    } else if (returns[i]! < returns[other]!) bestOfClass[c] = i
  }
  let usedCount = 0

  /** Lets reads go, and opens a choice point unless this is the goal or a dead end. */
  const enter = (): "goal" | "dead end" | "open" => {
    const before = trailLength
    let k = following[0]!
    while (events[k]! >= 0 && k !== end) {
      const i = events[k]!
      const isAllowed = kind[i] === Kind.READ ? a[i] === state : kind[i] === Kind.NOT && a[i] !== state
      if (isAllowed) {
        const back = preceding[k]!
        remove(i, 0)
        needsUse = false
        k = following[back]!
      } else k = following[k]!
    }
    if (left === 0) return "goal"
    const first = k
    const blocking = ~events[first]!

    if (memory.count > 0 && memory.has(key, place(first))) {
      undo(before)
      return "dead end"
    }
    if (!hasAppends && needs(blocking) && a[blocking] !== state && !isInReach(a[blocking]!, first)) {
      undo(before)
      return "dead end"
    }
    usedCount = 0
    for (k = following[0]!; k !== first; k = following[k]!) {
      const i = events[k]!
      if (kind[i] !== Kind.READ && kind[i] !== Kind.NOT && mayGo(i, blocking)) offer(i)
    }
    const now = returns[blocking]!
    for (const c of openClasses) {
      const next = openNext[c]!
      if (calls[openOnes[openFrom[c]!]!]! > now) break
      if (next === openFrom[c + 1]) continue
      const i = openOnes[next]!
      if (calls[i]! < now && mayGo(i, blocking)) offer(i)
    }

    const from = choiceCount
    if (choiceCount + usedCount + 1 > choices.length) {
      choices = grown(choices, 2 * choices.length + usedCount)
      scores = grown(scores, choices.length)
    }
    if (hidden[blocking] === 1 && !needsUse && !isLastHope(blocking)) choose(~blocking, 2.5, from)
    for (let u = 0; u < usedCount; u++) {
      const c = usedClasses[u]!
      const i = bestOfClass[c]!
      bestOfClass[c] = NONE
      choose(i, score(i, blocking), from)
    }
    if (choiceCount === from) {
      undo(before)
      return "dead end"
    }
    if (6 * frameCount + 6 > frames.length) frames = grown(frames, 2 * frames.length)
    const frame = 6 * frameCount++
    frames[frame] = before
    frames[frame + 1] = trailLength
    frames[frame + 2] = state
    frames[frame + 3] = needsUse ? 1 : 0
    frames[frame + 4] = from
    frames[frame + 5] = first
    return "open"
  }

  /** Does `i` need one particular value? */
  const needs = (i: number): boolean => kind[i] === Kind.READ || kind[i] === Kind.SWAP

  // Values from which the one that `isInReach` asks for can be reached.
  const reaching = new Int32Array(needed.length)
  let reachingStamp = 0
  /** Can what is open before the return `first` make the value? Each operation counts as often as it helps. */
  const isInReach = (value: number, first: number): boolean => {
    reaching[value] = ++reachingStamp
    const now = returns[~events[first]!]!
    for (let more = true; more; ) {
      more = false
      const consider = (i: number): boolean => {
        if (reaching[b[i]!] !== reachingStamp) return false
        if (kind[i] !== Kind.SWAP) return true
        if (reaching[a[i]!] === reachingStamp) return false
        reaching[a[i]!] = reachingStamp
        more = true
        return a[i] === state
      }
      for (let k = following[0]!; k !== first; k = following[k]!) {
        const i = events[k]!
        if (kind[i] !== Kind.READ && kind[i] !== Kind.NOT && consider(i)) return true
      }
      for (const c of openClasses) {
        const next = openNext[c]!
        if (next < openFrom[c + 1]! && calls[openOnes[next]!]! < now && consider(openOnes[next]!)) return true
      }
    }
    return false
  }

  /** Would somebody need in vain what `i` makes, were it dropped? */
  const isLastHope = (i: number): boolean =>
    !hasAppends && kind[i] === Kind.WRITE && b[i] !== state && makers[b[i]!] === 1 && needed[b[i]!]! > 0

  /**
   * The lower, the sooner: what has to go; then what lets that go; then the others. But before a write come swaps, which
   * for once cost nothing: the value they need is about to be lost.
   */
  const score = (i: number, blocking: number): number => {
    const to = after(state, i)
    if (i === blocking) return (kind[i] === Kind.WRITE || kind[i] === Kind.APPEND) && to === DEAD ? 3.5 : 0
    if (kind[i] === Kind.APPEND) return 0.5
    const helps = needs(blocking) && a[blocking] === to
    if (returns[i] === OPEN) return helps ? 2 : 4
    if (helps) return 1
    return kind[i] !== Kind.SWAP ? 3 : kind[blocking] === Kind.WRITE ? -1 : 2.9
  }

  /** Sorts a choice in among those since `from`: high scores and late returns first. */
  const choose = (choice: number, score: number, from: number) => {
    const late = choice < 0 ? 0 : returns[choice]!
    let k = choiceCount++
    for (; k > from; k--) {
      const other = choices[k - 1]!
      if (scores[k - 1]! > score || (scores[k - 1] === score && (other < 0 ? 0 : returns[other]!) > late)) break
      choices[k] = other
      scores[k] = scores[k - 1]!
    }
    choices[k] = choice
    scores[k] = score
  }

  const take = (choice: number, blocking: number) => {
    if (choice < 0) {
      remove(~choice, 1)
      needsUse = false
      return
    }
    const k = kind[choice]
    if (k === Kind.WRITE || k === Kind.CHANGE) {
      for (let e = following[0]!; events[e]! >= 0 && e !== end; e = following[e]!) {
        const i = events[e]!
        const mayHide = kind[i] === Kind.APPEND || (kind[i] === Kind.WRITE && (k === Kind.WRITE || b[i] !== b[choice]))
        if (i !== choice && hidden[i] === 0 && mayHide) {
          hidden[i] = 1
          trail[trailLength++] = 4 * i + 2
        }
      }
    }
    state = after(state, choice)
    needsUse = returns[choice] === OPEN || (k === Kind.WRITE && choice !== blocking)
    remove(choice, 0)
  }

  let steps = 0
  let entered = enter()
  while (entered !== "goal") {
    if (frameCount === 0) return { verdict: "illegal" }
    const frame = 6 * (frameCount - 1)
    undo(frames[frame + 1]!)
    state = frames[frame + 2]!
    needsUse = frames[frame + 3] === 1
    if (choiceCount === frames[frame + 4]) {
      if (!memory.add(key, place(frames[frame + 5]!))) return { verdict: "unknown", reason: "memory" }
      frameCount--
      undo(frames[frame]!)
      continue
    }
    if ((++steps & 1023) === 0 && performance.now() > budget.deadline) return { verdict: "unknown", reason: "time" }
    take(choices[--choiceCount]!, ~events[frames[frame + 5]!]!)
    entered = enter()
  }
  return { verdict: "ok", order: finalOrder() }

  /** The order that was found: what went, and what was dropped just before the write that hides it. */
  function finalOrder(): Int32Array {
    const dropped = new Uint8Array(n)
    for (let k = 0; k < trailLength; k++) if ((trail[k]! & 3) === 1) dropped[trail[k]! >> 2] = 1
    const order = new Int32Array(trailLength)
    let length = 0
    for (let k = 0; k < trailLength; k++) {
      const i = trail[k]! >> 2
      const how = trail[k]! & 3
      if (how === 0 || (how === 2 && dropped[i] === 1)) order[length++] = at[i]!
    }
    return order.subarray(0, length)
  }
}

const grown = <A extends Int32Array | Float64Array>(array: A, length: number): A => {
  const larger = new (array.constructor as new (length: number) => A)(length)
  larger.set(array)
  return larger
}
