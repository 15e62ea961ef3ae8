#!/usr/bin/env node
/** `lockstep`: the command line. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import packageJson from "../../package.json" with { type: "json" }
import { check } from "./commands/check.ts"
import { equal } from "./commands/equal.ts"
import { explore } from "./commands/explore.ts"
import { fuzz } from "./commands/fuzz.ts"
import { labs } from "./commands/labs.ts"
import { models } from "./commands/models.ts"
import { scenario } from "./commands/scenario.ts"
import { tlc } from "./commands/tlc.ts"
import { validate } from "./commands/validate.ts"
import { verify } from "./commands/verify.ts"
import { zoo } from "./commands/zoo.ts"
import { progress } from "./Ending.ts"

const lockstep = Command.make("lockstep").pipe(
  Command.withDescription("Raft and a replicated key-value store, in lockstep with their TLA+ specification"),
  Command.withSubcommands([check, models, explore, tlc, equal, fuzz, validate, verify, scenario, labs, zoo])
)

/** Bad usage is one line on stderr, like any other bad input. */
const presenter = CliOutput.layerPresenter({
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Console.error(
        `${event.commandPath.join(" ")}: ${event.errors.map((e) => e.message.replace(/\s+/g, " ")).join("; ")} (see ${event.commandPath.join(" ")} --help)`
      )
      : CliOutput.defaultPresenter.present(event)
})

/** Every failure ends as one line on stderr and a documented exit code; only our own mistakes show a stack. */
const exitCodeOf = (cause: Cause.Cause<unknown>): number => {
  const error = Cause.squash(cause)
  if (typeof error === "object" && error !== null && "_tag" in error && error._tag === "ShowHelp") {
    return "errors" in error && Array.isArray(error.errors) && error.errors.length > 0 ? 2 : 0
  }
  const code = typeof error === "object" && error !== null && Runtime.errorExitCode in error
    ? Number(error[Runtime.errorExitCode])
    : undefined
  const message = error instanceof Error ? error.message : String(error)
  if (code === undefined) console.error(Cause.pretty(cause))
  else if (message !== "") console.error(message)
  return code ?? 70
}

// Signals are for the commands: long ones write what they have (`honouringInterrupts`), the others just end.
const exit = await Effect.runPromiseExit(
  Command.run(lockstep, { version: packageJson.version }).pipe(Effect.provide(presenter), Effect.provide(NodeServices.layer))
)
progress("")
process.exitCode = Exit.isSuccess(exit) ? 0 : exitCodeOf(exit.cause)
