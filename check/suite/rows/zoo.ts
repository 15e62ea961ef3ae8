/** The bug zoo. */
import * as Effect from "effect/Effect"
import { matrixText } from "../../zoo/Matrix.ts"
import { runZoo, zooAvailable } from "../../zoo/Zoo.ts"
import { row } from "../Row.ts"
import type { SuiteOptions } from "../Options.ts"

export const zooRow = ({ deep, onProgress, signal }: SuiteOptions, withTlc: boolean) =>
  row("zoo", withTlc ? "mutants, pairs and watchers" : "mutants and watchers", Effect.promise(async () => {
    if (!zooAvailable) return { status: "skipped" as const, found: "needs the sources" }
    const matrix = await runZoo({
      scope: deep ? "deep" : "check",
      withTlc,
      signal,
      onProgress: ({ done, id, of }) => onProgress(`zoo: ${done} of ${of}, ${id}`)
    })
    const pairs = matrix.rows.filter((r) => r.cells.pair?.status === "killed").length
    const found = `${matrix.rows.length} mutants killed${withTlc ? `, ${pairs} of them as pairs too` : ""}, `
      + `${matrix.watchers.length} watchers noticed`
    if (matrix.interrupted) return { status: "stopped" as const, found: "interrupted" }
    return matrix.faults.length === 0
      ? { status: "ran" as const, found }
      : { status: "failed" as const, found: matrix.faults[0]!, detail: matrixText(matrix) }
  }))
