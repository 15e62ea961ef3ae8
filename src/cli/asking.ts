/**
 * What `get`, `put`, `append`, `cas` and `delete` have in common: whom they ask, how long, and how they end. Exit codes say
 * what a script needs to know: 0, done; 1, no (an absent key, a compare-and-set refused); 2, nothing was done, since the usage
 * was bad or no server took it; 3, the outcome is unknown.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Operation, Response } from "../kv/Map.ts"
import { addressOf } from "../shell/Address.ts"
import { makeClerk } from "../shell/Clerk.ts"
import { layer } from "../shell/RemoteServers.ts"
import type { RemoteOptions } from "../shell/RemoteServers.ts"
import type { EndingName } from "./exitCodes.ts"

export interface AskingFlags {
  /** HOST:PORT,… */
  readonly servers: string | undefined
  /** A cluster file. */
  readonly cluster: string | undefined
  /** Seconds. */
  readonly timeout: number
  readonly json: boolean
}

export const defaultTimeout = 10

/** What is written, and how the command ends: like `Ending`, a message is one line for stderr. */
export interface Told {
  readonly text: string | undefined
  readonly ending: EndingName | undefined
  readonly message: string
}

const bad = (message: string): Told => ({ text: undefined, ending: "badInput", message })

/** Whom to ask; or what is wrong. */
const whom = Effect.fnUntraced(function*({ cluster, servers }: AskingFlags): Effect.fn.Return<RemoteOptions | Told> {
  if ((servers === undefined) === (cluster === undefined)) return bad("whom to ask: either --servers HOST:PORT,... or --cluster FILE")
  if (servers !== undefined) {
    const addresses = servers.split(",").map((text) => [text, addressOf(text)] as const)
    const [wrong] = addresses.find(([, address]) => address === undefined) ?? []
    return wrong === undefined
      ? { servers: new Map(addresses.map(([text, address]) => [text, address!])) }
      : bad(`--servers ${servers}: "${wrong}" is no address, HOST:PORT`)
  }
  // What reads it takes longer to load than all the rest.
  const { readClusterFile } = yield* Effect.promise(() => import("../shell/ClusterFile.ts"))
  const file = yield* Effect.result(readClusterFile(cluster!))
  if (Result.isFailure(file)) return bad(file.failure.message)
  const { addresses, certificates } = file.success
  return { servers: new Map([...addresses].map(([id, { clients }]) => [id, clients])), certificates }
})

/** What a "no" means; `undefined`: it isn't one. */
const no = (operation: Operation, response: Response): string | undefined => {
  const { key } = operation
  switch (operation.op) {
    case "get":
      return response === null ? `${key} is absent` : undefined
    case "delete":
      return response === false ? `${key} is absent` : undefined
    case "cas":
      if (response === true) return undefined
      return operation.from === null ? `${key} is there already` : `${key} has another value`
    case "put":
    case "append":
      return undefined
  }
}

/** Puts the operation to the cluster, once. */
export const ask = Effect.fnUntraced(function*(operation: Operation, flags: AskingFlags): Effect.fn.Return<Told> {
  if (!(flags.timeout > 0)) return bad(`--timeout ${flags.timeout}: expected more than 0`)
  const options = yield* whom(flags)
  if ("message" in options) return options
  const result = yield* makeClerk({ patience: flags.timeout * 1000 }).pipe(
    Effect.flatMap((clerk) => clerk.execute(operation)),
    Effect.provide(layer(options)),
    Effect.result
  )
  if (Result.isFailure(result)) {
    const { _tag, message } = result.failure
    return { text: undefined, ending: _tag === "Unavailable" ? "badInput" : "undecided", message }
  }
  const response = result.success
  const refused = no(operation, response)
  const text = flags.json ? JSON.stringify({ ...operation, response }, null, 2) : typeof response === "string" ? response : undefined
  return { text, ending: refused === undefined ? undefined : "violated", message: refused ?? "" }
})

/** The operation in a command's words; `undefined`: they are too few or too many. */
export const operationIn = (op: Operation["op"], words: ReadonlyArray<string>, absent: boolean): Operation | undefined => {
  const [key, a, b, ...more] = words
  if (key === undefined || more.length > 0) return undefined
  switch (op) {
    case "get":
    case "delete":
      return a === undefined ? { op, key } : undefined
    case "put":
    case "append":
      return a !== undefined && b === undefined ? { op, key, value: a } : undefined
    case "cas":
      if (a === undefined || absent !== (b === undefined)) return undefined
      return b === undefined ? { op, key, from: null, to: a } : { op, key, from: a, to: b }
  }
}
