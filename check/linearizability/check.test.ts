import { describe, expect, test } from "vitest"
import { BruteForce } from "./campaign/bruteForce.ts"
import { checkLinearizable, refute } from "./check.ts"
import { History } from "./History.ts"
import type { Operation } from "./History.ts"
import type { Model } from "./Model.ts"
import { kv, kvEmpty } from "./models/kv.ts"
import { lock } from "./models/lock.ts"
import { queue } from "./models/queue.ts"
import { cas, register } from "./models/register.ts"
import type { Json } from "./Texts.ts"

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

const verdict = (history: ReadonlyArray<Operation>, model: Model = register) => checkLinearizable(history, model).verdict

/** By trying all orders. */
const linearizable = (history: ReadonlyArray<Operation>, model: Model): boolean =>
  new BruteForce(model).order(History.of(history), [...history.keys()]) !== undefined

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
    expect(bad.map((k) => [k.key, k.explanation?.blocked])).toEqual([["a", 1], ["c", 3]])
    expect(bad[1]!.explanation?.reason).toBe('client 0\'s get() -> "7" saw a value that nobody made')
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

describe("strings that grow", () => {
  // Escapes, letters of several bytes, and both halves of a pair of surrogates, written one after the other.
  const pieces = ["\"a\\", "é\n", "日本", "\u{1f600}", "\ud83d", "\ude00"]
  const appends = pieces.map((piece, i) => op("append", piece, [2 * i, 2 * i + 1]))
  const read = (output: Json, call = 100) => op("get", null, [call, call + 1], output)

  test("may have anything in them", () => {
    for (let n = 0; n <= pieces.length; n++) {
      const some = appends.slice(0, n)
      const whole = pieces.slice(0, n).join("")
      expect([n, verdict([...some, read(n === 0 ? null : whole), op("put", "x", [102, 103]), read("x", 104)], kv)]).toEqual([n, "ok"])
      expect([n, verdict([...some, read(`${whole}é`)], kv)]).toEqual([n, "illegal"])
      if (n > 0) expect([n, verdict([...some, read(pieces.slice(1, n).join(""))], kv)]).toEqual([n, "illegal"])
    }
  })

  test("are told apart from nothing at all", () => {
    expect(verdict([op("append", "", [0, 1]), read("")], kv)).toBe("ok")
    expect(verdict([op("append", "", [0, 1]), read(null)], kv)).toBe("illegal")
    expect(verdict([op("append", "", [0, 1]), read("")], kvEmpty)).toBe("ok")
    expect(verdict([read(""), op("append", "a", [102, 103])], kv)).toBe("illegal")
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

  test("holds for a search by model, too", () => {
    const own: Model = { name: "mine", init: queue.init, step: queue.step }
    expect(checkLinearizable(puzzle, own, { timeoutMs: 300 }).verdict).toBe("unknown")
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
    expect(refute([0, 1], history, register)).toBeUndefined()
    expect(refute([0], history, register)).toContain("is missing")
    expect(refute([1, 0], [first, op("write", 3, [2, 3])], register)).toContain("comes after")
    expect(refute([0, 0, 1], history, register)).toContain("twice")
    expect(refute([0, 1], [first, op("read", null, [2, 3], 2)], register)).toContain("is not allowed")
    expect(refute([0, 1, 2], [...history, op("write", 3, [4, 5], null, { key: "y" })], register, "x")).toContain("another object")
  })

  test("has what took effect at some time, as a log tells, and not what failed", () => {
    const told = [op("write", 1, [0, null], null, { applied: true }), op("write", 2, [0, 1], null, { applied: false }), op("read", null, [5, 6], null)]
    const { keys } = checkLinearizable(told, register)
    expect(keys.map((k) => k.verdict === "ok" && [...k.witness])).toEqual([[2, 0]])
    expect(verdict([...told, op("read", null, [7, 8], 2)])).toBe("illegal")
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
