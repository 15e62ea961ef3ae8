/** Models of clients with sessions, for tools that take any. */
import { canonical } from "../explorer/Intern.ts"
import type { LocalStep } from "../explorer/Model.ts"
import { successors } from "../explorer/Naive.ts"
import { behaviourText, differingLines, worldLines } from "../kv/Notation.ts"
import { properties } from "../kv/Properties.ts"
import type { KVWorld } from "../kv/ReplicatedKV.ts"
import { sometimes } from "../kv/Sometimes.ts"
import { parseValue } from "../tlc/Value.ts"
import { decodeKVWorld } from "./Decode.ts"
import { kvModel } from "./KVModel.ts"
import type { KVModel, KVModelWorld } from "./KVModel.ts"
import { kvModule } from "./KVModule.ts"
import type { Layer } from "./Layer.ts"
import type { KVSpec } from "./Table.ts"

const leftLines = (world: KVModelWorld): ReadonlyArray<string> =>
  Object.entries(world.left).map(([budget, n]) => `${budget} left: ${n}`)

/** The step of ours that leads from one world to the next, if any. */
const stepBetween = (model: KVModel, from: KVModelWorld, to: KVModelWorld): LocalStep<KVWorld, never> | undefined =>
  successors(model, from).find(({ world }) => canonical(world) === canonical(to))?.step

const refuted = (model: KVModel, worlds: ReadonlyArray<KVModelWorld>, property: string): string | undefined => {
  const steps = worlds.slice(1).map((world, n) => stepBetween(model, worlds[n]!, world))
  const missing = steps.indexOf(undefined)
  if (missing >= 0) return `step ${missing + 1} isn't one of the code`
  const predicate = model.properties.find(({ name }) => name === property)
  const holds = predicate?.reads === "step"
    ? predicate.holds(steps.at(-1)!)
    : predicate?.reads === "actors" && predicate.holds(worlds.at(-1)!.actors, null)
  return holds ? "the property holds" : undefined
}

export const kvLayer = (spec: KVSpec): Layer<KVWorld, never, null> => {
  const model = kvModel(spec)
  return {
    model,
    reduced: (name) => {
      const predicate = sometimes.get(name)
      return {
        ...model,
        properties: properties.filter((property) => property.name === name),
        mustReach: predicate === undefined ? [] : [predicate]
      }
    },
    module: kvModule(spec, model.root),
    edgeLabel: (label) => label,
    stateReader: () => (texts) =>
      decodeKVWorld(Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, parseValue(text)]))),
    worldOf: decodeKVWorld,
    actorText: (world) => worldLines(world).join("; "),
    messageText: () => "",
    differingLines: (tlc, typescript) => {
      const lines = differingLines(tlc.actors[0]!, typescript.actors[0]!)
      return lines.length > 0 ? lines : [
        ...leftLines(tlc).map((line) => `- ${line}`),
        ...leftLines(typescript).map((line) => `+ ${line}`)
      ]
    },
    worldLines: (world) => [...worldLines(world.actors[0]!), ...leftLines(world)],
    refuted: (worlds, property) => refuted(model, worlds, property),
    told: (worlds, title) => {
      const labels = worlds.slice(1).map((world, n) => stepBetween(model, worlds[n]!, world)?.label ?? "(no step of the code)")
      return { text: `${title}\n\n${behaviourText(worlds.map(({ actors }) => actors[0]!), labels)}` }
    }
  }
}
