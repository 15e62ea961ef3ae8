/** Clusters and machines that break one promise each, to see who notices. */
import { Invoke } from "../../src/kv/Client.ts"
import { execute } from "../../src/kv/Map.ts"
import { apply, InitKV } from "../../src/kv/Sessions.ts"
import type { Applied, KV, Stamped } from "../../src/kv/Sessions.ts"
import * as Table from "../../src/kv/Table.ts"
import { lastIndex, replaceAfter } from "../../src/raft/Server.ts"
import type { ServerId } from "../../src/raft/Server.ts"
import { Cluster } from "../cluster/Cluster.ts"
import type { Event } from "../cluster/Cluster.ts"
import type { Persistent } from "../../src/shell/Perform.ts"
import type { Parts } from "./Run.ts"

/** Something else is found on the disk than was saved. */
export const disksThat = (spoil: (saved: Persistent) => Persistent): Partial<Parts> => ({
  createCluster: (...given) =>
    new class extends Cluster {
      override execute(event: Event): boolean {
        if (event.type === "restart") this.disks.set(event.server, spoil(this.disks.get(event.server)!))
        return super.execute(event)
      }
    }(...given)
})

export const forgetTheVote = disksThat((saved) => ({ ...saved, votedFor: null }))

export const forgetTheTerm = disksThat((saved) => ({ ...saved, currentTerm: 0 }))

export const loseTheTail = disksThat((saved) => ({
  ...saved,
  log: replaceAfter(saved.log, Math.max(lastIndex(saved.log) - 1, saved.log.lastIncludedIndex), [])
}))

/**
 * P01: messages leave before the sync that covers them. A crash then finds what the disk has: of what was under way as much
 * as the event says, or (`forgets` false) all of it, as if disks never forgot.
 */
export const acknowledgesFirst = ({ forgets }: { readonly forgets: boolean }): Partial<Parts> => ({
  createCluster: (...given) =>
    new class extends Cluster {
      /** By server: what is durable, then what was saved since. */
      readonly #saved = new Map<ServerId, Array<Persistent>>()

      override unsynced(id: ServerId): number {
        return Math.max(0, (this.#saved.get(id)?.length ?? 0) - 1)
      }

      override execute(event: Event): boolean {
        const server = event.type === "deliver" ? this.sent[event.message]!.dest : event.server
        const saved = this.#saved.get(server) ?? [this.disks.get(server)!]
        switch (event.type) {
          case "sync":
            return this.#saved.delete(server)
          case "crash":
          case "sync-fails":
          case "restart":
            if (event.type === "sync-fails" && saved.length === 1) return false
            if (forgets) this.disks.set(server, saved["keeps" in event ? event.keeps ?? 0 : 0]!)
            this.#saved.delete(server)
            return super.execute(event.type === "restart" ? event : { type: "crash", server })
        }
        const { unsynced, ...atOnce } = event
        if (!super.execute(atOnce as Event)) return false
        if (unsynced === true) this.#saved.set(server, [...saved, this.disks.get(server)!])
        else this.#saved.delete(server)
        return true
      }
    }(...given)
})

/** Just before the hundredth event s1 has applied what isn't committed, and no step of it shows. */
export const silently: Partial<Parts> = {
  createCluster: (...given) =>
    new class extends Cluster {
      #events = 0
      override execute(event: Event): boolean {
        const happened = super.execute(event)
        if (happened && ++this.#events === 99) {
          const s1 = this.servers.get("s1")!
          this.servers.set("s1", { ...s1, lastApplied: s1.commitIndex + 1 })
        }
        return happened
      }
    }(...given)
}

/** No message is delivered twice. (No disk forgets, either: who has forgotten a message gets it anew.) */
export const neverTwice: Partial<Parts> = {
  createCluster: (...given) =>
    new class extends Cluster {
      readonly #delivered = new Set<number>()
      override execute(event: Event): boolean {
        const { unsynced: _, ...synced } = event
        if (event.type !== "deliver") return super.execute(synced as Event)
        if (this.#delivered.has(event.message)) return false
        const happened = super.execute(synced as Event)
        if (happened && event.cut !== 0) this.#delivered.add(event.message)
        return happened
      }
    }(...given)
}

/** Answers of a later term are ignored. */
export const deaf: Partial<Parts> = {
  createCluster: (...given) =>
    new class extends Cluster {
      override execute(event: Event): boolean {
        const m = event.type === "deliver" ? this.sent[event.message]! : undefined
        const ignored = m?.type === "AppendEntriesResponse" && m.term > this.servers.get(m.dest)!.currentTerm
        return !ignored && super.execute(event)
      }
    }(...given)
}

/** Who is asked to help another forgets its leader for it. */
export const unfaithful: Partial<Parts> = {
  createCluster: (...given) =>
    new class extends Cluster {
      override execute(event: Event): boolean {
        const m = event.type === "deliver" ? this.sent[event.message] : undefined
        if (m?.type === "PreVoteRequest" || m?.type === "RequestVoteRequest") {
          this.servers.set(m.dest, { ...this.servers.get(m.dest)!, leaderContact: false })
        }
        return super.execute(event)
      }
    }(...given)
}

/** Who begins to ask whether it could win begins a term, too. */
export const hasty: Partial<Parts> = {
  createCluster: (ids, settings, observe, machine) => {
    const cluster: Cluster = new Cluster(ids, settings, (taken) => {
      const { before, step } = taken
      if (before.role === "preCandidate" || step.server.role !== "preCandidate") return observe(taken)
      const server = { ...step.server, currentTerm: before.currentTerm + 1 }
      cluster.servers.set(server.id, server)
      observe({ ...taken, step: { ...step, server } })
    }, machine)
    return cluster
  }
}

/** A handler that throws. */
export const throwing: Partial<Parts> = {
  createCluster: (...given) =>
    new class extends Cluster {
      override execute(event: Event): boolean {
        if (event.type === "heartbeat") throw new RangeError("no heart")
        return super.execute(event)
      }
    }(...given)
}

/** What a command's answer should be, and another one in its place: `answer` is asked when the rules say OK. */
const answering = (answer: (applied: Applied, before: KV, entry: Stamped) => Applied): Partial<Parts> => ({
  apply: (kv, index, entry) => {
    const applied = apply(kv, index, entry)
    return applied.reply.status === "OK" ? answer(applied, kv, entry) : applied
  }
})

const repeats = ({ reply: { session }, kv }: Applied, before: KV): boolean => {
  const [was, is] = [Table.get(before.sessions, session)!, Table.get(kv.sessions, session)!]
  return was.replies.size === is.replies.size && was.first === is.first
}

/** Every copy of a command takes effect. */
export const noSessions: Partial<Parts> = answering((applied, before, { request }) => {
  if (request.type === "open" || applied.reply.status !== "OK") return applied
  const { data, response } = execute(before.data, request.operation)
  return { kv: { ...applied.kv, data }, reply: { ...applied.reply, response } }
})

/** A repeated command hears what the map would say now. */
export const freshReplies: Partial<Parts> = answering((applied, before, { request }) =>
  request.type === "open" || applied.reply.status !== "OK" || !repeats(applied, before)
    ? applied
    : { ...applied, reply: { ...applied.reply, response: execute(before.data, request.operation).response } }
)

/** A repeated command is answered as if it were old. */
export const staleRepeats: Partial<Parts> = answering((applied, before) =>
  applied.reply.status !== "OK" || !repeats(applied, before)
    ? applied
    : { ...applied, reply: { status: "STALE", session: applied.reply.session, seq: applied.reply.seq } }
)

/** An expired session is taken for one that is there. */
export const immortal: Partial<Parts> = {
  apply: (kv, index, entry) => {
    const applied = apply(kv, index, entry)
    if (applied.reply.status !== "SESSION_EXPIRED" || entry.request.type === "open") return applied
    const { data, response } = execute(kv.data, entry.request.operation)
    const { seq, session } = applied.reply
    return { kv: { ...applied.kv, data }, reply: { status: "OK", session, seq, response } }
  }
}

/** Sessions expire by each server's own count of entries that it applied, not by log time. */
export const ownClocks = (): Partial<Parts> => {
  let count = 0
  return { apply: (kv, index, entry) => apply(kv, index, { ...entry, time: 10 * ++count }) }
}

/** Deletions are answered, and not done. */
export const lazyDeletes: Partial<Parts> = answering((applied, before, { request }) =>
  request.type === "open" || request.operation.op !== "delete" ? applied : { ...applied, kv: { ...applied.kv, data: before.data } }
)

/** Machines on the same path come to different states. */
export const dicingMachines = (): Partial<Parts> => {
  let count = 0
  return {
    apply: (kv, index, entry) => {
      const applied = apply(kv, index, entry)
      return ++count % 50 > 0 ? applied : { ...applied, kv: { ...applied.kv, data: InitKV.data } }
    }
  }
}

/** A client that uses one sequence number for all it does. */
export const reusedNumbers: Partial<Parts> = { invoke: (c, operation) => Invoke({ ...c, seq: 0 }, operation) }
