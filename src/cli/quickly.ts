/** `lockstep verify` for those who know its flags, at once: to load a command line with all of its help takes a while. */
import { failMeanings } from "../../check/linearizability/files/formats/Format.ts"
import { consistencies } from "../../check/linearizability/weaker/promises.ts"
import { formatNames } from "../../check/linearizability/files/read.ts"
import { exitCodes } from "./exitCodes.ts"
import { defaults, verifyHistories } from "./verifying.ts"
import type { VerifyFlags } from "./verifying.ts"

// As an import, node:util would load all that it may need at once.
const { parseArgs } = process.getBuiltinModule("node:util")

/** The flags that commands/verify.ts explains. */
export const options = {
  model: { type: "string" },
  format: { type: "string" },
  fail: { type: "string" },
  consistency: { type: "string" },
  key: { type: "string" },
  "stale-bound": { type: "string" },
  timeout: { type: "string" },
  memory: { type: "string" },
  threads: { type: "string" },
  "verdict-only": { type: "boolean" },
  html: { type: "string" },
  json: { type: "boolean" }
} as const

/** The flags, or `undefined` where there is anything to explain: a mistake, or `--help`; or a page to be written. */
export const flagsOf = (args: ReadonlyArray<string>): VerifyFlags | undefined => {
  try {
    const { positionals: paths, values } = parseArgs({ args: [...args], options, allowPositionals: true })
    // A page is written, and may not be writable.
    if (paths.length === 0 || values.html !== undefined) return undefined
    return {
      paths,
      model: values.model,
      format: oneOf(formatNames, values.format),
      fail: oneOf(failMeanings, values.fail),
      consistency: oneOf(consistencies, values.consistency) ?? defaults.consistency,
      key: values.key,
      staleBound: matching(/^\d+$/, values["stale-bound"]),
      timeout: matching(/^\d+(\.\d+)?$/, values.timeout) ?? defaults.timeout,
      memory: matching(/^\d+$/, values.memory) ?? defaults.memory,
      threads: matching(/^\d+$/, values.threads) ?? defaults.threads,
      verdictOnly: values["verdict-only"] ?? false,
      json: values.json ?? false
    }
  } catch {
    return undefined
  }
}

const oneOf = <A extends string>(choices: ReadonlyArray<A>, word: string | undefined): A | undefined => {
  const choice = choices.find((c) => c === word)
  if (choice !== word) throw new Error(`${word} is none of ${choices.join(", ")}`)
  return choice
}

const matching = (pattern: RegExp, word: string | undefined): number | undefined => {
  if (word === undefined) return undefined
  if (!pattern.test(word)) throw new Error(`${word} is no number`)
  return Number(word)
}

/** Does it all, if the arguments are plain; returns whether they were. */
export const verify = async (args: ReadonlyArray<string>): Promise<boolean> => {
  const flags = flagsOf(args)
  if (flags === undefined) return false
  const controller = new AbortController()
  const abort = () => controller.abort()
  process.on("SIGINT", abort).on("SIGTERM", abort)
  try {
    const { ending, message, text } = await verifyHistories(flags, controller.signal)
    if (text !== undefined) console.log(text)
    if (message !== "") console.error(message)
    process.exitCode = ending === undefined ? 0 : exitCodes[ending]
  } catch (error) {
    // Our own mistake, and no violation.
    console.error(error)
    process.exitCode = 70
  } finally {
    process.off("SIGINT", abort).off("SIGTERM", abort)
  }
  return true
}
