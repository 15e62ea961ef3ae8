/**
 * From a behaviour, the worlds of a counterexample by the explorer or by TLC, to a scenario that replays it: each next
 * world is looked up among the successors that the TypeScript core gives, so a step that it lacks comes to light.
 */
import { canonical } from "../explorer/Intern.ts"
import type { LocalStep } from "../explorer/Model.ts"
import { settled, successors } from "../explorer/Naive.ts"
import type { Successor } from "../explorer/Naive.ts"
import type { Cluster, Event } from "../cluster/Cluster.ts"
import { raftModel, rootOf } from "../models/RaftModel.ts"
import type { RaftWorld } from "../models/RaftModel.ts"
import type { RaftSpec } from "../models/Table.ts"
import { contents, stateLine } from "../render/Notation.ts"
import type { Story } from "../render/Story.ts"
import type { Message } from "../../src/raft/Message.ts"
import { figure2 } from "../../src/raft/Server.ts"
import { requested } from "../raft/Actions.ts"
import type { Server } from "../../src/raft/Server.ts"
import type { Ghost } from "../../src/raft/World.ts"
import { runScenario } from "./Scenario.ts"
import { commandOf } from "./Script.ts"
import { settingCommands } from "./Setup.ts"

export interface Told {
  /** The scenario, with its output. */
  readonly text: string
  readonly story: Story
  /**
   * The first step that the core lacks, counted from 1 (0: the first world isn't the model's root), and why. The scenario
   * ends before it; in the story it is a step of unknown name.
   */
  readonly missing?: { readonly step: number; readonly reason: string }
}

/** Two worlds are the same when this is: messages are a set. */
const textOf = (world: RaftWorld): string =>
  canonical({ ...world, messages: [...new Set(world.messages.map(canonical))].sort() })

/** What one of the world's actions is, as an event of a cluster. */
export const eventOf = (cluster: Cluster, { after, before, label, message }: LocalStep<Server, Message>): Event => {
  if (message !== undefined) {
    const wanted = canonical(message)
    return { type: "deliver", message: cluster.sent.findLastIndex((m) => canonical(m) === wanted) }
  }
  const server = after.id
  switch (label) {
    case "TimeoutAction":
      return { type: "timeout", server }
    case "ClientRequestAction":
      return { type: "propose", server, values: requested(before, after) }
    case "HeartbeatTimeoutAction":
      return { type: "heartbeat", server }
    case "ApplyAction":
      return { type: "apply", server }
    case "RestartAction":
      return { type: "restart", server }
    case "SnapshotAction":
      return { type: "snapshot", server }
    case "LeaderContactLostAction":
      return { type: "contact-lost", server }
    case "CheckQuorumAction":
      return { type: "check-quorum", server }
    default:
      throw new Error(`no event for ${label}`)
  }
}

/** What the wanted world has that no successor has. */
const reasonOf = (
  from: RaftWorld,
  to: RaftWorld,
  next: ReadonlyArray<Successor<Server, Message, Ghost>>
): string => {
  const changed = to.actors.filter((s, n) => canonical(s) !== canonical(from.actors[n]))
  const became = changed.length === 0 ? "no server changes" : changed.map((s) => `becomes ${stateLine(s)}`).join(", ")
  const near = next.filter(({ world }) => canonical(world.actors) === canonical(to.actors))
  if (near.length === 0) return `${became}: no step of the core does that`
  const had = new Set(near.flatMap(({ world }) => world.messages.map(canonical)))
  const wanted = new Set(to.messages.map(canonical))
  const differing = [
    ...to.messages.filter((m) => !had.has(canonical(m))).map((m) => ["only wanted", m] as const),
    ...near[0]!.world.messages.filter((m) => !wanted.has(canonical(m))).map((m) => ["only in the core", m] as const)
  ].map(([where, m]) => `${where}: ${m.type} ${m.source}->${m.dest} ${contents(m)}`)
  return `${became}: the core does that, but with other ${
    differing.length > 0 ? `messages (${differing.join("; ")})` : "budgets or ghost"
  }`
}

/** What a step that the core lacks can be told of: who changes, and what is sent. */
const strangeSteps = (from: RaftWorld, to: RaftWorld): ReadonlyArray<LocalStep<Server, Message>> => {
  const old = new Set(from.messages.map(canonical))
  const fresh = to.messages.filter((m) => !old.has(canonical(m)))
  return to.actors.flatMap((after, n) => {
    const before = from.actors[n]!
    const sends = fresh.filter((m) => m.source === after.id)
    if (canonical(before) === canonical(after) && sends.length === 0) return []
    return [{ label: "(not of the core)", before, message: undefined, after, sends }]
  })
}

/**
 * The behaviour told as a story, and as a scenario as far as it is one of the TypeScript core. `worlds[0]` is the root
 * of the model; worlds that repeat the one before (stuttering) are skipped. `title` is one line: what it shows.
 */
export const fromBehaviour = (spec: RaftSpec, worlds: ReadonlyArray<RaftWorld>, title: string): Told => {
  const model = raftModel(spec)
  const cluster = rootOf(spec).cluster
  const lines = [
    `# ${title}`,
    `# Model ${spec.name}: ${spec.about}.`,
    `servers ${spec.servers}`,
    ...settingCommands(spec.settings, figure2),
    ...(spec.applyAlone ? ["apply-alone"] : []),
    ...spec.root.map((command) => command === "lose" ? "# What was sent so far never arrives." : command),
    "----"
  ]
  const steps: Array<LocalStep<Server, Message>> = []
  let missing: Told["missing"]
  // Dead messages may have been dropped from the root, or not yet.
  const root = [model.root, settled(model, model.root)].find((w) => worlds[0] && textOf(w) === textOf(worlds[0]))
  if (root === undefined) {
    missing = { step: 0, reason: "the first world isn't the root of the model" }
  } else {
    let world = root
    for (const wanted of worlds.slice(1)) {
      const next = successors(model, world)
      const sought = textOf(wanted)
      const found = next.find(({ actor, step, world }) =>
        canonical(step.after) === canonical(wanted.actors[actor]) && textOf(world) === sought
      )
      if (found === undefined) {
        if (sought === textOf(world)) continue
        missing ??= { step: steps.length + 1, reason: reasonOf(world, wanted, next) }
        steps.push(...strangeSteps(world, wanted))
        world = wanted
        continue
      }
      steps.push(found.step)
      if (missing === undefined) {
        const event = eventOf(cluster, found.step)
        lines.push("", commandOf(cluster, event), "----")
        cluster.execute(event)
        const server = found.step.after.id
        if (!spec.applyAlone) while (cluster.execute({ type: "apply", server }));
      }
      world = found.world
    }
  }
  if (missing !== undefined) lines.push("", `# Step ${missing.step} isn't one of the core: ${missing.reason}`)
  return {
    text: runScenario(`${lines.join("\n")}\n`, title).text,
    story: { title, servers: model.root.actors, steps },
    ...(missing === undefined ? {} : { missing })
  }
}
