/** Clients with sessions, and what they saw: a history in the format of `lockstep verify`. */
import { commandOf, Hear, InitClient, Invoke, outstanding } from "../../src/kv/Client.ts"
import type { Client } from "../../src/kv/Client.ts"
import type { Operation as Asked } from "../../src/kv/Map.ts"
import type { Reply, Request } from "../../src/kv/Sessions.ts"
import * as Table from "../../src/kv/Table.ts"
import type { Operation } from "../linearizability/History.ts"
import type { Json } from "../linearizability/Texts.ts"

/** A session expires that isn't used so long. (Random executions count decisions for milliseconds.) */
const timeout = 300

/** The most commands of one client under way at a time. Each is a process of its own in the history. */
const most = 10

interface Known {
  state: Client
  /** All it ever asked for, in order; the same again left out. */
  readonly asked: Array<Request>
  /** Of the commands it waits for: the place of each in the history. */
  readonly calls: Map<number, number>
  gone: boolean
}

/** The value field of a history's line. */
const argumentOf = (o: Asked): Json => o.op === "cas" ? [o.from, o.to] : "value" in o ? o.value : null

export class Clients {
  /** By call. */
  readonly history: Array<Operation> = []
  readonly #clients = new Map<number, Known>()
  readonly #invoke: typeof Invoke

  /** `invoke`: how a client's next command begins. */
  constructor(invoke: typeof Invoke = Invoke) {
    this.#invoke = invoke
  }

  /** The client as it is now. */
  state(client: number): Client {
    return this.#clients.get(client)?.state ?? InitClient
  }

  /** How many different requests it has made. */
  asked(client: number): number {
    return this.#clients.get(client)?.asked.length ?? 0
  }

  /** Its last request, or the `nth` last, as it was. */
  copy(client: number, nth: number): Request | undefined {
    return this.#clients.get(client)?.asked.at(-nth)
  }

  /** What it asks again: of the calls that it waits for, the `nth`. */
  again(client: number, nth: number): Request | undefined {
    const c = this.state(client)
    const seq = outstanding(c)[nth - 1]
    return seq === undefined || this.#clients.get(client)!.gone ? undefined : commandOf(c, seq)
  }

  /** Calls that haven't returned, and may. */
  *waiting(): Generator<Operation> {
    for (const { calls, gone } of this.#clients.values()) {
      if (!gone) for (const at of calls.values()) yield this.history[at]!
    }
  }

  /** It asks for a session; `undefined` while it has one, or when it is gone. */
  open(client: number): Request | undefined {
    const c = this.#known(client)
    if (c.state.open || c.gone) return undefined
    const request: Request = { type: "open", timeout }
    c.asked.push(request)
    return request
  }

  /** Its next call; `undefined` without a session, with too many calls under way, or when it is gone. */
  call(client: number, operation: Asked, clock: number): Request | undefined {
    const c = this.#known(client)
    const next = c.gone || c.calls.size === most ? undefined : this.#invoke(c.state, operation)
    if (next === undefined) return undefined
    c.state = next
    const request = commandOf(next, next.seq)
    c.asked.push(request)
    const { key, op } = operation
    c.calls.set(next.seq, this.history.length)
    const process = client * most + next.seq % most
    this.history.push({ client: process, op, key, value: argumentOf(operation), call: clock, return: null, output: null })
    return request
  }

  /** A reply arrives; false when it tells the client nothing. What an expired session leaves open, stays unknown. */
  hear(client: number, reply: Reply, clock: number): boolean {
    const c = this.#known(client)
    const next = c.gone ? undefined : Hear(c.state, reply)
    if (next === undefined) return false
    c.state = next
    for (const [seq, at] of c.calls) {
      if (Table.get(next.waiting, seq) !== undefined) continue
      c.calls.delete(seq)
      if (next.heard?.status === "OK") this.history[at] = { ...this.history[at]!, return: clock, output: next.heard.response }
    }
    return true
  }

  /** The client is gone, and never says how its calls ended. */
  giveUp(client: number): boolean {
    const c = this.#clients.get(client)
    if (c === undefined || c.gone || c.calls.size === 0) return false
    c.gone = true
    return true
  }

  #known(client: number): Known {
    let c = this.#clients.get(client)
    if (c === undefined) this.#clients.set(client, c = { state: InitClient, asked: [], calls: new Map(), gone: false })
    return c
  }
}
