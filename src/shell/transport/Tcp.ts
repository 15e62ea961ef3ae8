/**
 * The transport over TCP: between each two servers a connection each way, on which one side only sends. `Frames.ts` has
 * the bytes, `Handshake.ts` who may talk to whom, `Parcels.ts` what they say; `Dial.ts` and `Accept.ts` are its ends.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import type { ServerId } from "../../raft/Server.ts"
import { isLoopback } from "../Address.ts"
import type { Address } from "../Address.ts"
import type { Certificates } from "../Certificates.ts"
import { Transport } from "../Transport.ts"
import { accept, type Incoming } from "./Accept.ts"
import { type Dialler, keepDialling, type Outgoing } from "./Dial.ts"
import { type Identity, protocolVersion } from "./Handshake.ts"
import { checkFiles } from "./Tls.ts"
import { TransportError } from "./TransportError.ts"

export interface TcpOptions extends Identity {
  readonly listen: Address
  /** Everyone else in the cluster. */
  readonly peers: ReadonlyMap<ServerId, Address>
  readonly tls?: Certificates
  /** Without TLS, lets it listen where other machines can reach it: everyone there may then speak for any server. */
  readonly insecure?: boolean
}

/** Of this life of the server. */
export interface PeerCounts {
  readonly out: Outgoing
  readonly in: Incoming
}

/** What has gone each way so far, for whoever watches. */
export class TransportCounts extends Context.Service<
  TransportCounts,
  Effect.Effect<ReadonlyMap<ServerId, PeerCounts>>
>()("lockstep/shell/TransportCounts") {}

/** Fails when it can't listen; that a peer can't be reached is no failure. */
export const layerTcp = (options: TcpOptions): Layer.Layer<Transport | TransportCounts, TransportError> =>
  Layer.effectContext(make(options))

const make = Effect.fnUntraced(function*(options: TcpOptions): Effect.fn.Return<
  Context.Context<Transport | TransportCounts>,
  TransportError,
  Scope.Scope
> {
  const { cluster, configuration, id, insecure = false, listen, peers, tls } = options
  const self: Identity = { cluster, id, configuration }
  if (tls === undefined && !insecure && !isLoopback(listen.host)) {
    const at = `${listen.host}:${listen.port}`
    const message = `${at} can be reached from other machines: give it TLS files, or say that it may be insecure`
    return yield* new TransportError({ kind: "insecure", message })
  }
  if (tls !== undefined) yield* checkFiles(tls)
  const members = [...peers.keys(), id].sort()
  const acceptor = yield* accept({ self, members, listen, files: tls })
  const incarnation = randomUUID()
  const diallers = new Map<ServerId, Dialler>()
  for (const [dest, address] of peers) {
    const hello = { ...self, version: protocolVersion, dest, incarnation }
    diallers.set(dest, yield* keepDialling({ hello, address, files: tls }))
  }
  const transport = Transport.of({
    send: (parcels) =>
      Effect.sync(() => {
        for (const parcel of parcels) diallers.get(parcel.message.dest)?.send(parcel)
        for (const dialler of diallers.values()) dialler.flush()
      }),
    receive: acceptor.receive
  })
  const counts = Effect.sync(() =>
    new Map([...diallers].map(([j, { counts }]) => [j, { out: counts(), in: acceptor.counts(j) }]))
  )
  return Context.make(Transport, transport).pipe(Context.add(TransportCounts, counts))
})
