/**
 * A connection to a server that speaks RESP, for our own clients. Commands may be sent while others wait for their
 * answers (pipelining); those of one turn leave together, and answers come in the order of the commands.
 */
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Buffer } from "node:buffer"
import * as net from "node:net"
import * as tls from "node:tls"
import type { Certificates } from "../Certificates.ts"
import { type Bytes, encodeCommand, ProtocolError, ReplyParser, type RespValue } from "./Resp.ts"

export interface ConnectOptions {
  readonly host: string
  readonly port: number
  /** In milliseconds. */
  readonly connectTimeout: number
  readonly tls?: Certificates & {
    /** Whose name the server's certificate must have, if that is known: certificates name servers, not hosts. */
    readonly server?: string
  }
}

/** There is no connection (any more). Whether commands that were waiting took effect is unknown. */
export class ConnectionLost extends Data.TaggedError("ConnectionLost")<{
  readonly address: string
  readonly reason: string
}> {
  override readonly message = `${this.address}: ${this.reason}`
}

export interface RespConnection {
  /**
   * The answer; an error that the server answers is one, too. Interrupting doesn't take the command back: it is on its
   * way, and its answer will be dropped.
   */
  readonly command: (args: ReadonlyArray<Bytes>) => Effect.Effect<RespValue, ConnectionLost>
  /** Waits until the connection is lost. */
  readonly lost: Effect.Effect<ConnectionLost>
}

/** Commands that may wait for answers, and bytes that may wait to leave: more do only when the server hangs. */
const waitingLimit = 16_384
const unsentLimit = 64 * 2 ** 20

type Resume = (answer: Effect.Effect<RespValue, ConnectionLost>) => void

/** Open until its scope closes, or it is lost; it doesn't come back then. */
export const connect = (options: ConnectOptions): Effect.Effect<RespConnection, ConnectionLost, Scope.Scope> =>
  Effect.acquireRelease(open(options), ({ lose }) => Effect.sync(() => lose("closed")), { interruptible: true }).pipe(
    Effect.map(({ connection }) => connection)
  )

interface Open {
  readonly connection: RespConnection
  readonly lose: (reason: string) => void
}

const open = ({ connectTimeout, host, port, tls: secure }: ConnectOptions) =>
  Effect.callback<Open, ConnectionLost>((resume) => {
    const address = `${host}:${port}`
    const parser = new ReplyParser()
    const end = Deferred.makeUnsafe<ConnectionLost>()
    let lost: ConnectionLost | undefined
    /** Who waits, in the order of the commands; the first `answered` of them don't any more. */
    let waiting: Array<Resume> = []
    let answered = 0
    let unsent = ""

    const lose = (reason: string): void => {
      if (lost !== undefined) return
      const error = lost = new ConnectionLost({ address, reason })
      clearTimeout(patience)
      socket.destroy()
      const left = waiting.slice(answered)
      waiting = []
      answered = 0
      for (const tell of left) tell(Effect.fail(error))
      Deferred.doneUnsafe(end, Effect.succeed(error))
      resume(Effect.fail(error))
    }

    const flush = (): void => {
      const bytes = unsent
      unsent = ""
      if (lost !== undefined) return
      socket.write(bytes, "latin1")
      if (socket.writableLength > unsentLimit) lose("takes nothing that is sent")
    }

    const connection: RespConnection = {
      command: (args) =>
        Effect.callback((answer) => {
          if (lost === undefined && waiting.length - answered >= waitingLimit) lose("answers nothing")
          if (lost !== undefined) return answer(Effect.fail(lost))
          waiting.push(answer)
          if (unsent === "") queueMicrotask(flush)
          unsent += encodeCommand(args)
        }),
      lost: Deferred.await(end)
    }

    const receive = (chunk: Buffer): void => {
      parser.push(chunk)
      for (;;) {
        const reply = parser.next()
        if (reply === undefined || lost !== undefined) return
        if (reply instanceof ProtocolError) return lose(reply.message)
        if (answered === waiting.length) return lose(reply.type === "error" ? reply.text : "answers what nobody asked")
        const tell = waiting[answered++]!
        // Not one by one, which would move all the others each time.
        if (2 * answered >= waiting.length) {
          waiting.splice(0, answered)
          answered = 0
        }
        tell(Effect.succeed(reply))
      }
    }

    const where = { host, port, noDelay: true, keepAlive: true }
    const socket = secure === undefined ? net.connect(where) : tls.connect({
      ...where,
      ca: secure.ca,
      cert: secure.cert,
      key: secure.key,
      checkServerIdentity: (_, certificate) =>
        secure.server === undefined ? undefined : tls.checkServerIdentity(secure.server, certificate)
    })
    const patience = setTimeout(() => lose(`no connection within ${connectTimeout} ms`), connectTimeout)
    socket.once(secure === undefined ? "connect" : "secureConnect", () => {
      clearTimeout(patience)
      resume(Effect.succeed({ connection, lose }))
    })
    socket.on("data", receive)
    socket.on("error", ({ code, message }: NodeJS.ErrnoException) =>
      lose(code === "ECONNREFUSED" ? "connection refused" : message))
    socket.on("close", () => lose("connection closed"))
    return Effect.sync(() => lose("closed"))
  })
