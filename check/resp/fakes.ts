/** What a RESP server needs of a cluster, in memory: a map that answers at once, and a leader that has only itself. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { execute } from "../../src/kv/Map.ts"
import type { Data, Operation, Response } from "../../src/kv/Map.ts"
import { apply, InitKV } from "../../src/kv/Sessions.ts"
import type { KV } from "../../src/kv/Sessions.ts"
import { empty } from "../../src/kv/Table.ts"
import { Replica, type Status } from "../../src/shell/Replica.ts"
import type { Client, Limits, Surroundings } from "../../src/shell/resp/Command.ts"
import { Conversation, type Fork } from "../../src/shell/resp/Conversation.ts"
import { Gateway, type Refusal } from "../../src/shell/resp/Gateway.ts"
import type { Bytes } from "../../src/shell/resp/Resp.ts"
import type { Answer } from "../../src/shell/Servers.ts"

/** A map. `before` is what happens first, with each operation: it may take its time, or refuse. */
export class MemoryGateway {
  data: Data = empty
  readonly operations: Array<Operation> = []
  readonly service: Gateway["Service"]

  constructor(before: (operation: Operation) => Effect.Effect<void, Refusal> = () => Effect.void) {
    this.service = Gateway.of({ execute: (operation) => Effect.map(before(operation), () => this.execute(operation)) })
  }

  execute(operation: Operation): Response {
    this.operations.push(operation)
    const { data, response } = execute(this.data, operation)
    this.data = data
    return response
  }
}

export const status: Status = {
  id: "s1",
  role: "leader",
  term: 3,
  leader: "s1",
  commitIndex: 7,
  lastApplied: 7,
  lastIndex: 8,
  snapshotIndex: 2,
  logBytes: 100,
  keys: 1,
  sessions: 0,
  matchIndex: {},
  waiting: 0,
  steps: 9,
  saves: 4,
  sent: 5,
  received: 6
}

/** A leader whose entries are committed as they come. `answerInstead`: what it says without taking the request. */
export const memoryReplica = (
  answerInstead: () => Answer | undefined = () => undefined,
  before: Effect.Effect<void> = Effect.void
): Replica["Service"] => {
  let kv: KV = InitKV
  let index = 0
  return Replica.of({
    id: "s1",
    ask: (request) =>
      Effect.map(before, (): Answer => {
        const instead = answerInstead()
        if (instead !== undefined) return instead
        const applied = apply(kv, ++index, { time: 0, request })
        kv = applied.kv
        return { type: "replied", reply: applied.reply }
      }),
    status: Effect.succeed(status),
    snapshot: Effect.succeed(0),
    failed: Effect.never
  })
}

export const testLimits: Limits = { key: 64, value: 256 }

export const testClient = (id = 1): Client => ({
  id,
  address: `127.0.0.1:${50_000 + id}`,
  since: 0,
  protocol: 2,
  name: "",
  library: { name: "", version: "" },
  leaving: false
})

/** A server that nobody can connect to. */
export const testServer = (gateway = new MemoryGateway().service, replica = memoryReplica()): Surroundings => ({
  gateway,
  replica,
  addresses: new Map([["s1", "127.0.0.1:7001"], ["s2", "127.0.0.1:7002"]]),
  limits: testLimits,
  clients: () => [testClient()],
  maxClients: 10,
  now: () => 5000,
  startedAt: 1000
})

export const layerFakes = (gateway: Gateway["Service"], replica: Replica["Service"]) =>
  Layer.mergeAll(Layer.succeed(Gateway, gateway), Layer.succeed(Replica, replica))

/** A client without a socket, who takes all that is written. */
export class Terminal {
  /** All that was written. */
  output: Bytes = ""
  /** In so many pieces. */
  writes = 0
  ended = false
  paused = false
  /** Whether what is written leaves at once. */
  takes = true
  readonly conversation: Conversation

  constructor(server: Surroundings, client = testClient(), fork: Fork = Effect.runFork) {
    this.conversation = new Conversation(client, server, {
      write: (bytes) => {
        this.output += bytes
        this.writes++
        return this.takes
      },
      end: () => this.ended = true,
      pause: () => this.paused = true,
      resume: () => this.paused = false
    }, fork)
  }

  send(bytes: Bytes): void {
    this.conversation.receive(Buffer.from(bytes, "latin1"))
  }

  /** What is written from now on, until nothing more comes of what is sent (in so many turns of the event loop). */
  async hear(bytes: Bytes, turns = 10): Promise<Bytes> {
    const before = this.output.length
    this.send(bytes)
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
    return this.output.slice(before)
  }
}
