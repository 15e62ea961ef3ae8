/**
 * Commands for clients who keep a session themselves (diss. 6.3): each is put to this server's replica as it is, so only
 * a leader answers it. Asked again with the same number, anywhere, it still takes effect once.
 *
 *     LOCKSTEP.OPEN <timeout>                                      -> the new session
 *     LOCKSTEP.DO <session> <seq> <first> get <key>                -> the value, or null
 *                                         delete <key>             -> 1: it was there, 0
 *                                         put|append <key> <value> -> OK
 *                                         cas <key> <to> [<from>]  -> 1: swapped, 0. Without `from`: from absent
 *
 * Errors that a program may want to know: `NOTLEADER [<id> <host:port>]` (who leads, if that is known; the command may
 * still take effect), `BUSY` (it was not taken), `SESSIONEXPIRED` and `STALE` (see `Reply` in src/kv/Sessions.ts).
 */
import * as Effect from "effect/Effect"
import type { Operation } from "../../kv/Map.ts"
import type { Request } from "../../kv/Sessions.ts"
import type { Answer } from "../Servers.ts"
import { type Command, type Later, ok, type Surroundings, syntaxError } from "./Command.ts"
import { bulk, type Bytes, error, integer, nil, readInteger, type RespValue } from "./Resp.ts"

/** 1, 2, … */
const positive = (word: Bytes): number | undefined => {
  const n = readInteger(word)
  return n !== undefined && n >= 1 ? n : undefined
}

/** `undefined`: no such operation, or of a wrong number of words. */
const operationOf = ([name, key, ...rest]: ReadonlyArray<Bytes>): Operation | undefined => {
  if (key === undefined) return undefined
  const op = name!.toLowerCase()
  const [value, from] = rest
  if (op === "get" || op === "delete") return value === undefined ? { op, key } : undefined
  if (value === undefined || rest.length > 2) return undefined
  if (op === "put" || op === "append") return from === undefined ? { op, key, value } : undefined
  return op === "cas" ? { op, key, from: from ?? null, to: value } : undefined
}

const told = (answer: Answer, request: Request, server: Surroundings): RespValue => {
  switch (answer.type) {
    case "replied":
      return replied(answer.reply, request)
    case "notLeader": {
      const address = answer.leader === null ? undefined : server.addresses.get(answer.leader)
      // One that stops still names itself.
      const known = address !== undefined && answer.leader !== server.replica.id
      return error(known ? `NOTLEADER ${answer.leader} ${address}` : "NOTLEADER")
    }
    case "busy":
      return error("BUSY too much is not committed yet; not taken, ask again later")
    // A replica in the same process says none of these.
    case "unsent":
    case "unreachable":
    case "refused":
      return error("NOTLEADER")
  }
}

const replied = (reply: (Answer & { readonly type: "replied" })["reply"], request: Request): RespValue => {
  switch (reply.status) {
    case "OPENED":
      return integer(reply.session)
    case "STALE":
      return error("STALE the client has said that it has this answer")
    case "SESSION_EXPIRED":
      return error("SESSIONEXPIRED no such session any more")
    case "OK":
      if (typeof reply.response === "string") return bulk(reply.response)
      if (typeof reply.response === "boolean") return integer(reply.response ? 1 : 0)
      return request.type === "command" && request.operation.op === "get" ? nil : ok
  }
}

/** Others of this client go on meanwhile: their session has their order. */
const ask = (request: Request, server: Surroundings): Later => ({
  type: "later",
  alone: false,
  answer: Effect.map(server.replica.ask(request), (answer) => told(answer, request, server))
})

export const sessionCommands: Readonly<Record<string, Command>> = {
  "LOCKSTEP.OPEN": {
    arity: 2,
    writes: true,
    summary: "Opens a session that lives as many milliseconds without being used.",
    run: ([, word], _, server) => {
      const timeout = positive(word!)
      if (timeout === undefined) return error("ERR timeout is not a number of milliseconds, 1 or more")
      return ask({ type: "open", timeout }, server)
    }
  },

  "LOCKSTEP.DO": {
    arity: -6,
    keys: [5, 5, 1],
    writes: true,
    summary: "LOCKSTEP.DO session seq first operation: a command of a session: takes effect once, however often asked.",
    run: ([, ...words], _, server) => {
      const [session, seq, first] = words.slice(0, 3).map(positive)
      if (session === undefined || seq === undefined || first === undefined) {
        return error("ERR session, seq and first are numbers, 1 or more")
      }
      // Nobody waits for an answer below first. This one would be forgotten at once, and asking again would do it twice.
      if (first > seq) return error("ERR first is more than seq")
      const operation = operationOf(words.slice(3))
      if (operation === undefined) return syntaxError
      return ask({ type: "command", session, seq, first, operation }, server)
    }
  }
}
