/** `lockstep delete`: a key is gone. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { askAndTell, flags } from "../askingCommand.ts"

const key = Argument.String("key")

export const remove = Command.make("delete", { key, ...flags }, ({ key, ...given }) => askAndTell({ op: "delete", key }, given))
