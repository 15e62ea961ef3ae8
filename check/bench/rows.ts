/** The rows of `just bench-verify`: what is measured, and the goal it has to meet. */
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { endless, fileOf, hard, huge, large, manyKeys, medium } from "../histories/shapes.ts"
import type { Shape } from "../histories/shapes.ts"
import knownVerdicts from "../histories/verdicts.json" with { type: "json" }
import { findChromium, goToDrawn, openChromium } from "../render/Chromium.ts"
import { isDecided } from "./Checker.ts"
import type { Answer } from "./Checker.ts"
import { ourLimits } from "./Contest.ts"
import type { Contest, Pair } from "./Contest.ts"
import { wholeProcess } from "./wholeProcess.ts"
import type { Whole } from "./wholeProcess.ts"

/** One line of the table, in words. */
export interface Row {
  /** What `--only` takes. */
  readonly row: string
  readonly what: string
  readonly porcupine?: string
  readonly lockstep: string
  readonly ratio?: string
  readonly goal: string
  /** `undefined`: not measured. */
  readonly met: boolean | undefined
}

type Measure = (contest: Contest) => Promise<ReadonlyArray<Row>>

const root = fileURLToPath(new URL("../..", import.meta.url))
const histories = join(root, "check/histories")
const known: Readonly<Record<string, { readonly verdict: string }>> = knownVerdicts

const verifying = (args: ReadonlyArray<string>) => [join(root, "dist/src/cli/main.js"), "verify", ...args]
/** Runs the built command as its user does. */
const verifyCommand = (...args: ReadonlyArray<string>) => wholeProcess(process.execPath, verifying(args))
/** The same, and how much memory it took. */
const verifyTelling = (...args: ReadonlyArray<string>) => wholeProcess(process.execPath, verifying(args), true)

const ms = (time: number): string =>
  time >= 1000 ? `${(time / 1000).toPrecision(3)} s` : time >= 100 ? `${time.toFixed(0)} ms` : `${time.toPrecision(2)} ms`
const mb = (size: number): string => (size === Infinity ? "a process that was killed" : `${size.toFixed(0)} MB`)
const times = (ratio: number): string => `${ratio.toPrecision(ratio < 10 ? 2 : 3)}×`
const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((a, b) => a + b, 0)
const most = <A>(all: ReadonlyArray<A>, of: (a: A) => number): A => all.reduce((a, b) => (of(b) > of(a) ? b : a))

/** Porcupine's figure, or why there is none. */
const porcupines = ({ porcupine }: Contest, figure: () => string): string => ("missing" in porcupine ? porcupine.missing : figure())

/** How many histories Porcupine decided, and how many it did not. */
const decidedByPorcupine = ({ full, pinned }: Contest, decided: number, all: number): string =>
  decided === all ? `${decided} decided` : `${decided} decided, ${all - decided} without an answer in ${pinned.limits}${full ? "" : ` (pinned ${pinned.date})`}`

/** How many histories we decided, for which the verdict is missing, and for which it was wrong. */
const decidedByUs = <A extends { readonly shape: Shape; readonly ours: Answer }>(answers: ReadonlyArray<A>) => {
  const decided = answers.filter(({ ours }) => isDecided(ours))
  const wrong = decided.filter(({ ours, shape }) => ours.verdict !== shape.verdict)
  const crashed = answers.filter(({ ours }) => ours.verdict === "crashed")
  const undecided = answers.filter(({ ours }) => ours.verdict === "time" || ours.verdict === "memory")
  const named = (word: string, some: ReadonlyArray<A>) => (some.length === 0 ? "" : `, ${word}: ${some.map(({ shape }) => shape.name).join(", ")}`)
  return { decided, wrong, crashed, words: `${decided.length} of ${answers.length} decided${named("not", undecided)}${named("WRONG", wrong)}${named("CRASHED", crashed)}` }
}

/** A row whose goal is to take so many times less than Porcupine. */
const ratioRow = (
  contest: Contest,
  { row, what, goal, isRight }: { readonly row: string; readonly what: string; readonly goal: number; readonly isRight: boolean },
  ours: number,
  theirs: number | undefined
): Row => ({
  row,
  what,
  porcupine: porcupines(contest, () => ms(theirs!)),
  lockstep: isRight ? ms(ours) : `${ms(ours)}, WRONG OR UNDECIDED`,
  ratio: theirs === undefined ? "" : times(theirs / ours),
  goal: `≥ ${goal}× less`,
  met: !isRight ? false : theirs === undefined ? undefined : theirs / ours >= goal
})

const etcd: Measure = async (contest) => {
  // etcd_095.log holds no operation.
  const names = Object.keys(known).filter((name) => name.startsWith("porcupine/jepsen/") && !name.includes("095"))
  const found: Array<Pair> = []
  for (const name of names) found.push(await contest.both(name, { file: join(histories, name), batchMs: 10 }))
  const isRight = found.every(({ name, ours }) => ours.verdict === known[name]!.verdict)
  const theirs = found.flatMap((pair) => (pair.theirs === undefined ? [] : [pair.theirs.cpuMs]))
  const slower = found.filter((pair) => pair.theirs !== undefined && pair.ours.cpuMs > pair.theirs.cpuMs)
  const slowest = slower.length === 0 ? undefined : most(slower, ({ ours }) => ours.cpuMs)
  return [
    ratioRow(
      contest,
      { row: "etcd", what: `${found.length} etcd logs, sum of checks, CPU`, goal: 45, isRight },
      sum(found.map(({ ours }) => ours.cpuMs)),
      theirs.length === 0 ? undefined : sum(theirs)
    ),
    {
      row: "etcd-slower",
      what: "of these, logs slower than Porcupine",
      porcupine: porcupines(contest, () => ""),
      lockstep: slowest === undefined ? "none" : `${slower.length} logs, at most ${ms(slowest.ours.cpuMs)} (${basename(slowest.name)})`,
      goal: "none above 1 ms",
      met: theirs.length === 0 ? undefined : (slowest?.ours.cpuMs ?? 0) <= 1
    }
  ]
}

const c50ok: Measure = async (contest) => {
  const { ours, theirs } = await contest.both("kv/c50-ok", { file: join(histories, "porcupine/kv/c50-ok.txt"), batchMs: 50 })
  const isRight = ours.verdict === "ok"
  return [
    ratioRow(contest, { row: "c50-ok", what: "c50-ok, CPU", goal: 35, isRight }, ours.cpuMs, theirs?.cpuMs),
    ratioRow(contest, { row: "c50-ok-wall", what: "c50-ok, wall", goal: 18, isRight }, ours.wallMs, theirs?.wallMs)
  ]
}

const c50bad: Measure = async (contest) => {
  const wanted = { file: join(histories, "porcupine/kv/c50-bad.txt"), batchMs: 20, all: true }
  const { ours, theirs } = await contest.both("kv/c50-bad, all keys", wanted)
  const named = ours.bad?.length ?? 0
  const decided = theirs !== undefined && isDecided(theirs)
  return [
    {
      row: "c50-bad",
      what: "c50-bad, all ten bad keys named, CPU",
      porcupine: porcupines(contest, () => (decided ? ms(theirs.cpuMs) : decidedByPorcupine(contest, 0, 1))),
      lockstep: `${named} keys, ${ms(ours.cpuMs)}`,
      ratio: decided ? times(theirs.cpuMs / ours.cpuMs) : "",
      goal: "≤ 5 ms",
      met: named === 10 && ours.cpuMs <= 5
    }
  ]
}

/** Whole processes, five times each, taking turns; the best counts. */
const logs: Measure = async (contest) => {
  const files = Object.keys(known).filter((name) => name.startsWith("porcupine/")).map((name) => join(histories, name))
  const ours: Array<number> = []
  const theirs: Array<number> = []
  let isRight = true
  for (let round = 0; round < 5; round++) {
    // Porcupine gives verdicts, too, and nothing else.
    const { status, wallMs } = await verifyCommand("--verdict-only", ...files)
    // 1: some are illegal, and none is undecided or malformed.
    isRight &&= status === 1
    ours.push(wallMs)
    if ("program" in contest.porcupine) theirs.push((await wholeProcess(contest.porcupine.program, files)).wallMs)
  }
  const what = `${files.length} logs in one process, start-up included, wall`
  return [ratioRow(contest, { row: "logs", what, goal: 3, isRight }, Math.min(...ours), theirs.length === 0 ? undefined : Math.min(...theirs))]
}

/** Whether all of `shapes` are decided, how fast, and how much memory a process takes that verifies one. */
const generated = (
  row: string,
  shapes: ReadonlyArray<Shape>,
  goals: { readonly cpuMs: number; readonly mb: number; readonly ratios?: { readonly least: number; readonly mean: number } }
): Measure =>
async (contest) => {
  const found: Array<Pair & { readonly shape: Shape }> = []
  for (const shape of shapes) found.push({ ...(await contest.bothOf(shape)), shape })
  const { decided, words, wrong } = decidedByUs(found)
  const isRight = decided.length === found.length && wrong.length === 0
  const slowest = most(found, ({ ours }) => ours.cpuMs)
  const byPorcupine = found.filter((pair) => pair.theirs !== undefined && isDecided(pair.theirs))
  const ratios = byPorcupine.filter(({ ours }) => isDecided(ours)).map((pair) => pair.theirs!.cpuMs / pair.ours.cpuMs)
  const least = Math.min(...ratios)
  const mean = Math.exp(sum(ratios.map(Math.log)) / ratios.length)
  const ratio = ratios.length === 0 ? "" : `least ${times(least)}, mean ${times(mean)}`
  const sizes: Array<{ readonly name: string; readonly mb: number }> = []
  for (const { name, shape } of decided) {
    sizes.push({ name, mb: (await verifyTelling("--timeout", String(ourLimits.timeoutMs / 1000), await fileOf(shape))).rssMb })
  }
  const largest = sizes.length === 0 ? undefined : most(sizes, (size) => size.mb)
  const rows: Array<Row> = [
    {
      row,
      what: `${shapes.length} files of ${shapes[0]!.settings.ops!.toLocaleString("en")} operations: decided; each, CPU`,
      porcupine: porcupines(contest, () => decidedByPorcupine(contest, byPorcupine.length, found.length)),
      lockstep: `${words}, at most ${ms(slowest.ours.cpuMs)} (${slowest.name})`,
      ratio: goals.ratios === undefined ? ratio : "",
      goal: `all; ≤ ${ms(goals.cpuMs)}`,
      met: isRight && slowest.ours.cpuMs <= goals.cpuMs
    },
    {
      row: `${row}-memory`,
      what: "of these, most memory of a process that verifies one",
      lockstep: largest === undefined ? "none was decided" : `${mb(largest.mb)} (${largest.name}), of ${sizes.length} decided`,
      goal: `≤ ${goals.mb} MB`,
      met: isRight && largest!.mb <= goals.mb
    }
  ]
  if (goals.ratios === undefined) return rows
  const isMeasured = byPorcupine.length > 0
  return [...rows, {
    row: `${row}-ratio`,
    what: "of these, those that Porcupine decides, CPU: least ratio; geometric mean",
    porcupine: porcupines(contest, () => `${byPorcupine.length} decided`),
    lockstep: `${ratios.length} of these decided`,
    ratio,
    goal: `≥ ${goals.ratios.least}; ≥ ${goals.ratios.mean}`,
    met: isMeasured ? ratios.length === byPorcupine.length && least >= goals.ratios.least && mean >= goals.ratios.mean : undefined
  }]
}

const repeatedValues: Measure = async (contest) => {
  const one = await contest.bothOf(manyKeys)
  const two = await contest.bothOf(manyKeys, { twoThreads: true })
  const isRight = ({ ours }: Pair) => ours.verdict === manyKeys.verdict
  const what = "100,000 operations, 100 keys, repeated values"
  return [
    ratioRow(contest, { row: "many-keys", what: `${what}, CPU`, goal: 3, isRight: isRight(one) }, one.ours.cpuMs, one.theirs?.cpuMs),
    ratioRow(
      contest,
      { row: "many-keys-wall", what: `${what}, wall, 2 threads`, goal: 3, isRight: isRight(two) },
      two.ours.wallMs,
      two.theirs?.wallMs
    )
  ]
}

/** Whole processes, the best of three; of Porcupine only the check, since what reads its files here is not part of it. */
const million: Measure = async (contest) => {
  const ours: Array<{ readonly name: string; readonly wallMs: number; readonly rssMb: number; readonly isRight: boolean }> = []
  const theirs: Array<number> = []
  for (const shape of huge) {
    const file = await fileOf(shape)
    const runs: Array<Whole> = []
    for (let k = 0; k < 3; k++) runs.push(await verifyTelling("--verdict-only", "--timeout", "20", file))
    ours.push({
      name: shape.name,
      wallMs: Math.min(...runs.map(({ wallMs }) => wallMs)),
      rssMb: Math.max(...runs.map(({ rssMb }) => rssMb)),
      isRight: runs.every(({ status }) => status === (shape.verdict === "ok" ? 0 : 1))
    })
    const answer = await contest.theirsAlone(shape)
    if (answer !== undefined && isDecided(answer)) theirs.push(answer.wallMs)
  }
  const right = ours.filter(({ isRight }) => isRight)
  const slowest = most(ours, ({ wallMs }) => wallMs)
  const largest = most(ours, ({ rssMb }) => rssMb)
  const range = theirs.length === 0 ? "" : `, check alone ${ms(Math.min(...theirs))} to ${ms(Math.max(...theirs))}`
  return [
    {
      row: "million",
      what: `${huge.length} files of 1,000,000 operations: read and checked, whole process, wall`,
      porcupine: porcupines(contest, () => decidedByPorcupine(contest, theirs.length, huge.length) + range),
      lockstep: `${right.length} of ${huge.length} decided, at most ${ms(slowest.wallMs)} (${slowest.name})`,
      goal: "all; ≤ 2.5 s",
      met: right.length === huge.length && slowest.wallMs <= 2500
    },
    {
      row: "million-memory",
      what: "of these, most memory",
      lockstep: `${mb(largest.rssMb)} (${largest.name})`,
      goal: "≤ 1500 MB",
      met: right.length === huge.length && largest.rssMb <= 1500
    }
  ]
}

/** Is a budget kept? */
const isKept = (wallMs: number, budgetMs: number): boolean => wallMs <= 1.1 * budgetMs + 200

const hardCas: Measure = async (contest) => {
  const budget = { timeoutMs: 30_000, bytes: ourLimits.bytes }
  const found: Array<{ readonly shape: Shape; readonly ours: Answer }> = []
  let theirs = 0
  for (const shape of hard) {
    found.push({ shape, ours: await contest.oursAlone(shape, budget) })
    const answer = await contest.theirsAlone(shape)
    if (answer !== undefined && isDecided(answer)) theirs++
  }
  const { crashed, words, wrong } = decidedByUs(found)
  const slowest = most(found, ({ ours }) => ours.wallMs)
  return [
    {
      row: "hard",
      what: `${hard.length} files, cas, up to 50 clients, 5 values, unknown outcomes, faults: wall`,
      porcupine: porcupines(contest, () => decidedByPorcupine(contest, theirs, hard.length)),
      lockstep: `${words}, at most ${ms(slowest.ours.wallMs)} (${slowest.shape.name})`,
      goal: "decided within 30 s, or unknown within the budget",
      met: wrong.length + crashed.length === 0 && isKept(slowest.ours.wallMs, budget.timeoutMs)
    }
  ]
}

const budgets: Measure = async (contest) => {
  const waits: Array<{ readonly timeoutMs: number; readonly ours: Answer }> = []
  for (const timeoutMs of [500, 2000]) waits.push({ timeoutMs, ours: await contest.oursAlone(endless, { timeoutMs, bytes: 2 ** 32 }) })
  const file = await fileOf(endless)
  const empty = await verifyTelling("--timeout", "0.001", file)
  const filled = await verifyTelling("--timeout", "60", "--memory", "256", file)
  const used = filled.rssMb - empty.rssMb
  const nothingToSee = "decided, so no budget was used up"
  const [isTime, isMemory] = [waits.every(({ ours }) => ours.verdict === "time"), filled.status === 3 && empty.status === 3]
  return [
    {
      row: "timeout",
      what: `--timeout ${waits.map(({ timeoutMs }) => timeoutMs / 1000).join(" and ")}`,
      lockstep: isTime ? waits.map(({ ours }) => ms(ours.wallMs)).join(" and ") : nothingToSee,
      goal: "kept within 10 % + 0.2 s",
      met: isTime ? waits.every(({ ours, timeoutMs }) => isKept(ours.wallMs, timeoutMs)) : undefined
    },
    {
      row: "memory",
      what: "--memory 256 (MiB): more than in a process that gives up at once",
      lockstep: isMemory ? mb(used) : nothingToSee,
      goal: "kept within 10 %",
      met: isMemory ? used <= 1.1 * 256 * 1.048576 : undefined
    }
  ]
}

const cores: Measure = async (contest) => {
  const illegal = Object.keys(known).filter((name) => name.startsWith("porcupine/jepsen/") && known[name]!.verdict === "illegal")
  const sizes: Array<number> = []
  const costs: Array<number> = []
  for (const name of illegal) {
    const wanted = { file: join(histories, name), batchMs: 10 }
    const plain = await contest.ours(wanted)
    const explained = await contest.ours({ ...wanted, cores: true })
    sizes.push(...explained.cores!)
    costs.push(explained.cpuMs - plain.cpuMs)
  }
  const median = (all: ReadonlyArray<number>) => [...all].sort((a, b) => a - b)[all.length >> 1]!
  const [middle, largest] = [median(sizes), Math.max(...sizes)]
  return [
    {
      row: "core",
      what: `minimal core on ${illegal.length} illegal etcd logs: median; largest; cost of an explanation, CPU, median and largest`,
      porcupine: porcupines(contest, () => "none given"),
      lockstep: `${middle}; ${largest} operations; ${ms(median(costs))}, ${ms(Math.max(...costs))}`,
      goal: "≤ 5; ≤ 11 operations",
      met: sizes.length === illegal.length && middle <= 5 && largest <= 11
    }
  ]
}

/** The page of a history with a violation among 10,000 operations, as the command writes it. */
const htmlPage: Measure = async () => {
  const shape = medium.find(({ name }) => name === "kv-u-c50-t1-stale")!
  const folder = mkdtempSync(join(tmpdir(), "lockstep-page-"))
  const file = join(folder, "page.html")
  await verifyCommand("--html", file, await fileOf(shape))
  const size = statSync(file).size
  const chromium = findChromium()
  let opened = NaN
  if (chromium !== undefined) {
    const browser = await openChromium(chromium)
    opened = await goToDrawn(await browser.context.newPage(), pathToFileURL(file).href)
    await browser.close()
  }
  rmSync(folder, { recursive: true })
  return [
    {
      row: "page",
      what: "HTML page for 10,000 operations: size; until it is drawn, core first",
      porcupine: "2.2 MB",
      lockstep: `${(size / 1e6).toFixed(2)} MB; ${chromium === undefined ? "not opened: no Chromium on the PATH" : ms(opened)}`,
      goal: "≤ 1 MB, opens in ≤ 3 s",
      met: size > 1e6 ? false : chromium === undefined ? undefined : opened <= 3000
    }
  ]
}

/** Of all that this run asked both: do those agree who have an answer? */
const verdicts: Measure = async ({ asked }) => {
  const both = asked.filter((one): one is Pair & { readonly theirs: Answer } => {
    const { ours, theirs } = one
    return ours !== undefined && theirs !== undefined && isDecided(ours) && isDecided(theirs)
  })
  const differ = both.filter(({ ours, theirs }) => ours.verdict !== theirs.verdict)
  return [
    {
      row: "verdicts",
      what: "of all that both decided in this run: the same verdict",
      lockstep: differ.length === 0 ? `on all ${both.length}` : `NOT ON ${differ.map(({ name }) => name).join(", ")}`,
      goal: "on all",
      met: both.length === 0 ? undefined : differ.length === 0
    }
  ]
}

/** All measurements, in the order of the table, with the rows that each gives. */
export const measurements: ReadonlyArray<{ readonly rows: ReadonlyArray<string>; readonly measure: Measure }> = [
  { rows: ["etcd", "etcd-slower"], measure: etcd },
  { rows: ["c50-ok", "c50-ok-wall"], measure: c50ok },
  { rows: ["c50-bad"], measure: c50bad },
  { rows: ["logs"], measure: logs },
  {
    rows: ["medium", "medium-memory", "medium-ratio"],
    measure: generated("medium", medium, { cpuMs: 200, mb: 300, ratios: { least: 2.5, mean: 30 } })
  },
  { rows: ["large", "large-memory"], measure: generated("large", large, { cpuMs: 1000, mb: 700 }) },
  { rows: ["many-keys", "many-keys-wall"], measure: repeatedValues },
  { rows: ["million", "million-memory"], measure: million },
  { rows: ["hard"], measure: hardCas },
  { rows: ["core"], measure: cores },
  { rows: ["page"], measure: htmlPage },
  { rows: ["timeout", "memory"], measure: budgets },
  { rows: ["verdicts"], measure: verdicts }
]
