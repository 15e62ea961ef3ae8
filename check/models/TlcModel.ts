/** Runs TLC on a model of the table. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { fileURLToPath } from "node:url"
import { settled } from "../explorer/Naive.ts"
import { findJar } from "../tlc/Jar.ts"
import { runTlc } from "../tlc/Tlc.ts"
import type { TlcRun } from "../tlc/Tlc.ts"
import { specDirectory } from "./load.ts"
import { layerOf } from "./Layer.ts"
import type { Module } from "./Module.ts"
import { raftModel } from "./RaftModel.ts"
import { livenessModule } from "./RaftModule.ts"
import type { ModelSpec, RaftSpec } from "./Table.ts"

const project = fileURLToPath(new URL("../../", import.meta.url))

/** The jar in the project's cache, or wherever `findJar` finds it. */
export const projectJar = findJar(project)

/** Writes a module and its configuration into a temporary folder of the scope, beside nothing else. */
const writeModule = Effect.fnUntraced(function*(module: Module) {
  const files = yield* FileSystem.FileSystem
  const dir = yield* files.makeTempDirectoryScoped({ prefix: "lockstep-" })
  yield* files.writeFileString(`${dir}/${module.name}.tla`, module.tla)
  yield* files.writeFileString(`${dir}/${module.name}.cfg`, module.cfg)
  return { dir, module: module.name }
})

/**
 * TLC's own exploration of the model. `library` is the folder with the specification, by default the project's.
 * Fails as `findJar` and `runTlc` do.
 */
export const tlcModel = Effect.fnUntraced(function*(
  spec: ModelSpec,
  options: Pick<TlcRun, "workers" | "onProgress" | "graph" | "stop" | "library">
) {
  const jar = yield* projectJar
  const { dir, module } = yield* writeModule(layerOf(spec).module)
  return yield* runTlc({ library: fileURLToPath(specDirectory), ...options, jar, dir, module })
}, Effect.scoped)

/** TLC on progress in the model (spec/Liveness.tla): the properties of these names. Fails as `findJar` and `runTlc` do. */
export const tlcLiveness = Effect.fnUntraced(function*(
  spec: RaftSpec,
  names: ReadonlyArray<string>,
  options: Pick<TlcRun, "onProgress" | "stop"> = {}
) {
  const jar = yield* projectJar
  const model = raftModel(spec)
  const { dir, module } = yield* writeModule(livenessModule(spec, settled(model, model.root), names))
  return yield* runTlc({ ...options, jar, dir, module, library: fileURLToPath(specDirectory), workers: 1 })
}, Effect.scoped)
