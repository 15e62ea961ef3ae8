/**
 * A mistake made in the specification and in the code alike: their state graphs stay equal, so it is for a property to
 * notice, in TLC and in the explorer. It shows that the specification's properties mean something.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { fileURLToPath } from "node:url"
import { explore } from "../explorer/Explore.ts"
import { specDirectory } from "../models/load.ts"
import { endlessOf, exploreLiveness } from "../models/checkLiveness.ts"
import { layerOf } from "../models/Layer.ts"
import type { Module } from "../models/Module.ts"
import { projectJar, tlcLiveness } from "../models/TlcModel.ts"
import { properties as kvProperties } from "../kv/Properties.ts"
import { livenessNames } from "../raft/Liveness.ts"
import { stateProperties } from "../raft/Properties.ts"
import { fromEndless } from "../scenario/FromEndless.ts"
import { runTlc } from "../tlc/Tlc.ts"
import type { Detection } from "./Detectors.ts"
import { modelNamed, raftModelNamed } from "./models.ts"
import type { Expected } from "./Mutant.ts"

const invariants = [...stateProperties, ...kvProperties].flatMap(({ name, reads }) => reads === "actors" ? [name] : [])

/** The module with nothing to check but this property. */
const onlyProperty = (module: Module, name: string): Module => {
  const [constants] = module.cfg.split("INVARIANTS")
  const kind = invariants.includes(name) ? "INVARIANT" : "PROPERTY"
  return { ...module, cfg: `${constants}${kind} ${name}\n` }
}

/**
 * What TLC says of the mutated specification and the explorer of the mutated code. The notice is given when both find
 * the property violated, and TLC's counterexample, as a scenario, violates it in the mutated TypeScript too.
 */
export const byTlc = (expected: Expected) => livenessNames.includes(expected.name) ? endless(expected) : finite(expected)

const finite = Effect.fnUntraced(function*({ model: modelName, name }: Expected) {
  const files = yield* FileSystem.FileSystem
  const jar = yield* projectJar
  const spec = modelNamed(modelName)
  const layer = layerOf(spec)
  const module = onlyProperty(layer.module, name)
  const dir = yield* files.makeTempDirectoryScoped({ prefix: "lockstep-pair-" })
  yield* files.writeFileString(`${dir}/${module.name}.tla`, module.tla)
  yield* files.writeFileString(`${dir}/${module.name}.cfg`, module.cfg)
  const library = fileURLToPath(specDirectory)
  const tlc = yield* runTlc({ jar, dir, module: module.name, library, workers: 1, heapMb: 2_048 })
  const failure = (failed: string): Detection => ({ notices: [], failed: `${modelName}: ${failed}` })
  if (tlc.counterexample === undefined || tlc.violated !== name) {
    return failure(tlc.message ?? `TLC ends with "${tlc.outcome}" ${tlc.violated ?? ""}`)
  }
  const { result } = yield* Effect.promise((signal) => explore(layer.reduced(name), { signal }))
  const ours = result.violations.find((violation) => violation.kind === "property" && violation.name === name)
  if (ours?.kind !== "property") return failure("TLC alone finds it, the explorer doesn't")
  const steps = tlc.counterexample.states.length - 1
  if (steps !== ours.trace.length - 1) return failure(`TLC needs ${steps} steps, the explorer ${ours.trace.length - 1}`)
  const refuted = layer.refuted(tlc.counterexample.states.map(({ variables }) => layer.worldOf(variables)), name)
  if (refuted !== undefined) return failure(`TLC's counterexample is none in TypeScript: ${refuted}`)
  const where = `${modelName}: TLC and explorer after ${steps} steps; TLC's counterexample replays in TypeScript`
  return { notices: [{ name, where }] } satisfies Detection
}, Effect.scoped)

/** The same for what must come and doesn't. TLC's behaviour and the explorer's need not be equally long. */
const endless = Effect.fnUntraced(function*({ model: modelName, name }: Expected) {
  const spec = raftModelNamed(modelName)
  const failure = (failed: string): Detection => ({ notices: [], failed: `${modelName}: ${failed}` })
  const { counterexample, message, outcome } = yield* tlcLiveness(spec, [name])
  if (counterexample === undefined || (outcome !== "property" && outcome !== "invariant")) {
    return failure(message ?? `TLC ends with "${outcome}"`)
  }
  const { violations: [ours] } = yield* Effect.promise((signal) => exploreLiveness(spec, { names: [name], signal }))
  if (ours === undefined) return failure("TLC alone finds it, the explorer doesn't")
  const theirs = yield* Effect.promise(() => endlessOf(spec, name, counterexample))
  if (typeof theirs === "string") return failure(`TLC's counterexample isn't the core's: ${theirs}`)
  const { missing } = fromEndless(spec, theirs)
  if (missing !== undefined) return failure(`TLC's counterexample isn't the core's: step ${missing.step}: ${missing.reason}`)
  const where = `${modelName}: TLC and explorer; ${theirs.loop.length} steps for ever; TLC's counterexample replays in TypeScript`
  return { notices: [{ name, where }] } satisfies Detection
}, Effect.scoped)
