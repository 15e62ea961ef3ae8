/** Transports over real sockets of this machine, for tests: each with its own scope, and its log lines kept. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as net from "node:net"
import type { Message } from "../../src/raft/Message.ts"
import type { ServerId } from "../../src/raft/Server.ts"
import { type Parcel, Transport } from "../../src/shell/Transport.ts"
import { layerTcp, type PeerCounts, type TcpOptions, TransportCounts } from "../../src/shell/transport/Tcp.ts"

const host = "127.0.0.1"

/** The options of `s1`, `s2`, … at these ports. */
export const optionsFor = (ports: ReadonlyArray<number>): ReadonlyArray<TcpOptions> => {
  const addresses = new Map(ports.map((port, n) => [`s${n + 1}`, { host, port }]))
  return [...addresses].map(([id, listen]) => ({
    cluster: "test",
    id,
    configuration: "alike",
    listen,
    peers: new Map([...addresses].filter(([j]) => j !== id))
  }))
}

export interface Running {
  readonly id: ServerId
  readonly port: number
  readonly log: Array<string>
  /** All that has arrived so far, once `takeAll` runs. */
  readonly received: Array<Parcel>
  readonly takeAll: () => void
  readonly send: (...parcels: ReadonlyArray<Parcel>) => void
  readonly counts: (peer: ServerId) => PeerCounts
  readonly close: () => Promise<void>
}

/** Starts one, and, unless told otherwise, takes all that arrives. */
export const start = async (
  options: TcpOptions,
  { taking = true }: { readonly taking?: boolean } = {}
): Promise<Running> => {
  const scope = Scope.makeUnsafe()
  const log: Array<string> = []
  const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
    log.push(`${logLevel}: ${(message as ReadonlyArray<unknown>).join(" ")}`)
  })
  const context = await Effect.runPromise(
    Layer.buildWithScope(layerTcp(options), scope).pipe(Effect.provide(Logger.layer([logger])))
  )
  const transport = Context.get(context, Transport)
  const received: Array<Parcel> = []
  const takeAll = () => {
    Effect.runFork(
      transport.receive.pipe(
        Effect.map((parcels) => received.push(...parcels)),
        Effect.forever,
        Effect.forkIn(scope)
      )
    )
  }
  if (taking) takeAll()
  return {
    id: options.id,
    port: options.listen.port,
    log,
    received,
    takeAll,
    send: (...parcels) => Effect.runSync(transport.send(parcels)),
    counts: (peer) => Effect.runSync(Context.get(context, TransportCounts)).get(peer)!,
    close: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

/** Waits until `holds`; fails after some seconds, saying for what. */
export const until = async (what: string, holds: () => boolean, limit = 10_000): Promise<void> => {
  for (const start = performance.now(); !holds();) {
    if (performance.now() - start > limit) throw new Error(`waited ${limit} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const vote = (source: ServerId, dest: ServerId, number: number): Parcel => ({
  number,
  position: 1,
  message: { type: "RequestVoteRequest", source, dest, term: number, lastLogIndex: 0, lastLogTerm: 0 }
})

/** With one entry of that many bytes. */
export const append = (source: ServerId, dest: ServerId, number: number, bytes: number): Parcel => ({
  number,
  position: 1,
  message: {
    type: "AppendEntriesRequest",
    source,
    dest,
    term: 3,
    prevLogIndex: 7,
    prevLogTerm: 2,
    entries: [{ term: 3, type: "command", value: "v".repeat(bytes) }],
    leaderCommit: 7
  } satisfies Message
})

/** What no transport would say: a connection to one, of bytes. */
export class Raw {
  readonly socket: net.Socket
  received = Buffer.alloc(0)
  closed = false

  constructor(port: number) {
    this.socket = net.connect({ host, port })
    this.socket.on("data", (chunk) => {
      this.received = Buffer.concat([this.received, chunk])
    })
    this.socket.on("error", () => {})
    this.socket.on("close", () => {
      this.closed = true
    })
  }

  say(...bytes: ReadonlyArray<Uint8Array>): this {
    for (const some of bytes) this.socket.write(some)
    return this
  }
}
