/**
 * A network as bad as that of the MIT labs (labrpc): it delays, loses and reorders messages, cuts servers off, and counts
 * what it carries. It duplicates nothing; random executions (check/fuzz) do.
 *
 * Raft's messages go one way, so an RPC is two of them. A request that is lost is never handled; a response that is lost
 * was handled, and its sender has done what it answers for. Nobody waits for an answer, so nobody is held up by one that
 * doesn't come.
 */
import type { ServerId } from "../../src/raft/Server.ts"
import type { Chance } from "./Chance.ts"
import type { Clock } from "./Clock.ts"

/** How messages fare. Times in milliseconds, chances out of 100. */
export interface Conditions {
  /** Requests are under way for at least the first and less than the second. */
  readonly request: readonly [number, number]
  readonly response: readonly [number, number]
  readonly requestLoss: number
  /** Decided once the request has been handled. */
  readonly responseLoss: number
}

/** What is sent at the same time may arrive in any order. */
export const reliable: Conditions = { request: [0.01, 1], response: [0.01, 1], requestLoss: 0, responseLoss: 0 }

/** What is sent first arrives first. */
export const inOrder: Conditions = { ...reliable, request: [0.5, 0.5], response: [0.5, 0.5] }

/** labrpc's unreliable network. */
export const unreliable: Conditions = { request: [0, 27], response: [0.01, 1], requestLoss: 10, responseLoss: 10 }

/** Who sends what kind of thing to whom. */
export interface Envelope {
  readonly type: string
  readonly source: ServerId
  readonly dest: ServerId
}

const isRequest = ({ type }: Envelope): boolean => type.endsWith("Request")

/** A server's place in the network; a new one after each crash, so nothing passes between lives. */
interface Port {
  connected: boolean
  /** Requests delivered to it, over all its lives. */
  received: number
  life: number
}

export class Network {
  conditions: Conditions = reliable
  /** Carried so far: of requests as sent, lost ones too; of responses as delivered. */
  bytes = 0
  readonly #clock: Clock
  readonly #chance: Chance
  readonly #ports: ReadonlyMap<ServerId, Port>

  constructor(ids: ReadonlyArray<ServerId>, clock: Clock, chance: Chance) {
    this.#clock = clock
    this.#chance = chance
    this.#ports = new Map(ids.map((id) => [id, { connected: true, received: 0, life: 0 }]))
  }

  /** Nothing reaches the server and nothing comes from it, what is under way included. */
  disconnect(id: ServerId): void {
    this.#ports.get(id)!.connected = false
  }

  connect(id: ServerId): void {
    this.#ports.get(id)!.connected = true
  }

  isConnected(id: ServerId): boolean {
    return this.#ports.get(id)!.connected
  }

  /** The server has crashed: what is on its way from it or to it never arrives. */
  crash(id: ServerId): void {
    this.#ports.get(id)!.life++
  }

  /** Requests delivered to the server so far. */
  received(id: ServerId): number {
    return this.#ports.get(id)!.received
  }

  /** Takes a message of so many bytes; `deliver` is called when and if it arrives. */
  send(message: Envelope, bytes: number, deliver: () => void): void {
    const request = isRequest(message)
    if (request) this.bytes += bytes
    if (this.#chance.percent(request ? this.conditions.requestLoss : this.conditions.responseLoss)) return
    const source = this.#ports.get(message.source)!
    const dest = this.#ports.get(message.dest)!
    if (!source.connected || !dest.connected) return
    const { life: sourceLife } = source
    const { life: destLife } = dest
    const [least, most] = request ? this.conditions.request : this.conditions.response
    this.#clock.after(this.#chance.between(least, most), () => {
      if (!source.connected || !dest.connected || source.life !== sourceLife || dest.life !== destLife) return
      if (request) dest.received++
      else this.bytes += bytes
      deliver()
    })
  }
}
