/** What goes wrong, and when: each at its own moment, so any of them can be left out. */
import * as Effect from "effect/Effect"
import type { ServerId } from "../../src/raft/Server.ts"
import { connected, partitionKinds } from "../fuzz/Network.ts"
import type { PartitionKind } from "../fuzz/Network.ts"
import type { Chance } from "../simulator/Chance.ts"
import type { CrashKind, World } from "./World.ts"

/** Whom it befalls: the server at this place, or whoever leads then. */
type Whom = number | "leader"

/** `at` and `lasts` in milliseconds. */
export type Fault = { readonly at: number; readonly lasts: number } & (
  /** Before an operation of its disk: the `nth` from then. */
  | { readonly type: "crash"; readonly whom: Whom; readonly kind: CrashKind; readonly moment: "now" | "beforeSends" | number }
  | { readonly type: "stop" | "pause"; readonly whom: Whom }
  /** The `nth` operation of its disk from then fails; or the disk is full. */
  | { readonly type: "disk"; readonly whom: Whom; readonly nth: number; readonly kind: "fail" | "full" }
  /** `order` has all places, the first of which it is about, unless that is the leader (check/fuzz/Network.ts). */
  | {
    readonly type: "divide"
    readonly kind: PartitionKind
    readonly order: ReadonlyArray<number>
    readonly leaderFirst: boolean
    readonly outward: boolean
  }
  | { readonly type: "snapshot"; readonly whom: Whom }
)

export type FaultType = Fault["type"]

/** One of this type at this moment. */
export const faultOf = (type: FaultType, at: number, servers: number, chance: Chance): Fault => {
  const whom = chance.percent(50) ? "leader" : chance.below(servers)
  const lasts = chance.percent(70) ? chance.between(0, 200) : chance.between(200, 900)
  switch (type) {
    case "crash": {
      const kind = chance.percent(60) ? "power" : "kill"
      const dice = chance.below(10)
      return { type, at, lasts, whom, kind, moment: dice < 4 ? "now" : dice < 7 ? "beforeSends" : 1 + chance.below(8) }
    }
    case "stop":
    case "snapshot":
      return { type, at, lasts, whom }
    case "pause":
      // Mostly longer than an election takes: the others go on without it.
      return { type, at, lasts: chance.between(50, 900), whom }
    case "disk":
      return { type, at, lasts, whom, nth: 1 + chance.below(6), kind: chance.percent(70) ? "fail" : "full" }
    case "divide": {
      const order = chance.shuffled(Array.from({ length: servers }, (_, n) => n))
      const [leaderFirst, outward] = [chance.percent(70), chance.percent(50)]
      return { type, at, lasts: chance.between(100, 1200), kind: chance.pick(partitionKinds), order, leaderFirst, outward }
    }
  }
}

/** It happens, and is over after a while. */
export const carryOut = (world: World, fault: Fault): Effect.Effect<void> =>
  Effect.gen(function*() {
    yield* Effect.sleep(fault.at)
    if (fault.type === "divide") {
      divide(world, fault)
      yield* Effect.sleep(fault.lasts)
      world.tell("all", "are connected")
      return world.network.heal()
    }
    const id = fault.whom === "leader" ? world.leading : world.ids[fault.whom]
    if (id === undefined) return
    switch (fault.type) {
      case "snapshot": {
        const replica = world.replica(id)
        if (replica !== undefined) yield* Effect.forkChild(replica.snapshot)
        return
      }
      case "stop":
        yield* world.stop(id)
        break
      case "pause":
        world.pause(id)
        yield* Effect.sleep(fault.lasts)
        return world.resume(id)
      case "crash":
        if (fault.moment === "now") world.crash(id, fault.kind)
        else if (fault.moment === "beforeSends") world.crashBeforeItSends(id, fault.kind)
        else world.crashAtDisk(id, fault.moment, fault.kind)
        break
      case "disk":
        world.failDisk(id, fault.nth, fault.kind)
    }
    // What lies in wait comes soon, or not at all.
    const limit = world.simulator.now + 300
    yield* world.until(() => !world.isUp(id) || world.simulator.now > limit)
    world.disarm(id)
    yield* Effect.sleep(fault.lasts)
    world.start(id)
  })

const divide = (world: World, { kind, leaderFirst, order: places, outward }: Extract<Fault, { type: "divide" }>): void => {
  const { ids, leading, network } = world
  const order = places.map((n) => ids[n]!)
  const first: ReadonlyArray<ServerId> = leading !== undefined && leaderFirst ? [leading] : []
  const about = [...first, ...order.filter((id) => !first.includes(id))]
  const n = about.length
  network.heal()
  world.happens(`partition.${kind}`)
  for (const [a, from] of about.entries()) {
    for (const [b, to] of about.entries()) {
      if (a !== b && !connected(kind, a, b, n, (n - 1) >> 1, outward)) network.close(from, to)
    }
  }
  const way = kind === "oneWay" ? (outward ? ", outward" : ", inward") : ""
  world.tell("all", `are divided: ${kind}${way}, about ${about.join(" ")}`)
}
