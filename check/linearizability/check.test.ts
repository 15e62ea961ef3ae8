import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { checkLinearizable, refute } from "./check.ts"
import type { Json, Operation } from "./History.ts"
import type { Model } from "./Model.ts"
import { cas, kv, kvEmpty, lock, queue, register } from "./models.ts"
import { histories, linearizable, vocabularies } from "./reference.ts"
import { shard } from "./shardModel.ts"

/** One operation; `[call, return]`, where a return of null is an unknown outcome. */
const op = (name: string, value: Json, times: readonly [number, number | null], output: Json = null, more = {}): Operation => ({
  client: 0,
  op: name,
  key: "x",
  value,
  call: times[0],
  return: times[1],
  output,
  ...more
})

const verdict = (history: ReadonlyArray<Operation>, model = register) => checkLinearizable(history, model).verdict

describe("one key", () => {
  test("the empty history is linearizable", () => {
    expect(checkLinearizable([], register)).toEqual({ verdict: "ok", keys: [] })
  })

  test("a read of an overwritten value is illegal", () => {
    const stale = [op("write", 1, [0, 1]), op("write", 2, [2, 3]), op("read", null, [4, 5], 1)]
    expect(verdict(stale)).toBe("illegal")
  })

  test("an operation called at the moment another returns is concurrent with it", () => {
    const read = (call: number) => [op("write", 1, [0, 4]), op("read", null, [call, 9], null)]
    expect(verdict(read(4))).toBe("ok")
    expect(verdict(read(5))).toBe("illegal")
  })

  test("W07: a write of unknown outcome may take effect long after its call", () => {
    const late = [
      op("write", 1, [0, null]),
      op("write", 2, [1, 2]),
      op("read", null, [3, 4], 2),
      op("read", null, [50, 60], 1)
    ]
    expect(verdict(late)).toBe("ok")
    expect(verdict([...late, op("read", null, [70, 80], 2)])).toBe("illegal")
  })

  test("W07: a write of unknown outcome may never take effect", () => {
    expect(verdict([op("write", 1, [0, null]), op("read", null, [5, 6], null)])).toBe("ok")
  })

  test("W07: a write of unknown outcome takes effect at most once, and not before its call", () => {
    const twice = [
      op("write", 1, [0, null]),
      op("read", null, [1, 2], 1),
      op("write", 2, [3, 4]),
      op("read", null, [5, 6], 1)
    ]
    expect(verdict(twice)).toBe("illegal")
    expect(verdict([op("read", null, [0, 1], 1), op("write", 1, [2, null])])).toBe("illegal")
  })

  test("W07: unknown dequeues, releases and compare-and-sets may have happened", () => {
    const dequeued = [op("enq", "a", [0, 1]), op("enq", "b", [2, 3]), op("deq", null, [4, null]), op("deq", null, [5, 6], "b")]
    expect(verdict(dequeued, queue)).toBe("ok")
    const released = [op("acquire", null, [0, 1], true), op("release", null, [2, null]), op("acquire", null, [3, 4], true)]
    expect(verdict(released, lock)).toBe("ok")
    const swapped = [op("write", 1, [0, 1]), op("cas", [1, 2], [2, null]), op("read", null, [3, 4], 2)]
    expect(verdict(swapped, cas)).toBe("ok")
  })
})

describe("several keys", () => {
  const put = (key: string, value: string, call: number) => op("put", value, [call, call + 1], null, { key })
  const get = (key: string, output: Json, call: number) => op("get", null, [call, call + 1], output, { key })

  test("W08: keys are objects of their own", () => {
    expect(verdict([put("a", "1", 0), get("b", null, 2), get("a", "1", 4)], kv)).toBe("ok")
  })

  test("W08: a compare-and-set on one key does not see another key's value", () => {
    const history = [put("a", "1", 0), op("cas", ["1", "2"], [2, 3], true, { key: "b" })]
    const { verdict: found, keys } = checkLinearizable(history, kv)
    expect(found).toBe("illegal")
    expect(keys.map((k) => [k.key, k.verdict])).toEqual([["a", "ok"], ["b", "illegal"]])
  })

  test("every bad key is named, with the operation that could not be placed", () => {
    const history = [put("a", "1", 0), get("a", null, 2), get("b", null, 4), get("c", "7", 6)]
    const bad = checkLinearizable(history, kv).keys.filter((k) => k.verdict === "illegal")
    expect(bad.map((k) => [k.key, k.blocked])).toEqual([["a", history[1]], ["c", history[3]]])
    expect(bad[0]!.reason).toBe(
      'no order has a place for client 0: get "a" -> null @ 2..3 (returned before it: 1 operations)'
    )
  })
})

describe("an absent key", () => {
  test("is null in Lockstep's map, and the empty string in the labs'", () => {
    const absent = (output: Json) => [op("get", null, [0, 1], output), op("append", "a", [2, 3]), op("get", null, [4, 5], "a")]
    expect(verdict(absent(null), kv)).toBe("ok")
    expect(verdict(absent(""), kv)).toBe("illegal")
    expect(verdict(absent(null), kvEmpty)).toBe("illegal")
    expect(verdict(absent(""), kvEmpty)).toBe("ok")
  })

  test("is absent again after a delete, and a key with the empty string is not", () => {
    const history = [
      op("put", "", [0, 1]),
      op("get", null, [2, 3], ""),
      op("delete", null, [4, 5], true),
      op("get", null, [6, 7], null),
      op("delete", null, [8, 9], false),
      op("cas", [null, "b"], [10, 11], true)
    ]
    expect(verdict(history, kv)).toBe("ok")
  })
})

describe("a budget", () => {
  // Repeated values in a queue make the order of 60 concurrent enqueues a puzzle that no reduction here solves.
  const puzzle = [
    ...Array.from({ length: 60 }, (_, i) => op("enq", i % 7, [0, 100])),
    ...Array.from({ length: 60 }, (_, i) => op("deq", null, [200 + 2 * i, 201 + 2 * i], (i * i) % 7))
  ]

  test("that runs out of time or memory gives unknown, never a verdict", () => {
    const reason = (options: object) => checkLinearizable(puzzle, queue, options).keys.map((k) => k.verdict === "unknown" && k.reason)
    expect(reason({ timeoutMs: 0 })).toEqual(["time"])
    expect(reason({ memoryBytes: 100_000 })).toEqual(["memory"])
  })

  test("that one key uses up does not hide another key's fault", () => {
    const other = op("deq", null, [0, 1], "nobody enqueued this", { key: "y" })
    const { verdict: found, keys } = checkLinearizable([...puzzle, other], queue, { memoryBytes: 100_000 })
    expect(found).toBe("illegal")
    expect(keys.map((k) => k.verdict)).toEqual(["unknown", "illegal"])
  })
})

describe("a witness", () => {
  const first = op("write", 1, [0, 1])
  const second = op("read", null, [2, 3], 1)
  const history = [first, second]

  test("is replayed against the model and the clock", () => {
    expect(refute([first, second], history, register)).toBeUndefined()
    expect(refute([first], history, register)).toContain("is missing")
    const later = op("write", 3, [2, 3])
    expect(refute([later, first], [first, later], register)).toContain("comes after")
    expect(refute([first, first, second], history, register)).toContain("twice")
    expect(refute([first, second, { ...second }], history, register)).toContain("does not have")
    const wrong = op("read", null, [2, 3], 2)
    expect(refute([first, wrong], [first, wrong], register)).toContain("is not allowed")
  })
})

// Each of these is linearizable, and a search that is careless about just one thing calls it illegal.
describe("the search keeps apart", () => {
  const claim = (title: string, model: Model, history: ReadonlyArray<Operation>) => {
    test(title, () => {
      expect(linearizable(history, model)).toBe(true)
      expect(verdict(history, model)).toBe("ok")
    })
  }

  claim("memory: two places that differ only in which open operations are hidden", kv, [
    op("append", "ab", [0, 0]),
    op("put", "b", [0, 1]),
    op("get", null, [0, 1], "b"),
    op("append", "ab", [1, 1]),
    op("get", null, [2, 3], "b")
  ])

  // The second append is what the gets see. The first, though it returns earlier, was overwritten unnoticed.
  claim("twins: an operation that may still be dropped, and its equal that may not", kv, [
    op("append", "a", [0, 5]),
    op("put", "b", [0, 1]),
    op("append", "a", [2, 6]),
    op("get", null, [3, 4], "ba"),
    op("get", null, [7, 8], "ba")
  ])

  // The first 0 may go last, with the read of 0; but this takes away the 1 that the other read wants, and no other is in time.
  claim("closed blocks: a state that somebody wants before the block, and one that nobody wants", register, [
    op("write", 1, [0, 0]),
    op("write", 0, [0, 0]),
    op("read", null, [5, 5], 1),
    op("write", 0, [5, 5]),
    op("read", null, [5, 5], 0),
    op("write", 1, [9, 9])
  ])

  claim("closed blocks: a state that somebody wants after the block, and one that nobody wants", register, [
    op("write", 0, [0, 1]),
    op("write", 1, [0, 1]),
    op("read", null, [0, 1], 1),
    op("read", null, [2, 3], 0),
    op("write", 1, [4, null])
  ])
})

/** The history at the moment when just these operations had returned. */
const whenReturned = (returned: ReadonlyArray<Operation>, history: ReadonlyArray<Operation>): ReadonlyArray<Operation> =>
  history
    .filter((x) => x.call <= (returned.at(-1)?.return ?? -1))
    .map((x) => (returned.includes(x) ? x : { ...x, return: null, output: null }))

// Goal: the search with all its reductions agrees with the plain definition. Method: small random histories, with ties,
// repeated values, unknown outcomes and faults, decided by trying all orders.
describe.each(Object.entries(vocabularies))("random histories: %s", (_, vocabulary) => {
  // The shard controller's states are long, and slow to compute.
  const numRuns = vocabulary.model === shard ? 300 : 2000

  test("have the verdict of the definition and, where it is illegal, the moment from which on it is", () => {
    const found = { ok: 0, illegal: 0, unknown: 0 }
    fc.assert(
      fc.property(histories(vocabulary), (history) => {
        const result = checkLinearizable(history, vocabulary.model)
        found[result.verdict]++
        expect(result.verdict).toBe(linearizable(history, vocabulary.model) ? "ok" : "illegal")
        for (const key of result.keys) {
          if (key.verdict !== "illegal") continue
          const known = history.filter((x) => x.return !== null).sort((a, b) => a.return! - b.return!)
          const before = known.slice(0, known.indexOf(key.blocked))
          expect(linearizable(whenReturned(before, history), vocabulary.model)).toBe(true)
          expect(linearizable(whenReturned([...before, key.blocked], history), vocabulary.model)).toBe(false)
          expect(key.prefix).toEqual(expect.arrayContaining(before))
        }
      }),
      { numRuns, seed: 7 }
    )
    expect(found.ok).toBeGreaterThan(numRuns / 10)
    expect(found.illegal).toBeGreaterThan(numRuns / 10)
  }, 60_000)
})
