/**
 * The way from all peers: one listener, and what has come through it. This side only receives; it says welcome, and
 * from then on, now and then, that it is there. Nothing that comes in can do more harm than lose its own connection.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as net from "node:net"
import * as tls from "node:tls"
import type { ServerId } from "../../raft/Server.ts"
import type { Parcel } from "../Transport.ts"
import type { Address } from "../Address.ts"
import { frame, FrameSplitter, longestFrame } from "./Frames.ts"
import {
  decodeHello,
  encodeRefusal,
  type Identity,
  longestHello,
  pulseInterval,
  quote,
  refusal,
  silenceLimit,
  welcome
} from "./Handshake.ts"
import { decodeParcels, type Way } from "./Parcels.ts"
import { makeReports } from "./Reports.ts"
import type { Certificates } from "../Certificates.ts"
import { otherThan, reasonOf, tlsOptions } from "./Tls.ts"
import { TransportError } from "./TransportError.ts"

export interface Incoming {
  readonly messages: number
  readonly bytes: number
}

export interface Acceptor {
  readonly receive: Effect.Effect<ReadonlyArray<Parcel>>
  readonly counts: (peer: ServerId) => Incoming
}

/** What may wait to be received; then nothing more is read from who brings it. */
const inboxLimit = { messages: 4096, bytes: 16 * 2 ** 20 }
/** Connections, strangers' included. */
const mostConnections = 256
const pulse = frame("")

/** Listens until the scope closes. Fails with `inUse` or `listen`. */
export const accept = Effect.fnUntraced(function*(
  { files, listen, members, self }: {
    readonly self: Identity
    readonly members: ReadonlyArray<ServerId>
    readonly listen: Address
    /** Absent: no TLS. */
    readonly files: Certificates | undefined
  }
): Effect.fn.Return<Acceptor, TransportError, Scope.Scope> {
  const reports = yield* makeReports
  const peers = new Set(members.filter((j) => j !== self.id))
  const sockets = new Set<net.Socket>()
  /** The connection of each peer, and the starts of it that are known: the latest, and the one before. */
  const current = new Map<ServerId, net.Socket>()
  const starts = new Map<ServerId, { readonly latest: string; readonly before: string | undefined }>()
  const counts = new Map([...peers].map((j) => [j, { messages: 0, bytes: 0 }]))

  let inbox: Array<Parcel> = []
  let inboxBytes = 0
  const arrived = yield* Latch.make(false)
  const paused = new Set<net.Socket>()

  const receive = arrived.await.pipe(Effect.andThen(Effect.sync(() => {
    const parcels = inbox
    inbox = []
    inboxBytes = 0
    arrived.closeUnsafe()
    for (const socket of paused) socket.resume()
    paused.clear()
    return parcels
  })))

  const connected = (socket: net.Socket): void => {
    const address = socket.remoteAddress ?? "a stranger"
    const splitter = new FrameSplitter(longestHello)
    let way: Way | undefined
    /** Dropped or refused: what else comes isn't heard. */
    let over = false
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 10_000)
    const drop = (reason: string) => {
      over = true
      const who = way?.source ?? address
      reports.warn(who, `${self.id} dropped a connection of ${who}: ${reason}`)
      socket.destroy()
    }
    const patience = setTimeout(() => drop(`no word for ${silenceLimit} ms`), silenceLimit)

    const hear = (body: Buffer): void => {
      const hello = decodeHello(body)
      if (typeof hello === "string") return drop(hello)
      const { id, incarnation } = hello
      const refused = refusal(self, peers, hello) ?? notCertified(socket, id)
        ?? (starts.get(id)?.before === incarnation ? `a later start of ${id} was here` : undefined)
      if (refused !== undefined) {
        over = true
        reports.warn(`${id} ${address}`, `${self.id} refused a connection of ${quote(id)} (${address}): ${refused}`)
        socket.end(frame(encodeRefusal(refused)), () => socket.destroy())
        return
      }
      clearTimeout(patience)
      const known = starts.get(id)
      if (known?.latest !== incarnation) starts.set(id, { latest: incarnation, before: known?.latest })
      // What the earlier connection still holds is late: it is dropped with it.
      current.get(id)?.destroy()
      current.set(id, socket)
      way = { source: id, dest: self.id, members }
      splitter.longest = longestFrame
      reports.info(id, `${id} is connected to ${self.id}`)
      socket.write(frame(welcome))
    }

    const take = (from: Way, body: Buffer): void => {
      const parcels = decodeParcels(from, body)
      if (typeof parcels === "string") return drop(parcels)
      const count = counts.get(from.source)!
      count.messages += parcels.length
      count.bytes += body.length
      for (const parcel of parcels) inbox.push(parcel)
      inboxBytes += body.length
      arrived.openUnsafe()
      if (inbox.length >= inboxLimit.messages || inboxBytes >= inboxLimit.bytes) {
        socket.pause()
        paused.add(socket)
      }
    }

    socket.on("data", (chunk) => {
      if (over) return
      const bodies = splitter.push(chunk)
      if (typeof bodies === "string") return drop(bodies)
      for (const body of bodies) {
        if (over) return
        if (way === undefined) hear(body)
        else take(way, body)
      }
    })
    // A close follows.
    socket.on("error", () => {})
    socket.on("close", () => {
      clearTimeout(patience)
      paused.delete(socket)
      if (way !== undefined && current.get(way.source) === socket) {
        current.delete(way.source)
        reports.info(way.source, `${way.source} is not connected to ${self.id} any more`)
      }
    })
  }

  const server = files === undefined
    ? net.createServer(connected)
    : tls.createServer({ ...tlsOptions(files), requestCert: true, handshakeTimeout: silenceLimit }, connected)
  server.maxConnections = mostConnections
  // With TLS, before it is agreed upon: a close must not wait for that.
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
  })
  server.on("tlsClientError", (error: Error, socket: tls.TLSSocket) => {
    const who = socket.remoteAddress ?? "a stranger"
    // What is wrong with a certificate is found there only; the error is that the connection ended.
    const { authorizationError } = socket
    const reason = authorizationError ? `certificate: ${authorizationError}` : reasonOf(error)
    reports.warn(who, `${self.id} refused a connection of ${who}: ${reason}`)
    socket.destroy()
  })

  yield* Effect.acquireRelease(open(server, listen), () => close(server, sockets))
  yield* Effect.sync(() => {
    for (const socket of current.values()) if (socket.writableLength === 0) socket.write(pulse)
  }).pipe(Effect.repeat(Schedule.spaced(pulseInterval)), Effect.forkScoped)
  return { receive, counts: (peer) => ({ ...counts.get(peer)! }) }
})

/** With TLS: why the certificate doesn't allow for this id. */
const notCertified = (socket: net.Socket, id: ServerId): string | undefined =>
  socket instanceof tls.TLSSocket ? otherThan(id, socket.getPeerCertificate().raw) : undefined

const open = (server: net.Server, { host, port }: Address): Effect.Effect<void, TransportError> =>
  Effect.callback((resume) => {
    server.on("error", (error: NodeJS.ErrnoException) => {
      const at = `${host}:${port}`
      resume(Effect.fail(
        error.code === "EADDRINUSE"
          ? new TransportError({ kind: "inUse", message: `${at} is in use by another program` })
          : new TransportError({ kind: "listen", message: `can't listen at ${at}: ${reasonOf(error)}` })
      ))
    })
    server.listen({ host, port }, () => resume(Effect.void))
  })

const close = (server: net.Server, sockets: ReadonlySet<net.Socket>): Effect.Effect<void> =>
  Effect.callback((resume) => {
    server.close(() => resume(Effect.void))
    for (const socket of sockets) socket.destroy()
  })
