/** The clients of a story: which servers they have asked, and what they hear when those apply what was asked. */
import { requestIn } from "../../src/kv/Encoding.ts"
import { apply, InitKV } from "../../src/kv/Sessions.ts"
import type { Applied, KV, Request } from "../../src/kv/Sessions.ts"
import { lastIndex, termAt } from "../../src/raft/Server.ts"
import type { Index, Server, ServerId, Term } from "../../src/raft/Server.ts"
import { MachineAt } from "../../src/raft/World.ts"
import type { Taken } from "../cluster/Cluster.ts"
import type { Act } from "../fuzz/Act.ts"
import { Clients } from "../fuzz/Clients.ts"
import { clientLine } from "../kv/Notation.ts"

/** What a client does. */
export type ClientAct = Extract<Act, { client: number }>

/** What the first `k` entries of the server's log make of the map; and the reply to the last of them. */
const appliedAt = (s: Server, k: Index): { readonly kv: KV; readonly last: Applied | undefined } => {
  let [kv, last]: [KV, Applied | undefined] = [InitKV, undefined]
  // A machine of a story remembers every value, also those that a snapshot has replaced.
  for (const [n, value] of MachineAt(s, k).entries()) {
    const entry = requestIn({ term: 0, type: "command", value })
    last = entry === undefined ? undefined : apply(kv, n + 1, entry)
    kv = last?.kv ?? kv
  }
  return { kv, last }
}

/** What the server has applied amounts to, if it is entries of clients. */
export const mapOf = (s: Server): KV => appliedAt(s, s.lastApplied).kv

export class Answers {
  readonly #clients = new Clients()
  /** By server, then index: whom to answer, if the entry there is still that of the term. */
  readonly #waiting = new Map<ServerId, Map<Index, { readonly client: number; readonly term: Term }>>()
  readonly #tookPart = new Set<number>()
  /** Whether answers reach anybody now. */
  heard = true

  /** The client's request; `undefined`: it has none of that kind. */
  request(act: ClientAct): Request | undefined {
    this.#tookPart.add(act.client)
    switch (act.type) {
      case "open":
        return this.#clients.open(act.client)
      case "call":
        return this.#clients.call(act.client, act.operation, 0)
      case "again":
        return this.#clients.again(act.client, act.nth)
      case "echo":
        return this.#clients.copy(act.client, act.nth)
      case "giveUp":
        return undefined
    }
  }

  /** The server, as it is now, has put the client's request at the end of its log. */
  taken({ id, log }: Server, client: number): void {
    const index = lastIndex(log)
    const waiting = this.#waiting.get(id) ?? new Map<Index, { readonly client: number; readonly term: Term }>()
    this.#waiting.set(id, waiting.set(index, { client, term: termAt(log, index) }))
  }

  /** A step was taken: who waits for what it applies hears of it. */
  observe({ action, step: { server: s } }: Taken): void {
    const waiting = this.#waiting.get(s.id)
    if (action === "RestartAction") this.#waiting.delete(s.id)
    else if (waiting !== undefined) {
      for (const [index, { client, term }] of waiting) {
        if (index > s.lastApplied) continue
        waiting.delete(index)
        // What a snapshot stands for was applied elsewhere.
        if (action !== "ApplyAction" || termAt(s.log, index) !== term || !this.heard) continue
        if (this.#clients.hear(client, appliedAt(s, index).last!.reply, 0)) this.#tookPart.add(client)
      }
    }
  }

  /** A line for each client that has asked or heard something since they were last asked for. */
  lines(): ReadonlyArray<string> {
    const lines = [...this.#tookPart].sort((a, b) => a - b).map((client) => clientLine(`c${client}`, this.#clients.state(client)))
    this.#tookPart.clear()
    return lines
  }
}
