/**
 * A client with one session that writes, one write after the other, and has hardly any patience: until a write is
 * acknowledged, it goes to one server after the other again and again, so that it is known when the first can do it.
 */
import * as Effect from "effect/Effect"
import { connect } from "../../../src/shell/resp/RespConnection.ts"
import type { RespConnection } from "../../../src/shell/resp/RespConnection.ts"
import type { RespValue } from "../../../src/shell/resp/Resp.ts"
import type { Member } from "./Cluster.ts"

/** Milliseconds for one attempt: many times what an idle leader takes. */
const attempt = 100
/** Milliseconds after a server that doesn't lead. */
const pause = 1

export const makeWriter = Effect.fnUntraced(function*(members: ReadonlyArray<Member>) {
  const connections = new Map<Member, RespConnection>()

  /** `undefined`: no answer. */
  const ask = (member: Member, command: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const connection = connections.get(member)
        ?? (yield* connect({ host: "127.0.0.1", port: member.clients, connectTimeout: attempt }))
      connections.set(member, connection)
      return yield* connection.command(command).pipe(Effect.timeout(attempt))
    }).pipe(
      // What is still to come on this connection would be in the way of the next answer.
      Effect.tapError(() => Effect.sync(() => connections.delete(member))),
      Effect.orElseSucceed(() => undefined)
    )

  /** Asks until one server's answer is of this type; who that is, and its answer. */
  const askAll = Effect.fnUntraced(function*<T extends RespValue["type"]>(type: T, command: ReadonlyArray<string>) {
    for (let n = 0;; n++) {
      const member = members[n % members.length]!
      const answer = yield* ask(member, command)
      if (answer?.type === type) return { member, answer: answer as RespValue & { readonly type: T } }
      yield* Effect.sleep(pause)
    }
  })

  const { answer: { value: session } } = yield* askAll("integer", ["LOCKSTEP.OPEN", "600000"])
  let seq = 0

  /** The next write; who has acknowledged it. */
  return Effect.suspend(() => {
    seq++
    return askAll("simple", ["LOCKSTEP.DO", String(session), String(seq), String(seq), "put", "key", `value ${seq}`])
  }).pipe(Effect.map(({ member }) => member))
})
