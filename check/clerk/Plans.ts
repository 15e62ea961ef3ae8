/**
 * Callers whose commands go through a random script, several of them under way; what each is told, and how often its
 * command took effect, as the log says.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import fc from "fast-check"
import { expect } from "vitest"
import type { Operation, Response } from "../../src/kv/Map.ts"
import type { ClerkError } from "../../src/shell/Clerk.ts"
import type { Servers } from "../../src/shell/Servers.ts"
import { now } from "../../src/shell/Timer.ts"
import type { Operation as Line } from "../linearizability/index.ts"
import { onVirtualTime, ScriptedServers } from "./ScriptedServers.ts"
import type { Fate } from "./ScriptedServers.ts"

const server = fc.constantFrom("s1", "s2", "s3")
const fate: fc.Arbitrary<Fate> = fc.record({
  leader: server,
  passes: fc.constantFrom(0, 100, 10_000, 61_000),
  says: fc.oneof(
    fc.constantFrom("silence" as const, "silence" as const, "unsent" as const, "unreachable" as const, "busy" as const),
    fc.record({ leads: fc.option(server) })
  ),
  decided: fc.constantFrom(0, 1, 500, 2_500, 15_000)
}, { requiredKeys: [] })

export interface Plan {
  readonly script: ReadonlyArray<Fate>
  /** Of each caller: its calls one after the other, each after a pause in milliseconds. */
  readonly callers: ReadonlyArray<ReadonlyArray<{ readonly pause: number; readonly op: Operation["op"] }>>
  readonly seed: number
  /** See check/runtime/Choices.ts. */
  readonly departures: ReadonlyArray<number>
}
const call = fc.record({
  pause: fc.constantFrom(0, 1, 1_000, 40_000),
  op: fc.constantFrom("append" as const, "append" as const, "put" as const, "cas" as const, "delete" as const, "get" as const)
})
export const plans: fc.Arbitrary<Plan> = fc.record({
  script: fc.array(fate, { maxLength: 40, size: "max" }),
  callers: fc.array(fc.array(call, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
  seed: fc.nat(1_000),
  departures: fc.array(fc.nat(20_000), { maxLength: 100, size: "max" }).map((some) => some.sort((a, b) => a - b))
})

export interface Asked {
  readonly execute: (operation: Operation) => Effect.Effect<Response, Pick<ClerkError, "_tag">>
}

export interface Called {
  readonly line: Line
  readonly told: "done" | ClerkError["_tag"]
  /** How often it had taken effect when its caller was told, and in the end. */
  readonly then: number
  readonly finally: number
}

const operationOf = (op: Operation["op"], value: string): Operation => {
  switch (op) {
    case "get":
    case "delete":
      return { op, key: "k" }
    case "put":
    case "append":
      return { op, key: "k", value }
    case "cas":
      return { op, key: "k", from: null, to: value }
  }
}

/** `asked`: who takes the commands, a clerk or a pool. They have two seconds each. */
export const callsOf = (
  { callers, departures, script, seed }: Plan,
  asked: Effect.Effect<Asked, never, Servers>
): ReadonlyArray<Called> => {
  const servers = new ScriptedServers()
  servers.script.push(...script)
  // The clerk hands the operation itself to the servers, so it is its own name.
  const effects = (operation: Operation) =>
    servers.decided.filter(({ request, takesEffect }) => takesEffect && request.type === "command" && request.operation === operation).length
  const calls: Array<Omit<Called, "finally"> & { readonly operation: Operation }> = []
  const exit = onVirtualTime(servers, Effect.gen(function*() {
    const clock = yield* Clock.Clock
    const { execute } = yield* asked
    const make = Effect.fnUntraced(function*(client: number, n: number, { op, pause }: Plan["callers"][number][number]) {
      yield* Effect.sleep(pause)
      const operation = operationOf(op, `${client}.${n},`)
      const value = operation.op === "cas" ? [operation.from, operation.to] : "value" in operation ? operation.value : null
      const begun = { client, op, key: "k", value, call: now(clock) }
      const result = yield* Effect.result(execute(operation))
      const told = Result.isSuccess(result) ? "done" : result.failure._tag
      const line = Result.isSuccess(result)
        ? { ...begun, return: now(clock), output: result.success }
        : { ...begun, return: null, output: null, ...told === "Unavailable" ? { applied: false } : {} }
      calls.push({ line, told, then: effects(operation), operation })
    })
    yield* Effect.forEach(callers, (mine, client) =>
      Effect.forEach(mine, (one, n) => make(client, n, one), { discard: true }), { concurrency: "unbounded", discard: true })
  }), { seed, departures })
  expect(exit).toMatchObject({ _tag: "Success" })
  return calls.map(({ operation, ...one }) => ({ ...one, finally: effects(operation) }))
}

/** Whether what the caller was told is so. That a read took effect, nobody can tell: it changes nothing. */
export const isTrue = ({ finally: times, line, told, then }: Called): boolean => {
  switch (told) {
    case "done":
      return line.op === "get" ? then >= 1 : then === 1 && times === 1
    case "Unavailable":
      return line.op === "get" || times === 0
    case "SessionExpired":
      return then === times && times <= 1
    case "OutcomeUnknown":
      return line.op === "get" || times <= 1
  }
}
