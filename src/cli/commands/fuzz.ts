/** `lockstep fuzz`: random executions, of the rules alone or of real replicas in a simulation, and the replay of one. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { mkdirSync } from "node:fs"
import packageJson from "../../../package.json" with { type: "json" }
import { fuzz as runFuzz } from "../../../check/fuzz/Fuzz.ts"
import type { FinishedRun } from "../../../check/fuzz/Fuzz.ts"
import { replay as replayText } from "../../../check/fuzz/Replay.ts"
import type { Operation } from "../../../check/linearizability/History.ts"
import { fuzzRuntime } from "../../../check/runtime/Fuzz.ts"
import type { FinishedRun as RuntimeRun } from "../../../check/runtime/Run.ts"
import type { Header, Line } from "../../../check/trace/Format.ts"
import { headerOf, linesOf, traceText } from "../../../check/trace/TraceWriter.ts"
import { ScriptError } from "../../../check/scenario/Script.ts"
import { readFile } from "../readFile.ts"
import { replaceFile } from "../replaceFile.ts"
import type { Ending } from "../Ending.ts"
import { badInput, honouringInterrupts, interrupted, json, result, violated } from "../Ending.ts"
import { progress } from "../progress.ts"
import { grouped, table } from "../text.ts"

const level = Flag.Literals("level", ["core", "runtime"]).pipe(
  Flag.withDescription("core: the rules (default); runtime: replicas as they are served, in a simulation"),
  Flag.withDefault("core")
)
const servers = Flag.Int("servers").pipe(Flag.withDescription("cluster size, 1 to 9 (default 3)"), Flag.withDefault(3))
const runs = Flag.Int("runs").pipe(Flag.withDescription("how many executions (default 500)"), Flag.withDefault(500))
const events = Flag.Int("events").pipe(
  Flag.withDescription("level core: decisions in each, of which about three in four become events (default 1000)"),
  Flag.withDefault(1000)
)
const seed = Flag.Int("seed").pipe(Flag.withDescription("the same seed gives the same runs (default 1)"), Flag.withDefault(1))
const path = Flag.String("path").pipe(
  Flag.withDescription("straight to the shrunk run of a failure that printed this path"),
  Flag.optional
)
const replay = Flag.String("replay").pipe(
  Flag.withDescription("level core: run the scenario in this file again, instead"),
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
const filesOf = (
  folder: string,
  number: number,
  header: Header,
  lines: ReadonlyArray<Line>,
  history: ReadonlyArray<Operation>
) => [
  replaceFile(`${folder}/run-${number}.ndjson`, traceText(header, lines)),
  replaceFile(`${folder}/run-${number}.jsonl`, history.map((operation) => `${JSON.stringify(operation)}\n`).join(""))
]

const tools = { lockstep: packageJson.version, node: process.version }

/** What both levels are asked for. */
interface Asked {
  readonly servers: number
  readonly runs: number
  readonly seed: number
  readonly path: string | undefined
  /** Where traces and histories go. */
  readonly folder: string | undefined
}

/** What both levels have to say. */
interface Found {
  /** As JSON. */
  readonly whole: unknown
  readonly summary: string
  readonly richness: Readonly<Record<string, number>>
  readonly per1000: { readonly what: string; readonly of: number }
  readonly failure: {
    readonly property: string
    readonly detail: string
    /** The command that shows it again, or only the seed. */
    readonly again: string
    readonly account: ReadonlyArray<string>
  } | undefined
  readonly saved: ReadonlyArray<Effect.Effect<void, Ending>>
}

const core = ({ events, folder, path, runs, seed, servers }: Asked & { readonly events: number }, signal: AbortSignal) =>
  Effect.promise(async (): Promise<Found> => {
    const saved: Array<Effect.Effect<void, Ending>> = []
    const onRun = ({ history, ids, number, sent, settings, taken }: FinishedRun) =>
      void saved.push(...filesOf(folder!, number, headerOf(ids, settings, seed, tools), linesOf(sent, taken), history))
    const found = await runFuzz({
      servers, runs, events, seed, path, signal,
      ...(folder === undefined ? {} : { onRun }),
      onProgress: (p) => progress(`${grouped(p.runs)} of ${grouped(runs)} runs, ${grouped(p.events)} events`)
    })
    const { failure } = found
    return {
      whole: found,
      summary: `${grouped(found.runs)} runs, ${grouped(found.events)} events, ${grouped(found.eventsPerSecond)} events/s`,
      richness: found.richness,
      per1000: { what: "events", of: found.events },
      saved,
      failure: failure && {
        ...failure,
        again: failure.path === undefined
          ? `seed ${failure.seed}`
          : `again: lockstep fuzz --servers ${servers} --runs ${runs} --events ${events} --seed ${failure.seed} --path ${failure.path}`,
        account: ["Scenario (save it, then: lockstep fuzz --replay FILE):", "", failure.scenario]
      }
    }
  })

const runtime = ({ folder, path, runs, seed, servers }: Asked, signal: AbortSignal) =>
  Effect.promise(async (): Promise<Found> => {
    const saved: Array<Effect.Effect<void, Ending>> = []
    const onRun = ({ history, ids, sent, settings, steps }: RuntimeRun, number: number) =>
      void saved.push(...filesOf(folder!, number, headerOf(ids, settings, seed, tools), linesOf(sent, steps), history))
    const found = await fuzzRuntime({
      servers, runs, seed, path, signal,
      ...(folder === undefined ? {} : { onRun }),
      onProgress: (p) => progress(`${grouped(p.runs)} of ${grouped(runs)} runs, ${grouped(p.steps)} steps`)
    })
    const { failure } = found
    return {
      whole: found,
      summary: `${grouped(found.runs)} runs, ${grouped(Math.round(found.virtualSeconds))} s of virtual time, `
        + `${grouped(found.steps)} steps, ${grouped(found.stepsPerSecond)} steps/s`,
      richness: found.richness,
      per1000: { what: "steps", of: found.steps },
      saved,
      failure: failure && {
        ...failure,
        again: failure.path === undefined
          ? `seed ${failure.seed}`
          : `again: lockstep fuzz --level runtime --servers ${servers} --runs ${runs} --seed ${failure.seed} `
            + `--path ${failure.path}`,
        account: failure.story === "" ? [] : ["", failure.story]
      }
    }
  })

export const fuzz = Command.make("fuzz", { level, servers, runs, events, seed, path, save, replay, json }, (flags) =>
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
    const asked = { ...flags, folder, path: Option.getOrUndefined(flags.path) }
    const { value: found, wasInterrupted } = yield* honouringInterrupts((signal) =>
      flags.level === "core" ? core(asked, signal) : runtime(asked, signal)
    )
    progress("")
    yield* Effect.all(found.saved, { discard: true })
    const { failure, per1000: { of, what } } = found
    const rich = table(
      ["what happened", "times", `per 1,000 ${what}`],
      Object.entries(found.richness).map(([name, n]) => [name, grouped(n), (1000 * n / Math.max(1, of)).toFixed(2)])
    )
    // A path leads to the one run that fails, of which nothing is counted.
    const lines = [
      ...(asked.path !== undefined
        ? failure === undefined ? ["nothing is violated there"] : []
        : [rich, "", `${flags.servers} servers, seed ${flags.seed}: ${found.summary}`]),
      ...(failure === undefined ? [] : [`violates ${failure.property}: ${failure.detail}`, failure.again, ...failure.account])
    ]
    yield* result(flags.json, found.whole, lines.join("\n"))
    if (failure !== undefined) return yield* violated
    if (wasInterrupted) return yield* interrupted
  }))
