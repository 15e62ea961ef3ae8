/**
 * What still has to go to one peer: the newest messages only. Raft asks again for what it needs, so a peer that is slow
 * or away costs a bounded amount of memory, and is sent little stale news when it is back.
 */
import type { Message } from "../../raft/Message.ts"
import type { Parcel } from "../Transport.ts"

/** The most that waits. */
export interface OutboxLimits {
  readonly messages: number
  /** As `weight` has them. */
  readonly bytes: number
}

/** For a peer that is connected, and takes its time. */
export const whileConnected: OutboxLimits = { messages: 4096, bytes: 64 * 2 ** 20 }
/** Without a connection: what is said at a start, and just before one is back. */
export const whileAway: OutboxLimits = { messages: 64, bytes: 2 ** 20 }

export class Outbox {
  /** How many were dropped, ever. */
  dropped = 0
  #limits = whileAway
  #waiting: Array<Parcel> = []
  /** Where the oldest one is; those before it are gone. */
  #first = 0
  #bytes = 0

  get length(): number {
    return this.#waiting.length - this.#first
  }

  get limits(): OutboxLimits {
    return this.#limits
  }

  set limits(limits: OutboxLimits) {
    this.#limits = limits
    this.#dropOldest()
  }

  add(parcel: Parcel): void {
    this.#waiting.push(parcel)
    this.#bytes += weight(parcel.message)
    this.#dropOldest()
  }

  /** The oldest. */
  take(): Parcel | undefined {
    if (this.length === 0) return undefined
    const parcel = this.#waiting[this.#first++]!
    this.#bytes -= weight(parcel.message)
    // Those taken are let go of together, now and then: to move the others up each time would be quadratic.
    if (this.#first >= 1024 || this.length === 0) {
      this.#waiting.splice(0, this.#first)
      this.#first = 0
    }
    return parcel
  }

  #dropOldest(): void {
    while (this.length > this.#limits.messages || this.#bytes > this.#limits.bytes) {
      this.take()
      this.dropped++
    }
  }
}

/** About how many bytes a message takes. */
export const weight = (m: Message): number => {
  let bytes = 200
  if (m.type === "AppendEntriesRequest") for (const { value } of m.entries) bytes += 50 + value.length
  if (m.type === "InstallSnapshotRequest") for (const piece of m.data) bytes += 10 + piece.length
  return bytes
}
