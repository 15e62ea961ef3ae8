/** What the commands about models have in common. */
import * as Effect from "effect/Effect"
import * as Argument from "effect/cli/Argument"
import { loadModels } from "../../check/models/load.ts"
import type { ModelSpec } from "../../check/models/Table.ts"
import type { RaftResult } from "../../check/models/checkModel.ts"
import { spaceTime } from "../../check/render/SpaceTime.ts"
import { storyTable } from "../../check/render/Table.ts"
import { fromBehaviour } from "../../check/scenario/FromBehaviour.ts"
import type { Told } from "../../check/scenario/FromBehaviour.ts"
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

/** A counterexample as people read it: a table, a space-time diagram, and a scenario that replays it. */
export const toldText = ({ missing, story, text }: Told): string => {
  const gap = missing === undefined ? "" : `\nStep ${missing.step} is not a step of the TypeScript core: ${missing.reason}\n`
  return `${storyTable(story)}\n\n${spaceTime(story)}\n${gap}\nScenario (save it, then: lockstep scenario FILE):\n\n${text}`
}

export type Violation = RaftResult["violations"][number]

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
export const tell = (spec: ModelSpec, violation: Violation): Told | undefined =>
  "trace" in violation
    ? fromBehaviour(spec, violation.trace.map(({ world }) => world), `${spec.name} ${summary(violation)}`)
    : undefined

/** What there is to see of a violation. */
export const shown = (spec: ModelSpec, violation: Violation): string => {
  const told = tell(spec, violation)
  return told === undefined ? `${spec.name} ${summary(violation)}` : toldText(told)
}
