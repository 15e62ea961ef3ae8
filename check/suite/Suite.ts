/** The main job: everything that is checked, at a scope of minutes or (deep) of hours, as rows of a summary. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { codeCoverage, sourcesAreHere } from "../coverage/CodeCoverage.ts"
import { specCoverage } from "../coverage/SpecCoverage.ts"
import { crashPoints, crashSpec } from "../durability/CrashPoints.ts"
import { checkDisk } from "../durability/DiskModel.ts"
import { enough, refine } from "../durability/Refinement.ts"
import type { Counts } from "../durability/Refinement.ts"
import { fuzz } from "../fuzz/Fuzz.ts"
import type { FinishedRun } from "../fuzz/Fuzz.ts"
import { distribution, progress } from "../labs/Progress.ts"
import { labs, runLabs } from "../labs/run.ts"
import { traceOfLab } from "../labs/traces.ts"
import { disagreements, fixtures, verifyFiles } from "../linearizability/index.ts"
import { compareLiveness, exploreLiveness, livenessFaults, livenessViolations } from "../models/checkLiveness.ts"
import { compareModel, comparePinned, holds } from "../models/checkModel.ts"
import type { Comparison } from "../models/checkModel.ts"
import type { Taken } from "../cluster/Cluster.ts"
import { loadModels } from "../models/load.ts"
import { rootOf } from "../models/RaftModel.ts"
import type { ModelSpec } from "../models/Table.ts"
import { projectJar } from "../models/TlcModel.ts"
import { livenessProperties } from "../raft/Liveness.ts"
import { runScenario } from "../scenario/Scenario.ts"
import { replayInTlc } from "../scenario/TlcReplay.ts"
import { findJava } from "../tlc/Jar.ts"
import type { Trace } from "../trace/Format.ts"
import { readTrace } from "../trace/TraceReader.ts"
import { headerOf, linesOf, traceText } from "../trace/TraceWriter.ts"
import { validateTraces } from "../trace/validate.ts"
import { matrixText } from "../zoo/Matrix.ts"
import { runZoo, zooAvailable } from "../zoo/Zoo.ts"
import { aborted } from "./Interrupt.ts"
import { row } from "./Row.ts"
import type { Row } from "./Row.ts"

export interface SuiteOptions {
  /** Hours instead of minutes. */
  readonly deep: boolean
  /** Of the random executions. */
  readonly seed: number
  readonly signal: AbortSignal
  /** Called with what is being done now. */
  readonly onProgress: (line: string) => void
  /** Called with each row when it is there. */
  readonly onRow: (row: Row) => void
}

const grouped = (n: number) => n.toLocaleString("en")

// Models: the two state graphs.

const numbers = ({ distinct, generated, depth }: { distinct: number; generated: number; depth: number }) =>
  `${grouped(distinct)} states, ${grouped(generated)} generated, depth ${depth}`

const compared = (comparison: Comparison, status: "ran" | "pinned" | "stopped"): Omit<Row, "section" | "check" | "seconds"> => {
  const { differences, edges, tlc, typescript } = comparison
  if (holds(comparison)) {
    const how = status === "pinned" ? "as pinned" : edges ? "same states and edges" : "same numbers"
    return { status, found: `${numbers(typescript)}; ${how}` }
  }
  if (status === "stopped") return { status, found: "interrupted" }
  const first = differences[0]
  const violated = [...typescript.violations.map((v) => v.name), ...(tlc?.violated === undefined ? [] : [tlc.violated])]
  return {
    status: "failed",
    found: violated.length > 0
      ? `violated: ${violated.join(", ")}`
      : first === undefined ? "incomplete" : `${first.what}: TLC ${first.tlc}, TypeScript ${first.typescript}`,
    detail: `lockstep equal ${comparison.model}`
  }
}

const modelRow = (spec: ModelSpec, { deep, onProgress, signal }: SuiteOptions, withTlc: boolean) =>
  row("models", spec.name, Effect.gen(function*() {
    const { pinned } = spec
    if (pinned !== undefined && (!withTlc || (spec.scope === "deep" && !deep))) {
      return compared(yield* comparePinned(spec, pinned), "pinned")
    }
    const comparison = yield* compareModel(spec, spec.edges, {
      stop: aborted(signal),
      onProgress: ({ distinct }) => Effect.sync(() => onProgress(`TLC on ${spec.name}: ${grouped(distinct)} states`))
    })
    return compared(comparison, signal.aborted ? "stopped" : "ran")
  }))

// Durability.

const diskRow = ({ signal }: SuiteOptions, withTlc: boolean) =>
  row("durability", "the log on disk, as specified", Effect.gen(function*() {
    const { differences, result, tlc } = yield* checkDisk(withTlc, aborted(signal))
    const violated = [...result.violations.map(({ name }) => name), ...(tlc?.violated === undefined ? [] : [tlc.violated])]
    if (signal.aborted) return { status: "stopped", found: "interrupted" }
    if (violated.length > 0) return { status: "failed", found: `violated: ${violated.join(", ")}` }
    const [first] = differences
    if (first !== undefined) return { status: "failed", found: `${first.what}: TLC ${first.tlc}, TypeScript ${first.typescript}` }
    return withTlc
      ? { status: "ran", found: `${numbers(result)}; same states and edges` }
      : { status: "pinned", found: `${numbers(result)}; as pinned` }
  }))

/** Of the log of our own on a disk that forgets. */
const refinementRow = ({ deep, seed, signal }: SuiteOptions) =>
  row("durability", "the file log refines it", Effect.promise(async () => {
    const runs = deep ? 20_000 : 500
    const counts: Counts = {}
    const seeds = function*() {
      for (let k = 0; k < runs && !signal.aborted; k++) yield seed + k
    }
    const violation = await refine(seeds(), counts)
    if (violation !== undefined) {
      return { status: "failed" as const, found: `${violation.property} (seed ${violation.seed})`, detail: violation.detail }
    }
    if (signal.aborted) return { status: "stopped" as const, found: "interrupted" }
    const [missed] = enough(counts, runs)
    if (missed !== undefined) return { status: "failed" as const, found: missed }
    const rich = ["powerCuts", "kills", "unacknowledgedLost", "unacknowledgedKept", "refused"]
      .map((name) => `${name} ${grouped(counts[name]!)}`).join(", ")
    return { status: "ran" as const, found: `${grouped(counts["operations"]!)} operations of the disk, each a step; ${rich}` }
  }))

/** Events of the runs in which servers crash everywhere; one more makes them about twice as many. */
const crashEvents = 12

/** The fewest different worlds right after a crash. */
const crashStates = 100_000

const crashRow = ({ signal }: SuiteOptions) =>
  row("durability", `a crash at every point of all runs of ${crashEvents} events`, Effect.promise(async () => {
    const found = await crashPoints(crashSpec, crashEvents, { signal })
    if (found.violation !== undefined) {
      return { status: "failed" as const, found: found.violation.property, detail: found.violation.detail }
    }
    if (found.interrupted) return { status: "stopped" as const, found: "interrupted" }
    const never = Object.entries(found.kinds).find(([, count]) => count === 0)
    if (never !== undefined || found.crashStates < crashStates) {
      return { status: "failed" as const, found: never === undefined ? `only ${grouped(found.crashStates)} crash states` : `never: ${never[0]}` }
    }
    const { recordKept, recordLost, someSent } = found.kinds
    return {
      status: "ran" as const,
      found: `${grouped(found.crashStates)} different crash states of ${grouped(found.crashes)} crashes, ${grouped(found.worlds)} worlds; `
        + `record lost ${grouped(recordLost)}, kept ${grouped(recordKept)}, some messages sent ${grouped(someSent)}`
    }
  }))

// Progress: what must come after the chaos.

/** States of a model whose calm is explored in seconds. */
const quickly = 50_000

/** Whether TLC looks at it, too. */
const byTlc = ({ liveness }: ModelSpec, deep: boolean): boolean =>
  liveness !== undefined && (deep || liveness.scope === "check")

const progressRow = (spec: ModelSpec, { onProgress, signal }: SuiteOptions) =>
  row("progress", spec.name, Effect.gen(function*() {
    const comparison = yield* compareLiveness(spec, {
      stop: aborted(signal),
      onProgress: ({ distinct }) => Effect.sync(() => onProgress(`TLC on progress in ${spec.name}: ${grouped(distinct)} states`))
    })
    const { calm, chaos } = comparison.typescript
    const faults = livenessFaults(comparison)
    if (signal.aborted) return { status: "stopped", found: "interrupted" }
    return faults.length === 0
      ? { status: "ran", found: `${grouped(chaos)} states, then ${grouped(calm)} when it is calm; as in TLC` }
      : { status: "failed", found: faults[0]!, detail: `lockstep equal ${spec.name} --liveness` }
  }))

/** The explorer alone: what TLC has no time for, or can't do here. */
const progressAloneRow = (specs: ReadonlyArray<ModelSpec>, { onProgress, signal }: SuiteOptions) =>
  row("progress", "the other models, by the explorer", Effect.promise(async () => {
    let [calm, pinned] = [0, 0]
    const missed = new Set<string>()
    for (const spec of specs) {
      onProgress(`progress in ${spec.name}`)
      const found = await exploreLiveness(spec, { signal })
      if (signal.aborted) return { status: "stopped" as const, found: "interrupted" }
      const expected = spec.liveness?.distinct
      const faults = [
        ...livenessViolations(found),
        ...(expected === undefined || expected === found.chaos + found.calm ? [] : [`${expected} states are pinned`])
      ]
      if (faults.length > 0) {
        return { status: "failed" as const, found: `${spec.name}: ${faults[0]}`, detail: `lockstep explore ${spec.name} --liveness` }
      }
      calm += found.calm
      if (expected !== undefined) pinned++
      for (const name of found.missed) missed.add(name)
    }
    const never = livenessProperties.filter(({ name }) => !missed.has(name)).map(({ name }) => name)
    return never.length === 0
      ? { status: "ran" as const, found: `${specs.length} models, ${grouped(calm)} states when it is calm; ${pinned} as pinned` }
      : { status: "failed" as const, found: `no model ever misses ${never.join(", ")}` }
  }))

// Scenarios.

const scenarios = fileURLToPath(new URL("../scenarios/", import.meta.url))

const scenarioRow = row("scenarios", "stories with golden output", Effect.sync(() => {
  const files = readdirSync(scenarios).filter((file) => file.endsWith(".txt"))
  const failed = files.filter((file) => {
    const { differences, violations } = runScenario(readFileSync(scenarios + file, "utf8"), file)
    return differences.length + violations.length > 0
  })
  return failed.length === 0
    ? { status: "ran", found: `${files.length} stories` }
    : { status: "failed", found: failed.join(", "), detail: `lockstep scenario ${failed.map((f) => scenarios + f).join(" ")}` }
}))

const replayRow = ({ signal }: SuiteOptions) =>
  row("scenarios", "replayed by TLC", Effect.gen(function*() {
    const jar = yield* projectJar
    const files = readdirSync(scenarios).filter((file) => file.endsWith(".txt"))
    const told = files.flatMap((file) =>
      runScenario(readFileSync(scenarios + file, "utf8"), file).courses.map((course) => ({ file, course }))
    )
    const stuck = yield* replayInTlc(told.map(({ course }) => course), jar).pipe(
      Effect.raceFirst(Effect.as(aborted(signal), undefined))
    )
    if (stuck === undefined) return { status: "stopped", found: "interrupted" }
    const steps = told.reduce((sum, { course }) => sum + course.steps.length, 0)
    const [first] = stuck
    return first === undefined
      ? { status: "ran", found: `${files.length} stories, ${told.length} courses of ${grouped(steps)} steps, every property` }
      : { status: "failed", found: `${told[first.course]!.file}, step ${first.step}: ${first.reason}` }
  }))

// Random executions, and the traces they leave.

const sizes = [3, 4, 5, 7]

/** The fewest steps of each size's runs that TLC validates. */
const traceLines = 15_500

/** The trace of a run, through the text of its file: what is validated is what others would read. */
const traceOf = (run: FinishedRun, seed: number): Trace => {
  const file = `servers ${run.ids.length} seed ${seed} run ${run.number}`
  const header = headerOf(run.ids, run.settings, seed, {})
  return Result.getOrThrow(readTrace(traceText(header, linesOf(run.sent, run.taken)), file))
}

/** How the roots of prepared worlds are reached: the specification must allow that, too. */
export const rootTraces = (): ReadonlyArray<Trace> =>
  loadModels().filter((spec) => spec.root.length > 0).map((spec) => {
    const taken: Array<Taken> = []
    const { cluster } = rootOf(spec, (step) => taken.push(step))
    const text = traceText(headerOf(cluster.ids, spec.settings, null, {}), linesOf(cluster.sent, taken))
    return Result.getOrThrow(readTrace(text, `root of ${spec.name}`))
  })

const fuzzRow = (servers: number, runs: number, traces: Array<Trace>, options: SuiteOptions) =>
  row("random executions", `${servers} servers`, Effect.promise(async () => {
    let lines = 0
    const { events, eventsPerSecond, failure, interrupted, richness } = await fuzz({
      servers,
      runs,
      seed: options.seed,
      signal: options.signal,
      onProgress: (p) => options.onProgress(`random executions of ${servers} servers: ${grouped(p.events)} events`),
      onRun: (run) => {
        if (lines >= traceLines || run.violation !== undefined) return
        const trace = traceOf(run, options.seed)
        lines += trace.steps.length
        traces.push(trace)
      }
    })
    if (failure !== undefined) {
      return {
        status: "failed" as const,
        found: `${failure.property}: ${failure.detail} (seed ${failure.seed}${failure.path === undefined ? "" : `, path ${failure.path}`})`,
        detail: failure.scenario
      }
    }
    const rich = ["leaderChanges", "truncations", "crashes", "committed", "answered", "unknown"]
      .map((name) => `${name} ${grouped(richness[name] ?? 0)}`).join(", ")
    return {
      status: interrupted ? "stopped" as const : "ran" as const,
      found: `${grouped(events)} events, ${grouped(eventsPerSecond)}/s; ${rich}`
    }
  }))

/** Fails also when there are too few steps to say anything. */
export const traceRow = (
  traces: ReadonlyArray<Trace>,
  { onProgress, signal }: Pick<SuiteOptions, "onProgress" | "signal">
) =>
  row("traces", "validated by TLC", Effect.gen(function*() {
    const jar = yield* projectJar
    const found = yield* validateTraces(traces, {
      jar,
      onProgress: (done) => Effect.sync(() => onProgress(`traces: ${grouped(done.lines)} of ${grouped(done.of)} events`))
    }).pipe(Effect.raceFirst(Effect.as(aborted(signal), undefined)))
    if (found === undefined) return { status: "stopped", found: "interrupted" }
    const { distinctSteps, lines, verdicts } = found
    const rejected = verdicts.filter((v) => v.status === "rejected")
    return rejected.length === 0 && lines >= sizes.length * traceLines
      ? { status: "ran", found: `${grouped(lines)} events of ${traces.length} runs, scenarios and roots of models, ${grouped(distinctSteps)} distinct steps` }
      : { status: "failed", found: rejected[0]?.message ?? `only ${grouped(lines)} events` }
  }))

// Coverage.

const codeCoverageRow = ({ signal }: SuiteOptions) =>
  row("coverage", "branches of src/raft", Effect.promise(async () => {
    if (!sourcesAreHere) return { status: "skipped" as const, found: "needs the sources" }
    const { blocks, exceptions, faults, files } = await codeCoverage(signal)
    return faults.length === 0
      ? { status: "ran" as const, found: `all of ${grouped(blocks)} blocks in ${files} files, with ${exceptions} exception` }
      : { status: "failed" as const, found: faults[0]!, detail: faults.join("\n") }
  }))

const specCoverageRow = ({ deep, signal }: SuiteOptions) =>
  row("coverage", "guards of the rules", Effect.gen(function*() {
    const models = loadModels().filter(({ edges, scope }) => deep || (edges && scope === "check"))
    const found = yield* specCoverage(models, { all: deep, jar: yield* projectJar })
      .pipe(Effect.raceFirst(Effect.as(aborted(signal), undefined)))
    if (found === undefined) return { status: "stopped", found: "interrupted" }
    const { bothWays, executed, guards, hidden, missing, modelled } = found
    const figures = `${bothWays} of ${guards} guards both ways, all that models reach (${hidden.length} TLC doesn't show); `
      + `${grouped(executed)} steps of executions, ${grouped(modelled)} of models`
    return missing.length === 0
      ? { status: "ran", found: figures }
      : { status: "failed", found: missing[0]!, detail: missing.join("\n") }
  }))

// Scenarios of the labs and papers, on virtual time.

const labsRow = (statistic: boolean, { deep, onProgress, seed, signal }: SuiteOptions) =>
  row("labs", statistic ? "election times" : "scenarios on virtual time", Effect.promise(async () => {
    const some = labs.filter(({ seeded }) => seeded !== statistic)
    const runs = statistic ? (deep ? 10 : 1) : deep ? 1_000 : 10
    const results = await runLabs(some, {
      seed,
      runs,
      signal,
      onProgress: (p) => onProgress(`labs: ${p.lab.id}, ${p.runs} of ${runs} seeds`)
    })
    const failed = results.flatMap(({ failure, id }) => failure === undefined ? [] : [{ id, ...failure }])
    if (failed[0] !== undefined) {
      const { claim, id, seed: one } = failed[0]
      return { status: "failed" as const, found: `${id}: ${claim} (seed ${one})`, detail: failed.map(({ text }) => text).join("\n") }
    }
    if (signal.aborted) return { status: "stopped" as const, found: "interrupted" }
    return { status: "ran" as const, found: `${some.length} ${statistic ? "statistics" : "scenarios"}, ${grouped(runs)} seeds each` }
  }))

/** Restarts, a follower behind the leader's log, a full window: small runs of them, for TLC. */
const tracedLabs = ["RC-1", "E-26", "E-37"]

const labTraces = (seed: number): ReadonlyArray<Trace> =>
  labs.filter(({ id }) => tracedLabs.includes(id)).map((lab) => traceOfLab(lab, seed))

const recoveryRow = ({ deep, onProgress, seed, signal }: SuiteOptions) =>
  row("labs", "progress after trouble", Effect.promise(async () => {
    const runs = deep ? 10_000 : 300
    const measured = await progress({ runs, seed, signal, onProgress: (done) => onProgress(`progress: ${done} of ${runs} seeds`) })
    if (measured.failures.length > 0) {
      return { status: "failed" as const, found: measured.failures[0]!, detail: measured.failures.join("\n") }
    }
    return {
      status: signal.aborted ? "stopped" as const : "ran" as const,
      found: `${grouped(measured.runs)} seeds; in election timeouts: ${distribution(measured).join("; ")}`
    }
  }))

// Histories.

const historyRow = ({ signal }: SuiteOptions) =>
  row("histories", "etcd logs, KV logs, generated ones", Effect.gen(function*() {
    const report = yield* verifyFiles([fixtures], { signal })
    const wrong = disagreements(report)
    const count = (verdict: string) => report.histories.filter((h) => h.verdict === verdict).length
    return wrong.length === 0 && report.histories.length > 0
      ? { status: "ran", found: `${report.histories.length}: ${count("ok")} linearizable, ${count("illegal")} not, as known` }
      : { status: "failed", found: wrong[0] ?? "no histories", detail: wrong.join("\n") }
  }))

// The bug zoo.

const zooRow = ({ deep, onProgress, signal }: SuiteOptions, withTlc: boolean) =>
  row("zoo", withTlc ? "mutants, pairs and watchers" : "mutants and watchers", Effect.promise(async () => {
    if (!zooAvailable) return { status: "skipped" as const, found: "needs the sources" }
    const matrix = await runZoo({
      scope: deep ? "deep" : "check",
      withTlc,
      signal,
      onProgress: ({ done, id, of }) => onProgress(`zoo: ${done} of ${of}, ${id}`)
    })
    const pairs = matrix.rows.filter((r) => r.cells.pair?.status === "killed").length
    const found = `${matrix.rows.length} mutants killed${withTlc ? `, ${pairs} of them as pairs too` : ""}, `
      + `${matrix.watchers.length} watchers noticed`
    if (matrix.interrupted) return { status: "stopped" as const, found: "interrupted" }
    return matrix.faults.length === 0
      ? { status: "ran" as const, found }
      : { status: "failed" as const, found: matrix.faults[0]!, detail: matrixText(matrix) }
  }))

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
  yield* run(labsRow(false, options))
  yield* run(labsRow(true, options))
  yield* run(recoveryRow(options))
  const traces: Array<Trace> = []
  for (const servers of sizes) {
    yield* run(fuzzRow(servers, options.deep ? 20_000 : 800, traces, options))
  }
  // The longest first: the last one to end then ends soonest.
  const models = loadModels().toSorted((a, b) => (b.pinned?.seconds ?? 0) - (a.pinned?.seconds ?? 0))
  yield* run(diskRow(options, noTlc === undefined))
  yield* run(refinementRow(options))
  yield* run(crashRow(options))
  yield* Effect.forEach(models, (spec) => run(modelRow(spec, options, noTlc === undefined)), { concurrency: 2 })
  const waiting = models.filter((spec) =>
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
