/** `lockstep put`: a key's value, whatever it was. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { askAndTell, flags } from "../askingCommand.ts"

const key = Argument.String("key")
const value = Argument.String("value")

export const put = Command.make("put", { key, value, ...flags }, ({ key, value, ...given }) => askAndTell({ op: "put", key, value }, given))
