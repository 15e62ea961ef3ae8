/**
 * What one decision of a random execution comes to: an event of the cluster, or something a client does. As text, an
 * act is one line; the events are those of a scenario script, clients have lines of their own:
 *
 *     client 1 put k0 "x" at s1                       client 1's next operation, asked of s1 (others alike)
 *     client 1 cas k0 null "x" at s1                  … from absent to x
 *     client 1 again at s2                            it tries the same operation at another server
 *     client 1 echo 3 at s2                           a late copy of the request for its third operation reaches s2
 *     client 1 gives up                               for good: the outcome stays unknown
 *     apply s1 unheard                                s1 applies its next entry; an answer that is due gets lost
 */
import type { Operation } from "../../src/kv/KV.ts"
import type { ServerId } from "../../src/raft/Server.ts"
import type { Cluster, Event } from "../cluster/Cluster.ts"
import { commandOf, eventsOf, known, ScriptError, suffixOf } from "../scenario/Script.ts"

/** How the event that it makes of it ends, or doesn't yet. */
type How = Pick<Event, "cut" | "unsynced">

export type Act =
  | Event
  | { readonly type: "unheard"; readonly server: ServerId }
  | {
    readonly type: "call"
    readonly client: number
    readonly operation: Operation
    readonly server: ServerId
  } & How
  | { readonly type: "again"; readonly client: number; readonly server: ServerId } & How
  | {
    readonly type: "echo"
    readonly client: number
    readonly seq: number
    readonly server: ServerId
  } & How
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

/** The act as its line, in the cluster as it is before. */
export const textOf = (cluster: Cluster, act: Act): string => {
  switch (act.type) {
    case "unheard":
      return `apply ${act.server} unheard`
    case "call":
      return `client ${act.client} ${textOfOperation(act.operation)} at ${act.server}${suffixOf(act)}`
    case "again":
      return `client ${act.client} again at ${act.server}${suffixOf(act)}`
    case "echo":
      return `client ${act.client} echo ${act.seq} at ${act.server}${suffixOf(act)}`
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
  const asks = /^client (\d+) (\S.*) at (\S+?)(?: crash after (\d+))?( unsynced)?$/.exec(line)
  if (asks === null) {
    yield* eventsOf(cluster, line)
    return
  }
  const [, client, what, server, cut, unsynced] = asks as unknown as [string, string, string, string, string?, string?]
  const common = {
    client: Number(client),
    server: known(cluster, server),
    ...(cut === undefined ? {} : { cut: Number(cut) }),
    ...(unsynced === undefined ? {} : { unsynced: true as const })
  }
  const echo = /^echo (\d+)$/.exec(what)
  if (echo !== null) yield { type: "echo", seq: Number(echo[1]), ...common }
  else if (what === "again") yield { type: "again", ...common }
  else yield { type: "call", operation: operationOf(line, what.split(" ")), ...common }
}
