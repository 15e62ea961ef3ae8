import { expect, test } from "vitest"
import type { Operation } from "../History.ts"
import { History } from "../History.ts"
import { queue } from "../models/queue.ts"
import { register } from "../models/register.ts"
import "./vitest.ts"

const op = (name: string, value: number | null, call: number, output: number | null = null): Operation =>
  ({ client: 1, op: name, key: "x", value, call, return: call + 1, output })
const good = [op("write", 1, 0), op("read", null, 2, 1)]
const bad = [...good, op("read", null, 4, 2)]
const message = (claim: () => void): string => {
  try {
    claim()
  } catch (error) {
    return (error as Error).message
  }
  return ""
}

test("linearizable histories pass, and others fail with the explanation", () => {
  expect(good).toBeLinearizable(register)
  expect(History.of(good)).toBeLinearizable(register)
  expect(bad).not.toBeLinearizable(register)
  expect(message(() => expect(bad).toBeLinearizable(register))).toMatch(/^"x" is not linearizable: .*read\(\) -> 2.*\n[^]*= 1 read\(\) -> 2 by client 1 @ 4\.\.5/)
  expect(message(() => expect(good).not.toBeLinearizable(register))).toBe("the history of 2 operations is linearizable for register")
})

test("undecided is neither", () => {
  const puzzle = [
    ...Array.from({ length: 60 }, (_, i) => ({ ...op("enq", i % 7, 0), client: i, return: 100 })),
    ...Array.from({ length: 60 }, (_, i) => op("deq", null, 200 + 2 * i, (i * i) % 7))
  ]
  const undecided = '"x" is undecided: out of time'
  expect(message(() => expect(puzzle).toBeLinearizable(queue, { timeoutMs: 1 }))).toBe(undecided)
  expect(message(() => expect(puzzle).not.toBeLinearizable(queue, { timeoutMs: 1 }))).toBe(undecided)
})

test("what the model does not know is a mistake", () => {
  expect(() => expect([op("get", null, 0)]).toBeLinearizable(register)).toThrow(/operation "get" is unknown to model register/)
})
