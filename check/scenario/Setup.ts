/** The commands that say how a cluster is set up, after `servers n`: what `Settings` are called in scripts. */
import type { Settings } from "../../src/raft/Server.ts"
import { ScriptError } from "./Script.ts"

const numbers = {
  "batch-bytes": "maxBatchBytes",
  "in-flight": "maxInflight",
  "uncommitted-bytes": "maxUncommittedBytes",
  "chunk-size": "chunkSize"
} as const satisfies Record<string, keyof Settings>

const flags = { "pre-vote": "preVote", "check-quorum": "checkQuorum" } as const satisfies Record<string, keyof Settings>

/** What such commands begin with. */
export const settingVerbs: ReadonlyArray<string> = [...Object.keys(numbers), ...Object.keys(flags)]

/**
 * The settings with what the command says; `undefined` when it sets nothing up. Throws a `ScriptError` when it isn't well
 * formed.
 */
export const withSetting = (settings: Settings, command: string): Settings | undefined => {
  const [verb, ...words] = command.trim().split(/\s+/) as [string, ...Array<string>]
  if (Object.hasOwn(numbers, verb)) {
    if (words.length !== 1 || !/^[1-9]\d{0,8}$/.test(words[0]!)) {
      throw new ScriptError(`expected "${verb} n" with n from 1 to 999999999, found "${command}"`)
    }
    return { ...settings, [numbers[verb as keyof typeof numbers]]: Number(words[0]) }
  }
  if (!Object.hasOwn(flags, verb)) return undefined
  if (words.length !== 0) throw new ScriptError(`expected "${verb}", found "${command}"`)
  return { ...settings, [flags[verb as keyof typeof flags]]: true }
}

/** The commands that make these settings of `from`. */
export const settingCommands = (settings: Settings, from: Settings): ReadonlyArray<string> => [
  ...Object.entries(numbers).flatMap(([verb, field]) =>
    settings[field] === from[field] ? [] : [`${verb} ${settings[field]}`]
  ),
  ...Object.entries(flags).flatMap(([verb, field]) => settings[field] === from[field] ? [] : [verb])
]
