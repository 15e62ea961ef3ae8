/**
 * Every run of so many events within a model's budgets, and in each a crash at every point between the effects of every
 * step, with every survivor of what wasn't synced; the runs go on after it. Worlds that are equal are one.
 *
 * Up to two steps of a server are under way to its disk when it crashes. The others have everything durable then: what
 * they have under way themselves nobody has seen, so it is as if it were still to happen.
 */
import { Interner } from "../explorer/Intern.ts"
import { raftModel } from "../models/RaftModel.ts"
import type { RaftSpec } from "../models/Table.ts"
import { stateProperties, stepProperties } from "../raft/Properties.ts"
import type { Message, Step } from "../../src/raft/Message.ts"
import { Dead, Handle } from "../../src/raft/Raft.ts"
import { figure2 } from "../../src/raft/Server.ts"
import type { Server } from "../../src/raft/Server.ts"
import { Actions, receiveAction, Remember, Settle } from "../../src/raft/World.ts"
import type { Bounds, Ghost, Left } from "../../src/raft/World.ts"
import { perform } from "../../src/shell/Perform.ts"
import { begin, promiseKept, settledHost, survivors } from "./Host.ts"
import type { Host } from "./Host.ts"

/** Servers, messages and ghosts by number. */
interface World {
  readonly servers: ReadonlyArray<number>
  /** Sorted; without dead ones. */
  readonly messages: ReadonlyArray<number>
  readonly left: Left
  readonly ghost: number
}

/** What one event does to one server, by numbers. */
interface Local {
  readonly server: number
  readonly sends: ReadonlyArray<number>
  readonly step: Step
  readonly spends: keyof Left | undefined
  /** What a crash leaves with it under way, alone or with another after it. */
  readonly crashed: { alone?: ReadonlyArray<Rest>; readonly before: Map<Local, ReadonlyArray<Rest>> }
}

/** What one crash leaves of one server, by numbers. */
interface Rest {
  readonly server: number
  readonly sends: ReadonlyArray<number>
  readonly kinds: ReadonlyArray<CrashKind>
}

/** What a crash came upon: each must come up. */
export type CrashKind = "nothingUnderWay" | "recordLost" | "recordKept" | "secondLost" | "someSent" | "leaderCrashed"

export interface CrashPoints {
  /** Different ones, checked and (but for the last event's) expanded. */
  readonly worlds: number
  /** A world, the steps under way, a point between their effects, a survivor. */
  readonly crashes: number
  /** Different worlds right after a crash. */
  readonly crashStates: number
  readonly kinds: Readonly<Record<CrashKind, number>>
  readonly interrupted: boolean
  readonly violation?: { readonly property: string; readonly detail: string }
}

/** A property that doesn't hold, and of what. */
class Violated extends Error {
  readonly detail: string

  constructor(property: string, of: unknown) {
    super(property)
    this.detail = JSON.stringify(of)
  }
}

const own = Actions.filter(({ name }) => name !== "RestartAction")

const spend = (left: Left, budget: keyof Left | undefined): Left =>
  budget === undefined ? left : { ...left, [budget]: left[budget] - 1 }

/** By key, computed once. */
const remembered = <K, V>(known: Map<K, V>, key: K, compute: () => V): V => {
  let value = known.get(key)
  if (value === undefined) known.set(key, value = compute())
  return value
}

class Enumeration {
  readonly #effects: typeof perform
  readonly #bounds: Bounds
  readonly #root: World
  readonly #servers = new Interner<Server>()
  readonly #messages = new Interner<Message>()
  readonly #ghosts = new Interner<Ghost>()
  readonly #own = new Map<number, ReadonlyArray<Local>>()
  readonly #handled = new Map<number, Local | null>()
  readonly #dead = new Map<number, boolean>()
  readonly #kept = new Map<number, boolean>()
  readonly #ghostAfter = new Map<number, number>()
  readonly #idle = new Map<number, ReadonlyArray<Rest>>()
  readonly #checked = new Set<string>()
  /** By message: the positions of its ends. */
  readonly #dest: Array<number> = []
  readonly #source: Array<number> = []
  readonly #positions: ReadonlyArray<string>
  /** By depth: worlds to be expanded, in events from the root. */
  readonly #levels: Array<Array<World>>
  /** The depth at which each world was found. */
  readonly #seen = new Map<string, number>()
  readonly #crashStates = new Set<string>()
  readonly #kinds: Record<CrashKind, number> = {
    nothingUnderWay: 0, recordLost: 0, recordKept: 0, secondLost: 0, someSent: 0, leaderCrashed: 0
  }
  #crashes = 0

  constructor(spec: RaftSpec, events: number, effects: typeof perform) {
    this.#effects = effects
    const { actors, root } = raftModel(spec)
    this.#bounds = { maxTerm: spec.maxTerm, values: spec.values, together: spec.together, applyAlone: spec.applyAlone }
    this.#positions = actors
    this.#levels = Array.from({ length: events + 1 }, () => [])
    this.#root = {
      servers: root.actors.map((s) => this.#number(this.#servers, s)),
      messages: root.messages.map((m) => this.#message(m)).sort((a, b) => a - b),
      left: spec.left,
      ghost: this.#number(this.#ghosts, root.ghost)
    }
  }

  async run(signal: AbortSignal | undefined): Promise<CrashPoints> {
    let violation: CrashPoints["violation"]
    try {
      this.#visit(this.#root, 0)
      for (const [depth, level] of this.#levels.entries()) {
        for (const [n, world] of level.entries()) {
          if (n % 1000 === 0) await new Promise(setImmediate)
          if (signal?.aborted === true) break
          this.#expand(world, depth)
        }
        level.length = 0
      }
    } catch (error) {
      if (!(error instanceof Violated)) throw error
      violation = { property: error.message, detail: error.detail }
    }
    return {
      worlds: this.#seen.size,
      crashes: this.#crashes,
      crashStates: this.#crashStates.size,
      kinds: this.#kinds,
      interrupted: signal?.aborted === true,
      ...(violation === undefined ? {} : { violation })
    }
  }

  #number<T>(interner: Interner<T>, value: T): number {
    const found = interner.find(value)
    const number = found < 0 ? interner.add(value) : found
    if (number > largest) throw new RangeError(`more than ${largest} different servers, messages or ghosts`)
    return number
  }

  #message(m: Message): number {
    const number = this.#number(this.#messages, m)
    this.#dest[number] ??= this.#positions.indexOf(m.dest)
    this.#source[number] ??= this.#positions.indexOf(m.source)
    return number
  }

  #expand(world: World, depth: number): void {
    if (depth === this.#levels.length - 1 || this.#seen.get(keyOf(world))! < depth) return
    const mayCrash = world.left.restarts > 0
    for (const [at, s] of world.servers.entries()) {
      const inbox = world.messages.filter((m) => this.#dest[m] === at)
      if (mayCrash) this.#crash(world, at, depth, [])
      for (const first of this.#events(s, world.left, inbox)) {
        this.#visit(this.#after(world, at, [first], first.server, first.sends), depth + 1)
        if (!mayCrash) continue
        this.#crash(world, at, depth, [first])
        for (const second of this.#events(first.server, spend(world.left, first.spends), inbox)) {
          this.#crash(world, at, depth, [first, second])
        }
      }
    }
  }

  /** What may happen to a server. */
  #events(s: number, left: Left, inbox: ReadonlyArray<number>): ReadonlyArray<Local> {
    const alone = remembered(this.#own, s, () =>
      own.flatMap(({ name, spends, steps }) =>
        steps(this.#bounds, this.#servers.values[s]!).map((step) => this.#local(name, s, undefined, step, spends))
      ))
    const events = alone.filter(({ spends }) => spends === undefined || left[spends] > 0)
    for (const m of inbox) {
      const found = remembered(this.#handled, pair(s, m), () => {
        const message = this.#messages.values[m]!
        const step = Handle(this.#servers.values[s]!, message)
        return step === undefined ? null : this.#local(receiveAction(message), s, message, step, undefined)
      })
      if (found !== null) events.push(found)
    }
    return events
  }

  /** A step by numbers, once its properties have been found to hold. */
  #local(label: string, s: number, message: Message | undefined, step: Step, spends: keyof Left | undefined): Local {
    const server = Settle(this.#bounds, step.server)
    this.#checkStep(label, this.#servers.values[s]!, message, server, step.sends)
    return {
      server: this.#number(this.#servers, server),
      sends: step.sends.map((m) => this.#message(m)),
      step: { ...step, server },
      spends,
      crashed: { before: new Map() }
    }
  }

  #checkStep(label: string, before: Server, message: Message | undefined, after: Server, sends: ReadonlyArray<Message>): void {
    for (const p of stepProperties) {
      if (p.reads === "step" && !p.holds({ label, before, message, after, sends })) throw new Violated(p.name, { label, before, message, after })
    }
  }

  /** The server crashes with these steps under way: at each point, with each survivor. */
  #crash(world: World, at: number, depth: number, steps: ReadonlyArray<Local>): void {
    if (depth + steps.length + 1 >= this.#levels.length) return
    const s = world.servers[at]!
    const [first, second] = steps
    const rests = first === undefined
      ? remembered(this.#idle, s, () => this.#restsOf(s, steps))
      : second === undefined
      ? first.crashed.alone ??= this.#restsOf(s, steps)
      : remembered(first.crashed.before, second, () => this.#restsOf(s, steps))
    for (const { kinds, sends, server } of rests) {
      const after = this.#after(world, at, steps, server, sends)
      const found = { ...after, left: { ...after.left, restarts: after.left.restarts - 1 } }
      this.#checkPromises(found, at)
      this.#crashes++
      for (const kind of kinds) this.#kinds[kind]++
      this.#crashStates.add(keyOf(found))
      this.#visit(found, depth + steps.length + 1)
    }
  }

  #restsOf(s: number, steps: ReadonlyArray<Local>): ReadonlyArray<Rest> {
    let host: Host = settledHost(this.#servers.values[s]!)
    const early: Array<Message> = []
    for (const { step } of steps) {
      const begun = begin(host, step, this.#effects)
      host = begun.host
      early.push(...begun.sends)
    }
    const records = host.unsynced.length
    const wasLeader = host.server.role === "leader"
    return survivors(host).map(({ found, kept, sends, server }): Rest => {
      this.#checkStep("RestartAction", { ...host.server, ...found }, undefined, server, [])
      const kinds: Array<CrashKind> = []
      if (records === 0) kinds.push("nothingUnderWay")
      if (kept < records) kinds.push("recordLost")
      if (kept > 0 && sends.length === 0) kinds.push("recordKept")
      if (records === 2 && kept === 1) kinds.push("secondLost")
      if (sends.length > 0 && sends.length < host.held.length) kinds.push("someSent")
      if (wasLeader) kinds.push("leaderCrashed")
      return {
        server: this.#number(this.#servers, server),
        sends: [...early, ...sends].map((m) => this.#message(m)),
        kinds
      }
    })
  }

  /** The world after these steps of one server, which is another one then and has sent something. */
  #after(world: World, at: number, steps: ReadonlyArray<Local>, server: number, sends: ReadonlyArray<number>): World {
    const servers = world.servers.with(at, server)
    const alive = (m: number) => {
      const s = servers[this.#dest[m]!]!
      return !remembered(this.#dead, pair(s, m), () => Dead(this.#servers.values[s]!, this.#messages.values[m]!))
    }
    // Of the others nothing has died.
    const messages = world.messages.filter((m) => this.#dest[m] !== at || alive(m))
    for (const m of sends) if (!messages.includes(m) && alive(m)) messages.push(m)
    if (sends.length > 0) messages.sort((a, b) => a - b)
    let { ghost, left } = world
    for (const step of steps) {
      ghost = remembered(this.#ghostAfter, pair(ghost, step.server), () =>
        this.#number(this.#ghosts, Remember(this.#ghosts.values[ghost]!, this.#servers.values[step.server]!)))
      left = spend(left, step.spends)
    }
    return { servers, messages, left, ghost }
  }

  /** Everything that the server has ever promised is in what it starts with (diss. 3.8). */
  #checkPromises({ messages, servers }: World, at: number): void {
    const s = servers[at]!
    for (const m of messages) {
      if (this.#source[m] !== at) continue
      const [found, message] = [this.#servers.values[s]!, this.#messages.values[m]!]
      if (!remembered(this.#kept, pair(s, m), () => promiseKept(found, message))) {
        throw new Violated("PromisesAreDurable", { message, found })
      }
    }
  }

  #visit(world: World, depth: number): void {
    const key = keyOf(world)
    const known = this.#seen.get(key)
    if (known !== undefined && known <= depth) return
    this.#seen.set(key, depth)
    this.#levels[depth]!.push(world)
    if (known !== undefined) return
    const state = String.fromCharCode(...world.servers, world.ghost)
    if (this.#checked.has(state)) return
    this.#checked.add(state)
    const servers = world.servers.map((s) => this.#servers.values[s]!)
    const ghost = this.#ghosts.values[world.ghost]!
    for (const p of stateProperties) {
      if (p.reads === "actors" && !p.holds(servers, ghost)) throw new Violated(p.name, servers)
    }
  }
}

/** Two numbers as one. */
const pair = (a: number, b: number): number => a * 2 ** 24 + b

/** Numbers are characters of `keyOf`. */
const largest = 0xffff

const keyOf = ({ ghost, left: { heartbeats, requests, restarts, snapshots }, messages, servers }: World): string =>
  String.fromCharCode(...servers, ghost, requests, heartbeats, restarts, snapshots, ...messages)

/** Three servers from the very beginning: two terms, a request, a crash. */
export const crashSpec: RaftSpec = {
  name: "crash-points",
  about: "three servers, one crash at any point, any survivor of what wasn't synced",
  layer: "raft",
  servers: 3,
  maxTerm: 2,
  values: ["x"],
  together: 1,
  settings: { ...figure2, maxBatchBytes: 100, maxInflight: 8, maxUncommittedBytes: 100 },
  applyAlone: false,
  prune: true,
  left: { requests: 1, heartbeats: 0, restarts: 1, snapshots: 0 },
  root: [],
  scope: "check",
  edges: false,
  mustReach: []
}

/** All runs of at most so many events. Other `effects` than `perform` are for tests, to see them violate something. */
export const crashPoints = (
  spec: RaftSpec,
  events: number,
  options: { readonly signal?: AbortSignal; readonly effects?: typeof perform } = {}
): Promise<CrashPoints> => new Enumeration(spec, events, options.effects ?? perform).run(options.signal)
