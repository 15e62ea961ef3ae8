/** One server, put together: its disk, its peers, its replica, and the ports for clients and for who looks after it. */
import * as Layer from "effect/Layer"
import type { ServerId } from "../../raft/Server.ts"
import { textOf } from "../Address.ts"
import type { Address } from "../Address.ts"
import { layerClerks } from "../Clerks.ts"
import { fingerprint } from "../ClusterFile.ts"
import type { ClusterFile } from "../ClusterFile.ts"
import { layerBeside } from "../RemoteServers.ts"
import { Replica } from "../Replica.ts"
import { RespServer } from "../resp/RespServer.ts"
import { layerFile } from "../storage/FileLog.ts"
import { layerSqlite } from "../storage/Sqlite.ts"
import { layerTcp } from "../transport/Tcp.ts"
import { layerHttp } from "./Http.ts"
import { identify } from "./Identity.ts"

export interface ServerOptions {
  readonly file: ClusterFile
  /** One of the file's servers. */
  readonly id: ServerId
  /** Of its data; it is made if need be. */
  readonly folder: string
}

const others = (file: ClusterFile, id: ServerId, port: "peers" | "clients"): ReadonlyMap<ServerId, Address> =>
  new Map([...file.addresses].filter(([j]) => j !== id).map(([j, addresses]) => [j, addresses[port]]))

/** Starts the server. Fails, in one line, with whatever keeps it from starting; nothing is changed then. */
export const layerServer = ({ file, folder, id }: ServerOptions) => {
  const { certificates, cluster, configuration, insecure, storage } = file
  const { http, peers } = file.addresses.get(id)!
  const secured = certificates === undefined ? { insecure } : { tls: certificates }
  const disk = Layer.effectDiscard(identify(folder, { cluster, id })).pipe(
    Layer.provideMerge(storage === "file" ? layerFile(folder) : layerSqlite(folder))
  )
  const transport = layerTcp({
    cluster,
    id,
    configuration: fingerprint(file),
    listen: peers,
    peers: others(file, id, "peers"),
    ...secured
  })
  const replica = Replica.layer(id, configuration).pipe(Layer.provideMerge(transport), Layer.provide(disk))
  const clients = RespServer.layer({
    listen: file.addresses.get(id)!.clients,
    addresses: new Map([...file.addresses].map(([j, { clients }]) => [j, textOf(clients)])),
    ...secured
  }).pipe(
    Layer.provide(layerClerks(id)),
    Layer.provide(layerBeside({
      servers: new Map([...file.addresses].map(([j, { clients }]) => [j, clients])),
      certificates
    }))
  )
  const ports = Layer.mergeAll(clients, ...http === undefined ? [] : [layerHttp(http, insecure)])
  return ports.pipe(Layer.provideMerge(replica))
}
