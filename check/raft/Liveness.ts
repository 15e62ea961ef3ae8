/**
 * Progress under partial synchrony: what happens when the chaos ends. Twin of spec/Liveness.tla, where the assumptions
 * are. The chaos is any world of a model; here is the calm that may follow it, as a graph.
 */
import { Interner } from "../explorer/Intern.ts"
import { lassoMissing, stemTo } from "../explorer/Liveness.ts"
import type { FairGraph, Lasso } from "../explorer/Liveness.ts"
import type { LocalStep } from "../explorer/Model.ts"
import { Ints } from "../explorer/Tables.ts"
import { Apply } from "../../src/raft/Commit.ts"
import { LeaderContactLost, Timeout } from "../../src/raft/Election.ts"
import type { Message, Step } from "../../src/raft/Message.ts"
import { Handle } from "../../src/raft/Raft.ts"
import { CheckQuorum, ClientRequest, HeartbeatTimeout } from "../../src/raft/Replication.ts"
import { lastIndex, lastTerm } from "../../src/raft/Server.ts"
import type { Server, ServerId } from "../../src/raft/Server.ts"
import { Batches, receiveAction, Settle } from "../../src/raft/World.ts"
import type { Bounds } from "../../src/raft/World.ts"

/** What must come, and stay, once it is calm: a predicate of the servers that are up. */
export interface LivenessProperty {
  readonly name: string
  readonly holds: (up: ReadonlyArray<Server>) => boolean
}

const EventuallyLeader: LivenessProperty = {
  name: "EventuallyLeader",
  holds: (up) =>
    up.some((l) =>
      l.role === "leader"
      && up.every((s) => s === l || (s.role === "follower" && s.currentTerm === l.currentTerm))
    )
}

const EventuallyCommits: LivenessProperty = {
  name: "EventuallyCommits",
  holds: (up) => up.some((l) => l.role === "leader" && l.lastApplied === lastIndex(l.log))
}

const EventuallyCaughtUp: LivenessProperty = {
  name: "EventuallyCaughtUp",
  holds: (up) =>
    up.some((l) =>
      l.role === "leader"
      && up.every((s) =>
        lastIndex(s.log) === lastIndex(l.log) && lastTerm(s.log) === lastTerm(l.log) && s.commitIndex === l.commitIndex
      )
    )
}

/** In the order of spec/Liveness.tla. */
export const livenessProperties: ReadonlyArray<LivenessProperty> = [
  EventuallyLeader,
  EventuallyCommits,
  EventuallyCaughtUp
]

/** The term bound of the calm: so far from that of the chaos that nobody gets there. */
export const Horizon = (bounds: Bounds, servers: number): number => bounds.maxTerm + 2 * servers

/** Name of the invariant that nobody does: campaigns come to an end. */
export const withinHorizon: string = "WithinHorizon"

/** Everything that is checked of the calm. */
export const livenessNames: ReadonlyArray<string> = [...livenessProperties.map(({ name }) => name), withinHorizon]

/** A world of the calm, as the specification has it. */
export interface CalmWorld {
  readonly up: ReadonlyArray<Server>
  readonly messages: ReadonlyArray<Message>
  readonly requests: number
  readonly started: ReadonlyArray<ServerId>
}

/** A step of one server, by the numbers of its state after it and of its messages. */
interface Local {
  readonly label: string
  readonly message: number
  readonly after: number
  readonly sends: ReadonlyArray<number>
  readonly resets: boolean
}

/** What a server may do of its own accord. */
interface Own {
  readonly leader: boolean
  readonly tick: Local | undefined
  readonly loseContact: Local | undefined
  readonly confirm: Local | undefined
  readonly apply: Local | undefined
  readonly ask: ReadonlyArray<Local>
}

/**
 * A world of the calm: for each server the number of its state (-1: it is gone), then the requests left, `started` as
 * bits, and the numbers of the messages under way, ascending.
 */
type Vector = ReadonlyArray<number>

/** The fair action of ticks; that of the deliveries to the server at position i is i + 1. */
const tick = 0

/** The calm after any of the worlds it began with, explored on the way. */
export class Calm implements FairGraph {
  readonly first: Array<number> = [0]
  readonly foundBy: Array<number> = []
  readonly #to = new Ints()
  readonly #fair = new Ints()
  /** Per edge: the acting server's position, and its step (-1: a message is consumed, and nothing happens). */
  readonly #actor = new Ints()
  readonly #step = new Ints()
  readonly #steps: Array<Local> = []
  readonly #stepIds = new Map<Local, number>()

  #expanded = 0

  readonly #bounds: Bounds
  readonly #ids: ReadonlyArray<ServerId>
  readonly #servers = new Interner<Server>()
  readonly #messages = new Interner<Message>()
  readonly #dests: Array<number> = []
  readonly #own: Array<Own> = []
  readonly #handled: Array<Map<number, Local | undefined>> = []
  readonly #vectors: Array<Vector> = []
  readonly #numbers = new Map<string, number>()

  constructor(bounds: Bounds, ids: ReadonlyArray<ServerId>) {
    this.#bounds = bounds
    this.#ids = ids
  }

  get size(): number {
    return this.#vectors.length
  }

  get to(): Int32Array {
    return this.#to.items.subarray(0, this.#to.length)
  }

  get fair(): Int32Array {
    return this.#fair.items.subarray(0, this.#fair.length)
  }

  /** The calm begins: a majority stays up, and what is under way is lost. To be called before `explore`. */
  begin(servers: ReadonlyArray<Server>, requests: number): void {
    const numbers = servers.map((s) => this.#server(s))
    for (let up = 1; up < 1 << servers.length; up++) {
      const isUp = servers.map((_, i) => (up & 1 << i) !== 0)
      if (2 * isUp.filter(Boolean).length <= servers.length) continue
      this.#world([...numbers.map((number, i) => isUp[i] ? number : -1), requests, 0], -1)
    }
  }

  /** Finds the worlds that can follow, from at most so many more worlds. True: there is more to do. */
  explore(count: number): boolean {
    for (let n = 0; n < count && this.#expanded < this.#vectors.length; n++) this.#expand(this.#expanded++)
    return this.#expanded < this.#vectors.length
  }

  /** The servers that are up. */
  up(world: number): ReadonlyArray<Server> {
    return this.#vectors[world]!.slice(0, this.#ids.length).flatMap((s) => s < 0 ? [] : [this.#servers.values[s]!])
  }

  /** The number of this world of the calm, if it is one. */
  find({ messages, requests, started, up }: CalmWorld): number | undefined {
    const states = this.#ids.map((id) => {
      const s = up.find((each) => each.id === id)
      return s === undefined ? -1 : this.#servers.find(s)
    })
    const bits = this.#ids.reduce((sum, id, i) => started.includes(id) ? sum | 1 << i : sum, 0)
    const mail = messages.map((m) => this.#messages.find(m)).sort((a, b) => a - b)
    return this.#numbers.get([...states, requests, bits, ...mail].join())
  }

  /** An edge as a step of one server; undefined: a message is consumed, and nothing happens. */
  localStep(edge: number): LocalStep<Server, Message> | undefined {
    const step = this.#steps[this.#step.items[edge]!]
    if (step === undefined) return undefined
    let from = 0
    for (let above = this.size; above - from > 1;) {
      const middle = (from + above) >> 1
      if (this.first[middle]! <= edge) from = middle
      else above = middle
    }
    return {
      label: step.label,
      before: this.#servers.values[this.#vectors[from]![this.#actor.items[edge]!]!]!,
      message: step.message < 0 ? undefined : this.#messages.values[step.message]!,
      after: this.#servers.values[step.after]!,
      sends: step.sends.map((m) => this.#messages.values[m]!)
    }
  }

  /** A path on which the property of that name doesn't come to stay, or that leads out of the bound. */
  violation(name: string): Lasso | undefined {
    if (name !== withinHorizon) {
      const misses = this.missing(name)
      return lassoMissing(this, (world) => !misses(world))
    }
    const horizon = Horizon(this.#bounds, this.#ids.length)
    const beyond = this.foundBy.findIndex((_, world) => this.up(world).some((s) => s.currentTerm >= horizon))
    return beyond < 0 ? undefined : { ...stemTo(this, beyond), loop: [] }
  }

  /** Which worlds miss the property of that name. */
  missing(name: string): (world: number) => boolean {
    const { holds } = livenessProperties.find((property) => property.name === name)!
    return (world) => !holds(this.up(world))
  }

  /** The edge from one world to another, if there is one. */
  edge(from: number, to: number): number | undefined {
    for (let edge = this.first[from]!; edge < this.first[from + 1]!; edge++) if (this.#to.items[edge] === to) return edge
    return undefined
  }

  #expand(from: number): void {
    const vector = this.#vectors[from]!
    const count = this.#ids.length
    const [requests, started] = [vector[count]!, vector[count + 1]!]
    const mail = vector.slice(count + 2)
    let all = 0
    let quiet = mail.length === 0
    for (let i = 0; i < count; i++) {
      if (vector[i]! < 0) continue
      all |= 1 << i
      if (this.#ownOf(vector[i]!).apply !== undefined) quiet = false
    }

    const take = (i: number, step: Local, left: ReadonlyArray<number>, begun: number, fair: number, spent = 0) => {
      const next = vector.slice(0, count)
      next[i] = step.after
      const sends = step.sends.filter((m) => vector[this.#dests[m]!]! >= 0 && !left.includes(m))
      const messages = sends.length === 0 ? left : [...left, ...sends].sort((a, b) => a - b)
      this.#edge(from, [...next, requests - spent, step.resets ? begun | 1 << i : begun, ...messages], fair, i, step)
    }

    mail.forEach((m, n) => {
      const i = this.#dests[m]!
      const step = this.#handle(vector[i]!, m)
      const left = mail.toSpliced(n, 1)
      if (step !== undefined) take(i, step, left, started, i + 1)
      else this.#edge(from, [...vector.slice(0, count + 2), ...left], i + 1, i, undefined)
    })

    const over = (all & ~started) === 0
    const begun = over ? 0 : started
    const own = (i: number): Own | undefined => vector[i]! < 0 ? undefined : this.#ownOf(vector[i]!)
    // All heartbeats are sooner than what else a period has.
    let beaten = true
    for (let i = 0; i < count; i++) if (own(i)?.leader === true && (begun & 1 << i) === 0) beaten = false
    for (let i = 0; i < count; i++) {
      const can = own(i)
      if (can === undefined) continue
      if (can.apply !== undefined) take(i, can.apply, mail, started, i + 1)
      if (requests > 0) for (const step of can.ask) take(i, step, mail, started, -1, 1)
      if (!quiet) continue
      if (over && can.confirm !== undefined) take(i, can.confirm, [], 0, -1)
      if ((begun & 1 << i) !== 0 || !(can.leader || beaten)) continue
      if (can.tick !== undefined) take(i, can.tick, [], begun | 1 << i, tick)
      if (can.loseContact !== undefined) take(i, can.loseContact, [], begun, -1)
    }
    this.first.push(this.#to.length)
  }

  #edge(from: number, vector: Vector, fair: number, actor: number, step: Local | undefined): void {
    const to = this.#world(vector, this.#to.length)
    if (to === from) return
    this.#to.push(to)
    this.#fair.push(fair)
    this.#actor.push(actor)
    this.#step.push(step === undefined ? -1 : this.#stepId(step))
  }

  #world(vector: Vector, edge: number): number {
    const key = vector.join()
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.#vectors.length)
    this.foundBy.push(edge)
    return this.#vectors.push(vector) - 1
  }

  #stepId(step: Local): number {
    const known = this.#stepIds.get(step)
    if (known !== undefined) return known
    this.#stepIds.set(step, this.#steps.length)
    return this.#steps.push(step) - 1
  }

  #server(server: Server): number {
    const known = this.#servers.find(server)
    return known >= 0 ? known : this.#servers.add(server)
  }

  #message(message: Message): number {
    const known = this.#messages.find(message)
    if (known >= 0) return known
    this.#dests.push(this.#ids.indexOf(message.dest))
    return this.#messages.add(message)
  }

  #local(label: string, step: Step | undefined, message = -1): Local | undefined {
    return step && {
      label,
      message,
      after: this.#server(Settle(this.#bounds, step.server)),
      sends: step.sends.map((m) => this.#message(m)),
      resets: step.resetElectionTimer
    }
  }

  #handle(server: number, message: number): Local | undefined {
    const handled = this.#handled[server] ??= new Map()
    if (!handled.has(message)) {
      const m = this.#messages.values[message]!
      handled.set(message, this.#local(receiveAction(m), Handle(this.#servers.values[server]!, m), message))
    }
    return handled.get(message)
  }

  #ownOf(server: number): Own {
    const known = this.#own[server]
    if (known !== undefined) return known
    const s = this.#servers.values[server]!
    const { applyAlone } = this.#bounds
    const leader = s.role === "leader"
    const own: Own = {
      leader,
      tick: leader
        ? this.#local("HeartbeatTimeoutAction", HeartbeatTimeout(s))
        : s.currentTerm < Horizon(this.#bounds, this.#ids.length)
        ? this.#local("TimeoutAction", Timeout(s))
        : undefined,
      loseContact: this.#local("LeaderContactLostAction", LeaderContactLost(s)),
      confirm: this.#local("CheckQuorumAction", CheckQuorum(s)),
      apply: applyAlone ? this.#local("ApplyAction", Apply(s)) : undefined,
      ask: Batches(this.#bounds).flatMap((values) => this.#local("ClientRequestAction", ClientRequest(s, values)) ?? [])
    }
    return this.#own[server] = own
  }
}
