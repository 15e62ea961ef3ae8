/**
 * The port where clients are served. Each connection is a conversation of its own: whatever happens in one, the others
 * don't notice. Sockets call back into conversations directly; a fiber runs only for a command that must wait.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as net from "node:net"
import * as tls from "node:tls"
import type { ServerId } from "../../raft/Server.ts"
import { isLoopback } from "../Address.ts"
import type { Certificates } from "../Certificates.ts"
import { Replica } from "../Replica.ts"
import type { Client, Limits, Surroundings } from "./Command.ts"
import { Conversation } from "./Conversation.ts"
import { Gateway } from "./Gateway.ts"

export interface RespServerOptions {
  /** Port 0: any that is free. */
  readonly listen: { readonly host: string; readonly port: number }
  /** Only clients with a certificate signed by `ca` are served, and nobody else can listen. */
  readonly tls?: Certificates
  /** Lets hosts other than the loopback be listened on without TLS: whoever gets there can read and change everything. */
  readonly insecure?: boolean
  /** Where clients reach each server, for those who look for the leader. */
  readonly addresses: ReadonlyMap<ServerId, string>
  readonly maxClients?: number
  readonly limits?: Limits
}

/** The port can't be served. A person mends it. */
export class RespError extends Data.TaggedError("RespError")<{
  readonly kind: "in use" | "insecure" | "bad certificate" | "failed"
  readonly address: string
  readonly reason: string
}> {
  override readonly message = `clients' port ${this.address}: ${this.reason}`
  override readonly [Runtime.errorExitCode] = 2
}

export class RespServer extends Context.Service<RespServer, {
  /** Where it listens. */
  readonly port: number
  /** Who is connected now. */
  readonly clients: Effect.Effect<number>
}>()("lockstep/shell/resp/RespServer") {
  static readonly layer = (options: RespServerOptions) => Layer.effect(RespServer, serve(options))
}

const defaultLimits: Limits = { key: 65_536, value: 8 * 2 ** 20 }

/** Handshakes that may be under way besides the clients there are. */
const handshakesLimit = 1000
const handshakeTimeout = 5000
/** Milliseconds for the last answers to arrive, before a connection is cut. */
const lingering = 1000

/** When the scope closes nobody is let in any more, and what is under way is answered as unknown. */
const serve = Effect.fnUntraced(function*(options: RespServerOptions): Effect.fn.Return<
  RespServer["Service"],
  RespError,
  Scope.Scope | Gateway | Replica
> {
  const { addresses, limits = defaultLimits, maxClients = 10_000 } = options
  const gateway = yield* Gateway
  const replica = yield* Replica
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  const fork = Effect.runForkWith(yield* Effect.context<never>())

  const connected = new Map<Client, Conversation>()
  const server: Surroundings = {
    gateway,
    replica,
    addresses,
    limits,
    maxClients,
    now,
    startedAt: now(),
    clients: () => [...connected.keys()]
  }
  let lastId = 0

  const welcome = (socket: net.Socket): void => {
    socket.on("error", () => socket.destroy())
    if (connected.size >= maxClients) return part(socket, "-ERR max number of clients reached\r\n")
    const client: Client = {
      id: ++lastId,
      address: `${socket.remoteAddress}:${socket.remotePort}`,
      since: now(),
      protocol: 2,
      name: "",
      library: { name: "", version: "" },
      leaving: false
    }
    const conversation = new Conversation(client, server, {
      write: (bytes) => socket.write(bytes, "latin1"),
      end: () => part(socket),
      pause: () => socket.pause(),
      resume: () => socket.resume()
    }, fork)
    connected.set(client, conversation)
    socket.on("data", (chunk) => conversation.receive(chunk as Buffer))
    socket.on("drain", () => conversation.drained())
    socket.on("end", () => conversation.heardAll())
    socket.on("close", () => {
      connected.delete(client)
      conversation.abandon()
    })
  }

  /** Also those who are not let in yet, or not any more. */
  const open = new Set<net.Socket>()
  const stop = (listener: net.Server) =>
    Effect.callback<void>((resume) => {
      listener.close(() => resume(Effect.void))
      for (const conversation of connected.values()) conversation.stop()
      // Even if it takes no answers.
      for (const socket of open) cutLater(socket)
    })
  const listener = yield* Effect.acquireRelease(listen(options, welcome, maxClients + handshakesLimit), stop)
  listener.on("error", ({ message }) => fork(Effect.logWarning(`clients' port: ${message}`)))
  listener.on("connection", (socket: net.Socket) => {
    open.add(socket)
    socket.once("close", () => open.delete(socket))
  })
  return RespServer.of({
    port: (listener.address() as net.AddressInfo).port,
    clients: Effect.sync(() => connected.size)
  })
})

/** Last words. Cut at once, they could get lost: what the client goes on to say is taken and dropped, for a while. */
const part = (socket: net.Socket, words = ""): void => {
  socket.end(words, "latin1")
  socket.resume()
  cutLater(socket)
}

const cutLater = (socket: net.Socket): void => {
  const patience = setTimeout(() => socket.destroy(), lingering)
  socket.once("close", () => clearTimeout(patience))
}

const listen = (
  { insecure = false, listen: { host, port }, tls: secure }: RespServerOptions,
  welcome: (socket: net.Socket) => void,
  maxConnections: number
): Effect.Effect<net.Server, RespError> =>
  Effect.callback((resume) => {
    const fail = (kind: RespError["kind"], reason: string) =>
      resume(Effect.fail(new RespError({ kind, address: `${host}:${port}`, reason })))
    if (secure === undefined && !insecure && !isLoopback(host)) {
      return fail("insecure", "other hosts could reach it without TLS; if that is what you want, say so (insecure)")
    }
    // Who has said everything may still wait for answers (`printf ... | nc`).
    const options = { allowHalfOpen: true, noDelay: true, keepAlive: true }
    const mutual = { requestCert: true, rejectUnauthorized: true, handshakeTimeout }
    let listener: net.Server
    try {
      listener = secure === undefined
        ? net.createServer(options, welcome)
        : tls.createServer({ ...options, ...mutual, ca: secure.ca, cert: secure.cert, key: secure.key }, welcome)
    } catch (cause) {
      return fail("bad certificate", (cause as Error).message)
    }
    listener.maxConnections = maxConnections
    listener.once("error", ({ code, message }: NodeJS.ErrnoException) =>
      code === "EADDRINUSE" ? fail("in use", "is in use already") : fail("failed", message))
    listener.listen({ host, port }, () => {
      listener.removeAllListeners("error")
      resume(Effect.succeed(listener))
    })
  })
