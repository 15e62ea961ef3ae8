// Is there an order? Breadth-first, just in time (Lowe 2017; the "linear" of Knossos): calls and returns are taken in the
// order of the clock, and all configurations are kept in which the object can be. An operation takes effect only when
// one has to return, then possibly others before it. So memory depends on how much is concurrent, not on the length of
// the history, which may go on growing; and when no configuration is left, those before tell how far one gets.
//
// What is left out, since it cannot matter. Let the future of a configuration be all that can follow it, reductions or
// not. Each of these leaves away only configurations whose futures others have as well, and invents none:
//
// - Eager reads: a read that is allowed goes at once. It changes nothing, and need not be thought of again.
// - Twins: of operations of one kind, all not done, the one that returns first goes first, and unknown ones last: wherever
//   the other order works, the two may change places. (If only the first was free, see next, the other one may go right
//   after it, unnoticed.)
// - Free operations: when an operation that overwrites goes, every other open one that overwrites could have gone just
//   before it, unnoticed. It is marked free, which stands for both, and when it returns it may just be taken as done.
//   So no subsets of writes that nobody reads are ever tried.
// - Used at once: an operation that overwrites and need not return yet, or one of unknown outcome, goes only where
//   something that does not overwrite is then allowed. Otherwise the next one overwrites it unnoticed: it would have been
//   free as well, or may be left out.
// - Covered configurations (`Configurations`): one that can do no more than another is not needed.
// - Unknown operations of one kind are a number: how many of them took effect.
//
// Configurations are compared as a whole, never by a hash of them.
import { longer } from "../arrays.ts"
import { BEGINS, Configurations, Links, Multisets, OVERWROTE, WAS_FREE, WENT } from "./Configurations.ts"
import { NOT_ALLOWED } from "./machine.ts"
import type { Machine } from "./machine.ts"
import { OPEN } from "./Procedure.ts"
import type { Budget, Found, Part } from "./Procedure.ts"

/** Work in steps, short ones, each of which yields the bytes in use. */
export type Steps<A> = Generator<number, A>

/** An operation that was called and will return. */
interface Open {
  readonly i: number
  readonly kind: number
  readonly returned: number
  readonly slot: number
  readonly word: number
  readonly bit: number
}

/** Where the search was at some moment. */
export interface Moment {
  readonly words: number
  readonly rows: Int32Array
  readonly links: Int32Array
  readonly open: ReadonlyArray<Open>
  readonly unknown: number
}

/** The search itself, fed with the events of one object. Operations have numbers of the caller's choice. */
export class Breadth {
  readonly #machine: Machine
  readonly #multisets = new Multisets()
  readonly #links = new Links()
  /** All configurations now; while an operation returns, those that have it done; and those on the way there. */
  #now = new Configurations(this.#multisets)
  #done = new Configurations(this.#multisets)
  #way = new Configurations(this.#multisets)
  #words = 1

  /** The open operations that will return: those that may change something, by return, and those that only read. */
  readonly #mutators: Array<Open> = []
  readonly #readers: Array<Open> = []
  readonly #byNumber = new Map<number, Open>()
  /** Which slots are taken. */
  readonly #slots: Array<boolean> = []
  #readMask = new Int32Array(1)
  #overwriteMask = new Int32Array(1)
  /** The operations of unknown outcome in the order of their calls, and for each kind those of it. */
  readonly #unknown: Array<{ readonly i: number; readonly kind: number }> = []
  readonly #unknownOfKind = new Map<number, Array<number>>()
  /** Those kinds of them that do not overwrite. */
  readonly #unknownSteps = new Set<number>()

  // Working memory of an expansion.
  #row = new Int32Array(4)
  #newReads = new Int32Array(1)
  #expansion = 0
  #triedAt: Int32Array = new Int32Array(16)
  /** Which open reads are allowed in a state: good for one return, and for the latest state of those with the same bits. */
  readonly #allowedFor = new Int32Array(ALLOWED)
  readonly #allowedAt = new Int32Array(ALLOWED)
  #allowed = new Int32Array(ALLOWED)
  #returning = 0

  constructor(machine: Machine) {
    this.#machine = machine
    this.#row[0] = machine.init
    this.#now.add(this.#row, 0)
  }

  /** An estimate of the bytes that this and the machine take. */
  get bytes(): number {
    const sets = this.#now.bytes + this.#done.bytes + this.#way.bytes + this.#machine.bytes
    return sets + this.#triedAt.byteLength + this.#allowed.byteLength + this.#links.bytes + this.#multisets.bytes + 100 * this.#unknown.length
  }

  /** Operation `i` is called, and will return with rank `returned`, or never (OPEN): then its outcome is unknown. */
  call(i: number, kind: number, returned: number) {
    const machine = this.#machine
    if (returned === OPEN) {
      if (!machine.reads(kind)) this.#callUnknown(i, kind)
      return
    }
    let slot = this.#slots.indexOf(false)
    if (slot === -1) slot = this.#slots.length
    if (slot >= 32 * this.#words) this.#widen()
    const x: Open = { i, kind, returned, slot, word: slot >> 5, bit: 1 << (slot & 31) }
    this.#open(x)
    if (!machine.reads(kind)) return
    const { links, rows, width } = this.#now
    for (let c = 0; c < this.#now.count; c++) {
      if (machine.next(rows[c * width]!, kind) === NOT_ALLOWED) continue
      rows[c * width + 2 + x.word]! |= x.bit
      links[c] = this.#links.add(links[c]!, i, WENT)
    }
  }

  #open(x: Open) {
    while (this.#slots.length < x.slot) this.#slots.push(false)
    this.#slots[x.slot] = true
    this.#byNumber.set(x.i, x)
    if (this.#machine.reads(x.kind)) {
      this.#readers.push(x)
      this.#readMask[x.word]! |= x.bit
      return
    }
    let at = this.#mutators.length
    while (at > 0 && this.#mutators[at - 1]!.returned > x.returned) at--
    this.#mutators.splice(at, 0, x)
    if (this.#machine.overwrites(x.kind)) this.#overwriteMask[x.word]! |= x.bit
  }

  #close(x: Open) {
    this.#slots[x.slot] = false
    this.#byNumber.delete(x.i)
    this.#readMask[x.word]! &= ~x.bit
    this.#overwriteMask[x.word]! &= ~x.bit
    const list = this.#machine.reads(x.kind) ? this.#readers : this.#mutators
    list.splice(list.indexOf(x), 1)
  }

  #callUnknown(i: number, kind: number) {
    this.#unknown.push({ i, kind })
    const others = this.#unknownOfKind.get(kind)
    if (others !== undefined) others.push(i)
    else {
      this.#unknownOfKind.set(kind, [i])
      if (!this.#machine.overwrites(kind)) this.#unknownSteps.add(kind)
    }
  }

  /** Makes room for 32 more open operations. */
  #widen() {
    const words = this.#words++
    const wide = this.#words
    this.#readMask = longer(this.#readMask, wide)
    this.#overwriteMask = longer(this.#overwriteMask, wide)
    this.#newReads = new Int32Array(wide)
    this.#allowed = new Int32Array(ALLOWED * wide)
    this.#row = new Int32Array(2 + 2 * wide)
    const { rows, links } = this.save()
    this.#now.clear(wide, this.#readMask)
    this.#now.load(rows, links, words)
  }

  /** Operation `i` returns. Ends with false when no configuration is left: then those before stay. */
  *return(i: number): Steps<boolean> {
    const x = this.#byNumber.get(i)!
    this.#begin()
    const { count, links, needed, rows, width } = this.#now
    const row = this.#row
    for (let c = 0; c < count; c++) {
      if (needed[c] === 0) continue
      row.set(rows.subarray(c * width, (c + 1) * width))
      const isFree = (row[2 + this.#words + x.word]! & x.bit) !== 0
      if ((row[2 + x.word]! & x.bit) === 0) this.#way.add(row, links[c]!)
      else this.#finish(x, links[c]!)
      if (isFree && this.#finish(x, 0) !== -1) this.#done.links[this.#done.count - 1] = this.#links.add(links[c]!, i, WAS_FREE)
    }
    yield* this.#goOn(x)
    if (this.#done.count === 0) return false
    this.#close(x)
    ;[this.#now, this.#done] = [this.#done, this.#now]
    return true
  }

  #begin() {
    this.#returning++
    this.#done.clear(this.#words, this.#readMask)
    this.#way.clear(this.#words, this.#readMask)
  }

  /** Lets open operations take effect until `x` has, if there is one. */
  *#goOn(x: Open | undefined): Steps<void> {
    const way = this.#way
    for (let c = 0; c < way.count; c++) {
      if (way.needed[c] === 1) this.#expand(way, c, x)
      if ((this.#expansion & 63) === 0 || this.#machine.isFull) yield this.bytes
    }
  }

  /** Adds the working row, in which `x` is done or free, to those that are done, without `x`. */
  #finish(x: Open, link: number): number {
    this.#row[2 + x.word]! &= ~x.bit
    this.#row[2 + this.#words + x.word]! &= ~x.bit
    return this.#done.add(this.#row, link)
  }

  /** Adds what can come next after configuration `c` of those on the way to `x`. */
  #expand(way: Configurations, c: number, x: Open | undefined) {
    const machine = this.#machine
    const words = this.#words
    const base = c * way.width
    const state = way.rows[base]!
    const used = way.rows[base + 1]!
    const expansion = ++this.#expansion
    if (this.#triedAt.length < machine.kinds) this.#triedAt = longer(this.#triedAt, 2 * machine.kinds)
    for (const y of this.#mutators) {
      if ((way.rows[base + 2 + y.word]! & y.bit) !== 0) continue
      if (this.#triedAt[y.kind] === expansion) continue
      this.#triedAt[y.kind] = expansion
      const after = machine.next(state, y.kind)
      if (after === NOT_ALLOWED) continue
      const overwrites = machine.overwrites(y.kind)
      if (overwrites && y !== x && !this.#isUsed(after, way.rows, base, used, x)) continue
      this.#start(way, c, after)
      this.#row[2 + y.word]! |= y.bit
      this.#row[2 + words + y.word]! &= ~y.bit
      this.#arrive(way, c, overwrites, y.i, x)
    }
    for (const [kind, ofKind] of this.#unknownOfKind) {
      if (this.#triedAt[kind] === expansion) continue
      const after = machine.next(state, kind)
      if (after === NOT_ALLOWED) continue
      const count = this.#multisets.count(used, kind)
      if (count === ofKind.length || !this.#isUsed(after, way.rows, base, used, x)) continue
      this.#start(way, c, after)
      this.#row[1] = this.#multisets.plus(used, kind)
      this.#arrive(way, c, machine.overwrites(kind), ofKind[count]!, x)
    }
  }

  /**
   * Is there something in `state` for the operations that do not overwrite? `rows` at `base` says what is done. Where no
   * operation has to return, the state itself is what is asked for.
   */
  #isUsed(state: number, rows: Int32Array, base: number, used: number, x: Open | undefined): boolean {
    if (x === undefined) return true
    const machine = this.#machine
    const allowed = this.#readsAllowedIn(state)
    for (let w = 0; w < this.#words; w++) if ((this.#allowed[allowed + w]! & ~rows[base + 2 + w]!) !== 0) return true
    for (const z of this.#mutators) {
      if (machine.overwrites(z.kind) || (rows[base + 2 + z.word]! & z.bit) !== 0) continue
      if (machine.next(state, z.kind) !== NOT_ALLOWED) return true
    }
    for (const kind of this.#unknownSteps) {
      if (this.#multisets.count(used, kind) === this.#unknownOfKind.get(kind)!.length) continue
      if (machine.next(state, kind) !== NOT_ALLOWED) return true
    }
    return false
  }

  /** Which open reads are allowed in `state`: the place in `#allowed` of as many words as there are. */
  #readsAllowedIn(state: number): number {
    const at = state & (ALLOWED - 1)
    const place = at * this.#words
    if (this.#allowedAt[at] === this.#returning && this.#allowedFor[at] === state) return place
    this.#allowedAt[at] = this.#returning
    this.#allowedFor[at] = state
    this.#allowed.fill(0, place, place + this.#words)
    for (const r of this.#readers) {
      if (this.#machine.next(state, r.kind) !== NOT_ALLOWED) this.#allowed[place + r.word]! |= r.bit
    }
    return place
  }

  /** Copies configuration `c` to the working row, with another state. */
  #start(way: Configurations, c: number, state: number) {
    const base = c * way.width
    for (let k = 1; k < way.width; k++) this.#row[k] = way.rows[base + k]!
    this.#row[0] = state
  }

  /** The working row is what operation `i` makes of configuration `c`: adds it, and what goes with it. */
  #arrive(way: Configurations, c: number, overwrites: boolean, i: number, x: Open | undefined) {
    const row = this.#row
    const words = this.#words
    const allowed = this.#readsAllowedIn(row[0]!)
    for (let w = 0; w < words; w++) {
      if (overwrites) row[2 + words + w]! |= this.#overwriteMask[w]! & ~row[2 + w]!
      this.#newReads[w] = this.#allowed[allowed + w]! & ~row[2 + w]!
      row[2 + w]! |= this.#newReads[w]!
    }
    const isDone = x !== undefined && (row[2 + x.word]! & x.bit) !== 0
    const isNew = (isDone ? this.#finish(x, 0) : way.add(row, 0)) !== -1
    if (!isNew) return
    let link = this.#links.add(way.links[c]!, i, overwrites ? OVERWROTE : WENT)
    for (const r of this.#readers) if ((this.#newReads[r.word]! & r.bit) !== 0) link = this.#links.add(link, r.i, WENT)
    const set = isDone ? this.#done : way
    set.links[set.count - 1] = link
  }

  /** Between returns: frees memory, if there is enough to free. `moments` are kept. */
  tidy(moments: Iterable<Moment> = []) {
    if (!this.#links.isFull) return
    const now = this.#now.links.subarray(0, this.#now.count)
    this.#links.gather([now, ...Array.from(moments, (m) => m.links)])
  }

  /** What is known now, to come back to it. */
  save(): Moment {
    const { count, links, needed, rows, width, words } = this.#now
    let kept = 0
    for (let c = 0; c < count; c++) kept += needed[c]!
    const saved = { rows: new Int32Array(kept * width), links: new Int32Array(kept) }
    for (let c = 0, k = 0; c < count; c++) {
      if (needed[c] === 0) continue
      for (let j = 0; j < width; j++) saved.rows[k * width + j] = rows[c * width + j]!
      saved.links[k++] = links[c]!
    }
    return { ...saved, words, open: [...this.#byNumber.values()], unknown: this.#unknown.length }
  }

  /** Goes back to a moment: as if nothing had come since. */
  restore({ links, open, rows, unknown, words }: Moment) {
    for (const x of [...this.#byNumber.values()]) this.#close(x)
    while (this.#unknown.length > unknown) {
      const { kind } = this.#unknown.pop()!
      const ofKind = this.#unknownOfKind.get(kind)!
      ofKind.pop()
      if (ofKind.length > 0) continue
      this.#unknownOfKind.delete(kind)
      this.#unknownSteps.delete(kind)
    }
    for (const x of open) this.#open(x)
    this.#now.clear(this.#words, this.#readMask)
    this.#now.load(rows, links, words)
  }

  /**
   * A new search that begins at a moment of this one, and has forgotten all before, on a machine of its own. `kindOf` tells
   * the kinds of operations there. Unknown operations that took effect in every configuration are forgotten as well.
   */
  since(moment: Moment, machine: Machine, kindOf: (i: number) => number): Breadth {
    const later = new Breadth(machine)
    while (later.#words < moment.words) later.#widen()
    for (const x of moment.open) later.#open({ ...x, kind: kindOf(x.i) })
    const width = 2 + 2 * moment.words
    const spent = Array.from(moment.links, (_, c) => this.#spent(moment.rows[c * width + 1]!))
    const spentByAll = spent.reduce((all, some) => all.intersection(some))
    for (const { i } of this.#unknown.slice(0, moment.unknown)) if (!spentByAll.has(i)) later.#callUnknown(i, kindOf(i))
    const rows = moment.rows.slice()
    const links = moment.links.map((_, c) => {
      const state = machine.number(this.#machine.state(rows[c * width]!))
      const used = [...spent[c]!.difference(spentByAll)].map(kindOf).sort((a, b) => a - b)
      rows[c * width] = state
      rows[c * width + 1] = later.#multisets.of(used)
      return later.#links.add(0, state, BEGINS)
    })
    later.#now.load(rows, links, moment.words)
    return later
  }

  /** The operations of unknown outcome that are in a multiset of kinds: of each kind the first ones. */
  #spent(used: number): Set<number> {
    const counts = new Map<number, number>()
    const spent = new Set<number>()
    for (const kind of this.#multisets.members(used)) {
      const count = counts.get(kind) ?? 0
      counts.set(kind, count + 1)
      spent.add(this.#unknownOfKind.get(kind)![count]!)
    }
    return spent
  }

  /** An order of operations that leads to one of the configurations that there are now. */
  order(): ReadonlyArray<number> {
    return this.#links.origin(this.#now.links[this.#now.needed.indexOf(1)]!).order
  }

  /**
   * The states in which the object may be now, at most `limit`, each with an order of all that has returned and others
   * that are open; if it can be, one without operations of kind `avoided`.
   */
  *ways(limit: number, avoided: number): Steps<ReadonlyArray<Way>> {
    this.#begin()
    const { count, links, needed, rows, width } = this.#now
    for (let c = 0; c < count; c++) if (needed[c] === 1) this.#way.add(rows.slice(c * width, (c + 1) * width), links[c]!)
    yield* this.#goOn(undefined)
    const way = this.#way
    const found = new Map<number, number>()
    for (const avoids of [true, false]) {
      for (let c = 0; c < way.count && found.size < limit; c++) {
        const state = way.rows[c * width]!
        const isOne = this.#multisets.count(way.rows[c * width + 1]!, avoided) === 0 || !avoids
        if (isOne && !found.has(state)) found.set(state, c)
      }
    }
    return Array.from(found, ([state, c]) => {
      const { earlier, from, order } = this.#links.origin(way.links[c]!)
      const done = new Set([...order, ...earlier, ...this.#spent(way.rows[c * width + 1]!)])
      return { from: from ?? this.#machine.init, order, state, done }
    })
  }
}

/** An order of operations that leads from one state to another. */
export interface Way {
  readonly from: number
  readonly order: ReadonlyArray<number>
  readonly state: number
  /** The operations that have taken effect: those of the order, and open ones that did so before it. */
  readonly done: ReadonlySet<number>
}

const ALLOWED = 1 << 6

/** Decides a part breadth-first, in small steps. `kinds` are those of its operations. */
export function* breadthFirstSteps(part: Part, kinds: Int32Array, machine: Machine, bytes: number): Generator<void, Found> {
  const search = new Breadth(machine)
  const steps = follow(search, part, kinds)
  let step = steps.next()
  for (; step.done !== true; step = steps.next()) {
    if (step.value > bytes) return { verdict: "unknown", reason: "memory" }
    yield
  }
  return step.value === undefined ? { verdict: "ok", order: Int32Array.from(search.order()) } : { verdict: "illegal" }
}

/** Feeds a part to a new search. Ends with the operation whose return leaves no configuration, if there is one. */
export function* follow(search: Breadth, part: Part, kinds: Int32Array): Steps<number | undefined> {
  for (const event of eventsOf(part)) {
    if (event >= 0) search.call(event, kinds[event]!, part.returns[event]!)
    else if (!(yield* search.return(~event))) return ~event
    search.tidy()
  }
  return undefined
}

/** Takes all steps, unless time or memory is used up before. */
export const within = <A>(budget: Budget, steps: Steps<A>): A | "time" | "memory" => {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
    if (value > budget.bytes) return "memory"
    if (performance.now() > budget.deadline) return "time"
  }
}

/** The events of a part in the order of the clock: `i` is the call of operation `i`, `~i` its return. */
export const eventsOf = (part: Part): Int32Array => {
  const { calls, returns } = part
  const byReturn = Array.from(returns.keys()).filter((i) => returns[i] !== OPEN)
  byReturn.sort((a, b) => returns[a]! - returns[b]!)
  const events = new Int32Array(calls.length + byReturn.length)
  let i = 0
  let r = 0
  for (let e = 0; e < events.length; e++) {
    const isCall = r === byReturn.length || (i < calls.length && calls[i]! < returns[byReturn[r]!]!)
    events[e] = isCall ? i++ : ~byReturn[r++]!
  }
  return events
}
