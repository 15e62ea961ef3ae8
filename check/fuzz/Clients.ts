/** Clients, each with one operation at a time, and what they saw: a history in the format of `lockstep verify`. */
import { encode } from "../../src/kv/KV.ts"
import type { Command, Operation as Asked, Response } from "../../src/kv/KV.ts"
import type { Operation } from "../linearizability/History.ts"
import type { Json } from "../linearizability/Texts.ts"

/** An operation that was asked for. */
export interface Request {
  readonly command: Command
  /** The command, encoded. */
  readonly value: string
  /** Its place in the history. */
  readonly at: number
}

interface Client {
  seq: number
  /** All it ever asked, in order. */
  readonly asked: Array<Request>
  outstanding: Request | undefined
  gone: boolean
}

/** The value field of a history's line. */
const argumentOf = (o: Asked): Json => o.op === "cas" ? [o.from, o.to] : "value" in o ? o.value : null

export class Clients {
  /** By call. */
  readonly history: Array<Operation> = []
  readonly #clients = new Map<number, Client>()
  readonly #nextSeq: (seq: number) => number

  /** `nextSeq`: the sequence number after this one. */
  constructor(nextSeq: (seq: number) => number = (seq) => seq + 1) {
    this.#nextSeq = nextSeq
  }

  /** What the client waits for. */
  outstanding(client: number): Request | undefined {
    return this.#clients.get(client)?.outstanding
  }

  /** What the client once asked under this sequence number. */
  asked(client: number, seq: number): Request | undefined {
    return this.#clients.get(client)?.asked.find((request) => request.command.seq === seq)
  }

  /** The latest sequence number of the client; 0 when it has asked nothing. */
  latestSeq(client: number): number {
    return this.#clients.get(client)?.seq ?? 0
  }

  /** Everyone who waits. */
  *waiting(): Generator<Request> {
    for (const { outstanding } of this.#clients.values()) if (outstanding !== undefined) yield outstanding
  }

  /** The client's next operation begins; `undefined` while it still waits for one, or is gone. */
  call(client: number, operation: Asked, clock: number): Request | undefined {
    const c = this.#clients.get(client) ?? { seq: 0, asked: [], outstanding: undefined, gone: false }
    if (c.outstanding !== undefined || c.gone) return undefined
    this.#clients.set(client, c)
    c.seq = this.#nextSeq(c.seq)
    const command: Command = { client: String(client), seq: c.seq, operation }
    const { key, op } = operation
    c.outstanding = { command, value: encode(command), at: this.history.length }
    c.asked.push(c.outstanding)
    this.history.push({ client, op, key, value: argumentOf(operation), call: clock, return: null, output: null })
    return c.outstanding
  }

  /** The answer to operation `at` arrives; false when the client no longer waits for it. */
  answer(client: number, at: number, response: Response, clock: number): boolean {
    const c = this.#clients.get(client)
    if (c?.outstanding?.at !== at) return false
    this.history[at] = { ...this.history[at]!, return: clock, output: response }
    c.outstanding = undefined
    return true
  }

  /** The client is gone, and never says how it ended. */
  giveUp(client: number): boolean {
    const c = this.#clients.get(client)
    if (c?.outstanding === undefined) return false
    c.outstanding = undefined
    c.gone = true
    return true
  }
}
