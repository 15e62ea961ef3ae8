/**
 * What replicas at work have shown of themselves, as the properties want to see it: servers as others may know them, what
 * their disks are known to hold, and every message that was free to leave. Every property is checked after every step
 * that has become durable.
 *
 * Nothing here is taken from a replica's word if it can be had otherwise: what is on disk is what the storage has said to
 * be durable, and what a replica answers is compared with a machine of our own.
 */
import { Hear, InitClient } from "../../src/kv/Client.ts"
import type { Client } from "../../src/kv/Client.ts"
import { fromPieces, requestIn } from "../../src/kv/Encoding.ts"
import { apply, InitKV } from "../../src/kv/Sessions.ts"
import type { Command, KV, Reply, Request, SessionId } from "../../src/kv/Sessions.ts"
import * as Table from "../../src/kv/Table.ts"
import type { Message } from "../../src/raft/Message.ts"
import { entryAt, InitServer, lastIndex } from "../../src/raft/Server.ts"
import type { Entry, Index, Server, ServerId, Settings } from "../../src/raft/Server.ts"
import { entriesOf, logOf } from "../raft/Log.ts"
import { InitGhost, Remember } from "../../src/raft/World.ts"
import type { Ghost } from "../../src/raft/World.ts"
import type { TakenStep } from "../../src/shell/Observer.ts"
import { persistent, samePersistent } from "../../src/shell/Perform.ts"
import type { Persistent } from "../../src/shell/Perform.ts"
import type { Answer } from "../../src/shell/Servers.ts"
import { advance, blank } from "../../src/shell/storage/Image.ts"
import type { Image } from "../../src/shell/storage/Image.ts"
import type { Durable, StorageRecord } from "../../src/shell/Storage.ts"
import type { Parcel } from "../../src/shell/Transport.ts"
import type { Known, Taken } from "../cluster/Cluster.ts"
import { firstDifference } from "../fuzz/Change.ts"
import type { Change } from "../fuzz/Change.ts"
import { HistoryProperties, keepsToLeader, sameReply } from "../fuzz/HistoryProperties.ts"
import { Refinement } from "../fuzz/Refinement.ts"
import type { Violation } from "../fuzz/Run.ts"
import { StateProperties, violatedByStep, violatedNow } from "../fuzz/StateProperties.ts"
import { sameEntry } from "../raft/Entry.ts"

/** A step that counts, or one that a crash has undone: nobody has heard of it. */
export type Recorded = Taken & { readonly number: number; readonly lost: boolean }

/** What is known of one server. */
interface Record {
  /** The number of its last step that counts. */
  counted: number
  /** Taken in its present life, in memory, and not yet durable as far as anybody knows. */
  underWay: Array<TakenStep>
  /** What its storage has said to be durable. */
  image: Image
  /** By a step's number: the place in `sent` of the first message that it was free to send. */
  readonly firstSent: Array<number>
  /** A machine of our own, beside the replica's. */
  machine: KV
}

/** A session, as the network sees it: its client, and the lowest number that it still asks for. */
interface Session {
  readonly name: number
  client: Client
  first: number
  readonly asked: Set<number>
}

/** Who hears of what is observed. */
export interface Hearing {
  /** Something happened, by name. */
  readonly count: (what: string) => void
  /** A step counts. */
  readonly step: (change: Change) => void
  readonly violation: (violation: Violation) => void
}

/** How often the definitions of all properties are evaluated in full. */
const fullCheckEvery = 100

export class Observed implements Known {
  readonly ids: ReadonlyArray<ServerId>
  readonly servers = new Map<ServerId, Server>()
  readonly disks = new Map<ServerId, Persistent>()
  readonly sent: Array<Message> = []
  ghost: Ghost = InitGhost
  /** In an order in which a trace may have them. */
  readonly steps: Array<Recorded> = []
  violation: Violation | undefined
  readonly #records = new Map<ServerId, Record>()
  readonly #sessions = new Map<SessionId, Session>()
  /** What our machine has answered, by session and number (a session's opening: 0), each with its entry's index. */
  readonly #replies = new Map<string, Array<{ readonly index: Index; readonly reply: Reply; readonly entry: Entry }>>()
  readonly #state: StateProperties
  readonly #history: HistoryProperties
  readonly #refinement = new Refinement(apply)
  readonly #hear: Hearing

  constructor(ids: ReadonlyArray<ServerId>, settings: Settings, hear: Hearing) {
    this.ids = ids
    this.#hear = hear
    for (const id of ids) {
      const server = InitServer(id, ids, settings)
      this.servers.set(id, server)
      this.disks.set(id, persistent(server))
      this.#records.set(id, { counted: 0, underWay: [], image: blank(), firstSent: [], machine: InitKV })
    }
    this.#state = new StateProperties(this)
    this.#history = new HistoryProperties(this)
  }

  /** Something must not be; the first that is said counts. */
  violate(property: string, detail = `after ${this.steps.length} steps`): void {
    if (this.violation !== undefined) return
    this.violation = { property, detail }
    this.#hear.violation(this.violation)
  }

  #check(violated: string | undefined): void {
    if (violated !== undefined) this.violate(violated)
  }

  // Storage.

  /** A life begins with this. */
  loaded(id: ServerId, found: Durable | undefined): void {
    const image = found === undefined ? blank() : {
      ...found,
      lastIncludedIndex: found.log.lastIncludedIndex,
      lastIncludedTerm: found.log.lastIncludedTerm,
      entries: [...entriesOf(found.log)]
    }
    this.#records.get(id)!.image = image
  }

  /** The storage says that the record is durable. */
  saved(id: ServerId, record: StorageRecord): void {
    const wrong = advance(this.#records.get(id)!.image, record)
    if (wrong !== undefined) this.violate("RecordsFollow", wrong)
  }

  // `Observer`.

  /**
   * A life begins, whose disk knows of step `durable`. Of those that nobody was told to be durable, the disk may have some
   * after all: they count, though nothing of them was sent. The others never happened.
   */
  resume(id: ServerId, durable: number): number {
    const record = this.#records.get(id)!
    const underWay = record.underWay
    record.underWay = []
    for (const step of underWay) {
      if (step.number <= durable) this.#count(id, { ...step, step: { ...step.step, sends: [] } }, step)
      else this.steps.push({ ...this.#taken(id, step), before: step.before, number: step.number, lost: true })
      this.#hear.count(step.number <= durable ? "unsyncedKept" : "unsyncedLost")
    }
    if (record.counted < durable) this.violate("DiskIsOurs", `${id} finds step ${durable}, and has taken ${record.counted}`)
    return record.counted
  }

  /** How many of the server's steps aren't durable yet. */
  underWay(id: ServerId): number {
    return this.#records.get(id)!.underWay.length
  }

  taken(id: ServerId, steps: ReadonlyArray<TakenStep>): void {
    this.#records.get(id)!.underWay.push(...steps)
  }

  durable(id: ServerId, steps: ReadonlyArray<TakenStep>): void {
    const { image, underWay } = this.#records.get(id)!
    // Who changes nothing has nothing to wait for: by now the disk may hold what later steps leave.
    const covered = isSaved(image, steps.at(-1)!.step.server) || steps.every(({ before, step }) => samePersistent(before, step.server))
    for (const step of steps) {
      if (underWay.shift() !== step) this.violate("StepsAreTakenOnce", `${id}'s step ${step.number}`)
      if (this.violation === undefined) this.#count(id, step, step, covered)
    }
  }

  // `Transport`.

  /** The parcels leave the server. */
  leaving(id: ServerId, parcels: ReadonlyArray<Parcel>): void {
    const { firstSent } = this.#records.get(id)!
    for (const { message, number, position } of parcels) {
      const first = firstSent[number]
      if (first === undefined || this.sent[first + position - 1] !== message) {
        this.violate("PromisesAreDurable", `${id} sends ${message.type} of its step ${number}, which isn't durable`)
      }
    }
  }

  // `Servers`, on the clients' side and on the server's.

  /** A client puts a request to some server: for the first time, or again. */
  asks(request: Request): void {
    if (request.type === "open") return this.#hear.count("sessionsAskedFor")
    const { first, operation, seq, session } = request
    let known = this.#sessions.get(session)
    if (known === undefined) {
      const client: Client = { ...InitClient, session, open: true }
      this.#sessions.set(session, known = { name: session, client, first: 1, asked: new Set() })
    }
    known.first = Math.max(known.first, first)
    if (known.asked.has(seq)) return this.#hear.count("retries")
    known.asked.add(seq)
    const { client } = known
    known.client = { ...client, seq: Math.max(client.seq, seq), waiting: Table.set(client.waiting, seq, operation, seq) }
    this.#check(this.#refinement.client(known.name, known.client))
  }

  /** A client hears a reply. */
  hears(reply: Reply): void {
    const known = this.#sessions.get(reply.session)
    if (reply.status === "SESSION_EXPIRED") this.#hear.count("sessionsExpired")
    if (reply.status === "OPENED") this.#hear.count("sessionsOpened")
    if (known === undefined || reply.status === "OPENED") return
    if (reply.status === "STALE" && reply.seq >= known.first && Table.get(known.client.waiting, reply.seq) !== undefined) {
      this.violate("NeverStale")
    }
    const next = Hear(known.client, reply)
    if (next === undefined) return
    known.client = next
    this.#check(this.#refinement.client(known.name, next))
  }

  /** A replica answers: what it says was decided, is durable, and is what our machine says. */
  answers(id: ServerId, request: Request, answer: Answer): void {
    if (answer.type !== "replied") return
    const { reply } = answer
    const key = request.type === "open" ? `${reply.session} 0` : keyOf(request)
    const { lastApplied } = this.servers.get(id)!
    const decided = this.#replies.get(key)?.find(({ index, reply: ours }) => index <= lastApplied && sameReply(ours, reply))
    if (decided === undefined) {
      const ours = this.#replies.get(key)?.map(({ index, reply }) => `${JSON.stringify(reply)} at ${index}`).join(", ")
      const what = `${id}, which has applied ${lastApplied}, answers ${JSON.stringify(reply)}`
      this.violate("AnswersAreDecided", `${what}; decided: ${ours ?? "nothing"}`)
    } else if (reply.status === "OK" || reply.status === "OPENED") {
      this.#check(this.#history.acknowledge(decided.index, decided.entry))
    }
  }

  /** The machine that has applied what this server has. */
  machine(id: ServerId): KV {
    return this.#records.get(id)!.machine
  }

  /** At the end: everything in full. */
  finish(): void {
    this.#checkInFull()
  }

  // A step that counts.

  #taken(id: ServerId, { action, consumed, step }: TakenStep): Taken {
    return {
      action,
      server: id,
      before: this.servers.get(id)!,
      consumed: consumed === undefined ? undefined : this.#place(consumed),
      step,
      firstSent: this.sent.length
    }
  }

  /** Where in `sent` this is. */
  #place({ message: { source, type }, number, position }: Parcel): number | undefined {
    const first = this.#records.get(source)?.firstSent[number]
    if (first === undefined) this.violate("PromisesAreDurable", `${type} of ${source}'s step ${number}, which doesn't count`)
    return first === undefined ? undefined : first + position - 1
  }

  /** `whole`: the step with all that it would have sent. `covered`: the disk is known to hold what it leaves. */
  #count(id: ServerId, step: TakenStep, whole: TakenStep, covered = true): void {
    const record = this.#records.get(id)!
    const taken = this.#taken(id, step)
    const { action, before, consumed } = taken
    const { server } = step.step
    if (step.number !== record.counted + 1) this.violate("StepsAreTakenOnce", `${id}'s step ${step.number}`)
    // (The first start of all is no step.)
    if (step.number > 1 && action !== "RestartAction" && before !== step.before) this.violate("StepsFollow", `${id}'s step ${step.number}`)
    const m = consumed === undefined ? undefined : this.sent[consumed]!
    if (m !== undefined && keepsToLeader(before, m)) this.violate("LeadersAreKept")
    if (m !== undefined && server.currentTerm < m.term) this.violate("TermsAreLearnt")
    record.counted = step.number
    record.firstSent[step.number] = this.sent.length
    this.disks.set(id, covered ? persistent(server) : inImage(record.image))
    this.servers.set(id, server)
    this.sent.push(...step.step.sends)
    this.ghost = Remember(this.ghost, server)
    this.steps.push({ ...taken, step: whole.step, number: step.number, lost: false })

    const change: Change = { taken, firstChanged: firstDifference(before.log, server.log) }
    this.#check(violatedByStep(this, change) ?? this.#state.check(change) ?? this.#history.check(change))
    if (this.violation === undefined) this.#check(this.#refinement.decide(this.ghost.committed))
    if (this.violation === undefined) this.#machineStep(record, taken)
    if (this.violation === undefined && this.steps.length % fullCheckEvery === 0) this.#checkInFull()
    if (this.violation === undefined) this.#hear.step(change)
  }

  #checkInFull(): void {
    const [violated] = violatedNow(this)
    if (violated !== undefined) this.violate(violated, "in full")
    for (const [id, { machine }] of this.#records) {
      const { lastApplied } = this.servers.get(id)!
      if (!this.#history.machineAgrees(lastApplied, machine)) this.violate("MachinesAgree", `${id}, in full`)
    }
  }

  /** Our machine applies what Raft says is applied, or starts from a snapshot. */
  #machineStep(record: Record, { action, before, server, step: { server: s } }: Taken): void {
    if (action === "RestartAction" || s.snapshot !== before.snapshot) {
      const machine = fromPieces(s.snapshot.data)
      if (!this.#history.machineAgrees(s.log.lastIncludedIndex, machine)) return this.violate("SnapshotsAgree", server)
      if (action !== "SnapshotAction") record.machine = machine
    }
    if (action !== "ApplyAction") return
    const index = s.lastApplied
    const entry = entryAt(s.log, index)
    const stamped = requestIn(entry)
    const was = record.machine
    const applied = stamped === undefined ? undefined : apply(was, index, stamped)
    if (applied !== undefined) record.machine = applied.kv
    const { reply } = applied ?? {}
    this.#check(this.#history.application({
      server, index, entry, request: stamped?.request, before: was, reply, after: record.machine
    }))
    if (reply === undefined) return
    const key = stamped!.request.type === "open" ? `${index} 0` : keyOf(stamped!.request)
    const known = this.#replies.get(key)
    if (known === undefined) this.#replies.set(key, [{ index, reply, entry }])
    else if (!known.some((one) => one.index === index)) known.push({ index, reply, entry })
  }
}

const keyOf = ({ seq, session }: Command): string => `${session} ${seq}`

/** What is durable, as a server has it. */
const inImage = ({ entries, lastIncludedIndex, lastIncludedTerm, snapshot, ...image }: Image): Persistent => ({
  currentTerm: image.currentTerm,
  votedFor: image.votedFor,
  log: logOf(lastIncludedIndex, lastIncludedTerm, entries),
  snapshot: snapshot ?? { members: [], data: [] }
})

/** Whether what is durable is all that `s` must not forget. */
const isSaved = (image: Image, { currentTerm, log, snapshot, votedFor }: Server): boolean =>
  image.currentTerm === currentTerm && image.votedFor === votedFor
  && image.lastIncludedIndex === log.lastIncludedIndex && image.lastIncludedTerm === log.lastIncludedTerm
  && (image.snapshot?.data ?? []).length === snapshot.data.length
  && (image.snapshot?.data ?? []).every((piece, n) => piece === snapshot.data[n])
  && image.lastIncludedIndex + image.entries.length === lastIndex(log)
  && image.entries.every((entry, n) => sameEntry(entry, entryAt(log, image.lastIncludedIndex + 1 + n)))
