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
 * that many effects of the step (`perform`).
 */
export type Event =
  & (
    | {
      readonly type: "timeout" | "heartbeat" | "apply" | "crash" | "restart" | "snapshot" | "contact-lost" | "check-quorum"
      readonly server: ServerId
    }
    | { readonly type: "propose"; readonly server: ServerId; readonly value: string }
    | { readonly type: "deliver"; readonly message: number }
  )
  & { readonly cut?: number }

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

export const serverIds = (count: number): ReadonlyArray<ServerId> =>
  Array.from({ length: count }, (_, n) => `s${n + 1}`)

export class Cluster {
  readonly ids: ReadonlyArray<ServerId>
  readonly servers = new Map<ServerId, Server>()
  /** What each server's disk holds. */
  readonly disks = new Map<ServerId, Persistent>()
  /** Crashed and not yet restarted. */
  readonly down = new Set<ServerId>()
  /** Every message ever sent, in order; delivering one doesn't remove it. */
  readonly sent: Array<Message> = []
  ghost: Ghost = InitGhost
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

  /** Whether the event could happen now; if so, it has. */
  execute(event: Event): boolean {
    switch (event.type) {
      case "crash":
        if (this.down.has(event.server)) return false
        this.down.add(event.server)
        return true
      case "restart": {
        const crashed = this.servers.get(event.server)!
        this.down.delete(crashed.id)
        // What the rule must not keep is still there; what it keeps is what the disk has.
        const found = { ...crashed, ...this.disks.get(crashed.id)! }
        return this.#take("RestartAction", crashed.id, Restart(found), undefined, event.cut)
      }
      case "deliver": {
        const m = this.sent[event.message]
        if (m === undefined || this.down.has(m.dest)) return false
        return this.#take(receiveAction(m), m.dest, Handle(this.servers.get(m.dest)!, m), event.message, event.cut)
      }
      default: {
        if (this.down.has(event.server)) return false
        const s = this.servers.get(event.server)!
        switch (event.type) {
          case "timeout":
            return this.#take("TimeoutAction", s.id, Timeout(s), undefined, event.cut)
          case "propose":
            return this.#take("ClientRequestAction", s.id, ClientRequest(s, event.value), undefined, event.cut)
          case "heartbeat":
            return this.#take("HeartbeatTimeoutAction", s.id, HeartbeatTimeout(s), undefined, event.cut)
          case "contact-lost":
            return this.#take("LeaderContactLostAction", s.id, LeaderContactLost(s), undefined, event.cut)
          case "check-quorum":
            return this.#take("CheckQuorumAction", s.id, CheckQuorum(s), undefined, event.cut)
          case "snapshot":
            return this.#take("SnapshotAction", s.id, TakeSnapshot(s, s.lastApplied, this.#machine(s)), undefined, event.cut)
          case "apply":
            return this.#take("ApplyAction", s.id, Apply(s), undefined, event.cut)
        }
      }
    }
  }

  #take(
    action: string,
    server: ServerId,
    step: Step | undefined,
    consumed: number | undefined,
    cut: number | undefined
  ): boolean {
    if (step === undefined) return false
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
