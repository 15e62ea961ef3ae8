/**
 * A process for the test of TraceFile.ts: three servers in one process, each with a folder and a trace of its own, that
 * take one request after the other and print what is acknowledged, until somebody kills them.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as References from "effect/References"
import { mkdirSync, writeSync } from "node:fs"
import { join } from "node:path"
import { figure2 } from "../../src/raft/Server.ts"
import type { ServerId } from "../../src/raft/Server.ts"
import type { Configuration } from "../../src/shell/Configuration.ts"
import { Replica } from "../../src/shell/Replica.ts"
import { layerFile } from "../../src/shell/storage/FileLog.ts"
import { Transport } from "../../src/shell/Transport.ts"
import type { Parcel } from "../../src/shell/Transport.ts"
import { layerTraceFile } from "./TraceFile.ts"
import { headerOf } from "./TraceWriter.ts"

const folder = process.argv[2]!
const configuration: Configuration = {
  servers: ["s1", "s2", "s3"],
  electionTimeout: { min: 150, max: 300 },
  heartbeatInterval: 50,
  maxRaftStateBytes: 4_000,
  settings: { ...figure2, preVote: true, checkQuorum: true }
}

const program = Effect.gen(function*() {
  const inboxes = new Map<ServerId, Queue.Queue<Parcel>>()
  for (const id of configuration.servers) inboxes.set(id, yield* Queue.unbounded<Parcel>())
  const replicas = yield* Effect.forEach(configuration.servers, (id) => {
    const data = join(folder, id)
    mkdirSync(data, { recursive: true })
    const transport = Layer.succeed(Transport, {
      send: (parcels) => Effect.forEach(parcels, (p) => Queue.offer(inboxes.get(p.message.dest)!, p), { discard: true }),
      receive: Queue.takeAll(inboxes.get(id)!)
    })
    const trace = layerTraceFile(join(folder, `${id}.ndjson`), headerOf(configuration.servers, configuration.settings, null, {}))
    const layer = Replica.layer(id, configuration).pipe(Layer.provide([layerFile(data), transport, trace]))
    return Effect.map(Layer.build(layer), Context.get(Replica))
  })
  const session = Date.now()
  for (let n = 0;; n++) {
    for (const replica of replicas) {
      const answer = yield* replica.ask({ type: "open", timeout: session + n })
      if (answer.type === "replied") writeSync(1, `${session + n}\n`)
    }
    yield* Effect.sleep(1)
  }
})

// What it prints is what was acknowledged, and nothing else.
await Effect.runPromise(program.pipe(Effect.scoped, Effect.provideService(References.MinimumLogLevel, "None")))
