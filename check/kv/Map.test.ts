// Goal: the map does what it says. Method: by example.
import { describe, expect, it } from "vitest"
import { execute } from "../../src/kv/Map.ts"
import type { Data, Operation } from "../../src/kv/Map.ts"
import * as Table from "../../src/kv/Table.ts"

/** The responses, and the map at the end. */
const run = (...operations: ReadonlyArray<Operation>) => {
  let data: Data = Table.empty
  const responses = operations.map((operation) => {
    const done = execute(data, operation)
    data = done.data
    return done.response
  })
  return { responses, data: Table.entries(data) }
}

describe("the sequential map", () => {
  it("KV.Get: answers the value, and null for an absent key", () => {
    expect(run({ op: "get", key: "k" }, { op: "put", key: "k", value: "" }, { op: "get", key: "k" }).responses)
      .toEqual([null, null, ""])
  })

  it("KV.Get: no key is there because objects have it", () => {
    for (const key of ["constructor", "__proto__", "toString"]) {
      expect(run({ op: "get", key }, { op: "delete", key }).responses).toEqual([null, false])
      expect(run({ op: "put", key, value: "x" }, { op: "get", key }, { op: "delete", key }).responses)
        .toEqual([null, "x", true])
    }
  })

  it("KV.Put: replaces what was there", () => {
    expect(run({ op: "put", key: "k", value: "x" }, { op: "put", key: "k", value: "y" }).data).toEqual([["k", "y"]])
  })

  it("KV.Append: adds at the end, and to an absent key is a Put", () => {
    expect(run({ op: "append", key: "k", value: "x" }, { op: "append", key: "k", value: "y" }).data).toEqual([["k", "xy"]])
  })

  it("KV.Cas: swaps from the value expected only, and from null only an absent key", () => {
    const { data, responses } = run(
      { op: "cas", key: "k", from: "x", to: "y" },
      { op: "cas", key: "k", from: null, to: "x" },
      { op: "cas", key: "k", from: null, to: "z" },
      { op: "cas", key: "k", from: "x", to: "y" }
    )
    expect(responses).toEqual([false, true, false, true])
    expect(data).toEqual([["k", "y"]])
  })

  it("KV.Cas: the empty string is not an absent key", () => {
    expect(run({ op: "put", key: "k", value: "" }, { op: "cas", key: "k", from: null, to: "x" }).responses)
      .toEqual([null, false])
  })

  it("KV.Delete: the key is absent afterwards, and the answer tells whether it was there", () => {
    const { data, responses } = run(
      { op: "put", key: "k", value: "x" },
      { op: "delete", key: "k" },
      { op: "delete", key: "k" },
      { op: "get", key: "k" }
    )
    expect(responses).toEqual([null, true, false, null])
    expect(data).toEqual([])
  })
})
