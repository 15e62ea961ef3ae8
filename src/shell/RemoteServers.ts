/**
 * Servers over the network: requests as commands of the session extension, LOCKSTEP.OPEN and LOCKSTEP.DO, on one connection
 * to each server, made when it is needed. Where only addresses are known, an address is the server's name.
 */
import { Buffer } from "node:buffer"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { ServerId } from "../raft/Server.ts"
import type { Operation, Response } from "../kv/Map.ts"
import type { Command, Reply, Request } from "../kv/Sessions.ts"
import { addressOf } from "./Address.ts"
import type { Address } from "./Address.ts"
import type { Certificates } from "./Certificates.ts"
import { Replica } from "./Replica.ts"
import { connect, ConnectionLost } from "./resp/RespConnection.ts"
import type { RespConnection } from "./resp/RespConnection.ts"
import type { Bytes, RespValue } from "./resp/Resp.ts"
import { patiently, Servers } from "./Servers.ts"
import type { Answer } from "./Servers.ts"
import { now } from "./Timer.ts"

export interface RemoteOptions {
  /** By id, or by address where the id isn't known. */
  readonly servers: ReadonlyMap<ServerId, Address>
  readonly certificates?: Certificates | undefined
}

/** Keys and values as people have them: text, which is UTF-8 on the way. */
export const layer = (options: RemoteOptions) => Layer.effect(Servers, remoteServers(options, utf8))

/** As a server has them itself, one character a byte. Its own requests go to its own replica. */
export const layerBeside = (options: RemoteOptions) =>
  Layer.effect(Servers, Effect.gen(function*() {
    const replica = yield* Replica
    const others = yield* remoteServers(options, asTheyAre)
    return Servers.of({
      ids: others.ids,
      ask: (server, request, patience) =>
        server === replica.id ? replica.ask(request, patience) : others.ask(server, request, patience)
    })
  }))

// How requests and answers are written.

interface Text {
  readonly toBytes: (text: string) => Bytes
  readonly fromBytes: (bytes: Bytes) => string
}

const asTheyAre: Text = { toBytes: (text) => text, fromBytes: (bytes) => bytes }
const utf8: Text = {
  toBytes: (text) => Buffer.from(text).toString("latin1"),
  fromBytes: (bytes) => Buffer.from(bytes, "latin1").toString()
}

const operationWords = (o: Operation, { toBytes }: Text): ReadonlyArray<Bytes> => {
  const key = toBytes(o.key)
  switch (o.op) {
    case "get":
    case "delete":
      return [o.op, key]
    case "put":
    case "append":
      return [o.op, key, toBytes(o.value)]
    case "cas":
      return [o.op, key, toBytes(o.to), ...o.from === null ? [] : [toBytes(o.from)]]
  }
}

const words = (request: Request, text: Text): ReadonlyArray<Bytes> =>
  request.type === "open"
    ? ["LOCKSTEP.OPEN", `${request.timeout}`]
    : [
      "LOCKSTEP.DO",
      `${request.session}`,
      `${request.seq}`,
      `${request.first}`,
      ...operationWords(request.operation, text)
    ]

/** `undefined`: it isn't what such an operation is answered. */
const responseIn = (value: RespValue, { op }: Operation, { fromBytes }: Text): Response | undefined => {
  switch (op) {
    case "get":
      return value.type === "null" ? null : value.type === "bulk" ? fromBytes(value.value) : undefined
    case "put":
    case "append":
      return value.type === "simple" && value.text === "OK" ? null : undefined
    case "cas":
    case "delete":
      return value.type === "integer" && (value.value === 0 || value.value === 1) ? value.value === 1 : undefined
  }
}

const replyIn = (value: RespValue, request: Request, text: Text): Reply | undefined => {
  if (request.type === "open") {
    return value.type === "integer" ? { status: "OPENED", session: value.value } : undefined
  }
  const response = responseIn(value, request.operation, text)
  return response === undefined ? undefined : { status: "OK", session: request.session, seq: request.seq, response }
}

const refusalOf = ({ seq, session }: Command, status: "SESSION_EXPIRED" | "STALE"): Answer => ({
  type: "replied",
  reply: { status, session, seq }
})

// Connections.

/** Milliseconds to connect in: as many as a clerk waits for an answer. */
const connectTimeout = 1_000
/** After a failure as many milliseconds pass before the next attempt: at first, and at most, doubling. */
const shortestPause = 20
const longestPause = 1_000

/** The connection to a server, as long as there is one; everybody who comes during an attempt waits for the same. */
const link = (
  name: ServerId,
  address: Address,
  certificates: Certificates | undefined,
  scope: Scope.Scope,
  clock: Clock.Clock
): Effect.Effect<RespConnection, ConnectionLost> => {
  // A certificate has the server's id for a name; an address isn't one.
  const tls = certificates && { ...certificates, ...addressOf(name) === undefined ? { server: name } : {} }
  let present: Deferred.Deferred<RespConnection, ConnectionLost> | undefined
  let pause = shortestPause
  let failed: { readonly error: ConnectionLost; readonly until: number } | undefined

  const keep = (connected: Deferred.Deferred<RespConnection, ConnectionLost>) =>
    connect({ ...address, connectTimeout, ...tls === undefined ? {} : { tls } }).pipe(
      Effect.tap((connection) => {
        pause = shortestPause
        return Effect.andThen(Deferred.succeed(connected, connection), connection.lost)
      }),
      Effect.tapError((error) => {
        failed = { error, until: now(clock) + pause }
        pause = Math.min(2 * pause, longestPause)
        return Deferred.fail(connected, error)
      }),
      Effect.ignore,
      Effect.scoped,
      Effect.ensuring(Effect.sync(() => present = undefined))
    )

  const attempt = (restore: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>) => {
    const connected = present = Deferred.makeUnsafe<RespConnection, ConnectionLost>()
    // Not in the fiber of who comes first: it may be interrupted.
    return Effect.andThen(Effect.forkIn(Effect.interruptible(keep(connected)), scope), restore(Deferred.await(connected)))
  }

  return Effect.suspend(() => {
    if (present !== undefined) return Deferred.await(present)
    if (failed !== undefined && now(clock) < failed.until) return Effect.fail(failed.error)
    return Effect.uninterruptibleMask(attempt)
  })
}

const remoteServers = Effect.fnUntraced(function*({ certificates, servers }: RemoteOptions, text: Text): Effect.fn.Return<
  Servers["Service"],
  never,
  Scope.Scope
> {
  const scope = yield* Scope.Scope
  const clock = yield* Clock.Clock
  const ids: Array<ServerId> = []
  const links = new Map<ServerId, Effect.Effect<RespConnection, ConnectionLost>>()
  const know = (id: ServerId, address: Address) => {
    ids.push(id)
    links.set(id, link(id, address, certificates, scope, clock))
  }
  for (const [id, address] of servers) know(id, address)

  /** The server in a hint, `s2 127.0.0.1:7002`, by the name that it has here. */
  const named = (id: ServerId, at = ""): ServerId | null => {
    if (links.has(id)) return id
    const address = addressOf(at)
    if (address === undefined) return null
    if (!links.has(at)) know(at, address)
    return at
  }

  const answerIn = (value: RespValue, request: Request): Answer => {
    if (value.type !== "error") {
      const reply = replyIn(value, request, text)
      return reply === undefined ? { type: "unreachable", reason: `answered by ${value.type}` } : { type: "replied", reply }
    }
    const [kind, ...more] = value.text.split(" ")
    switch (kind) {
      case "NOTLEADER":
        return { type: "notLeader", leader: more.length === 0 ? null : named(more[0]!, more[1]) }
      case "BUSY":
        return { type: "busy" }
      case "SESSIONEXPIRED":
      case "STALE":
        if (request.type === "command") return refusalOf(request, kind === "STALE" ? kind : "SESSION_EXPIRED")
    }
    // As Redis words it: another server may have room.
    const full = value.text === "ERR max number of clients reached"
    return { type: full ? "unreachable" : "refused", reason: value.text }
  }

  return Servers.of({
    ids,
    ask: (server, request, patience) => {
      const linked = links.get(server)
      if (linked === undefined) return Effect.succeed<Answer>({ type: "unsent", reason: "no such server is known" })
      const answer = Effect.matchEffect(linked, {
        onFailure: ({ reason }) => Effect.succeed<Answer>({ type: "unsent", reason }),
        onSuccess: (connection) =>
          Effect.match(connection.command(words(request, text)), {
            onFailure: ({ reason }): Answer => ({ type: "unreachable", reason }),
            onSuccess: (value) => answerIn(value, request)
          })
      })
      return patiently(answer, patience)
    }
  })
})
