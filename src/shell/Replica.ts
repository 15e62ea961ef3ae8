/**
 * One server at work: the rules of src/raft and src/kv, and around them what they need to run: a mailbox, timers, a disk,
 * peers, and clients who wait.
 *
 * Two fibers. The *loop* takes what has come into the mailbox and lets the rules take steps in memory, one for each event.
 * The *writer* takes the steps that have gathered meanwhile, saves them under one sync, and only then sends what they send
 * and answers whom they answer, unless they have nothing to save (`carryOut`). So memory may run ahead of the disk, and
 * nobody hears of it.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { encode, fromPieces, piecesOf, requestIn } from "../kv/Encoding.ts"
import { apply } from "../kv/Sessions.ts"
import type { KV, Reply, Request } from "../kv/Sessions.ts"
import { Apply } from "../raft/Commit.ts"
import { LeaderContactLost, Timeout } from "../raft/Election.ts"
import type { Message, Step } from "../raft/Message.ts"
import { Handle, Restart } from "../raft/Raft.ts"
import { CheckQuorum, ClientRequest, HeartbeatTimeout } from "../raft/Replication.ts"
import { entryAt, InitServer, lastIndex } from "../raft/Server.ts"
import type { Index, Role, Server, ServerId, Term } from "../raft/Server.ts"
import { TakeSnapshot } from "../raft/Snapshot.ts"
import { receiveAction } from "../raft/World.ts"
import { LogMeter, snapshotIsDue } from "./Compaction.ts"
import type { Configuration } from "./Configuration.ts"
import { Observer } from "./Observer.ts"
import type { TakenStep } from "./Observer.ts"
import { keepPatience } from "./Patience.ts"
import { persistent, recordBetween, samePersistent } from "./Perform.ts"
import type { Persistent } from "./Perform.ts"
import type { Answer } from "./Servers.ts"
import { Storage } from "./Storage.ts"
import type { StorageError } from "./Storage.ts"
import { keepTimer } from "./Timer.ts"
import type { Timer } from "./Timer.ts"
import { Transport } from "./Transport.ts"
import type { Parcel } from "./Transport.ts"

/** What a replica says of itself. Bytes and counts are of this life. */
export interface Status {
  readonly id: ServerId
  readonly role: Role
  readonly term: Term
  /** Who leads this term, as far as it knows. */
  readonly leader: ServerId | null
  readonly commitIndex: Index
  readonly lastApplied: Index
  readonly lastIndex: Index
  /** What its latest snapshot stands for. */
  readonly snapshotIndex: Index
  /** What the log measures, in bytes. */
  readonly logBytes: number
  readonly keys: number
  readonly sessions: number
  /** As a leader: how far each server's log is known to agree. */
  readonly matchIndex: Readonly<Record<ServerId, Index>>
  /** Clients that wait for an answer. */
  readonly waiting: number
  readonly steps: number
  readonly saves: number
  readonly sent: number
  readonly received: number
}

/** A request, as the log will have it, and who waits for its answer. */
interface Asked {
  readonly value: string
  readonly answer: Deferred.Deferred<Answer>
}

type Input =
  | { readonly type: "parcel"; readonly parcel: Parcel }
  | { readonly type: "request"; readonly request: Request; readonly answer: Deferred.Deferred<Answer> }
  | { readonly type: "timer"; readonly timer: TimerName; readonly epoch: number }
  | { readonly type: "snapshot"; readonly answer: Deferred.Deferred<Index> }
  /** What the state machine was at an index. */
  | { readonly type: "made"; readonly index: Index; readonly pieces: ReadonlyArray<string> }
  /** There is more to apply. */
  | { readonly type: "apply" }
  /** The scope closes. */
  | { readonly type: "stop" }

type TimerName = "election" | "heartbeat" | "contact" | "quorum"

/** An answer, ready to be given. */
type Told = () => void

const tell = <A>(waiting: Deferred.Deferred<A>, answer: A): Told => () => Deferred.doneUnsafe(waiting, Effect.succeed(answer))

/** A step in memory, and the answers that come of it. */
interface UnderWay extends TakenStep {
  readonly answers: ReadonlyArray<Told>
}

/** What may wait in the mailbox; who brings more, waits. */
const mailboxLimit = 4096
/** Steps that may wait for the disk. */
const underWayLimit = 8192
/**
 * Requests that have come while others wait for their answers wait, too, until they are as many as those: then they are taken
 * together. So two batches of about half of all clients follow each other, one on its way to the disks while the leader makes
 * the next, and who is alone waits for nobody. So many requests don't wait, nor those that are as much as a message.
 */
const togetherLimit = 1024
/** Entries applied in one turn, before the mailbox has its turn again: heartbeats must not wait for a long log. */
const appliesPerTurn = 256
/** Characters of a snapshot in a piece of it. */
const pieceSize = 65_536

export class Replica extends Context.Service<Replica, {
  readonly id: ServerId
  /**
   * Puts a request to this server. It is answered when its entry is applied, or the server can't promise that any more; with
   * `patience`, after so many milliseconds at the latest.
   */
  readonly ask: (request: Request, patience?: number) => Effect.Effect<Answer>
  readonly status: Effect.Effect<Status>
  /** Takes a snapshot now, if there is something to replace; what the latest one then stands for. */
  readonly snapshot: Effect.Effect<Index>
  /** Waits for the end, which is a failure of its disk: an orderly end comes with the scope's. */
  readonly failed: Effect.Effect<never, StorageError>
}>()("lockstep/shell/Replica") {
  static readonly layer = (id: ServerId, configuration: Configuration) => Layer.effect(Replica, make(id, configuration))
}

/** Starts from what the disk holds. When the scope closes, what was taken is saved, sent and answered, and nothing more taken. */
const make = Effect.fnUntraced(function*(id: ServerId, configuration: Configuration): Effect.fn.Return<
  Replica["Service"],
  StorageError,
  Scope.Scope | Storage | Transport
> {
  const { electionTimeout, heartbeatInterval, maxRaftStateBytes, servers, settings } = configuration
  const storage = yield* Storage
  const transport = yield* Transport
  const observer = yield* Observer
  const clock = yield* Clock.Clock
  const random = yield* Random.Random
  const inbox = yield* Queue.bounded<Input>(mailboxLimit)
  const failed = yield* Deferred.make<never, StorageError>()

  const found = yield* storage.load
  const first = InitServer(id, servers, settings)
  let server: Server = found === undefined
    ? first
    : { ...first, ...found, snapshot: found.snapshot ?? first.snapshot }
  let saved: Persistent = persistent(server)
  let number = yield* observer.resume(id, found?.sequence ?? 0)
  let machine: KV = fromPieces(server.snapshot.data)
  const meter = new LogMeter(server.log)
  let leader: ServerId | null = null
  /** As the log has it. */
  let announced: ServerId | null = null
  /** Who asked for the entry at an index, and the term of that entry. */
  const waiting = new Map<Index, { readonly term: Term; readonly answer: Deferred.Deferred<Answer> }>()
  const patience = keepPatience(clock)
  const tellClient = (waiting: Deferred.Deferred<Answer>, answer: Answer): Told => () => {
    patience.forget(waiting)
    Deferred.doneUnsafe(waiting, Effect.succeed(answer))
  }
  const count = { saves: 0, sent: 0, received: 0 }

  /** In memory, and not yet in the writer's hands; answers that come of no step wait with them. */
  let taken: Array<UnderWay> = []
  let asides: Array<Told> = []
  /** Come in, and not yet taken. */
  let asked: Array<Asked> = []
  /** What they will measure in the log, in bytes. */
  let askedBytes = 0
  /** What the writer takes next. */
  let underWay: { readonly steps: Array<UnderWay>; readonly asides: Array<Told> } = { steps: [], asides: [] }
  const work = yield* Latch.make(false)
  const room = yield* Latch.make(true)
  const idle = yield* Latch.make(true)
  /** What a snapshot is being made of. */
  let snapshotOf: { readonly index: Index; readonly machine: KV } | undefined
  const making = yield* Latch.make(false)
  /** Who has asked for it. */
  const wanted: Array<Deferred.Deferred<Index>> = []
  /** No more requests are taken; and later, nothing at all. */
  let stopping = false
  let stopped = false

  // Timers.

  const timers: Record<TimerName, Timer> = {
    election: keepTimer(clock, (epoch) => Queue.offer(inbox, { type: "timer", timer: "election", epoch })),
    heartbeat: keepTimer(clock, (epoch) => Queue.offer(inbox, { type: "timer", timer: "heartbeat", epoch })),
    contact: keepTimer(clock, (epoch) => Queue.offer(inbox, { type: "timer", timer: "contact", epoch })),
    quorum: keepTimer(clock, (epoch) => Queue.offer(inbox, { type: "timer", timer: "quorum", epoch }))
  }

  /** Randomized anew each time (5.2). */
  const startElectionTimer = () => {
    const { max, min } = electionTimeout
    timers.election.set(min + (max - min) * random.nextDoubleUnsafe())
  }

  /** What a step means for the timers. */
  const setTimers = (led: boolean, { resetElectionTimer, server: s }: Step) => {
    const leads = s.role === "leader"
    if (leads && !led) {
      timers.election.stop()
      timers.contact.stop()
      timers.heartbeat.set(heartbeatInterval)
      if (settings.checkQuorum) timers.quorum.set(electionTimeout.max)
    }
    if (led && !leads) {
      timers.heartbeat.stop()
      timers.quorum.stop()
    }
    if (!leads && (led || resetElectionTimer)) startElectionTimer()
    if (s.leaderContact && resetElectionTimer) timers.contact.set(electionTimeout.min)
  }

  // Steps.

  const take = (
    action: string,
    step: Step | undefined,
    { answers = [], consumed }: { readonly answers?: UnderWay["answers"]; readonly consumed?: Parcel } = {}
  ): boolean => {
    if (step === undefined) return false
    const before = server
    server = step.server
    const led = before.role === "leader" && action !== "RestartAction"
    setTimers(led, step)
    if (before.currentTerm !== server.currentTerm) leader = null
    if (server.role === "leader") leader = id
    // A leader of this term, whatever became of the message: it may be an old one of the term.
    if (consumed !== undefined && fromLeader(consumed.message) && consumed.message.term === server.currentTerm) {
      leader = consumed.message.source
    }
    if (server.snapshot !== before.snapshot && action !== "SnapshotAction") machine = fromPieces(server.snapshot.data)
    const deposed = led && server.role !== "leader" ? dismiss() : []
    const all = deposed.length === 0 ? answers : [...answers, ...deposed]
    taken.push({ number: ++number, action, before, step, answers: all, ...consumed === undefined ? {} : { consumed } })
    return true
  }

  /** Whoever waits is told to ask elsewhere: the entry may still be decided, but nobody here will know (6.2). */
  const dismiss = (): UnderWay["answers"] => {
    const all = [...waiting.values()].map(({ answer }) => tellClient(answer, { type: "notLeader", leader }))
    waiting.clear()
    return all
  }

  /** These requests are taken together; if that is too much, as many as there is room for. */
  const propose = (asked: ReadonlyArray<Asked>): void => {
    if (asked.length === 0) return
    const values = asked.map(({ value }) => value)
    if (!stopping && take("ClientRequestAction", ClientRequest(server, values))) {
      const first = lastIndex(server.log) - asked.length + 1
      for (const [n, { answer }] of asked.entries()) waiting.set(first + n, { term: server.currentTerm, answer })
    } else if (server.role === "leader" && !stopping && asked.length > 1) {
      for (const one of asked) propose([one])
    } else {
      const leads = server.role === "leader" && !stopping
      for (const { answer } of asked) asides.push(tellClient(answer, leads ? { type: "busy" } : { type: "notLeader", leader }))
    }
  }

  const timeout = (timer: TimerName): void => {
    switch (timer) {
      case "election":
        take("TimeoutAction", Timeout(server))
        return
      case "contact":
        take("LeaderContactLostAction", LeaderContactLost(server))
        return
      case "heartbeat":
        timers.heartbeat.set(heartbeatInterval)
        take("HeartbeatTimeoutAction", HeartbeatTimeout(server))
        return
      case "quorum":
        timers.quorum.set(electionTimeout.max)
        take("CheckQuorumAction", CheckQuorum(server))
    }
  }

  /** A snapshot begins to be made, unless one is under way or there is nothing new. */
  const beginSnapshot = (): void => {
    if (snapshotOf === undefined && server.lastApplied > server.log.lastIncludedIndex) {
      snapshotOf = { index: server.lastApplied, machine }
      making.openUnsafe()
    }
  }

  const takeSnapshot = (index: Index, pieces: ReadonlyArray<string>): void => {
    snapshotOf = undefined
    take("SnapshotAction", TakeSnapshot(server, index, pieces))
    for (const answer of wanted.splice(0)) asides.push(tell(answer, server.log.lastIncludedIndex))
  }

  const handle = (input: Input): void => {
    switch (input.type) {
      case "parcel": {
        count.received++
        const { message } = input.parcel
        take(receiveAction(message), Handle(server, message), { consumed: input.parcel })
        return
      }
      case "request": {
        const value = encode({ time: clock.currentTimeMillisUnsafe(), request: input.request })
        asked.push({ value, answer: input.answer })
        askedBytes += value.length
        return
      }
      case "timer":
        if (timers[input.timer].epoch === input.epoch) timeout(input.timer)
        return
      case "snapshot":
        beginSnapshot()
        if (snapshotOf === undefined) asides.push(tell(input.answer, server.log.lastIncludedIndex))
        else wanted.push(input.answer)
        return
      case "made":
        return takeSnapshot(input.index, input.pieces)
      case "apply":
        return
      case "stop":
        stopped = true
        asides.push(...dismiss(), ...wanted.splice(0).map((answer) => tell(answer, server.log.lastIncludedIndex)))
    }
  }

  /** Fig2.A1, and whoever waits for what is applied hears of it. */
  const applyCommitted = () => {
    for (let n = 0; n < appliesPerTurn && server.lastApplied < server.commitIndex; n++) {
      const index = server.lastApplied + 1
      const entry = entryAt(server.log, index)
      const stamped = requestIn(entry)
      let reply: Reply | undefined
      if (stamped !== undefined) ({ kv: machine, reply } = apply(machine, index, stamped))
      const who = waiting.get(index)
      waiting.delete(index)
      // Else another leader's entry came here in its place.
      const decided = who !== undefined && who.term === entry.term && reply !== undefined
      const answer: Answer = decided ? { type: "replied", reply: reply! } : { type: "notLeader", leader }
      take("ApplyAction", Apply(server), { answers: who === undefined ? [] : [tellClient(who.answer, answer)] })
    }
    if (snapshotIsDue(server, maxRaftStateBytes, meter.measure(server.log))) beginSnapshot()
  }

  /** What has been taken goes to the writer. */
  const handOver = Effect.fnUntraced(function*() {
    const steps = taken
    const more = asides
    if (steps.length === 0 && more.length === 0) return
    taken = []
    asides = []
    if (leader !== announced) {
      announced = leader
      const what = leader === null ? "knows no leader" : leader === id ? "leads" : `follows ${leader}`
      yield* Effect.logInfo(what).pipe(Effect.annotateLogs({ server: id, term: server.currentTerm, index: lastIndex(server.log) }))
    }
    if (steps.length > 0) yield* observer.taken(steps)
    for (const step of steps) underWay.steps.push(step)
    for (const told of more) underWay.asides.push(told)
    if (underWay.steps.length >= underWayLimit) room.closeUnsafe()
    idle.closeUnsafe()
    work.openUnsafe()
    yield* room.await
  })

  /** What has been asked, but for what is given up by now. */
  const takeAsked = (): ReadonlyArray<Asked> => {
    const all = asked
    asked = []
    askedBytes = 0
    return all.filter(({ answer }) => !Deferred.isDoneUnsafe(answer))
  }

  const turn = Queue.takeAll(inbox).pipe(Effect.flatMap((inputs) => {
    for (const input of inputs) handle(input)
    applyCommitted()
    const enough = asked.length >= togetherLimit || askedBytes >= settings.maxBatchBytes
    if (asked.length >= waiting.size || enough) propose(takeAsked())
    if (server.lastApplied < server.commitIndex) Queue.offerUnsafe(inbox, { type: "apply" })
    return handOver()
  }))
  const loop = Effect.whileLoop({ while: () => !stopped, body: () => turn, step: () => {} })

  /** Who came too late for the loop hears so, too. */
  const refuse = (input: Input) => {
    if (input.type === "request") tellClient(input.answer, { type: "notLeader", leader })()
    if (input.type === "snapshot") tell(input.answer, saved.log.lastIncludedIndex)()
  }

  /** Who waits for room in the mailbox comes into it when it is cleared: so until nobody is left. */
  const refuseAll: Effect.Effect<unknown> = Effect.suspend(() => {
    for (const { answer } of takeAsked()) tellClient(answer, { type: "notLeader", leader })()
    for (const told of dismiss()) told()
    return Effect.flatMap(Queue.clear(inbox), (late) => {
      for (const input of late) refuse(input)
      return late.length > 0 ? refuseAll : Queue.shutdown(inbox)
    })
  })

  /** What the steps say, now that they may. The answers are last, since whoever waits goes on at once. */
  const speak = Effect.fnUntraced(function*(steps: ReadonlyArray<UnderWay>) {
    yield* observer.durable(steps)
    const parcels = steps.flatMap(parcelsOf)
    count.sent += parcels.length
    if (parcels.length > 0) yield* transport.send(parcels)
    for (const { answers } of steps) for (const told of answers) told()
  })

  /**
   * Save, sync, then send and answer: `perform`, for several steps under one sync (group commit). The last state stands for
   * those before it, so a crash loses all of them or none. Before the first step that changes what is saved, steps have
   * nothing to wait for, and speak during the sync: answers to one batch while the next is on its way.
   */
  const carryOut = Effect.fnUntraced(function*({ asides, steps }: typeof underWay) {
    const last = steps.at(-1)
    if (last !== undefined) {
      const now = persistent(last.step.server)
      const record = recordBetween(saved, now, lastPersistent(steps))
      if (record === undefined) yield* speak(steps)
      else {
        const first = steps.findIndex(changesPersistent)
        const save = storage.save(record)
        if (first === 0) yield* save
        else {
          const saving = yield* Effect.forkChild(save, { startImmediately: true })
          // Who saves goes first.
          yield* Effect.yieldNow
          yield* speak(steps.slice(0, first))
          yield* Fiber.join(saving)
        }
        count.saves++
        saved = now
        yield* speak(steps.slice(first))
      }
    }
    for (const told of asides) told()
  })

  const writer = work.await.pipe(
    Effect.andThen(Effect.suspend(() => {
      const all = underWay
      underWay = { steps: [], asides: [] }
      work.closeUnsafe()
      room.openUnsafe()
      return carryOut(all)
    })),
    Effect.tap(() => Effect.sync(() => underWay.steps.length === 0 && underWay.asides.length === 0 && idle.openUnsafe())),
    Effect.forever
  )

  /** Piece by piece, and everybody else has a turn in between: the state is a value, and doesn't change meanwhile (7). */
  const snapshotter = making.await.pipe(
    Effect.andThen(Effect.gen(function*() {
      making.closeUnsafe()
      const { index, machine } = snapshotOf!
      const pieces: Array<string> = []
      for (const piece of piecesOf(machine, pieceSize)) {
        pieces.push(piece)
        yield* Effect.yieldNow
      }
      yield* Queue.offer(inbox, { type: "made", index, pieces })
    })),
    Effect.forever
  )

  yield* Effect.logInfo(found === undefined ? "starts, blank" : `starts with ${found.sequence} steps from disk`).pipe(
    Effect.annotateLogs({ server: id, term: server.currentTerm, index: lastIndex(server.log) })
  )
  // A start after a crash is a step; the first start of all is none.
  if (found === undefined && number === 0) startElectionTimer()
  else take("RestartAction", Restart(server))
  yield* handOver()

  const ends = <A>(fiber: Effect.Effect<A, StorageError>) =>
    Effect.tapCause(fiber, (cause) => Deferred.failCause(failed, cause)).pipe(Effect.ignoreCause, Effect.forkScoped)
  for (const timer of [...Object.values(timers), patience]) yield* Effect.forkScoped(timer.run)
  yield* ends(writer)
  yield* ends(snapshotter)
  const looping = yield* ends(loop)
  yield* ends(transport.receive.pipe(
    Effect.flatMap((parcels) => Queue.offerAll(inbox, parcels.map((parcel) => ({ type: "parcel" as const, parcel })))),
    Effect.forever
  ))
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      stopping = true
      return Queue.offer(inbox, { type: "stop" }).pipe(
        Effect.andThen(Fiber.await(looping)),
        Effect.andThen(idle.await),
        // A disk that has failed will never be done.
        Effect.raceFirst(Effect.exit(Deferred.await(failed))),
        Effect.interruptible,
        Effect.andThen(refuseAll)
      )
    })
  )

  /** Puts it into the mailbox, at once if there is room; and then waits for the answer. */
  const offer = <A>(input: Input, answer: Deferred.Deferred<A>): Effect.Effect<A> =>
    Queue.offerUnsafe(inbox, input) ? Deferred.await(answer) : Effect.raceFirst(
      Effect.flatMap(Queue.offer(inbox, input), (taken) => {
        if (!taken) refuse(input)
        return Deferred.await(answer)
      }),
      // Who has no more patience waits for no room, either.
      Deferred.await(answer)
    )

  return Replica.of({
    id,
    ask: (request, milliseconds) =>
      Effect.suspend(() => {
        if (stopping) return Effect.succeed<Answer>({ type: "notLeader", leader })
        const answer = Deferred.makeUnsafe<Answer>()
        if (milliseconds !== undefined) patience.wait(answer, milliseconds)
        return offer({ type: "request", request, answer }, answer)
      }),
    status: Effect.sync(() => ({
      id,
      role: server.role,
      term: server.currentTerm,
      leader,
      commitIndex: server.commitIndex,
      lastApplied: server.lastApplied,
      lastIndex: lastIndex(server.log),
      snapshotIndex: server.log.lastIncludedIndex,
      logBytes: meter.measure(server.log),
      keys: machine.data.size,
      sessions: machine.sessions.size,
      matchIndex: server.role === "leader" ? server.matchIndex : {},
      waiting: waiting.size + asked.length,
      steps: number,
      ...count
    })),
    snapshot: Effect.suspend(() => {
      const answer = Deferred.makeUnsafe<Index>()
      return offer({ type: "snapshot", answer }, answer)
    }),
    failed: Deferred.await(failed)
  })
})

/** Only a leader says these. */
const fromLeader = ({ type }: Message): boolean => type === "AppendEntriesRequest" || type === "InstallSnapshotRequest"

const changesPersistent = ({ before, step }: TakenStep): boolean => !samePersistent(before, step.server)

/** The number of the last step that changed what is saved; of the last one, if none did. */
const lastPersistent = (steps: ReadonlyArray<TakenStep>): number =>
  (steps.findLast(changesPersistent) ?? steps.at(-1)!).number

const parcelsOf = ({ number, step }: TakenStep): ReadonlyArray<Parcel> =>
  step.sends.map((message, n) => ({ number, position: n + 1, message }))
