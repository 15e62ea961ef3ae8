/** `lockstep`: the command line. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import packageJson from "../../package.json" with { type: "json" }
import { models } from "./commands/models.ts"
import { Ending } from "./Ending.ts"

const lockstep = Command.make("lockstep").pipe(
  Command.withDescription("Raft and a replicated key-value store, in lockstep with their TLA+ specification"),
  Command.withSubcommands([models])
)

/** Bad usage is one line on stderr, like any other bad input. */
const presenter = CliOutput.layerPresenter({
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Console.error(
        `${event.commandPath.join(" ")}: ${event.errors.map((e) => e.message).join("; ")} (see ${event.commandPath.join(" ")} --help)`
      )
      : CliOutput.defaultPresenter.present(event)
})

/** Every failure ends as one line on stderr and a documented exit code; only our own mistakes show a stack. */
const report = (cause: Cause.Cause<unknown>) => {
  if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
  const error = Cause.squash(cause)
  if (error instanceof Ending) {
    return error.message === "" ? Effect.fail(error) : Effect.andThen(Console.error(error.message), Effect.fail(error))
  }
  const usage = typeof error === "object" && error !== null && "_tag" in error && error._tag === "ShowHelp"
  if (usage) {
    const failed = "errors" in error && Array.isArray(error.errors) && error.errors.length > 0
    return failed ? Effect.fail(new Ending({ ending: "badInput", message: "" })) : Effect.void
  }
  return Effect.andThen(Console.error(Cause.pretty(cause)), Effect.sync(() => process.exit(70)))
}

Command.run(lockstep, { version: packageJson.version }).pipe(
  Effect.provide(presenter),
  Effect.provide(NodeServices.layer),
  Effect.catchCause(report),
  (program) => NodeRuntime.runMain(program, { disableErrorReporting: true })
)
