/** `lockstep scenario`: runs stories in plain text, and compares or rewrites their output. */
import * as Effect from "effect/Effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { ScenarioError } from "../../../check/scenario/Parse.ts"
import { runScenario } from "../../../check/scenario/Scenario.ts"
import type { Difference } from "../../../check/scenario/Scenario.ts"
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

/** Runs one file. */
const runFile = Effect.fnUntraced(function*(file: string, write: boolean) {
  const text = yield* readFile(file)
  const ran = yield* Effect.try({
    try: () => runScenario(text, file),
    catch: (error) => badInput(error instanceof ScenarioError ? error.message : `${file}: ${String(error)}`)
  })
  if (write && ran.text !== text) yield* replaceFile(file, ran.text)
  return { file, differences: write ? [] : ran.differences, violations: ran.violations, text: ran.text }
})

export const scenario = Command.make("scenario", { files, rewrite, json }, (flags) =>
  Effect.gen(function*() {
    const ran = yield* Effect.forEach(flags.files, (file) => runFile(file, flags.rewrite))
    const lines = ran.flatMap(({ differences, file, violations }) => [
      `${differences.length + violations.length === 0 ? "ok" : "FAILED"}  ${file}`,
      ...differences.flatMap(differing),
      ...violations.map((violation) => `  ${violation}`)
    ])
    yield* result(flags.json, ran, lines.join("\n"))
    if (ran.some((r) => r.differences.length + r.violations.length > 0)) return yield* violated
  })).pipe(Command.withDescription("Run scenarios and compare their output"))
