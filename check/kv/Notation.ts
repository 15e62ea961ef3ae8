/**
 * Worlds of clients and servers, for people: a line for the log, each server and each client.
 *
 *     log [1@0 open] [2@0 1:1 append k x] [3@9 1:1 append k x]
 *     s1 applied 2 @0 {k=x} session 1 used@0 {1: null}; snapshot at 1; answers 3 to c1
 *     c1 in 1, waits for 1 append k x; heard true
 */
import type { Client, Outcome } from "../../src/kv/Client.ts"
import type { Operation, Response } from "../../src/kv/Map.ts"
import type { KV, Reply, Request, Stamped } from "../../src/kv/Sessions.ts"
import * as Table from "../../src/kv/Table.ts"
import { canonical } from "../explorer/Intern.ts"
import type { KVServer, KVWorld, Mail } from "./ReplicatedKV.ts"

const response = (value: Response): string => JSON.stringify(value)

const operation = (o: Operation): string =>
  o.op === "cas" ? `cas ${o.key} ${o.from}->${o.to}` : [o.op, o.key, ..."value" in o ? [o.value] : []].join(" ")

const request = (r: Request): string =>
  r.type === "open" ? "open" : `${r.session}:${r.seq}${r.first === r.seq ? "" : ` from ${r.first}`} ${operation(r.operation)}`

const reply = (r: Reply): string => {
  switch (r.status) {
    case "OPENED":
      return `session ${r.session}`
    case "OK":
      return `${r.session}:${r.seq} ${response(r.response)}`
    default:
      return `${r.session}:${r.seq} ${r.status}`
  }
}

/** A request with its clock reading: `@9 1:1 append k x`. */
export const stampedText = ({ request: r, time }: Stamped): string => `@${time} ${request(r)}`

const entry = (stamped: Stamped, n: number): string => `[${n + 1}${stampedText(stamped)}]`

/** Log time, map and sessions. */
export const mapText = ({ data, sessions, time }: KV): string =>
  [
    `@${time}`,
    `{${Table.entries(data).map(([key, value]) => `${key}=${value}`).join(", ")}}`,
    ...Table.entries(sessions).map(([id, s]) =>
      `session ${id} used@${s.used}${s.first === 1 ? "" : ` from ${s.first}`} `
      + `{${Table.entries(s.replies).map(([seq, value]) => `${seq}: ${response(value)}`).join(", ")}}`
    )
  ].join(" ")

const outcome = (heard: Outcome): string => heard.status === "OK" ? response(heard.response) : heard.status

const serverLine = (id: string, { applied, kv, snapshot, waiting }: KVServer): string =>
  [
    `${id} applied ${applied} ${mapText(kv)}`,
    ...(snapshot.index === 0 ? [] : [`snapshot at ${snapshot.index} ${mapText(snapshot.kv)}`]),
    ...Table.entries(waiting).map(([index, client]) => `answers ${index} to ${client}`)
  ].join("; ")

/** What a client has, waits for, and has heard. */
export const clientLine = (id: string, { heard, open, seq, session, waiting }: Client): string =>
  [
    `${id} ${open ? `in ${session}, at ${seq}` : "has no session"}`,
    ...Table.entries(waiting).map(([seq, o]) => `waits for ${seq} ${operation(o)}`),
    ...(heard === null ? [] : [`heard ${outcome(heard)}`])
  ].join("; ")

const mailLine = (m: Mail): string =>
  m.type === "Request" ? `${m.source} asks ${m.dest}: ${request(m.request)}` : `${m.dest} is told: ${reply(m.reply)}`

/** The log, each server, each client, and the messages. */
export const worldLines = ({ clients, log, messages, servers }: KVWorld): ReadonlyArray<string> => [
  `log ${log.map(entry).join(" ")}`,
  ...Object.entries(servers).map(([id, s]) => serverLine(id, s)),
  ...Object.entries(clients).map(([id, c]) => clientLine(id, c)),
  ...messages.map(mailLine)
]

/** A behaviour, step by step: what happens, and the lines that it changes. `labels[n]` leads to `worlds[n + 1]`. */
export const behaviourText = (worlds: ReadonlyArray<KVWorld>, labels: ReadonlyArray<string>): string =>
  worlds.map((world, n) => {
    const before = n === 0 ? [] : worldLines(worlds[n - 1]!)
    const lines = worldLines(world).filter((line) => !before.includes(line))
    return [n === 0 ? "(before)" : `${n} ${labels[n - 1]}`, ...lines.map((line) => `    ${line}`)].join("\n")
  }).join("\n")

/** Lines that only one of two worlds has: `-` of the first, `+` of the second. */
export const differingLines = (one: KVWorld, other: KVWorld): ReadonlyArray<string> => {
  const [a, b] = [worldLines(one), worldLines(other)]
  const lines = [...a.filter((line) => !b.includes(line)).map((line) => `- ${line}`), ...b.filter((line) => !a.includes(line)).map((line) => `+ ${line}`)]
  // What the notation leaves out.
  return lines.length > 0 || canonical(one) === canonical(other) ? lines : [`- ${canonical(one)}`, `+ ${canonical(other)}`]
}
