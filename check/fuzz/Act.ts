/**
 * What one decision of a random execution comes to: an event of the cluster, or something a client does. As text, an
 * act is one line; the events are those of a scenario script, clients have lines of their own:
 *
 *     client 1 open at s1 @20                         client 1 asks s1, whose clock reads 20 (without it: 0), for a session
 *     client 1 put k0 "x" at s1                       client 1's next operation, asked of s1 (others alike)
 *     client 1 cas k0 null "x" at s1                  … from absent to x
 *     client 1 again 2 at s2                          of what it waits for it asks for the second again, at another server
 *     client 1 echo 3 at s2                           a late copy of its last request but two reaches s2
 *     client 1 gives up                               for good: the outcomes stay unknown
 *     apply s1 unheard                                s1 applies its next entry; an answer that is due gets lost
 */
import type { Operation } from "../../src/kv/Map.ts"
import type { Time } from "../../src/kv/Sessions.ts"
import type { ServerId } from "../../src/raft/Server.ts"
import type { Cluster, Event } from "../cluster/Cluster.ts"
import { commandOf, eventsOf, known, ScriptError, suffixOf } from "../scenario/Script.ts"

/** Whom a client asks, what that one's clock reads, and how the event that it makes of it ends, or doesn't yet. */
type Asking = Pick<Event, "cut" | "unsynced"> & {
  readonly client: number
  readonly server: ServerId
  readonly time: Time
}

export type Act =
  | Event
  | { readonly type: "unheard"; readonly server: ServerId }
  | { readonly type: "open" } & Asking
  | { readonly type: "call"; readonly operation: Operation } & Asking
  | { readonly type: "again" | "echo"; readonly nth: number } & Asking
  | { readonly type: "giveUp"; readonly client: number }

const textOfOperation = (o: Operation): string => {
  switch (o.op) {
    case "get":
    case "delete":
      return `${o.op} ${o.key}`
    case "put":
    case "append":
      return `${o.op} ${o.key} ${JSON.stringify(o.value)}`
    case "cas":
      return `cas ${o.key} ${JSON.stringify(o.from)} ${JSON.stringify(o.to)}`
  }
}

const askedOf = ({ server, time, ...how }: Asking): string => ` at ${server}${time === 0 ? "" : ` @${time}`}${suffixOf(how)}`

/** The act as its line, in the cluster as it is before. */
export const textOf = (cluster: Cluster, act: Act): string => {
  switch (act.type) {
    case "unheard":
      return `apply ${act.server} unheard`
    case "call":
      return `client ${act.client} ${textOfOperation(act.operation)}${askedOf(act)}`
    case "open":
      return `client ${act.client} open${askedOf(act)}`
    case "again":
    case "echo":
      return `client ${act.client} ${act.type} ${act.nth}${askedOf(act)}`
    case "giveUp":
      return `client ${act.client} gives up`
    default:
      return commandOf(cluster, act)
  }
}

const value = (line: string, word: string | undefined): string => {
  const found = valueOrNull(line, word)
  if (found === null) throw new ScriptError(`expected a quoted value, found null: "${line}"`)
  return found
}

const valueOrNull = (line: string, word: string | undefined): string | null => {
  if (word === "null") return null
  try {
    const found: unknown = JSON.parse(word ?? "")
    if (typeof found === "string") return found
  } catch {
    // Said below.
  }
  throw new ScriptError(`expected a quoted value, found ${word ?? "nothing"}: "${line}"`)
}

const operationOf = (line: string, words: ReadonlyArray<string>): Operation => {
  const [op, key, a, b] = words
  if (key === undefined) throw new ScriptError(`expected a key: "${line}"`)
  switch (op) {
    case "get":
    case "delete":
      return { op, key }
    case "put":
    case "append":
      return { op, key, value: value(line, a) }
    case "cas":
      return { op, key, from: valueOrNull(line, a), to: value(line, b) }
    default:
      throw new ScriptError(`clients can get, put, append, cas and delete, not ${op ?? "nothing"}: "${line}"`)
  }
}

/** The acts of one line, each as it comes due. Throws a `ScriptError` for a line that can't be understood. */
export function* actsOf(cluster: Cluster, line: string): Generator<Act> {
  const unheard = /^apply (\S+) unheard$/.exec(line)
  if (unheard !== null) {
    yield { type: "unheard", server: known(cluster, unheard[1]!) }
    return
  }
  const gone = /^client (\d+) gives up$/.exec(line)
  if (gone !== null) {
    yield { type: "giveUp", client: Number(gone[1]) }
    return
  }
  const asks = /^client (\d+) (\S.*) at (\S+?)(?: @(\d+))?(?: crash after (\d+))?( unsynced)?$/.exec(line)
  if (asks === null) {
    yield* eventsOf(cluster, line)
    return
  }
  const [, client, what, server, time, cut, unsynced] = asks as unknown as [string, string, string, string, string?, string?, string?]
  const common = {
    client: Number(client),
    server: known(cluster, server),
    time: Number(time ?? 0),
    ...(cut === undefined ? {} : { cut: Number(cut) }),
    ...(unsynced === undefined ? {} : { unsynced: true as const })
  }
  const copy = /^(again|echo) (\d+)$/.exec(what) as readonly [string, "again" | "echo", string] | null
  if (copy !== null) yield { type: copy[1], nth: Number(copy[2]), ...common }
  else if (what === "open") yield { type: "open", ...common }
  else yield { type: "call", operation: operationOf(line, what.split(" ")), ...common }
}
