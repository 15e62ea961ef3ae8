/**
 * One client's conversation: bytes in, and for each command its answer out, in the order of the commands. It knows no
 * socket: only when to stop reading, and when somebody doesn't.
 *
 * What it holds is bounded. A command is taken out of the bytes only when it can begin: not while a plain command is
 * under way, too many others are, or the client doesn't take its answers. Meanwhile the bytes wait, and if many do,
 * nothing more is read. Answers that wait share the memory of what they tell until they leave.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Buffer } from "node:buffer"
import type { Client, Later, Surroundings } from "./Command.ts"
import { answer } from "./Commands.ts"
import { type Bytes, CommandParser, encode, error, ProtocolError, type RespValue } from "./Resp.ts"

/** The way back to the client. */
export interface Output {
  /** Whether it takes more at once; else wait for `drained`. */
  readonly write: (bytes: Bytes) => boolean
  /** No more will be written. */
  readonly end: () => void
  /** Call `receive` no more, for now; and again. */
  readonly pause: () => void
  readonly resume: () => void
}

/** Runs it, at once as far as it goes. */
export type Fork = <A>(effect: Effect.Effect<A>) => Fiber.Fiber<A>

/** Commands of one client that may be under way at once. */
const underWayLimit = 1024
/** Words of a command; two of the longest values, and what goes with them. */
const wordsLimit = 1024
const bytesLimit = ({ key, value }: Surroundings["limits"]) => 2 * (key + value)
/** Bytes that may wait, not understood, before nothing more is read; and bytes of answers that leave at once. */
const heldLimit = 65_536
const flushLimit = 65_536

/** An answer, when it is there. */
interface Slot {
  bytes: Bytes | undefined
  fiber: Fiber.Fiber<RespValue> | undefined
}

export class Conversation {
  readonly #client: Client
  readonly #server: Surroundings
  readonly #output: Output
  readonly #fork: Fork
  readonly #parser: CommandParser
  /** Answers that are not there yet, and those behind them. */
  readonly #slots: Array<Slot> = []
  #out: Bytes = ""
  /** A plain command is under way. */
  #busy = false
  /** The client takes answers. */
  #writable = true
  #paused = false
  #woken = false
  /** Nothing comes in any more. */
  #heardAll = false
  #over = false

  constructor(
    client: Client,
    server: Surroundings,
    output: Output,
    fork: Fork
  ) {
    this.#client = client
    this.#server = server
    this.#output = output
    this.#fork = fork
    this.#parser = new CommandParser({ arguments: wordsLimit, bytes: bytesLimit(server.limits) })
  }

  receive(chunk: Buffer): void {
    if (this.#over || this.#client.leaving) return
    this.#parser.push(chunk)
    this.#go()
  }

  /** The client will say nothing more; it still wants to hear the answers. */
  heardAll(): void {
    this.#heardAll = true
    this.#go()
  }

  /** What was written has left. */
  drained(): void {
    this.#writable = true
    this.#go()
  }

  /** The client is gone: nobody wants to hear what is under way, and nothing more is written. */
  abandon(): void {
    this.#over = true
    for (const { fiber } of this.#slots.splice(0)) fiber?.interruptUnsafe()
  }

  /** Takes no more commands. Those under way are broken off, and answered as such. */
  stop(): void {
    this.#client.leaving = true
    for (const { fiber } of [...this.#slots]) fiber?.interruptUnsafe()
    this.#go()
  }

  get #mayBegin(): boolean {
    return !this.#busy && this.#writable && !this.#client.leaving && this.#slots.length < underWayLimit
  }

  /** Begins what may begin, and lets go what may go. */
  #go(): void {
    if (this.#over) return
    this.#flush()
    while (this.#mayBegin) {
      const command = this.#parser.next()
      if (command === undefined) break
      this.#begin(command)
      if (this.#out.length >= flushLimit) this.#flush()
    }
    this.#flush()
    const finished = this.#client.leaving || (this.#heardAll && this.#mayBegin)
    if (finished && this.#slots.length === 0 && this.#out === "") {
      this.#over = true
      return this.#output.end()
    }
    this.#throttle()
  }

  #begin(command: ReadonlyArray<Bytes> | ProtocolError): void {
    if (command instanceof ProtocolError) {
      this.#client.leaving = true
      return this.#put(error(`ERR ${command.message}`))
    }
    let said: RespValue | Later
    try {
      said = answer(command, this.#client, this.#server)
    } catch (defect) {
      said = { type: "later", alone: true, answer: Effect.die(defect) }
    }
    if (said.type === "later") this.#expect(said)
    else this.#put(said)
  }

  #put(said: RespValue): void {
    const bytes = encode(said, this.#client.protocol)
    // The common case: nothing waits.
    if (this.#slots.length === 0) this.#out += bytes
    else this.#slots.push({ bytes, fiber: undefined })
  }

  #expect({ alone, answer }: Later): void {
    // Whatever the client changes in the meantime.
    const { protocol } = this.#client
    const fiber = this.#fork(answer)
    const now = fiber.pollUnsafe()
    if (now !== undefined) return this.#put(this.#outcome(now, alone))
    const slot: Slot = { bytes: undefined, fiber }
    this.#slots.push(slot)
    if (alone) this.#busy = true
    fiber.addObserver((exit) => {
      slot.bytes = encode(this.#outcome(exit, alone), protocol)
      slot.fiber = undefined
      if (alone) this.#busy = false
      this.#wake()
    })
  }

  /** Goes on in a moment: who has answered has more to do first, and other answers may come with it. */
  #wake(): void {
    if (this.#woken || this.#over) return
    this.#woken = true
    queueMicrotask(() => {
      this.#woken = false
      this.#go()
    })
  }

  #flush(): void {
    while (this.#writable) {
      let ready = 0
      for (let bytes; this.#out.length < flushLimit && (bytes = this.#slots[ready]?.bytes) !== undefined; ready++) {
        this.#out += bytes
      }
      if (ready > 0) this.#slots.splice(0, ready)
      if (this.#out === "") return
      const out = this.#out
      this.#out = ""
      this.#writable = this.#output.write(out)
    }
  }

  #throttle(): void {
    const full = !this.#mayBegin && this.#parser.held > heldLimit
    if (full === this.#paused) return
    this.#paused = full
    if (full) this.#output.pause()
    else this.#output.resume()
  }

  #outcome(exit: Exit.Exit<RespValue>, alone: boolean): RespValue {
    if (Exit.isSuccess(exit)) return exit.value
    if (Cause.hasInterruptsOnly(exit.cause)) {
      return error(alone ? "UNKNOWN outcome unknown: this server stops" : "NOTLEADER")
    }
    // A mistake of ours: this command suffers from it, and no other.
    this.#fork(Effect.logError(exit.cause))
    return error("UNKNOWN outcome unknown: internal error")
  }
}
