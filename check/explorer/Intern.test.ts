import fc from "fast-check"
import { describe, expect, test, vi } from "vitest"
import { canonical, Interner } from "./Intern.ts"

// However busy the machine.
vi.setConfig({ testTimeout: 120_000 })

describe("canonical JSON", () => {
  test("the order of keys doesn't matter, that of arrays does", () => {
    expect(canonical({ b: [2, { d: 1, c: null }], a: "x" })).toBe('{"a":"x","b":[2,{"c":null,"d":1}]}')
    expect(canonical([1, 2])).not.toBe(canonical([2, 1]))
  })

  test("it reads back as the same value", () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
      expect(canonical(JSON.parse(canonical(value)))).toBe(canonical(value))
      expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)))
    }))
  })

  test.each([
    ["a Set", new Set([1])],
    ["a Map", { votes: new Map() }],
    ["a Date", [new Date(0)]],
    ["NaN", Number.NaN],
    ["bigint", 1n],
    ["function", () => 1],
    ["undefined", [undefined]]
  ])("%s is refused", (name, value) => {
    expect(() => canonical(value)).toThrow(name)
  })
})

describe("interning", () => {
  test("two values have the same number exactly when their canonical JSON is the same", () => {
    const small = fc.record({ a: fc.nat(1), b: fc.array(fc.record({ c: fc.nat(1) })) }, { requiredKeys: [] })
    fc.assert(fc.property(fc.array(fc.oneof(small, fc.jsonValue({ maxDepth: 2 }))), (values) => {
      const interner = new Interner<unknown>()
      const number = (value: unknown): number => {
        const known = interner.find(value)
        return known >= 0 ? known : interner.add(value)
      }
      const ids = values.map(number)
      expect(values.map(number)).toEqual(ids)
      const texts = values.map(canonical)
      values.forEach((_, a) => values.forEach((_, b) => expect(ids[a] === ids[b]).toBe(texts[a] === texts[b])))
    }))
  })

  test("an equal value with its keys in another order is found", () => {
    const interner = new Interner<unknown>()
    expect(interner.find({ a: 1, b: 2 })).toBe(-1)
    expect(interner.add({ a: 1, b: 2 })).toBe(0)
    expect(interner.find({ b: 2, a: 1 })).toBe(0)
    expect(interner.find({ b: 1, a: 2 })).toBe(-1)
  })
})
