// Linearizability while it runs: a growing history is checked with bounded memory. The search goes breadth-first, so that
// what it keeps depends on what is concurrent; and what nobody can change any more is forgotten, but for the states that
// are possible then.
//
// At any moment an operation that is still open is one of unknown outcome: it may have taken effect, or not. So the
// history is linearizable at this moment exactly when the search has a configuration left. When the outcome becomes known,
// the search goes back to the call of this operation, and takes it from there once more with the outcome: operations that
// came in between are few, as many as are concurrent. So a violation is found at the very return that makes it one.
import { Breadth, within } from "./procedures/breadth.ts"
import type { Moment } from "./procedures/breadth.ts"
import { describeCall } from "./describe.ts"
import type { Operation } from "./History.ts"
import { Machine } from "./procedures/machine.ts"
import { misfit } from "./Model.ts"
import type { Model } from "./Model.ts"
import { prefixesOf } from "./explain/prefixes.ts"
import type { LatePrefix } from "./explain/prefixes.ts"
import { OPEN } from "./procedures/Procedure.ts"
import type { Budget } from "./procedures/Procedure.ts"
import { worst } from "./Result.ts"
import type { Verdict } from "./Result.ts"
import type { Json } from "./Texts.ts"

export interface OnlineOptions {
  /**
   * Bytes that one object (one key) may take, estimated; 16 MiB unless told. An object that needs more, because too much is
   * concurrent or unknown, or an operation stays open for too long, is given up: its verdict is `unknown` from then on.
   */
  readonly memoryBytes?: number
  /** Milliseconds for one event; 1,000 unless told. An object that needs more is given up as well. */
  readonly timeoutMs?: number
  /** So many events of an object, at least, are remembered for explanations; 200 unless told. */
  readonly remembered?: number
}

type Limits = Required<OnlineOptions>

/** What a client calls. */
export type Call = Pick<Operation, "client" | "op" | "key" | "value">

/** Why an object is not linearizable, from what was still known of its past. Operations are places in `operations`. */
export interface Violation {
  readonly key: string
  /** One sentence. */
  readonly reason: string
  /** The operations since the past was last forgotten, and those of unknown outcome that may still take effect. */
  readonly operations: ReadonlyArray<Operation>
  /** The one with whose return the history stopped being linearizable. */
  readonly blocked: number
  /** How many operations on this object had returned before, ever. */
  readonly before: number
  /** As in `Explanation`; `from` is the state in which what is remembered begins. */
  readonly prefixes: ReadonlyArray<LatePrefix>
}

export type OnlineKeyResult =
  | { readonly key: string; readonly operations: number; readonly verdict: "ok" }
  | { readonly key: string; readonly operations: number; readonly verdict: "illegal"; readonly violation: Violation }
  | { readonly key: string; readonly operations: number; readonly verdict: "unknown"; readonly reason: "time" | "memory" }

export interface OnlineResult {
  readonly verdict: Verdict
  readonly keys: ReadonlyArray<OnlineKeyResult>
}

/** A number that `invoke` gives to an operation, and that says which one ends. */
export type Ticket = number

/**
 * Checks a history while it grows. The order in which the methods are called is the order of events; times are only for
 * reports. Operations that return at the very moment of another's call should be told afterwards: they are concurrent.
 *
 * ```ts
 * const checker = new OnlineChecker(kv)
 * const put = checker.invoke({ client: 1, op: "put", key: "x", value: "a" }, 0)
 * const get = checker.invoke({ client: 2, op: "get", key: "x", value: null }, 5)
 * checker.complete(get, 10, "a") // undefined: the put may have taken effect
 * checker.complete(put, 20, null)
 * const late = checker.invoke({ client: 2, op: "get", key: "x", value: null }, 30)
 * checker.complete(late, 40, null) // a Violation
 * ```
 */
export class OnlineChecker {
  readonly #model: Model
  readonly #limits: Limits
  readonly #objects = new Map<string, OnlineObject>()
  readonly #open = new Map<Ticket, { readonly object: OnlineObject; readonly i: number }>()
  #tickets = 0

  constructor(model: Model, options: OnlineOptions = {}) {
    this.#model = model
    this.#limits = { memoryBytes: 2 ** 24, timeoutMs: 1000, remembered: 200, ...options }
  }

  /** A client calls. Throws a TypeError when the model has no such operation. */
  invoke(call: Call, time: number): Ticket {
    const x: Operation = { ...call, call: time, return: null, output: null }
    const fault = misfit(this.#model, x)
    if (fault !== undefined) throw new TypeError(fault)
    const key = this.#model.partition?.(x) ?? x.key
    let object = this.#objects.get(key)
    if (object === undefined) this.#objects.set(key, (object = new OnlineObject(key, this.#model, this.#limits)))
    const ticket = this.#tickets++
    this.#open.set(ticket, { object, i: object.invoke(x) })
    return ticket
  }

  /**
   * The operation has returned; without an output it has certainly taken effect by now, and its answer is unknown. Answers the
   * violation of its object, if this return makes it one.
   */
  complete(ticket: Ticket, time: number, output?: Json): Violation | undefined {
    const { i, object } = this.#end(ticket)
    return object.complete(i, time, output)
  }

  /** Nobody will ever know the outcome: the operation may take effect at any later time, or never. */
  unknown(ticket: Ticket): void {
    const { i, object } = this.#end(ticket)
    object.unknown(i)
  }

  /** The operation has certainly had no effect, and never will. Answers the violation, if somebody has seen its effect. */
  fail(ticket: Ticket): Violation | undefined {
    const { i, object } = this.#end(ticket)
    return object.fail(i)
  }

  #end(ticket: Ticket) {
    const open = this.#open.get(ticket)
    if (open === undefined) throw new TypeError(`operation ${ticket} is not open`)
    this.#open.delete(ticket)
    return open
  }

  /** What is known now. What is open now may have taken effect, or not. */
  result(): OnlineResult {
    const keys = Array.from(this.#objects.values(), (object) => object.result())
    return { verdict: worst(keys.map((k) => k.verdict)), keys }
  }

  /** An estimate of the bytes in use. */
  get bytes(): number {
    let bytes = 0
    for (const object of this.#objects.values()) bytes += object.bytes
    return bytes
  }
}

/**
 * For a checker that is told whole operations, such as the lines of a file that is still written. They may come in any order,
 * but wait until everything before them is known.
 */
export class OnlineFeed {
  readonly #checker: OnlineChecker
  #waiting: Array<Operation> = []
  readonly #open = new Map<Operation, Ticket>()

  constructor(checker: OnlineChecker) {
    this.#checker = checker
  }

  add(x: Operation): void {
    if (x.applied !== false) this.#waiting.push(x)
  }

  /** No operation called before `time` will be added any more: checks all calls and returns before. Answers new violations. */
  watermark(time: number): ReadonlyArray<Violation> {
    const called = this.#waiting.filter((x) => x.call < time)
    this.#waiting = this.#waiting.filter((x) => x.call >= time)
    const returned = [...this.#open.keys(), ...called].filter((x) => x.return !== null && x.return < time)
    const events = [
      ...called.map((x) => ({ x, time: x.call, isReturn: false })),
      ...returned.map((x) => ({ x, time: x.return!, isReturn: true }))
    ]
    // At equal times calls come first.
    events.sort((a, b) => a.time - b.time || Number(a.isReturn) - Number(b.isReturn))
    return events.flatMap(({ isReturn, x }) => (isReturn ? this.#return(x, x.output) : this.#call(x)))
  }

  /** Nothing will be added any more: checks what is left. */
  end(): ReadonlyArray<Violation> {
    const last = this.watermark(Infinity)
    return [...last, ...[...this.#open.keys()].flatMap((x) => this.#return(x, undefined))]
  }

  #call(x: Operation): ReadonlyArray<Violation> {
    const ticket = this.#checker.invoke(x, x.call)
    if (x.return === null && x.applied !== true) this.#checker.unknown(ticket)
    else this.#open.set(x, ticket)
    return []
  }

  #return(x: Operation, output: Json | undefined): ReadonlyArray<Violation> {
    const ticket = this.#open.get(x)!
    this.#open.delete(x)
    const violation = this.#checker.complete(ticket, x.return ?? Infinity, output)
    return violation === undefined ? [] : [violation]
  }
}

/** One operation on an object, as far as it is known. */
interface Entry {
  x: Operation
  kind: number
  /** Its rank among the returns, or OPEN. */
  returned: number
  /** The place of its call among the events. */
  at: number
  /** While its outcome may become known: where the search was at its call. */
  moment: Moment | undefined
}

/** What an object has come to, and stays with. */
type End =
  | { readonly verdict: "illegal"; readonly violation: Violation }
  | { readonly verdict: "unknown"; readonly reason: "time" | "memory" }

/** One object. Its operations have numbers from 0, in the order of their calls. */
class OnlineObject {
  readonly #key: string
  readonly #model: Model
  readonly #limits: Limits
  #machine: Machine
  #search: Breadth
  /** Calls (`i`) and returns (`~i`) since the past was forgotten. */
  #events: Array<number> = []
  readonly #entries = new Map<number, Entry>()
  /** Those whose outcome may become known, by call. */
  readonly #open = new Set<Entry>()
  #called = 0
  #returned = 0
  #end: End | undefined

  constructor(key: string, model: Model, limits: Limits) {
    this.#key = key
    this.#model = model
    this.#limits = limits
    this.#machine = new Machine(model)
    this.#search = new Breadth(this.#machine)
  }

  get bytes(): number {
    let bytes = 1000 + 500 * this.#entries.size + 16 * this.#events.length + this.#search.bytes
    for (const { moment } of this.#open) bytes += moment!.rows.byteLength + moment!.links.byteLength
    return bytes
  }

  result(): OnlineKeyResult {
    return { key: this.#key, operations: this.#called, ...(this.#end ?? { verdict: "ok" }) }
  }

  invoke(x: Operation): number {
    const i = this.#called++
    if (this.#end !== undefined) return i
    const entry: Entry = { x, kind: this.#machine.kind(x), returned: OPEN, at: this.#events.length, moment: this.#search.save() }
    this.#entries.set(i, entry)
    this.#open.add(entry)
    this.#events.push(i)
    this.#search.call(i, entry.kind, OPEN)
    return i
  }

  complete(i: number, time: number, output: Json | undefined): Violation | undefined {
    const entry = this.#entries.get(i)
    if (this.#end !== undefined || entry === undefined) return undefined
    const known: Operation = output === undefined ? { ...entry.x, applied: true } : { ...entry.x, return: time, output }
    const fault = misfit(this.#model, known)
    if (fault !== undefined) throw new TypeError(fault)
    const asOpen = { ...entry }
    entry.x = known
    entry.kind = this.#machine.kind(entry.x)
    entry.returned = ++this.#returned
    this.#events.push(~i)
    return this.#close(i, entry, asOpen)
  }

  unknown(i: number): void {
    const entry = this.#entries.get(i)
    if (this.#end !== undefined || entry === undefined) return
    this.#open.delete(entry)
    entry.moment = undefined
    this.#forget()
  }

  fail(i: number): Violation | undefined {
    const entry = this.#entries.get(i)
    if (this.#end !== undefined || entry === undefined) return undefined
    const asOpen = { ...entry }
    entry.x = { ...entry.x, applied: false }
    this.#events[entry.at] = NOTHING
    return this.#close(i, entry, asOpen)
  }

  /** The outcome of operation `i` has become known: takes everything from its call on once more. */
  #close(i: number, entry: Entry, asOpen: Entry): Violation | undefined {
    this.#open.delete(entry)
    entry.moment = undefined
    this.#search.restore(asOpen.moment!)
    const end = this.#replay(entry.at, this.#events.length)
    if (end === true) {
      if (entry.x.applied === false) this.#entries.delete(i)
      this.#forget()
      return undefined
    }
    if (end !== false) {
      this.#giveUp(end)
      return undefined
    }
    const violation = this.#explain(i, entry, asOpen)
    this.#stop({ verdict: "illegal", violation })
    return violation
  }

  /** Takes the events from one place to another. Is there a configuration left? */
  #replay(from: number, to: number): boolean | "time" | "memory" {
    const budget = this.#budget()
    for (let e = from; e < to; e++) {
      const event = this.#events[e]!
      if (event === NOTHING) continue
      if (event < 0) {
        const left = within(budget, this.#search.return(~event))
        if (left !== true) return left
        continue
      }
      const entry = this.#entries.get(event)!
      if (entry.moment !== undefined) entry.moment = this.#search.save()
      this.#search.call(event, entry.kind, entry.returned)
    }
    return true
  }

  #explain(i: number, entry: Entry, asOpen: Entry): Violation {
    // Back to the moment before: operation `i` was open then.
    const last = entry.returned === OPEN ? this.#events.length : this.#events.length - 1
    const known = entry.x
    this.#entries.set(i, asOpen)
    this.#events[asOpen.at] = i
    this.#search.restore(asOpen.moment!)
    const isThere = this.#replay(asOpen.at, last) === true
    const numbers = [...this.#entries.keys()]
    const places = new Map(numbers.map((number, place) => [number, place]))
    const place = (number: number) => places.get(number)!
    const operation = (number: number) => this.#entries.get(number)!.x
    const found = isThere ? prefixesOf(this.#search, numbers, operation, { i, known }, this.#machine, this.#budget()) : undefined
    const words = `client ${known.client}'s ${(this.#model.describe ?? describeCall)(known)}`
    const before = known.applied === false ? this.#returned : this.#returned - 1
    return {
      key: this.#key,
      reason:
        known.applied === false
          ? `${words}, but no order of what had returned does without it`
          : `${words} has no place in any order of what had returned before it`,
      operations: numbers.map((number) => (number === i ? known : operation(number))),
      blocked: place(i),
      before,
      prefixes: (found ?? []).map((prefix) => ({
        ...prefix,
        order: prefix.order.map(place),
        next: prefix.next.map(({ row, why }) => ({ row: place(row), why }))
      }))
    }
  }

  /** Forgets what nobody can change any more, if there is enough of it. */
  #forget() {
    this.#search.tidy(Array.from(this.#open, (entry) => entry.moment!))
    if (this.bytes > this.#limits.memoryBytes) return this.#giveUp("memory")
    const [oldest] = this.#open
    const at = oldest?.at ?? this.#events.length
    if (at < this.#limits.remembered || 2 * at < this.#events.length) return
    this.#begin(oldest?.moment ?? this.#search.save(), at)
  }

  /** Lets the history begin at a moment, the one before event `at`. */
  #begin(moment: Moment, at: number) {
    this.#machine = new Machine(this.#model)
    for (const entry of this.#entries.values()) entry.kind = -1
    const kindOf = (i: number): number => {
      const entry = this.#entries.get(i)!
      return entry.kind === -1 ? (entry.kind = this.#machine.kind(entry.x)) : entry.kind
    }
    this.#search = this.#search.since(moment, this.#machine, kindOf)
    this.#events = this.#events.slice(at)
    for (const [i, entry] of this.#entries) {
      entry.at -= at
      if (entry.at < 0 && entry.kind === -1) this.#entries.delete(i)
      else kindOf(i)
    }
    const end = this.#replay(0, this.#events.length)
    if (end !== true) this.#giveUp(end === false ? "memory" : end)
  }

  #budget(): Budget {
    return { deadline: performance.now() + this.#limits.timeoutMs, bytes: this.#limits.memoryBytes }
  }

  #giveUp(reason: "time" | "memory") {
    this.#stop({ verdict: "unknown", reason })
  }

  #stop(end: End) {
    this.#end = end
    this.#entries.clear()
    this.#open.clear()
    this.#events = []
    this.#machine = new Machine(this.#model)
    this.#search = new Breadth(this.#machine)
  }
}

/** In the place of the call of an operation that failed. */
const NOTHING = 0x7fffffff
