/**
 * The wire between two servers, in one direction, as something that can go wrong: a TCP proxy on loopback that the sender
 * dials instead of the receiver. It knows frames (src/shell/transport/Frames.ts), and that after the first, the handshake,
 * each is a message by itself: so it can lose some, double them and let them overtake each other, which TCP alone never
 * does. What the receiver sends back (its welcome) passes as it is.
 */
import { createServer, connect } from "node:net"
import type { AddressInfo, Server, Socket } from "node:net"
import { FrameSplitter, longestFrame } from "../../src/shell/transport/Frames.ts"
import type { Random } from "../Random.ts"

/** How the wire is. */
export interface Conditions {
  /** Nothing passes: what is under way is held until this ends, and new connections are refused. */
  readonly blocked: boolean
  /** Each frame takes so many milliseconds more, and up to `jitter` on top. */
  readonly delay: number
  readonly jitter: number
  readonly bytesPerSecond: number
  /** Per cent of the frames that get lost, arrive twice, or are overtaken by the next. */
  readonly lost: number
  readonly doubled: number
  readonly overtaken: number
}

export const fine: Conditions = {
  blocked: false,
  delay: 0,
  jitter: 0,
  bytesPerSecond: Infinity,
  lost: 0,
  doubled: 0,
  overtaken: 0
}

/** What has happened to frames, for each condition. */
export interface Toll {
  /** Frames that went through, and their bytes. */
  passed: number
  passedBytes: number
  /** Bytes that came while it was blocked, and connections refused then. */
  blockedBytes: number
  refused: number
  delayed: number
  /** Frames that had to wait for those before them, because of `bytesPerSecond`. */
  throttled: number
  lost: number
  doubled: number
  overtaken: number
}

export const noToll = (): Toll => ({
  passed: 0,
  passedBytes: 0,
  blockedBytes: 0,
  refused: 0,
  delayed: 0,
  throttled: 0,
  lost: 0,
  doubled: 0,
  overtaken: 0
})

/** Bytes of a connection that are held here before its sender has to wait. */
const room = 4 * 2 ** 20

/** A frame that is overtaken waits for the next one, but no longer than so many milliseconds. */
const patience = 100

interface Frame {
  readonly bytes: Buffer
  /** When it may go on. */
  readonly due: number
}

export class Link {
  readonly toll = noToll()
  readonly #target: number
  readonly #random: Random
  readonly #server: Server
  readonly #passages = new Set<Passage>()
  #conditions = fine

  /** A wire to a port on loopback; it listens on a port of its own. */
  static async open(target: number, random: Random): Promise<Link> {
    const link = new Link(target, random)
    await new Promise<void>((resolve, reject) => {
      link.#server.once("error", reject).listen(0, "127.0.0.1", resolve)
    })
    return link
  }

  private constructor(target: number, random: Random) {
    this.#target = target
    this.#random = random
    this.#server = createServer((socket) => {
      if (this.#conditions.blocked) {
        this.toll.refused++
        socket.destroy()
        return
      }
      const target = connect(this.#target, "127.0.0.1")
      const passage = new Passage(socket, target, this)
      this.#passages.add(passage)
      target.once("close", () => this.#passages.delete(passage))
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get conditions(): Conditions {
    return this.#conditions
  }

  set conditions(conditions: Conditions) {
    this.#conditions = conditions
    for (const passage of this.#passages) passage.goOn()
  }

  chance(percent: number): boolean {
    return this.#random.percent(percent)
  }

  /** Milliseconds that a frame takes now. */
  latency(): number {
    const { delay, jitter } = this.#conditions
    return delay + jitter * this.#random.fraction()
  }

  async close(): Promise<void> {
    for (const passage of this.#passages) passage.close()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}

/** One connection through the wire. */
class Passage {
  readonly #link: Link
  readonly #source: Socket
  readonly #target: Socket
  readonly #splitter = new FrameSplitter(longestFrame)
  /** On their way, in the order in which they will arrive. */
  readonly #frames: Array<Frame> = []
  /** To be overtaken by the next. */
  #waiting: Frame | undefined
  #held = 0
  /** Answers held while the wire is blocked. */
  #answers: Array<Buffer> = []
  #greeted = false
  #ended = false
  /** When the wire has room again, at the rate it has. */
  #free = 0
  #timer: NodeJS.Timeout | undefined

  constructor(source: Socket, target: Socket, link: Link) {
    this.#source = source
    this.#target = target
    this.#link = link
    const close = () => this.close()
    source.setNoDelay(true).on("data", (chunk) => this.#receive(chunk)).on("error", close)
    source.on("end", () => {
      this.#ended = true
      this.goOn()
    })
    target.setNoDelay(true).on("data", (chunk) => {
      this.#answers.push(chunk)
      this.goOn()
    })
    target.on("drain", () => this.goOn()).on("error", close).on("close", close)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#source.destroy()
    this.#target.destroy()
  }

  #receive(chunk: Buffer): void {
    const bodies = this.#splitter.push(chunk)
    // Nothing that servers send; the receiver may not be trusted to hang up.
    if (typeof bodies === "string") return this.close()
    for (const body of bodies) this.#enqueue(withLength(body))
    if (this.#held > room) this.#source.pause()
    this.goOn()
  }

  #enqueue(bytes: Buffer): void {
    const { conditions, toll } = this.#link
    const isMessage = this.#greeted
    this.#greeted = true
    if (conditions.blocked) toll.blockedBytes += bytes.length
    if (isMessage && this.#link.chance(conditions.lost)) {
      toll.lost++
      return
    }
    this.#held += bytes.length
    const frame = { bytes, due: this.#arrival(bytes.length) }
    if (isMessage && this.#waiting === undefined && this.#link.chance(conditions.overtaken)) {
      this.#waiting = { bytes, due: frame.due + patience }
      return
    }
    this.#frames.push(frame)
    if (this.#waiting !== undefined) {
      toll.overtaken++
      this.#frames.push({ ...this.#waiting, due: frame.due })
      this.#waiting = undefined
    }
    if (isMessage && this.#link.chance(conditions.doubled)) {
      toll.doubled++
      this.#held += bytes.length
      this.#frames.push(frame)
    }
  }

  #arrival(length: number): number {
    const { bytesPerSecond, delay, jitter } = this.#link.conditions
    const { toll } = this.#link
    const now = performance.now()
    if (delay + jitter > 0) toll.delayed++
    let sent = now
    if (bytesPerSecond !== Infinity) {
      if (this.#free > now) toll.throttled++
      this.#free = sent = Math.max(now, this.#free) + 1000 * length / bytesPerSecond
    }
    // TCP keeps the order, whatever the network does.
    return Math.max(sent + this.#link.latency(), this.#frames.at(-1)?.due ?? 0)
  }

  /** Lets through what may pass now, and comes back when the next may. */
  goOn(): void {
    clearTimeout(this.#timer)
    if (this.#link.conditions.blocked) return
    if (this.#source.writable) for (const answer of this.#answers) this.#source.write(answer)
    this.#answers = []
    const now = performance.now()
    if (this.#waiting !== undefined && this.#waiting.due <= now) {
      this.#frames.push(this.#waiting)
      this.#waiting = undefined
    }
    while (this.#frames.length > 0 && this.#frames[0]!.due <= now && !this.#target.writableNeedDrain) {
      const { bytes } = this.#frames.shift()!
      this.#held -= bytes.length
      this.#link.toll.passed++
      this.#link.toll.passedBytes += bytes.length
      this.#target.write(bytes)
    }
    if (this.#held <= room) this.#source.resume()
    const next = this.#frames[0] ?? this.#waiting
    if (next === undefined) {
      if (this.#ended) this.#target.end()
    } else if (!this.#target.writableNeedDrain) {
      this.#timer = setTimeout(() => this.goOn(), Math.max(0, next.due - now))
    }
  }
}

/** A copy: the splitter's bodies are views. */
const withLength = (body: Buffer): Buffer => {
  const bytes = Buffer.allocUnsafe(4 + body.length)
  bytes.writeUInt32BE(body.length)
  body.copy(bytes, 4)
  return bytes
}
