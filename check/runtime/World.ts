/**
 * A cluster of real replicas (src/shell/Replica.ts, on the log of src/shell/storage/FileLog.ts) in a simulation: machines,
 * disks that forget, a network that loses, and clients. Stories are told on it: who crashes when, who is cut off, what
 * clients ask. Everything that happens is observed, and the first violation of any property ends the run.
 *
 *     new World({ configuration, choices: new Choices([]), chance: new Chance(1) }).run((world) => Effect.gen(function*() {
 *       const clerk = yield* world.clerk()
 *       yield* clerk.put("k", "v")
 *       const leader = yield* world.leader
 *       world.crash(leader)
 *       …
 *     }))
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import { lastIndex } from "../../src/raft/Server.ts"
import type { Server, ServerId } from "../../src/raft/Server.ts"
import { makeClerk } from "../../src/shell/Clerk.ts"
import type { Clerk, ClerkOptions } from "../../src/shell/Clerk.ts"
import type { Configuration } from "../../src/shell/Configuration.ts"
import { Observer } from "../../src/shell/Observer.ts"
import { Replica } from "../../src/shell/Replica.ts"
import { patiently, Servers } from "../../src/shell/Servers.ts"
import type { Answer } from "../../src/shell/Servers.ts"
import { Storage } from "../../src/shell/Storage.ts"
import { fileLog } from "../../src/shell/storage/FileLog.ts"
import { Transport } from "../../src/shell/Transport.ts"
import type { Parcel } from "../../src/shell/Transport.ts"
import type { Change } from "../fuzz/Change.ts"
import type { Violation } from "../fuzz/Run.ts"
import { contents, roleLetter } from "../render/Notation.ts"
import type { Chance } from "../simulator/Chance.ts"
import { ForgetfulDisk } from "../storage/ForgetfulDisk.ts"
import type { Choices } from "./Choices.ts"
import { Host } from "./Host.ts"
import { calm, Network } from "./Network.ts"
import type { Address, Conditions } from "./Network.ts"
import { Observed } from "./Observed.ts"
import { Port } from "./Port.ts"
import { diskOfLife } from "./SimulatedDisk.ts"
import { Simulator } from "./Simulator.ts"
import { Timing } from "./Timing.ts"

export interface WorldOptions {
  readonly configuration: Configuration
  readonly choices: Choices
  /** All of the world's chance comes of it. */
  readonly chance: Chance
  readonly conditions?: Conditions
  /** By place of the server: how many milliseconds its wall clock is ahead. */
  readonly skews?: ReadonlyArray<number>
  /** Hears of what happens, by name. */
  readonly count?: (what: string) => void
  /** Sees each step that counts. */
  readonly onStep?: (change: Change) => void
}

/**
 * How a life ends: `power`: what wasn't synced is lost, in any part; `kill`: the process only, so what it has written is
 * still there.
 */
export type CrashKind = "power" | "kill"

/** Milliseconds that a sync takes. */
const latency = [0.3, 3] as const
/** A segment of the log is full at so many bytes: soon, so that there are several. */
const longest = 3000
/** Milliseconds in which fibers that have nothing to wait for are done, even if they stand still at times. */
const presently = 20
/** What a story remembers, at most. */
const remembered = 60

/** One life of a server, from its start to its end. */
interface Life {
  readonly scope: Scope.Closeable
  readonly port: Port
  readonly timing: Timing
  /** Nothing of it counts any more, and its disk is gone. */
  over: boolean
  /** Its disk refuses something: it must end by itself. */
  failing: boolean
  /** It has been asked to stop. */
  stopping: boolean
  replica: Replica["Service"] | undefined
  /** It crashes as soon as a step is durable, before anything of it has left. */
  crashesBeforeItSends: CrashKind | undefined
  /** Requests that it has and hasn't answered. */
  unanswered: number
  /** Whom to tell that the connection is gone. */
  readonly asking: Set<() => void>
}

export class World {
  readonly ids: ReadonlyArray<ServerId>
  readonly simulator: Simulator
  readonly network: Network
  readonly observed: Observed
  /** For whoever tells the story. */
  readonly chance: Chance
  readonly #configuration: Configuration
  readonly #hosts: ReadonlyMap<ServerId, Host>
  readonly #disks: Map<ServerId, ForgetfulDisk>
  readonly #lives = new Map<ServerId, Life>()
  /** Clients, and whoever tells the story. */
  readonly #outside: Host
  /** Nothing goes wrong any more. */
  isQuiet = false
  readonly #count: (what: string) => void
  readonly #log: Array<string> = []
  #clients = 0

  constructor(options: WorldOptions) {
    const { chance, choices, conditions = calm, configuration, count = () => {}, onStep = () => {}, skews = [] } = options
    const ids = configuration.servers
    this.ids = ids
    this.chance = chance
    this.#configuration = configuration
    this.#count = count
    this.simulator = new Simulator(choices)
    this.network = new Network(this.simulator.clock, chance.branch(), conditions, count)
    this.#hosts = new Map(ids.map((id, n) => [id, new Host(this.simulator, chance.branch(), skews[n])]))
    this.#outside = new Host(this.simulator, chance.branch())
    this.#disks = new Map(ids.map((id) => [id, new ForgetfulDisk()]))
    this.observed = new Observed(ids, configuration.settings, {
      count,
      step: (change) => {
        this.#tellStep(change)
        const { before, server, step } = change.taken
        if (before.role === "leader" && step.server.role !== "leader") this.#nobodyWaitsInVain(server)
        onStep(change)
      },
      violation: () => this.simulator.stop()
    })
  }

  /** Starts all servers and lets the story happen; what was violated, if anything. */
  run(story: (world: World) => Effect.Effect<void, unknown>, limit = Infinity): Violation | undefined {
    for (const id of this.ids) this.start(id)
    const ending = this.simulator.run(Effect.suspend(() => story(this)), this.#outside.context, limit)
    if (ending.type === "done" && Exit.isFailure(ending.exit)) {
      this.observed.violate("Exception", Cause.pretty(ending.exit.cause).split("\n", 3).join(" "))
    } else if (ending.type === "stuck" || ending.type === "unfinished") {
      this.observed.violate("StoryEnds", `the story is ${ending.type} at ${this.simulator.now} ms`)
    } else this.observed.finish()
    return this.observed.violation
  }

  /** What has happened last, a line each: when, who, what. */
  get story(): string {
    return this.#log.join("\n")
  }

  /** Something happens, by name, to be counted. */
  happens(what: string): void {
    this.#count(what)
  }

  tell(who: string, what: string): void {
    this.#log.push(`${this.simulator.now.toFixed(3).padStart(10)} ${who.padEnd(3)} ${what}`)
    if (this.#log.length > remembered) this.#log.shift()
  }

  // Servers.

  /** A life of this server is under way; it may still be reading its disk. */
  isUp(id: ServerId): boolean {
    return this.#lives.has(id)
  }

  /** The replica, once it has started. */
  replica(id: ServerId): Replica["Service"] | undefined {
    return this.#lives.get(id)?.replica
  }

  /** As others may know it, and as its disk has it. */
  server(id: ServerId): Server {
    return this.observed.servers.get(id)!
  }

  /** Who leads, of those that are up, in the latest term. */
  get leading(): ServerId | undefined {
    const leaders = this.ids.filter((id) => this.replica(id) !== undefined && this.server(id).role === "leader")
    return leaders.sort((a, b) => this.server(b).currentTerm - this.server(a).currentTerm)[0]
  }

  /** Waits for a leader. */
  readonly leader: Effect.Effect<ServerId> = Effect.map(this.until(() => this.leading !== undefined), () => this.leading!)

  /** Waits until it holds, looking every few milliseconds. */
  until(holds: () => boolean): Effect.Effect<void> {
    return Effect.suspend(() => holds() ? Effect.void : Effect.andThen(Effect.sleep(5), this.until(holds)))
  }

  /** Begins a life with what the disk holds; nothing if there is one. */
  start(id: ServerId): void {
    if (this.#lives.has(id)) return
    this.tell(id, "starts")
    const life: Life = {
      scope: Scope.makeUnsafe(),
      port: new Port(),
      timing: new Timing(this.#configuration, this.#hosts.get(id)!.moment),
      over: false,
      failing: false,
      stopping: false,
      replica: undefined,
      crashesBeforeItSends: undefined,
      unanswered: 0,
      asking: new Set()
    }
    this.#lives.set(id, life)
    const host = this.#hosts.get(id)!
    const layer = Replica.layer(id, this.#configuration).pipe(
      Layer.provide([Layer.effect(Storage, this.#storage(id, life)), Layer.succeed(Transport, this.#transport(id, life))])
    )
    const { observed } = this
    const whileItLasts = (observe: () => void) => Effect.sync(() => life.over || observe())
    const alive = Layer.buildWithScope(layer, life.scope).pipe(
      Effect.provideService(Observer, {
        resume: (_, durable) => Effect.sync(() => life.over ? durable : observed.resume(id, durable)),
        taken: (steps) =>
          whileItLasts(() => {
            observed.taken(id, steps)
            for (const step of steps) {
              const wrong = life.timing.step(step, host.moment)
              if (wrong !== undefined) observed.violate("TimersAreKept", wrong)
            }
          }),
        durable: (steps) =>
          whileItLasts(() => {
            observed.durable(id, steps)
            if (life.crashesBeforeItSends !== undefined) {
              this.#count("crashesBetweenSaveAndSend")
              this.crash(id, life.crashesBeforeItSends)
            }
          })
      }),
      Effect.flatMap((context) =>
        Effect.suspend(() => {
          life.replica = Replica.pipe(Effect.provide(context), Effect.runSync)
          return life.replica.failed
        })
      ),
      Effect.catchCause((cause) => Effect.sync(() => this.#ended(id, life, cause)))
    )
    this.simulator.fork(alive, host.context)
  }

  /** A life has ended by itself: it may do so when its disk refuses. */
  #ended(id: ServerId, life: Life, cause: Cause.Cause<unknown>): void {
    if (life.over) return
    const why = Cause.squash(cause)
    if (life.failing && Cause.hasFails(cause)) {
      this.#count("stoppedByDisk")
      this.tell(id, `ends: ${String(why)}`)
      this.crash(id, "kill")
    } else this.observed.violate("Exception", `${id} ends: ${why instanceof Error ? why.stack ?? why.message : String(why)}`)
  }

  /** Its life ends here, in the middle of whatever it does; nothing of it reaches anybody any more. */
  crash(id: ServerId, kind: CrashKind = "power"): void {
    const life = this.#end(id)
    if (life === undefined) return
    this.#count(kind === "power" ? "powerCuts" : "kills")
    this.tell(id, kind === "power" ? "loses power" : "is killed")
    const disk = this.#disks.get(id)!
    this.#disks.set(id, kind === "power" ? disk.powerCut((n) => this.chance.below(n)) : disk.handedOver())
    this.simulator.fork(Scope.close(life.scope, Exit.void), this.#hosts.get(id)!.context)
  }

  /** Nothing of its life counts any more. */
  #end(id: ServerId): Life | undefined {
    const life = this.#lives.get(id)
    if (life === undefined) return undefined
    life.over = true
    this.#lives.delete(id)
    this.network.end(id)
    this.#hosts.get(id)!.resume()
    for (const hangUp of life.asking) this.simulator.clock.after(this.chance.between(0, 30), hangUp)
    return life
  }

  /** An orderly end. It may take its time, as when the server stands still; to ask again makes no difference. */
  stop(id: ServerId): Effect.Effect<void> {
    return Effect.suspend(() => {
      const life = this.#lives.get(id)
      if (life === undefined || life.stopping) return Effect.void
      life.stopping = true
      this.#count("stops")
      this.tell(id, "is asked to stop")
      const { replica } = life
      return Scope.close(life.scope, Exit.void).pipe(
        Effect.provideContext(this.#hosts.get(id)!.context),
        Effect.andThen(Effect.sync(() => {
          if (life.over) return
          this.tell(id, "has stopped")
          // (Who is asked while it starts may leave its restart undone: nobody knows of it.)
          const left = replica === undefined || life.failing ? 0 : this.observed.underWay(id)
          if (left > 0) this.observed.violate("StopsInOrder", `${id} leaves ${left} steps unsaved`)
          this.#end(id)
          // Who asked in the last moment hears so presently.
          this.simulator.clock.after(presently, () => {
            const { unanswered } = life
            if (unanswered > 0) this.observed.violate("StopsInOrder", `${id} leaves ${unanswered} clients without an answer`)
          })
        }))
      )
    })
  }

  /** Its programs stand still, as after SIGSTOP. */
  pause(id: ServerId): void {
    if (!this.isUp(id)) return
    this.#count("pauses")
    this.tell(id, "stands still")
    this.#hosts.get(id)!.pause()
  }

  resume(id: ServerId): void {
    this.tell(id, "goes on")
    this.#hosts.get(id)!.resume()
  }

  /** It crashes between saving its next step and sending what that one sends. */
  crashBeforeItSends(id: ServerId, kind: CrashKind): void {
    const life = this.#lives.get(id)
    if (life !== undefined) life.crashesBeforeItSends = kind
  }

  /** It crashes instead of the `nth` operation of its disk from now. */
  crashAtDisk(id: ServerId, nth: number, kind: CrashKind): void {
    if (!this.isUp(id)) return
    const disk = this.#disks.get(id)!
    const at = disk.operations + nth
    disk.fault = (_, __, count) => {
      if (count !== at) return undefined
      this.#count("crashesAtDisk")
      this.crash(id, kind)
      return "stop"
    }
  }

  /** The `nth` operation of its disk from now fails, or the disk is full. The server must end. */
  failDisk(id: ServerId, nth: number, kind: "fail" | "full"): void {
    const life = this.#lives.get(id)
    if (life === undefined) return
    const disk = this.#disks.get(id)!
    const at = disk.operations + nth
    disk.fault = (_, __, count) => {
      if (count !== at) return undefined
      life.failing = true
      this.tell(id, kind === "full" ? "its disk is full" : "its disk fails")
      return kind
    }
  }

  /** What lies in wait for it at its disk, or after its next step, doesn't come. */
  disarm(id: ServerId): void {
    this.#disks.get(id)!.fault = () => undefined
    const life = this.#lives.get(id)
    if (life !== undefined) life.crashesBeforeItSends = undefined
  }

  // The network.

  /** Cuts the server off from everybody. */
  disconnect(...ids: ReadonlyArray<ServerId>): void {
    for (const id of ids) {
      this.tell(id, "is cut off")
      for (const other of this.#addresses()) if (other !== id) this.cut(id, other)
    }
  }

  connect(...ids: ReadonlyArray<ServerId>): void {
    for (const id of ids) {
      this.tell(id, "is connected")
      for (const other of this.#addresses()) {
        this.network.open(id, other)
        this.network.open(other, id)
      }
    }
  }

  /** Nothing passes between the two. */
  cut(a: Address, b: Address): void {
    this.network.close(a, b)
    this.network.close(b, a)
  }

  #addresses(): ReadonlyArray<Address> {
    return [...this.ids, ...Array.from({ length: this.#clients }, (_, n) => `c${n + 1}`)]
  }

  // Clients.

  /** The cluster as a new client sees it. */
  servers(): Servers["Service"] {
    const client = `c${++this.#clients}`
    return {
      ids: this.ids,
      ask: (server, request, patience) =>
        patiently(Effect.callback<Answer>((resume) => {
          let waits = true
          const hear = (answer: Answer) => {
            if (!waits) return
            waits = false
            if (answer.type === "replied") this.observed.hears(answer.reply)
            resume(Effect.succeed(answer))
          }
          this.observed.asks(request)
          const text = JSON.stringify(request)
          const broken = () => hear({ type: "unreachable", reason: "connection lost" })
          this.network.connection(client, server, () => this.#serve(client, server, text, hear), broken)
          return Effect.sync(() => {
            waits = false
          })
        }), patience)
    }
  }

  /** The request arrives; what comes of it goes back. */
  #serve(client: Address, id: ServerId, request: string, hear: (answer: Answer) => void): void {
    const life = this.#lives.get(id)
    if (life?.replica === undefined) {
      const refused = () => hear({ type: "unreachable", reason: "connection refused" })
      this.network.connection(id, client, refused, refused)
      return
    }
    const { replica } = life
    const host = this.#hosts.get(id)!
    const hangUp = () => hear({ type: "unreachable", reason: "connection lost" })
    life.asking.add(hangUp)
    host.arrives(() => {
      const asked = JSON.parse(request) as Parameters<typeof replica.ask>[0]
      life.unanswered++
      this.simulator.fork(
        Effect.map(replica.ask(asked), (answer) => {
          life.unanswered--
          life.asking.delete(hangUp)
          if (life.over) return
          this.observed.answers(id, asked, answer)
          const text = JSON.stringify(answer)
          this.network.connection(id, client, () => hear(JSON.parse(text) as Answer), hangUp)
        }),
        host.context
      )
    })
  }

  /** A new client, with no session yet. */
  clerk(options: ClerkOptions = {}): Effect.Effect<Clerk> {
    return Effect.suspend(() => makeClerk(options).pipe(Effect.provideService(Servers, this.servers())))
  }

  // What a replica runs on.

  #storage(id: ServerId, life: Life) {
    const { observed } = this
    const host = this.#hosts.get(id)!
    const disk = diskOfLife(this.#disks.get(id)!, () => !life.over, () => host.chance.between(...latency))
    // Salts by another chance than the replica's, which would depend on its disk.
    return Effect.map(Random.withSeed(fileLog(disk, longest), id), (storage) =>
      Storage.of({
        load: Effect.tap(storage.load, (found) => Effect.sync(() => life.over || observed.loaded(id, found))),
        save: (record) => Effect.tap(storage.save(record), () => Effect.sync(() => life.over || observed.saved(id, record)))
      }))
  }

  #transport(id: ServerId, life: Life): Transport["Service"] {
    return {
      send: (parcels) =>
        Effect.sync(() => {
          if (life.over) return
          this.observed.leaving(id, parcels)
          for (const parcel of parcels) this.#send(id, parcel)
        }),
      receive: life.port.receive
    }
  }

  /** As JSON: sender and receiver share nothing. */
  #send(source: ServerId, parcel: Parcel): void {
    const { dest } = parcel.message
    const text = JSON.stringify(parcel)
    this.network.carry(source, dest, () => {
      const life = this.#lives.get(dest)
      if (life !== undefined) this.#hosts.get(dest)!.arrives(() => life.port.put(JSON.parse(text) as Parcel))
    })
  }

  /** Who leads no longer has told everybody who waits. */
  #nobodyWaitsInVain(id: ServerId): void {
    const replica = this.replica(id)
    const { role, waiting } = replica === undefined ? { role: "follower", waiting: 0 } : Effect.runSync(replica.status)
    if (role === "leader" || waiting === 0) return
    this.observed.violate("NobodyWaitsInVain", `${id}, a ${role}, has ${waiting} clients waiting`)
  }

  #tellStep({ taken: { action, consumed, server, step: { server: s } } }: Change): void {
    const m = consumed === undefined ? undefined : this.observed.sent[consumed]!
    const what = m === undefined ? action : `${m.type} from ${m.source}: ${contents(m)}`
    const state = `${roleLetter[s.role]} t${s.currentTerm} c${s.commitIndex} last ${lastIndex(s.log)}`
    this.tell(server, `${state.padEnd(22)} ${what.slice(0, 90)}`)
  }
}
