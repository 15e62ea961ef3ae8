/** `lockstep fuzz`: random executions, and the replay of one. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { mkdirSync } from "node:fs"
import packageJson from "../../../package.json" with { type: "json" }
import { fuzz as runFuzz } from "../../../check/fuzz/Fuzz.ts"
import type { FinishedRun } from "../../../check/fuzz/Fuzz.ts"
import { replay as replayText } from "../../../check/fuzz/Replay.ts"
import { headerOf, linesOf, traceText } from "../../../check/trace/TraceWriter.ts"
import { ScriptError } from "../../../check/scenario/Script.ts"
import { readFile } from "../readFile.ts"
import { replaceFile } from "../replaceFile.ts"
import type { Ending } from "../Ending.ts"
import { badInput, honouringInterrupts, interrupted, json, result, violated } from "../Ending.ts"
import { progress } from "../progress.ts"
import { grouped, table } from "../text.ts"

const servers = Flag.Int("servers").pipe(Flag.withDescription("cluster size, 1 to 9 (default 3)"), Flag.withDefault(3))
const runs = Flag.Int("runs").pipe(Flag.withDescription("how many executions (default 500)"), Flag.withDefault(500))
const events = Flag.Int("events").pipe(
  Flag.withDescription("decisions in each, of which about three in four become events (default 1000)"),
  Flag.withDefault(1000)
)
const seed = Flag.Int("seed").pipe(Flag.withDescription("the same seed gives the same runs (default 1)"), Flag.withDefault(1))
const path = Flag.String("path").pipe(
  Flag.withDescription("straight to the shrunk run of a failure that printed this path"),
  Flag.optional
)
const replay = Flag.String("replay").pipe(
  Flag.withDescription("run the scenario in this file again, instead"),
  Flag.optional
)

const save = Flag.String("save").pipe(
  Flag.withDescription("write each run's trace (run-N.ndjson) and history (run-N.jsonl) into this folder"),
  Flag.optional
)

const replayFile = Effect.fnUntraced(function*(file: string, asJson: boolean) {
  const text = yield* readFile(file)
  if (text.trim() === "") return yield* badInput(`${file}: empty`)
  const violation = yield* Effect.try({
    try: () => replayText(text),
    catch: (error) => badInput(`${file}: ${error instanceof ScriptError ? error.message : String(error)}`)
  })
  const line = violation === undefined ? `${file}: nothing is violated` : `${file}: violates ${violation.property}: ${violation.detail}`
  yield* result(asJson, { file, violation: violation ?? null }, line)
  if (violation !== undefined) return yield* violated
})

/** What a run leaves, as files to be written. */
const files = (folder: string, run: FinishedRun, seed: number) => {
  const header = headerOf(run.ids, run.settings, seed, { lockstep: packageJson.version, node: process.version })
  const trace = traceText(header, linesOf(run.sent, run.taken))
  const history = run.history.map((operation) => `${JSON.stringify(operation)}\n`).join("")
  return [
    replaceFile(`${folder}/run-${run.number}.ndjson`, trace),
    replaceFile(`${folder}/run-${run.number}.jsonl`, history)
  ]
}

export const fuzz = Command.make("fuzz", { servers, runs, events, seed, path, save, replay, json }, (flags) =>
  Effect.gen(function*() {
    if (Option.isSome(flags.replay)) return yield* replayFile(flags.replay.value, flags.json)
    for (const [name, value, least, most] of [["servers", flags.servers, 1, 9], ["runs", flags.runs, 1, 1e9], ["events", flags.events, 1, 1e6]] as const) {
      if (value < least || value > most) return yield* badInput(`--${name} ${value}: expected ${least} to ${most}`)
    }
    if (Option.isSome(flags.path) && !/^\d+(:\d+)*$/.test(flags.path.value)) {
      return yield* badInput(`--path ${flags.path.value}: expected numbers between colons`)
    }
    const folder = Option.getOrUndefined(flags.save)
    if (folder !== undefined) {
      yield* Effect.try({
        try: () => mkdirSync(folder, { recursive: true }),
        catch: (error) => badInput(`${folder}: cannot be made: ${(error as Error).message}`)
      })
    }
    const saved: Array<Effect.Effect<void, Ending>> = []
    const { value: found, wasInterrupted } = yield* honouringInterrupts((signal) =>
      Effect.promise(() =>
        runFuzz({
          servers: flags.servers,
          runs: flags.runs,
          events: flags.events,
          seed: flags.seed,
          path: Option.getOrUndefined(flags.path),
          signal,
          ...(folder === undefined ? {} : { onRun: (run: FinishedRun) => void saved.push(...files(folder, run, flags.seed)) }),
          onProgress: (p) => progress(`${grouped(p.runs)} of ${grouped(flags.runs)} runs, ${grouped(p.events)} events`)
        })
      )
    )
    progress("")
    yield* Effect.all(saved, { discard: true })
    const { failure } = found
    const rich = table(
      ["what happened", "times", "per 1,000 events"],
      Object.entries(found.richness).map(([name, n]) => [name, grouped(n), (1000 * n / Math.max(1, found.events)).toFixed(2)])
    )
    const summary = `${grouped(found.runs)} runs, ${grouped(found.events)} events, ${grouped(found.eventsPerSecond)} events/s`
    // A path leads to the one run that fails, of which nothing is counted.
    const lines = [
      ...(Option.isSome(flags.path)
        ? failure === undefined ? ["nothing is violated there"] : []
        : [rich, "", `${found.servers} servers, seed ${flags.seed}: ${summary}`]),
      ...(failure === undefined ? [] : [
        `violates ${failure.property}: ${failure.detail}`,
        failure.path === undefined
          ? `seed ${failure.seed}`
          : `again: lockstep fuzz --servers ${found.servers} --runs ${flags.runs} --events ${flags.events} --seed ${failure.seed} --path ${failure.path}`,
        "Scenario (save it, then: lockstep fuzz --replay FILE):",
        "",
        failure.scenario
      ])
    ]
    yield* result(flags.json, found, lines.join("\n"))
    if (failure !== undefined) return yield* violated
    if (wasInterrupted) return yield* interrupted
  }))
