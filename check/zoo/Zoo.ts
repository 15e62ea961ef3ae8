/**
 * The bug zoo: every mutant before every detector. Each mutant is loaded by a process of its own, two at a time; what
 * they record is validated by TLC together, in as few runs as possible.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { projectJar } from "../models/TlcModel.ts"
import { properties as kvProperties } from "../kv/Properties.ts"
import { livenessNames } from "../raft/Liveness.ts"
import { stateProperties, stepProperties } from "../raft/Properties.ts"
import { findJava } from "../tlc/Jar.ts"
import type { Trace } from "../trace/Format.ts"
import { readTrace } from "../trace/TraceReader.ts"
import { validateTraces } from "../trace/validate.ts"
import type { Finding, Job, LocalColumn } from "./child.ts"
import { columns } from "./Matrix.ts"
import type { Cell, Column, Matrix, MutantRow, WatcherRow } from "./Matrix.ts"
import { emptyHeartbeats, inCheck, mutants as allMutants } from "./mutants.ts"
import { mutate, MutantError } from "./Mutant.ts"
import type { Edit, Mutant, Watcher } from "./Mutant.ts"
import { makeMutant, source, specReferences } from "./Workshop.ts"
import { vacuous, watchers as allWatchers } from "./watchers.ts"

/** Mutants are made of the sources, so there is no zoo in what was built from them. */
export const zooAvailable = import.meta.url.endsWith(".ts")

export interface ZooOptions {
  /** Ids of the mutants and watchers wanted; all of them unless told. */
  readonly only?: ReadonlyArray<string> | undefined
  /** `check`: those of `inCheck`, and fewer random executions; `deep`: all. */
  readonly scope: "check" | "deep"
  /** Whether TLC is asked, too, if it is there. */
  readonly withTlc: boolean
  /** Ends it early, with what was found so far. */
  readonly signal?: AbortSignal
  /** Told when a row is done. */
  readonly onProgress?: (progress: { readonly done: number; readonly of: number; readonly id: string }) => void
  /** Others than those of mutants.ts, for tests. */
  readonly mutants?: ReadonlyArray<Mutant>
}

/** Cheapest first. */
const localColumns: ReadonlyArray<LocalColumn> = ["scenarios", "disk", "explorer", "graph", "fuzz", "runtime"]
const scopes = {
  check: { batches: 2, secondsPerChild: 240 },
  deep: { batches: 6, secondsPerChild: 240 }
} as const
const processes = 2
/** Milliseconds that a child gets to end by itself. */
const patience = 3_000

const hooks = new URL("hooks.ts", import.meta.url).href
const childScript = fileURLToPath(new URL("child.ts", import.meta.url))

/** What became of a child: its findings, and how it ended if not well. */
interface Outcome {
  readonly findings: ReadonlyArray<Finding>
  readonly failed: string | undefined
  readonly seconds: number
}

/** Runs a job in a process that has loaded the edited sources. Never rejects. */
const runJob = (mutant: string, job: Job, seconds: number, signal: AbortSignal): Promise<Outcome> =>
  new Promise((resolve) => {
    const began = performance.now()
    const child = spawn(process.execPath, ["--import", hooks, childScript, JSON.stringify(job)], {
      env: { ...process.env, LOCKSTEP_MUTANT: mutant },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let stdout = ""
    let stderr = ""
    let ended: string | undefined
    child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text)
    child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text)
    let force: NodeJS.Timeout | undefined
    const end = (reason: string) => {
      ended ??= reason
      child.kill("SIGTERM")
      force ??= setTimeout(() => child.kill("SIGKILL"), patience)
    }
    const abort = () => end("interrupted")
    const timer = setTimeout(() => end(`not done after ${seconds} s`), seconds * 1000)
    signal.addEventListener("abort", abort)
    if (signal.aborted) abort()
    const settle = (failed: string | undefined) => {
      clearTimeout(timer)
      clearTimeout(force)
      signal.removeEventListener("abort", abort)
      const findings = stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line) as Finding)
      resolve({ findings, failed, seconds: (performance.now() - began) / 1000 })
    }
    child.on("error", (error) => settle(error.message))
    child.on("close", (code) => {
      const complaint = stderr.split("\n").find((line) => /Error/.test(line)) ?? stderr.split("\n")[0]
      settle(ended ?? (code === 0 ? undefined : `it ended with exit code ${code}: ${complaint}`))
    })
  })

/** Those of the TypeScript and of the specification, by name. */
const properties = [...[...stateProperties, ...stepProperties, ...kvProperties].map(({ name }) => name), ...livenessNames]

const absent: Cell = { status: "absent" }

const cellOf = (outcome: Outcome, column: LocalColumn | "pair"): Cell => {
  const finding = outcome.findings.find((found) => found.column === column)
  if (finding === undefined || finding.column === "negative") {
    return { status: "failed", reason: outcome.failed ?? "nothing was found out", seconds: outcome.seconds }
  }
  const { failed, notices, seconds } = finding
  const [first] = notices
  if (first !== undefined) {
    return { status: "killed", ...first, names: [...new Set(notices.map(({ name }) => name))], seconds }
  }
  return failed === undefined ? { status: "silent", seconds } : { status: "failed", reason: failed, seconds }
}

/** Runs the tasks, `processes` at a time. When one fails, no other begins, and those under way are waited for. */
const inPairs = async (tasks: ReadonlyArray<() => Promise<void>>): Promise<void> => {
  const rest = [...tasks]
  const lanes = Array.from({ length: processes }, async () => {
    try {
      for (let task = rest.shift(); task !== undefined; task = rest.shift()) await task()
    } finally {
      // After the last task there is nothing to drop.
      rest.length = 0
    }
  })
  const failed = (await Promise.allSettled(lanes)).find((lane) => lane.status === "rejected")
  if (failed !== undefined) throw failed.reason
}

/** No mistake at all: whoever notices it would notice anything. */
const control: Mutant = { id: "none", rule: "", title: "no mistake", edits: [], expected: [] }

/** What some mutants are made in: no property may be violated. Its graph and its output are others, of course. */
const variant: Mutant = { id: "variant", rule: "", title: emptyHeartbeats.title, edits: emptyHeartbeats.code, expected: [] }

/** The ids that `only` may name. */
export const zooIds: ReadonlyArray<string> = [...allMutants, ...allWatchers, vacuous.code, vacuous.spec].map(({ id }) => id)

const aboutKV = ({ edits }: Mutant): boolean => edits.some(({ file }) => /^(src|check)\/(kv|fuzz)\//.test(file))

/** What runs a server, or asks one: only those who run it, too, can notice. */
const atWork = ["Replica", "Timer", "Clerk", "Leader"].map((name) => `src/shell/${name}.ts`)

class Zoo {
  readonly #options: ZooOptions
  readonly #signal: AbortSignal
  readonly #folder = mkdtempSync(join(tmpdir(), "lockstep-zoo-"))
  readonly #cells = new Map<Mutant, Record<Column, Cell>>()
  readonly #watched = new Map<string, WatcherRow>()
  /** Negative checks that fail without any mistake. */
  readonly #alarms: Array<string> = []
  #folders = 0

  constructor(options: ZooOptions) {
    this.#options = options
    this.#signal = options.signal ?? new AbortController().signal
  }

  async run(): Promise<Matrix> {
    const began = performance.now()
    const { mutants = allMutants, onProgress, only, scope, withTlc } = this.#options
    const unknown = only?.find((id) => !zooIds.includes(id))
    if (unknown !== undefined) throw new MutantError(`there is no mutant ${unknown} (there are ${zooIds.join(", ")})`)
    const wanted = (id: string) => only === undefined || only.includes(id)
    const inScope = (id: string) => only !== undefined || scope === "deep" || this.#options.mutants !== undefined
      || inCheck.includes(id)
    const isMade = (watcher: Watcher) => wanted(watcher.id) && (only !== undefined || scope === "deep" || watcher.scope !== "deep")
    const rows = mutants.filter(({ id }) => wanted(id) && inScope(id))
    const controls = rows.some(({ given }) => given !== undefined) ? [control, variant] : [control]
    const watchers = this.#options.mutants === undefined ? allWatchers.filter(isMade) : []
    const gates = this.#options.mutants === undefined
      ? [vacuous.code, vacuous.spec].filter(({ id }) => wanted(id))
      : []
    // A fault of the zoo itself comes to light before anything runs.
    for (const { edits, given, id, spec = [] } of [...controls, ...rows]) {
      mutate(id, [...given?.code ?? [], ...given?.spec ?? [], ...edits, ...spec], source)
    }
    for (const { edits, id } of [...watchers, ...gates]) mutate(id, edits, source)
    mutate("in the specification", specReferences(this.#folder), source)

    const skipped: Array<string> = []
    let tlc = withTlc
    if (!tlc) skipped.push("trace, pair and the watchers of traces, which need TLC")
    else {
      const found = await run(Effect.result(Effect.andThen(findJava(), projectJar)))
      tlc = Result.isSuccess(found)
      if (Result.isFailure(found)) skipped.push(`what needs TLC: ${found.failure.message}`)
    }

    const tasks: Array<readonly [id: string, task: () => Promise<void>]> = []
    for (const mutant of [...controls, ...rows]) {
      tasks.push([mutant.id, () => this.#local(mutant, tlc)])
      if (tlc && mutant.spec !== undefined) tasks.push([`${mutant.id} in TLC`, () => this.#pair(mutant)])
    }
    const checks = [...new Set(watchers.filter(({ needsTlc }) => tlc || !needsTlc).map(({ noticedBy }) => noticedBy))]
    if (checks.length > 0) tasks.push(["negative checks", () => this.#sober(checks)])
    for (const watcher of watchers) tasks.push([watcher.id, () => this.#watch(watcher, tlc || !watcher.needsTlc)])
    for (const gate of gates) tasks.push([gate.id, () => this.#gate(gate, rows, tlc || gate !== vacuous.spec)])
    let done = 0
    await inPairs(tasks.map(([id, task]) => async () => {
      if (this.#signal.aborted) return
      await task()
      onProgress?.({ done: ++done, of: tasks.length + (tlc ? 1 : 0), id })
    }))
    if (tlc && !this.#signal.aborted) {
      await this.#traces()
      onProgress?.({ done: ++done, of: done, id: "traces" })
    }
    return this.#conclude(controls, rows, only === undefined, tlc, skipped, (performance.now() - began) / 1000)
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #make(id: string, edits: ReadonlyArray<Edit>, given: ReadonlyArray<Edit> = []): string {
    return makeMutant(join(this.#folder, String(this.#folders++)), id, edits, given)
  }

  /** In the code, and as a pair in the specification as well; with further edits. */
  #makeMutant({ edits, given, id, spec = [] }: Mutant, pair: boolean, more: ReadonlyArray<Edit> = []): string {
    return pair
      ? this.#make(id, [...edits, ...spec, ...more], [...given?.code ?? [], ...given?.spec ?? []])
      : this.#make(id, [...edits, ...more], given?.code)
  }

  #job(mutant: string, job: Job): Promise<Outcome> {
    return runJob(mutant, job, scopes[this.#options.scope].secondsPerChild, this.#signal)
  }

  #cellsOf(mutant: Mutant): Record<Column, Cell> {
    const known = this.#cells.get(mutant)
    if (known !== undefined) return known
    const cells = { scenarios: absent, disk: absent, explorer: absent, graph: absent, fuzz: absent, runtime: absent, trace: absent, pair: absent }
    this.#cells.set(mutant, cells)
    return cells
  }

  #traceFile(mutant: Mutant): string {
    return join(this.#folder, `${mutant.id}.ndjson`)
  }

  async #local(mutant: Mutant, tlc: boolean): Promise<void> {
    const { expected, given, story } = mutant
    const columns = this.#columnsOf(mutant)
    const outcome = await this.#job(this.#makeMutant(mutant, false), {
      kind: "mutant",
      columns,
      expected,
      batches: scopes[this.#options.scope].batches,
      // The specification has no such variant: it would reject what is right, too.
      // Of the map a trace says nothing.
      ...(tlc && given === undefined && columns.includes("fuzz") && mutant !== variant && !aboutKV(mutant) ? { trace: this.#traceFile(mutant) } : {}),
      ...(story === undefined ? {} : { story })
    })
    for (const column of columns) this.#cellsOf(mutant)[column] = cellOf(outcome, column)
  }

  #columnsOf(mutant: Mutant): ReadonlyArray<LocalColumn> {
    // What a variant prints, and its own edges, are others than the usual ones, rightly.
    if (mutant === variant) return ["explorer", "fuzz"]
    const { edits, given } = mutant
    if (edits.some(({ file }) => file.startsWith("src/shell/storage/"))) return ["disk"]
    if (edits.some(({ file }) => atWork.includes(file))) return ["runtime"]
    // Rules don't know of disks: of them the others say more.
    const shell = mutant === control || edits.some(({ file }) => file.startsWith("src/shell/"))
    // Explorer and graph know nothing but the rules, of Raft or of the map.
    const rules = edits.some(({ file }) => file.startsWith("src/raft/")) || (aboutKV(mutant) && mutant.spec !== undefined)
    const core = mutant === control || rules
    const possible = { scenarios: given === undefined, disk: shell, explorer: core, graph: core, fuzz: true, runtime: shell }
    return localColumns.filter((column) => possible[column])
  }

  async #pair(mutant: Mutant): Promise<void> {
    const expected = mutant.expected.filter(({ name }) => properties.includes(name))
    const job = { kind: "pair", expected } as const
    const outcome = await this.#job(this.#makeMutant(mutant, true), job)
    this.#cellsOf(mutant).pair = cellOf(outcome, "pair")
  }

  async #watch({ edits, id, noticedBy, title }: Watcher, possible: boolean): Promise<void> {
    const row = { id, title, noticedBy }
    if (!possible) {
      this.#watched.set(id, { ...row, notice: undefined, skipped: true, seconds: 0 })
      return
    }
    const job = { kind: "negative", names: [noticedBy] } as const
    const { findings: [finding], seconds } = await this.#job(this.#make(id, edits), job)
    const notice = finding?.column === "negative" ? finding.wrong : undefined
    this.#watched.set(id, { ...row, notice, skipped: false, seconds })
  }

  /** The negative checks on the checkers as they are, which must pass. */
  async #sober(names: ReadonlyArray<string>): Promise<void> {
    const { failed, findings } = await this.#job(this.#make(control.id, []), { kind: "negative", names })
    for (const name of names) {
      const finding = findings.find((found) => found.column === "negative" && found.name === name)
      const wrong = finding?.column === "negative" ? finding.wrong : failed ?? "nothing was found out"
      if (wrong !== undefined) this.#alarms.push(`no mistake, yet "${name}" fails: ${wrong}`)
    }
  }

  /** With a property that says nothing, the mutants that should violate it don't. */
  async #gate(
    { edits, id, title }: Pick<Watcher, "edits" | "id" | "title">,
    rows: ReadonlyArray<Mutant>,
    possible: boolean
  ): Promise<void> {
    const { property } = vacuous
    const row = { id, title, noticedBy: `gate: ${property} is violated by a mutant` }
    let seconds = 0
    let alive = 0
    if (possible) {
      const asked = rows.filter((row) => row.expected.some(({ name }) => name === property))
      // Where none of them is wanted, it is asked of all.
      for (const mutant of asked.length > 0 ? asked : allMutants) {
        const expected = mutant.expected.filter(({ name }) => name === property)
        if (expected.length === 0) continue
        const inSpec = edits[0]!.file.startsWith("spec/")
        const outcome = await this.#job(
          this.#makeMutant(mutant, inSpec, edits),
          inSpec
            ? { kind: "pair", expected }
            : { kind: "mutant", columns: ["explorer"], expected, batches: 0 }
        )
        seconds += outcome.seconds
        const cell = cellOf(outcome, inSpec ? "pair" : "explorer")
        const nothing = inSpec ? cell.status === "failed" && cell.reason.includes(`"ok"`) : cell.status === "silent"
        if (!nothing) alive++
      }
    }
    const notice = possible && alive === 0 ? `no mutant violates ${property}` : undefined
    this.#watched.set(id, { ...row, notice, skipped: !possible, seconds })
  }

  /** TLC on what the random executions of all mutants have recorded. */
  async #traces(): Promise<void> {
    const began = performance.now()
    const traces = new Map<Trace, Mutant>()
    for (const mutant of this.#cells.keys()) {
      const file = this.#traceFile(mutant)
      if (!existsSync(file)) continue
      const read = readTrace(readFileSync(file, "utf8"), `${mutant.id}.ndjson`)
      if (Result.isSuccess(read)) traces.set(read.success, mutant)
      else this.#cellsOf(mutant).trace = { status: "failed", reason: read.failure.message, seconds: 0 }
    }
    const all = [...traces.keys()]
    const jar = await run(projectJar)
    const validation = await run(Effect.result(validateTraces(all, { jar, concurrency: processes })), this.#signal)
      .catch((error: unknown) => Result.fail(error instanceof Error ? error : new Error(String(error))))
    const seconds = (performance.now() - began) / 1000 / Math.max(1, all.length)
    for (const [n, [, mutant]] of [...traces].entries()) {
      const cells = this.#cellsOf(mutant)
      if (Result.isFailure(validation)) {
        cells.trace = { status: "failed", reason: validation.failure.message, seconds }
        continue
      }
      const verdict = validation.success.verdicts[n]!
      cells.trace = verdict.status === "accepted"
        ? { status: "silent", seconds }
        : { status: "killed", name: `line ${verdict.line}`, where: verdict.message, names: ["rejected"], seconds }
    }
  }

  #conclude(
    controls: ReadonlyArray<Mutant>,
    mutants: ReadonlyArray<Mutant>,
    complete: boolean,
    tlc: boolean,
    skipped: ReadonlyArray<string>,
    seconds: number
  ): Matrix {
    const rowOf = (mutant: Mutant): MutantRow => {
      const cells = this.#cellsOf(mutant)
      const names = cells.explorer.status === "killed" ? cells.explorer.names : []
      const missing = mutant.expected.map(({ name }) => name).filter((name) => !names.includes(name))
      return { id: mutant.id, rule: mutant.rule, title: mutant.title, cells, missing }
    }
    const rows = mutants.map(rowOf)
    const watchers = zooIds.flatMap((id) => this.#watched.get(id) ?? [])
    const interrupted = this.#signal.aborted
    const violators = (name: string, column: Column) =>
      rows.filter(({ cells: { [column]: cell } }) => cell.status === "killed" && cell.names.includes(name))
        .map(({ id }) => id)
    const gated = complete && this.#options.mutants === undefined
      ? properties.filter((name) => this.#options.scope === "deep" || !livenessNames.includes(name)).map((name) => ({
        name,
        violatedBy: violators(name, "explorer"),
        ...(tlc ? { inTlc: violators(name, "pair") } : {})
      }))
      : []
    return {
      scope: this.#options.scope,
      rows,
      watchers,
      properties: gated,
      faults: interrupted ? [] : [
        ...controls.map(rowOf).flatMap(falseAlarms),
        ...this.#alarms,
        ...rows.flatMap(faultsOf),
        ...watchers.filter(({ notice, skipped }) => notice === undefined && !skipped)
          .map(({ id, noticedBy, title }) => `${id} is not noticed (${title}): ${noticedBy}`),
        ...gated.filter(({ inTlc, violatedBy }) => violatedBy.length === 0 || inTlc?.length === 0)
          .map(({ name, violatedBy }) =>
            `${name} is violated by no ${violatedBy.length === 0 ? "mutant" : "pair in TLC"}: it may say nothing`)
      ],
      skipped,
      seconds,
      interrupted
    }
  }
}

/** What is noticed where there is no mistake. */
const falseAlarms = ({ cells, title }: MutantRow): ReadonlyArray<string> =>
  columns.flatMap((column) => {
    const cell = cells[column]
    if (cell.status === "killed") return [`${title}, yet ${column} notices ${cell.name}: ${cell.where}`]
    return cell.status === "failed" ? [`${title}, yet ${column} fails: ${cell.reason}`] : []
  })

const faultsOf = ({ cells, id, missing, title }: MutantRow): ReadonlyArray<string> => {
  const faults: Array<string> = []
  if (!columns.some((column) => cells[column].status === "killed")) {
    const reasons = columns.flatMap((column) => {
      const cell = cells[column]
      return cell.status === "failed" ? [`${column}: ${cell.reason}`] : []
    })
    faults.push(`${id} is unkilled (${title})${reasons.map((reason) => `; ${reason}`).join("")}`)
  }
  if (missing.length > 0) {
    const { explorer } = cells
    const why = explorer.status === "failed" ? `: ${explorer.reason}` : ""
    faults.push(`${id}: the explorer doesn't find ${missing.join(", ")}${why}`)
  }
  const { pair } = cells
  if (pair.status === "failed" || pair.status === "silent") {
    faults.push(`${id} as a pair: ${pair.status === "failed" ? pair.reason : "unnoticed"}`)
  }
  return faults
}

const run = <A, E>(effect: Effect.Effect<A, E, NodeServices.NodeServices>, signal?: AbortSignal): Promise<A> =>
  Effect.runPromise(Effect.provide(effect, NodeServices.layer), signal === undefined ? {} : { signal })

/**
 * The kill matrix; it holds when it has no faults. Rejects with a `MutantError` when an edit doesn't apply. Leaves
 * neither processes nor files behind.
 */
export const runZoo = async (options: ZooOptions): Promise<Matrix> => {
  const zoo = new Zoo(options)
  try {
    return await zoo.run()
  } finally {
    zoo.close()
  }
}
