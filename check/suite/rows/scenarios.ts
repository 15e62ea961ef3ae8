/** Stories in plain text, run and replayed. */
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { projectJar } from "../../models/TlcModel.ts"
import { runScenario } from "../../scenario/Scenario.ts"
import { replayInTlc } from "../../scenario/TlcReplay.ts"
import { aborted } from "../Interrupt.ts"
import { row } from "../Row.ts"
import type { SuiteOptions } from "../Options.ts"
import { grouped } from "../figures.ts"

const scenarios = fileURLToPath(new URL("../../scenarios/", import.meta.url))

export const scenarioRow = row("scenarios", "stories with golden output", Effect.sync(() => {
  const files = readdirSync(scenarios).filter((file) => file.endsWith(".txt"))
  const failed = files.filter((file) => {
    const { differences, violations } = runScenario(readFileSync(scenarios + file, "utf8"), file)
    return differences.length + violations.length > 0
  })
  return failed.length === 0
    ? { status: "ran", found: `${files.length} stories` }
    : { status: "failed", found: failed.join(", "), detail: `lockstep scenario ${failed.map((f) => scenarios + f).join(" ")}` }
}))

export const replayRow = ({ signal }: SuiteOptions) =>
  row("scenarios", "replayed by TLC", Effect.gen(function*() {
    const jar = yield* projectJar
    const files = readdirSync(scenarios).filter((file) => file.endsWith(".txt"))
    const told = files.flatMap((file) =>
      runScenario(readFileSync(scenarios + file, "utf8"), file).courses.map((course) => ({ file, course }))
    )
    const stuck = yield* replayInTlc(told.map(({ course }) => course), jar).pipe(
      Effect.raceFirst(Effect.as(aborted(signal), undefined))
    )
    if (stuck === undefined) return { status: "stopped", found: "interrupted" }
    const steps = told.reduce((sum, { course }) => sum + course.steps.length, 0)
    const [first] = stuck
    return first === undefined
      ? { status: "ran", found: `${files.length} stories, ${told.length} courses of ${grouped(steps)} steps, every property` }
      : { status: "failed", found: `${told[first.course]!.file}, step ${first.step}: ${first.reason}` }
  }))
