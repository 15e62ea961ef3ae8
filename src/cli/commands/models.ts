/** `lockstep models`: what there is to explore, and what is pinned for it. */
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import { loadModels } from "../../../check/models/load.ts"
import type { ModelSpec } from "../../../check/models/Table.ts"
import { json, result } from "../Ending.ts"
import { table } from "../text.ts"

const count = (n: number | undefined) => n === undefined ? "-" : n.toLocaleString("en")

const bounds = (model: ModelSpec): string =>
  model.layer === "kv"
    ? `clients ${Object.keys(model.operations).length}, `
      + Object.entries(model.left).map(([budget, n]) => `${budget} ${n}`).join(", ") + `, clocks ${model.clock.join(" ")}`
    : `terms ${model.maxTerm}, requests ${model.left.requests}, heartbeats ${model.left.heartbeats}, restarts ${model.left.restarts}`
      + (model.settings.preVote ? ", pre-vote" : "") + (model.settings.checkQuorum ? ", check-quorum" : "")
      + (model.prune ? "" : ", unpruned") + (model.applyAlone ? ", apply alone" : "")

const row = (model: ModelSpec): Array<string> => [
  model.name,
  model.layer,
  String(model.servers),
  bounds(model),
  count(model.pinned?.distinct),
  count(model.pinned?.generated),
  count(model.pinned?.depth),
  model.pinned === undefined ? "-" : model.pinned.edges ? "states, edges" : "numbers",
  model.pinned === undefined ? "-" : `${model.pinned.seconds.toFixed(1)} s`
]

export const models = Command.make("models", { json }, (flags) =>
  Effect.gen(function*() {
    const all = loadModels()
    const details = all.map((m) =>
      [
        `${m.name}: ${m.about}`,
        ...(m.root.length === 0 ? [] : [`  starts after: ${m.root.join("; ")}`]),
        `  must reach: ${m.mustReach.join(", ")}`
      ].join("\n")
    )
    const head = ["model", "layer", "servers", "bounds", "distinct", "generated", "depth", "equal in", "TLC"]
    yield* result(flags.json, all, `${table(head, all.map(row))}\n\n${details.join("\n")}`)
  }))
