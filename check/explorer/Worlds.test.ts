import { describe, expect, test } from "vitest"
import { Ledger, ledgerBuffers } from "./Ledger.ts"
import { Locals } from "./Locals.ts"
import { lossyCounter } from "./toys.ts"
import { emptyTables, ints, sharedInts, SharedWorlds, Worlds } from "./Worlds.ts"

/** Adds vectors, all with the same hash. */
const addClashing = (worlds: Worlds, vectors: ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<number> => {
  const rows = Int32Array.from(vectors.flatMap((vector) => [...vector, -1]))
  worlds.grow(vectors.length)
  worlds.addAll(rows, new Int32Array(vectors.length).fill(7), 0, vectors.length)
  return [...worlds.added.subarray(0, worlds.addedCount)]
}

describe.each([
  ["one thread's worlds", () => new Worlds(emptyTables(4, ints))],
  ["shared worlds", () => new SharedWorlds(emptyTables(4, sharedInts))]
])("%s", (_, make) => {
  test.each([0, 1, 2, 3])("W13: vectors of one hash that differ in component %d only are two", (component) => {
    const worlds = make()
    const vector = [5, 5, 5, 5]
    expect(addClashing(worlds, [vector, vector.with(component, 6), vector])).toEqual([0, 1])
    expect(addClashing(worlds, [vector.with(component, 6), vector.with(component, 7)])).toEqual([2])
    expect(worlds.count).toBe(3)
  })
})

test("threads that share a ledger give the same numbers, whoever comes first", () => {
  const buffers = ledgerBuffers()
  const toy = lossyCounter(3)
  const [first, second] = [new Locals(toy, new Ledger(buffers)), new Locals(toy, new Ledger(buffers))]
  const other = { ...toy.root, actors: [{ id: 0, count: 2 }, { id: 1, count: 1 }], messages: [2, 1, 1] }
  expect(first.encode(toy.root)).toEqual(second.encode(toy.root))
  expect(second.encode(other)).toEqual(first.encode(other))
  expect(first.encode(other)).not.toEqual(first.encode(toy.root))
  expect(first.decode(second.encode(other))).toEqual({ ...other, messages: expect.arrayContaining([1, 2]) })
})
