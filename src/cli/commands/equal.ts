/** `lockstep equal`: the two graphs of a model, and where they differ. */
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { aborted } from "../../../check/suite/Interrupt.ts"
import { fileURLToPath } from "node:url"
import { compareModel, holds, pinnedFrom } from "../../../check/models/checkModel.ts"
import { loadModels, modelsFile } from "../../../check/models/load.ts"
import type { KVSpec, RaftSpec } from "../../../check/models/Table.ts"
import { honouringInterrupts, interrupted, json, result, violated } from "../Ending.ts"
import { progress } from "../progress.ts"
import { equalProgress, liveness, withProgress } from "../liveness.ts"
import { modelName, modelNamed, shown } from "../models.ts"
import { replaceFile } from "../replaceFile.ts"
import { grouped, seconds } from "../text.ts"

const edges = Flag.Boolean("edges").pipe(
  Flag.withDescription("compare states and labelled edges, too (the default where spec/models.json says so)"),
  Flag.withDefault(false)
)

const pin = Flag.Boolean("pin").pipe(
  Flag.withDescription("if the graphs are equal, write their numbers into spec/models.json"),
  Flag.withDefault(false)
)

export const equal = Command.make("equal", { model: modelName, edges, pin, liveness, json }, (flags) =>
  Effect.gen(function*() {
    const spec = yield* modelNamed(flags.model)
    const write = (to: Partial<RaftSpec> | Partial<KVSpec>) =>
      replaceFile(
        fileURLToPath(modelsFile),
        `${JSON.stringify(loadModels().map((m) => m.name === spec.name ? { ...m, ...to } : m), null, 2)}\n`
      )
    if (flags.liveness) {
      const raft = yield* withProgress(spec)
      const distinct = yield* equalProgress(raft, flags.json)
      if (flags.pin) yield* write({ liveness: { scope: raft.liveness?.scope ?? "deep", distinct } })
      return
    }
    const { value: comparison, wasInterrupted } = yield* honouringInterrupts((signal) =>
      compareModel(spec, flags.edges || spec.edges, {
        stop: aborted(signal),
        onProgress: ({ distinct, queue }) =>
          Effect.sync(() => progress(`${spec.name}: TLC has ${grouped(distinct)} states, ${grouped(queue)} to go`))
      })
    )
    progress("")
    const { differences, tlc, typescript } = comparison
    const numbers = (of: { distinct: number; generated: number; depth: number; seconds: number }) =>
      `${grouped(of.distinct)} distinct, ${grouped(of.generated)} generated, depth ${of.depth}, ${seconds(of.seconds)}`
    const equalText = `equal: ${comparison.edges ? "numbers, states and edges" : "numbers"}`
    const verdict = holds(comparison)
      ? equalText
      : typescript.violations.length > 0
      ? `NOT COMPARED: the code violates ${typescript.violations.map((v) => v.name).join(", ")}`
      : wasInterrupted
      ? "interrupted, not compared"
      : differences.length > 0
      ? "NOT EQUAL"
      : `NOT COMPARED: TLC ended with ${tlc?.outcome ?? "nothing"} ${tlc?.violated ?? ""}`
    const lines = [
      `${spec.name}: ${verdict}`,
      `  TypeScript ${numbers(typescript)}`,
      `  TLC        ${tlc === undefined ? "-" : `${numbers(tlc)}${tlc.outcome === "ok" ? "" : `, ${tlc.outcome} ${tlc.violated ?? ""}`}`}`,
      ...(tlc?.message === undefined ? [] : [`  ${tlc.message}`]),
      ...differences.flatMap((d) =>
        d.detail === undefined
          ? [`  ${d.what}`, `    TLC:        ${d.tlc}`, `    TypeScript: ${d.typescript}`]
          : [`  ${d.what}`, ...d.detail.map((line) => `    ${line}`)]
      ),
      ...typescript.violations.map((v) => shown(spec, v))
    ]
    yield* result(flags.json, comparison, lines.join("\n"))
    if (wasInterrupted) return yield* interrupted
    if (!holds(comparison)) return yield* violated
    if (flags.pin) yield* write({ pinned: pinnedFrom(comparison) })
  }))
