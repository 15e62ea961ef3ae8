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
// - Out of reach: where what has to go next needs a value that the open operations cannot make, there is nothing to try.
//
// - Other guesses: where the search has not got further for long, it goes back a bit, and prefers other operations. A hard
//   spot is mostly due to one bad guess long before, which going back step by step finds last.
//
// A place that failed is remembered exactly: its first return to come, the value, and which of the operations open there
// have not gone yet, each with its mark. It is remembered only when it has failed, and choices are listed only when the
// best one has: as long as the first guess is right, a step is one look at the open operations. What is remembered stays
// true whatever is preferred, so with other guesses nothing is searched twice to its end.
import { int32Arrays, longer, NO_INTEGERS } from "../arrays.ts"
import { Kind } from "./Cell.ts"
import type { Cell, Cells } from "./Cell.ts"
import { Memory } from "./Memory.ts"
import { OPEN } from "./Procedure.ts"
import type { Found } from "./Procedure.ts"
import { strings } from "./strings.ts"
import type { Strings } from "./strings.ts"

/** The number of all values that nobody sees into. */
export const DEAD = 0
const NONE = -1
/** Of a choice point: the lengths of the trail before and after its reads went, value, whether it needs use, where its
 * choices begin (NONE: not listed yet), its first return, and the choice that was tried first. */
const FRAME = 7
/** Larger than any of its kind: names of pairs are made with it. */
const MANY = 0x800000
/** So many steps without getting further are for long; each further attempt at a spot may take that many times more. */
const PATIENCE = 200
const MORE_PATIENCE = 1.4
/** So many events the search goes back then, times the number of the attempt. */
const BACK = 96
/** How much preferences may change. */
const NOISE = 8

/** Searches for an order of any cell of a history, in small steps. It overwrites the cell, and searches one at a time. */
export const search = ({ texts, values }: Cells) => {
  const text = (value: number): string | null => texts!.json(value) as string | null
  // Numbers of values that somebody sees into, where `numbered` has the number of the cell.
  const [numbers, numbered] = int32Arrays(values, values)
  let cellNumber = 0

  // The operations of the cell, with values numbered anew.
  let n = 0
  let kind: Uint8Array = new Uint8Array(0)
  let a: Int32Array = NO_INTEGERS
  let b: Int32Array = NO_INTEGERS
  let calls: Int32Array = NO_INTEGERS
  let returns: Int32Array = NO_INTEGERS
  /** Operations of one class are twins. */
  let classes = NO_INTEGERS
  let classCount = 0
  const classNumbers = new Map<number, number>()
  let valueCount = 0
  /** Where there are appends. */
  let grown: Strings | undefined
  /** Is there an operation that must not meet a certain value? */
  let avoids = false

  /** Numbers values and classes, and leaves out what nobody could tell from what never happened. */
  const prepare = (cell: Cell): number => {
    ;({ a, b, calls, kind, returns } = cell)
    const { at, kinds } = cell
    cellNumber++
    valueCount = 1
    const seen: Array<number> = []
    for (let i = 0; i < cell.n; i++) {
      const k = kind[i]
      if (k === Kind.WRITE || k === Kind.APPEND) continue
      const value = k === Kind.CHANGE ? b[i]! : a[i]!
      if (numbered[value] === cellNumber) continue
      numbered[value] = cellNumber
      numbers[value] = valueCount++
      seen.push(value)
    }
    grown = (kinds & (1 << Kind.APPEND)) === 0 ? undefined : strings(seen, values, text)
    avoids = (kinds & ((1 << Kind.NOT) | (1 << Kind.CHANGE))) !== 0
    const numberOf = (value: number): number =>
      numbered[value] === cellNumber ? numbers[value]! : grown === undefined ? DEAD : grown.numberOf(value)

    const init = numberOf(cell.init)
    classNumbers.clear()
    if (classes.length < cell.n) classes = new Int32Array(2 * cell.n)
    n = 0
    for (let i = 0; i < cell.n; i++) {
      const k = kind[i]!
      const isRead = k === Kind.READ || k === Kind.NOT
      const to = isRead ? DEAD : k === Kind.APPEND ? b[i]! : numberOf(b[i]!)
      if (returns[i] === OPEN && k !== Kind.APPEND && to === DEAD && !avoids) continue
      const from = isRead || k === Kind.SWAP ? numbers[a[i]!]! : DEAD
      if (!isRead) {
        const name = (k * MANY + from) * MANY + to
        let number = classNumbers.get(name)
        if (number === undefined) classNumbers.set(name, (number = classNumbers.size))
        classes[n] = number
      }
      at[n] = at[i]!
      kind[n] = k
      a[n] = from
      b[n] = to
      calls[n] = calls[i]!
      returns[n++] = returns[i]!
    }
    classCount = classNumbers.size
    return init
  }

  // The events of operations with a return, as a doubly linked list from 0 to `end`: `i` for the call of operation i,
  // `~i` for its return.
  let byRank = NO_INTEGERS
  let events = NO_INTEGERS
  let following = NO_INTEGERS
  let preceding = NO_INTEGERS
  let end = 0
  let callAt = NO_INTEGERS
  let returnAt = NO_INTEGERS
  /** Operations that are open at the same time have different slots. */
  let slots = NO_INTEGERS
  /** Bits for slots take so many words of a key. */
  let words = 0
  /** How many operations with a return are still to go. */
  let left = 0
  // Operations of unknown outcome, by class and then by call: of a class the earliest unused one is as good as any.
  let openOnes = NO_INTEGERS
  let openFrom = NO_INTEGERS
  let openNext = NO_INTEGERS
  let openClasses: Array<number> = []
  // Of the operations still to go: how many need each value, and how many can make it. Not counted where there are appends.
  let needed = NO_INTEGERS
  let makers = NO_INTEGERS
  let avoided = new Uint8Array(0)
  let reaching = NO_INTEGERS
  let reachingStamp = 0
  // What was done, to be undone: 4i for an operation that went, 4i + 1 for one that was dropped, 4i + 2 for one that was
  // marked hidden.
  let trail = NO_INTEGERS
  let trailLength = 0
  let hidden = new Uint8Array(0)
  let state = DEAD
  let needsUse = false
  /** The first return to come, at the furthest place so far; and which attempt to get further this is. */
  let furthest = 0
  let attempt = 0
  let memory = new Memory(0)
  let key = NO_INTEGERS
  // Choices of choice points: an operation, or ~i to drop the hidden operation i; the best last.
  let choices = NO_INTEGERS
  let scores = new Float64Array(0)
  let choiceCount = 0
  let frames = NO_INTEGERS
  let frameCount = 0
  let bestOfClass = NO_INTEGERS
  let usedClasses = NO_INTEGERS
  let usedCount = 0

  const enlarge = () => {
    const room = Math.max(64, 2 * n)
    ;[events, following, preceding, callAt, returnAt, slots, openOnes, openFrom, openNext, trail, bestOfClass, usedClasses] = int32Arrays(
      2 * room + 2,
      2 * room + 2,
      2 * room + 2,
      room,
      room,
      room,
      room,
      room + 1,
      room,
      2 * room,
      2 * room,
      2 * room
    )
    bestOfClass.fill(NONE)
    hidden = new Uint8Array(room)
  }

  /** Sets up the lists and counts. */
  const begin = (init: number, bytes: number) => {
    if (n > hidden.length) enlarge()
    let lastRank = -1
    left = 0
    for (let i = 0; i < n; i++) {
      hidden[i] = 0
      if (returns[i] === OPEN) continue
      left++
      if (returns[i]! > lastRank) lastRank = returns[i]!
    }
    if (lastRank >= byRank.length) byRank = new Int32Array(2 * lastRank + 2)
    byRank.fill(OPEN, 0, lastRank + 1)
    for (let i = 0; i < n; i++) {
      if (returns[i] === OPEN) continue
      byRank[calls[i]!] = i
      byRank[returns[i]!] = ~i
    }
    end = 2 * left + 1
    const free: Array<number> = []
    let slotCount = 0
    let e = 0
    for (let rank = 0; rank <= lastRank; rank++) {
      const i = byRank[rank]!
      if (i === OPEN) continue
      events[++e] = i
      following[e] = e + 1
      preceding[e] = e - 1
      if (i < 0) {
        returnAt[~i] = e
        free.push(slots[~i]!)
      } else {
        callAt[i] = e
        slots[i] = free.length === 0 ? slotCount++ : free.pop()!
      }
    }
    following[0] = 1
    preceding[end] = end - 1
    events[end] = ~n
    words = (slotCount + 31) >> 5

    openClasses = []
    if (left < n) {
      openFrom.fill(0, 0, classCount + 1)
      for (let i = 0; i < n; i++) if (returns[i] === OPEN) openFrom[classes[i]! + 1]!++
      for (let c = 0; c < classCount; c++) {
        if (openFrom[c + 1]! > 0) openClasses.push(c)
        openFrom[c + 1]! += openFrom[c]!
        openNext[c] = openFrom[c]!
      }
      for (let i = 0; i < n; i++) if (returns[i] === OPEN) openOnes[openNext[classes[i]!]!++] = i
      for (const c of openClasses) openNext[c] = openFrom[c]!
      openClasses.sort((x, y) => calls[openOnes[openFrom[x]!]!]! - calls[openOnes[openFrom[y]!]!]!)
    }

    if (valueCount > needed.length) {
      ;[needed, makers, reaching] = int32Arrays(2 * valueCount, 2 * valueCount, 2 * valueCount)
      avoided = new Uint8Array(2 * valueCount)
    }
    needed.fill(0, 0, valueCount)
    makers.fill(0, 0, valueCount)
    avoided.fill(0, 0, valueCount)
    for (let i = 0; i < n; i++) {
      const k = kind[i]
      if (k === Kind.NOT) avoided[a[i]!] = 1
      else if (k === Kind.CHANGE) avoided[b[i]!] = 1
      if (grown === undefined) count(i, 1)
    }

    trailLength = 0
    state = init
    needsUse = false
    memory = new Memory(bytes)
    if (key.length < 2 + 2 * words + 2 * openClasses.length) key = new Int32Array(4 + 4 * words + 4 * openClasses.length)
    choiceCount = 0
    frameCount = 0
  }

  /** Does `i` need one particular value? */
  const needs = (i: number): boolean => kind[i] === Kind.READ || kind[i] === Kind.SWAP

  const count = (i: number, by: 1 | -1) => {
    const k = kind[i]
    if ((k === Kind.READ || k === Kind.SWAP) && returns[i] !== OPEN) needed[a[i]!]! += by
    if (k !== Kind.READ && k !== Kind.NOT) makers[b[i]!]! += by
  }

  const remove = (i: number, how: 0 | 1) => {
    if (grown === undefined) count(i, -1)
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
      if (grown === undefined) count(i, 1)
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

  /** Writes the place where the search is to `key`; answers its length. `first` is the first return to come. */
  const place = (first: number): number => {
    key[0] = first
    key[1] = 2 * state + (needsUse ? 1 : 0)
    let length = 2 + 2 * words
    key.fill(0, 2, length)
    for (let e = following[0]!; e !== first; e = following[e]!) {
      const i = events[e]!
      const slot = slots[i]!
      const word = 2 + (slot >> 5)
      key[word]! |= 1 << slot
      if (hidden[i] === 1) key[word + words]! |= 1 << slot
    }
    for (const c of openClasses) {
      const used = openNext[c]! - openFrom[c]!
      if (used === 0) continue
      key[length++] = c
      key[length++] = used
    }
    return length
  }

  /** The value after `i`, or NONE if it is not allowed. */
  const after = (i: number): number => {
    switch (kind[i]) {
      case Kind.WRITE:
        return b[i]!
      case Kind.SWAP:
        return a[i] === state ? b[i]! : NONE
      case Kind.CHANGE:
        return b[i] !== state ? b[i]! : NONE
      case Kind.APPEND:
        return grown!.append(state, b[i]!)
      case Kind.READ:
        return a[i] === state ? state : NONE
      default:
        return a[i] !== state ? state : NONE
    }
  }

  /** Is there an operation that must not meet the value? */
  const isAvoided = (value: number): boolean => value < valueCount && avoided[value] === 1

  /** Would somebody need the value in vain once `i` has gone to another? */
  const leavesBehind = (i: number): boolean =>
    grown === undefined && makers[state] === 0 && needed[state]! > (kind[i] === Kind.SWAP && returns[i] !== OPEN ? 1 : 0)

  /** Would somebody need in vain what `i` makes, were it dropped? */
  const isLastHope = (i: number): boolean =>
    grown === undefined && kind[i] === Kind.WRITE && b[i] !== state && makers[b[i]!] === 1 && needed[b[i]!]! > 0

  /**
   * How good a choice is it to let `i`, which is a change, go now, where `blocking` has to go first of all? The lower, the
   * better: what has to go; then what lets that go; then the others. But before a write come swaps, which for once cost
   * nothing: the value they need is about to be lost. Infinity when it must not go.
   */
  const score = (i: number, blocking: number): number => {
    const to = after(i)
    if (to === NONE) return Infinity
    const k = kind[i]
    const isBlind = k === Kind.WRITE || k === Kind.APPEND
    if (needsUse && k === Kind.WRITE) return Infinity
    // What makes a value that nobody sees goes when it must, or when that gets away from a value somebody must not meet.
    // (An append long before: it gets away from all that the string could still become.)
    const getsAway = isAvoided(state) || (avoids && k === Kind.APPEND)
    if (isBlind && to === DEAD && (needsUse || i !== blocking) && !getsAway) return Infinity
    // It may as well be dropped.
    if (k === Kind.APPEND && state === DEAD && hidden[i] === 1) return Infinity
    if (to !== state && leavesBehind(i)) return Infinity

    if (i === blocking) return isBlind && to === DEAD ? 3.5 : 0
    if (k === Kind.APPEND) return 0.5
    const helps = needs(blocking) && a[blocking] === to
    const noise = attempt === 0 ? 0 : NOISE * (fraction(i, attempt) - 0.5)
    if (returns[i] === OPEN) return noise + (helps ? 2 : 4)
    if (helps) return noise + 1
    return noise + (k !== Kind.SWAP ? 3 : kind[blocking] === Kind.WRITE ? -1 : 2.9)
  }
  /** The score of dropping what is hidden. */
  const DROP = 2.5
  /** The best score of an operation of unknown outcome, unless preferences change. */
  const GUESS = 2

  const mayDrop = (blocking: number): boolean => hidden[blocking] === 1 && !needsUse && !isLastHope(blocking)

  /**
   * Lets reads go that may, and opens a choice point with the best choice, which is to be tried next: that, or NONE at a
   * dead end, or the goal.
   */
  const enter = (): number => {
    const before = trailLength
    let e = following[0]!
    for (let i = events[e]!; i >= 0; i = events[e]!) {
      const k = kind[i]
      if (k === Kind.READ ? a[i] === state : k === Kind.NOT && a[i] !== state) {
        const back = preceding[e]!
        remove(i, 0)
        needsUse = false
        e = following[back]!
      } else e = following[e]!
    }
    if (left === 0) return GOAL
    const first = e
    const blocking = ~events[first]!
    if (first > furthest) furthest = first
    if (memory.count > 0 && memory.has(key, place(first))) {
      undo(before)
      return NOWHERE
    }
    let best = NOWHERE
    let bestScore = Infinity
    if (grown !== undefined || !needs(blocking) || a[blocking] === state || isInReach(a[blocking]!, first)) {
      let bestReturn = OPEN
      for (e = following[0]!; e !== first; e = following[e]!) {
        const i = events[e]!
        const k = kind[i]
        if (k === Kind.READ || k === Kind.NOT) continue
        const itsScore = score(i, blocking)
        if (itsScore > bestScore || itsScore === Infinity) continue
        if (itsScore === bestScore && returns[i]! > bestReturn) continue
        best = i
        bestScore = itsScore
        bestReturn = returns[i]!
      }
      if (bestScore > GUESS || attempt > 0) {
        const now = returns[blocking]!
        for (const c of openClasses) {
          if (calls[openOnes[openFrom[c]!]!]! > now) break
          const next = openNext[c]!
          if (next === openFrom[c + 1] || calls[openOnes[next]!]! > now) continue
          const itsScore = score(openOnes[next]!, blocking)
          if (itsScore >= bestScore) continue
          best = openOnes[next]!
          bestScore = itsScore
        }
        if (bestScore > DROP && mayDrop(blocking)) best = ~blocking
      }
    }
    if (best === NOWHERE) {
      undo(before)
      return NOWHERE
    }
    if (FRAME * (frameCount + 1) > frames.length) frames = longer(frames, 2 * frames.length + FRAME * 16)
    const frame = FRAME * frameCount++
    frames[frame] = before
    frames[frame + 1] = trailLength
    frames[frame + 2] = state
    frames[frame + 3] = needsUse ? 1 : 0
    frames[frame + 4] = NONE
    frames[frame + 5] = first
    frames[frame + 6] = best
    return best
  }

  /** Can what is open before the return `first` make the value? Each operation counts as often as it helps. */
  const isInReach = (value: number, first: number): boolean => {
    reaching[value] = ++reachingStamp
    const now = returns[~events[first]!]!
    let isMore: boolean
    const helps = (i: number): boolean => {
      if (reaching[b[i]!] !== reachingStamp) return false
      if (kind[i] !== Kind.SWAP || a[i] === state) return true
      if (reaching[a[i]!] === reachingStamp) return false
      reaching[a[i]!] = reachingStamp
      isMore = true
      return false
    }
    do {
      isMore = false
      for (let e = following[0]!; e !== first; e = following[e]!) {
        const i = events[e]!
        if (kind[i] !== Kind.READ && kind[i] !== Kind.NOT && helps(i)) return true
      }
      for (const c of openClasses) {
        const next = openNext[c]!
        if (next < openFrom[c + 1]! && calls[openOnes[next]!]! < now && helps(openOnes[next]!)) return true
      }
    } while (isMore)
    return false
  }

  /** Lists the choices of the choice point where the search is, but for the one that was tried first. */
  const list = (first: number, tried: number) => {
    const blocking = ~events[first]!
    const from = choiceCount
    const offer = (i: number) => {
      if (score(i, blocking) === Infinity) return
      const c = 2 * classes[i]! + (kind[i] === Kind.APPEND ? hidden[i]! : 0)
      const other = bestOfClass[c]!
      if (other === NONE) usedClasses[usedCount++] = c
      if (other === NONE || returns[i]! < returns[other]!) bestOfClass[c] = i
    }
    usedCount = 0
    for (let e = following[0]!; e !== first; e = following[e]!) {
      const i = events[e]!
      if (kind[i] !== Kind.READ && kind[i] !== Kind.NOT) offer(i)
    }
    const now = returns[blocking]!
    for (const c of openClasses) {
      const next = openNext[c]!
      if (next < openFrom[c + 1]! && calls[openOnes[next]!]! < now) offer(openOnes[next]!)
    }
    if (choiceCount + usedCount + 1 > choices.length) {
      choices = longer(choices, 2 * choices.length + usedCount + 16)
      scores = longer(scores, choices.length)
    }
    if (mayDrop(blocking) && tried !== ~blocking) choose(~blocking, DROP, from)
    for (let u = 0; u < usedCount; u++) {
      const c = usedClasses[u]!
      const i = bestOfClass[c]!
      bestOfClass[c] = NONE
      if (i !== tried) choose(i, score(i, blocking), from)
    }
  }

  /** Sorts a choice in among those since `from`: high scores and late returns first. */
  const choose = (choice: number, itsScore: number, from: number) => {
    const late = choice < 0 ? 0 : returns[choice]!
    let k = choiceCount++
    for (; k > from; k--) {
      const other = choices[k - 1]!
      if (scores[k - 1]! > itsScore || (scores[k - 1] === itsScore && (other < 0 ? 0 : returns[other]!) > late)) break
      choices[k] = other
      scores[k] = scores[k - 1]!
    }
    choices[k] = choice
    scores[k] = itsScore
  }

  const take = (choice: number, blocking: number) => {
    if (choice < 0) {
      remove(~choice, 1)
      needsUse = false
      return
    }
    const k = kind[choice]
    if (k === Kind.WRITE || k === Kind.CHANGE) {
      let e = following[0]!
      for (let i = events[e]!; i >= 0; i = events[(e = following[e]!)]!) {
        if (hidden[i] === 1 || i === choice) continue
        if (kind[i] === Kind.APPEND || (kind[i] === Kind.WRITE && (k === Kind.WRITE || b[i] !== b[choice]))) {
          hidden[i] = 1
          trail[trailLength++] = 4 * i + 2
        }
      }
    }
    state = after(choice)
    needsUse = returns[choice] === OPEN || (k === Kind.WRITE && choice !== blocking)
    remove(choice, 0)
  }

  /** Goes back to where a choice point was opened. */
  const backTo = (frame: number) => {
    undo(frames[frame + 1]!)
    state = frames[frame + 2]!
    needsUse = frames[frame + 3] === 1
  }

  /** Gives up choice points, and what is left to try there, back to the last one before event `until`. */
  const forget = (until: number) => {
    for (;;) {
      const frame = FRAME * --frameCount
      if (frames[frame + 4] !== NONE) choiceCount = frames[frame + 4]!
      if (frameCount > 0 && frames[frame + 5]! > until) continue
      backTo(frame)
      undo(frames[frame]!)
      return
    }
  }

  /** A read whose value nobody makes, or NONE. */
  const readOfNothing = (init: number): number => {
    for (let i = 0; i < n && grown === undefined; i++) {
      if (kind[i] === Kind.READ && a[i] !== init && makers[a[i]!] === 0) return i
    }
    return NONE
  }

  /** The order that was found: what went, and what was dropped just before the write that hides it. */
  const finalOrder = (at: Int32Array): Int32Array => {
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

  return function* (cell: Cell, bytes: number): Generator<void, Found> {
    const init = prepare(cell)
    begin(init, bytes)
    const orphan = readOfNothing(init)
    if (orphan !== NONE) {
      const i = cell.at[orphan]!
      return { verdict: "illegal", evidence: { operations: [i], reason: `#${i} saw a value that nobody made` } }
    }
    furthest = 0
    attempt = 0
    let reached = 0
    let patience = PATIENCE
    let choice = enter()
    for (let steps = 1; choice !== GOAL; steps++) {
      while (choice === NOWHERE) {
        if (frameCount === 0) return { verdict: "illegal" }
        const frame = FRAME * (frameCount - 1)
        const first = frames[frame + 5]!
        backTo(frame)
        if (frames[frame + 4] === NONE) {
          frames[frame + 4] = choiceCount
          list(first, frames[frame + 6]!)
        }
        if (choiceCount > frames[frame + 4]!) choice = choices[--choiceCount]!
        else {
          if (!memory.add(key, place(first))) return { verdict: "unknown", reason: "memory" }
          frameCount--
          undo(frames[frame]!)
        }
      }
      if ((steps & 255) === 0) yield
      if (furthest > reached) {
        reached = furthest
        attempt = 0
        patience = steps + PATIENCE
      } else if (steps > patience) {
        attempt++
        patience = steps + PATIENCE * MORE_PATIENCE ** attempt
        forget(furthest - BACK * attempt)
        choice = enter()
        continue
      }
      take(choice, ~events[frames[FRAME * (frameCount - 1) + 5]!]!)
      choice = enter()
    }
    return { verdict: "ok", order: finalOrder(cell.at) }
  }
}

/** No choice, as an answer of `enter`: a dead end, or the end of the search. */
const NOWHERE = OPEN
const GOAL = OPEN - 1

/** A number from 0 to 1, as good as random. */
const fraction = (i: number, attempt: number): number =>
  (Math.imul(Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(attempt, 0x85ebca6b), 0xc2b2ae35) >>> 0) / 2 ** 32
