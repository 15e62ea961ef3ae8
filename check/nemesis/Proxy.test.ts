import { once } from "node:events"
import { connect, createServer } from "node:net"
import type { AddressInfo, Socket } from "node:net"
import { setTimeout as pause } from "node:timers/promises"
import { describe, expect, onTestFinished, test } from "vitest"
import { frame, FrameSplitter, longestFrame } from "../../src/shell/transport/Frames.ts"
import { Random } from "../Random.ts"
import { fine, Link } from "./Proxy.ts"

/** A receiver that welcomes who comes, and what has reached it. */
const receiver = async () => {
  const arrived: Array<string> = []
  const sockets: Array<Socket> = []
  const server = createServer((socket) => {
    const splitter = new FrameSplitter(longestFrame)
    sockets.push(socket)
    socket.on("error", () => {})
    socket.on("data", (chunk) => {
      for (const body of splitter.push(chunk) as ReadonlyArray<Buffer>) arrived.push(body.toString())
      if (arrived.at(-1) === "hello") socket.write(frame("welcome"))
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { arrived, port: (server.address() as AddressInfo).port }
}

/** A sender, and a link between the two. */
const linked = async () => {
  const { arrived, port } = await receiver()
  const link = await Link.open(port, new Random(1))
  onTestFinished(() => link.close())
  const dial = async () => {
    const socket = connect(link.port, "127.0.0.1").on("error", () => {})
    onTestFinished(() => void socket.destroy())
    await once(socket, "connect")
    socket.write(frame("hello"))
    return socket
  }
  const socket = await dial()
  const [answer] = await once(socket, "data") as [Buffer]
  expect(answer.toString("utf8", 4)).toBe("welcome")
  arrived.length = 0
  return { arrived, dial, link, socket }
}

const numbers = Array.from({ length: 200 }, (_, n) => String(n))
const until = async (holds: () => boolean) => {
  for (let n = 0; n < 200 && !holds(); n++) await pause(10)
  expect(holds()).toBe(true)
}
const sendAll = (socket: Socket) => {
  for (const text of numbers) socket.write(frame(text))
}

describe("a link between two servers", () => {
  test("passes everything in order while all is fine, frames of any size", async () => {
    const { arrived, link, socket } = await linked()
    sendAll(socket)
    const long = "x".repeat(9 * 2 ** 20)
    socket.write(frame(long))
    await until(() => arrived.length === 201)
    expect(arrived).toEqual([...numbers, long])
    const { passed, passedBytes, ...other } = link.toll
    expect([passed, passedBytes > 9 * 2 ** 20, Object.values(other).every((n) => n === 0)]).toEqual([202, true, true])
  })

  test("holds what is sent while it is blocked, refuses newcomers, and lets all of it through when it is healed", async () => {
    const { arrived, dial, link, socket } = await linked()
    link.conditions = { ...fine, blocked: true }
    sendAll(socket)
    const late = await dial()
    await once(late, "close")
    await until(() => link.toll.blockedBytes > 0)
    await pause(50)
    expect([arrived.length, link.toll.refused]).toEqual([0, 1])
    link.conditions = fine
    await until(() => arrived.length === 200)
    expect(arrived).toEqual(numbers)
  })

  test("delays, and keeps the order", async () => {
    const { arrived, link, socket } = await linked()
    link.conditions = { ...fine, delay: 80, jitter: 40 }
    sendAll(socket)
    await pause(60)
    expect(arrived).toEqual([])
    await until(() => arrived.length === 200)
    expect([arrived, link.toll.delayed]).toEqual([numbers, 200])
  })

  test("has only so many bytes a second", async () => {
    const { arrived, link, socket } = await linked()
    const start = performance.now()
    link.conditions = { ...fine, bytesPerSecond: 10_000 }
    for (let n = 0; n < 5; n++) socket.write(frame("y".repeat(996)))
    await until(() => arrived.length === 5)
    expect(performance.now() - start).toBeGreaterThan(400)
    expect(link.toll.throttled).toBe(4)
  })

  test("loses, doubles and swaps frames, but never the handshake", async () => {
    for (const [condition, count] of [["lost", 0], ["doubled", 400], ["overtaken", 200]] as const) {
      const { arrived, dial, link, socket } = await linked()
      link.conditions = { ...fine, [condition]: 100 }
      sendAll(socket)
      await until(() => link.toll[condition] >= 100 && arrived.length === count)
      if (condition === "doubled") expect(arrived).toEqual(numbers.flatMap((n) => [n, n]))
      if (condition === "overtaken") {
        expect(arrived.toSorted()).toEqual(numbers.toSorted())
        expect(arrived.slice(0, 4)).toEqual(["1", "0", "3", "2"])
      }
      const [answer] = await once(await dial(), "data") as [Buffer]
      expect(answer.toString("utf8", 4)).toBe("welcome")
    }
  })

  test("a frame that nothing overtakes arrives nevertheless", async () => {
    const { arrived, link, socket } = await linked()
    link.conditions = { ...fine, overtaken: 100 }
    socket.write(frame("alone"))
    await until(() => arrived.length === 1)
    expect(link.toll.overtaken).toBe(0)
  })

  test("what a sender has sent before its end arrives, also after a block; then the receiver hears of the end", async () => {
    const { arrived, link, socket } = await linked()
    link.conditions = { ...fine, blocked: true }
    sendAll(socket)
    socket.end()
    await once(socket, "close")
    link.conditions = fine
    await until(() => arrived.length === 200)
  })

  test("without the receiver the sender is hung up on", async () => {
    const link = await Link.open(1, new Random(1))
    onTestFinished(() => link.close())
    const socket = connect(link.port, "127.0.0.1").on("error", () => {})
    await once(socket, "close")
  })
})
