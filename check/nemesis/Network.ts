/** The network between servers: a link for each direction of each pair, all of which can go wrong. */
import * as Effect from "effect/Effect"
import { createServer } from "node:net"
import type { ServerId } from "../../src/raft/Server.ts"
import type { Random } from "../Random.ts"
import { fine, Link, noToll } from "./Proxy.ts"
import type { Conditions, Toll } from "./Proxy.ts"

/** One direction between two servers. */
export interface Way {
  readonly from: ServerId
  readonly to: ServerId
}

interface Wire extends Way {
  readonly link: Link
}

export class Network {
  readonly #wires: ReadonlyArray<Wire>

  constructor(wires: ReadonlyArray<Wire>) {
    this.#wires = wires
  }

  /** Where `from` finds `to`. */
  port(from: ServerId, to: ServerId): number {
    return this.#wires.find((wire) => wire.from === from && wire.to === to)!.link.port
  }

  /** All that goes this way or that; the others are as they were. */
  make(conditions: Partial<Conditions>, which: (way: Way) => boolean = () => true): void {
    for (const wire of this.#wires) if (which(wire)) wire.link.conditions = { ...fine, ...conditions }
  }

  heal(): void {
    this.make(fine)
  }

  /** What has happened so far. */
  toll(): Toll {
    const sum = noToll()
    for (const { link } of this.#wires) for (const name of Object.keys(sum) as Array<keyof Toll>) sum[name] += link.toll[name]
    return sum
  }
}

/** A link from each server to each other one's port, until the scope is closed. */
export const network = (ports: ReadonlyMap<ServerId, number>, random: Random) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const wires: Array<Wire> = []
      for (const from of ports.keys()) {
        for (const [to, port] of ports) if (to !== from) wires.push({ from, to, link: await Link.open(port, random) })
      }
      return { network: new Network(wires), wires }
    }),
    ({ wires }) => Effect.promise(() => Promise.all(wires.map(({ link }) => link.close())))
  ).pipe(Effect.map(({ network }) => network))

/** Below those that systems give to connections: else one might have a server's port while that is down. */
const [lowest, highest] = [20_000, 30_000]

/** Ports on loopback that nobody listens on. */
export const freePorts = async (count: number): Promise<ReadonlyArray<number>> => {
  const found: Array<number> = []
  // Not from the seed: another run may be under way at the same time.
  for (let port = lowest + process.pid * 64 % (highest - lowest); found.length < count; port++) {
    if (port > highest) throw new Error(`no ${count} free ports from ${lowest} to ${highest}`)
    if (await isFree(port)) found.push(port)
  }
  return found
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once("error", () => resolve(false))
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)))
  })
