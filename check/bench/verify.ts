/**
 * The linearizability checker against Porcupine, side by side in one run: `just bench-verify`.
 *
 *     --only ROW   only these rows (may be repeated)
 *     --json       one JSON document on the standard output
 *     --full       ask Porcupine also where it is known to find no answer, and pin anew where that is
 *
 * Both check in a process of their own that is warm, taking turns, and the best of several batches counts for each. CPU
 * is user and system time of the process, garbage collection included. Whole processes are those of the built package
 * (dist/), as its user starts them. Exit codes: 0 all goals are met; 1 one is not; 3 one was not measured; 4 there is no
 * Porcupine to compare with, for want of Go.
 */
import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { endless, fileOf, hard, huge, large, manyKeys, medium } from "../histories/shapes.ts"
import type { Shape } from "../histories/shapes.ts"
import verdicts from "../histories/verdicts.json" with { type: "json" }
import { Checker, compare, isDecided } from "./Checker.ts"
import type { Answer, Request } from "./Checker.ts"
import { wholeProcess } from "./wholeProcess.ts"

/** One line of the table. */
interface Row {
  readonly row: string
  readonly what: string
  readonly porcupine: string
  readonly lockstep: string
  readonly ratio: string
  readonly goal: string
  /** `undefined`: not measured. */
  readonly met: boolean | undefined
}

/** Where Porcupine finds no answer, by the last run that asked it. */
interface Pinned {
  readonly date: string
  readonly limits: string
  readonly undecided: Readonly<Record<string, string>>
}

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const root = at("../..")
const logs = join(root, "check/histories/porcupine")
const cli = join(root, "dist/src/cli/main.js")
const pinnedFile = at("porcupine/pinned.json")
const pinned = JSON.parse(readFileSync(pinnedFile, "utf8")) as Pinned

// Porcupine's limits are those under which its figures were taken that the goals refer to. Ours are far beyond the goals.
const theirLimits = { timeoutMs: 30_000, bytes: 8 * 2 ** 30 }
const ourLimits = { timeoutMs: 5000, bytes: 2 ** 31 }

const { values: flags } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    json: { type: "boolean", default: false },
    full: { type: "boolean", default: false }
  }
})

const progress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`)
}

// ---- the two sides

/** The program that runs Porcupine, or why there is none. */
const buildPorcupine = (): { readonly program: string } | { readonly missing: string } => {
  const folder = join(root, "node_modules/.cache/lockstep")
  const program = join(folder, "porcupine")
  mkdirSync(folder, { recursive: true })
  try {
    execFileSync("go", ["build", "-o", program, "."], { cwd: at("porcupine"), stdio: ["ignore", "ignore", "pipe"] })
    return { program }
  } catch (error) {
    const { code, stderr } = error as { readonly code?: string; readonly stderr?: Buffer }
    return { missing: code === "ENOENT" ? "go is not installed" : `go build: ${String(stderr).trim().split("\n").at(-1)}` }
  }
}

const built = buildPorcupine()
const ours = new Checker([process.execPath, at("ours.ts")])
// The shell's limit is for the machine's sake, should the program's own come too late.
const theirs = "program" in built ? new Checker(["sh", "-c", `ulimit -v ${14 * 2 ** 20}; exec "$0"`, built.program]) : undefined

/** What both found for one history. */
interface Pair {
  readonly name: string
  readonly ours: Answer
  readonly theirs: Answer | undefined
}

/** All that was asked in this run, for `--json` and for the next run. */
const asked: Array<Partial<Pair> & Pick<Pair, "name">> = []

/** Porcupine is not asked where it is known to find no answer. */
const isWorthAsking = (name: string): boolean => flags.full || !Object.hasOwn(pinned.undecided, name)

/** Asks each once, without warming up: for what takes long. */
const askOurs = async (name: string, request: Request): Promise<Answer> => {
  progress(name)
  const answer = await ours.ask(request)
  asked.push({ name, ours: answer })
  return answer
}

const askTheirs = async (shape: Shape): Promise<Answer | undefined> => {
  if (theirs === undefined || !isWorthAsking(shape.name)) return undefined
  progress(`${shape.name}, Porcupine`)
  const answer = await theirs.ask({ file: await fileOf(shape), model: shape.settings.model!, batchMs: 0, ...theirLimits })
  asked.push({ name: shape.name, theirs: answer })
  return answer
}

const askBoth = async (name: string, wanted: Pick<Request, "file" | "batchMs"> & Partial<Request>, more: Partial<Request> = {}): Promise<Pair> => {
  progress(name)
  const sides = [{ checker: ours, request: { ...wanted, ...ourLimits } }]
  if (theirs !== undefined && isWorthAsking(name)) {
    sides.push({ checker: theirs, request: { ...wanted, ...more, ...theirLimits } })
  }
  const [a, b] = await compare(sides)
  const pair = { name, ours: a!, theirs: b }
  asked.push(pair)
  return pair
}

const askBothOf = async (shape: Shape): Promise<Pair> =>
  askBoth(shape.name, { file: await fileOf(shape), model: shape.settings.model!, batchMs: 20 })

/** Runs the built command as a user does. */
const verifyCommand = (...args: ReadonlyArray<string>) => wholeProcess(process.execPath, [cli, "verify", ...args])

// ---- words

const ms = (time: number): string =>
  time >= 1000 ? `${(time / 1000).toPrecision(3)} s` : time >= 100 ? `${time.toFixed(0)} ms` : `${time.toPrecision(2)} ms`
const mb = (size: number): string => `${size.toFixed(0)} MB`
const times = (ratio: number): string => `${ratio.toPrecision(ratio < 10 ? 2 : 3)}×`
const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((a, b) => a + b, 0)
const most = <A>(all: ReadonlyArray<A>, of: (a: A) => number): A => all.reduce((a, b) => (of(b) > of(a) ? b : a))
/** Why Porcupine's figure is missing; "" where it isn't. */
const noPorcupine = "missing" in built ? built.missing : ""
const unanswered = (count: number): string => (count === 0 ? "" : `, ${count} without an answer in ${pinned.limits}${flags.full ? "" : ` (pinned ${pinned.date})`}`)

/** A row whose goal is a ratio. */
const ratioRow = (
  row: string,
  what: string,
  goal: number,
  mine: number,
  other: number | undefined,
  isRight = true
): Row => {
  const ratio = other === undefined ? undefined : other / mine
  return {
    row,
    what,
    porcupine: other === undefined ? noPorcupine : ms(other),
    lockstep: isRight ? ms(mine) : `${ms(mine)}, WRONG OR UNDECIDED`,
    ratio: ratio === undefined ? "" : times(ratio),
    goal: `≥ ${goal}× less`,
    met: isRight ? (ratio === undefined ? undefined : ratio >= goal) : false
  }
}

const notMeasured = (row: string, what: string, goal: string, why: string, porcupine = ""): Row => ({
  row,
  what,
  porcupine,
  lockstep: why,
  ratio: "",
  goal,
  met: undefined
})

/** How many of `shapes` were decided, and the names of those for which the verdict was wrong or is missing. */
const decidedWords = (right: number, count: number, wrong: ReadonlyArray<string>): string =>
  `${right} of ${count} decided${wrong.length === 0 ? "" : `, WRONG: ${wrong.join(", ")}`}`

// ---- the rows

const knownVerdicts: Readonly<Record<string, { readonly verdict: string; readonly bad: ReadonlyArray<string> }>> = verdicts

const etcd = async (): Promise<ReadonlyArray<Row>> => {
  const names = Object.keys(knownVerdicts).filter((name) => name.startsWith("porcupine/jepsen/") && !name.includes("095"))
  const found: Array<Pair> = []
  for (const name of names) found.push(await askBoth(name, { file: join(root, "check/histories", name), batchMs: 10 }))
  const isRight = found.every(({ name, ours }) => ours.verdict === knownVerdicts[name]!.verdict)
  const mine = sum(found.map(({ ours }) => ours.cpuMs))
  const other = theirs === undefined ? undefined : sum(found.map((pair) => pair.theirs!.cpuMs))
  const slower = found.filter((pair) => pair.theirs !== undefined && pair.ours.cpuMs > pair.theirs.cpuMs)
  const slowest = slower.length === 0 ? undefined : most(slower, ({ ours }) => ours.cpuMs)
  return [
    ratioRow("etcd", `${found.length} etcd logs, sum of checks, CPU`, 45, mine, other, isRight),
    {
      row: "etcd-slower",
      what: "of these, logs slower than Porcupine",
      porcupine: noPorcupine,
      lockstep: slowest === undefined ? "none" : `${slower.length} logs, at most ${ms(slowest.ours.cpuMs)} (${basename(slowest.name)})`,
      ratio: "",
      goal: "none above 1 ms",
      met: theirs === undefined ? undefined : (slowest?.ours.cpuMs ?? 0) <= 1
    }
  ]
}

const c50ok = async (): Promise<ReadonlyArray<Row>> => {
  const { ours, theirs } = await askBoth("kv/c50-ok", { file: join(logs, "kv/c50-ok.txt"), batchMs: 50 })
  const isRight = ours.verdict === "ok"
  return [
    ratioRow("c50-ok", "c50-ok: CPU", 35, ours.cpuMs, theirs?.cpuMs, isRight),
    ratioRow("c50-ok-wall", "c50-ok: wall", 18, ours.wallMs, theirs?.wallMs, isRight)
  ]
}

const c50bad = async (): Promise<ReadonlyArray<Row>> => {
  const name = "kv/c50-bad, all keys"
  const { ours, theirs } = await askBoth(name, { file: join(logs, "kv/c50-bad.txt"), batchMs: 20 }, { all: true })
  const isRight = ours.bad?.length === 10
  const answered = theirs !== undefined && isDecided(theirs)
  return [
    {
      row: "c50-bad",
      what: "c50-bad: all ten bad keys named, CPU",
      porcupine: noPorcupine !== "" ? noPorcupine : answered ? ms(theirs.cpuMs) : unanswered(1).slice(2),
      lockstep: `${ours.bad?.length ?? 0} keys, ${ms(ours.cpuMs)}`,
      ratio: answered ? times(theirs.cpuMs / ours.cpuMs) : "",
      goal: "≤ 5 ms",
      met: isRight && ours.cpuMs <= 5
    }
  ]
}

/** Whole processes, five times each, taking turns. */
const allLogs = async (): Promise<ReadonlyArray<Row>> => {
  const files = Object.keys(knownVerdicts).filter((name) => name.startsWith("porcupine/")).map((name) => join(root, "check/histories", name))
  const [mine, other]: [Array<number>, Array<number>] = [[], []]
  let isRight = true
  for (let round = 0; round < 5; round++) {
    progress(`all logs, round ${round + 1}`)
    const { status, wallMs } = await verifyCommand(...files)
    isRight &&= status === 1
    mine.push(wallMs)
    if ("program" in built) other.push((await wholeProcess(built.program, files)).wallMs)
  }
  const least = (all: ReadonlyArray<number>) => (all.length === 0 ? undefined : Math.min(...all))
  return [ratioRow("logs", `${files.length} logs in one process, start-up included, wall`, 3, least(mine)!, least(other), isRight)]
}

/** Decided and how fast; how much memory a process takes that checks one of them; and the ratios. */
const generated = async (
  row: string,
  shapes: ReadonlyArray<Shape>,
  goals: { readonly cpuMs: number; readonly mb: number; readonly ratios?: { readonly least: number; readonly mean: number } }
): Promise<ReadonlyArray<Row>> => {
  const found: Array<Pair & { readonly shape: Shape }> = []
  for (const shape of shapes) found.push({ ...(await askBothOf(shape)), shape })
  const decided = found.filter(({ ours }) => isDecided(ours))
  const wrong = decided.filter(({ ours, shape }) => ours.verdict !== shape.verdict).map(({ name }) => name)
  const isRight = decided.length === found.length && wrong.length === 0
  const slowest = most(found, ({ ours }) => ours.cpuMs)
  const known = found.filter((pair) => pair.theirs !== undefined && isDecided(pair.theirs))
  const ratios = known.filter(({ ours }) => isDecided(ours)).map((pair) => pair.theirs!.cpuMs / pair.ours.cpuMs)
  const least = Math.min(...ratios)
  const mean = Math.exp(sum(ratios.map(Math.log)) / ratios.length)
  const memory: Array<{ readonly name: string; readonly mb: number }> = []
  for (const { name, shape } of decided) {
    progress(`memory of ${name}`)
    memory.push({ name, mb: (await verifyCommand("--timeout", String(ourLimits.timeoutMs / 1000), await fileOf(shape))).rssMb })
  }
  const largest = memory.length === 0 ? undefined : most(memory, (m) => m.mb)
  const ratioWords = ratios.length === 0 ? "" : `least ${times(least)}, mean ${times(mean)}`
  const size = shapes[0]!.settings.ops!.toLocaleString("en")
  return [
    {
      row,
      what: `${shapes.length} files of ${size} operations: decided; each, CPU`,
      porcupine: noPorcupine !== "" ? noPorcupine : `${known.length} decided${unanswered(found.length - known.length)}`,
      lockstep: `${decidedWords(decided.length, found.length, wrong)}, at most ${ms(slowest.ours.cpuMs)} (${slowest.name})`,
      ratio: goals.ratios === undefined ? ratioWords : "",
      goal: `all; ≤ ${ms(goals.cpuMs)}`,
      met: isRight && slowest.ours.cpuMs <= goals.cpuMs
    },
    {
      row: `${row}-memory`,
      what: "of these, a process that verifies one: most memory",
      porcupine: "",
      lockstep: largest === undefined ? "none was decided" : `${mb(largest.mb)} (${largest.name}), of ${memory.length} decided`,
      ratio: "",
      goal: `≤ ${goals.mb} MB`,
      met: isRight && largest!.mb <= goals.mb
    },
    ...(goals.ratios === undefined ? [] : [{
      row: `${row}-ratio`,
      what: "of these, those that Porcupine decides, CPU: least ratio; geometric mean",
      porcupine: noPorcupine !== "" ? noPorcupine : `${known.length} decided`,
      lockstep: `${ratios.length} of these decided`,
      ratio: ratioWords,
      goal: `≥ ${goals.ratios.least}; ≥ ${goals.ratios.mean}`,
      met: theirs === undefined ? undefined : ratios.length === known.length && least >= goals.ratios.least && mean >= goals.ratios.mean
    }])
  ]
}

const repeatedValues = async (): Promise<ReadonlyArray<Row>> => {
  const { ours, theirs } = await askBothOf(manyKeys)
  const what = "100,000 operations, 100 keys, repeated values"
  return [
    ratioRow("many-keys", `${what}: CPU`, 3, ours.cpuMs, theirs?.cpuMs, ours.verdict === manyKeys.verdict),
    notMeasured("many-keys-wall", `${what}: wall, 2 workers`, "≥ 3× less", "checks run on one thread", theirs === undefined ? "" : ms(theirs.wallMs))
  ]
}

/** Whole processes; Porcupine's time is that of its check alone, cold, since its reader is not its own. */
const million = async (): Promise<ReadonlyArray<Row>> => {
  const mine: Array<{ readonly name: string; readonly wallMs: number; readonly rssMb: number; readonly isRight: boolean }> = []
  const other: Array<Answer> = []
  for (const shape of huge) {
    const file = await fileOf(shape)
    progress(shape.name)
    const { rssMb, status, wallMs } = await verifyCommand("--timeout", "20", file)
    mine.push({ name: shape.name, wallMs, rssMb, isRight: status === (shape.verdict === "ok" ? 0 : 1) })
    const answer = await askTheirs(shape)
    if (answer !== undefined && isDecided(answer)) other.push(answer)
  }
  theirs?.end()
  const right = mine.filter(({ isRight }) => isRight)
  const slowest = most(mine, ({ wallMs }) => wallMs)
  const largest = most(mine, ({ rssMb }) => rssMb)
  const alone = other.map(({ wallMs }) => wallMs)
  return [
    {
      row: "million",
      what: `${huge.length} files of 1,000,000 operations: read and check, whole process, wall`,
      porcupine: noPorcupine !== "" ? noPorcupine : `check alone ${ms(Math.min(...alone))} to ${ms(Math.max(...alone))}${unanswered(huge.length - other.length)}`,
      lockstep: `${right.length} of ${huge.length} decided, at most ${ms(slowest.wallMs)} (${slowest.name})`,
      ratio: "",
      goal: "all; ≤ 2.5 s",
      met: right.length === huge.length && slowest.wallMs <= 2500
    },
    {
      row: "million-memory",
      what: "of these, most memory",
      porcupine: "",
      lockstep: `${mb(largest.rssMb)} (${largest.name})`,
      ratio: "",
      goal: "≤ 1500 MB",
      met: right.length === huge.length && largest.rssMb <= 1500
    }
  ]
}

/** Is a budget kept? Within 10 % and 0.2 s. */
const isKept = (wallMs: number, budgetMs: number): boolean => wallMs <= 1.1 * budgetMs + 200

const hardCas = async (): Promise<ReadonlyArray<Row>> => {
  const found: Array<Answer & { readonly shape: Shape }> = []
  const budget = { timeoutMs: 30_000, bytes: ourLimits.bytes }
  let answers = 0
  for (const shape of hard) {
    found.push({ ...(await askOurs(shape.name, { file: await fileOf(shape), batchMs: 0, ...budget })), shape })
    const answer = await askTheirs(shape)
    if (answer !== undefined && isDecided(answer)) answers++
  }
  const decided = found.filter(isDecided)
  const wrong = decided.filter(({ shape, verdict }) => shape.verdict !== "open" && verdict !== shape.verdict).map(({ shape }) => shape.name)
  const crashed = found.filter(({ verdict }) => verdict === "crashed").length
  const slowest = most(found, ({ wallMs }) => wallMs)
  return [
    {
      row: "hard",
      what: `${hard.length} files, cas, 50 clients, 5 values, unknown outcomes, a fault: wall`,
      porcupine: noPorcupine !== "" ? noPorcupine : `${answers} decided${unanswered(hard.length - answers)}`,
      lockstep: `${decidedWords(decided.length, found.length, wrong)}${crashed === 0 ? "" : `, ${crashed} CRASHED`}, at most ${ms(slowest.wallMs)}`,
      ratio: "",
      goal: "decided or unknown within 30 s",
      met: wrong.length === 0 && crashed === 0 && found.every(({ wallMs }) => isKept(wallMs, budget.timeoutMs))
    }
  ]
}

const budgets = async (): Promise<ReadonlyArray<Row>> => {
  const file = await fileOf(endless)
  const request = { file, batchMs: 0, bytes: 2 ** 32 }
  const waits: Array<{ readonly timeoutMs: number; readonly answer: Answer }> = []
  for (const timeoutMs of [500, 2000]) {
    waits.push({ timeoutMs, answer: await askOurs(endless.name, { ...request, timeoutMs }) })
  }
  progress("--memory 256")
  const empty = await verifyCommand("--timeout", "0.001", file)
  const filled = await verifyCommand("--timeout", "60", "--memory", "256", file)
  const used = filled.rssMb - empty.rssMb
  const seen = waits.every(({ answer }) => answer.verdict === "time") && filled.status === 3
  const none = "the history was decided, so no budget was used up"
  return [
    {
      row: "timeout",
      what: `--timeout ${waits.map(({ timeoutMs }) => timeoutMs / 1000).join("; ")}`,
      porcupine: "",
      lockstep: seen ? waits.map(({ answer }) => ms(answer.wallMs)).join("; ") : none,
      ratio: "",
      goal: "kept within 10 % + 0.2 s",
      met: seen ? waits.every(({ answer, timeoutMs }) => isKept(answer.wallMs, timeoutMs)) : undefined
    },
    {
      row: "memory",
      what: "--memory 256 (MiB): beyond what a process takes that gives up at once",
      porcupine: "",
      lockstep: seen ? mb(used) : none,
      ratio: "",
      goal: "kept within 10 %",
      met: seen ? used <= 1.1 * 256 * 1.048576 : undefined
    }
  ]
}

const core = (): Promise<ReadonlyArray<Row>> =>
  Promise.resolve([
    notMeasured("core", "minimal core on illegal etcd logs: median; largest; cost", "≤ 5; ≤ 11 operations", "no cores are computed")
  ])

const page = (): Promise<ReadonlyArray<Row>> =>
  Promise.resolve([notMeasured("page", "HTML page for 10,000 operations", "≤ 1 MB, opens in ≤ 3 s", "there is no page", "2.2 MB")])

const measurements: ReadonlyArray<{ readonly rows: ReadonlyArray<string>; readonly measure: () => Promise<ReadonlyArray<Row>> }> = [
  { rows: ["etcd", "etcd-slower"], measure: etcd },
  { rows: ["c50-ok", "c50-ok-wall"], measure: c50ok },
  { rows: ["c50-bad"], measure: c50bad },
  { rows: ["logs"], measure: allLogs },
  {
    rows: ["medium", "medium-memory", "medium-ratio"],
    measure: () => generated("medium", medium, { cpuMs: 200, mb: 300, ratios: { least: 2.5, mean: 30 } })
  },
  { rows: ["large", "large-memory"], measure: () => generated("large", large, { cpuMs: 1000, mb: 700 }) },
  { rows: ["many-keys", "many-keys-wall"], measure: repeatedValues },
  { rows: ["million", "million-memory"], measure: million },
  { rows: ["hard"], measure: hardCas },
  { rows: ["core"], measure: core },
  { rows: ["page"], measure: page },
  { rows: ["timeout", "memory"], measure: budgets }
]

// ---- the run

const verdictOf = (met: boolean | undefined): string => (met === undefined ? "not measured" : met ? "met" : "NOT MET")

const table = (rows: ReadonlyArray<Row>): string => {
  const cells = [
    ["row", "what", "Porcupine", "Lockstep", "ratio", "goal", ""],
    ...rows.map((r) => [r.row, r.what, r.porcupine, r.lockstep, r.ratio, r.goal, verdictOf(r.met)])
  ]
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  return cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()).join("\n")
}

/** Remembers for the next runs where Porcupine found no answer. What was not asked now stays as it was. */
const pin = (): void => {
  const undecided = { ...pinned.undecided }
  for (const { name, theirs: answer } of asked) {
    if (answer === undefined) continue
    delete undecided[name]
    if (!isDecided(answer)) undecided[name] = answer.verdict
  }
  const date = new Date().toISOString().slice(0, 10)
  writeFileSync(pinnedFile, `${JSON.stringify({ date, limits: pinned.limits, undecided }, null, 2)}\n`)
}

const known = measurements.flatMap(({ rows }) => rows)
const strange = flags.only.find((row) => !known.includes(row))
if (strange !== undefined) {
  console.error(`--only ${strange}: expected one of ${known.join(", ")}`)
  process.exit(2)
}
const isWanted = (row: string): boolean => flags.only.length === 0 || flags.only.includes(row)
const rows: Array<Row> = []
for (const { measure, rows: names } of measurements) {
  if (names.some(isWanted)) rows.push(...(await measure()).filter(({ row }) => isWanted(row)))
}
ours.end()
theirs?.end()
progress("")
if (flags.full && theirs !== undefined) pin()
const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node.js ${process.version}`
if (flags.json) console.log(JSON.stringify({ machine, pinned: pinned.date, rows, asked }))
else console.log(`${table(rows)}\n\n${machine}; ${noPorcupine === "" ? "Porcupine 1.3.1" : `no Porcupine: ${noPorcupine}`}`)
process.exitCode = rows.some(({ met }) => met === false) ? 1 : theirs === undefined ? 4 : rows.some(({ met }) => met === undefined) ? 3 : 0
