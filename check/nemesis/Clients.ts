/**
 * The clients of a cluster under torment, and the history of what they see. Some are clerks; the others are plain Redis
 * clients, each of which talks to one server as long as that answers.
 *
 * They begin together, again and again, and then rest: so operations on a key overlap, without a log that would be too
 * long to be validated. All are written down by one process on one clock.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { ServerId } from "../../src/raft/Server.ts"
import type { Operation, Response } from "../../src/kv/Map.ts"
import { makeClerk, Unavailable } from "../../src/shell/Clerk.ts"
import type { ClerkOptions } from "../../src/shell/Clerk.ts"
import type { Address } from "../../src/shell/Address.ts"
import { layer as layerRemote } from "../../src/shell/RemoteServers.ts"
import { connect } from "../../src/shell/resp/RespConnection.ts"
import type { RespConnection } from "../../src/shell/resp/RespConnection.ts"
import type { RespValue } from "../../src/shell/resp/Resp.ts"
import type { Operation as Recorded } from "../linearizability/History.ts"
import type { Random } from "../Random.ts"

/** What a client learns of an operation. `none`: it has had no effect, and never will. */
type Outcome = { readonly type: "answered"; readonly response: Response } | { readonly type: "none" | "unknown" }

type Client = (operation: Operation) => Effect.Effect<Outcome>

export interface ClientsOptions {
  readonly servers: ReadonlyMap<ServerId, Address>
  readonly clerks: number
  readonly plain: number
  readonly random: Random
  /** Microseconds of the run. */
  readonly now: () => number
}

/** Milliseconds from one beginning to the next. */
const round = 120
/** Clients begin within so many milliseconds. */
const spread = 2
/** Milliseconds until a client gives up: less than an election takes now and then, so that outcomes stay unknown. */
const patience = 200
/** Who has given up rests for so long: each unknown outcome doubles what the check has to think of, at worst. */
const recovery = 300
/** At the end, when all is healed, nobody may give up. */
const lastPatience = 15_000
/** Clients share so few keys at a time that their operations meet, and new ones every so many milliseconds. */
const keysAtATime = 3
const keysLast = 3_000
/** Per cent of the operations that read keys of earlier times: what was acknowledged then must still be there. */
const lookingBack = 10

export class Clients {
  /** In the order of the calls. What has not returned is there already, of unknown outcome. */
  readonly history: Array<Recorded> = []
  /** Answers that no server may give; each in a line. */
  readonly complaints: Array<string> = []
  readonly #options: ClientsOptions
  #numbers = 0
  #values = 0
  #latest = -1
  #isOver = false

  constructor(options: ClientsOptions) {
    this.#options = options
  }

  /** Asks until `finish` is called, and what was begun then has ended. */
  readonly work: Effect.Effect<void> = Effect.suspend(() => {
    const { clerks, plain, servers } = this.#options
    const clients = [
      ...Array.from({ length: clerks }, () =>
        Effect.flatMap(clerk({ patience, sessionTimeout: 120_000 }), (client) => this.#ask(client, true))),
      ...Array.from({ length: plain }, (_, n) => this.#ask(plainClient([...servers.values()], n % servers.size), false))
    ]
    return Effect.all(clients, { concurrency: "unbounded", discard: true }).pipe(
      Effect.provide(layerRemote({ servers }), { local: true })
    )
  })

  finish(): void {
    this.#isOver = true
  }

  /** Reads every key once more, when the servers are well: what was acknowledged must be there. Whether all were read. */
  readonly readAll: Effect.Effect<boolean> = Effect.suspend(() => {
    const { servers } = this.#options
    const keys = [...new Set(this.history.map(({ key }) => key))]
    return clerk({ patience: lastPatience }).pipe(
      Effect.flatMap((client) =>
        Effect.forEach(keys, (key) => this.#record(this.#numbers++, client, { op: "get", key }))
      ),
      Effect.map((outcomes) => outcomes.every(({ type }) => type === "answered")),
      Effect.provide(layerRemote({ servers }), { local: true })
    )
  })

  /**
   * Of a time, in microseconds: how many operations were called and answered in it, and how many waited at its end or
   * gave up.
   */
  during(from: number, to: number): { readonly answered: number; readonly inVain: number } {
    const called = this.history.filter(({ call }) => call >= from - 1000 * patience && call <= to)
    return {
      answered: called.filter((x) => x.call >= from && x.return !== null && x.return <= to).length,
      inVain: called.filter((x) => x.return === null || x.return > to).length
    }
  }

  /** Operation after operation. Who doesn't remember what it has read gives a value only to what is absent. */
  #ask(client: Client, remembers: boolean): Effect.Effect<void> {
    const { now, random } = this.#options
    let number = this.#numbers++
    /** What it has read last, of each key. */
    const seen = new Map<string, string | null>()
    const once = Effect.suspend(() => {
      const operation = this.#choose(seen)
      return Effect.flatMap(this.#record(number, client, operation), (outcome) => {
        if (outcome.type === "unknown") {
          number = this.#numbers++
          return Effect.sleep(recovery)
        }
        if (!remembers || operation.op !== "get" || outcome.type !== "answered") return Effect.void
        seen.set(operation.key, outcome.response as string | null)
        return Effect.void
      })
    })
    const rest = Effect.suspend(() => Effect.sleep(round - (now() / 1000) % round + spread * random.fraction()))
    const turns: Effect.Effect<void> = Effect.suspend(() =>
      this.#isOver ? Effect.void : Effect.andThen(Effect.andThen(rest, once), turns)
    )
    return turns
  }

  /** Values are all different, so that each read says what it has seen. */
  #choose(seen: ReadonlyMap<string, string | null>): Operation {
    const { now, random } = this.#options
    const time = Math.floor(now() / 1000 / keysLast)
    const key = `${random.below(keysAtATime)}.${time}`
    const value = `${this.#values++};`
    const kind = random.below(100)
    if (kind < lookingBack) return { op: "get", key: `${random.below(keysAtATime)}.${random.below(time + 1)}` }
    if (kind < 35) return { op: "get", key }
    if (kind < 60) return { op: "put", key, value }
    if (kind < 75) return { op: "append", key, value }
    if (kind < 92) return { op: "cas", key, from: seen.get(key) ?? null, to: value }
    return { op: "delete", key }
  }

  /** One clock, on which no two moments are the same. */
  #moment(): number {
    return this.#latest = Math.max(this.#latest + 1, Math.round(this.#options.now()))
  }

  #record(number: number, client: Client, operation: Operation): Effect.Effect<Outcome> {
    return Effect.suspend(() => {
      const { key, op } = operation
      const value = op === "cas" ? [operation.from, operation.to] : "value" in operation ? operation.value : null
      const open = { client: number, op, key, value, call: this.#moment(), return: null, output: null }
      const place = this.history.push(open) - 1
      const asked = Effect.catchDefect(client(operation), (defect) =>
        Effect.sync((): Outcome => {
          this.complaints.push(`a client: ${defect instanceof Error ? defect.message : String(defect)}`)
          return { type: "unknown" }
        }))
      return Effect.map(asked, (outcome) => {
        if (outcome.type === "answered") {
          this.history[place] = { ...open, return: this.#moment(), output: outcome.response }
        } else if (outcome.type === "none") this.history[place] = { ...open, applied: false }
        return outcome
      })
    })
  }
}

const clerk = (options: ClerkOptions) =>
  Effect.map(makeClerk(options), ({ execute }): Client => (operation) =>
    Effect.match(execute(operation), {
      onFailure: (error): Outcome => ({ type: error instanceof Unavailable ? "none" : "unknown" }),
      onSuccess: (response): Outcome => ({ type: "answered", response })
    }))

/** A Redis client without a session: it gives up with its connection, and goes to the next server. */
const plainClient = (addresses: ReadonlyArray<Address>, first: number): Client => {
  let server = first
  let open: { readonly scope: Scope.Closeable; readonly connection: RespConnection } | undefined
  const connected = Effect.suspend(() => {
    if (open !== undefined) return Effect.succeed(open.connection)
    const scope = Scope.makeUnsafe()
    return Effect.map(
      Scope.provide(connect({ ...addresses[server % addresses.length]!, connectTimeout: patience }), scope),
      (connection) => (open = { scope, connection }).connection
    )
  })
  const leave = Effect.suspend(() => {
    const left = open
    open = undefined
    server++
    return left === undefined ? Effect.void : Scope.close(left.scope, Exit.void)
  })
  return (operation) =>
    Effect.matchEffect(connected, {
      onFailure: () => Effect.as(leave, { type: "none" } as const),
      onSuccess: (connection) =>
        connection.command(words(operation)).pipe(
          Effect.map((value) => outcomeOf(operation, value)),
          Effect.timeoutOrElse({ duration: 3 * patience, orElse: () => Effect.succeed<Outcome>({ type: "unknown" }) }),
          Effect.orElseSucceed((): Outcome => ({ type: "unknown" })),
          Effect.tap(({ type }) => type === "answered" ? Effect.void : leave)
        )
    })
}

const words = (operation: Operation): ReadonlyArray<string> => {
  const { key, op } = operation
  switch (op) {
    case "get":
      return ["GET", key]
    case "put":
      return ["SET", key, operation.value]
    case "append":
      return ["APPEND", key, operation.value]
    case "delete":
      return ["DEL", key]
    case "cas":
      return ["SET", key, operation.to, "NX"]
  }
}

/** Errors other than BUSY tell nothing. */
const outcomeOf = ({ op }: Operation, value: RespValue): Outcome => {
  const answered = (response: Response): Outcome => ({ type: "answered", response })
  switch (value.type) {
    case "null":
      return answered(op === "cas" ? false : null)
    case "bulk":
      return answered(value.value)
    case "simple":
      return answered(op === "cas" ? true : null)
    case "integer":
      return answered(op === "append" ? null : value.value === 1)
    default:
      return { type: value.type === "error" && value.text.startsWith("BUSY") ? "none" : "unknown" }
  }
}
