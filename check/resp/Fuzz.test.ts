// Goal: no nonsense breaks the RESP server, and the fuzz would notice if it did. Method: few inputs of each kind (the many
// are `node check/resp/fuzz.ts`), and servers that are wrong on purpose.
import * as Effect from "effect/Effect"
import { describe, expect, test } from "vitest"
import { answersIn, fuzzInMemory, fuzzSockets } from "./fuzz.ts"
import { MemoryGateway, testServer } from "./fakes.ts"

test("20,000 inputs in memory: nothing breaks, and all kinds of answers were heard", { timeout: 60_000 }, () => {
  const { answers, heap, kinds } = fuzzInMemory(20_000, 1)
  expect(answers).toBeGreaterThan(40_000)
  expect(heap).toBeLessThan(256)
  const least = {
    "simple": 1000, "bulk": 1000, "integer": 1000, "array": 1000, "map": 500, "null": 300, "ERR unknown command": 1000,
    "ERR Protocol error:": 1000, "ERR wrong number": 1000, "ERR syntax error": 300, "ERR key longer": 300,
    "ERR value would": 10, "ERR value longer": 5, "SESSIONEXPIRED no such": 100, "NOPROTO unsupported protocol": 100
  }
  for (const [kind, times] of Object.entries(least)) expect([kind, kinds.get(kind)! >= times]).toEqual([kind, true])
})

test("1,000 inputs over sockets: nothing breaks", { timeout: 60_000 }, async () => {
  const { answers, inputs } = await fuzzSockets(1000, 1)
  expect(inputs).toBeGreaterThanOrEqual(1000)
  expect(answers).toBeGreaterThan(1000)
})

describe("it would be noticed", () => {
  const wrong = (gateway: MemoryGateway) => () => fuzzInMemory(1000, 1, () => testServer(gateway.service))

  test("if a client's write were lost", () => {
    const gateway = new MemoryGateway()
    const execute = gateway.execute.bind(gateway)
    gateway.execute = (operation) => operation.op === "put" && operation.value === "16" ? null : execute(operation)
    expect(wrong(gateway)).toThrow(expect.objectContaining({
      cause: expect.objectContaining({ message: expect.stringContaining("a client beside it heard") })
    }))
  })

  test("if a command had no answer", () => {
    expect(wrong(new MemoryGateway(({ op }) => op === "delete" ? Effect.never : Effect.void))).toThrow(/^input \d+ of seed 1: /)
  })

  test("if an answer were cut off, or no RESP", () => {
    expect(answersIn("+OK\r\n:1\r\n")).toEqual(["simple", "integer"])
    for (const output of ["+OK\r", "$3\r\nab", "*2\r\n:1\r\n", "OK\r\n", "-ERR a\r\nb\r\n"]) {
      expect(() => answersIn(output)).toThrow()
    }
  })
})
