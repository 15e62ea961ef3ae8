/**
 * What those who look after a server ask it, over HTTP: is it well (`/health`), what does it do (`/status`, as JSON), its
 * numbers over time (`/metrics`, for Prometheus), and to take a snapshot now (`POST /snapshot`).
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Runtime from "effect/Runtime"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import { createServer } from "node:http"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { isLoopback } from "../Address.ts"
import type { Address } from "../Address.ts"
import { Replica } from "../Replica.ts"
import type { Status } from "../Replica.ts"

/** The port can't be opened; nothing else was started. */
export class HttpError extends Data.TaggedError("HttpError")<{ readonly address: Address; readonly reason: string }> {
  override readonly message = `cannot listen on ${this.address.host}:${this.address.port} for HTTP: ${this.reason}`
  override readonly [Runtime.errorExitCode] = 2
}

const gauge = (name: string, description: string) => Metric.gauge(`lockstep_${name}`, { description })
const total = (name: string, description: string) =>
  Metric.counter(`lockstep_${name}_total`, { description, incremental: true })

/** What is read from the status when somebody asks; nothing is counted twice on the hot path. */
const gauges: ReadonlyArray<readonly [Metric.Gauge<number>, (s: Status) => number]> = [
  [gauge("is_leader", "1 if this server leads its term"), (s) => s.role === "leader" ? 1 : 0],
  [gauge("has_leader", "1 if this server knows who leads its term"), (s) => s.leader === null ? 0 : 1],
  [gauge("term", "currentTerm"), (s) => s.term],
  [gauge("commit_index", "commitIndex"), (s) => s.commitIndex],
  [gauge("last_applied", "lastApplied"), (s) => s.lastApplied],
  [gauge("last_index", "index of the last entry"), (s) => s.lastIndex],
  [gauge("snapshot_index", "what the latest snapshot stands for"), (s) => s.snapshotIndex],
  [gauge("log_bytes", "what the log measures"), (s) => s.logBytes],
  [gauge("keys", "keys in the map"), (s) => s.keys],
  [gauge("sessions", "open sessions"), (s) => s.sessions],
  [gauge("waiting", "clients that wait for an answer"), (s) => s.waiting]
]
const counters: ReadonlyArray<readonly [Metric.Counter<number>, (s: Status) => number]> = [
  [total("steps", "steps taken"), (s) => s.steps],
  [total("saves", "records saved and synced"), (s) => s.saves],
  [total("messages_sent", "messages given to the transport"), (s) => s.sent],
  [total("messages_received", "messages handled"), (s) => s.received]
]
const memory = gauge("resident_bytes", "memory of the process")
const delay = gauge("event_loop_delay_seconds", "the longest that the event loop was held up since the last scrape")

const routes = Layer.unwrap(Effect.gen(function*() {
  const replica = yield* Replica
  const loop = monitorEventLoopDelay({ resolution: 10 })
  loop.enable()
  yield* Effect.addFinalizer(() => Effect.sync(() => loop.disable()))
  const counted = new Map<Metric.Counter<number>, number>()

  const measure = Effect.gen(function*() {
    const status = yield* replica.status
    for (const [metric, read] of gauges) yield* Metric.update(metric, read(status))
    for (const [metric, read] of counters) {
      yield* Metric.update(metric, read(status) - (counted.get(metric) ?? 0))
      counted.set(metric, read(status))
    }
    yield* Metric.update(memory, process.memoryUsage.rss())
    yield* Metric.update(delay, loop.max / 1e9)
    loop.reset()
  })

  return Layer.mergeAll(
    HttpRouter.add("GET", "/status", Effect.map(replica.status, (status) => HttpServerResponse.jsonUnsafe(status))),
    HttpRouter.add(
      "GET",
      "/health",
      // A server that knows no leader can't serve anybody.
      Effect.map(replica.status, ({ leader }) =>
        leader === null
          ? HttpServerResponse.text("no leader\n", { status: 503 })
          : HttpServerResponse.text("ok\n"))
    ),
    HttpRouter.add(
      "GET",
      "/metrics",
      measure.pipe(
        Effect.andThen(PrometheusMetrics.format()),
        Effect.map((text) => HttpServerResponse.text(text, { contentType: "text/plain; version=0.0.4" }))
      )
    ),
    HttpRouter.add("POST", "/snapshot", Effect.map(replica.snapshot, (index) => HttpServerResponse.jsonUnsafe({ index })))
  )
}))

const listening = (address: Address) =>
  HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provide(NodeHttpServer.layer(createServer, { ...address, gracefulShutdownTimeout: 100 })),
    Layer.catchTag("ServeError", ({ cause }) =>
      Layer.effectDiscard(Effect.fail(
        new HttpError({ address, reason: cause instanceof Error ? cause.message : String(cause) })
      )))
  )

/** It has no TLS: `insecure` lets it listen where other machines can reach it. */
export const layerHttp = (address: Address, insecure: boolean) =>
  insecure || isLoopback(address.host)
    ? listening(address)
    : Layer.effectDiscard(Effect.fail(
      new HttpError({ address, reason: "it can be reached from other machines, and the cluster file doesn't say that it may be insecure" })
    ))
