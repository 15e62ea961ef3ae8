/**
 * Jepsen's faults, under its register and set workloads: some quiet, one fault after the other, all heals, time to
 * recover, last reads. What clients gave up is "maybe" for ever.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { ClerkError } from "../../src/shell/Clerk.ts"
import { requestIn } from "../../src/kv/Encoding.ts"
import type { ServerId } from "../../src/raft/Server.ts"
import { calm } from "../runtime/Network.ts"
import type { Conditions } from "../runtime/Network.ts"
import type { Lab } from "./Lab.ts"
import { service } from "./Service.ts"
import type { Client, Service } from "./Service.ts"
import { begin, halves } from "./workloads.ts"

/** Clients give up after so many milliseconds. */
const patience = 2000
/** Where a majority is well, somebody who begins to ask during a fault is answered within this time. */
const serviceLimit = 5000

/** Begins a fault: how it ends, and whether a majority is well meanwhile. */
type Fault = (s: Service) => { readonly serves: boolean; readonly end: () => void }

// Workloads.

/** Who gives up goes on with something else. */
const orGiveUp = <A>(call: Effect.Effect<A, ClerkError>): Effect.Effect<A | undefined> =>
  Effect.catch(call, () => Effect.succeed(undefined))

/** Each of `clients` calls over and over, with pauses of up to `pause` milliseconds. */
const over = (
  s: Service,
  clients: ReadonlyArray<Client>,
  pause: number,
  isOver: () => boolean,
  call: (client: Client) => Effect.Effect<unknown>
) =>
  Effect.forEach(clients, (client) =>
    Effect.gen(function*() {
      while (!isOver()) {
        yield* call(client)
        yield* Effect.sleep(s.chance.between(0, pause))
      }
    }), { concurrency: "unbounded", discard: true })

/** A read, a write, or a Cas, of the values 0 to 4 (J-1); `reads`: reads only. */
const register = (s: Service, key: string, reads: boolean) => (client: Client): Effect.Effect<unknown> => {
  const value = () => String(s.chance.below(5))
  if (reads) return orGiveUp(client.get(key))
  return orGiveUp<unknown>(s.chance.percent(50) ? client.put(key, value()) : client.cas(key, value(), value()))
}

/** A set, kept in one key, to which elements are added by Cas (J-2). */
class Elements {
  readonly #key = "set"
  readonly #added = new Set<number>()
  #next = 0

  readonly read = (client: Client): Effect.Effect<unknown> => orGiveUp(client.get(this.#key))

  readonly add = (client: Client): Effect.Effect<void> =>
    Effect.gen({ self: this }, function*() {
      const element = this.#next++
      const held = yield* orGiveUp(client.get(this.#key))
      if (held === undefined) return
      const added = yield* orGiveUp(client.cas(this.#key, held, JSON.stringify([...elementsIn(held), element])))
      if (added === true) this.#added.add(element)
    })

  /** At rest: all that was added is there, each once, and nothing that nobody wanted to add. */
  readonly check = (s: Service, client: Client): Effect.Effect<void, ClerkError> =>
    Effect.map(client.get(this.#key), (held) => {
      const elements = elementsIn(held)
      s.expect(new Set(elements).size === elements.length, "each element is there once")
      s.expect([...this.#added].every((element) => elements.includes(element)), "nothing that was added is lost")
      s.expect(elements.every((element) => element < this.#next), "nobody adds what nobody asked for")
    })
}

const elementsIn = (held: string | null): ReadonlyArray<number> =>
  held === null ? [] : JSON.parse(held) as ReadonlyArray<number>

/** Two registers and the set; and faults, one after the other. */
function* shape(s: Service, faults: ReadonlyArray<Fault>): Effect.fn.Return<string, unknown> {
  const clients = yield* s.clients(11, { patience })
  const last = yield* s.client()
  const set = new Elements()
  const pause = 400
  const work = yield* begin((isOver) =>
    Effect.all([
      over(s, clients.slice(0, 2), pause, isOver, register(s, "r1", false)),
      over(s, clients.slice(2, 4), pause, isOver, register(s, "r1", true)),
      over(s, clients.slice(4, 6), pause, isOver, register(s, "r2", false)),
      over(s, clients.slice(6, 8), pause, isOver, register(s, "r2", true)),
      over(s, clients.slice(8, 10), pause, isOver, set.add),
      over(s, clients.slice(10), pause, isOver, set.read)
    ], { concurrency: "unbounded", discard: true })
  )
  yield* Effect.sleep(1000)
  for (const fault of faults) {
    const { end, serves } = fault(s)
    const probe = yield* s.client({ patience: serviceLimit })
    const served = yield* Effect.forkChild(serves ? probe.append("probe", ".") : Effect.void)
    yield* Effect.sleep(2000)
    yield* Fiber.join(served)
    end()
    yield* Effect.sleep(1000)
  }
  yield* Effect.sleep(1000)
  yield* work.end
  for (const key of ["r1", "r2"]) yield* last.get(key)
  yield* set.check(s, last)
  yield* s.settled
  expectComplete(s)
  const unknown = s.history.filter((x) => x.return === null && x.applied !== false).length
  return `${s.history.length} operations, ${unknown} of unknown outcome`
}

/** The history has every command that is in the log, and the log every one that was answered. */
const expectComplete = (s: Service): void => {
  const logged = new Map<string, number>()
  const seen = new Set<string>()
  const add = (counts: Map<string, number>, what: unknown) => {
    const text = JSON.stringify(what)
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  for (const { entry } of s.world.observed.ghost.committed) {
    const request = requestIn(entry)?.request
    if (request?.type !== "command" || seen.has(`${request.session} ${request.seq}`)) continue
    seen.add(`${request.session} ${request.seq}`)
    const { key, op, ...rest } = request.operation
    add(logged, [op, key, "value" in rest ? rest.value : "from" in rest ? [rest.from, rest.to] : null])
  }
  const asked = new Map<string, number>()
  const answered = new Map<string, number>()
  for (const { key, op, return: returned, value } of s.history) {
    add(asked, [op, key, value])
    if (returned !== null) add(answered, [op, key, value])
  }
  const within = (some: ReadonlyMap<string, number>, all: ReadonlyMap<string, number>) =>
    [...some].every(([what, count]) => count <= (all.get(what) ?? 0))
  s.expect(within(logged, asked), "every command of the log is in the history")
  s.expect(within(answered, logged), "every command that was answered is in the log")
}

// Faults.

const some = (s: Service, count: number): ReadonlyArray<ServerId> => s.chance.shuffled(s.ids).slice(0, count)

/** Who leads now; anybody, if nobody does. */
const primary = (s: Service): ServerId => s.world.leading ?? s.chance.pick(s.ids)

const minority = (s: Service): number => (s.ids.length - 1) >> 1

const divided = (groups: (s: Service) => ReadonlyArray<ReadonlyArray<ServerId>>): Fault => (s) => {
  const parts = groups(s)
  s.divide(...parts)
  return { serves: parts.some((part) => 2 * part.length > s.ids.length), end: () => s.heal() }
}

const apart = (s: Service, group: ReadonlyArray<ServerId>) => [group, s.ids.filter((id) => !group.includes(id))]

/** Nobody hears the leader, but it hears the others. */
const mute: Fault = (s) => {
  const leader = primary(s)
  for (const id of s.ids) if (id !== leader) s.world.network.close(leader, id)
  return { serves: true, end: () => s.heal() }
}

const killed = (who: (s: Service) => ReadonlyArray<ServerId>): Fault => (s) => {
  const dead = who(s)
  for (const id of dead) s.world.crash(id, "kill")
  return { serves: 2 * dead.length < s.ids.length, end: () => s.start(...dead) }
}

const packets = (conditions: Partial<Conditions>): Fault => (s) => {
  const { network } = s.world
  network.conditions = { ...calm, ...conditions }
  return {
    // Nobody promises when.
    serves: false,
    end: () => {
      network.conditions = calm
    }
  }
}

/** Their disks do it to them, at one of the next operations. */
const diskTrouble = (
  who: (s: Service) => ReadonlyArray<ServerId>,
  trouble: (s: Service, id: ServerId) => void
): Fault => (s) => {
  const victims = who(s)
  for (const id of victims) trouble(s, id)
  return {
    serves: 2 * victims.length < s.ids.length,
    end: () => {
      for (const id of victims) s.world.disarm(id)
      s.start(...victims)
    }
  }
}

/** Power is lost during one of the next writes, which is torn then. */
const tear = (s: Service, id: ServerId) => s.world.crashAtDisk(id, 1 + s.chance.below(30), "power")

/** Three of them at once, whoever is left. */
const everything: Fault = (s) => {
  const faults = [
    divided(halves),
    mute,
    killed((s) => some(s, 1)),
    killed((s) => [primary(s)]),
    packets({ delay: [10, 40], slowPercent: 10, slowest: 200, lossPercent: 10, repeatPercent: 10 }),
    diskTrouble((s) => some(s, 1), tear)
  ]
  const [one, other, third] = s.chance.shuffled(faults).slice(0, 3).map((fault) => fault(s))
  return {
    serves: false,
    end: () => {
      one!.end()
      other!.end()
      third!.end()
      s.heal()
    }
  }
}

export const jepsen: ReadonlyArray<Lab> = [
  service("J-1", "register: ten clients on each of three keys, half of them only read, while leaders are killed", 5, function*(s) {
    const keys = ["r1", "r2", "r3"]
    const clients = yield* s.clients(10 * keys.length, { patience })
    const work = yield* begin((isOver) =>
      Effect.forEach(keys, (key, n) =>
        Effect.all([
          over(s, clients.slice(10 * n, 10 * n + 5), 200, isOver, register(s, key, true)),
          over(s, clients.slice(10 * n + 5, 10 * n + 10), 200, isOver, register(s, key, false))
        ], { concurrency: "unbounded" }), { concurrency: "unbounded", discard: true })
    )
    const enough = () => keys.every((key) => s.history.filter((x) => x.key === key && x.return !== null).length >= 200)
    while (!enough()) {
      yield* Effect.sleep(1000)
      const leader = yield* s.world.leader
      s.crash(leader)
      yield* Effect.sleep(300)
      s.start(leader)
    }
    yield* work.end
    yield* s.settled
    expectComplete(s)
    return `${s.history.length} operations`
  }),

  service("J-2", "set: five add elements by Cas and five read, while leaders are killed, and none is lost", 5, function*(s) {
    const set = new Elements()
    const clients = yield* s.clients(10, { patience })
    const work = yield* begin((isOver) =>
      Effect.all([over(s, clients.slice(0, 5), 300, isOver, set.add), over(s, clients.slice(5), 300, isOver, set.read)], {
        concurrency: "unbounded"
      })
    )
    for (let round = 0; round < 5; round++) {
      yield* Effect.sleep(1000)
      const leader = yield* s.world.leader
      s.crash(leader)
      yield* Effect.sleep(300)
      s.start(leader)
    }
    yield* Effect.sleep(1000)
    yield* work.end
    yield* set.check(s, yield* s.client())
    return `${s.history.length} operations`
  }),

  service("J-8", "run shape: clients go away in the middle of a call, and the history has all that the log has", 5, function*(s) {
    const leaving = yield* begin((isOver) =>
      Effect.gen(function*() {
        while (!isOver()) {
          const client = yield* s.client()
          const call = yield* Effect.forkChild(client.append("gone", `${s.history.length} `))
          yield* Effect.sleep(s.chance.between(0, 20))
          yield* Fiber.interrupt(call)
          yield* Effect.sleep(100)
        }
      })
    )
    const measured = yield* shape(s, [killed((s) => [primary(s)]), divided(halves)])
    yield* leaving.end
    expectComplete(s)
    yield* (yield* s.client()).get("gone")
    return measured
  }),

  service("J-9", "partitions: one, a minority, random halves, three parts, the leader alone, one that nobody hears", 5, function*(s) {
    return yield* shape(s, [
      divided((s) => apart(s, some(s, 1))),
      divided((s) => apart(s, some(s, minority(s)))),
      divided(halves),
      divided((s) => {
        const [a, b, c, d, e] = s.chance.shuffled(s.ids)
        return [[a!, b!], [c!, d!], [e!]]
      }),
      divided((s) => apart(s, [primary(s)])),
      mute
    ])
  }),

  service("J-13", "packets: late, lost, repeated, overtaken, and all of it", 5, function*(s) {
    const late = { delay: [40, 60] } as const
    const lost = { lossPercent: 20 }
    const repeated = { repeatPercent: 20 }
    const overtaken = { slowPercent: 20, slowest: 100 }
    return yield* shape(s, [late, lost, repeated, overtaken, { ...late, ...lost, ...repeated, ...overtaken }].map(packets))
  }),

  service("J-14", "kill: one, a minority, a majority, all, the leader; nothing that was acknowledged is lost", 5, function*(s) {
    return yield* shape(s, [
      killed((s) => some(s, 1)),
      killed((s) => some(s, minority(s))),
      killed((s) => some(s, minority(s) + 1)),
      killed((s) => s.ids),
      killed((s) => [primary(s)])
    ])
  }),

  service("J-18", "disk: power cuts tear records and lose what wasn't synced, writes fail, disks are full", 5, function*(s) {
    return yield* shape(s, [
      diskTrouble((s) => [primary(s)], tear),
      diskTrouble((s) => some(s, minority(s)), tear),
      diskTrouble((s) => s.ids, tear),
      diskTrouble((s) => [primary(s)], (s, id) => s.world.crashBeforeItSends(id, "power")),
      diskTrouble((s) => [primary(s)], (s, id) => s.world.failDisk(id, 1 + s.chance.below(10), "fail")),
      diskTrouble((s) => some(s, 1), (s, id) => s.world.failDisk(id, 1 + s.chance.below(10), "full"))
    ])
  }),

  service("J-20", "admin: snapshots are taken under load, and several faults come at once", 5, function*(s) {
    const admin = yield* begin((isOver) =>
      Effect.gen(function*() {
        while (!isOver()) {
          yield* Effect.sleep(100)
          const replica = s.world.replica(s.chance.pick(s.ids))
          if (replica !== undefined) yield* Effect.timeoutOption(replica.snapshot, 50)
        }
      })
    )
    const measured = yield* shape(s, [everything, everything, everything, everything, everything])
    yield* admin.end
    return measured
  }, { configuration: (usual) => ({ ...usual, maxRaftStateBytes: 2000 }) })
]
