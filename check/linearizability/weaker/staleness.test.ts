import { describe, expect, test } from "vitest"
import { checkLinearizable } from "../check.ts"
import type { Operation } from "../History.ts"
import type { Model } from "../Model.ts"
import { kv } from "../models/kv.ts"
import { cas, register } from "../models/register.ts"
import { Random } from "../../Random.ts"
import { checkBoundedStaleness } from "./staleness.ts"
import type { Json } from "../Texts.ts"

const op = (client: number, name: string, value: Json, times: readonly [number, number | null], output: Json = null): Operation =>
  ({ client, op: name, key: "x", value, call: times[0], return: times[1], output })
const stale = (client: number, times: readonly [number, number], output: Json): Operation =>
  ({ ...op(client, "read", null, times, output), stale: true })
const verdict = (history: ReadonlyArray<Operation>, bound: number) => checkBoundedStaleness(history, register, bound).verdict

describe("bounded staleness", () => {
  const writes = [op(1, "write", 1, [0, 10]), op(1, "write", 2, [20, 30])]

  test("a stale read may see what was current at most so long before its call", () => {
    // 1 was current until the second write, which is over at 30.
    const read = stale(2, [100, 110], 1)
    expect(checkLinearizable([...writes, read], register).verdict).toBe("illegal")
    expect(verdict([...writes, read], 69)).toBe("illegal")
    expect(verdict([...writes, read], 70)).toBe("ok")
    expect(checkBoundedStaleness([...writes, read], register, 70)).toMatchObject({ promise: "bounded staleness", staleBound: 70 })
  })

  test("stale reads promise no order among themselves", () => {
    expect(verdict([...writes, stale(2, [40, 41], 2), stale(2, [42, 43], 1)], 20)).toBe("ok")
  })

  test("all stale reads refer to one linearization", () => {
    // The writes overlap, and the reads disagree about which of them came last.
    const both = [op(1, "write", 1, [0, 100]), op(2, "write", 2, [0, 100])]
    expect(verdict([...both, stale(3, [200, 201], 1), stale(3, [200, 201], 2)], 50)).toBe("illegal")
    expect(verdict([...both, stale(3, [200, 201], 1), stale(3, [200, 201], 2)], 100)).toBe("ok")
  })

  test("other operations must be linearizable without them", () => {
    expect(verdict([...writes, op(2, "read", null, [100, 110], 1)], 1000)).toBe("illegal")
  })

  test("never the future", () => {
    expect(verdict([stale(2, [0, 1], 1), op(1, "write", 1, [5, 6])], Infinity)).toBe("illegal")
  })

  test("only reads can be stale", () => {
    expect(() => verdict([{ ...op(1, "write", 1, [0, 1]), stale: true }], 5)).toThrow("client 1: write \"x\" 1 @ 0..1 is marked stale, but is no read of model register")
  })
})

const HISTORIES = 5_000

/**
 * The definition, tried out: all orders of the other operations, and for each stale read one of the states; there must be
 * moments for the operations that fit.
 */
const isBounded = (history: ReadonlyArray<Operation>, model: Model, bound: number): boolean => {
  const reads = history.filter((x) => x.stale === true && x.return !== null)
  const others = history.filter((x) => x.stale !== true)
  const fits = (order: ReadonlyArray<Operation>, states: ReadonlyArray<unknown>): boolean => {
    // State k is current from the moment of operation k-1 to that of operation k.
    const choose = (r: number, earliest: ReadonlyArray<number>, latest: ReadonlyArray<number>): boolean => {
      if (r === reads.length) {
        let moment = -Infinity
        return order.every((_, k) => (moment = Math.max(moment, earliest[k]!)) <= latest[k]!)
      }
      const read = reads[r]!
      return states.some((state, k) => {
        if (model.step(state, read) === undefined) return false
        const begins = latest.map((time, i) => (i === k - 1 ? Math.min(time, read.return!) : time))
        const ends = earliest.map((time, i) => (i === k ? Math.max(time, read.call - bound) : time))
        return choose(r + 1, ends, begins)
      })
    }
    return choose(0, order.map((x) => x.call), order.map((x) => x.return ?? Infinity))
  }
  const from = (order: ReadonlyArray<Operation>, states: ReadonlyArray<unknown>): boolean => {
    const rest = others.filter((x) => !order.includes(x))
    if (rest.every((x) => x.return === null) && fits(order, states)) return true
    return rest.some((x) => {
      if (rest.some((y) => (y.return ?? Infinity) < x.call)) return false
      const after = model.step(states.at(-1), x) as unknown
      return after !== undefined && from([...order, x], [...states, after])
    })
  }
  return from([], [model.init])
}

const words: Readonly<Record<string, { readonly model: Model; readonly call: (r: Random, fresh: () => number) => readonly [op: string, value: Json, output: Json] }>> = {
  "register, distinct values": {
    model: register,
    call: (r, fresh) => (r.percent(45) ? ["write", fresh(), null] : ["read", null, r.of([null, 1, 2, 3])])
  },
  "register, few values": { model: register, call: (r) => (r.percent(45) ? ["write", r.below(2), null] : ["read", null, r.of([null, 0, 1])]) },
  cas: {
    model: cas,
    call: (r) => {
      const [from, to] = [r.of([null, 0, 1]), r.below(2)]
      return r.of([["write", to, null], ["read", null, from], ["read", null, to], ["cas", [from, to], r.percent(60)]] as const)
    }
  },
  kv: {
    model: kv,
    call: (r) => {
      const text = r.of(["a", "b"])
      const get = ["get", null, r.of([null, "a", "b", "ab"])] as const
      return r.of([["put", text, null], ["append", text, null], get, get, ["delete", null, null]] as const)
    }
  }
}

// Goal: the reduction to linearizability is the definition. Method: small random histories with equal times and unknown
// outcomes, with bounds of all sizes.
describe.each(Object.keys(words))("random histories: %s", (name) => {
  const { call, model } = words[name]!
  test("have the verdict of the definition", () => {
    const random = new Random(4)
    const count = { ok: 0, illegal: 0, unknown: 0 }
    let differs = 0
    for (let h = 0; h < HISTORIES; h++) {
      let value = 0
      const history = Array.from({ length: 2 + random.below(5) }, (_, client) => {
        const start = random.below(16)
        const end = start + random.below(5)
        const [name, of, output] = call(random, () => ++value)
        const isKnown = random.percent(85)
        const x = op(client, name, of, [start, isKnown ? end : null], isKnown ? output : null)
        return model.reads!(x) && (name === "get" || name === "read") && random.percent(70) ? { ...x, stale: true as const } : x
      })
      const bound = random.below(12)
      const found = checkBoundedStaleness(history, model, bound)
      count[found.verdict]++
      if (found.verdict !== checkLinearizable(history, model, { explanations: false }).verdict) differs++
      const expected = isBounded(history, model, bound) ? "ok" : "illegal"
      if (found.verdict !== expected) expect.fail(`${found.verdict}, bound ${bound}: ${JSON.stringify(history)}`)
    }
    expect(Math.min(count.ok, count.illegal)).toBeGreaterThan(HISTORIES / 10)
    // Else the bounds would mean nothing here.
    expect(differs).toBeGreaterThan(HISTORIES / 100)
  }, 600_000)
})
