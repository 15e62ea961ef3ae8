// Goal: a table does what a Map does, gives back what it was given untouched, and looks the same however it came about.
// Method: random changes, beside a Map; of keys with many hashes, and of keys with few.
import fc from "fast-check"
import { isDeepStrictEqual as equal } from "node:util"
import { describe, expect, it } from "vitest"
import * as Table from "../../src/kv/Table.ts"
import { canonical } from "../explorer/Intern.ts"
import { text } from "./arbitraries.ts"

type Change<K extends Table.Key> =
  | { readonly type: "set"; readonly key: K; readonly value: number }
  | { readonly type: "remove"; readonly key: K }
  | { readonly type: "removeBelow"; readonly bound: number }

const changes = <K extends Table.Key>(key: fc.Arbitrary<K>): fc.Arbitrary<ReadonlyArray<Change<K>>> =>
  fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.record({ type: fc.constant("set" as const), key, value: fc.integer({ min: 0, max: 20 }) }) },
      { weight: 4, arbitrary: fc.record({ type: fc.constant("remove" as const), key }) },
      { weight: 1, arbitrary: fc.record({ type: fc.constant("removeBelow" as const), bound: fc.integer({ min: 0, max: 8 }) }) }
    ),
    { size: "+1" }
  )

/** In pairs and, as numbers, in fives of the same hash (FNV-1a of 32 bits). */
const colliding = fc.constantFrom("costarring", "liquid", "declinate", "macallums", "altarages", "zinkes")
const folded = fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 4 })).map(([low, high]) => low + 2 ** 32 * high)

const kinds: ReadonlyArray<readonly [string, fc.Arbitrary<Table.Key>]> = [
  ["any strings", text],
  ["strings of few hashes", colliding],
  ["small numbers", fc.nat({ max: 2000 })],
  ["any numbers", fc.maxSafeNat()],
  ["numbers of few hashes", folded]
]

/** Everything is measured by its value. */
const change = <K extends Table.Key>(table: Table.Table<K, number>, c: Change<K>): Table.Table<K, number> => {
  switch (c.type) {
    case "set":
      return Table.set(table, c.key, c.value, c.value)
    case "remove":
      return Table.remove(table, c.key)
    case "removeBelow":
      return Table.removeBelow(table, c.bound)
  }
}

const after = (all: ReadonlyArray<Change<Table.Key>>): Table.Table<Table.Key, number> =>
  all.reduce<Table.Table<Table.Key, number>>(change, Table.empty)

const changeMap = <K extends Table.Key>(map: Map<K, number>, c: Change<K>): void => {
  if (c.type === "set") map.set(c.key, c.value)
  else if (c.type === "remove") map.delete(c.key)
  else for (const [key, value] of map) if (value < c.bound) map.delete(key)
}

const inOrder = <K extends Table.Key>(map: ReadonlyMap<K, number>): ReadonlyArray<readonly [K, number]> =>
  [...map].sort(([a], [b]) => a < b ? -1 : 1)

const frozen = <A>(value: A): A => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) Object.values(Object.freeze(value)).forEach(frozen)
  return value
}

describe.each(kinds)("with %s", (_, key) => {
  it("a table has what a Map has after the same changes, and no table changes", () => {
    fc.assert(fc.property(changes(key), key, (all, other) => {
      const map = new Map<Table.Key, number>()
      let table: Table.Table<Table.Key, number> = Table.empty
      for (const c of all) {
        table = frozen(change(table, c))
        changeMap(map, c)
        expect(table.size).toBe(map.size)
        for (const k of [other, ...map.keys(), ..."key" in c ? [c.key] : []]) expect(Table.get(table, k)).toBe(map.get(k))
      }
      expect(Table.entries(table)).toEqual(inOrder(map))
      expect(Table.keys(table)).toEqual(inOrder(map).map(([k]) => k))
    }))
  })

  it("tables with the same entries are equal all through, whatever has happened; others aren't", () => {
    fc.assert(fc.property(changes(key), changes(key), (all, others) => {
      const [table, other] = [after(all), after(others)]
      const again = Table.tableOf(Table.entries(table).toReversed(), (value) => value)
      expect(again).toStrictEqual(table)
      expect(canonical(again)).toBe(canonical(table))
      expect(equal(table, other)).toBe(equal(Table.entries(table), Table.entries(other)))
    }))
  })

  it("a change that changes nothing gives the table itself", () => {
    fc.assert(fc.property(changes(key), key, (all, other) => {
      const table = after(all)
      for (const [k, value] of Table.entries(table)) expect(Table.set(table, k, value, value)).toBe(table)
      if (Table.get(table, other) === undefined) expect(Table.remove(table, other)).toBe(table)
      const least = Math.min(...Table.entries(table).map(([, value]) => value))
      expect(Table.removeBelow(table, least)).toBe(table)
      expect(Table.removeBelow(table, least + 1) === table).toBe(table.size === 0)
    }))
  })
})

describe("a table of many entries", () => {
  const many = Array.from({ length: 5000 }, (_, n) => [`key ${n}`, n] as const)

  /** How many objects of `table` the other lacks. */
  const own = (table: object, other: object): number => {
    const parts = (of: unknown): ReadonlyArray<unknown> =>
      typeof of === "object" && of !== null ? [of, ...Object.values(of).flatMap(parts)] : []
    const known = new Set(parts(other))
    return parts(table).filter((part) => !known.has(part)).length
  }

  it("shares all but the way to a change", () => {
    const table = Table.tableOf(many, (value) => value)
    expect(own(table, Table.empty)).toBeGreaterThan(5000)
    // On each level of the way a branch and its array; and the entry.
    for (const [k] of many.slice(0, 50)) expect(own(Table.set(table, k, -1), table)).toBeLessThanOrEqual(2 * 5 + 1)
    for (const [k] of many.slice(0, 50)) expect(own(Table.remove(table, k), table)).toBeLessThanOrEqual(2 * 5)
  })

  it("looks for what is below a bound only where it is", () => {
    let looks = 0
    const watched = <A extends object>(node: A): A =>
      new Proxy(node, {
        get: (of, name) => {
          if (name === "least") looks++
          const part: unknown = Reflect.get(of, name)
          return typeof part === "object" && part !== null ? watched(part) : part
        }
      })
    const table = Table.tableOf(many, (value) => value)
    Table.removeBelow(watched(table), 0)
    expect(looks).toBe(1)
    expect(Table.removeBelow(watched(table), 1).size).toBe(4999)
    expect(looks).toBeLessThan(1000)
  })

  it("is shallow: keys that are alike part in the first few levels", () => {
    const depth = (node: object): number => "nodes" in node ? 1 + Math.max(...(node.nodes as ReadonlyArray<object>).map(depth)) : 0
    expect(depth(Table.tableOf(many))).toBeLessThanOrEqual(5)
    expect(depth(Table.tableOf(many.map(([, n]) => [n * 2 ** 16, n])))).toBeLessThanOrEqual(5)
  })
})
