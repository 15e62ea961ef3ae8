/**
 * What the RESP layer costs: processor time of the serving thread for each command, over a map that does nothing. What
 * is left is sockets, parser, conversation and encoding. Clients are in another thread.
 *
 *     node check/resp/cost.ts
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as net from "node:net"
import { parentPort, Worker, workerData } from "node:worker_threads"
import { Gateway } from "../../src/shell/resp/Gateway.ts"
import { encodeCommand } from "../../src/shell/resp/Resp.ts"
import { RespServer } from "../../src/shell/resp/RespServer.ts"
import { layerFakes, memoryReplica } from "./fakes.ts"

const connections = 256
const commands = 200_000
const warmUp = 50_000

/** So many commands in all. Each connection has as many as `pipeline` under way, and then, answered, as many again. */
const load = (port: number, count: number, pipeline: number) =>
  new Promise<void>((resolve) => {
    const batch = Buffer.from(encodeCommand(["SET", "key:000000012345", "x".repeat(100)]).repeat(pipeline))
    const answers = "+OK\r\n".length * pipeline
    let batches = count / pipeline
    let open = connections
    for (let n = 0; n < connections; n++) {
      let heard = 0
      const socket = net.connect({ host: "127.0.0.1", port, noDelay: true })
      const send = () => batches-- > 0 ? socket.write(batch) : socket.end()
      socket.on("connect", send)
      socket.on("data", ({ length }) => {
        heard += length
        if (heard % answers === 0) send()
      })
      socket.on("close", () => --open === 0 && resolve())
    }
  })

/** Answers at once, or in the next turn of the event loop. */
const gateways: Readonly<Record<string, Gateway["Service"]>> = {
  "at once": { execute: () => Effect.succeed(null) },
  "after a turn": { execute: () => Effect.callback((resume) => void setImmediate(() => resume(Effect.succeed(null)))) }
}

if (parentPort !== null) {
  const { clients, name } = workerData as { readonly clients: number; readonly name: string }
  const listen = { host: "127.0.0.1", port: 0 }
  const server = RespServer.layer({ listen, addresses: new Map(), maxClients: clients }).pipe(
    Layer.provide(layerFakes(Gateway.of(gateways[name]!), memoryReplica()))
  )
  const port = parentPort
  Effect.runFork(Effect.gen(function*() {
    port.postMessage((yield* RespServer).port)
    port.on("message", () => port.postMessage(process.threadCpuUsage()))
    return yield* Effect.never
  }).pipe(Effect.provide(server)))
} else {
  for (const name of Object.keys(gateways)) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { name, clients: connections } })
    const hear = <A>() => new Promise<A>((resolve) => worker.once("message", resolve))
    const port = await hear<number>()
    const usage = () => {
      worker.postMessage("usage")
      return hear<NodeJS.CpuUsage>()
    }
    for (const pipeline of [1, 16]) {
      await load(port, warmUp, pipeline)
      await new Promise((resolve) => setTimeout(resolve, 100))
      const before = await usage()
      const begun = performance.now()
      await load(port, commands, pipeline)
      const rate = Math.round(commands / (performance.now() - begun) * 1000)
      const after = await usage()
      const [user, system] = [after.user - before.user, after.system - before.system].map((n) => (n / commands).toFixed(2))
      console.log(`SET, answered ${name}, ${pipeline} at a time on ${connections} connections: ` +
        `${user} us of processor in the program, ${system} us in the system; ${rate} commands a second`)
    }
    await worker.terminate()
  }
}
