/**
 * A client of a running cluster, with promises (`lockstep/client`). Each command takes effect once, however many servers and
 * connections fail meanwhile; `lockstep/clerk` is the same with Effect.
 *
 * ```ts
 * import { connect, OutcomeUnknown } from "lockstep/client"
 *
 * const client = connect({ servers: ["127.0.0.1:7001", "127.0.0.1:7002", "127.0.0.1:7003"] })
 * try {
 *   await client.put("greeting", "hello")
 *   await client.append("greeting", ", world")
 *   console.log(await client.get("greeting")) // => hello, world
 *   console.log(await client.cas("greeting", "good morning", "good night")) // => false
 *   console.log(await client.delete("greeting")) // => true
 *   console.log(await client.get("greeting")) // => null
 * } catch (error) {
 *   // No server answered for ten seconds. The command took effect once, or will, or never does.
 *   if (!(error instanceof OutcomeUnknown)) throw error
 * } finally {
 *   await client.close()
 * }
 * ```
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { Operation } from "../kv/Map.ts"
import { addressOf } from "../shell/Address.ts"
import type { Address } from "../shell/Address.ts"
import { makeClerk, OutcomeUnknown, Unavailable } from "../shell/Clerk.ts"
import type { Clerk, ClerkError, ClerkOptions } from "../shell/Clerk.ts"
import { layer } from "../shell/RemoteServers.ts"
import type { Certificates } from "../shell/Certificates.ts"

export { OutcomeUnknown, SessionExpired, Unavailable } from "../shell/Clerk.ts"

export interface ConnectOptions extends ClerkOptions {
  /** Where clients are answered, as HOST:PORT; some of the servers will do, since they name the leader. */
  readonly servers: ReadonlyArray<string>
  /** For a cluster with TLS, PEM texts. */
  readonly certificates?: Certificates
}

/**
 * Keys and values are text. Commands may be under way together, and take effect in any order then.
 *
 * Promises are rejected with `Unavailable` (no effect, certainly), `OutcomeUnknown`, or `SessionExpired` (unknown, too, but it
 * won't take effect any more).
 */
export interface Client {
  /** The key's value; null when absent. */
  readonly get: (key: string) => Promise<string | null>
  readonly put: (key: string, value: string) => Promise<void>
  /** To an absent key it is a `put`. */
  readonly append: (key: string, value: string) => Promise<void>
  /** Puts `to` if the value is `from` (null: if the key is absent); whether it was. */
  readonly cas: (key: string, from: string | null, to: string) => Promise<boolean>
  /** Whether the key was there. */
  readonly delete: (key: string) => Promise<boolean>
  /** Ends the connections. Commands under way are rejected. */
  readonly close: () => Promise<void>
}

/** Connections are made when they are needed. Throws without an address, or if one isn't any. */
export const connect = ({ certificates, servers, ...options }: ConnectOptions): Client => {
  if (servers.length === 0) throw new TypeError("no servers")
  const addresses = new Map(servers.map((text) => [text, addressIn(text)]))
  const scope = Scope.makeUnsafe()
  const clerk: Clerk = Effect.runSync(
    Effect.flatMap(
      Layer.buildWithScope(layer({ servers: addresses, certificates }), scope),
      (context) => Effect.provideContext(makeClerk(options), context)
    )
  )
  const closing = new AbortController()

  const execute = async (operation: Operation) => {
    if (closing.signal.aborted) throw new Unavailable({ operation, reason: "the client is closed" })
    const exit = await Effect.runPromiseExit(clerk.execute(operation), { signal: closing.signal })
    if (Exit.isSuccess(exit)) return exit.value
    throw Cause.hasInterruptsOnly(exit.cause)
      ? new OutcomeUnknown({ operation, reason: "the client was closed" })
      : Cause.squash(exit.cause) as ClerkError
  }

  return {
    get: (key) => execute({ op: "get", key }) as Promise<string | null>,
    put: async (key, value) => void await execute({ op: "put", key, value }),
    append: async (key, value) => void await execute({ op: "append", key, value }),
    cas: (key, from, to) => execute({ op: "cas", key, from, to }) as Promise<boolean>,
    delete: (key) => execute({ op: "delete", key }) as Promise<boolean>,
    close: () => {
      closing.abort()
      return Effect.runPromise(Scope.close(scope, Exit.void))
    }
  }
}

const addressIn = (text: string): Address => {
  const address = addressOf(text)
  if (address === undefined) throw new TypeError(`"${text}" is no address, HOST:PORT`)
  return address
}
