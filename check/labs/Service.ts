/**
 * The vocabulary of the labs' key-value suites, on a world of real replicas and clerks (check/runtime): clients, the
 * history of all that they saw, and claims that are watched. Every property is checked after every step; a run ends
 * with the verdict on the history, which must be definite (W-2).
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Operation as Asked, Response } from "../../src/kv/Map.ts"
import { toPieces } from "../../src/kv/Encoding.ts"
import type { ServerId } from "../../src/raft/Server.ts"
import type { Clerk, ClerkError, ClerkOptions } from "../../src/shell/Clerk.ts"
import type { Configuration } from "../../src/shell/Configuration.ts"
import { checkLinearizable, kv, misfit, show } from "../linearizability/index.ts"
import type { Json, Operation } from "../linearizability/index.ts"
import { Choices, departures } from "../runtime/Choices.ts"
import type { Address, Conditions } from "../runtime/Network.ts"
import { World } from "../runtime/World.ts"
import { Chance } from "../simulator/Chance.ts"
import { Failure } from "../simulator/Harness.ts"
import { LabFailure, limit, usualConfiguration } from "./Lab.ts"
import type { Lab, Options } from "./Lab.ts"

/** labrpc's unreliable network, which also repeats messages and lets them overtake each other (W-9). */
export const unreliable: Conditions = {
  delay: [0, 26],
  slowPercent: 5,
  slowest: 200,
  lossPercent: 10,
  repeatPercent: 5
}

/** On average one in so many choices of the scheduler is another than the usual one. */
const departsEvery = 100

/** A client asks for so long, unless told otherwise: longer than any trouble of these stories lasts. Milliseconds. */
const patience = 60_000

const argumentOf = (o: Asked): Json => o.op === "cas" ? [o.from, o.to] : "value" in o ? o.value : null

const sizeOf = (pieces: ReadonlyArray<string>): number =>
  pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0)

export class Service {
  readonly world: World
  readonly configuration: Configuration
  /** What clients have asked and heard, by call. */
  readonly history: Array<Operation> = []
  readonly #watched = new Map<string, (stepped: ServerId) => boolean>()
  readonly #logSizes = new WeakMap<object, number>()
  #clients = 0
  #latest = -1
  #processes = 0

  constructor(configuration: Configuration, seed: number, skews: ReadonlyArray<number> = []) {
    this.configuration = configuration
    this.world = new World({
      configuration,
      chance: new Chance(seed),
      skews,
      choices: new Choices(departures(new Chance(seed, 1), departsEvery)),
      onStep: ({ taken: { server } }) => {
        for (const [claim, holds] of this.#watched) if (!holds(server)) this.world.observed.violate(claim)
      }
    })
  }

  get ids(): ReadonlyArray<ServerId> {
    return this.world.ids
  }

  get chance(): Chance {
    return this.world.chance
  }

  expect(holds: boolean, claim: string): void {
    if (!holds) throw new Failure(claim)
  }

  /** Asserts it of the server that has taken a step, after every step from now on. */
  watch(claim: string, holds: (stepped: ServerId) => boolean): void {
    this.#watched.set(claim, holds)
  }

  // Clients.

  /** A new client, with no session yet. */
  client(options: ClerkOptions = {}): Effect.Effect<Client> {
    const address = `c${++this.#clients}`
    return Effect.map(this.world.clerk({ patience, ...options }), (clerk) => new Client(this, address, clerk))
  }

  clients(count: number, options: ClerkOptions = {}): Effect.Effect<ReadonlyArray<Client>> {
    return Effect.all(Array.from({ length: count }, () => this.client(options)))
  }

  /** A place in the history for somebody who does one operation at a time. */
  process(): number {
    return ++this.#processes
  }

  /** Microseconds, and another with each reading: what was over before something else began must be seen to be. */
  now(): number {
    return this.#latest = Math.max(this.#latest + 1, Math.round(1000 * this.world.simulator.now))
  }

  // Servers.

  /** The server after `id`, or the `nth` after it, in a ring. */
  after(id: ServerId, nth = 1): ServerId {
    return this.ids[(this.ids.indexOf(id) + nth) % this.ids.length]!
  }

  /** Cuts servers into groups that hear nothing of each other; clients reach all of them. */
  divide(...groups: ReadonlyArray<ReadonlyArray<ServerId>>): void {
    this.world.tell("", `divided: ${groups.map((group) => group.join(" ")).join(" | ")}`)
    this.world.network.heal()
    for (const a of this.ids) {
      for (const b of this.ids) {
        if (a < b && !groups.some((group) => group.includes(a) && group.includes(b))) this.world.cut(a, b)
      }
    }
  }

  /** Clients of one part don't reach the servers of another. */
  keepFrom(clients: ReadonlyArray<Client>, servers: ReadonlyArray<ServerId>): void {
    for (const { address } of clients) for (const id of servers) this.world.cut(address, id)
  }

  heal(): void {
    this.world.tell("", "healed")
    this.world.network.heal()
  }

  crash(...ids: ReadonlyArray<ServerId>): void {
    for (const id of ids) this.world.crash(id)
  }

  start(...ids: ReadonlyArray<ServerId>): void {
    for (const id of ids) this.world.start(id)
  }

  /** Waits until all servers have applied all that is decided. */
  readonly settled: Effect.Effect<void> = Effect.suspend(() =>
    this.world.until(() => {
      const decided = Math.max(...this.ids.map((id) => this.world.server(id).commitIndex))
      return this.ids.every((id) => this.world.isUp(id) && this.world.server(id).lastApplied === decided)
    })
  )

  // Sizes, in bytes.

  /** Of what the server has on disk besides its snapshot, as JSON. */
  logBytes(id: ServerId): number {
    const { currentTerm, log, votedFor } = this.world.observed.disks.get(id)!
    const known = this.#logSizes.get(log)
    if (known !== undefined) return known
    const size = Buffer.byteLength(JSON.stringify({ currentTerm, votedFor, log }))
    this.#logSizes.set(log, size)
    return size
  }

  snapshotBytes(id: ServerId): number {
    return sizeOf(this.world.server(id).snapshot.data)
  }

  /** Of the map, the sessions and their answers, as a snapshot would have them. */
  stateBytes(id: ServerId): number {
    return sizeOf(toPieces(this.world.observed.machine(id), 65_536))
  }

  /** The end of a story: what clients saw is linearizable, beyond doubt. */
  finish(): void {
    const odd = this.history.find((operation) => misfit(kv, operation) !== undefined)
    if (odd !== undefined) throw new Failure(`AnswersFit: ${show(odd)}: ${misfit(kv, odd)}`)
    const { keys, verdict } = checkLinearizable(this.history, kv)
    const bad = keys.find((key) => key.verdict === verdict)
    if (bad?.verdict === "illegal") throw new Failure(`Linearizability: key ${bad.key}: ${bad.explanation?.reason}`)
    this.expect(verdict === "ok", "LinearizabilityUndecided: the verdict is definite")
  }
}

/** Somebody with a clerk; what it asks and hears is in the history. */
export class Client {
  /** In the network: clients are c1, c2, …, in the order of their making. */
  readonly address: Address
  readonly #service: Service
  readonly #clerk: Clerk
  /** Places in the history that are free again. */
  readonly #idle: Array<number> = []

  constructor(service: Service, address: Address, clerk: Clerk) {
    this.#service = service
    this.address = address
    this.#clerk = clerk
  }

  get(key: string): Effect.Effect<string | null, ClerkError> {
    return this.#execute({ op: "get", key }) as Effect.Effect<string | null, ClerkError>
  }

  put(key: string, value: string): Effect.Effect<void, ClerkError> {
    return Effect.asVoid(this.#execute({ op: "put", key, value }))
  }

  append(key: string, value: string): Effect.Effect<void, ClerkError> {
    return Effect.asVoid(this.#execute({ op: "append", key, value }))
  }

  cas(key: string, from: string | null, to: string): Effect.Effect<boolean, ClerkError> {
    return this.#execute({ op: "cas", key, from, to }) as Effect.Effect<boolean, ClerkError>
  }

  #execute(asked: Asked): Effect.Effect<Response, ClerkError> {
    return Effect.suspend(() => {
      const { history, world } = this.#service
      const { key, op } = asked
      const at = history.length
      const client = this.#idle.pop() ?? this.#service.process()
      const call: Operation = {
        client, op, key, value: argumentOf(asked), call: this.#service.now(), return: null, output: null
      }
      history.push(call)
      const said = call.value === null ? "" : JSON.stringify(call.value)
      world.tell(this.address, `${op} ${key} ${said.length < 60 ? said : `${said.length} characters`}`)
      return Effect.onExit(this.#clerk.execute(asked), (exit) =>
        Effect.sync(() => {
          const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) as ClerkError : undefined
          // What is unknown remains so, and its place in the history is never free again.
          if (Exit.isSuccess(exit)) history[at] = { ...call, return: this.#service.now(), output: exit.value }
          else if (error?._tag === "Unavailable") history[at] = { ...call, applied: false }
          else return
          this.#idle.push(client)
        }))
    })
  }
}

/** A story told to servers at work and their clients; what it returns was measured. */
export const service = (
  id: string,
  title: string,
  servers: number,
  story: (s: Service) => Effect.fn.Return<string | void, unknown>,
  options: Options & {
    /** How many milliseconds each server's wall clock is ahead. */
    readonly skews?: ReadonlyArray<number>
  } = {}
): Lab => ({
  id,
  title,
  kind: "replicas",
  run: (seed) => {
    const s = new Service(usualConfiguration(servers, seed, options), seed, options.skews)
    let measured = ""
    let failure: unknown
    const told = Effect.gen(() => story(s)).pipe(
      Effect.map((said) => {
        measured = said ?? ""
      }),
      Effect.catchCause((cause) => Effect.sync(() => failure = Cause.squash(cause)))
    )
    const violation = s.world.run(() => told, limit)
    try {
      if (violation !== undefined) throw new Failure(`${violation.property}: ${violation.detail}`)
      if (failure !== undefined) throw failure
      s.finish()
      return measured
    } catch (error) {
      throw new LabFailure({ id, title }, seed, claimOf(error), s.world.story)
    }
  }
})

/** What a story failed for, in a line; of a clerk's error, which operation it was. */
const claimOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  if (!("operation" in error)) return error.message
  const { key, op } = (error as ClerkError).operation
  return `${op} ${key} is answered (${error.message})`
}
