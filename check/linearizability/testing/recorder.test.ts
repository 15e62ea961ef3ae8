import { describe, expect, test } from "vitest"
import { checkLinearizable } from "../check.ts"
import { register } from "../models/register.ts"
import { OperationTimeout, Recorder } from "./recorder.ts"

interface Client {
  readonly name: string
  readonly read: () => Promise<number | null>
  readonly write: (value: number) => Promise<string>
  readonly close: () => number
}

const calls = {
  read: () => ({ op: "read", key: "x" }),
  write: (value: number) => ({ op: "write", key: "x", value, output: () => null })
}

const clientOf = (read: () => Promise<number | null>, write: () => Promise<string> = async () => "OK"): Client => ({ name: "it", read, write, close: () => 7 })

describe("a recorded client", () => {
  test("is what it was, but for what is recorded", async () => {
    const recorder = new Recorder()
    const client = recorder.wrap(clientOf(async () => 1), calls)
    expect([client.name, client.close(), await client.write(1), await client.read()]).toEqual(["it", 7, "OK", 1])
    expect(recorder.history().operations().map(({ op, output, value }) => [op, value, output])).toEqual([["write", 1, null], ["read", null, 1]])
  })

  test("has integer times, all different, in the order in which things happened", async () => {
    const recorder = new Recorder()
    const client = recorder.wrap(clientOf(async () => null), calls)
    for (let i = 0; i < 100; i++) await client.write(i)
    const times = recorder.history().operations().flatMap((x) => [x.call, x.return!])
    expect(times.every(Number.isSafeInteger)).toBe(true)
    expect(new Set(times).size).toBe(200)
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })

  test("has a number for each of its calls that overlap", async () => {
    const recorder = new Recorder()
    const [a, b] = [recorder.wrap(clientOf(async () => null), calls), recorder.wrap(clientOf(async () => null), calls)]
    await Promise.all([a.read(), a.read(), b.read()])
    await a.read()
    const numbers = recorder.history().operations().map((x) => x.client)
    expect(new Set(numbers.slice(0, 3)).size).toBe(3)
    expect(numbers.slice(0, 2)).toContain(numbers[3])
  })

  test("gets a new number after an unknown outcome, and keeps it after a known failure", async () => {
    const recorder = new Recorder({ hasFailed: (error) => error === "refused" })
    const errors = ["refused", "lost"]
    const client = recorder.wrap(clientOf(async () => null, async () => Promise.reject(errors.shift())), calls)
    await expect(client.write(1)).rejects.toBe("refused")
    await expect(client.write(2)).rejects.toBe("lost")
    await client.read()
    expect(recorder.history().operations()).toMatchObject([
      { client: 0, value: 1, return: null, applied: false },
      { client: 0, value: 2, return: null },
      { client: 1, output: null }
    ])
  })

  test("keeps its number where the model needs it", async () => {
    const recorder = new Recorder()
    const client = recorder.wrap(clientOf(async () => null, async () => Promise.reject(new Error("lost"))), calls, { keepsNumber: true })
    await client.write(2).catch(() => {})
    await Promise.all([client.read(), client.read()])
    expect(recorder.history().operations().map((x) => x.client)).toEqual([0, 0, 0])
  })

  test("is not waited for longer than told: the outcome is unknown", async () => {
    const recorder = new Recorder({ timeoutMs: 5 })
    const client = recorder.wrap(clientOf(() => new Promise(() => {})), calls)
    await expect(client.read()).rejects.toThrow(OperationTimeout)
    expect(recorder.history().operations()).toMatchObject([{ op: "read", return: null }])
  })

  test("has an unknown outcome as long as it has none", async () => {
    const recorder = new Recorder()
    const written = Promise.withResolvers<string>()
    const client = recorder.wrap(clientOf(async () => 1, () => written.promise), calls)
    const write = client.write(1)
    await client.read()
    expect(checkLinearizable(recorder.history(), register).verdict).toBe("ok")
    expect(recorder.history().operation(0).return).toBeNull()
    written.resolve("OK")
    await write
    expect(recorder.history().operation(0).return).not.toBeNull()
  })
})
