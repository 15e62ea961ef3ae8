/** Progress: what must come after the chaos. */
import * as Effect from "effect/Effect"
import { compareLiveness, exploreLiveness, livenessFaults, livenessViolations } from "../../models/checkLiveness.ts"
import type { RaftSpec } from "../../models/Table.ts"
import { livenessProperties } from "../../raft/Liveness.ts"
import { aborted } from "../Interrupt.ts"
import { row } from "../Row.ts"
import type { SuiteOptions } from "../Options.ts"
import { grouped } from "../figures.ts"

/** States of a model whose calm is explored in seconds. */
export const quickly = 50_000

/** Whether TLC looks at it, too. */
export const byTlc = ({ liveness }: RaftSpec, deep: boolean): boolean =>
  liveness !== undefined && (deep || liveness.scope === "check")

export const progressRow = (spec: RaftSpec, { onProgress, signal }: SuiteOptions) =>
  row("progress", spec.name, Effect.gen(function*() {
    const comparison = yield* compareLiveness(spec, {
      stop: aborted(signal),
      onProgress: ({ distinct }) => Effect.sync(() => onProgress(`TLC on progress in ${spec.name}: ${grouped(distinct)} states`))
    })
    const { calm, chaos } = comparison.typescript
    const faults = livenessFaults(comparison)
    if (signal.aborted) return { status: "stopped", found: "interrupted" }
    return faults.length === 0
      ? { status: "ran", found: `${grouped(chaos)} states, then ${grouped(calm)} when it is calm; as in TLC` }
      : { status: "failed", found: faults[0]!, detail: `lockstep equal ${spec.name} --liveness` }
  }))

/** The explorer alone: what TLC has no time for, or can't do here. */
export const progressAloneRow = (specs: ReadonlyArray<RaftSpec>, { onProgress, signal }: SuiteOptions) =>
  row("progress", "the other models, by the explorer", Effect.promise(async () => {
    let [calm, pinned] = [0, 0]
    const missed = new Set<string>()
    for (const spec of specs) {
      onProgress(`progress in ${spec.name}`)
      const found = await exploreLiveness(spec, { signal })
      if (signal.aborted) return { status: "stopped" as const, found: "interrupted" }
      const expected = spec.liveness?.distinct
      const faults = [
        ...livenessViolations(found),
        ...(expected === undefined || expected === found.chaos + found.calm ? [] : [`${expected} states are pinned`])
      ]
      if (faults.length > 0) {
        return { status: "failed" as const, found: `${spec.name}: ${faults[0]}`, detail: `lockstep explore ${spec.name} --liveness` }
      }
      calm += found.calm
      if (expected !== undefined) pinned++
      for (const name of found.missed) missed.add(name)
    }
    const never = livenessProperties.filter(({ name }) => !missed.has(name)).map(({ name }) => name)
    return never.length === 0
      ? { status: "ran" as const, found: `${specs.length} models, ${grouped(calm)} states when it is calm; ${pinned} as pinned` }
      : { status: "failed" as const, found: `no model ever misses ${never.join(", ")}` }
  }))
