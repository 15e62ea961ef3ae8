/**
 * Clients with sessions, and servers that apply one replicated log: refines KV. Twin of spec/ReplicatedKV.tla, where
 * comments say what is left out, and why. An action is a function from a world to the worlds that it may become.
 */
import { commandOf, Hear, InitClient, Invoke, outstanding } from "../../src/kv/Client.ts"
import type { Client } from "../../src/kv/Client.ts"
import type { Operation } from "../../src/kv/Map.ts"
import { apply, InitKV } from "../../src/kv/Sessions.ts"
import type { KV, Reply, Request, Stamped, Time } from "../../src/kv/Sessions.ts"
import * as Table from "../../src/kv/Table.ts"
import type { Index, ServerId } from "../../src/raft/Server.ts"
import { canonical } from "../explorer/Intern.ts"

export type ClientId = string

export interface Snapshot {
  readonly index: Index
  readonly kv: KV
}

/** A server, as far as the state machine goes; the fields are explained in `InitServer` of the specification. */
export interface KVServer {
  readonly applied: Index
  readonly kv: KV
  readonly snapshot: Snapshot
  /** Measured by their indexes. */
  readonly waiting: Table.Table<Index, ClientId>
}

export const InitServer: KVServer = { applied: 0, kv: InitKV, snapshot: { index: 0, kv: InitKV }, waiting: Table.empty }

export type Mail =
  | { readonly type: "Request"; readonly source: ClientId; readonly dest: ServerId; readonly request: Request }
  | { readonly type: "Reply"; readonly dest: ClientId; readonly reply: Reply }

/** Proof only: what the whole log amounts to, and the reply to each of its entries. */
export interface Ghost {
  readonly kv: KV
  readonly answers: ReadonlyArray<Reply>
}

export const InitGhost: Ghost = { kv: InitKV, answers: [] }

export interface KVWorld {
  readonly log: ReadonlyArray<Stamped>
  readonly servers: Readonly<Record<ServerId, KVServer>>
  readonly clients: Readonly<Record<ClientId, Client>>
  /** A set, in canonical order. */
  readonly messages: ReadonlyArray<Mail>
  readonly ghost: Ghost
}

/** What may still happen, in a model. */
export interface Left {
  readonly opens: number
  readonly calls: number
  readonly retries: number
  readonly entries: number
  readonly snapshots: number
  readonly restarts: number
}

/** What bounds a model; the constants of the same names in the specification. */
export interface Bounds {
  readonly servers: ReadonlyArray<ServerId>
  /** What each client may ask for. */
  readonly operations: Readonly<Record<ClientId, ReadonlyArray<Operation>>>
  /** The server that clients ask first. */
  readonly contact: ServerId
  readonly timeout: Time
  readonly clock: ReadonlyArray<Time>
}

export const InitWorld = ({ operations, servers }: Bounds): KVWorld => ({
  log: [],
  servers: Object.fromEntries(servers.map((id) => [id, InitServer])),
  clients: Object.fromEntries(Object.keys(operations).map((id) => [id, InitClient])),
  messages: [],
  ghost: InitGhost
})

export const Ask = (source: ClientId, dest: ServerId, request: Request): Mail => ({ type: "Request", source, dest, request })

export const Answer = (dest: ClientId, reply: Reply): Mail => ({ type: "Reply", dest, reply })

/** The set with these, too. */
const union = (messages: ReadonlyArray<Mail>, more: ReadonlyArray<Mail>): ReadonlyArray<Mail> => {
  const all = new Map([...messages, ...more].map((m) => [canonical(m), m]))
  return all.size === messages.length ? messages : [...all].sort(([a], [b]) => a < b ? -1 : 1).map(([, m]) => m)
}

// Rules of a server.

export interface Step {
  readonly server: KVServer
  readonly sends: ReadonlyArray<Mail>
}

/** It learns the next entry of the log, applies it, and answers who waits for it here. */
export const Learn = (s: KVServer, entry: Stamped): Step => {
  const index = s.applied + 1
  const { kv, reply } = apply(s.kv, index, entry)
  const client = Table.get(s.waiting, index)
  return {
    server: { ...s, applied: index, kv, waiting: Table.remove(s.waiting, index) },
    sends: client === undefined ? [] : [Answer(client, reply)]
  }
}

/** A snapshot of what it has applied: sessions, their answers and log time are in it. */
export const TakeSnapshot = (s: KVServer): Step | undefined =>
  s.applied === s.snapshot.index
    ? undefined
    : { server: { ...s, snapshot: { index: s.applied, kv: s.kv } }, sends: [] }

/** Another server's snapshot brings it further. Nobody here knows the answers of what that stands for. */
export const InstallSnapshot = (s: KVServer, snapshot: Snapshot): Step | undefined =>
  snapshot.index <= s.applied ? undefined : {
    server: { applied: snapshot.index, kv: snapshot.kv, snapshot, waiting: Table.removeBelow(s.waiting, snapshot.index + 1) },
    sends: []
  }

/** A crash, and the start after it, from the snapshot. */
export const Restart = (s: KVServer): Step => ({
  server: { applied: s.snapshot.index, kv: s.snapshot.kv, snapshot: s.snapshot, waiting: Table.empty },
  sends: []
})

// The world.

/** The ghost after the log has got an entry at `index`. */
export const Remember = (g: Ghost, index: Index, entry: Stamped): Ghost => {
  const { kv, reply } = apply(g.kv, index, entry)
  return { kv, answers: [...g.answers, reply] }
}

type Action = (bounds: Bounds, w: KVWorld, id: string) => ReadonlyArray<KVWorld>

const sent = (w: KVWorld, ...mail: ReadonlyArray<Mail>): KVWorld => ({ ...w, messages: union(w.messages, mail) })

const withClient = (w: KVWorld, c: ClientId, client: Client): KVWorld => ({ ...w, clients: { ...w.clients, [c]: client } })

/** Server `i` takes this step, if there is one. */
const Take = (w: KVWorld, i: ServerId, step: Step | undefined): ReadonlyArray<KVWorld> =>
  step === undefined ? [] : [sent({ ...w, servers: { ...w.servers, [i]: step.server } }, ...step.sends)]

const OpenAction: Action = ({ contact, timeout }, w, c) =>
  w.clients[c]!.open ? [] : [sent(w, Ask(c, contact, { type: "open", timeout }))]

const CallAction: Action = ({ contact, operations }, w, c) =>
  operations[c]!.flatMap((operation) => {
    const next = Invoke(w.clients[c]!, operation)
    return next === undefined ? [] : [sent(withClient(w, c, next), Ask(c, contact, commandOf(next, next.seq)))]
  })

const RetryAction: Action = ({ servers }, w, c) => {
  const client = w.clients[c]!
  return outstanding(client).flatMap((seq) =>
    servers.map((i) => sent(w, Ask(c, i, commandOf(client, seq)))).filter((next) => next.messages !== w.messages)
  )
}

const DecideAction: Action = ({ clock }, w, i) =>
  w.messages.flatMap((m) => m.type !== "Request" || m.dest !== i ? [] : clock.map((time) => decided(w, i, m, time)))

const decided = (w: KVWorld, i: ServerId, m: Extract<Mail, { type: "Request" }>, time: Time): KVWorld => {
  const entry: Stamped = { time, request: m.request }
  const log = [...w.log, entry]
  const s = w.servers[i]!
  const waiting = Table.set(s.waiting, log.length, m.source, log.length)
  return { ...w, log, servers: { ...w.servers, [i]: { ...s, waiting } }, ghost: Remember(w.ghost, log.length, entry) }
}

const LearnAction: Action = (_, w, i) => {
  const s = w.servers[i]!
  return s.applied === w.log.length ? [] : Take(w, i, Learn(s, w.log[s.applied]!))
}

const SnapshotAction: Action = (_, w, i) => Take(w, i, TakeSnapshot(w.servers[i]!))

const InstallAction: Action = ({ servers }, w, i) =>
  servers.flatMap((j) => Take(w, i, InstallSnapshot(w.servers[i]!, w.servers[j]!.snapshot)))

const RestartAction: Action = (_, w, i) => Take(w, i, Restart(w.servers[i]!))

const HearAction: Action = (_, w, c) =>
  w.messages.flatMap((m) => {
    const next = m.type === "Reply" && m.dest === c ? Hear(w.clients[c]!, m.reply) : undefined
    return next === undefined ? [] : [withClient(w, c, next)]
  })

/** The actions by the names that they have in the specification's `Next`; whose they are, and the budget they use up. */
export const Actions: ReadonlyArray<{
  readonly name: string
  readonly of: "client" | "server"
  readonly spends?: keyof Left
  readonly outcomes: Action
}> = [
  { name: "OpenAction", of: "client", spends: "opens", outcomes: OpenAction },
  { name: "CallAction", of: "client", spends: "calls", outcomes: CallAction },
  { name: "RetryAction", of: "client", spends: "retries", outcomes: RetryAction },
  { name: "HearAction", of: "client", outcomes: HearAction },
  { name: "DecideAction", of: "server", spends: "entries", outcomes: DecideAction },
  { name: "LearnAction", of: "server", outcomes: LearnAction },
  { name: "SnapshotAction", of: "server", spends: "snapshots", outcomes: SnapshotAction },
  { name: "InstallAction", of: "server", outcomes: InstallAction },
  { name: "RestartAction", of: "server", spends: "restarts", outcomes: RestartAction }
]
