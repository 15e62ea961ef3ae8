/**
 * What must hold of a whole run, though no single state shows it: promises that left a server before it crashed, logs
 * that were overwritten, lives that ended. Each is a table of what was seen first, which all that follows must match.
 * (One leader per term is ElectionSafety: its ghost never forgets.)
 */
import { valueOf } from "../../src/kv/Map.ts"
import { InitKV } from "../../src/kv/Sessions.ts"
import type { KV, Reply, Request, Session } from "../../src/kv/Sessions.ts"
import * as Table from "../../src/kv/Table.ts"
import type { Message, PreVoteRequest, RequestVoteRequest } from "../../src/raft/Message.ts"
import { entryAt, lastIndex, lastTerm, termAt } from "../../src/raft/Server.ts"
import type { Entry, Index, Log, Server, ServerId, Term } from "../../src/raft/Server.ts"
import { entryOf } from "../raft/Log.ts"
import type { Known } from "../cluster/Cluster.ts"
import { sameEntry } from "../raft/Entry.ts"
import { firstDifference } from "./Change.ts"
import type { Change } from "./Change.ts"

/** What the first server to apply an index found there. */
interface Applied {
  readonly entry: Entry
  readonly reply: Reply | undefined
  /** The machine afterwards. */
  readonly state: KV
}

/** What a machine made of one entry. */
export interface Application {
  readonly server: ServerId
  readonly index: Index
  readonly entry: Entry
  readonly request: Request | undefined
  readonly before: KV
  readonly reply: Reply | undefined
  readonly after: KV
}

/** Whether the candidate's log is less up-to-date than `log`. */
const isBehind = ({ lastLogIndex, lastLogTerm }: RequestVoteRequest | PreVoteRequest, log: Log): boolean =>
  lastLogTerm < lastTerm(log) || (lastLogTerm === lastTerm(log) && lastLogIndex < lastIndex(log))

/**
 * Whether `s` has a leader, or is one, and so ignores this request to help another, with its term: for PreVote always
 * (diss. 9.6), for RequestVote with CheckQuorum (diss. 4.2.3).
 */
export const keepsToLeader = (s: Server, m: Message): boolean =>
  (s.role === "leader" || s.leaderContact)
  && (m.type === "PreVoteRequest" || (m.type === "RequestVoteRequest" && s.settings.checkQuorum))

export const sameReply = (a: Reply | undefined, b: Reply | undefined): boolean =>
  a === b
  || (a !== undefined && b !== undefined && a.status === b.status && a.session === b.session
    && (a.status !== "OK" || a.response === (b as typeof a).response))

export class HistoryProperties {
  readonly #cluster: Known
  /** By voter, then term: who got its vote. */
  readonly #votes = new Map<ServerId, Map<Term, ServerId>>()
  readonly #sources = new Map<Term, ServerId>()
  /** By index, then term: the entry, and the term of the one before it. */
  readonly #entries: Array<Map<Term, { readonly entry: Entry; readonly prevTerm: Term }>> = []
  /** `#applied[k]` is index k. */
  readonly #applied: Array<Applied | undefined> = [undefined]
  readonly #lastApplied = new Map<ServerId, Index>()
  /** By session, then sequence number: the index at which the command took effect. */
  readonly #effects = new Map<number, Map<number, Index>>()
  /** Entries that some client knows to be there, by index. */
  readonly #acknowledged = new Map<Index, Entry>()
  /** Each disk's log, as last seen. */
  readonly #disks = new Map<ServerId, Log>()

  constructor(cluster: Known) {
    this.#cluster = cluster
    for (const id of cluster.ids) {
      this.#votes.set(id, new Map())
      this.#lastApplied.set(id, 0)
      this.#disks.set(id, cluster.disks.get(id)!.log)
    }
  }

  /** The first property found violated after the step. */
  check(change: Change): string | undefined {
    const s = change.taken.step.server
    return this.#promises(change)
      ?? this.#entriesAreUnique(s, change.firstChanged)
      ?? this.#appliedInOrder(change)
      ?? this.#acknowledgedIsDurable(s.id)
  }

  /**
   * Of what was really sent: it was on disk first; a server votes for one candidate a term (its own candidature is a
   * vote), and would vote for none whose log is behind its own (5.4.1); AppendEntries of a term come from one server.
   */
  #promises({ taken: { consumed, firstSent, step: { server: s } } }: Change): string | undefined {
    const { disks, sent } = this.#cluster
    if (firstSent === sent.length) return undefined
    const disk = disks.get(s.id)!
    const saved = disk.currentTerm === s.currentTerm && disk.votedFor === s.votedFor && disk.snapshot === s.snapshot
    if (!saved || firstDifference(disk.log, s.log) !== Infinity) return "PromisesAreDurable"
    const request = consumed === undefined ? undefined : sent[consumed]!
    for (let n = firstSent; n < sent.length; n++) {
      const m = sent[n]!
      if (m.type === "RequestVoteRequest") {
        if (!this.#votesFor(m.source, m.term, m.source)) return "OneVotePerTerm"
      } else if (m.type === "RequestVoteResponse" && m.voteGranted) {
        if (!this.#votesFor(m.source, m.term, m.dest)) return "OneVotePerTerm"
        if (request?.type !== "RequestVoteRequest" || isBehind(request, s.log)) return "VotesAreUpToDate"
      } else if (m.type === "PreVoteResponse" && m.voteGranted) {
        if (request?.type !== "PreVoteRequest" || isBehind(request, s.log)) return "VotesAreUpToDate"
      } else if (m.type === "AppendEntriesRequest") {
        const other = this.#sources.get(m.term)
        if (other === undefined) this.#sources.set(m.term, m.source)
        else if (other !== m.source) return "OneSourcePerTerm"
      }
    }
    return undefined
  }

  /** Whether this can be the server's only vote of the term. */
  #votesFor(voter: ServerId, term: Term, candidate: ServerId): boolean {
    const votes = this.#votes.get(voter)!
    const other = votes.get(term)
    if (other === undefined) votes.set(term, candidate)
    return other === undefined || other === candidate
  }

  /** An index and a term name one entry, and one before it, for ever; therefore logs match (Figure 3). */
  #entriesAreUnique({ log }: Server, firstChanged: Index): string | undefined {
    for (let k = firstChanged; k <= lastIndex(log); k++) {
      const entry = entryAt(log, k)
      const prevTerm = termAt(log, k - 1)
      const terms = this.#entries[k] ??= new Map()
      const known = terms.get(entry.term)
      if (known === undefined) terms.set(entry.term, { entry, prevTerm })
      else if (known.prevTerm !== prevTerm || !sameEntry(known.entry, entry)) return "EntriesAreUnique"
    }
    return undefined
  }

  /** In each life of a server: from its snapshot on, one after the other, none twice; or up to a snapshot that arrives. */
  #appliedInOrder({ taken: { action, before, step: { server: s } } }: Change): string | undefined {
    const applied = this.#lastApplied.get(s.id)!
    const installed = action === "ReceiveInstallSnapshotRequest"
      && s.log.lastIncludedIndex > Math.max(applied, before.log.lastIncludedIndex)
    const start = action === "RestartAction" || installed ? s.log.lastIncludedIndex : applied
    const expected = action === "ApplyAction" ? start + 1 : start
    if (s.lastApplied !== applied) this.#lastApplied.set(s.id, s.lastApplied)
    return s.lastApplied === expected ? undefined : "AppliedInOrder"
  }

  /** What clients were told stays on a majority of disks. */
  #acknowledgedIsDurable(id: ServerId): string | undefined {
    const { log } = this.#cluster.disks.get(id)!
    const before = this.#disks.get(id)!
    if (log === before) return undefined
    this.#disks.set(id, log)
    // (What a snapshot has replaced is on the disk; SnapshotsAgree says whether it is the right one.)
    for (let k = firstDifference(before, log); k <= lastIndex(before); k++) {
      const entry = this.#acknowledged.get(k)
      if (entry !== undefined && !this.#onMajorityOfDisks(k, entry)) return "AcknowledgedIsDurable"
    }
    return undefined
  }

  #onMajorityOfDisks(k: Index, entry: Entry): boolean {
    let holders = 0
    for (const { log } of this.#cluster.disks.values()) {
      if (k <= log.lastIncludedIndex || sameEntry(entryOf(log, k), entry)) holders++
    }
    return 2 * holders > this.#cluster.ids.length
  }

  /** A client hears of what was applied at `k`. */
  acknowledge(k: Index, entry: Entry): string | undefined {
    this.#acknowledged.set(k, entry)
    return this.#onMajorityOfDisks(k, entry) ? undefined : "AcknowledgedIsDurable"
  }

  /** The same entries are applied by all servers and in all lives, machines agree, and commands take effect once. */
  application(a: Application): string | undefined {
    const known = this.#applied[a.index]
    if (known === undefined) {
      this.#applied[a.index] = { entry: a.entry, reply: a.reply, state: a.after }
      return this.#effectOnce(a)
    }
    if (!sameEntry(known.entry, a.entry)) return "AppliedIsUnique"
    return sameReply(known.reply, a.reply) && sameWhereTouched(a, known.state)
      ? undefined
      : "MachinesAgree"
  }

  /**
   * The first time that this index was applied: a command that is refused, or repeated, changes nothing, and what is
   * answered again is answered as before.
   */
  #effectOnce({ after, before, index, reply, request }: Application): string | undefined {
    if (request === undefined) return before === after ? undefined : "EffectOnce"
    if (request.type === "open") return before.data === after.data ? undefined : "EffectOnce"
    const { operation: { key }, seq, session } = request
    let effects = this.#effects.get(session)
    if (effects === undefined) this.#effects.set(session, effects = new Map())
    const first = effects.get(seq)
    if (first === undefined && reply?.status === "OK") {
      effects.set(seq, index)
      return undefined
    }
    if (valueOf(before.data, key) !== valueOf(after.data, key)) return "EffectOnce"
    return reply?.status !== "OK" || sameReply(reply, this.#applied[first!]!.reply) ? undefined : "SameReply"
  }

  /** In full: the machine that has applied up to `index` is, whole, as the first that did. */
  machineAgrees(index: Index, state: KV): boolean {
    const known = index === 0 ? { state: InitKV } : this.#applied[index]
    return known === undefined
      || (known.state.time === state.time && sameTable(known.state.data, state.data, Object.is)
        && sameTable(known.state.sessions, state.sessions, sameSession))
  }
}

/** Whether the machine is, where the entry has touched it, as the first one was. */
const sameWhereTouched = ({ after, index, request }: Application, first: KV): boolean => {
  if (request === undefined) return true
  const session = request.type === "open" ? index : request.session
  return first.time === after.time
    && sameSession(Table.get(first.sessions, session), Table.get(after.sessions, session))
    && (request.type === "open"
      || valueOf(first.data, request.operation.key) === valueOf(after.data, request.operation.key))
}

const sameSession = (a: Session | undefined, b: Session | undefined): boolean =>
  a === b
  || (a !== undefined && b !== undefined && a.timeout === b.timeout && a.used === b.used && a.first === b.first
    && sameTable(a.replies, b.replies, Object.is))

const sameTable = <K extends Table.Key, A>(
  a: Table.Table<K, A>,
  b: Table.Table<K, A>,
  same: (x: A, y: A | undefined) => boolean
): boolean => a === b || (a.size === b.size && Table.entries(a).every(([key, value]) => same(value, Table.get(b, key))))

