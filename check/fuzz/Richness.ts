/** What happened in the runs, counted: a run in which little happens shows little. */
import type { Message } from "../../src/raft/Message.ts"
import { lastIndex } from "../../src/raft/Server.ts"
import type { Cluster, Event } from "../cluster/Cluster.ts"
import type { Change } from "./Change.ts"
import { partitionKinds } from "./Network.ts"
import { becomesLeader } from "./StateProperties.ts"

/** Counts by name. Events by the specification's actions (`action.…`), partitions by kind (`partition.…`). */
export type Richness = Record<string, number>

/**
 * The fewest of each per 1,000 events, over all the runs of one cluster size: about a third of what a long batch of any
 * size has (measured with seeds 1 to 5), so that chance doesn't miss one in a batch of 20,000 events.
 */
export const gates: Readonly<Record<string, number>> = {}

/** The gates that the counts miss, in words; none below 20,000 events, where chance could. */
export const missedGates = (richness: Richness, events: number): ReadonlyArray<string> =>
  events < 20_000 ? [] : Object.entries(gates).flatMap(([name, least]) => {
    const found = 1000 * (richness[name] ?? 0) / events
    return found < least ? [`${name}: ${found.toFixed(2)} per 1,000 events, at least ${least} expected`] : []
  })

export const add = (into: Richness, more: Richness): void => {
  for (const name in more) into[name] = (into[name] ?? 0) + more[name]!
}

/** What the counts start from: everything that can be missing has its zero. */
const names = [
  "leaderChanges",
  "rejectedAppendEntries",
  "truncations",
  "outOfOrder",
  "duplicates",
  "crashes",
  "crashesBetweenSaveAndSend",
  ...partitionKinds.map((kind) => `partition.${kind}`),
  "committed",
  "answered",
  "overlapping",
  "unknown",
  "retries",
  "echoes",
  "repeatsApplied",
  "failoversInFlight"
]

/** Counts what happens in one run. */
export class Counter {
  readonly counts: Richness = Object.fromEntries(names.map((name) => [name, 0]))
  /** By position in `Cluster.sent`. */
  readonly #delivered: Array<boolean> = []
  /** By link: the latest position delivered. */
  readonly #latest = new Map<string, number>()

  count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1
  }

  /** An event that happened. `inFlight`: whether a client waits. */
  event(cluster: Cluster, event: Event, change: Change | undefined, inFlight: () => boolean): void {
    if (event.type === "crash" || event.cut !== undefined) this.count("crashes")
    if (event.type === "deliver") this.#deliver(cluster.sent[event.message]!, event.message)
    if (change === undefined) return
    const { action, before, consumed, step } = change.taken
    this.count(action)
    if (event.cut === 1 && step.sends.length > 0) this.count("crashesBetweenSaveAndSend")
    if (becomesLeader(change)) {
      this.count("leaderChanges")
      if (inFlight()) this.count("failoversInFlight")
    }
    if (consumed !== undefined && change.firstChanged <= lastIndex(before.log)) this.count("truncations")
    const answer = step.sends[0]
    if (answer?.type === "AppendEntriesResponse" && answer.rejectedIndex > 0) this.count("rejectedAppendEntries")
  }

  #deliver(m: Message, position: number): void {
    if (this.#delivered[position] === true) this.count("duplicates")
    this.#delivered[position] = true
    const link = m.source + m.dest
    const latest = this.#latest.get(link) ?? -1
    if (position < latest) this.count("outOfOrder")
    else this.#latest.set(link, position)
  }
}
