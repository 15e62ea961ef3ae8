/**
 * One random execution: a cluster, the machines on its servers, its clients, and everyone who watches. It carries out
 * acts one by one, whoever chooses them, and stops at the first thing that must not be.
 */
import { Invoke } from "../../src/kv/Client.ts"
import { encode, fromPieces, requestIn, toPieces } from "../../src/kv/Encoding.ts"
import { apply, InitKV } from "../../src/kv/Sessions.ts"
import type { KV, Request, Time } from "../../src/kv/Sessions.ts"
import * as Table from "../../src/kv/Table.ts"
import type { Message } from "../../src/raft/Message.ts"
import { entryAt, lastIndex, termAt } from "../../src/raft/Server.ts"
import type { Index, Server, ServerId, Settings, Term } from "../../src/raft/Server.ts"
import { Cluster, serverIds } from "../cluster/Cluster.ts"
import type { Event, Taken } from "../cluster/Cluster.ts"
import { checkLinearizable, kv, misfit, show } from "../linearizability/index.ts"
import type { Act } from "./Act.ts"
import { firstDifference } from "./Change.ts"
import type { Change } from "./Change.ts"
import { Clients } from "./Clients.ts"
import { HistoryProperties, keepsToLeader } from "./HistoryProperties.ts"
import { Refinement } from "./Refinement.ts"
import { Counter } from "./Richness.ts"
import { StateProperties, violatedByStep, violatedNow } from "./StateProperties.ts"

/** What a run is made of. Tests put a faulty one in its place, to see it found. */
export interface Parts {
  readonly createCluster: (
    ids: ReadonlyArray<ServerId>,
    settings: Settings,
    observe: (taken: Taken) => void,
    machine: (s: Server) => ReadonlyArray<string>
  ) => Cluster
  readonly apply: typeof apply
  readonly invoke: typeof Invoke
}

export const realParts: Parts = {
  createCluster: (ids, settings, observe, machine) => new Cluster(ids, settings, observe, machine),
  apply,
  invoke: Invoke
}

/** The size of a run's cluster, and its settings. */
export interface Setup {
  readonly servers: number
  readonly settings: Settings
}

/** A property that doesn't hold, or `Exception`: the rules threw. */
export interface Violation {
  readonly property: string
  /** When, or why; one line. */
  readonly detail: string
}

/** The machine on one server, in its present life. */
interface Machine {
  state: KV
  /** Requests it took and must answer: by index, with the term of the entry that was theirs. */
  readonly waiting: Map<Index, { readonly term: Term; readonly client: number }>
}

/** A message at its destination. */
interface Arrival {
  readonly m: Message
  readonly dest: Server
}

/** Who asks which server, whose clock reads `time`. */
interface Asking {
  readonly client: number
  readonly server: ServerId
  readonly time: Time
  readonly cut?: number
  readonly unsynced?: true
}

/** Characters of a machine's snapshot in a piece of it: some pieces each. */
const pieceSize = 60

/** How often the definitions of all properties are evaluated in full. */
const fullCheckEvery = 100

export class Run {
  readonly cluster: Cluster
  readonly clients: Clients
  readonly counter = new Counter()
  /** Events that happened. */
  events = 0
  /** Acts tried; the clock of the history. */
  #clock = 0
  violation: Violation | undefined
  readonly #machines = new Map<ServerId, Machine>()
  readonly #state: StateProperties
  readonly #history: HistoryProperties
  readonly #refinement: Refinement
  readonly #parts: Parts
  /** Whether what the event now carried out answers reaches anybody, and how many of its steps' effects are. */
  #heard = true
  #cut: number | undefined

  constructor(setup: Setup, parts: Parts, observe: (taken: Taken) => void = () => {}) {
    this.#parts = parts
    this.cluster = parts.createCluster(serverIds(setup.servers), setup.settings, (taken) => {
      observe(taken)
      if (this.violation === undefined) this.#observe(taken)
    }, (s) => toPieces(this.#machines.get(s.id)!.state, pieceSize))
    this.clients = new Clients(parts.invoke)
    this.#refinement = new Refinement(parts.apply)
    for (const id of this.cluster.ids) this.#machines.set(id, { state: InitKV, waiting: new Map() })
    this.#state = new StateProperties(this.cluster)
    this.#history = new HistoryProperties(this.cluster)
  }

  /** Whether the act could happen; if so, it has, and `violation` says what it broke. */
  do(act: Act): boolean {
    this.#clock++
    try {
      return this.#do(act)
    } catch (error) {
      this.#violate("Exception", String(error))
      return true
    }
  }

  #do(act: Act): boolean {
    switch (act.type) {
      case "open": {
        const request = this.clients.open(act.client)
        if (request === undefined) return false
        this.#ask(request, act)
        return true
      }
      case "call": {
        const others = [...this.clients.waiting()]
        const pipelined = this.clients.state(act.client).waiting.size > 0
        const request = this.clients.call(act.client, act.operation, this.#clock)
        if (request === undefined) return false
        if (others.some(({ key }) => key === act.operation.key)) this.counter.count("overlapping")
        if (pipelined) this.counter.count("pipelined")
        this.#refine(this.#refinement.client(act.client, this.clients.state(act.client)))
        this.#ask(request, act)
        return true
      }
      case "again":
        return this.#repeat(this.clients.again(act.client, act.nth), act, "retries")
      case "echo":
        return this.#repeat(this.clients.copy(act.client, act.nth), act, "echoes")
      case "giveUp":
        return this.clients.giveUp(act.client)
      case "unheard":
        return this.#execute({ type: "apply", server: act.server }, false)
      default:
        return this.#execute(act, true)
    }
  }

  /** After the last act: everything in full, and whether the clients' history is linearizable. */
  finish(): void {
    if (this.violation !== undefined) return
    this.#checkInFull()
    if (this.violation !== undefined) return
    const { history } = this.clients
    for (const operation of history) this.counter.count(operation.return === null ? "unknown" : "answered")
    this.counter.counts["committed"]! += this.cluster.ghost.committed.length
    const odd = history.find((operation) => misfit(kv, operation) !== undefined)
    if (odd !== undefined) {
      this.#violate("AnswersFit", `${show(odd)}: ${misfit(kv, odd)}`)
      return
    }
    const { keys, verdict } = checkLinearizable(history, kv)
    const bad = keys.find((key) => key.verdict === verdict)
    if (verdict === "illegal" && bad?.verdict === "illegal") {
      this.#violate("Linearizability", `key ${bad.key}: ${bad.explanation?.reason}`)
    } else if (verdict === "unknown") {
      this.#violate("LinearizabilityUndecided", "the search's budget was used up")
    }
  }

  #repeat(request: Request | undefined, act: Asking, name: string): boolean {
    if (request === undefined || !this.#ask(request, act)) return false
    this.counter.count(name)
    return true
  }

  /** The request is put to a server, which may take it, with what its clock reads. */
  #ask(request: Request, { client, cut, server, time, unsynced }: Asking): boolean {
    const how = { ...(cut === undefined ? {} : { cut }), ...(unsynced === undefined ? {} : { unsynced }) }
    const value = encode({ time, request })
    if (!this.#execute({ type: "propose", server, values: [value], ...how }, true)) return false
    if (cut !== undefined || this.violation !== undefined) return true
    const { log } = this.cluster.memory(server)
    const index = lastIndex(log)
    this.#machines.get(server)!.waiting.set(index, { term: termAt(log, index), client })
    return true
  }

  #refine(violated: string | undefined): void {
    if (violated !== undefined && this.violation === undefined) this.#violate(violated)
  }

  #execute(event: Event, heard: boolean): boolean {
    const crashes = event.type === "crash" || event.type === "sync-fails"
    const underWay = crashes ? this.cluster.unsynced(event.server) : 0
    this.#cut = crashes ? 1 : event.cut
    this.#heard = heard && this.#cut === undefined
    const arrival = event.type === "deliver" && event.cut !== 0 ? this.#arrival(event.message) : undefined
    const happened = this.cluster.execute(event)
    if (arrival !== undefined) this.#checkArrival(arrival, happened)
    if (!happened) return this.violation !== undefined
    this.events++
    this.counter.event(this.cluster, event)
    if (crashes && underWay > 0) this.counter.count((event.keeps ?? 0) < underWay ? "unsyncedLost" : "unsyncedKept")
    if (this.violation === undefined && this.events % fullCheckEvery === 0) this.#checkInFull()
    return true
  }

  /** A step that is durable now. */
  #observe(taken: Taken): void {
    const change: Change = { taken, firstChanged: firstDifference(taken.before.log, taken.step.server.log) }
    this.counter.step(change, this.#cut, () => !this.clients.waiting().next().done)
    this.#checkChange(change)
    if (this.violation === undefined) this.#refine(this.#refinement.decide(this.cluster.ghost.committed))
    if (this.violation === undefined) this.#machineStep(taken, this.#heard)
  }

  /** The message, and whom it reaches as it is now; `undefined`: nobody. */
  #arrival(message: number): Arrival | undefined {
    const m = this.cluster.sent[message]!
    return this.cluster.down.has(m.dest) ? undefined : { m, dest: this.cluster.memory(m.dest) }
  }

  /**
   * Who keeps to its leader does nothing at all about another's campaign; everybody else, also who does nothing about a
   * message, knows its term then (Fig2.A2).
   */
  #checkArrival({ dest, m }: Arrival, happened: boolean): void {
    if (keepsToLeader(dest, m)) {
      if (happened) this.#violate("LeadersAreKept")
      else this.counter.count("campaignsIgnored")
    } else if (this.cluster.memory(m.dest).currentTerm < m.term) this.#violate("TermsAreLearnt")
  }

  #violate(property: string, detail = `after ${this.events} events`): void {
    this.violation = { property, detail }
  }

  /** Of a state property that was noticed by what changed, the definition has the last word. */
  #checkChange(change: Change): void {
    const step = violatedByStep(this.cluster, change)
    if (step !== undefined) {
      this.#violate(step)
      return
    }
    const state = this.#state.check(change)
    const history = this.#history.check(change)
    if (state === undefined && history === undefined) return
    const inFull = violatedNow(this.cluster)
    const property = inFull[0] ?? history ?? state!
    if (state === undefined || inFull.includes(state)) this.#violate(property)
    else this.#violate(property, `${state} was noticed incrementally, though its definition holds`)
  }

  #checkInFull(): void {
    const [violated] = violatedNow(this.cluster)
    if (violated !== undefined) {
      this.#violate(violated, "not noticed by its incremental check")
      return
    }
    for (const [id, { state }] of this.#machines) {
      if (!this.#history.machineAgrees(this.cluster.servers.get(id)!.lastApplied, state)) {
        this.#violate("MachinesAgree", `${id}, in full`)
      }
    }
  }

  /** Applies what Raft says is applied, or starts from a snapshot, and answers who waits for it. */
  #machineStep({ action, before: was, step: { server: s } }: Taken, heard: boolean): void {
    const machine = this.#machines.get(s.id)!
    const { lastIncludedIndex } = s.log
    if (action === "RestartAction") machine.waiting.clear()
    if (action === "RestartAction" || s.snapshot !== was.snapshot) {
      const state = fromPieces(s.snapshot.data)
      if (!this.#history.machineAgrees(lastIncludedIndex, state)) {
        this.#violate("SnapshotsAgree")
        return
      }
      if (action !== "SnapshotAction") machine.state = state
      // What a snapshot stands for was applied elsewhere: nobody here knows the answers.
      for (const index of machine.waiting.keys()) if (index <= s.lastApplied) machine.waiting.delete(index)
    }
    if (action !== "ApplyAction") return
    const index = s.lastApplied
    const entry = entryAt(s.log, index)
    const stamped = requestIn(entry)
    const request = stamped?.request
    const before = machine.state
    const applied = stamped === undefined ? undefined : this.#parts.apply(before, index, stamped)
    if (applied !== undefined) machine.state = applied.kv
    const reply = applied?.reply
    const asker = request?.type === "command" ? Table.get(before.sessions, request.session) : undefined
    if (request?.type === "command" && asker !== undefined && Table.get(asker.replies, request.seq) !== undefined) {
      this.counter.count("repeatsApplied")
    }
    if (reply?.status === "STALE") this.counter.count("oldRefused")
    if (reply?.status === "SESSION_EXPIRED") this.counter.count("expiredRefused")
    const violated = this.#history.application({
      server: s.id,
      index,
      entry,
      request,
      before,
      reply,
      after: machine.state
    })
    if (violated !== undefined) {
      this.#violate(violated)
      return
    }
    const waiting = machine.waiting.get(index)
    if (waiting === undefined) return
    machine.waiting.delete(index)
    // Another leader's entry came here in its place: the client hears nothing.
    if (waiting.term !== entry.term || reply === undefined || !heard) return
    const { client } = waiting
    const { open, session, waiting: calls } = this.clients.state(client)
    if (reply.status === "STALE") {
      if (open && session === reply.session && Table.get(calls, reply.seq) !== undefined) this.#violate("NeverStale")
      return
    }
    if (!this.clients.hear(client, reply, this.#clock)) return
    if (reply.status === "OPENED") this.counter.count("sessionsOpened")
    if (reply.status === "SESSION_EXPIRED") this.counter.count("sessionsExpired")
    this.#refine(this.#history.acknowledge(index, entry))
    this.#refine(this.#refinement.client(client, this.clients.state(client)))
  }
}
