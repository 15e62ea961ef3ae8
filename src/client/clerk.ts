/**
 * A client of a running cluster, with Effect (`lockstep/clerk`); `lockstep/client` is the same with promises.
 *
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { layer, makeClerk } from "lockstep/clerk"
 *
 * const greet = Effect.gen(function*() {
 *   const clerk = yield* makeClerk()
 *   yield* clerk.put("greeting", "hello")
 *   return yield* clerk.get("greeting")
 * })
 * const servers = layer({ servers: new Map([["127.0.0.1:7001", { host: "127.0.0.1", port: 7001 }]]) })
 * console.log(await Effect.runPromise(Effect.provide(greet, servers))) // => hello
 * ```
 */
export { makeClerk, OutcomeUnknown, SessionExpired, Unavailable } from "../shell/Clerk.ts"
export type { Clerk, ClerkError, ClerkOptions } from "../shell/Clerk.ts"
export { layer } from "../shell/RemoteServers.ts"
export type { RemoteOptions } from "../shell/RemoteServers.ts"
export { Servers } from "../shell/Servers.ts"
export type { Answer } from "../shell/Servers.ts"
