// Goal: an explanation says why there is no order, in a terminal, as data and as a picture, and each says the same.
// Method: one small violation word for word; larger ones, simulated, by what must hold in them.
import { describe, expect, test } from "vitest"
import { History } from "../linearizability/History.ts"
import { kvEmpty as kv } from "../linearizability/models/kv.ts"
import { objectDrawing } from "./browser/ObjectScene.ts"
import { columnsOf } from "./Columns.ts"
import { explained } from "./Explained.ts"
import { firstBad, operation, simulated, staleRead } from "./fixtures.ts"
import { historyPicture } from "./HistoryPicture.ts"
import type { ObjectSheet } from "./Picture.ts"
import { explanationText } from "./Timeline.ts"
import { operationWords, shortened } from "./Words.ts"

const small = staleRead()
const text = (options?: Parameters<typeof explanationText>[3]) => explanationText(small.history, kv, firstBad(small.result), options)

describe("In a terminal", () => {
  test("a timeline of the core, then the longest orders, and why nothing can come next", () => {
    expect(text()).toBe(`"x" is not linearizable: get() -> "a" was called after put("b") had returned, and nobody wrote "a"
again.

  client 1  |-- 1 put("a") --| |== 2 put("b") ==|
  client 3                                        |== 3 get() -> "a" ==|

  == core, -- context, 6 other operations are not shown

  - 1 put("a") by client 1 @ 10..20
  = 2 put("b") by client 1 @ 30..40
  = 3 get() -> "a" by client 3 @ 50..60

With the return of get() -> "a" by client 3 there is no order any more; 4 operations had returned
before.

Longest order 1 of 2 has 4 operations; the state after each:
  1 put("a") by client 1      "a"
  2 get() -> "a" by client 2  "a"
  3 put("b") by client 1      "b"
  4 get() -> "b" by client 2  "b"
  and none of these can come next:
  x get() -> "a" by client 3
      the state is "b", not "a"
  x put("z") -> ? by client 4
      after it the state would be "z", and get() -> "a" could not come either
  x append("c") -> ? by client 6
      after it the state would be "bc", and get() -> "a" could not come either

Longest order 2 of 2 has 5 operations; the state after each:
  1 put("z") -> ? by client 4  "z"
  2 put("a") by client 1       "a"
  3 get() -> "a" by client 2   "a"
  4 put("b") by client 1       "b"
  5 get() -> "b" by client 2   "b"
  and none of these can come next:
  x get() -> "a" by client 3
      the state is "b", not "a"
  x append("c") -> ? by client 6
      after it the state would be "bc", and get() -> "a" could not come either`)
  })

  test("operations that overlap are drawn so, also if they only touch; an unknown end is open", () => {
    const history = History.of([
      operation({ client: 1, op: "put", value: "a", call: 1, return: 5 }),
      operation({ client: 2, op: "put", value: "b", call: 5, return: 9 }),
      operation({ client: 3, op: "put", value: "c", call: 6 }),
      operation({ client: 4, op: "put", value: "d", call: 7, applied: true })
    ])
    const explanation = { reason: "r", core: [0, 1, 2, 3], isMinimal: true, forgets: false, context: [], blocked: 1, before: 1, prefixes: [] }
    const [, , ...lines] = explanationText(history, kv, { key: "x", operations: 4, explanation }).split("\n")
    expect(lines.slice(0, 4)).toEqual([
      "  client 1  |== 1 put(\"a\") ==|",
      "  client 2    |==== 2 put(\"b\") ====|",
      "  client 3                     |=== 3 put(\"c\") -> ? ===>",
      "  client 4                       |== 4 put(\"d\") -> ? ==>"
    ])
  })

  test("where there is no room for words, bars have the numbers under which they are listed", () => {
    const history = History.of([
      operation({ client: 1, op: "put", value: "a".repeat(2_000), call: 1, return: 2 }),
      operation({ client: 2, op: "put", value: "b", call: 3, return: 4 }),
      operation({ client: 3, op: "put", value: "c", call: 5, return: 6 }),
      operation({ client: 4, op: "get", output: "a".repeat(2_000), call: 7, return: 8 })
    ])
    const explanation = { reason: "nobody knows why", core: [1, 2, 3], isMinimal: false, forgets: false, context: [0], blocked: 3, before: 3, prefixes: [] }
    const explained = explanationText(history, kv, { key: "x", operations: 4, explanation }, { width: 60 })
    expect(explained).toBe(`"x" is not linearizable: nobody knows why.

  client 1  |-- 1 --|
  client 2             |== 2 ===|
  client 3                         |== 3 ===|
  client 4                                     |== 4 ===|

  == core, -- context

  - 1 put("aaaaaaaaaaaaaaaaaaaaaaa … aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") by client 1 @ 1..2
  = 2 put("b") by client 2 @ 3..4
  = 3 put("c") by client 3 @ 5..6
  = 4 get() -> "aaaaaaaaaaaaaaaaaaaaaaa … aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" by client 4 @ 7..8

Time ran out before it was known that the core can't be
smaller.
With the return of get() -> "aaaaaaaaaaaaaaaaaaaaaaa …
aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" by client 4 there is no
order any more; 3 operations had returned before.`)
  })

  test("colour adds nothing that isn't there without it", () => {
    expect(text({ colour: true }).replaceAll(/\x1b\[[\d;]*m/g, "")).toBe(text())
    expect(text({ colour: true })).not.toBe(text())
  })
})

test("As data: with the operations that are spoken of", () => {
  const { operations, ...explanation } = explained(small.history, firstBad(small.result).explanation)
  expect(explanation).toEqual(firstBad(small.result).explanation)
  expect(Object.keys(operations)).toEqual(["0", "1", "3", "5", "7"])
  expect(operations[1]).toEqual(operation({ client: 4, op: "put", value: "z", call: 12 }))
})

describe("Words", () => {
  test.each([[0, "put(\"a\")"], [1, "put(\"z\") -> ?"], [2, "get() -> \"a\""], [4, "put(\"f\") failed"]])("of row %i: %s", (row, words) =>
    expect(operationWords(small.history, row, kv)).toBe(words))
  test("a model's own come first", () => expect(operationWords(small.history, 0, { ...kv, describe: (x) => `${x.op}!` })).toBe("put!"))
  test("what is long is cut in the middle, and says so", () => {
    expect(shortened("x".repeat(30), 30)).toBe("x".repeat(30))
    expect(shortened("abcdefghi".repeat(10), 9)).toBe("abc … defghi (90 characters)")
    expect(shortened("😀".repeat(10), 7).isWellFormed()).toBe(true)
  })
})

test("A column for each moment; at equal times calls come before returns", () => {
  const { ends, starts, times } = columnsOf([10, 20, 20, 30], [20, 20, Infinity, 30])
  expect([...times]).toEqual([10, 20, 20, 30, 30])
  expect(starts).toEqual([0, 1, 1, 3])
  expect(ends).toEqual([2, 2, Infinity, 4])
})

describe("As a picture", () => {
  const drawing = (simulation: Parameters<typeof simulated>[0]) => {
    const { history, result } = simulated(simulation)
    const picture = historyPicture(history, kv, result, { title: "t" })
    return { picture, drawings: picture.sheets.map((sheet) => objectDrawing(picture, sheet as ObjectSheet)) }
  }
  const many = drawing({ operations: 3_000, clients: 60, keys: 3, unknown: 0.05, bad: 2 })

  test("bad objects come first, and every operation is there once", () => {
    expect(many.picture.sheets.map((sheet) => sheet.kind === "object" && sheet.verdict)).toEqual(["illegal", "illegal", "ok"])
    expect(many.drawings.flatMap(({ scene }) => scene.bars.map(({ item }) => item)).sort((a, b) => a - b)).toEqual([...Array(3_000).keys()])
  })

  test("an order runs from left to right, through every operation of it between its call and its return", () => {
    for (const { path, scene } of many.drawings) {
      const bars = new Map(scene.bars.map((bar) => [bar.item, bar]))
      const { columns, items } = path(scene, 0)!
      expect(items.length).toBeGreaterThan(300)
      items.forEach((item, n) => {
        const { from, to } = bars.get(item)!
        expect(columns[n]).toBeGreaterThanOrEqual(from)
        expect(columns[n]).toBeLessThan(to)
        if (n > 0) expect(columns[n]).toBeGreaterThan(columns[n - 1]!)
      })
    }
  })

  test("clients that are never active together share a lane, and no two bars lie on each other", () => {
    for (const { scene } of many.drawings) {
      expect(scene.lanes.length).toBeLessThan(70)
      const lanes = Map.groupBy(scene.bars, ({ lane }) => lane)
      for (const bars of lanes.values()) {
        bars.forEach((bar, n) => n > 0 && expect(bars[n - 1]!.drawnTo).toBeLessThan(bar.from))
      }
    }
  })

  test("few clients have lanes in their order; of many, those that matter come first", () => {
    const lanes = drawing({ operations: 100, clients: 5 }).drawings[0]!.scene.lanes
    expect(lanes.map(({ name }) => name)).toEqual([0, 1, 2, 3, 4].map((n) => `client ${n}`))
    const { scene } = many.drawings[0]!
    const marked = scene.bars.filter(({ mark }) => mark !== "none")
    expect(marked).toHaveLength(3)
    for (const { lane } of marked) expect(lane).toBeLessThan(3)
  })

  test("without room for all operations, those near the core of a bad object stay; what is left out is told", () => {
    const { history, result } = simulated({ operations: 3_000, clients: 10, keys: 2, bad: 1 })
    const { operations, sheets } = historyPicture(history, kv, result, { title: "t", room: 200 })
    const [first, second] = sheets as ReadonlyArray<ObjectSheet>
    expect([first!.count, second!.count]).toEqual([200, 0])
    expect(first!.count + first!.left + second!.left).toBe(3_000)
    expect(first!.core.every((item) => item >= 0)).toBe(true)
    expect(operations.calls).toHaveLength(200)
    const middle = operations.calls[first!.core[0]!]!
    expect(operations.calls[0]).toBeLessThan(middle)
    expect(operations.calls[199]).toBeGreaterThan(middle)
  })
})
