/**
 * Histories of a known construction: simulated clients use a simulated object (objects.ts), and every operation takes
 * effect on the real state at one moment between its call and its return. So a history without a fault is linearizable
 * by construction.
 *
 * The same settings give the same history, for ever: verdicts are known for histories of which only the settings are
 * kept (shapes.ts). So the order in which random numbers are drawn, and the rounding of sums, is fixed; a test pins bytes.
 */
import type { Json, Operation } from "../linearizability/index.ts"
import { Random } from "../Random.ts"
import { objects } from "./objects.ts"
import type { ObjectName } from "./objects.ts"
import type { Fault, ObjectKind, SimulatedObject } from "./objects/SimulatedObject.ts"

/** What to simulate. Times are in units of the clock; a share is a number from 0 to 1. */
export interface Settings {
  readonly model: ObjectName
  /** Operations to call; the fault `tail` adds two. */
  readonly ops: number
  /** Clients at any one time. About clients · latency / (latency + think) operations overlap. */
  readonly clients: number
  readonly keys: number
  /** How many different values there are; 0: none is written twice. */
  readonly values: number
  /** The share of operations whose outcome stays unknown. */
  readonly timeout: number
  /** The share of these that takes effect after all. */
  readonly late: number
  /** Mean time from call to return. */
  readonly latency: number
  /** Mean time from return to the next call. */
  readonly think: number
  /** The share of each operation; null: as usual for the model. */
  readonly mix: Readonly<Record<string, number>> | null
  /** What to break; "": nothing. */
  readonly fault: Fault | ""
  /** How many times. */
  readonly faults: number
  /** After which share of the operations. */
  readonly at: number
  readonly seed: number
}

export const defaults: Settings = {
  model: "kv",
  ops: 1000,
  clients: 10,
  keys: 1,
  values: 0,
  timeout: 0,
  late: 0.5,
  latency: 100,
  think: 20,
  mix: null,
  fault: "",
  faults: 1,
  at: 0.7,
  seed: 1
}

/** An operation under way. */
export interface Call {
  readonly client: number
  readonly op: string
  readonly key: string
  value: Json
  readonly call: number
  return: number | null
  output: Json
  /** Its client never hears of it again. */
  lost: boolean
  /** The moment of its return, if nothing holds it up. */
  until: number
  /** Of a release: what it releases. */
  readonly releases: Call | undefined
  /** The operation that was called next. */
  next: Call | undefined
}

/** What an object may ask of the simulation. */
export interface Run {
  readonly settings: Settings
  /** At least 0 and less than 1. */
  readonly random: () => number
  /** A random time, of exponential distribution. */
  readonly delay: (mean: number) => number
  /** A number to write, in accordance with `Settings.values`. */
  readonly value: () => number
  /** A number that was not given before, from 1. */
  readonly unique: () => number
  /** Is it time to plant `fault`, and can `x` show it? Whoever plants it then says `planted`. */
  readonly due: (fault: Fault, x: Call) => boolean
  readonly planted: () => void
  /** Lets `x` return at `time`, or when it would have returned anyway, if that is later. */
  readonly finish: (x: Call, time: number) => void
}

/**
 * Simulates, and gives the operations in the order of their calls, each as soon as its outcome is certain: there is
 * little more in memory than the operations under way and the objects.
 *
 * @returns how many faults were planted. A planted fault may still be invisible: something overwrote it at once.
 */
export function* simulate(told: Partial<Settings>): Generator<Operation, number> {
  const settings: Settings = { ...defaults, ...told }
  const { at, clients, fault, keys, late, latency, ops, think, timeout, values } = settings
  const kind: ObjectKind = objects[settings.model]
  const mix = Object.entries(settings.mix ?? kind.mix)
  const numbers = new Random(settings.seed * 2_654_435_761)
  const random = () => numbers.fraction()
  const delay = (mean: number) => -mean * Math.log(1 - random())
  const agenda = new Agenda()
  const states = new Map<string, SimulatedObject>()
  const faultFrom = Math.floor(ops * at)
  let faultsLeft = fault === "" ? 0 : settings.faults
  let clock = 0
  let lastUnique = 0
  let nextClient = clients
  let called = 0
  // The calls that were not given yet are a linked list.
  let oldest: Call | undefined
  let newest: Call | undefined

  const run: Run = {
    settings,
    random,
    delay,
    value: () => (values > 0 ? Math.floor(random() * values) : lastUnique++),
    unique: () => ++lastUnique,
    due: (wanted, x) => faultsLeft > 0 && called >= faultFrom && wanted === fault && !x.lost,
    planted: () => {
      faultsLeft--
    },
    finish: (x, time) => agenda.add({ time: Math.max(time, x.until), type: "return", x })
  }

  /** No two calls or returns have the same time. */
  const stamp = (time: number): number => (clock = Math.max(clock + 1, Math.floor(time)))

  const anyKey = (): string => {
    const n = Math.floor(random() * keys)
    return kind.single && keys === 1 ? "x" : `k${n}`
  }

  const anyOperation = (): string => {
    let left = random()
    return (mix.find(([, share]) => (left -= share) < 0) ?? mix[0]!)[0]
  }

  const stateOf = (key: string): SimulatedObject => {
    const state = states.get(key) ?? kind.create(run)
    states.set(key, state)
    return state
  }

  const start = (client: number, time: number, releases: Call | undefined): void => {
    if (called >= ops) return
    called++
    const any = anyKey()
    const [op, key] = releases === undefined ? [anyOperation(), any] : ["release", releases.key]
    const call = stamp(time)
    const open = { value: null, return: null, output: null, lost: false, until: 0, next: undefined }
    const x: Call = { client, op, key, call, releases, ...open }
    const state = stateOf(key)
    x.value = state.argument(x)
    const duration = delay(latency) + 1
    x.until = time + duration
    x.lost = random() < timeout
    if (x.lost) {
      const effect = time + random() * kind.patience * latency
      if (random() < late) agenda.add({ time: effect, type: "effect", x })
      agenda.add({ time: time + 5 * latency, type: "giveUp", x })
    } else {
      agenda.add({ time: time + random() * duration, type: "effect", x })
      if (state.waits?.(x) !== true) run.finish(x, x.until)
    }
    if (newest === undefined) oldest = x
    else newest.next = x
    newest = x
  }

  for (let client = 0; client < clients; client++) agenda.add({ time: random() * latency, type: "start", client, releases: undefined })
  for (let event = agenda.next(); event !== undefined; event = agenda.next()) {
    const { time, type } = event
    if (type === "start") start(event.client, time, event.releases)
    else if (type === "effect") stateOf(event.x.key).effect(event.x, time)
    else {
      const { x } = event
      const held = stateOf(x.key).held?.(x)
      if (type === "return") {
        x.return = stamp(time)
        // Whoever has a lock keeps it for a while.
        const next = time + delay(held === undefined ? think : latency / 2) + 0.01
        agenda.add({ time: next, type: "start", client: x.client, releases: held })
      } else if (kind.named === true) agenda.add({ time: time + 1, type: "start", client: x.client, releases: x })
      // The client goes on under a new name, as in Jepsen.
      else agenda.add({ time: time + delay(think), type: "start", client: nextClient++, releases: held })
    }
    for (; oldest !== undefined && (oldest.lost || oldest.return !== null); oldest = oldest.next) yield operation(oldest)
    if (oldest === undefined) newest = undefined
  }
  // These wait for a lock to the end.
  for (; oldest !== undefined; oldest = oldest.next) yield operation(oldest)
  if (fault === "tail" && kind.tail !== undefined) {
    const { nth, read, write } = kind.tail
    const written = run.value()
    const [key] = states.keys()
    const last = (op: string, value: Json, output: Json): Operation => {
      clock += 20
      return { client: 0, op, key: key!, value, call: clock - 10, return: clock, output }
    }
    yield last(write, nth(written), null)
    yield last(read, null, nth(values > 0 ? (written + 1) % values : 0))
    faultsLeft = 0
  }
  return fault === "" ? 0 : settings.faults - faultsLeft
}

const operation = ({ call, client, key, op, output, return: returned, value }: Call): Operation => ({
  client,
  op,
  key,
  value,
  call,
  return: returned,
  output: returned === null ? null : output
})

type Event =
  | { readonly time: number; readonly type: "start"; readonly client: number; readonly releases: Call | undefined }
  | { readonly time: number; readonly type: "effect" | "return" | "giveUp"; readonly x: Call }

/** What is going to happen, earliest first: a binary heap. */
class Agenda {
  readonly #heap: Array<Event> = []

  add(event: Event): void {
    const heap = this.#heap
    let i = heap.length
    for (; i > 0; i = (i - 1) >> 1) {
      const parent = heap[(i - 1) >> 1]!
      if (parent.time <= event.time) break
      heap[i] = parent
    }
    heap[i] = event
  }

  next(): Event | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    let i = 0
    for (let child = 1; child < heap.length; child = 2 * i + 1) {
      if (child + 1 < heap.length && heap[child + 1]!.time < heap[child]!.time) child++
      if (heap[child]!.time >= last.time) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
    return first
  }
}
