/** One model, explored by both and compared: what `lockstep equal` and `lockstep check` do. */
import * as Effect from "effect/Effect"
import { explore } from "../explorer/Explore.ts"
import { exploreInParallel } from "../explorer/Parallel.ts"
import type { Options, Result } from "../explorer/Result.ts"
import type { TlcResult, TlcRun } from "../tlc/Tlc.ts"
import { compareGraphs, compareNumbers, TlcGraph } from "./Equal.ts"
import type { Difference } from "./Equal.ts"
import { layerModule, layerOf, modelOf } from "./Layer.ts"
import type { ModelSpec, Pinned } from "./Table.ts"
import { tlcModel } from "./TlcModel.ts"

/** Of a model of any layer; its worlds are read by that layer. */
export type ModelResult = Result<unknown, unknown, unknown>

/** The model's worlds and graph, in this thread. */
export const exploreModel = (spec: ModelSpec, options: Options = {}) =>
  Effect.promise((signal) => explore(modelOf(spec), { signal, ...options }))

/** The same result by several threads; without the graph. */
export const exploreModelInParallel = (spec: ModelSpec, workers: number, options: Options = {}) =>
  Effect.promise((signal) =>
    exploreInParallel({ module: layerModule, export: "modelOf", args: spec }, workers, { signal, ...options })
  )

/** What the comparison with TLC, or with what is pinned, came to. */
export interface Comparison {
  readonly model: string
  readonly typescript: ModelResult
  readonly tlc: TlcResult | undefined
  /** States and edges were compared, and not only numbers. */
  readonly edges: boolean
  readonly differences: ReadonlyArray<Difference>
}

/** Both graphs of a model, and where they differ. Fails as `tlcModel` does. */
export const compareModel = Effect.fnUntraced(function*(
  spec: ModelSpec,
  edges: boolean,
  options: Pick<TlcRun, "onProgress" | "stop"> = {}
) {
  const { result: typescript, graph } = yield* exploreModel(spec)
  const layer = layerOf(spec)
  const dump = new TlcGraph(layer.stateReader())
  const tlc = yield* tlcModel(spec, { ...options, workers: 1, ...(edges ? { graph: dump } : {}) })
  // Of searches that did not end there is nothing to compare.
  const whole = typescript.complete && tlc.outcome === "ok"
  const differences = whole ? [...compareNumbers(tlc, typescript)] : []
  if (whole && edges) differences.push(...compareGraphs(dump, graph, layer))
  const comparison: Comparison = { model: spec.name, typescript, tlc, edges, differences }
  return comparison
})

/** What to pin for a comparison that held. */
export const pinnedFrom = ({ edges, tlc, typescript }: Comparison): Pinned => ({
  distinct: typescript.distinct,
  generated: typescript.generated,
  depth: typescript.depth,
  labels: typescript.labels,
  seconds: Math.round((tlc?.seconds ?? 0) * 10) / 10,
  edges
})

/** The TypeScript graph against the numbers that TLC once gave. */
export const comparePinned = Effect.fnUntraced(function*(spec: ModelSpec, pinned: Pinned) {
  const { result: typescript } = yield* exploreModel(spec)
  const comparison: Comparison = {
    model: spec.name,
    typescript,
    tlc: undefined,
    edges: false,
    differences: differencesFromPinned(typescript, pinned)
  }
  return comparison
})

/** Where an exploration is not what is pinned for the model. */
const differencesFromPinned = (typescript: ModelResult, pinned: Pinned): ReadonlyArray<Difference> => {
  const differences = [...compareNumbers(pinned, typescript)]
  for (const label of new Set([...Object.keys(pinned.labels), ...Object.keys(typescript.labels)])) {
    const [tlc, ours] = [pinned.labels[label] ?? 0, typescript.labels[label] ?? 0]
    if (tlc !== ours) differences.push({ what: `edges ${label}`, tlc: String(tlc), typescript: String(ours) })
  }
  return differences
}

/** Whether everything held: the properties on both sides, the must-reach list, and the comparison. */
export const holds = ({ differences, tlc, typescript }: Comparison): boolean =>
  differences.length === 0 && typescript.complete && typescript.violations.length === 0
  && (tlc === undefined || tlc.outcome === "ok")
