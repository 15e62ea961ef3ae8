// Goal: only who holds a certificate of the cluster's authority in its own name speaks, and is spoken to, as a server.
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as tls from "node:tls"
import { afterEach, describe, expect, test, vi } from "vitest"
import { layerTcp, type TcpOptions } from "../../src/shell/transport/Tcp.ts"
import type { Certificates } from "../../src/shell/Certificates.ts"
import { certificates, hasOpenssl } from "./certificates.ts"
import { freePorts } from "../freePorts.ts"
import { optionsFor, Raw, type Running, start, until, vote } from "./transports.ts"

vi.setConfig({ testTimeout: 60_000 })

const running: Array<Running> = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.close()
})

/** Two servers with these files. */
const two = async (first: Certificates | undefined, second: Certificates | undefined) => {
  const [o1, o2] = optionsFor(await freePorts(2)) as readonly [TcpOptions, TcpOptions]
  const startWith = (options: TcpOptions, files: Certificates | undefined) =>
    start(files === undefined ? options : { ...options, tls: files })
  const both = [await startWith(o1, first), await startWith(o2, second)] as const
  running.push(...both)
  return both
}

const warnings = (one: Running, part = "") => one.log.filter((line) => line.startsWith("Warn") && line.includes(part))

describe.skipIf(!hasOpenssl)("mutual TLS (needs the openssl command, version 3)", () => {
  const ours = hasOpenssl ? certificates(["s1", "s2", "s3", "DNS:s2", "DNS:*"]) : undefined!
  const others = hasOpenssl ? certificates(["s2"]) : undefined!

  test.each(["s2", "DNS:s2"] as const)("lets in who has a certificate for %s", async (name) => {
    const [s1, s2] = await two(ours.s1, ours[name])
    s1.send(vote("s1", "s2", 1))
    s2.send(vote("s2", "s1", 1))
    await until("both messages", () => s1.received.length === 1 && s2.received.length === 1)
  })

  /** Neither gets a word of the other, and what each says of it is said once. */
  const apart = async (second: Certificates | undefined, first = ours.s1) => {
    const [s1, s2] = await two(first, second)
    s1.send(vote("s1", "s2", 1))
    s2.send(vote("s2", "s1", 1))
    await until("each has said why", () => warnings(s1).length > 0 && warnings(s2).length > 0)
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect([s1.received, s2.received]).toEqual([[], []])
    for (const { log } of [s1, s2]) expect(log.length).toBe(new Set(log).size)
    return [s1, s2] as const
  }

  test("not who has one of another authority", async () => {
    const [s1, s2] = await apart({ ...others.s2, ca: ours.s1.ca })
    expect(warnings(s1, "s1 has no connection to s2")).toHaveLength(1)
    expect(warnings(s1, "s1 refused a connection")).toEqual([expect.stringContaining("certificate: UNABLE_TO_VERIFY")])
    expect(warnings(s2, "s2 has no connection to s1")).toHaveLength(1)
  })

  test.each(["s3", "DNS:*"] as const)("not who has one for %s", async (name) => {
    const [s1] = await apart(ours[name])
    const once = [expect.stringContaining("the certificate isn't s2's")]
    expect(warnings(s1, "s1 has no connection to s2")).toEqual(once)
    expect(warnings(s1, `s1 refused a connection of "s2"`)).toEqual(once)
  })

  test("not who has none: without TLS", async () => {
    const [s1, s2] = await apart(undefined)
    expect(warnings(s1, "s1 refused a connection of 127.0.0.1")).toHaveLength(1)
    expect(warnings(s2, "s2 has no connection to s1")).toHaveLength(1)
  })

  test("not who has none: with TLS", async () => {
    const [s1] = await two(ours.s1, ours.s2)
    const one = tls.connect({ host: "127.0.0.1", port: s1.port, ca: ours.s1.ca, servername: "s1" })
    let closed = false
    one.on("error", () => {}).on("close", () => {
      closed = true
    })
    await until("its end", () => closed)
    const line = "s1 refused a connection of 127.0.0.1: peer did not return a certificate"
    await until("a line", () => warnings(s1, line).length === 1)
  })

  test.each<[string, Partial<Certificates>]>([
    ["an authority that isn't one", { ca: "authority" }],
    ["a key that isn't the certificate's", { key: others?.s2.key }]
  ])("no start with %s", async (_, files) => {
    const [options] = optionsFor(await freePorts(2)) as readonly [TcpOptions]
    const start = Effect.scoped(Layer.build(layerTcp({ ...options, tls: { ...ours.s1, ...files } })))
    expect(await Effect.runPromise(Effect.flip(start))).toMatchObject({ _tag: "TransportError", kind: "certificate" })
  })

  test("a close doesn't wait for who has yet to say something", async () => {
    const [s1] = await two(ours.s1, ours.s2)
    const one = new Raw(s1.port)
    await until("a connection", () => !one.socket.connecting)
    const before = performance.now()
    await s1.close()
    expect(performance.now() - before).toBeLessThan(2000)
    one.socket.destroy()
  })
})
