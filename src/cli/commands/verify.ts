/** `lockstep verify`: are these histories linearizable? */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { failMeanings } from "../../../check/linearizability/files/formats/Format.ts"
import { formatNames, models } from "../../../check/linearizability/index.ts"
import { consistencies } from "../../../check/linearizability/weaker/promises.ts"
import { historyPicture } from "../../../check/render/HistoryPicture.ts"
import { badInput, Ending, honouringInterrupts, json } from "../Ending.ts"
import { html, writePage } from "../html.ts"
import { defaults, verifyHistories } from "../verifying.ts"

const paths = Argument.String("history").pipe(
  Argument.withDescription("files, also packed by gzip; folders of them; - for the standard input"),
  Argument.variadic({ min: 1 })
)
const model = Flag.String("model").pipe(
  Flag.withDescription(`the sequential object: ${Object.keys(models).join(", ")}, or a module such as ./mine.ts (default: by content)`),
  Flag.optional
)
const format = Flag.Literals("format", formatNames).pipe(
  Flag.withDescription("how the file is written (default: by content)"),
  Flag.optional
)
const fail = Flag.Literals("fail", failMeanings).pipe(
  Flag.withDescription("what :fail means for a compare-and-set: that it had no effect, or that the value was another (default: by format)"),
  Flag.optional
)
const consistency = Flag.Literals("consistency", consistencies).pipe(
  Flag.withDescription("what is asked for; sequential: each client's order is kept, whatever the clocks say (all keys together: small histories)"),
  Flag.withDefault(defaults.consistency)
)
const key = Flag.String("key").pipe(Flag.withDescription("check only this key (default: all)"), Flag.optional)
const staleBound = Flag.Int("stale-bound").pipe(
  Flag.withDescription('how old answers of reads marked "stale":true may be, in units of the history\'s clock (default: no older than any)'),
  Flag.optional
)
const timeout = Flag.Finite("timeout").pipe(
  Flag.withDescription(`seconds for one history, before it is undecided (default ${defaults.timeout})`),
  Flag.withDefault(defaults.timeout)
)
const memory = Flag.Int("memory").pipe(
  Flag.withDescription(`MiB for the search, before it is undecided (default ${defaults.memory})`),
  Flag.withDefault(defaults.memory)
)

const threads = Flag.Int("threads").pipe(
  Flag.withDescription(`threads for a large history of several keys (default ${defaults.threads})`),
  Flag.withDefault(defaults.threads)
)
const verdictOnly = Flag.Boolean("verdict-only").pipe(
  Flag.withDescription("no explanations, which take longer than verdicts"),
  Flag.withDefault(false)
)

const flags = { paths, model, format, fail, consistency, key, staleBound, timeout, memory, threads, verdictOnly, html, json }

export const verify = Command.make("verify", flags, (flags) =>
  Effect.gen(function*() {
    const { fail, format, key, model, staleBound } = flags
    const given = {
      model: Option.getOrUndefined(model),
      format: Option.getOrUndefined(format),
      fail: Option.getOrUndefined(fail),
      key: Option.getOrUndefined(key),
      staleBound: Option.getOrUndefined(staleBound)
    }
    const { value } = yield* honouringInterrupts((signal) => Effect.promise(() => verifyHistories({ ...flags, ...given }, signal)))
    if (value.text !== undefined) yield* Console.log(value.text)
    if (Option.isSome(flags.html) && value.text !== undefined) {
      const { checked } = value
      if (checked?.result === undefined) return yield* badInput("--html shows one history that is checked for linearizability")
      const { file, history, model, result } = checked
      yield* writePage(flags.html, () => historyPicture(history, model, result, { title: file }))
    }
    if (value.ending !== undefined) return yield* new Ending({ ending: value.ending, message: value.message })
  }))
