/** `lockstep validate`: are these traces behaviours of the specification? */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { aborted } from "../../../check/suite/Interrupt.ts"
import { projectJar } from "../../../check/models/TlcModel.ts"
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

const read = Effect.fnUntraced(function*(file: string) {
  const text = yield* readFile(file)
  const trace = readTrace(text, file)
  return Result.isSuccess(trace) ? trace.success : yield* badInput(trace.failure.message)
})

export const validate = Command.make("validate", { files, json }, (flags) =>
  Effect.gen(function*() {
    const traces = yield* Effect.forEach(flags.files, read)
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
      ...verdicts.map((v, n) => v.status === "accepted" ? `accepted  ${flags.files[n]}: ${grouped(v.lines)} steps` : `REJECTED  ${v.message}`),
      `${grouped(lines)} steps, ${grouped(distinctSteps)} different ones`
    ]
    yield* result(flags.json, { traces: verdicts.map((v, n) => ({ file: flags.files[n], ...v })), lines, distinctSteps }, text.join("\n"))
    if (verdicts.some((v) => v.status === "rejected")) return yield* violated
  }))
