/** `lockstep get`: a key's value. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { askAndTell, flags } from "../askingCommand.ts"

const key = Argument.String("key")

export const get = Command.make("get", { key, ...flags }, ({ key, ...given }) => askAndTell({ op: "get", key }, given))
