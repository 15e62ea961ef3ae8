/** What the clients of the labs' key-value suites do all the time, while something else is the story. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { ClerkError } from "../../src/shell/Clerk.ts"
import type { ServerId } from "../../src/raft/Server.ts"
import type { Client, Service } from "./Service.ts"

/** Work that goes on until it is told to end. */
export interface UnderWay<A> {
  /** Ends it after the operations under way; what came of it. */
  readonly end: Effect.Effect<A, ClerkError>
}

/** Starts it; `over` says when to end. */
export const begin = <A>(work: (over: () => boolean) => Effect.Effect<A, ClerkError>): Effect.Effect<UnderWay<A>> =>
  Effect.suspend(() => {
    let isOver = false
    return Effect.map(Effect.forkChild(work(() => isOver)), (fiber) => ({
      end: Effect.suspend(() => {
        isOver = true
        return Fiber.join(fiber)
      })
    }))
  })

/** All clients append here, too. */
const shared = "all"

/**
 * The suites' mix: each client appends to a key of its own, and reads it, which must be what it has appended. Also to one
 * that all share, where the others come in between.
 */
export class Appends {
  readonly #service: Service
  readonly #clients: ReadonlyArray<Client>
  /** By client: what its own key must hold, and what it has appended to the shared one, in order. */
  readonly #own: Array<string>
  readonly #shared: Array<Array<string>>
  #count = 0

  constructor(service: Service, clients: ReadonlyArray<Client>) {
    this.#service = service
    this.#clients = clients
    this.#own = clients.map(() => "")
    this.#shared = clients.map(() => [])
  }

  /** How many operations there were so far. */
  get count(): number {
    return this.#count
  }

  /** All clients, each one operation after the other; between them pauses of up to `pause` milliseconds. */
  readonly run = (over: () => boolean, pause: number): Effect.Effect<void, ClerkError> =>
    Effect.forEach(this.#clients, (client, me) => this.#client(client, me, over, pause), {
      concurrency: "unbounded",
      discard: true
    })

  readonly #client = Effect.fnUntraced(
    { self: this },
    function*(this: Appends, client: Client, me: number, over: () => boolean, pause: number) {
      const { chance } = this.#service
      const key = client.address
      while (!over()) {
        const dice = chance.below(10)
        const value = `x ${me} ${this.#count++} y`
        if (dice < 4) {
          yield* client.append(key, value)
          this.#own[me] += value
        } else if (dice < 5) {
          yield* client.append(shared, value)
          this.#shared[me]!.push(value)
        } else if (dice < 6) yield* client.get(shared)
        else yield* this.#readBack(client, me)
        if (pause > 0) yield* Effect.sleep(chance.between(0, pause))
      }
    }
  )

  readonly #readBack = (client: Client, me: number) =>
    Effect.map(client.get(client.address), (found) =>
      this.#service.expect((found ?? "") === this.#own[me], `${client.address} reads what it has appended`))

  /** At rest: all that was appended is there, once and in order. */
  readonly check: Effect.Effect<void, ClerkError> = Effect.suspend(() =>
    Effect.gen({ self: this }, function*() {
      for (const [me, client] of this.#clients.entries()) yield* this.#readBack(client, me)
      const all = (yield* this.#clients[0]!.get(shared)) ?? ""
      for (const values of this.#shared) {
        const places = values.map((value) => all.indexOf(value))
        this.#service.expect(
          places.every((place, n) => place > (places[n - 1] ?? -1) && all.lastIndexOf(values[n]!) === place),
          "all see every append to the shared key, once and in the order of its client"
        )
      }
      this.#service.expect(all.length === this.#shared.flat().join("").length, "and nothing else")
    })
  )
}

export interface Generic {
  readonly clients: number
  /** Milliseconds of one iteration. */
  readonly lasts: number
  /** Milliseconds that a client pauses between operations, at most; 0 unless told. */
  readonly pause?: number
  /** After a second the servers are divided into two random parts, over and over. */
  readonly partitions?: boolean
  /** At the end of each iteration all servers lose power, for a second. */
  readonly crash?: boolean
}

/** Two random parts, of which one may be empty. */
export const halves = (s: Service): ReadonlyArray<ReadonlyArray<ServerId>> => {
  const left = s.ids.filter(() => s.chance.percent(50))
  return [left, s.ids.filter((id) => !left.includes(id))]
}

/** The suites' test of a service: three times clients work for a while, and then all that they did is there. */
export const generic = Effect.fnUntraced(function*(
  s: Service,
  { clients, crash, lasts, partitions, pause = 0 }: Generic
) {
  const appends = new Appends(s, yield* s.clients(clients))
  for (let iteration = 0; iteration < 3; iteration++) {
    const work = yield* begin((over) => appends.run(over, pause))
    if (partitions === true) {
      const end = s.world.simulator.now + lasts
      yield* Effect.sleep(1000)
      while (s.world.simulator.now < end) {
        s.divide(...halves(s))
        yield* Effect.sleep(1000 + s.chance.below(200))
      }
      s.heal()
      yield* Effect.sleep(1000)
    } else yield* Effect.sleep(lasts)
    if (crash === true) {
      s.crash(...s.ids)
      yield* Effect.sleep(1000)
      s.start(...s.ids)
    }
    yield* work.end
    yield* appends.check
  }
  return `${appends.count} operations`
})
