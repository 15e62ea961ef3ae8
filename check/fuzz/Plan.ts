/**
 * Acts that still mean something when others before them are left out, which is what shrinking does: a message is known
 * by what it says, or else by how many others went the same way since.
 */
import type { Message } from "../../src/raft/Message.ts"
import type { Cluster } from "../cluster/Cluster.ts"
import type { Act } from "./Act.ts"
import { sameEntry } from "../raft/Entry.ts"

export type Planned =
  | { readonly type: "act"; readonly act: Act }
  | {
    readonly type: "deliver"
    readonly message: Message
    /** How many of its type were sent on its link after it. */
    readonly after: number
    readonly cut?: number
    readonly unsynced?: true
  }

/** Terms, indices, ids; lists of ids (members) and of a snapshot's pieces. */
const sameValue = (a: unknown, b: unknown): boolean =>
  a === b || (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((part, n) => part === b[n]))

const sameMessage = (a: Message, b: Message): boolean => {
  const x = a as unknown as Record<string, unknown>
  const y = b as unknown as Record<string, unknown>
  for (const field in x) if (field !== "entries" && !sameValue(x[field], y[field])) return false
  return a.type !== "AppendEntriesRequest"
    || b.type !== "AppendEntriesRequest"
    || (a.entries.length === b.entries.length && a.entries.every((entry, n) => sameEntry(entry, b.entries[n])))
}

/** Finds messages in a cluster that goes on sending. */
export class Planner {
  readonly #cluster: Cluster
  /** By link and type: positions in `Cluster.sent`, oldest first. */
  readonly #links = new Map<string, Array<number>>()
  #seen = 0

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  #alike({ dest, source, type }: Message): ReadonlyArray<number> {
    const { sent } = this.#cluster
    for (; this.#seen < sent.length; this.#seen++) {
      const m = sent[this.#seen]!
      const link = `${m.type} ${m.source} ${m.dest}`
      const positions = this.#links.get(link)
      if (positions === undefined) this.#links.set(link, [this.#seen])
      else positions.push(this.#seen)
    }
    return this.#links.get(`${type} ${source} ${dest}`) ?? []
  }

  /** The act, to be found again. */
  plan(act: Act): Planned {
    if (act.type !== "deliver") return { type: "act", act }
    const message = this.#cluster.sent[act.message]!
    const alike = this.#alike(message)
    const after = alike.length - 1 - alike.indexOf(act.message)
    return { ...act, message, after }
  }

  /** The act as it now is; `undefined`: there is no such message. */
  find(planned: Planned): Act | undefined {
    if (planned.type === "act") return planned.act
    const alike = this.#alike(planned.message)
    const message = alike.findLast((n) => sameMessage(this.#cluster.sent[n]!, planned.message))
      ?? alike[Math.max(0, alike.length - 1 - planned.after)]
    if (message === undefined) return undefined
    const { cut, unsynced } = planned
    return { type: "deliver", message, ...(cut === undefined ? {} : { cut }), ...(unsynced === undefined ? {} : { unsynced }) }
  }
}
