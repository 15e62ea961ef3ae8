/** `lockstep validate`: are these traces behaviours of the specification? */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { aborted } from "../../../check/suite/Interrupt.ts"
import { projectJar } from "../../../check/models/TlcModel.ts"
import { mergeTraces } from "../../../check/trace/merge.ts"
import { readTrace } from "../../../check/trace/TraceReader.ts"
import { validateTraces } from "../../../check/trace/validate.ts"
import { badInput, honouringInterrupts, interrupted, json, result, violated } from "../Ending.ts"
import { progress } from "../progress.ts"
import { readFile } from "../readFile.ts"
import { grouped } from "../text.ts"

const files = Argument.String("trace").pipe(
  Argument.withDescription("trace files (traces/README.md has the format)"),
  Argument.variadic({ min: 1 })
)

const merge = Flag.Boolean("merge").pipe(
  Flag.withDescription("the files are the traces of the servers of one run (lockstep serve --trace), which become one"),
  Flag.withDefault(false)
)

/** What was found under a name; or the command ends with what is wrong with it. */
const orBadInput = <A>(found: Result.Result<A, { readonly message: string }>) =>
  Effect.fromResult(Result.mapError(found, ({ message }) => badInput(message)))

export const validate = Command.make("validate", { files, merge, json }, (flags) =>
  Effect.gen(function*() {
    const texts = yield* Effect.forEach(flags.files, (file) => Effect.map(readFile(file), (text) => ({ file, text })))
    const whole = flags.merge ? [{ file: "merged", text: yield* orBadInput(mergeTraces(texts)) }] : texts
    const traces = yield* Effect.forEach(whole, ({ file, text }) => orBadInput(readTrace(text, file)))
    const jar = yield* projectJar
    // Nothing is known before TLC has ended: an interrupt ends it, and leaves no verdict.
    const { value: found } = yield* honouringInterrupts((signal) =>
      validateTraces(traces, {
        jar,
        onProgress: (done) => Effect.sync(() => progress(`${grouped(done.lines)} of ${grouped(done.of)} events`))
      }).pipe(Effect.raceFirst(Effect.as(aborted(signal), undefined)))
    )
    progress("")
    if (found === undefined) return yield* interrupted
    const { distinctSteps, lines, verdicts } = found
    const text = [
      ...verdicts.map((v, n) => v.status === "accepted" ? `accepted  ${whole[n]!.file}: ${grouped(v.lines)} steps` : `REJECTED  ${v.message}`),
      `${grouped(lines)} steps, ${grouped(distinctSteps)} different ones`
    ]
    yield* result(flags.json, { traces: verdicts.map((v, n) => ({ file: whole[n]!.file, ...v })), lines, distinctSteps }, text.join("\n"))
    if (verdicts.some((v) => v.status === "rejected")) return yield* violated
  }))
