import { describe, expect, test } from "vitest"
import { checkLinearizable } from "../check.ts"
import type { Operation } from "../History.ts"
import type { Model } from "../Model.ts"
import { kv } from "../models/kv.ts"
import { queue } from "../models/queue.ts"
import { cas, register } from "../models/register.ts"
import { Random } from "../../Random.ts"
import { checkSequential } from "./sequential.ts"
import type { Json } from "../Texts.ts"

const op = (client: number, name: string, key: string, value: Json, times: readonly [number, number | null], output: Json = null): Operation =>
  ({ client, op: name, key, value, call: times[0], return: times[1], output })

const HISTORIES = 5_000

describe("sequential consistency", () => {
  const stale = [op(1, "write", "x", 1, [0, 1]), op(2, "read", "x", null, [2, 3], null), op(2, "read", "x", null, [4, 5], 1)]

  test("asks nothing of the clocks of different clients", () => {
    expect(checkLinearizable(stale, register).verdict).toBe("illegal")
    expect(checkSequential(stale, register)).toMatchObject({ promise: "sequential consistency", verdict: "ok", witness: [1, 0, 2] })
  })

  test("keeps the order of each client", () => {
    const back = [...stale, op(2, "read", "x", null, [6, 7], null)]
    const found = checkSequential(back, register)
    expect(found.verdict).toBe("illegal")
    expect(found).toMatchObject({
      reason: "no order of all operations keeps each client's own; after the longest, client 2 cannot go on with read() -> null",
      order: [1, 0, 2],
      next: [{ row: 3, why: "not allowed in state 1" }]
    })
  })

  // Lamport's own example (1979): each has written, and sees that the other has not. So whose write came first?
  test("is not local: each key has an order, and both together have none", () => {
    const x = [op(1, "write", "x", 1, [0, 1]), op(2, "read", "x", null, [2, 3], null)]
    const y = [op(2, "write", "y", 1, [0, 1]), op(1, "read", "y", null, [2, 3], null)]
    expect(checkSequential(x, register).verdict).toBe("ok")
    expect(checkSequential(y, register).verdict).toBe("ok")
    expect(checkSequential([...x, ...y], register).verdict).toBe("illegal")
  })

  test("an operation of unknown outcome may take effect after its client's later ones, or never", () => {
    const lost = op(1, "write", "x", 1, [0, null])
    const later = op(1, "write", "x", 2, [5, 6])
    const read = (client: number, call: number, output: Json) => op(client, "read", "x", null, [call, call + 1], output)
    expect(checkSequential([lost, later, read(2, 7, 2), read(2, 9, 1)], register).verdict).toBe("ok")
    expect(checkSequential([lost, later, read(2, 7, 2), read(2, 9, 2)], register).verdict).toBe("ok")
    expect(checkSequential([read(1, -2, 1), lost], register).verdict).toBe("illegal")
    expect(checkSequential([{ ...lost, applied: false }, read(2, 7, 1)], register).verdict).toBe("illegal")
  })

  test("undecided is unknown", () => {
    const many = Array.from({ length: 40 }, (_, i) => op(i, "enq", "q", i % 7, [0, 1]))
    const taken = Array.from({ length: 40 }, (_, i) => op(50, "deq", "q", null, [2 + 2 * i, 3 + 2 * i], (i * i + 3) % 7))
    expect(checkSequential([...many, ...taken], queue, { timeoutMs: 1 })).toMatchObject({ verdict: "unknown", reason: "time" })
    expect(checkSequential([...many, ...taken], queue, { memoryBytes: 10_000 })).toMatchObject({ verdict: "unknown", reason: "memory" })
  })
})


const isBefore = (x: Operation, y: Operation): boolean => x.client === y.client && x.return !== null && x.return <= y.call && x.call <= y.call

/** The state of the object of `x` after it. */
const step = (model: Model, states: Readonly<Record<string, unknown>>, x: Operation) =>
  model.step(x.key in states ? states[x.key] : model.init, x) as unknown

/** The definition, tried out: all ways to take the operations one by one, each client's in its order. */
const isSequential = (history: ReadonlyArray<Operation>, model: Model): boolean => {
  const from = (rest: ReadonlyArray<Operation>, states: Readonly<Record<string, unknown>>): boolean =>
    rest.every((x) => x.return === null) ||
    rest.some((x, i) => {
      if (rest.some((y, k) => k < i && isBefore(y, x))) return false
      const after = step(model, states, x)
      return after !== undefined && from(rest.filter((y) => y !== x), { ...states, [x.key]: after })
    })
  return from(history, {})
}

/** Is `witness` all that returned, and some of the others, in an order that the clients and the model allow? */
const isOrder = (history: ReadonlyArray<Operation>, model: Model, witness: ReadonlyArray<number>): boolean => {
  const order = witness.map((row) => history[row]!)
  if (new Set(order).size < order.length || history.some((x) => x.return !== null && !order.includes(x))) return false
  if (order.some((x, i) => order.some((y, k) => k > i && history.indexOf(y) < history.indexOf(x) && isBefore(y, x)))) return false
  const states: Record<string, unknown> = {}
  return order.every((x) => (states[x.key] = step(model, states, x)) !== undefined)
}

const words: Readonly<Record<string, { readonly model: Model; readonly call: (r: Random) => readonly [op: string, value: Json, output: Json] }>> = {
  register: { model: register, call: (r) => (r.percent(50) ? ["write", r.below(2), null] : ["read", null, r.of([null, 0, 1])]) },
  cas: {
    model: cas,
    call: (r) => {
      const [from, to] = [r.of([null, 0, 1]), r.below(2)]
      return r.of([["write", to, null], ["read", null, from], ["cas", [from, to], r.percent(60)]] as const)
    }
  },
  kv: {
    model: kv,
    call: (r) => {
      const text = r.of(["a", "b"])
      return r.of([["put", text, null], ["append", text, null], ["get", null, r.of([null, "a", "b", "ab"])], ["delete", null, r.percent(50)]] as const)
    }
  },
  queue: { model: queue, call: (r) => (r.percent(50) ? ["enq", r.below(2), null] : ["deq", null, r.of([null, 0, 1])]) }
}

// Goal: the search with its reductions agrees with the definition. Method: small random histories of two keys, with
// clients that overlap themselves, equal times and unknown outcomes.
describe.each(Object.keys(words))("random histories: %s", (name) => {
  const { call, model } = words[name]!
  test("have the verdict of the definition", () => {
    const random = new Random(3)
    const count = { ok: 0, illegal: 0, unknown: 0 }
    for (let h = 0; h < HISTORIES; h++) {
      const clock = [0, 0, 0]
      const history = Array.from({ length: 2 + random.below(6) }, () => {
        const client = random.below(3)
        const start = clock[client]! + random.below(3)
        const end = start + random.below(3)
        clock[client] = random.percent(90) ? end : start
        const [name, value, output] = call(random)
        const isKnown = random.percent(85)
        return op(client, name, random.percent(70) ? "x" : "y", value, [start, isKnown ? end : null], isKnown ? output : null)
      }).sort((x, y) => x.call - y.call)
      const found = checkSequential(history, model)
      count[found.verdict]++
      const isRight = found.verdict === (isSequential(history, model) ? "ok" : "illegal") && (found.verdict !== "ok" || isOrder(history, model, found.witness))
      if (!isRight) expect.fail(`${found.verdict}: ${JSON.stringify(history)}`)
    }
    expect(Math.min(count.ok, count.illegal)).toBeGreaterThan(HISTORIES / 10)
  }, 600_000)
})
