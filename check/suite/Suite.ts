/** The main job: everything that is checked, at a scope of minutes or (deep) of hours, as rows of a summary. */
import * as Effect from "effect/Effect"
import { loadModels } from "../models/load.ts"
import { projectJar } from "../models/TlcModel.ts"
import { findJava } from "../tlc/Jar.ts"
import type { Trace } from "../trace/Format.ts"
import type { SuiteOptions } from "./Options.ts"
import { row } from "./Row.ts"
import type { Row } from "./Row.ts"
import { codeCoverageRow, specCoverageRow } from "./rows/coverage.ts"
import { crashRow, diskRow, refinementRow } from "./rows/durability.ts"
import { fuzzRow, runtimeRow } from "./rows/executions.ts"
import { bruteForceRow, historyRow } from "./rows/histories.ts"
import { labsRow, recoveryRow } from "./rows/labs.ts"
import { modelRow } from "./rows/models.ts"
import { nemesisRow } from "./rows/nemesis.ts"
import { byTlc, progressAloneRow, progressRow, quickly } from "./rows/progress.ts"
import { replayRow, scenarioRow } from "./rows/scenarios.ts"
import { labTraces, rootTraces, sizes, traceRow } from "./rows/traces.ts"
import { zooRow } from "./rows/zoo.ts"

/** Whether TLC can run here: Java is there, and so is the jar. Fails with the reason. */
export const tlcAvailable = Effect.andThen(findJava(), projectJar)

/** Runs everything; a missing TLC leaves rows that say so. */
export const runSuite = Effect.fnUntraced(function*(options: SuiteOptions) {
  const noTlc = yield* tlcAvailable.pipe(Effect.as(undefined), Effect.catch((error) => Effect.succeed(error.message)))
  const rows: Array<Row> = []
  const add = (found: Row) => {
    rows.push(found)
    options.onRow(found)
  }
  const run = <R>(work: Effect.Effect<Row, never, R>) => options.signal.aborted ? Effect.void : Effect.map(work, add)

  yield* run(scenarioRow)
  yield* run(
    noTlc === undefined
      ? replayRow(options)
      : row("scenarios", "replayed by TLC", Effect.succeed({ status: "skipped", found: noTlc }))
  )
  yield* run(historyRow(options))
  yield* run(bruteForceRow(options))
  yield* run(labsRow("rules", options))
  yield* run(labsRow("replicas", options))
  yield* run(labsRow("statistic", options))
  yield* run(recoveryRow(options))
  const traces: Array<Trace> = []
  for (const servers of sizes) {
    yield* run(fuzzRow(servers, options.deep ? 20_000 : 800, traces, options))
  }
  yield* run(runtimeRow(3, options.deep ? 7_000 : 200, traces, options))
  yield* run(runtimeRow(5, options.deep ? 3_000 : 100, traces, options))
  // The longest first: the last one to end then ends soonest.
  const models = loadModels().toSorted((a, b) => (b.pinned?.seconds ?? 0) - (a.pinned?.seconds ?? 0))
  yield* run(diskRow(options, noTlc === undefined))
  yield* run(refinementRow(options))
  yield* run(crashRow(options))
  yield* run(nemesisRow(options))
  yield* Effect.forEach(models, (spec) => run(modelRow(spec, options, noTlc === undefined)), { concurrency: 2 })
  const waiting = models.filter((spec) => spec.layer === "raft").filter((spec) =>
    spec.edges && (options.deep || (spec.scope === "check" && (spec.pinned?.distinct ?? 0) <= quickly))
  )
  const both = waiting.filter((spec) => noTlc === undefined && byTlc(spec, options.deep))
  const alone = waiting.filter((spec) => !both.includes(spec))
  yield* Effect.forEach(both, (spec) => run(progressRow(spec, options)), { concurrency: 2 })
  yield* run(progressAloneRow(alone, options))
  if (noTlc === undefined) yield* run(traceRow([...rootTraces(), ...labTraces(options.seed), ...traces], options))
  else yield* run(row("traces", "validated by TLC", Effect.succeed({ status: "skipped", found: noTlc })))
  yield* run(codeCoverageRow(options))
  yield* run(
    noTlc === undefined
      ? specCoverageRow(options)
      : row("coverage", "guards of the rules", Effect.succeed({ status: "skipped", found: noTlc }))
  )
  yield* run(zooRow(options, noTlc === undefined))
  return rows
})
