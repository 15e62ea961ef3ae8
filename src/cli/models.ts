/** What the commands about models have in common. */
import * as Effect from "effect/Effect"
import * as Argument from "effect/cli/Argument"
import { loadModels } from "../../check/models/load.ts"
import { layerOf } from "../../check/models/Layer.ts"
import type { Telling } from "../../check/models/Layer.ts"
import type { ModelSpec } from "../../check/models/Table.ts"
import type { ModelResult } from "../../check/models/checkModel.ts"
import { badInput } from "./Ending.ts"

export const modelName = Argument.String("model").pipe(Argument.withDescription("a name that `lockstep models` lists"))

/** The model of that name; an unknown one is bad input. */
export const modelNamed = (name: string) => {
  const all = loadModels()
  const found = all.find((model) => model.name === name)
  return found === undefined
    ? Effect.fail(badInput(`no model ${name} in spec/models.json (there are ${all.map((m) => m.name).join(", ")})`))
    : Effect.succeed(found)
}

export type Violation = ModelResult["violations"][number]

/** One line about a violation. */
export const summary = (violation: Violation): string => {
  switch (violation.kind) {
    case "property":
      return `violates ${violation.name} after ${violation.trace.length - 1} steps`
    case "crash":
      return `${violation.name} throws after ${violation.trace.length - 1} steps: ${violation.error}`
    case "dead":
      return `Dead calls a message dead that isn't: at ${violation.actor}, ${JSON.stringify(violation.message)}`
    case "unreached":
      return `never reaches ${violation.name}`
  }
}

/** A violation's counterexample, if it has one. */
export const tell = (spec: ModelSpec, violation: Violation): Telling | undefined =>
  "trace" in violation
    ? layerOf(spec).told(violation.trace.map(({ world }) => world), `${spec.name} ${summary(violation)}`)
    : undefined

/** What there is to see of a violation. */
export const shown = (spec: ModelSpec, violation: Violation): string =>
  tell(spec, violation)?.text ?? `${spec.name} ${summary(violation)}`
