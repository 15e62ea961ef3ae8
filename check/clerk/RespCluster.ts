/**
 * A cluster as its clients see it over the network, without Raft behind: servers that speak the session extension on sockets
 * of this machine, one machine for all of them, and a leader that is named.
 */
import { once } from "node:events"
import * as net from "node:net"
import * as tls from "node:tls"
import { apply, InitKV } from "../../src/kv/Sessions.ts"
import type { KV, Reply, Request } from "../../src/kv/Sessions.ts"
import type { Operation } from "../../src/kv/Map.ts"
import type { ServerId } from "../../src/raft/Server.ts"
import { bulk, CommandParser, encode, error, integer, nil, ProtocolError, simple } from "../../src/shell/resp/Resp.ts"
import type { Bytes, RespValue } from "../../src/shell/resp/Resp.ts"
import type { Certificates } from "../../src/shell/Certificates.ts"

const operationIn = ([op, key, a, b]: ReadonlyArray<Bytes>): Operation => {
  switch (op) {
    case "get":
    case "delete":
      return { op, key: key! }
    case "put":
    case "append":
      return { op, key: key!, value: a! }
    case "cas":
      return { op, key: key!, to: a!, from: b ?? null }
    default:
      throw new Error(`no operation: ${op}`)
  }
}

const requestIn = ([name, ...args]: ReadonlyArray<Bytes>): Request => {
  if (name === "LOCKSTEP.OPEN") return { type: "open", timeout: Number(args[0]) }
  const [session, seq, first] = args.slice(0, 3).map(Number) as [number, number, number]
  return { type: "command", session, seq, first, operation: operationIn(args.slice(3)) }
}

const valueOf = (reply: Reply, request: Request): RespValue => {
  switch (reply.status) {
    case "OPENED":
      return integer(reply.session)
    case "SESSION_EXPIRED":
      return error("SESSIONEXPIRED the session has expired")
    case "STALE":
      return error("STALE the client has this answer")
    case "OK": {
      if (typeof reply.response === "boolean") return integer(reply.response ? 1 : 0)
      if (request.type === "command" && request.operation.op !== "get") return simple("OK")
      return reply.response === null ? nil : bulk(reply.response)
    }
  }
}

/** One server. */
export interface RespServer {
  readonly id: ServerId
  readonly port: number
  readonly address: string
  /**
   * What becomes of its next command. `lose`: it is decided, and the connection ends without an answer. `silence`: it is
   * decided, and never answered. An error: it is answered, and nothing is decided.
   */
  next: "lose" | "silence" | { readonly error: string } | undefined
  /** Ends all connections, and listens no more. */
  readonly stop: () => Promise<void>
}

export class RespCluster {
  readonly servers: ReadonlyArray<RespServer>
  leader: ServerId | undefined = "s1"
  kv: KV = InitKV
  /** What was asked, by server, in the order of coming. */
  readonly asked: Array<readonly [ServerId, Request]> = []
  #index = 0

  private constructor(servers: (cluster: RespCluster) => ReadonlyArray<RespServer>) {
    this.servers = servers(this)
  }

  /** Three servers; with certificates, one for each, only over TLS. */
  static async start(certificates: ReadonlyArray<Certificates> = []): Promise<RespCluster> {
    const listeners = await Promise.all(Array.from({ length: 3 }, async (_, n) => {
      const secure = certificates[n]
      const listener = secure === undefined
        ? net.createServer({ noDelay: true })
        : tls.createServer({ ...secure, noDelay: true, requestCert: true, rejectUnauthorized: true })
      listener.listen(0, "127.0.0.1")
      await once(listener, "listening")
      return listener
    }))
    return new RespCluster((cluster) => listeners.map((listener, n) => cluster.#serve(listener, `s${n + 1}`)))
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()))
  }

  #serve(listener: net.Server, id: ServerId): RespServer {
    const { port } = listener.address() as net.AddressInfo
    const sockets = new Set<net.Socket>()
    const server: RespServer = {
      id,
      port,
      address: `127.0.0.1:${port}`,
      next: undefined,
      stop: async () => {
        for (const socket of sockets) socket.destroy()
        if (!listener.listening) return
        listener.close()
        await once(listener, "close")
      }
    }
    listener.on(listener instanceof tls.Server ? "secureConnection" : "connection", (socket: net.Socket) => {
      const parser = new CommandParser({ arguments: 16, bytes: 2 ** 20 })
      sockets.add(socket)
      socket.on("close", () => sockets.delete(socket)).on("error", () => socket.destroy())
      socket.on("data", (chunk) => {
        parser.push(chunk as Buffer)
        for (;;) {
          const command = parser.next()
          if (command === undefined || socket.destroyed) return
          if (command instanceof ProtocolError) throw command
          const answer = this.#answer(server, requestIn(command))
          if (answer === "lose") socket.destroy()
          else if (answer !== "silence") socket.write(encode(answer, 2), "latin1")
        }
      })
    })
    return server
  }

  #answer(server: RespServer, request: Request): RespValue | "lose" | "silence" {
    this.asked.push([server.id, request])
    const next = request.type === "command" ? server.next : undefined
    if (next !== undefined) server.next = undefined
    if (typeof next === "object") return error(next.error)
    if (server.id !== this.leader) {
      const leader = this.servers.find(({ id }) => id === this.leader)
      return error(leader === undefined ? "NOTLEADER" : `NOTLEADER ${leader.id} ${leader.address}`)
    }
    const { kv, reply } = apply(this.kv, ++this.#index, { time: Date.now(), request })
    this.kv = kv
    return next ?? valueOf(reply, request)
  }
}
