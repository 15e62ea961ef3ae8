/** Commands that put one operation to a cluster: their flags, and what they do. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Flag from "effect/cli/Flag"
import type { Operation } from "../kv/Map.ts"
import { ask, defaultTimeout } from "./asking.ts"
import { Ending, json } from "./Ending.ts"

export const flags = {
  servers: Flag.String("servers").pipe(
    Flag.withDescription("where servers answer clients, HOST:PORT,...; some will do, since they name the leader"),
    Flag.optional
  ),
  cluster: Flag.String("cluster").pipe(Flag.withDescription("the cluster file, instead"), Flag.optional),
  timeout: Flag.Finite("timeout").pipe(
    Flag.withDescription(`seconds, before the outcome is unknown (default ${defaultTimeout})`),
    Flag.withDefault(defaultTimeout)
  ),
  json
}

interface Given {
  readonly servers: Option.Option<string>
  readonly cluster: Option.Option<string>
  readonly timeout: number
  readonly json: boolean
}

/** Asks, writes the answer and ends. */
export const askAndTell = Effect.fnUntraced(function*(operation: Operation, { cluster, servers, ...given }: Given) {
  const { ending, message, text } = yield* ask(operation, {
    ...given,
    cluster: Option.getOrUndefined(cluster),
    servers: Option.getOrUndefined(servers)
  })
  if (text !== undefined) yield* Console.log(text)
  if (ending !== undefined) return yield* new Ending({ ending, message })
})
