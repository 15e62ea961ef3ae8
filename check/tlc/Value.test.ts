import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { parseVariables, parseCounterexample } from "./Counterexample.ts"
import { elements, fields } from "./Slices.ts"
import { parseValue, tlaFunction, tlaSet, toTla, ValueSyntaxError } from "./Value.ts"
import type { Value } from "./Value.ts"

const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,5}$/).filter((name) => name !== "TRUE" && name !== "FALSE")
const text = fc.string({ unit: fc.constantFrom(..."ab1 \"\\\n\t,|->:@{}[]()<>=/") })
const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.boolean(), fc.integer(), text, name.map((name): Value => ({ $model: name })),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(tie("value"), { maxLength: 4 }).map(tlaSet),
    fc.array(fc.tuple(name, tie("value")), { maxLength: 4 }).map(tlaFunction),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 4 }).map(tlaFunction)
  )
}))

describe("TLA+ values", () => {
  test("what is printed is read back as the same value", () => {
    fc.assert(fc.property(value, (value) => {
      expect(parseValue(toTla(value))).toEqual(value)
    }))
  })

  test("equal values have one form: sets and functions in any order, records as string functions, functions on 1..n", () => {
    const same = (a: string, b: string) => expect(JSON.stringify(parseValue(a))).toBe(JSON.stringify(parseValue(b)))
    same("{3, 1, 2, 1}", "1..3")
    same("(b :> 1 @@ a :> {2, 1})", "( a :> {1, 2} @@\n   b :> 1 )")
    same("[y |-> 1, x |-> 2]", "(\"x\" :> 2 @@ \"y\" :> 1)")
    same("(2 :> \"b\" @@ 1 :> \"a\")", "<<\"a\", \"b\">>")
    same("<< >>", "<<>>")
  })

  test("each kind is read as its own form", () => {
    expect(parseValue("[ log |-> <<[term |-> -1]>>,\n  id |-> \"s1\", role |-> Nil, on |-> TRUE ]"))
      .toEqual({ id: "s1", log: [{ term: -1 }], on: true, role: { $model: "Nil" } })
    expect(parseValue("(0 :> {} @@ \"a b\" :> \"q\\\"\\\\\\n\")"))
      .toEqual({ $fcn: [["a b", "q\"\\\n"], [0, { $set: [] }]] })
  })

  test("a text that is no value is refused with the place and what was expected", () => {
    const refusal = (text: string) => {
      try {
        return JSON.stringify(parseValue(text))
      } catch (error) {
        return error instanceof ValueSyntaxError ? error.message : `${error}`
      }
    }
    expect(refusal("[a |-> 1, b ]")).toBe("not a TLA+ value: expected |-> at character 13, found \"]\"")
    expect(refusal("{1, 2")).toBe("not a TLA+ value: expected , or } at character 6, found the end")
    expect(refusal("SUBSET {1}")).toBe("not a TLA+ value: expected the end at character 8, found \"{1}\"")
    expect(refusal("\"open")).toMatch(/a closing quote/)
    expect(refusal("")).toMatch(/expected a value at character 1, found the end/)
  })
})

describe("slices", () => {
  test("the parts of a collection are cut where its printed elements end", () => {
    fc.assert(fc.property(fc.array(value, { maxLength: 5 }), (values) => {
      expect(elements(toTla(values)).map(parseValue)).toEqual(values)
      const set = tlaSet(values)
      expect(elements(toTla(set)).map(parseValue)).toEqual(set.$set)
    }))
  })

  test("the fields of a record and the pairs of a function are cut by key", () => {
    expect(fields("[ s1 |->\n  [a |-> <<1, \"]\">>],\n  s2 |-> {} ]")).toEqual([["s1", "[a |-> <<1, \"]\">>]"], ["s2", "{}"]])
    fc.assert(fc.property(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 4 }), (pairs) => {
      const printed = `(${pairs.map(([key, at]) => `${toTla(key)} :> ${toTla(at)}`).join(" @@ ")})`
      expect(fields(printed).map(([key, at]) => [parseValue(key), parseValue(at)])).toEqual(pairs)
    }))
  })
})

describe("error traces", () => {
  test("a state of one variable has no conjunction, one of several has", () => {
    expect(parseVariables("x = 0\n")).toEqual({ x: 0 })
    expect(parseVariables("/\\ x = {\"/\\\\\"}\n/\\ y = [ a |-> 1,\n  b |-> 2 ]\n")).toEqual({ x: { $set: ["/\\"] }, y: { a: 1, b: 2 } })
  })

  test("states carry the action that led to them, and the loop's beginning", () => {
    const states = ["1: <Initial predicate>\nx = 0", "2: <Inc line 5, col 9 to line 5, col 53 of module M>\nx = 1"]
    const initial = { action: "Init", variables: { x: 0 } }
    const second = { action: "Inc", location: "line 5, col 9 to line 5, col 53 of module M", variables: { x: 1 } }
    expect(parseCounterexample(states)).toEqual({ states: [initial, second] })
    expect(parseCounterexample([...states, "3: Stuttering"])).toEqual({ states: [initial, second], loop: 1 })
    expect(parseCounterexample([...states, "1: Back to state: <Inc line 5 of module M>"]))
      .toEqual({ states: [initial, second], loop: 0 })
    expect(parseCounterexample([...states, "Back to state 1: <Inc line 5 of module M>"]))
      .toEqual({ states: [initial, second], loop: 0 })
    expect(() => parseCounterexample(["nonsense"])).toThrow("not a state of an error trace: nonsense")
  })
})
