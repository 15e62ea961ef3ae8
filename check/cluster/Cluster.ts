/**
 * Servers, their disks and every message they ever sent: executes one event after the other. Random executions,
 * scenarios and the roots of models are all runs of it; it calls the same rules as every other part.
 */
import { perform, persistent } from "../../src/shell/Perform.ts"
import type { Persistent } from "../../src/shell/Perform.ts"
import { Apply } from "../../src/raft/Commit.ts"
import { LeaderContactLost, Timeout } from "../../src/raft/Election.ts"
import type { Message, Step } from "../../src/raft/Message.ts"
import { Handle, Restart } from "../../src/raft/Raft.ts"
import { CheckQuorum, ClientRequest, HeartbeatTimeout } from "../../src/raft/Replication.ts"
import { InitServer } from "../../src/raft/Server.ts"
import type { Server, ServerId, Settings } from "../../src/raft/Server.ts"
import { TakeSnapshot } from "../../src/raft/Snapshot.ts"
import { InitGhost, MachineAt, receiveAction, Remember } from "../../src/raft/World.ts"
import type { Ghost } from "../../src/raft/World.ts"

/**
 * What can happen. `message` is a position in `Cluster.sent`. With `cut`, the server crashes once it has carried out
 * that many effects of the step (`perform`). With `unsynced`, its record is under way to the disk, together with those of
 * the steps before that are so; a crash `keeps` as many of them as it says, by default none.
 */
export type Event =
  & (
    | {
      readonly type: "timeout" | "heartbeat" | "apply" | "restart" | "snapshot" | "contact-lost" | "check-quorum"
      readonly server: ServerId
    }
    // The sync of all that is under way succeeds; a bit flips on the disk of a server that is down.
    | { readonly type: "sync" | "damage"; readonly server: ServerId }
    // It fails, or the disk is full: the server stops.
    | { readonly type: "crash" | "sync-fails"; readonly server: ServerId; readonly keeps?: number }
    // Commands that have come together.
    | { readonly type: "propose"; readonly server: ServerId; readonly values: ReadonlyArray<string> }
    | { readonly type: "deliver"; readonly message: number }
  )
  & { readonly cut?: number; readonly unsynced?: true }

/** One step that was taken, as observers see it. */
export interface Taken {
  /** The world's action in spec/World.tla. */
  readonly action: string
  readonly server: ServerId
  readonly before: Server
  /** Position in `Cluster.sent` of the message consumed. */
  readonly consumed: number | undefined
  readonly step: Step
  /** Position in `Cluster.sent` of the first message sent; the others follow it, as far as they were sent. */
  readonly firstSent: number
}

/** A step in memory, whose record isn't durable yet. */
interface UnderWay {
  readonly action: string
  readonly consumed: number | undefined
  readonly step: Step
}

/** What is known of servers at work, whoever carries out their steps: the properties are about this. */
export type Known = Pick<Cluster, "ids" | "servers" | "disks" | "sent" | "ghost">

export const serverIds = (count: number): ReadonlyArray<ServerId> =>
  Array.from({ length: count }, (_, n) => `s${n + 1}`)

export class Cluster {
  readonly ids: ReadonlyArray<ServerId>
  /** As others may know them, and as they are found after a crash: up to the last sync. */
  readonly servers = new Map<ServerId, Server>()
  /** What each server's disk holds. */
  readonly disks = new Map<ServerId, Persistent>()
  /** Crashed and not yet restarted. */
  readonly down = new Set<ServerId>()
  /** Their disks are damaged, which is noticed when they start: they won't, for ever. */
  readonly damaged = new Set<ServerId>()
  /** Every message ever sent, in order; delivering one doesn't remove it. */
  readonly sent: Array<Message> = []
  ghost: Ghost = InitGhost
  /** Of each server: nobody has heard of these steps, and a crash may take them back. */
  readonly #underWay = new Map<ServerId, Array<UnderWay>>()
  readonly #observe: (taken: Taken) => void
  readonly #machine: (s: Server) => ReadonlyArray<string>

  /** `machine`: what the entries that `s` has applied have made of its state machine, in pieces. */
  constructor(
    ids: ReadonlyArray<ServerId>,
    settings: Settings,
    observe: (taken: Taken) => void = () => {},
    machine: (s: Server) => ReadonlyArray<string> = (s) => MachineAt(s, s.lastApplied)
  ) {
    this.ids = ids
    this.#observe = observe
    this.#machine = machine
    for (const id of ids) {
      const server = InitServer(id, ids, settings)
      this.servers.set(id, server)
      this.disks.set(id, persistent(server))
    }
  }

  /** The server as it is itself: its memory may be ahead of its disk. */
  memory(id: ServerId): Server {
    return this.#underWay.get(id)?.at(-1)?.step.server ?? this.servers.get(id)!
  }

  /** How many of the server's steps aren't durable yet. */
  unsynced(id: ServerId): number {
    return this.#underWay.get(id)?.length ?? 0
  }

  /** Whether the event could happen now; if so, it has. */
  execute(event: Event): boolean {
    switch (event.type) {
      case "sync":
        return this.#sync(event.server)
      case "sync-fails":
        return this.unsynced(event.server) > 0 && this.#crash(event.server, event.keeps ?? 0)
      case "crash":
        return this.#crash(event.server, event.keeps ?? 0)
      case "damage":
        if (!this.down.has(event.server) || this.damaged.has(event.server)) return false
        this.damaged.add(event.server)
        return true
      case "restart": {
        if (this.damaged.has(event.server)) return false
        this.#crash(event.server, 0)
        const crashed = this.servers.get(event.server)!
        this.down.delete(crashed.id)
        // What the rule must not keep is still there; what it keeps is what the disk has.
        const found = { ...crashed, ...this.disks.get(crashed.id)! }
        return this.#take({ action: "RestartAction", consumed: undefined, step: Restart(found) }, event.cut)
      }
      case "deliver": {
        const m = this.sent[event.message]
        if (m === undefined || this.down.has(m.dest)) return false
        return this.#begin(receiveAction(m), Handle(this.memory(m.dest), m), event, event.message)
      }
      default: {
        if (this.down.has(event.server)) return false
        // The machine, which a snapshot is taken of, has applied no more than what is durable.
        if (event.type === "snapshot" && this.unsynced(event.server) > 0) return false
        const s = this.memory(event.server)
        switch (event.type) {
          case "timeout":
            return this.#begin("TimeoutAction", Timeout(s), event)
          case "propose":
            return this.#begin("ClientRequestAction", ClientRequest(s, event.values), event)
          case "heartbeat":
            return this.#begin("HeartbeatTimeoutAction", HeartbeatTimeout(s), event)
          case "contact-lost":
            return this.#begin("LeaderContactLostAction", LeaderContactLost(s), event)
          case "check-quorum":
            return this.#begin("CheckQuorumAction", CheckQuorum(s), event)
          case "snapshot":
            return this.#begin("SnapshotAction", TakeSnapshot(s, s.lastApplied, this.#machine(s)), event)
          case "apply":
            return this.#begin("ApplyAction", Apply(s), event)
        }
      }
    }
  }

  #begin(action: string, step: Step | undefined, { cut, unsynced }: Event, consumed?: number): boolean {
    if (step === undefined) return false
    const { id } = step.server
    const taken: UnderWay = { action, consumed, step }
    if (unsynced !== true) {
      this.#sync(id)
      return this.#take(taken, cut)
    }
    const underWay = this.#underWay.get(id)
    if (underWay === undefined) this.#underWay.set(id, [taken])
    else underWay.push(taken)
    return true
  }

  /** What was under way is durable, and its messages leave; false when nothing was. */
  #sync(server: ServerId): boolean {
    const underWay = this.#underWay.get(server)
    this.#underWay.delete(server)
    for (const taken of underWay ?? []) this.#take(taken)
    return underWay !== undefined
  }

  /** Of what was under way, the first ones are found on the disk; the rest has never happened. */
  #crash(server: ServerId, keeps: number): boolean {
    if (this.down.has(server)) return false
    const underWay = this.#underWay.get(server) ?? []
    this.#underWay.delete(server)
    for (const taken of underWay.slice(0, keeps)) this.#take(taken, 1)
    this.down.add(server)
    return true
  }

  /** Carries out the step's effects, or the first `cut` of them. */
  #take({ action, consumed, step }: UnderWay, cut?: number): boolean {
    const server = step.server.id
    const before = this.servers.get(server)!
    const firstSent = this.sent.length
    const effects = perform(step)
    for (const effect of cut === undefined ? effects : effects.slice(0, cut)) {
      if (effect.type === "save") this.disks.set(server, effect.state)
      else this.sent.push(effect.message)
    }
    if (cut !== undefined) this.down.add(server)
    // A step that crashed before its first effect never happened.
    if (cut === 0) return true
    this.servers.set(server, step.server)
    this.ghost = Remember(this.ghost, step.server)
    this.#observe({ action, server, before, consumed, step, firstSent })
    return true
  }
}
