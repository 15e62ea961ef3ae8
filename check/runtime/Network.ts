/**
 * The network of the simulation, between servers and to clients: it delays, loses, repeats and reorders, links are cut in
 * one direction or both, and nothing passes between the lives of a server.
 */
import type { Chance } from "../simulator/Chance.ts"
import type { Clock } from "../simulator/Clock.ts"

/** How messages fare. Times in milliseconds, chances out of 100. */
export interface Conditions {
  /** Under way for at least the first and less than the second. */
  readonly delay: readonly [number, number]
  /** So many are under way for up to `slowest` instead, and overtaken. */
  readonly slowPercent: number
  readonly slowest: number
  readonly lossPercent: number
  readonly repeatPercent: number
}

export const calm: Conditions = { delay: [0.5, 1.5], slowPercent: 0, slowest: 0, lossPercent: 0, repeatPercent: 0 }

/** A server's id, or a client's name. */
export type Address = string

export class Network {
  conditions: Conditions
  readonly #clock: Clock
  readonly #chance: Chance
  readonly #count: (what: string) => void
  /** How often what was under way from or to an address was lost. */
  readonly #lives = new Map<Address, number>()
  readonly #closed = new Set<string>()
  /** By link: when the latest message to arrive so far was sent. */
  readonly #latest = new Map<string, number>()
  #sent = 0

  constructor(clock: Clock, chance: Chance, conditions: Conditions, count: (what: string) => void = () => {}) {
    this.#clock = clock
    this.#chance = chance
    this.conditions = conditions
    this.#count = count
  }

  /** Nothing from the one reaches the other, what is under way included. */
  close(from: Address, to: Address): void {
    this.#closed.add(`${from} ${to}`)
  }

  /** All links are open. */
  heal(): void {
    this.#closed.clear()
  }

  open(from: Address, to: Address): void {
    this.#closed.delete(`${from} ${to}`)
  }

  /** A life has ended: what is on its way from it or to it never arrives. */
  end(address: Address): void {
    this.#lives.set(address, this.#life(address) + 1)
  }

  #life(address: Address): number {
    return this.#lives.get(address) ?? 0
  }

  /** `deliver` is called when, if and as often as the message arrives. */
  carry(from: Address, to: Address, deliver: () => void): void {
    this.#once(from, to, deliver)
    if (this.#chance.percent(this.conditions.repeatPercent)) {
      this.#count("repeated")
      this.#once(from, to, deliver)
    }
  }

  #once(from: Address, to: Address, deliver: () => void): void {
    if (this.#chance.percent(this.conditions.lossPercent)) this.#count("lost")
    else this.#deliver(from, to, deliver)
  }

  /**
   * Over a connection, on which nothing is repeated: where a message is lost, so is the connection. Mostly its other end
   * hears of it after a while (`broken`), otherwise it hears nothing any more.
   */
  connection(from: Address, to: Address, deliver: () => void, broken: () => void): void {
    if (!this.#chance.percent(this.conditions.lossPercent)) return this.#deliver(from, to, deliver)
    this.#count("connectionsLost")
    if (this.#chance.percent(70)) this.#clock.after(this.#chance.between(0, 30), broken)
  }

  #deliver(from: Address, to: Address, deliver: () => void): void {
    const { delay, slowPercent, slowest } = this.conditions
    const link = `${from} ${to}`
    if (this.#closed.has(link)) return
    const [fromLife, toLife, nth] = [this.#life(from), this.#life(to), this.#sent++]
    const slow = this.#chance.percent(slowPercent)
    this.#clock.after(slow ? this.#chance.between(delay[0], slowest) : this.#chance.between(...delay), () => {
      if (this.#closed.has(link) || this.#life(from) !== fromLife || this.#life(to) !== toLife) return
      if (nth < (this.#latest.get(link) ?? 0)) this.#count("overtaken")
      else this.#latest.set(link, nth)
      deliver()
    })
  }
}
