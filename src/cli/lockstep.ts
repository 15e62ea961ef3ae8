/** All commands, with their help. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import packageJson from "../../package.json" with { type: "json" }
import { progress } from "./progress.ts"

/** Shells complete all commands, and the wizard asks for one. */
const needsAll = process.argv.some((argument) => /^--(completions|wizard)/.test(argument))

/** A command, loaded only if the arguments may mean it; of the others help says what they do. */
const command = async <Name extends string, Input, Context, E, R>(
  name: Name,
  does: string,
  load: () => Promise<Command.Command<Name, Input, Context, E, R>>
) =>
  needsAll || process.argv.includes(name)
    ? (await load()).pipe(Command.withDescription(does))
    : Command.make(name).pipe(Command.withDescription(does))

const subcommands = await Promise.all([
  command("get", "A key's value; exit code 1 if it is absent", async () => (await import("./commands/get.ts")).get),
  command("put", "A key's value, whatever it was", async () => (await import("./commands/put.ts")).put),
  command("append", "More at the end of a key's value", async () => (await import("./commands/append.ts")).append),
  command("cas", "A key's new value, if it has the one expected; else exit code 1", async () => (await import("./commands/cas.ts")).cas),
  command("delete", "A key is gone; exit code 1 if it was absent", async () => (await import("./commands/delete.ts")).remove),
  command("check", "Check everything, and print one summary table", async () => (await import("./commands/check.ts")).check),
  command(
    "models",
    "List the models: constants, root, must-reach list, pinned numbers",
    async () => (await import("./commands/models.ts")).models
  ),
  command(
    "explore",
    "Explore every reachable world of a model of the TypeScript core, and check its properties",
    async () => (await import("./commands/explore.ts")).explore
  ),
  command("tlc", "Explore the same model of the specification with TLC", async () => (await import("./commands/tlc.ts")).tlc),
  command(
    "equal",
    "Compare the state graphs of the TypeScript core and of the specification",
    async () => (await import("./commands/equal.ts")).equal
  ),
  command(
    "fuzz",
    "Random executions with every property checked after every event",
    async () => (await import("./commands/fuzz.ts")).fuzz
  ),
  command(
    "validate",
    "Validate traces against the specification with TLC",
    async () => (await import("./commands/validate.ts")).validate
  ),
  command("verify", "Decide whether histories are linearizable", async () => (await import("./commands/verify.ts")).verify),
  command("scenario", "Run scenarios and compare their output", async () => (await import("./commands/scenario.ts")).scenario),
  command("labs", "Scenarios of the MIT labs, the papers and etcd, on virtual time", async () => (await import("./commands/labs.ts")).labs),
  command("serve", "Run one server of a cluster", async () => (await import("./commands/serve.ts")).serve),
  command("admin", "What the servers of a cluster say, and snapshots on demand", async () => (await import("./commands/admin.ts")).admin),
  command(
    "zoo",
    "Plant bugs in the code and in the specification, and see who notices",
    async () => (await import("./commands/zoo.ts")).zoo
  ),
  command(
    "nemesis",
    "Torment a cluster of real processes, and check what its clients saw and what its servers did",
    async () => (await import("./commands/nemesis.ts")).nemesis
  )
])

const lockstep = Command.make("lockstep").pipe(
  Command.withDescription("Raft and a replicated key-value store, in lockstep with their TLA+ specification"),
  Command.withSubcommands(subcommands)
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
