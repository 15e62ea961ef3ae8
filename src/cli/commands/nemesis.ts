/** `lockstep nemesis`: a cluster of real processes under torment, and whether it keeps its promises. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { mkdirSync, readdirSync } from "node:fs"
import { faults } from "../../../check/nemesis/Faults.ts"
import { torment } from "../../../check/nemesis/Nemesis.ts"
import type { NemesisRun } from "../../../check/nemesis/Nemesis.ts"
import { nemesisPicture } from "../../../check/nemesis/picture.ts"
import { reportOf } from "../../../check/nemesis/Report.ts"
import type { Report } from "../../../check/nemesis/Report.ts"
import { validateRun } from "../../../check/nemesis/validateRun.ts"
import type { Validated } from "../../../check/nemesis/validateRun.ts"
import { aborted } from "../../../check/suite/Interrupt.ts"
import { badInput, honouringInterrupts, interrupted, json, result, undecided, violated } from "../Ending.ts"
import { html, writePage } from "../html.ts"
import { progress } from "../progress.ts"
import { grouped, table } from "../text.ts"

const seconds = Flag.Int("seconds").pipe(Flag.withDescription("how long it is tormented (default 15)"), Flag.withDefault(15))
const servers = Flag.Int("servers").pipe(Flag.withDescription("3 to 7 (default 3)"), Flag.withDefault(3))
const seed = Flag.Int("seed").pipe(
  Flag.withDescription("chooses faults, victims and operations; the rest is up to the machine (default 1)"),
  Flag.withDefault(1)
)
const only = Flag.String("faults").pipe(
  Flag.withDescription(`some of ${faults.map(({ name }) => name).join(",")} (default: all, the first one first)`),
  Flag.optional
)
const clients = Flag.Int("clients").pipe(
  Flag.withDescription("how many, 2 to 64; every fifth is a plain Redis client (default 18)"),
  Flag.withDefault(18)
)
const data = Flag.String("data").pipe(
  Flag.withDescription("an empty or new folder for all that happens: data, logs, traces, the history (default: a temporary one)"),
  Flag.optional
)

/** The folder that was asked for, or one that is removed in the end. */
const folderFor = Effect.fnUntraced(function*(asked: Option.Option<string>) {
  if (Option.isNone(asked)) {
    const files = yield* FileSystem.FileSystem
    return yield* files.makeTempDirectoryScoped({ prefix: "lockstep-nemesis-" })
  }
  const folder = asked.value
  const found = Result.try(() => {
    mkdirSync(folder, { recursive: true })
    return readdirSync(folder).length
  })
  if (Result.isFailure(found)) return yield* badInput(`--data: ${(found.failure as Error).message}`)
  return found.success === 0 ? folder : yield* badInput(`--data: ${folder} isn't empty`)
})

const within = (flag: string, n: number, least: number, most: number) =>
  n >= least && n <= most ? Effect.void : Effect.fail(badInput(`--${flag}: expected ${least} to ${most}, got ${n}`))

const faultsNamed = (names: Option.Option<string>) =>
  Option.isNone(names)
    ? Effect.succeed(faults)
    : Effect.forEach(names.value.split(","), (name) => {
      const fault = faults.find((one) => one.name === name)
      return fault === undefined ? Effect.fail(badInput(`--faults: no fault ${name}`)) : Effect.succeed(fault)
    })

export const nemesis = Command.make("nemesis", { seconds, servers, seed, faults: only, clients, data, html, json }, (flags) =>
  Effect.scoped(Effect.gen(function*() {
    yield* within("seconds", flags.seconds, 5, 86_400)
    yield* within("servers", flags.servers, 3, 7)
    yield* within("clients", flags.clients, 2, 64)
    const asked = yield* faultsNamed(flags.faults)
    const folder = yield* folderFor(flags.data)
    const plain = Math.floor(flags.clients / 5)
    const { value } = yield* honouringInterrupts((signal) =>
      Effect.gen(function*() {
        const run = yield* torment({
          servers: flags.servers,
          seconds: flags.seconds,
          seed: flags.seed,
          faults: asked,
          clerks: flags.clients - plain,
          plain,
          folder,
          onProgress: progress
        })
        return { run, validated: yield* validateRun(run, progress) }
      }).pipe(Effect.raceFirst(Effect.as(aborted(signal), undefined)))
    )
    progress("")
    if (value === undefined) return yield* interrupted
    const { run, validated } = value
    const report = reportOf(run, validated.verdict, asked, flags.seconds)
    const { history: _, sightings: __, trace: ___, linearizable, ...facts } = run
    yield* result(
      flags.json,
      { ...facts, linearizable: linearizable.verdict, trace: validated, ...report },
      text(run, validated, report)
    )
    yield* writePage(flags.html, () => nemesisPicture(run, report))
    if (report.violations.length > 0) return yield* violated
    if (report.gaps.length > 0) return yield* undecided
  })))

const verdictWords = { ok: "linearizable", illegal: "NOT LINEARIZABLE", unknown: "undecided" } as const

const text = (run: NemesisRun, validated: Validated, { failovers, gaps, operations, violations }: Report): string => {
  const seconds = (ms: number) => (ms / 1000).toFixed(1)
  const { all, answered, median, overlap, refused, slow, unknown } = operations
  const { keys, verdict } = run.linearizable
  return [
    table(
      ["from s", "to s", "well s", "fault", "", "felt"],
      run.struck.map(({ bit, evidence, from, label, name, recovered, to }) => [
        seconds(from),
        seconds(to),
        recovered === null ? "never" : seconds(recovered),
        name,
        label,
        bit ? evidence : `NOT FELT: ${evidence}`
      ])
    ),
    "",
    `${run.servers.length} servers, ${seconds(run.duration)} s, seed ${run.seed}: `
    + `${run.struck.length} faults, ${failovers} failovers`,
    `${grouped(all)} operations: ${grouped(answered)} answered (median ${median.toFixed(1)} ms, 99 % within ${slow.toFixed(0)} ms), `
    + `${grouped(refused)} without effect, ${grouped(unknown)} unknown (${(100 * unknown / all).toFixed(1)} %); the median one met ${overlap} others on its key`,
    `history: ${verdictWords[verdict]}, ${keys.length} keys, all read again in the end`,
    `traces: ${validated.text}`,
    ...violations.map((line) => `VIOLATED  ${line}`),
    ...gaps.map((line) => `TOO LITTLE  ${line}`)
  ].join("\n")
}
