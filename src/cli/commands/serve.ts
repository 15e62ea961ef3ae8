/** `lockstep serve`: one server of a cluster, until it is told to stop or its disk fails. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import packageJson from "../../../package.json" with { type: "json" }
import { layerTraceFile } from "../../../check/trace/TraceFile.ts"
import { headerOf } from "../../../check/trace/TraceWriter.ts"
import { readClusterFile } from "../../shell/ClusterFile.ts"
import { layerServer } from "../../shell/operating/Server.ts"
import { Replica } from "../../shell/Replica.ts"
import { badInput } from "../Ending.ts"

const cluster = Flag.String("cluster").pipe(Flag.withDescription("the cluster file, the same for all servers"))
const id = Flag.String("id").pipe(Flag.withDescription("which of its servers this is, such as s1"))
const data = Flag.String("data").pipe(Flag.withDescription("the folder of its data, for this server and process alone"))
const trace = Flag.String("trace").pipe(
  Flag.withDescription("also write a trace of each step into this file, for lockstep validate"),
  Flag.optional
)

/** Structured, on stderr. */
const logs = Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)])

const toldToStop = Effect.callback<NodeJS.Signals>((resume) => {
  const stop = (signal: NodeJS.Signals) => resume(Effect.succeed(signal))
  process.once("SIGINT", stop).once("SIGTERM", stop)
  return Effect.sync(() => process.off("SIGINT", stop).off("SIGTERM", stop))
})

export const serve = Command.make("serve", { cluster, id, data, trace }, (flags) =>
  Effect.gen(function*() {
    const file = yield* readClusterFile(flags.cluster)
    if (!file.addresses.has(flags.id)) {
      return yield* badInput(`${flags.cluster}: no server ${flags.id} (there are ${[...file.addresses.keys()].join(", ")})`)
    }
    const { servers, settings } = file.configuration
    const header = headerOf(servers, settings, null, { lockstep: packageJson.version, node: process.version })
    const observer = Option.match(flags.trace, {
      onNone: () => Layer.empty,
      onSome: (path) => layerTraceFile(path, header)
    })
    yield* Effect.gen(function*() {
      const replica = yield* Replica
      const { clients } = file.addresses.get(flags.id)!
      yield* Effect.logInfo(`serves clients on ${clients.host}:${clients.port}`).pipe(Effect.annotateLogs({ server: flags.id }))
      const signal = yield* Effect.raceFirst(replica.failed, toldToStop)
      yield* Effect.logInfo(`stops after ${signal}`).pipe(Effect.annotateLogs({ server: flags.id }))
    }).pipe(
      Effect.provide(layerServer({ file, folder: flags.data, id: flags.id }).pipe(Layer.provide(observer))),
      Effect.provide(logs)
    )
  }))
