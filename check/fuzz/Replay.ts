/**
 * Runs as scenario text: the cluster, then one line for each act (Act.ts). Without its clients' lines it is a scenario
 * like any other; with them, the machines and the clients' history are part of the run, too.
 *
 *     # violates ElectionSafety
 *     servers 3
 *     batch-bytes 1
 *     pre-vote
 *     check-quorum
 *     apply-alone
 *     timeout s1
 *     client 1 put k0 "v1" at s1
 */
import { figure2 } from "../../src/raft/Server.ts"
import { ScriptError } from "../scenario/Script.ts"
import { settingCommands, withSetting } from "../scenario/Setup.ts"
import { actsOf, textOf } from "./Act.ts"
import { runSchedule } from "./Execution.ts"
import { realParts, Run } from "./Run.ts"
import type { Parts, Setup, Violation } from "./Run.ts"
import type { Schedule } from "./Schedule.ts"

/** The text of the schedule's run, and what it violates. */
export const record = (
  schedule: Schedule,
  parts: Parts
): { readonly scenario: string; readonly violation: Violation | undefined } => {
  const lines: Array<string> = []
  const { violation } = runSchedule(schedule, parts, {
    act: (run, act) => {
      const line = textOf(run.cluster, act)
      return (happened) => {
        if (happened) lines.push(line)
      }
    }
  })
  const head = [`servers ${schedule.servers}`, ...settingCommands(schedule.settings, figure2), "apply-alone"]
  const title = violation === undefined ? [] : [`# violates ${violation.property}`]
  return { scenario: `${[...title, ...head, ...lines].join("\n")}\n`, violation }
}

const setupOf = (text: string, setup: Setup): Setup | undefined => {
  if (text === "apply-alone") return setup
  if (/^servers\b/.test(text)) {
    if (!/^servers [1-9]$/.test(text)) throw new ScriptError(`expected "servers n" with n from 1 to 9, found "${text}"`)
    return { ...setup, servers: Number(text.at(-1)) }
  }
  const settings = withSetting(setup.settings, text)
  return settings === undefined ? undefined : { ...setup, settings }
}

/**
 * Does what the text says, and tells what that violates, if anything. Throws a `ScriptError` that names the line which
 * can't be understood or can't happen.
 */
export const replay = (scenario: string, parts: Partial<Parts> = {}): Violation | undefined => {
  let setup: Setup = { servers: 0, settings: figure2 }
  let run: Run | undefined
  for (const [n, raw] of scenario.split("\n").entries()) {
    const text = raw.trim()
    if (text === "" || text.startsWith("#")) continue
    try {
      const changed = run === undefined ? setupOf(text, setup) : undefined
      if (changed !== undefined) {
        setup = changed
        continue
      }
      if (setup.servers === 0) throw new ScriptError(`expected "servers N" first, found "${text}"`)
      run ??= new Run(setup, { ...realParts, ...parts })
      for (const act of actsOf(run.cluster, text)) {
        if (!run.do(act)) throw new ScriptError(`nothing happens: ${text}`)
        if (run.violation !== undefined) return run.violation
      }
    } catch (error) {
      throw error instanceof ScriptError ? new ScriptError(`line ${n + 1}: ${error.message}`) : error
    }
  }
  run?.finish()
  return run?.violation
}
