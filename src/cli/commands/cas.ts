/** `lockstep cas`: a key's new value, only if it has the one expected. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { operationIn } from "../asking.ts"
import { askAndTell, flags } from "../askingCommand.ts"
import { badInput } from "../Ending.ts"

const key = Argument.String("key")
const values = Argument.String("value").pipe(
  Argument.withDescription("FROM and TO; with --absent only TO"),
  Argument.variadic({ min: 1, max: 2 })
)
const absent = Flag.Boolean("absent").pipe(
  Flag.withDescription("instead of FROM: expects the key to be absent"),
  Flag.withDefault(false)
)

export const cas = Command.make("cas", { key, values, absent, ...flags }, ({ absent, key, values, ...given }) => {
  const operation = operationIn("cas", [key, ...values], absent)
  return operation === undefined ? badInput("cas: expected KEY FROM TO, or KEY TO --absent") : askAndTell(operation, given)
})
