/** `lockstep labs`: the scenarios of the MIT labs, the papers and other implementations, on virtual time. */
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { labs as allLabs, runLabs } from "../../../check/labs/run.ts"
import { badInput, honouringInterrupts, interrupted, json, result, violated } from "../Ending.ts"
import { progress } from "../progress.ts"
import { seconds, table } from "../text.ts"

const only = Flag.String("only").pipe(
  Flag.withDescription("the id of one scenario; may be repeated (default: all)"),
  Flag.between(0, Infinity)
)
const seed = Flag.Int("seed").pipe(Flag.withDescription("the first; the same seed gives the same runs (default 1)"), Flag.withDefault(1))
const runs = Flag.Int("runs").pipe(Flag.withDescription("seeds for each (default 1)"), Flag.withDefault(1))

export const labs = Command.make("labs", { only, seed, runs, json }, (flags) =>
  Effect.gen(function*() {
    const ids = [...new Set(allLabs.map(({ id }) => id))]
    const unknown = flags.only.find((id) => !ids.includes(id))
    if (unknown !== undefined) return yield* badInput(`no scenario ${unknown} (there are ${ids.join(", ")})`)
    for (const [name, value, most] of [["seed", flags.seed, 2 ** 32], ["runs", flags.runs, 1e6]] as const) {
      if (value < 1 || value > most) return yield* badInput(`--${name} ${value}: expected 1 to ${most}`)
    }
    const wanted = allLabs.filter(({ id }) => flags.only.length === 0 || flags.only.includes(id))
    const { value: results, wasInterrupted } = yield* honouringInterrupts((signal) =>
      Effect.promise(() =>
        runLabs(wanted, {
          seed: flags.seed,
          runs: flags.runs,
          signal,
          onProgress: ({ lab, runs }) => progress(`${lab.id}: ${runs} of ${flags.runs} seeds`)
        })
      )
    )
    progress("")
    const failures = results.flatMap(({ failure }) => failure === undefined ? [] : [failure.text])
    const rows = results.map((r) => [
      r.id,
      r.failure === undefined ? "holds" : "FAILS",
      String(r.runs),
      seconds(r.seconds),
      r.title,
      r.measured
    ])
    const lines = [table(["id", "", "seeds", "time", "claims", "measured with the last seed"], rows), ...failures.map((text) => `\n${text}`)]
    yield* result(flags.json, { results }, lines.join("\n"))
    if (failures.length > 0) return yield* violated
    if (wasInterrupted) return yield* interrupted
  }))
