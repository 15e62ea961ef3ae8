/** `lockstep admin`: what the servers of a running cluster say of themselves, and what they can be told. */
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import type { ServerId } from "../../raft/Server.ts"
import { readClusterFile } from "../../shell/ClusterFile.ts"
import type { Addresses, ClusterFile } from "../../shell/ClusterFile.ts"
import type { Status } from "../../shell/Replica.ts"
import { badInput, json, result, violated } from "../Ending.ts"
import { grouped, table } from "../text.ts"

const cluster = Flag.String("cluster").pipe(Flag.withDescription("the cluster file, of whose servers it asks the http addresses"))

/** A server that doesn't answer within so many milliseconds isn't reachable. */
const patience = 2000

type Asked<A> = { readonly id: ServerId; readonly answer: A } | { readonly id: ServerId; readonly unreachable: string }

/** Asks one server; what keeps it from answering is an answer, too. */
const ask = <A>(id: ServerId, { http }: Addresses, method: string, path: string): Effect.Effect<Asked<A>> => {
  if (http === undefined) return Effect.succeed({ id, unreachable: "no http address in the cluster file" })
  const host = http.host.includes(":") ? `[${http.host}]` : http.host
  return Effect.tryPromise({
    try: async () => {
      const response = await fetch(`http://${host}:${http.port}${path}`, { method, signal: AbortSignal.timeout(patience) })
      if (!response.ok) throw new Error(`HTTP status ${response.status}`)
      return await response.json() as A
    },
    catch: (error) => {
      const cause = (error as Error).cause
      return cause instanceof Error ? cause.message : (error as Error).message
    }
  }).pipe(Effect.match({
    onSuccess: (answer): Asked<A> => ({ id, answer }),
    onFailure: (unreachable): Asked<A> => ({ id, unreachable })
  }))
}

const askAll = <A>({ addresses }: ClusterFile, method: string, path: string) =>
  Effect.forEach([...addresses], ([id, where]) => ask<A>(id, where, method, path), { concurrency: "unbounded" })

const columns: ReadonlyArray<readonly [string, (s: Status) => string]> = [
  ["role", (s) => s.role],
  ["term", (s) => grouped(s.term)],
  ["leader", (s) => s.leader ?? "-"],
  ["commit", (s) => grouped(s.commitIndex)],
  ["applied", (s) => grouped(s.lastApplied)],
  ["last", (s) => grouped(s.lastIndex)],
  ["snapshot", (s) => grouped(s.snapshotIndex)],
  ["log bytes", (s) => grouped(s.logBytes)],
  ["keys", (s) => grouped(s.keys)],
  ["sessions", (s) => grouped(s.sessions)],
  ["waiting", (s) => grouped(s.waiting)]
]

const status = Command.make("status", { cluster, json }, (flags) =>
  Effect.gen(function*() {
    const servers = yield* askAll<Status>(yield* readClusterFile(flags.cluster), "GET", "/status")
    const rows = servers.map((one) =>
      [one.id, ..."answer" in one ? columns.map(([, show]) => show(one.answer)) : ["unreachable"]]
    )
    const unreachable = servers.flatMap((one) => "answer" in one ? [] : [`${one.id} is unreachable: ${one.unreachable}`])
    const answers = servers.flatMap((one) => "answer" in one ? [one.answer] : [])
    const leader = answers.find(({ role }) => role === "leader")
    const works = leader !== undefined && 2 * answers.length > servers.length
    const line = works
      ? `${leader.id} leads term ${leader.term}; ${answers.length} of ${servers.length} servers answer`
      : `it can't serve anybody: ${leader === undefined ? "nobody leads" : "no majority answers"}`
    const text = [table(["server", ...columns.map(([name]) => name)], rows), "", ...unreachable, line].join("\n")
    yield* result(flags.json, { servers, works }, text)
    if (!works) return yield* violated
  })).pipe(Command.withDescription("All servers in a table; exit code 1 if the cluster can't serve anybody"))

const id = Flag.String("id").pipe(Flag.withDescription("only this server (may be repeated; default: all)"), Flag.between(0, Infinity))

const snapshot = Command.make("snapshot", { cluster, id, json }, (flags) =>
  Effect.gen(function*() {
    const file = yield* readClusterFile(flags.cluster)
    const unknown = flags.id.find((one) => !file.addresses.has(one))
    if (unknown !== undefined) return yield* badInput(`${flags.cluster}: no server ${unknown} (there are ${[...file.addresses.keys()].join(", ")})`)
    const wanted = new Map([...file.addresses].filter(([one]) => flags.id.length === 0 || flags.id.includes(one)))
    const servers = yield* askAll<{ readonly index: number }>({ ...file, addresses: wanted }, "POST", "/snapshot")
    const lines = servers.map((one) =>
      "answer" in one ? `${one.id}: its snapshot stands for the log up to ${grouped(one.answer.index)}` : `${one.id}: unreachable: ${one.unreachable}`
    )
    yield* result(flags.json, { servers }, lines.join("\n"))
    if (servers.some((one) => "unreachable" in one)) return yield* violated
  })).pipe(Command.withDescription("Lets servers take a snapshot now; exit code 1 if one can't be reached"))

export const admin = Command.make("admin").pipe(Command.withSubcommands([status, snapshot]))
