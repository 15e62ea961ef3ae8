// The shard controller's histories: configurations have numbers, and queries show them. A query tells how many changes
// there were, or at least how many, and which configuration came out; so for most numbers it is known what the next change
// must lead to, and few changes do.
//
// A search, depth-first, that goes forward in time and changes nothing until something has to go now that needs it: a
// query of a later configuration, or a change. (A change can still be made later, and what sees an earlier configuration
// can only go before it.) Queries go as soon as their configuration is there. What there is to choose is the next change:
// of those open, one that leads to the configuration that is shown, if it is; of those that do the same, the one that
// returns first.
//
// Places that failed are remembered exactly: the event, the configuration, and the changes that are open.
import { Heap } from "./Heap.ts"
import { FAILED } from "../History.ts"
import type { History } from "../History.ts"
import { Memory } from "./Memory.ts"
import { change, first, isAmong, textOf } from "../models/shard.ts"
import type { Configuration } from "../models/shard.ts"
import { illegal, OPEN } from "./Procedure.ts"
import type { Budget, Found, Part, Procedure } from "./Procedure.ts"
import type { Json } from "../Texts.ts"
import { timeline } from "./timeline.ts"

const NONE = -1

/** The procedure for parts of a history of model `shard`. */
export const numbered = (history: History): Procedure => {
  const compiled = compile(history)
  const decide: Procedure = (part, budget) => {
    const problem = prepare(compiled, part)
    return "verdict" in problem ? problem : explore(compiled, problem, part, budget)
  }
  return Object.assign(decide, { replay: replayer(compiled) })
}

interface Change {
  readonly op: string
  readonly value: Json
}

/** A configuration as a query shows it, in canonical JSON. */
interface Shown {
  readonly num: number
  readonly text: string
  readonly shards: ReadonlyArray<number>
  readonly gids: ReadonlyArray<number>
}

interface Compiled {
  readonly history: History
  /** By row: of a change, its kind; of a query NONE. */
  readonly kinds: Int32Array
  readonly changes: ReadonlyArray<Change>
  /** By row: the number that a query asks for. */
  readonly wanted: Int32Array
  /** The configurations that are shown, by output. */
  readonly shown: ReadonlyMap<number, Shown>
}

const compile = (history: History): Compiled => {
  const { length, opNames, ops, outputs, returns, texts, values } = history
  const query = opNames.indexOf("query")
  const kinds = new Int32Array(length).fill(NONE)
  const wanted = new Int32Array(length)
  const changes: Array<Change> = []
  const numbers = new Map<number, number>()
  const shown = new Map<number, Shown>()
  for (let row = 0; row < length; row++) {
    const value = values[row]!
    if (ops[row] === query) {
      wanted[row] = texts.json(value) as number
      const output = outputs[row]!
      if (returns[row] === FAILED || !Number.isFinite(returns[row]) || shown.has(output)) continue
      shown.set(output, read(texts.text(output)))
    } else {
      const name = value * opNames.length + ops[row]!
      const kind = numbers.get(name) ?? changes.push({ op: opNames[ops[row]!]!, value: texts.json(value) }) - 1
      numbers.set(name, kind)
      kinds[row] = kind
    }
  }
  return { history, kinds, changes, wanted, shown }
}

/** Of a configuration only the end is parsed, and whose groups it has: there may be hundreds. */
const read = (text: string): Shown => {
  const end = text.lastIndexOf('"num":')
  const isUsual = text.startsWith('{"groups":{') && /^"num":\d+,"shards":\[[\d,]*\]\}$/.test(text.slice(end))
  const { num, shards } = JSON.parse(isUsual ? `{${text.slice(end)}` : text) as Configuration
  return { num, text, shards, gids: Array.from(text.matchAll(/"(\d+)":/g), ([, gid]) => Number(gid)) }
}

interface Problem {
  /** How many changes there must have been at least when a query goes; NONE for what is no query, or is not answered. */
  readonly level: Int32Array
  /** Must there have been exactly as many? */
  readonly isExact: Uint8Array
  /** By number, the configuration that is shown. */
  readonly shown: ReadonlyArray<Shown | undefined>
}

const prepare = ({ history, kinds, shown: shownBy, wanted }: Compiled, { answered, rows }: Part): Problem | Found => {
  const n = rows.length
  const level = new Int32Array(n).fill(NONE)
  const isExact = new Uint8Array(n)
  let changes = 0
  for (const row of rows) if (kinds[row] !== NONE) changes++
  const shown = new Array<Shown | undefined>(changes + 1).fill(undefined)
  const shownBefore = new Int32Array(changes + 1).fill(NONE)
  shown[0] = { ...first, text: textOf(first) }
  for (let i = 0; i < n; i++) {
    const row = rows[i]!
    if (kinds[row] !== NONE || answered[i] === 0) continue
    const configuration = shownBy.get(history.outputs[row]!)!
    const { num } = configuration
    if (!Number.isInteger(num) || num < 0 || num > changes) return illegal([i], `#${i} saw a configuration to which no changes lead`)
    if (wanted[row]! >= 0 && num > wanted[row]!) return illegal([i], `#${i} saw another configuration than the one it asked for`)
    level[i] = num
    isExact[i] = num === wanted[row] ? 0 : 1
    const known = shown[num]
    if (known !== undefined && known.text !== configuration.text) {
      const other = shownBefore[num]!
      return other === NONE
        ? illegal([i], `#${i} saw another configuration than the first one`)
        : illegal([other, i], `#${other} and #${i} saw different configurations of the same number`)
    }
    shown[num] = configuration
    shownBefore[num] = i
  }
  return { level, isExact, shown }
}

/** What changes lead to, and what is shown of it. */
class Chain {
  readonly #shown: Problem["shown"]
  readonly #changes: ReadonlyArray<Change>
  /** How many groups a `join` and a `leave` have at most. */
  readonly #joins: number
  readonly #leaves: number
  /** The groups that a change names, and the kinds of changes that name a group. */
  readonly #gids: ReadonlyArray<ReadonlyArray<number>>
  readonly #kinds: Readonly<Record<string, Map<number, Array<number>>>> = { join: new Map(), leave: new Map(), move: new Map() }
  readonly #numbers = new Map<string, number>()
  bytes = 0

  constructor(shown: Problem["shown"], changes: ReadonlyArray<Change>) {
    this.#shown = shown
    this.#changes = changes
    this.#gids = changes.map(({ op, value }) => {
      if (op === "move") return [(value as { readonly gid: number }).gid]
      return op === "join" ? Object.keys(value as object).map(Number) : [...new Set(value as ReadonlyArray<number>)]
    })
    const most = { join: 1, leave: 1, move: 1 }
    for (const [kind, gids] of this.#gids.entries()) {
      const op = changes[kind]!.op as keyof typeof most
      most[op] = Math.max(most[op], gids.length)
      for (const gid of gids) this.#kinds[op]!.set(gid, [...(this.#kinds[op]!.get(gid) ?? []), kind])
    }
    this.#joins = most.join
    this.#leaves = most.leave
  }

  /**
   * Changes that from here on do the same, whenever they come, have the same name: those of one kind; moves to groups that
   * are gone for good, which only count; leaves of such groups, which rebalance.
   */
  nameOf(kind: number, from: Configuration, isLeft: (kind: number) => boolean): string {
    const { op } = this.#changes[kind]!
    const isGone = (gid: number): boolean => !isAmong(from.gids, gid) && !this.#named("join", gid).some(isLeft)
    return op !== "join" && this.#gids[kind]!.every(isGone) ? op : String(kind)
  }

  #named(op: string, gid: number): ReadonlyArray<number> {
    return this.#kinds[op]!.get(gid) ?? []
  }

  /** The configuration after a change, or `undefined` if another is shown. */
  next(from: Configuration, kind: number): Configuration | undefined {
    const shown = this.#shown[from.num + 1]
    const configuration = change(from, this.#changes[kind]!)
    return shown === undefined || shown.text === textOf(configuration) ? configuration : undefined
  }

  /** The same number for equal configurations, and only those. `base` is the last before it that is shown. */
  numberOf(configuration: Configuration, base: Configuration): number {
    if (configuration === base) return ~configuration.num
    const text = `${configuration.num} ${configuration.shards.join(",")} ${difference(base, configuration)}`
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    this.bytes += 2 * text.length + 100
    this.#numbers.set(text, this.#numbers.size)
    return this.#numbers.size - 1
  }

  /**
   * The way from a configuration to the next one that is shown: for each change, how many more it takes at least after it.
   * `isLeft` tells whether a change of a kind is still to come.
   */
  way(from: Configuration, isLeft: (kind: number) => boolean) {
    let num = from.num + 1
    while (num < this.#shown.length && this.#shown[num] === undefined) num++
    const to = this.#shown[num]
    if (to === undefined) return { distance: Infinity, after: () => 0 }
    const missing = to.gids.filter((gid) => !isAmong(from.gids, gid)).length
    const surplus = from.gids.length - (to.gids.length - missing)
    const after = (kind: number): number => {
      const { op, value } = this.#changes[kind]!
      let [m, s] = [missing, surplus]
      if (op === "join") {
        for (const gid of this.#gids[kind]!) {
          if (isAmong(from.gids, gid)) continue
          if (isAmong(to.gids, gid)) m--
          else if (this.#named("leave", gid).some(isLeft)) s++
          else return Infinity
        }
      } else if (op === "leave") {
        for (const gid of this.#gids[kind]!) {
          if (!isAmong(from.gids, gid)) continue
          if (!isAmong(to.gids, gid)) s--
          else if (this.#named("join", gid).some(isLeft)) m++
          else return Infinity
        }
      } else if (num === from.num + 1) {
        const { gid, shard } = value as { readonly gid: number; readonly shard: number }
        if (isAmong(from.gids, gid) && to.shards[shard] !== gid) return Infinity
      }
      return Math.ceil(m / this.#joins) + Math.ceil(s / this.#leaves)
    }
    return { distance: num - from.num, after }
  }
}

/** Which groups went, came, or have other servers. */
const difference = (from: Configuration, to: Configuration): string => {
  const parts: Array<string> = []
  for (let i = 0, j = 0; i < from.gids.length || j < to.gids.length; ) {
    const [x, y] = [from.gids[i] ?? Infinity, to.gids[j] ?? Infinity]
    if (x < y) parts.push(`-${x}`)
    else if (x > y || from.groups[i] !== to.groups[j]) parts.push(to.groups[j]!)
    if (x <= y) i++
    if (y <= x) j++
  }
  return parts.join(" ")
}

/**
 * Are there too many or too few changes for what queries saw, whatever these are? Then the next one is, of those that are
 * open, always the one that must go first (as in counting.ts).
 */
const isMiscounted = (events: Int32Array, { isExact, level }: Problem, kinds: Int32Array, returns: Int32Array): boolean => {
  const open = new Heap(returns)
  const isPlaced = new Uint8Array(returns.length)
  let count = 0
  const goOn = (): boolean => {
    if (open.size === 0) return false
    isPlaced[open.pop()] = 1
    count++
    return true
  }
  for (const event of events) {
    if (event === OPEN) continue
    const i = event < 0 ? ~event : event
    if (kinds[i] !== NONE) {
      if (event >= 0) open.push(i)
      else while (isPlaced[i] === 0) if (!goOn()) return true
    } else if (event < 0) {
      while (level[i]! > count) if (!goOn()) return true
    } else if (level[i]! < count && isExact[i] === 1) return true
  }
  return false
}

/** How many steps are made between two looks at the clock. */
const PACE = 16

/** A choice point: what to go back to, and what is left to try, the best last. */
interface Frame {
  readonly trail: number
  readonly rank: number
  readonly configuration: Configuration
  readonly base: Configuration
  readonly choices: Array<Choice>
}

/** A change, and what it leads to where that was found out already. */
interface Choice {
  readonly i: number
  readonly to: Configuration | undefined
}

const explore = ({ changes, kinds: kindsOfRows }: Compiled, problem: Problem, part: Part, budget: Budget): Found => {
  const { isExact, level, shown } = problem
  const { calls, returns, rows } = part
  const n = rows.length
  const kinds = rows.map((row) => kindsOfRows[row]!)
  const events = timeline(n, calls, returns)
  if (isMiscounted(events, problem, kinds, returns)) return { verdict: "illegal" }

  const chain = new Chain(shown, changes)
  const queries = Array.from(shown, (): Array<number> => [])
  for (let i = 0; i < n; i++) if (level[i] !== NONE) queries[level[i]!]!.push(i)

  // What was done, to be undone: calls of changes, changes that were taken out of `open`, and queries.
  const CALLED = 0
  const TAKEN = 1
  const WENT = 2
  const trail = new Int32Array(2 * n)
  let trailLength = 0
  const isPlaced = new Uint8Array(n)
  /** Changes that are open, and where each was when it was taken. */
  const open = new Int32Array(n)
  let openCount = 0
  const placeOf = new Int32Array(n)
  let rank = 0
  let configuration = first
  /** The last configuration so far that is shown. */
  let base = first

  const place = (i: number) => {
    isPlaced[i] = 1
    trail[trailLength++] = 4 * i + WENT
  }
  const take = ({ i, to }: Choice) => {
    const at = open.indexOf(i)
    open[at] = open[--openCount]!
    placeOf[i] = at
    isPlaced[i] = 1
    trail[trailLength++] = 4 * i + TAKEN
    configuration = to ?? chain.next(configuration, kinds[i]!)!
    if (shown[configuration.num] !== undefined) base = configuration
    for (const query of queries[configuration.num]!) {
      if (calls[query]! >= rank) break
      if (isPlaced[query] === 0) place(query)
    }
  }
  const undo = (length: number) => {
    while (trailLength > length) {
      const did = trail[--trailLength]!
      const i = did >> 2
      if ((did & 3) === CALLED) openCount--
      else {
        isPlaced[i] = 0
        if ((did & 3) === WENT) continue
        open[openCount++] = open[placeOf[i]!]!
        open[placeOf[i]!] = i
      }
    }
  }

  const members = Array.from(changes, (): Array<number> => [])
  for (let i = 0; i < n; i++) if (kinds[i] !== NONE) members[kinds[i]!]!.push(i)
  const isLeft = (kind: number): boolean => members[kind]!.some((i) => isPlaced[i] === 0)

  const frames: Array<Frame> = []
  const memory = new Memory(budget.bytes / 2)
  let key = new Int32Array(64)
  /** Writes the place where the search is to `key`; answers its length. */
  const here = (): number => {
    if (key.length < openCount + 2) key = new Int32Array(2 * openCount + 2)
    key[0] = rank
    key[1] = chain.numberOf(configuration, base)
    key.set(open.subarray(0, openCount), 2)
    key.subarray(2, openCount + 2).sort()
    return openCount + 2
  }

  const choicesFor = (blocking: number): Array<Choice> => {
    const best = new Map<string, number>()
    for (let at = 0; at < openCount; at++) {
      const i = open[at]!
      const name = chain.nameOf(kinds[i]!, configuration, isLeft)
      const twin = best.get(name)
      if (twin === undefined || returns[i]! < returns[twin]!) best.set(name, i)
    }
    const { after, distance } = chain.way(configuration, isLeft)
    const choices: Array<Choice & { readonly left: number }> = []
    for (const i of best.values()) {
      const kind = kinds[i]!
      const left = after(kind)
      if (left >= distance) continue
      const to = distance === 1 ? chain.next(configuration, kind) : undefined
      if (distance > 1 || to !== undefined) choices.push({ i, to, left: i === blocking ? -1 : left })
    }
    return choices.sort((x, y) => y.left - x.left || returns[y.i]! - returns[x.i]!)
  }

  /** Goes on until there is something to choose, all has returned, or something has no place. */
  const goOn = (): "open" | "done" | "dead end" => {
    for (; rank < events.length; rank++) {
      const event = events[rank]!
      const i = event < 0 ? ~event : event
      if (event === OPEN || (kinds[i] === NONE && level[i] === NONE)) continue
      const { num } = configuration
      const isPast = level[i] !== NONE && level[i]! < num
      if (event < 0) {
        if (isPlaced[i] === 1) continue
        return isPast ? "dead end" : "open"
      }
      if (level[i] === NONE) {
        open[openCount++] = i
        trail[trailLength++] = 4 * i + CALLED
      } else if (isPast && isExact[i] === 1) return "dead end"
      else if (level[i]! <= num) place(i)
    }
    return "done"
  }

  for (let step = 1; ; step++) {
    let outcome = goOn()
    if (outcome === "done") break
    if (outcome === "open") {
      const length = memory.count > 0 ? here() : 0
      const choices = length > 0 && memory.has(key, length) ? [] : choicesFor(~events[rank]!)
      if (choices.length === 0) outcome = "dead end"
      else frames.push({ trail: trailLength, rank, configuration, base, choices })
    }
    if (step % PACE === 0) {
      if (performance.now() > budget.deadline) return { verdict: "unknown", reason: "time" }
      if (chain.bytes > budget.bytes / 2) return { verdict: "unknown", reason: "memory" }
    }
    for (;;) {
      const frame = frames.at(-1)
      if (frame === undefined) return { verdict: "illegal" }
      if (outcome === "dead end") {
        undo(frame.trail)
        ;({ rank, configuration, base } = frame)
      }
      const choice = frame.choices.pop()
      if (choice !== undefined) {
        take(choice)
        break
      }
      outcome = "dead end"
      const length = here()
      if (!memory.add(key, length)) return { verdict: "unknown", reason: "memory" }
      frames.pop()
    }
  }
  const order: Array<number> = []
  for (let t = 0; t < trailLength; t++) if ((trail[t]! & 3) !== CALLED) order.push(trail[t]! >> 2)
  return { verdict: "ok", order: Int32Array.from(order) }
}

/** What the operations mean, said once more: see `Procedure.replay`. */
const replayer = ({ changes, history, kinds, shown, wanted }: Compiled) => (part: Part, order: Int32Array): number | undefined => {
  const all = [first]
  for (const i of order) {
    const row = part.rows[i]!
    const last = all.at(-1)!
    if (kinds[row] !== NONE) all.push(change(last, changes[kinds[row]!]!))
    else if (part.answered[i] === 1) {
      const asked = wanted[row]! < 0 ? last : (all[wanted[row]!] ?? last)
      if (textOf(asked) !== shown.get(history.outputs[row]!)!.text) return i
    }
  }
  return undefined
}
