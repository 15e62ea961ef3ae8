/** The network between servers: a link for each direction of each pair, all of which can go wrong. */
import * as Effect from "effect/Effect"
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
