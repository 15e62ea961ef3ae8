/** Whether traces are behaviours of the specification; TLC decides (spec/Trace.tla). */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Runtime from "effect/Runtime"
import { join } from "node:path"
import { runTlc, TlcCrashed } from "../tlc/Tlc.ts"
import type { TlcResult } from "../tlc/Tlc.ts"
import { parseValue } from "../tlc/Value.ts"
import type { Value } from "../tlc/Value.ts"
import { explain, stuck } from "./Explain.ts"
import type { Rejection } from "./Explain.ts"
import type { Trace } from "./Format.ts"
import { slicesOf } from "./slices.ts"
import { rootModule, traceModules } from "./TraceModule.ts"

/** What one JVM takes: the parser's memory grows with them, to some 700 MB. */
const linesPerRun = 15_000
const heapMb = 1_536

const library = join(import.meta.dirname, "../../spec")

export type Verdict = { readonly status: "accepted"; readonly lines: number } | Rejection

export interface Validation {
  /** In the order of the traces. */
  readonly verdicts: ReadonlyArray<Verdict>
  readonly lines: number
  /** How many different steps they are, counted within each run of TLC. */
  readonly distinctSteps: number
}

/** TLC's verdicts and its count of states don't add up: nothing is concluded from them. */
export class CountsDiffer extends Data.TaggedError("CountsDiffer")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 3
}

export interface ValidateOptions {
  /** TLC's jar (`findJar`). */
  readonly jar: string
  /** How many JVMs run at once; by default 2. */
  readonly concurrency?: number
  /** The most lines of a trace that one of them takes; what a long one takes is divided. */
  readonly longest?: number
  /** Called after each run of TLC. */
  readonly onProgress?: (done: { readonly lines: number; readonly of: number }) => Effect.Effect<void>
}

/**
 * Validates traces against the specification: node by node, from the initial state, each line must be exactly one step
 * of it, and whatever is consumed must be what an earlier line sent. A trace is accepted if TLC says so of as many
 * lines as it has; a rejection names the first line that is no step.
 */
export const validateTraces = Effect.fnUntraced(function*(
  traces: ReadonlyArray<Trace>,
  { concurrency = 2, jar, longest = linesPerRun, onProgress }: ValidateOptions
) {
  const slices = new Map(traces.map((trace) => [trace, slicesOf(trace, longest)]))
  const of = traces.reduce((sum, trace) => sum + trace.steps.length, 0)
  const verdicts = new Map<Trace, Verdict>()
  let lines = 0
  let distinctSteps = 0
  yield* Effect.forEach(batches([...slices.values()].flat()), (batch) =>
    Effect.gen(function*() {
      const different = yield* validateBatch(batch, jar, verdicts)
      distinctSteps += different
      for (const { slice, steps } of batch) lines += steps.length - (slice?.earlier ?? 0)
      if (onProgress) yield* onProgress({ lines, of })
    }), { concurrency, discard: true })
  const whole = traces.map((trace) => together(slices.get(trace)!.map((slice) => verdicts.get(slice)!)))
  return { verdicts: whole, lines, distinctSteps } satisfies Validation
})

/** The verdict about a trace: the first rejection of a slice, or none. */
const together = (verdicts: ReadonlyArray<Verdict>): Verdict => {
  let lines = 0
  for (const verdict of verdicts) {
    if (verdict.status === "rejected") return verdict
    lines += verdict.lines
  }
  return { status: "accepted", lines }
}

/** Traces of the same settings, as many as one run of TLC takes. */
const batches = (traces: ReadonlyArray<Trace>): ReadonlyArray<ReadonlyArray<Trace>> => {
  const all: Array<Array<Trace>> = []
  for (const same of Map.groupBy(traces, ({ header }) => JSON.stringify(header.settings)).values()) {
    const lines = same.reduce((sum, trace) => sum + trace.steps.length, 0)
    const share = lines / Math.ceil(lines / linesPerRun)
    let room = 0
    for (const trace of same) {
      if (room <= 0) {
        all.push([])
        room += share
      }
      all.at(-1)!.push(trace)
      room -= trace.steps.length
    }
  }
  return all
}

/** Yields the number of different steps. */
const validateBatch = Effect.fnUntraced(function*(
  batch: ReadonlyArray<Trace>,
  jar: string,
  verdicts: Map<Trace, Verdict>
) {
  const { distinctSteps, result } = yield* run(batch, jar, true)
  if (result.outcome !== "error") {
    yield* collect(batch, result, verdicts)
    return distinctSteps
  }
  // Some state is so odd that a rule has no value for it. Line by line, TLC says where; then the others go on.
  let rest = batch
  for (;;) {
    if (rest.length === 0) return distinctSteps
    const { result } = yield* run(rest, jar, false)
    if (result.outcome !== "error") {
      yield* collect(rest, result, verdicts)
      return distinctSteps
    }
    const { line, trace: number } = result.counterexample?.states.at(-1)?.variables ?? {}
    const trace = typeof number === "number" ? rest[number - 1] : undefined
    if (trace === undefined || typeof line !== "number") {
      return yield* new TlcCrashed({ message: `TLC: ${result.message ?? "an error without a message"}` })
    }
    verdicts.set(trace, stuck(trace, trace.steps[line]!, result.message ?? ""))
    rest = rest.filter((other) => other !== trace)
  }
})

const run = Effect.fnUntraced(function*(batch: ReadonlyArray<Trace>, jar: string, checkOnce: boolean) {
  const fileSystem = yield* FileSystem.FileSystem
  const { distinctSteps, files } = traceModules(batch, checkOnce)
  return yield* Effect.gen(function*() {
    const dir = yield* fileSystem.makeTempDirectoryScoped({ prefix: "lockstep-traces-" })
    for (const [name, text] of files) yield* fileSystem.writeFileString(join(dir, name), text)
    const result = yield* runTlc({ jar, dir, module: rootModule, library, workers: 1, heapMb })
    return { distinctSteps, result }
  }).pipe(
    Effect.scoped,
    Effect.catchTag("PlatformError", ({ message }) => new TlcCrashed({ message: `TLC's modules: ${message}` }))
  )
})

/** From what TLC has printed to verdicts; its count of states must agree with them. */
const collect = Effect.fnUntraced(function*(
  batch: ReadonlyArray<Trace>,
  { distinct, printed }: TlcResult,
  verdicts: Map<Trace, Verdict>
) {
  let states = 0
  for (const text of printed.join("\n").split(/^(?=<< ?"(?:ACCEPTED|REJECTED)")/m)) {
    if (text.trim() === "") continue
    const [word, number, line, details] = parseValue(text) as ReadonlyArray<Value>
    const trace = batch[(number as number) - 1]!
    const { slice: { earlier } = { earlier: 0 } } = trace
    const n = line as number
    if (word === "ACCEPTED" && n === trace.steps.length) {
      verdicts.set(trace, { status: "accepted", lines: n - earlier })
      states += n - earlier + 1
    } else if (word === "REJECTED") {
      verdicts.set(trace, explain(trace, trace.steps[n - 1]!, details!))
      states += n - earlier
    }
  }
  const silent = batch.filter((trace) => !verdicts.has(trace)).length
  if (silent > 0 || states !== distinct) {
    const message = `TLC's verdicts account for ${states} states, and it has found ${distinct}; ${silent} traces have none`
    return yield* new CountsDiffer({ message })
  }
})
