/**
 * What a client is promised: one map, whose operations each happen at one moment between call and return, once. The answer
 * SESSION_EXPIRED leaves open whether they happened before it; after it they don't. Twin of spec/KV.tla, whose actions
 * are here functions to the states that they lead to.
 */
import { isDeepStrictEqual } from "node:util"
import type { Outcome } from "../../src/kv/Client.ts"
import { execute } from "../../src/kv/Map.ts"
import type { Data, Operation, Response } from "../../src/kv/Map.ts"

/** A call that hasn't returned; its answer is there once it has taken effect. */
export interface Call {
  readonly operation: Operation
  readonly answer: readonly [] | readonly [Response]
}

export type Calls = Readonly<Record<number, Call>>

/** By client: the calls that it waits for, by number; and what it was told last. */
export interface Promised {
  readonly data: Data
  readonly calls: Readonly<Record<string, Calls>>
  readonly heard: Readonly<Record<string, Outcome | null>>
}

export const actions = ["Invoke", "TakeEffect", "Return", "Expire"] as const
export type ActionName = (typeof actions)[number]

const withCalls = (p: Promised, c: string, calls: Calls): Promised => ({ ...p, calls: { ...p.calls, [c]: calls } })

const told = (p: Promised, c: string, calls: Calls, outcome: Outcome): Promised => ({
  ...withCalls(p, c, calls),
  heard: { ...p.heard, [c]: outcome }
})

/** A call begins, beside others of the same client. */
const Invoke = (p: Promised, c: string, n: number, operation: Operation): Promised =>
  withCalls(p, c, { ...p.calls[c], [n]: { operation, answer: [] } })

/** It takes effect: at one moment, and never again. */
const TakeEffect = (p: Promised, c: string, n: number): ReadonlyArray<Promised> => {
  const { answer, operation } = p.calls[c]![n]!
  if (answer.length > 0) return []
  const { data, response } = execute(p.data, operation)
  return [{ ...withCalls(p, c, { ...p.calls[c], [n]: { operation, answer: [response] } }), data }]
}

/** It returns, with the answer that it had then. */
const Return = (p: Promised, c: string, n: number): ReadonlyArray<Promised> => {
  const { [n]: call, ...others } = p.calls[c]!
  const [response] = call!.answer
  return response === undefined ? [] : [told(p, c, others, { status: "OK", response })]
}

/** The client's session is over, and so is whatever it waited for: what hasn't taken effect by now never will. */
const Expire = (p: Promised, c: string): Promised => told(p, c, {}, { status: "SESSION_EXPIRED" })

/** Every state that the client's actions lead to; it calls only what it does in `next`. */
function* successors(p: Promised, c: string, next: Promised): Generator<readonly [ActionName, Promised]> {
  for (const [n, { operation }] of Object.entries(next.calls[c] ?? {})) {
    if (!Object.hasOwn(p.calls[c]!, n)) yield ["Invoke", Invoke(p, c, Number(n), operation)]
  }
  for (const n of Object.keys(p.calls[c]!).map(Number)) {
    for (const after of TakeEffect(p, c, n)) yield ["TakeEffect", after]
    for (const after of Return(p, c, n)) yield ["Return", after]
  }
  yield ["Expire", Expire(p, c)]
}

/** The action that leads from one state to the other; "nothing" when they are the same, `undefined` when none does. */
export const actionBetween = (before: Promised, after: Promised): ActionName | "nothing" | undefined => {
  // (Where nothing was even copied, nothing was done.)
  const touched = Object.keys(before.calls).filter((c) =>
    before.calls[c] !== after.calls[c] || before.heard[c] !== after.heard[c]
  )
  if ((before.data === after.data && touched.length === 0) || isDeepStrictEqual(before, after)) return "nothing"
  for (const c of touched) {
    for (const [name, state] of successors(before, c, after)) if (isDeepStrictEqual(state, after)) return name
  }
  return undefined
}
