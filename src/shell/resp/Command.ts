/** What a command is, and what it may use. */
import * as Effect from "effect/Effect"
import type { ServerId } from "../../raft/Server.ts"
import type { Replica } from "../Replica.ts"
import type { Gateway, Refusal } from "./Gateway.ts"
import { type Bytes, error, type Protocol, type RespValue } from "./Resp.ts"

/** Somebody who is connected. Commands change what is theirs to change. */
export interface Client {
  readonly id: number
  readonly address: string
  /** When it came, on the server's clock. */
  readonly since: number
  protocol: Protocol
  name: Bytes
  readonly library: { name: Bytes; version: Bytes }
  /** Its next answer is the last one. */
  leaving: boolean
}

export interface Limits {
  /** Of a key, in bytes. */
  readonly key: number
  /** Of any other argument, in bytes; also of a value that grows. */
  readonly value: number
}

/** The server, as its commands see it. */
export interface Surroundings {
  readonly gateway: Gateway["Service"]
  readonly replica: Replica["Service"]
  /** Where clients reach each server. */
  readonly addresses: ReadonlyMap<ServerId, string>
  readonly limits: Limits
  /** Everybody who is connected now. */
  readonly clients: () => ReadonlyArray<Client>
  readonly maxClients: number
  /** Milliseconds, of the server's clock. */
  readonly now: () => number
  readonly startedAt: number
}

/** An answer that takes a while. `alone`: the client's next command begins only after it. */
export interface Later {
  readonly type: "later"
  readonly alone: boolean
  readonly answer: Effect.Effect<RespValue>
}

export interface Command {
  /** How many words, its name included; negative: or more. */
  readonly arity: number
  /** Which of its words are keys: the first, the last (-1: the last word), and every which one; by default none. */
  readonly keys?: readonly [first: number, last: number, step: number]
  readonly writes?: true
  readonly summary: string
  /** `words`: as many as `arity` says, none too long. */
  readonly run: (words: ReadonlyArray<Bytes>, client: Client, server: Surroundings) => RespValue | Later
}

/** The answer to a plain command: others of this client wait until it is known. */
export const alone = (answer: Effect.Effect<RespValue, Refusal>): Later => ({
  type: "later",
  alone: true,
  answer: Effect.catch(answer, ({ _tag, message }) =>
    Effect.succeed(error(_tag === "Unavailable" ? `BUSY ${message}` : `UNKNOWN ${message}`)))
})

/** As Redis words it. `name`: with that of a subcommand, if there is one. */
export const wrongNumber = (name: string): RespValue =>
  error(`ERR wrong number of arguments for '${name.toLowerCase()}' command`)

export const syntaxError = error("ERR syntax error")
export const ok: RespValue = { type: "simple", text: "OK" }
