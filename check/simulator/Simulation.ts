/**
 * A cluster on virtual time: the same rules as everywhere, and around them what a server needs to run: timers, a
 * network, a disk, and somebody to apply what is committed. From one seed, always the same run.
 */
import * as Result from "effect/Result"
import type { Message } from "../../src/raft/Message.ts"
import type { Server, ServerId } from "../../src/raft/Server.ts"
import { disagreement, readConfiguration } from "../../src/shell/Configuration.ts"
import type { Configuration } from "../../src/shell/Configuration.ts"
import { Cluster } from "../cluster/Cluster.ts"
import type { Taken } from "../cluster/Cluster.ts"
import { Chance } from "./Chance.ts"
import { Clock } from "./Clock.ts"
import type { Due } from "./Clock.ts"
import { Network } from "./Network.ts"

/** What is due at one server. */
interface Timers {
  election?: Due
  heartbeat?: Due
  /** The minimum election timeout after it last heard a leader. */
  contact?: Due
  quorum?: Due
  apply?: Due
}

export class Simulation {
  readonly configuration: Configuration
  readonly clock = new Clock()
  readonly cluster: Cluster
  readonly network: Network
  /** For whoever tells the story; timers and network have their own. */
  readonly chance: Chance
  readonly #timing: Chance
  readonly #timers: ReadonlyMap<ServerId, Timers>
  readonly #configurations: Map<ServerId, Configuration>
  readonly #observe: (taken: Taken) => void

  /**
   * All servers start at once. `observe` sees every step before its messages leave; `machine` is what `s` has made of what
   * it has applied, for a snapshot. Throws a `ConfigurationError`.
   */
  constructor(
    configuration: Configuration,
    seed: number,
    observe: (taken: Taken) => void = () => {},
    machine: (s: Server) => ReadonlyArray<string> = () => []
  ) {
    this.configuration = Result.getOrThrow(readConfiguration(configuration))
    const { servers, settings } = configuration
    this.chance = new Chance(seed)
    this.#timing = new Chance(seed, 1)
    this.network = new Network(servers, this.clock, new Chance(seed, 2))
    this.#timers = new Map(servers.map((id) => [id, {}]))
    this.#configurations = new Map(servers.map((id) => [id, configuration]))
    this.#observe = observe
    this.cluster = new Cluster(servers, settings, (taken) => this.#taken(taken), machine)
    for (const id of servers) this.#startElectionTimer(id)
  }

  isUp(id: ServerId): boolean {
    return !this.cluster.down.has(id)
  }

  /** Hands the value to a server; whether it took it, as a leader does. */
  propose(server: ServerId, value: string): boolean {
    return this.cluster.execute({ type: "propose", server, values: [value] })
  }

  /** The server takes a snapshot of all that it has applied; when is up to whoever asks. */
  takeSnapshot(id: ServerId): void {
    this.cluster.execute({ type: "snapshot", server: id })
  }

  /** First the network is cut, then the server dies: nothing of this life reaches anybody any more. */
  crash(id: ServerId): void {
    this.network.crash(id)
    this.#stop(id, ["election", "heartbeat", "contact", "quorum", "apply"])
    this.cluster.execute({ type: "crash", server: id })
  }

  /** With what its disk holds. Throws a `ConfigurationError` if it isn't configured as the others are. */
  restart(id: ServerId, configuration = this.configuration): void {
    this.#configurations.set(id, configuration)
    const fault = disagreement(this.#configurations)
    if (fault !== undefined) throw fault
    this.cluster.execute({ type: "restart", server: id })
  }

  /** What a step means for timers and network. */
  #taken(taken: Taken): void {
    const { before, firstSent, server: id, step: { resetElectionTimer, server: s } } = taken
    this.#observe(taken)
    const leads = s.role === "leader"
    const led = before.role === "leader" && taken.action !== "RestartAction"
    if (leads && !led) this.#startLeaderTimers(id)
    if (led && !leads) this.#stop(id, ["heartbeat", "quorum"])
    if (!leads && (led || resetElectionTimer)) this.#startElectionTimer(id)
    if (s.leaderContact && resetElectionTimer) {
      this.#set(id, "contact", this.configuration.electionTimeout.min, "contact-lost")
    }
    if (s.lastApplied < s.commitIndex && this.#timers.get(id)!.apply === undefined) this.#set(id, "apply", 0, "apply")
    const { sent } = this.cluster
    for (let n = firstSent; n < sent.length; n++) this.#send(n)
  }

  /** As JSON, as in traces. What arrives was read from bytes: sender and receiver share nothing. */
  #send(position: number): void {
    const { sent } = this.cluster
    const m = sent[position]!
    const text = JSON.stringify(m)
    sent[position] = JSON.parse(text) as Message
    this.network.send(m, Buffer.byteLength(text), () => this.cluster.execute({ type: "deliver", message: position }))
  }

  #startElectionTimer(id: ServerId): void {
    const { max, min } = this.configuration.electionTimeout
    this.#set(id, "election", this.#timing.between(min, max), "timeout")
  }

  #startLeaderTimers(id: ServerId): void {
    this.#stop(id, ["election", "contact"])
    const every = (timer: "heartbeat" | "quorum", interval: number, type: "heartbeat" | "check-quorum") => {
      const happen = () => {
        this.#timers.get(id)![timer] = this.clock.after(interval, happen)
        this.cluster.execute({ type, server: id })
      }
      this.#stop(id, [timer])
      this.#timers.get(id)![timer] = this.clock.after(interval, happen)
    }
    every("heartbeat", this.configuration.heartbeatInterval, "heartbeat")
    if (this.configuration.settings.checkQuorum) {
      every("quorum", this.configuration.electionTimeout.max, "check-quorum")
    }
  }

  /** Starts one of the server's timers anew. */
  #set(id: ServerId, timer: keyof Timers, delay: number, type: "timeout" | "contact-lost" | "apply"): void {
    const timers = this.#timers.get(id)!
    this.#stop(id, [timer])
    timers[timer] = this.clock.after(delay, () => {
      delete timers[timer]
      this.cluster.execute({ type, server: id })
    })
  }

  #stop(id: ServerId, names: ReadonlyArray<keyof Timers>): void {
    const timers = this.#timers.get(id)!
    for (const name of names) {
      if (timers[name] !== undefined) timers[name].cancelled = true
      delete timers[name]
    }
  }
}
