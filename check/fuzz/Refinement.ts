/**
 * What clients are promised, step by step: the mapping of spec/ReplicatedKV.tla from a random execution to spec/KV.tla. The
 * log is what is committed; a call takes effect when it commits there. Every change must be a step of KV, or none.
 */
import type { Client } from "../../src/kv/Client.ts"
import { requestIn } from "../../src/kv/Encoding.ts"
import { InitKV } from "../../src/kv/Sessions.ts"
import type { apply, KV, SessionId, Stamped, Time } from "../../src/kv/Sessions.ts"
import * as Table from "../../src/kv/Table.ts"
import type { Ghost } from "../../src/raft/World.ts"
import { actionBetween } from "../kv/KV.ts"
import type { Call, Promised } from "../kv/KV.ts"
import { callsOf } from "../kv/Properties.ts"

export class Refinement {
  readonly #apply: typeof apply
  readonly #clients = new Map<string, Client>()
  /** What the log amounts to; so many entries of it are known. */
  #kv: KV = InitKV
  #known = 0
  /** By session, then number: the answer that the log has for the command, the first time that it isn't refused. */
  readonly #answers = new Map<SessionId, Map<number, Call["answer"]>>()
  /** Sessions, as their uses in the log say: when they were used last, and their timeouts. */
  readonly #sessions = new Map<SessionId, { readonly used: Time; readonly timeout: Time }>()
  #time: Time = 0
  #promised: Promised = { data: InitKV.data, calls: {}, heard: {} }

  constructor(machine: typeof apply) {
    this.#apply = machine
  }

  /** The log is this now; what that violates, if anything. */
  decide(committed: Ghost["committed"]): string | undefined {
    let violated: string | undefined
    while (violated === undefined && this.#known < committed.length) {
      const entry = requestIn(committed[this.#known++]!.entry)
      if (entry !== undefined) violated = this.#decideOn(entry)
    }
    return violated
  }

  /** The client has become `c`. */
  client(id: number, c: Client): string | undefined {
    const name = String(id)
    const { calls, data, heard } = this.#promised
    // Who wasn't there yet waited for nothing.
    if (!this.#clients.has(name)) this.#promised = { data, calls: { ...calls, [name]: {} }, heard: { ...heard, [name]: null } }
    this.#clients.set(name, c)
    return this.#become({
      data,
      calls: { ...this.#promised.calls, [name]: callsOf(c, this.#answerInLog) },
      heard: { ...this.#promised.heard, [name]: c.heard }
    })
  }

  readonly #answerInLog = (session: SessionId, seq: number): Call["answer"] => this.#answers.get(session)?.get(seq) ?? []

  #decideOn(entry: Stamped): string | undefined {
    const { kv, reply } = this.#apply(this.#kv, this.#known, entry)
    this.#kv = kv
    if (reply.status === "OK") {
      const answers = this.#answers.get(reply.session) ?? new Map<number, Call["answer"]>()
      this.#answers.set(reply.session, answers)
      if (!answers.has(reply.seq)) answers.set(reply.seq, [reply.response])
    }
    let { calls } = this.#promised
    if (entry.request.type === "command") {
      for (const [name, c] of this.#clients) {
        if (c.session === entry.request.session) calls = { ...calls, [name]: callsOf(c, this.#answerInLog) }
      }
    }
    return this.#become({ ...this.#promised, data: kv.data, calls }) ?? this.#expiry(entry)
  }

  #become(next: Promised): string | undefined {
    const action = actionBetween(this.#promised, next)
    this.#promised = next
    return action === undefined ? "RefinesKV" : undefined
  }

  /** Sessions are there as long as they are used in time (`ExpiryIsByLogTime`). */
  #expiry({ request, time }: Stamped): string | undefined {
    this.#time = Math.max(this.#time, time)
    for (const [id, { timeout, used }] of this.#sessions) if (this.#time - used > timeout) this.#sessions.delete(id)
    if (request.type === "open") this.#sessions.set(this.#known, { used: this.#time, timeout: request.timeout })
    else {
      const session = this.#sessions.get(request.session)
      if (session !== undefined) this.#sessions.set(request.session, { ...session, used: this.#time })
    }
    const there = this.#kv.sessions
    return there.size === this.#sessions.size
      && [...this.#sessions.keys()].every((id) => Table.get(there, id) !== undefined)
      ? undefined
      : "ExpiryIsByLogTime"
  }
}
