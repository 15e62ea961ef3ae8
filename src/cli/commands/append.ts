/** `lockstep append`: more at the end of a key's value. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { askAndTell, flags } from "../askingCommand.ts"

const key = Argument.String("key")
const value = Argument.String("value")

export const append = Command.make("append", { key, value, ...flags }, ({ key, value, ...given }) => askAndTell({ op: "append", key, value }, given))
