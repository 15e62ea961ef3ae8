/** `get`, `put`, `append`, `cas` and `delete` for those who know their flags, at once; see quickly.ts. */
import * as Effect from "effect/Effect"
import type { Operation } from "../kv/Map.ts"
import { ask, defaultTimeout, operationIn } from "./asking.ts"
import type { AskingFlags } from "./asking.ts"
import { exitCodes } from "./exitCodes.ts"

const { parseArgs } = process.getBuiltinModule("node:util")

/** The flags that askingCommand.ts explains. */
export const options = {
  servers: { type: "string" },
  cluster: { type: "string" },
  timeout: { type: "string" },
  json: { type: "boolean" }
} as const

/** What to ask, or `undefined` where there is anything to explain: a mistake, or `--help`. */
export const asked = (
  op: Operation["op"],
  args: ReadonlyArray<string>
): { readonly operation: Operation; readonly flags: AskingFlags } | undefined => {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      options: op === "cas" ? { ...options, absent: { type: "boolean" } } as const : options,
      allowPositionals: true
    })
    const { cluster, json = false, servers, timeout } = values
    const operation = operationIn(op, positionals, "absent" in values && values.absent === true)
    if (operation === undefined || (timeout !== undefined && !/^\d+(\.\d+)?$/.test(timeout))) return undefined
    return { operation, flags: { cluster, json, servers, timeout: Number(timeout ?? defaultTimeout) } }
  } catch {
    return undefined
  }
}

/** Does it all, if the arguments are plain; returns whether they were. */
export const askQuickly = async (op: Operation["op"], args: ReadonlyArray<string>): Promise<boolean> => {
  const plain = asked(op, args)
  if (plain === undefined) return false
  try {
    const { ending, message, text } = await Effect.runPromise(ask(plain.operation, plain.flags))
    if (text !== undefined) console.log(text)
    if (message !== "") console.error(message)
    process.exitCode = ending === undefined ? 0 : exitCodes[ending]
  } catch (error) {
    // Our own mistake: nothing is known.
    console.error(error)
    process.exitCode = 70
  }
  return true
}
