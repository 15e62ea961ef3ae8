/** `lockstep scenario`: runs stories in plain text, and compares or rewrites their output. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { basename } from "node:path"
import type { Story } from "../../../check/render/Story.ts"
import { storyPicture } from "../../../check/render/StoryPicture.ts"
import { ScenarioError, Stuck } from "../../../check/scenario/Parse.ts"
import { runScenario } from "../../../check/scenario/Scenario.ts"
import type { Difference } from "../../../check/scenario/Scenario.ts"
import { html, writePage } from "../html.ts"
import { readFile } from "../readFile.ts"
import { replaceFile } from "../replaceFile.ts"
import { badInput, json, result, violated } from "../Ending.ts"

const files = Argument.String("file").pipe(
  Argument.withDescription("scenario files (check/scenarios has some)"),
  Argument.variadic({ min: 1 })
)
const rewrite = Flag.Boolean("rewrite").pipe(
  Flag.withDescription("write the output that comes into the files; read the difference before you commit it"),
  Flag.withDefault(false)
)

/** A block's differing lines, those expected and those found. */
const differing = ({ expected, found, line }: Difference): ReadonlyArray<string> => [
  `  from line ${line}:`,
  ...expected.filter((text) => !found.includes(text)).map((text) => `    - ${text}`),
  ...found.filter((text) => !expected.includes(text)).map((text) => `    + ${text}`)
]

/** What became of one file. */
interface Ran {
  readonly file: string
  readonly differences: ReadonlyArray<Difference>
  readonly violations: ReadonlyArray<string>
  /** The file's text with the output as it is now; absent when the story couldn't go on. */
  readonly text?: string
  /** Where it couldn't, and why. */
  readonly stuck?: { readonly line: number; readonly reason: string }
}

/** Runs one file; fails when it can't be read as a scenario. */
const runFile = Effect.fnUntraced(function*(file: string, write: boolean) {
  const text = yield* readFile(file)
  const ran = yield* Effect.try({
    try: () => runScenario(text, file),
    catch: (error) => error instanceof ScenarioError ? error : new ScenarioError(file, 1, String(error))
  }).pipe(Effect.catch((error) => error instanceof Stuck ? Effect.succeed(error) : Effect.fail(badInput(error.message))))
  if (ran instanceof Stuck) {
    return { file, differences: [], violations: [], stuck: { line: ran.line, reason: ran.reason } } satisfies Ran
  }
  if (write && ran.text !== text) yield* replaceFile(file, ran.text)
  return { file, differences: write ? [] : ran.differences, violations: ran.violations, text: ran.text } satisfies Ran
})

const storyOf = ({ file, text }: Ran): ReadonlyArray<{ readonly story: Story }> => {
  if (text === undefined) return []
  const { servers, steps } = runScenario(text, file)
  return [{ story: { title: basename(file), servers, steps } }]
}

const isGood = ({ differences, stuck, violations }: Ran): boolean =>
  differences.length + violations.length === 0 && stuck === undefined

export const scenario = Command.make("scenario", { files, rewrite, html, json }, (flags) =>
  Effect.gen(function*() {
    const all = yield* Effect.forEach(flags.files, (file) => Effect.result(runFile(file, flags.rewrite)))
    const ran: ReadonlyArray<Ran> = all.flatMap((outcome) => Result.isSuccess(outcome) ? [outcome.success] : [])
    const unreadable = all.flatMap((outcome) => Result.isFailure(outcome) ? [outcome.failure.message] : [])
    const lines = ran.flatMap((r) => [
      `${isGood(r) ? "ok" : "FAILED"}  ${r.file}`,
      ...r.differences.flatMap(differing),
      ...r.violations.map((violation) => `  ${violation}`),
      ...(r.stuck === undefined ? [] : [`  ${r.file}:${r.stuck.line}: ${r.stuck.reason}`])
    ])
    if (ran.length > 0) yield* result(flags.json, ran, lines.join("\n"))
    yield* writePage(flags.html, () => storyPicture("scenario", `${ran.filter(isGood).length} of ${all.length} ok`, ran.flatMap(storyOf)))
    if (unreadable.length > 0) return yield* badInput(unreadable.join("\n"))
    if (!ran.every(isGood)) return yield* violated
  }))
