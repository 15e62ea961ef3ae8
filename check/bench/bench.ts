/**
 * Figures, side by side in one run: `just bench`. Times of a shared machine mean little; ratios of one run mean more.
 * Whole processes are timed where a process is what a user waits for.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { explore } from "../explorer/Explore.ts"
import { fuzz } from "../fuzz/Fuzz.ts"
import { raftModels } from "../models/load.ts"
import { raftModel } from "../models/RaftModel.ts"
import { projectJar, tlcModel } from "../models/TlcModel.ts"
import type { Trace } from "../trace/Format.ts"
import { readTrace } from "../trace/TraceReader.ts"
import { headerOf, linesOf, traceText } from "../trace/TraceWriter.ts"
import { validateTraces } from "../trace/validate.ts"
import { Handle } from "../../src/raft/Raft.ts"
import { pages } from "./pages.ts"

const repeats = 5

const median = (values: ReadonlyArray<number>): number => [...values].sort((a, b) => a - b)[values.length >> 1]!
const range = (values: ReadonlyArray<number>): string =>
  `${median(values).toFixed(2)} s (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))
const say = (line: string) => console.log(line)

/** Wall time of one `lockstep explore bench`, from outside and by its own clock. */
const exploreOnce = (workers: number) => {
  const start = performance.now()
  const output = execFileSync(process.execPath, [main, "explore", "bench", "--workers", String(workers), "--json"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"]
  })
  const { distinct, generated, seconds } = JSON.parse(output) as Record<"distinct" | "generated" | "seconds", number>
  return { distinct, generated, inside: seconds, whole: (performance.now() - start) / 1000 }
}

/** The explorer against TLC on the fixed model. */
const explorer = Effect.gen(function*() {
  const spec = raftModels().find((m) => m.name === "bench")!
  say(`Model bench: ${spec.about}`)
  const runs = (workers: number) => Array.from({ length: repeats }, () => exploreOnce(workers))
  const [one, two] = [runs(1), runs(2)]
  const tlc = yield* tlcModel(spec, { workers: 2 })
  say(`  TLC, 2 workers         ${tlc.seconds.toFixed(1)} s; ${tlc.distinct} distinct, ${tlc.generated} generated`)
  for (const [name, found] of [["1 worker ", one], ["2 workers", two]] as const) {
    const [inside, whole] = [found.map((f) => f.inside), found.map((f) => f.whole)]
    say(
      `  explorer, ${name}    ${range(inside)}: ${(tlc.seconds / median(inside)).toFixed(0)}× less; `
        + `whole process ${range(whole)}: ${(tlc.seconds / median(whole)).toFixed(0)}× less; `
        + `${found[0]!.distinct} distinct, ${found[0]!.generated} generated`
    )
  }
})

/** What one step of the core costs: every message of a model at every state of its destination. */
const core = Effect.promise(async () => {
  const model = raftModel(raftModels().find((m) => m.name === "two-requests")!)
  const { graph } = await explore(model)
  const servers = new Map(graph.world(0).actors.map((s) => [JSON.stringify(s), s]))
  const messages = new Map<string, Parameters<typeof Handle>[1]>()
  for (let n = 0; n < graph.size; n += 97) {
    const world = graph.world(n)
    for (const s of world.actors) servers.set(JSON.stringify(s), s)
    for (const m of world.messages) messages.set(JSON.stringify(m), m)
  }
  const pairs = [...servers.values()].flatMap((s) => [...messages.values()].filter((m) => m.dest === s.id).map((m) => [s, m] as const))
  const rounds = Math.ceil(2_000_000 / pairs.length)
  const times: Array<number> = []
  for (let r = 0; r < repeats; r++) {
    const start = performance.now()
    for (let n = 0; n < rounds; n++) for (const [s, m] of pairs) Handle(s, m)
    times.push((performance.now() - start) * 1000 / (rounds * pairs.length))
  }
  say(`Core: ${median(times).toFixed(2)} µs per message handled (${pairs.length} different pairs of server and message)`)
})

/** Random executions, and the validation of their traces. */
const executions = Effect.gen(function*() {
  const traces: Array<Trace> = []
  let lines = 0
  for (const servers of [3, 5]) {
    const { events, eventsPerSecond } = yield* Effect.promise(() => fuzz({ servers, runs: 500, seed: 1 }))
    say(`Random executions, ${servers} servers: ${eventsPerSecond} events/s with all properties on (${events} events)`)
  }
  yield* Effect.promise(() =>
    fuzz({
      servers: 3,
      runs: 60,
      seed: 1,
      onRun: (run) => {
        const text = traceText(headerOf(run.ids, run.settings, 1, {}), linesOf(run.sent, run.taken))
        traces.push(Result.getOrThrow(readTrace(text, "bench")))
        lines += traces.at(-1)!.steps.length
      }
    })
  )
  const jar = yield* projectJar
  const start = performance.now()
  const { distinctSteps } = yield* validateTraces(traces, { jar })
  const seconds = (performance.now() - start) / 1000
  say(
    `Trace validation: ${lines} events, ${distinctSteps} distinct steps, ${seconds.toFixed(1)} s: `
      + `${Math.round(lines / seconds)} events/s`
  )
})

await Effect.runPromise(
  Effect.all([explorer, core, executions, Effect.promise(async () => (await pages()).forEach(say))], { discard: true }).pipe(Effect.provide(NodeServices.layer))
)
