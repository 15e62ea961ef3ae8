/** Coverage: every branch of the code, every guard of the specification. */
import * as Effect from "effect/Effect"
import { codeCoverage, sourcesAreHere } from "../../coverage/CodeCoverage.ts"
import { specCoverage } from "../../coverage/SpecCoverage.ts"
import { raftModels } from "../../models/load.ts"
import type { RaftSpec } from "../../models/Table.ts"
import { projectJar } from "../../models/TlcModel.ts"
import { aborted } from "../Interrupt.ts"
import { row } from "../Row.ts"
import type { SuiteOptions } from "../Options.ts"
import { grouped } from "../figures.ts"

export const codeCoverageRow = ({ signal }: SuiteOptions) =>
  row("coverage", "branches of src/raft and src/kv", Effect.promise(async () => {
    if (!sourcesAreHere) return { status: "skipped" as const, found: "needs the sources" }
    const { blocks, exceptions, faults, files } = await codeCoverage(signal)
    return faults.length === 0
      ? { status: "ran" as const, found: `all of ${grouped(blocks)} blocks in ${files} files, with ${exceptions} exception` }
      : { status: "failed" as const, found: faults[0]!, detail: faults.join("\n") }
  }))

/** `check` covers the models that have the settings of one of these, for each kind of settings takes a run of TLC. */
const representatives = ["chunks", "figure-8", "returning-server", "window", "install"]

const modelsToCover = (deep: boolean): ReadonlyArray<RaftSpec> => {
  const all = raftModels()
  const settings = all.filter(({ name }) => representatives.includes(name)).map((spec) => JSON.stringify(spec.settings))
  return all.filter((spec) =>
    deep || (spec.edges && spec.scope === "check" && settings.includes(JSON.stringify(spec.settings)))
  )
}

export const specCoverageRow = ({ deep, signal }: SuiteOptions) =>
  row("coverage", "guards of the rules", Effect.gen(function*() {
    const found = yield* specCoverage(modelsToCover(deep), { all: deep, jar: yield* projectJar })
      .pipe(Effect.raceFirst(Effect.as(aborted(signal), undefined)))
    if (found === undefined) return { status: "stopped", found: "interrupted" }
    const { bothWays, executed, guards, hidden, missing, modelled } = found
    const figures = `${bothWays} of ${guards} guards both ways, all that models reach (${hidden.length} TLC doesn't show); `
      + `${grouped(executed)} steps of executions, ${grouped(modelled)} of models`
    return missing.length === 0
      ? { status: "ran", found: figures }
      : { status: "failed", found: missing[0]!, detail: missing.join("\n") }
  }))
