/** `lockstep check`: the main job. */
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import type { Row, Status } from "../../../check/suite/Row.ts"
import { runSuite, tlcAvailable } from "../../../check/suite/Suite.ts"
import { honouringInterrupts, interrupted, json, missingTool, result, violated } from "../Ending.ts"
import { progress } from "../progress.ts"
import { seconds, table } from "../text.ts"

const deep = Flag.Boolean("deep").pipe(Flag.withDescription("everything, for hours"), Flag.withDefault(false))
const requireTlc = Flag.Boolean("require-tlc").pipe(
  Flag.withDescription("without Java and TLC fail, instead of comparing with what is pinned"),
  Flag.withDefault(false)
)
const seed = Flag.Int("seed").pipe(Flag.withDescription("of the random executions (default 1)"), Flag.withDefault(1))

const cells = (r: Row) => [r.section, r.check, r.status, r.found, seconds(r.seconds)]

export const check = Command.make("check", { deep, requireTlc, seed, json }, (flags) =>
  Effect.gen(function*() {
    if (flags.requireTlc) yield* tlcAvailable.pipe(Effect.mapError((error) => missingTool(error.message)))
    const started = performance.now()
    const { value: rows, wasInterrupted } = yield* honouringInterrupts((signal) =>
      runSuite({
        deep: flags.deep,
        seed: flags.seed,
        signal,
        onProgress: progress,
        onRow: (r) => {
          progress("")
          process.stderr.write(`${r.status.padEnd(7)} ${r.section}: ${r.check} (${seconds(r.seconds)})\n`)
        }
      })
    )
    const failed = rows.filter((r) => r.status === "failed")
    const count = (status: Status) => rows.filter((r) => r.status === status).length
    const total = (performance.now() - started) / 1000
    const text = [
      "",
      table(["checked", "what", "result", "found", "time"], rows.map(cells)),
      ...failed.flatMap((r) => ["", `FAILED ${r.section}: ${r.check}: ${r.found}`, ...(r.detail === undefined ? [] : [r.detail])]),
      "",
      `${count("ran") + count("pinned")} passed, ${failed.length} failed`
      + (count("skipped") === 0 ? "" : `, ${count("skipped")} skipped`),
      ...(count("stopped") === 0 ? [] : [`${count("stopped")} stopped`]),
      `in ${seconds(total)}`
    ]
    yield* result(flags.json, { rows, seconds: total }, text.join("\n"))
    if (failed.length > 0) return yield* violated
    if (wasInterrupted) return yield* interrupted
  }))
