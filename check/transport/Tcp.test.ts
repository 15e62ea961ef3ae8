// Goal: over real sockets, messages get through, and nothing that comes in does harm. Method: transports of this machine,
// and raw sockets that say what no transport would.
import { afterEach, describe, expect, test } from "vitest"
import type { TcpOptions } from "../../src/shell/transport/Tcp.ts"
import { freePorts, optionsFor, type Running, start as startOne, until, vote } from "./transports.ts"

const running = new Set<Running>()
const start = async (options: TcpOptions, how?: Parameters<typeof startOne>[1]) => {
  const one = await startOne(options, how)
  running.add(one)
  return one
}
const stop = async (one: Running) => {
  running.delete(one)
  await one.close()
}
afterEach(async () => {
  for (const one of running) await stop(one)
})

const startAll = async (count: number) => {
  const all: Array<Running> = []
  for (const options of optionsFor(await freePorts(count))) all.push(await start(options))
  return all
}

describe("delivery", () => {
  test("both ways between three", async () => {
    const all = await startAll(3)
    for (const from of all) {
      for (const to of all) if (from !== to) for (let n = 1; n <= 50; n++) from.send(vote(from.id, to.id, n))
    }
    await until("all messages", () => all.every(({ received }) => received.length === 100))
    for (const to of all) {
      for (const from of all) {
        if (from === to) continue
        // In the order in which they were sent.
        const expected = Array.from({ length: 50 }, (_, n) => vote(from.id, to.id, n + 1))
        expect(to.received.filter(({ message }) => message.source === from.id)).toEqual(expected)
        expect(from.counts(to.id).out).toMatchObject({ connected: true, messages: 50, dropped: 0, waiting: 0 })
        expect(to.counts(from.id).in.messages).toBe(50)
      }
    }
  })
})
