/** `lockstep verify`: are these histories linearizable? */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { formatNames, HistoryError, models, verifyFiles } from "../../../check/linearizability/index.ts"
import type { HistoryReport } from "../../../check/linearizability/index.ts"
import { badInput, honouringInterrupts, interrupted, json, progress, result, undecided, violated } from "../Ending.ts"
import { grouped, seconds } from "../text.ts"

const paths = Argument.String("history").pipe(
  Argument.withDescription("files, or folders of them"),
  Argument.variadic({ min: 1 })
)
const model = Flag.Literals("model", Object.keys(models)).pipe(
  Flag.withDescription("the sequential object (default: by content)"),
  Flag.optional
)
const format = Flag.Literals("format", formatNames).pipe(
  Flag.withDescription("how the file is written (default: by content)"),
  Flag.optional
)
const timeout = Flag.Finite("timeout").pipe(
  Flag.withDescription("seconds for one history, before it is undecided (default 10)"),
  Flag.withDefault(10)
)
const memory = Flag.Int("memory").pipe(
  Flag.withDescription("MiB for the search, before it is undecided (default 2048)"),
  Flag.withDefault(2048)
)

const lines = (h: HistoryReport): ReadonlyArray<string> => [
  `${h.verdict.padEnd(7)}  ${h.id === undefined ? h.file : `${h.file} ${h.id}`}: ${grouped(h.operations)} operations, `
  + `${grouped(h.keys)} ${h.keys === 1 ? "key" : "keys"}, ${h.model}, ${seconds(h.seconds)}`,
  ...h.bad.map(({ key, reason }) => `         key ${key} is not linearizable: ${reason}`),
  ...h.undecided.map(({ key, reason }) => `         key ${key} is undecided: ${reason}`)
]

export const verify = Command.make("verify", { paths, model, format, timeout, memory, json }, (flags) =>
  Effect.gen(function*() {
    if (flags.timeout <= 0) return yield* badInput(`--timeout ${flags.timeout}: expected more than 0`)
    if (flags.memory < 1) return yield* badInput(`--memory ${flags.memory}: expected at least 1`)
    const { value: report, wasInterrupted } = yield* honouringInterrupts((signal) =>
      verifyFiles(flags.paths, {
        signal,
        model: Option.getOrUndefined(flags.model),
        format: Option.getOrUndefined(flags.format),
        timeoutMs: flags.timeout * 1000,
        memoryBytes: flags.memory * 2 ** 20,
        onProgress: (h) => progress(`${h.verdict} ${h.file} ${h.id ?? ""}`)
      })
    ).pipe(Effect.mapError((error) => error instanceof HistoryError ? badInput(error.message) : error))
    progress("")
    if (report.histories.length === 0 && !wasInterrupted) {
      return yield* badInput(`${flags.paths.join(", ")}: no histories`)
    }
    yield* result(flags.json, report, report.histories.flatMap(lines).join("\n"))
    if (report.exitCode === 1) return yield* violated
    if (wasInterrupted) return yield* interrupted
    if (report.exitCode === 3) return yield* undecided
  }))
