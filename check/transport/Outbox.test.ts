import { describe, expect, test } from "vitest"
import { Outbox, weight, whileAway, whileConnected } from "../../src/shell/transport/Outbox.ts"
import { append, vote } from "./transports.ts"

const numbers = (outbox: Outbox) => {
  const all: Array<number> = []
  for (let parcel = outbox.take(); parcel !== undefined; parcel = outbox.take()) all.push(parcel.number)
  return all
}
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, n) => first + n)
const connected = () => {
  const outbox = new Outbox()
  outbox.limits = whileConnected
  return outbox
}

describe("keeps the newest", () => {
  test("so many of them", () => {
    const outbox = connected()
    for (const n of range(1, 10_000)) outbox.add(vote("s1", "s2", n))
    expect(outbox.dropped).toBe(10_000 - whileConnected.messages)
    expect(numbers(outbox)).toEqual(range(10_000 - whileConnected.messages + 1, 10_000))
    expect(outbox.length).toBe(0)
  })

  test("of so many bytes", () => {
    const outbox = connected()
    const each = weight(append("s1", "s2", 1, 10 ** 6).message)
    const fit = Math.floor(whileConnected.bytes / each)
    for (const n of range(1, fit + 3)) outbox.add(append("s1", "s2", n, 10 ** 6))
    expect(outbox.dropped).toBe(3)
    expect(numbers(outbox)).toEqual(range(4, fit + 3))
  })

  test("fewer when the peer goes away", () => {
    const outbox = connected()
    for (const n of range(1, 1000)) outbox.add(vote("s1", "s2", n))
    outbox.limits = whileAway
    expect(numbers(outbox)).toEqual(range(1001 - whileAway.messages, 1000))
  })
})

test("what is taken in between isn't counted any more", () => {
  const outbox = connected()
  const taken: Array<number> = []
  for (const n of range(1, 20_000)) {
    outbox.add(append("s1", "s2", n, 10 ** 5))
    if (n % 3 > 0) taken.push(outbox.take()!.number)
  }
  expect(outbox.dropped).toBeGreaterThan(0)
  const all = [...taken, ...numbers(outbox)]
  expect(all.length + outbox.dropped).toBe(20_000)
  expect(all).toEqual(all.toSorted((a, b) => a - b))
})
