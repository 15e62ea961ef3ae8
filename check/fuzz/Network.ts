/**
 * Which messages are on their way, and who can reach whom. The cluster itself never loses anything: what isn't chosen
 * isn't delivered, so partitions and losses are only this file's choice, and replaying a run needs neither.
 */
import type { Message } from "../../src/raft/Message.ts"
import type { ServerId } from "../../src/raft/Server.ts"
import type { Cluster } from "../cluster/Cluster.ts"

/** Kinds of partition; each leaves some directed links open and closes the others. */
export const partitionKinds = ["majority", "minority", "bridge", "ring", "oneWay"] as const
export type PartitionKind = (typeof partitionKinds)[number]

/** More messages on their way to one server than this, and the oldest get lost. */
const inboxLimit = 48

const isAnswer = ({ type }: Message): boolean =>
  type === "PreVoteResponse" || type === "RequestVoteResponse" || type === "AppendEntriesResponse"
  || type === "InstallSnapshotResponse"

/** Positions in `Cluster.sent`. */
type Position = number

export class Network {
  readonly #cluster: Cluster
  readonly #place: ReadonlyMap<string, number>
  /** By destination: on their way, oldest first. */
  readonly #inboxes: Array<Array<Position>>
  /** By destination: every answer ever sent to it. */
  readonly #answers: Array<Array<Position>>
  /** By source and destination: closed links. */
  readonly #closed: Uint8Array
  #seen = 0
  partition: PartitionKind | undefined

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    this.#place = new Map(cluster.ids.map((id, n) => [id, n]))
    this.#inboxes = cluster.ids.map(() => [])
    this.#answers = cluster.ids.map(() => [])
    this.#closed = new Uint8Array(cluster.ids.length ** 2)
  }

  /** Whether what `source` sends reaches `dest`; a message says both. */
  open({ dest, source }: { readonly source: ServerId; readonly dest: ServerId }): boolean {
    return this.#closed[this.#place.get(source)! * this.#inboxes.length + this.#place.get(dest)!] === 0
  }

  /** Puts what was sent since the last time on its way; a closed link loses it, and so may chance. */
  carry(lost: (m: Message) => boolean): void {
    const { sent } = this.#cluster
    for (; this.#seen < sent.length; this.#seen++) {
      const m = sent[this.#seen]!
      const dest = this.#place.get(m.dest)!
      if (isAnswer(m)) this.#answers[dest]!.push(this.#seen)
      if (!this.open(m) || lost(m)) continue
      const inbox = this.#inboxes[dest]!
      inbox.push(this.#seen)
      if (inbox.length > inboxLimit) inbox.shift()
    }
  }

  /** Takes the `nth` message (modulo how many there are, oldest first) for the server at place `dest` off its way. */
  take(dest: number, nth: number): Position | undefined {
    const inbox = this.#inboxes[dest]!
    while (inbox.length > 0) {
      const at = nth % inbox.length
      const position = inbox[at]!
      if (at === 0) inbox.shift()
      else inbox.splice(at, 1)
      // Cut off meanwhile: lost.
      if (this.open(this.#cluster.sent[position]!)) return position
    }
    return undefined
  }

  /** Every answer ever sent to `id`, oldest first. */
  answers(id: ServerId): ReadonlyArray<Position> {
    return this.#answers[this.#place.get(id)!]!
  }

  heal(): void {
    this.partition = undefined
    this.#closed.fill(0)
  }

  /**
   * Closes links; `order` lists the places of all servers, of which the first is the one that it is about:
   * - majority, minority: two halves, the first server in the larger or in the smaller one;
   * - bridge: two halves that only the first server sees both of;
   * - ring: each hears its two neighbours only (of three servers: only the one before it);
   * - oneWay: nothing reaches the first server, or (`outward`) nothing comes from it.
   */
  divide(kind: PartitionKind, order: ReadonlyArray<number>, outward: boolean): void {
    this.heal()
    this.partition = kind
    const n = order.length
    const smaller = (n - 1) >> 1
    for (let a = 0; a < n; a++) {
      for (let b = 0; b < n; b++) {
        if (a !== b && !connected(kind, a, b, n, smaller, outward)) this.#closed[order[a]! * n + order[b]!] = 1
      }
    }
  }
}

/** Whether what the `a`-th sends reaches the `b`-th. */
export const connected = (
  kind: PartitionKind,
  a: number,
  b: number,
  n: number,
  smaller: number,
  outward: boolean
): boolean => {
  switch (kind) {
    case "majority":
      return (a < n - smaller) === (b < n - smaller)
    case "minority":
      return (a < smaller) === (b < smaller)
    case "bridge":
      return a === 0 || b === 0 || (a <= n >> 1) === (b <= n >> 1)
    case "ring":
      return b === (a + 1) % n || (n > 3 && a === (b + 1) % n)
    case "oneWay":
      return outward ? a !== 0 : b !== 0
  }
}
