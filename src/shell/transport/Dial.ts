/**
 * The way to one peer: a connection that is dialled again and again, and what waits for it. This side only sends. What
 * the other one says, after its welcome, is no more than that it is there: when that ceases, the connection is given
 * up, whether the peer is gone, or stopped, or the network swallows everything.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as net from "node:net"
import * as tls from "node:tls"
import type { Parcel } from "../Transport.ts"
import { frame, FrameSplitter, longestFrame } from "./Frames.ts"
import { decodeAnswer, encodeHello, type Hello, longestHello, silenceLimit } from "./Handshake.ts"
import { Outbox, weight, whileAway, whileConnected } from "./Outbox.ts"
import { encodeParcels } from "./Parcels.ts"
import { makeReports } from "./Reports.ts"
import type { Address } from "../Address.ts"
import type { Certificates } from "../Certificates.ts"
import { otherThan, reasonOf, tlsOptions } from "./Tls.ts"

export interface Outgoing {
  readonly connected: boolean
  /** How many times it was. */
  readonly connections: number
  readonly messages: number
  readonly bytes: number
  readonly dropped: number
  /** Messages that wait. */
  readonly waiting: number
}

export interface Dialler {
  readonly send: (parcel: Parcel) => void
  /** What was sent goes on its way. */
  readonly flush: () => void
  readonly counts: () => Outgoing
}

/** A connection that lasted so many milliseconds was a good one: then the next attempt comes at once. */
const goodAfter = 1000
const backOff = Schedule.min([Schedule.exponential("20 millis"), Schedule.spaced("1 second")]).pipe(Schedule.jittered)

/** Bytes, by weight, after which a frame is closed: so a frame has at most twice as many, and one message more. */
const fullFrame = 2 ** 18
const longestParcel = longestFrame - 2 ** 20

/** Keeps a connection to the peer until the scope closes. */
export const keepDialling = Effect.fnUntraced(function*(
  { address, files, hello }: {
    /** Its `dest` is the peer. */
    readonly hello: Hello
    readonly address: Address
    /** Absent: no TLS. */
    readonly files: Certificates | undefined
  }
): Effect.fn.Return<Dialler, never, Scope.Scope> {
  const reports = yield* makeReports
  const { dest, id } = hello
  const where = `${dest} (${address.host}:${address.port})`
  const outbox = new Outbox()
  const count = { connections: 0, messages: 0, bytes: 0, tooLong: 0 }
  /** Once it is welcome. */
  let connection: net.Socket | undefined

  const nextFrame = (): Buffer | undefined => {
    const parcels: Array<Parcel> = []
    for (let bytes = 0; bytes < fullFrame;) {
      const parcel = outbox.take()
      if (parcel === undefined) break
      const size = weight(parcel.message)
      if (2 * size > longestParcel && encodeParcels([parcel]).length > longestParcel) {
        count.tooLong++
        const { type } = parcel.message
        reports.warn(`${dest}, too long`, `${id} can't send ${dest} an ${type} longer than a frame may be`)
        continue
      }
      parcels.push(parcel)
      bytes += size
    }
    if (parcels.length === 0) return undefined
    count.messages += parcels.length
    return frame(encodeParcels(parcels))
  }

  const flush = () => {
    while (connection !== undefined && !connection.writableNeedDrain) {
      const bytes = nextFrame()
      if (bytes === undefined) return
      count.bytes += bytes.length
      connection.write(bytes)
    }
  }

  /** One connection, to its end; fails unless it was a good one. */
  const session = Effect.callback<void, "failed">((resume) => {
    const socket = files === undefined
      ? net.connect(address)
      : tls.connect({
        ...address,
        ...tlsOptions(files),
        servername: dest,
        checkServerIdentity: (_, certificate) => {
          const wrong = otherThan(dest, certificate.raw)
          return wrong === undefined ? undefined : new Error(wrong)
        }
      })
    socket.setNoDelay(true)
    const splitter = new FrameSplitter(longestHello)
    let since: number | undefined
    const close = () => {
      clearTimeout(silence)
      socket.destroy()
      if (connection !== socket) return
      connection = undefined
      outbox.limits = whileAway
    }
    let ended = false
    const end = (reason: string) => {
      // Whatever else becomes of it, the first reason is the one.
      if (ended) return
      ended = true
      close()
      reports.warn(dest, `${id} ${since === undefined ? "has no" : "lost its"} connection to ${where}: ${reason}`)
      resume(since !== undefined && performance.now() - since >= goodAfter ? Effect.void : Effect.fail("failed"))
    }
    const silence = setTimeout(() => end(`nothing heard for ${silenceLimit} ms`), silenceLimit)
    socket.once(files === undefined ? "connect" : "secureConnect", () => socket.write(frame(encodeHello(hello))))
    socket.on("error", (error) => end(reasonOf(error)))
    for (const event of ["end", "close"] as const) socket.on(event, () => end("the connection was closed"))
    socket.on("drain", flush)
    socket.on("data", (chunk) => {
      silence.refresh()
      if (since !== undefined) return
      const bodies = splitter.push(chunk)
      if (typeof bodies === "string") return end("what answers doesn't speak this protocol")
      const [answer] = bodies
      if (answer === undefined) return
      const refused = decodeAnswer(answer)
      if (refused !== undefined) return end(refused)
      since = performance.now()
      connection = socket
      count.connections++
      reports.info(dest, `${id} is connected to ${where}`)
      outbox.limits = whileConnected
      flush()
    })
    return Effect.sync(() => {
      ended = true
      close()
    })
  })

  yield* session.pipe(Effect.retry(backOff), Effect.forever, Effect.forkScoped)
  return {
    send: (parcel) => outbox.add(parcel),
    flush,
    counts: () => ({
      connected: connection !== undefined,
      connections: count.connections,
      messages: count.messages,
      bytes: count.bytes,
      dropped: outbox.dropped + count.tooLong,
      waiting: outbox.length
    })
  }
})
