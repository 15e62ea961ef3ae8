/** Models: the two state graphs. */
import * as Effect from "effect/Effect"
import { compareModel, comparePinned, holds } from "../../models/checkModel.ts"
import type { Comparison } from "../../models/checkModel.ts"
import type { ModelSpec } from "../../models/Table.ts"
import { aborted } from "../Interrupt.ts"
import { row } from "../Row.ts"
import type { Row } from "../Row.ts"
import type { SuiteOptions } from "../Options.ts"
import { grouped, numbers } from "../figures.ts"

const compared = (comparison: Comparison, status: "ran" | "pinned" | "stopped"): Omit<Row, "section" | "check" | "seconds"> => {
  const { differences, edges, tlc, typescript } = comparison
  if (holds(comparison)) {
    const how = status === "pinned" ? "as pinned" : edges ? "same states and edges" : "same numbers"
    return { status, found: `${numbers(typescript)}; ${how}` }
  }
  if (status === "stopped") return { status, found: "interrupted" }
  const first = differences[0]
  const violated = [...typescript.violations.map((v) => v.name), ...(tlc?.violated === undefined ? [] : [tlc.violated])]
  return {
    status: "failed",
    found: violated.length > 0
      ? `violated: ${violated.join(", ")}`
      : first === undefined ? "incomplete" : `${first.what}: TLC ${first.tlc}, TypeScript ${first.typescript}`,
    detail: `lockstep equal ${comparison.model}`
  }
}

export const modelRow = (spec: ModelSpec, { deep, onProgress, signal }: SuiteOptions, withTlc: boolean) =>
  row("models", spec.name, Effect.gen(function*() {
    const { pinned } = spec
    if (pinned !== undefined && (!withTlc || (spec.scope === "deep" && !deep))) {
      return compared(yield* comparePinned(spec, pinned), "pinned")
    }
    const comparison = yield* compareModel(spec, spec.edges, {
      stop: aborted(signal),
      onProgress: ({ distinct }) => Effect.sync(() => onProgress(`TLC on ${spec.name}: ${grouped(distinct)} states`))
    })
    return compared(comparison, signal.aborted ? "stopped" : "ran")
  }))
