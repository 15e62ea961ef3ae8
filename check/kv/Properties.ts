/**
 * What must hold of clients, servers and the log between them, and what that has to do with the map that clients are
 * promised. Twin of the second half of spec/ReplicatedKV.tla, where each says in words what it means.
 */
import { isDeepStrictEqual } from "node:util"
import { apply, InitKV } from "../../src/kv/Sessions.ts"
import type { Applied, KV, SessionId, Stamped } from "../../src/kv/Sessions.ts"
import * as Table from "../../src/kv/Table.ts"
import type { Client } from "../../src/kv/Client.ts"
import type { Index } from "../../src/raft/Server.ts"
import type { Predicate } from "../explorer/Model.ts"
import { actionBetween } from "./KV.ts"
import type { Call, Calls, Promised } from "./KV.ts"
import type { KVWorld } from "./ReplicatedKV.ts"

type Log = ReadonlyArray<Stamped>
type Property = Predicate<KVWorld, never, null>

/** By log, as text: many worlds have the same. */
const folds = new Map<string, ReadonlyArray<Applied>>()

/** What each entry of the log, from the first on, makes of the state, and the reply to it. */
export const foldOf = (log: Log): ReadonlyArray<Applied> => {
  const text = JSON.stringify(log)
  const known = folds.get(text)
  if (known !== undefined) return known
  const fold: Array<Applied> = []
  for (const [n, entry] of log.entries()) fold.push(apply(fold.at(-1)?.kv ?? InitKV, n + 1, entry))
  folds.set(text, fold)
  return fold
}

const MachineAt = (log: Log, k: Index): KV => foldOf(log)[k - 1]?.kv ?? InitKV

const MachinesAgree: Property = {
  name: "MachinesAgree",
  reads: "actors",
  holds: ([world]) => {
    const { log, servers } = world!
    return Object.values(servers).every(({ applied, kv, snapshot }) =>
      isDeepStrictEqual(kv, MachineAt(log, applied)) && isDeepStrictEqual(snapshot.kv, MachineAt(log, snapshot.index))
    )
  }
}

const LogTime = (log: Log, k: Index): number => Math.max(0, ...log.slice(0, k).map(({ time }) => time))

const LastUse = (log: Log, session: SessionId, k: Index): Index =>
  1 + log.slice(0, k).findLastIndex(({ request }, n) =>
    n + 1 === session || (request.type === "command" && request.session === session)
  )

const Alive = (log: Log, session: SessionId, k: Index): boolean => {
  if (k === session) return true
  const opened = log[session - 1]!.request
  return Alive(log, session, k - 1)
    && LogTime(log, k) - LogTime(log, LastUse(log, session, k - 1)) <= (opened.type === "open" ? opened.timeout : 0)
}

const ExpiryIsByLogTime: Property = {
  name: "ExpiryIsByLogTime",
  reads: "actors",
  holds: ([world]) => {
    const { log } = world!
    return foldOf(log).every(({ kv }, n) =>
      isDeepStrictEqual(
        Table.keys(kv.sessions),
        log.slice(0, n + 1).flatMap(({ request }, k) =>
          request.type === "open" && Alive(log, k + 1, n + 1) ? [k + 1] : []
        )
      )
    )
  }
}

/** The calls of a client; `answerInLog` gives the answer that the log has for a command, if any. */
export const callsOf = (c: Client, answerInLog: (session: SessionId, seq: number) => Call["answer"]): Calls =>
  Object.fromEntries(Table.entries(c.waiting).map(([seq, operation]) => [seq, { operation, answer: answerInLog(c.session, seq) }]))

/** The map as the specification has it: what the whole log makes of it. */
export const promised = ({ clients, ghost }: KVWorld): Promised => {
  const answerInLog = (session: SessionId, seq: number): Call["answer"] => {
    const reply = ghost.answers.find((r) => r.status === "OK" && r.session === session && r.seq === seq)
    return reply?.status === "OK" ? [reply.response] : []
  }
  const each = Object.entries(clients)
  return {
    data: ghost.kv.data,
    calls: Object.fromEntries(each.map(([id, c]) => [id, callsOf(c, answerInLog)])),
    heard: Object.fromEntries(each.map(([id, { heard }]) => [id, heard]))
  }
}

const RefinesKV: Property = {
  name: "RefinesKV",
  reads: "step",
  holds: ({ after, before }) => actionBetween(promised(before), promised(after)) !== undefined
}

export const properties: ReadonlyArray<Property> = [MachinesAgree, ExpiryIsByLogTime, RefinesKV]
