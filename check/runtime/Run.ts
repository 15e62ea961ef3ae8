/**
 * One run of a plan: a world, its clients and its faults. When the faults are over, all must be well again: a leader, all
 * servers of one mind, and an answer for everybody who asks.
 */
import * as Effect from "effect/Effect"
import type { Message } from "../../src/raft/Message.ts"
import { lastIndex, lastTerm } from "../../src/raft/Server.ts"
import type { ServerId, Settings } from "../../src/raft/Server.ts"
import { serverIds } from "../cluster/Cluster.ts"
import { Counter } from "../fuzz/Richness.ts"
import type { Violation } from "../fuzz/Run.ts"
import { checkLinearizable, kv, misfit, show } from "../linearizability/index.ts"
import type { Operation } from "../linearizability/index.ts"
import { Chance } from "../simulator/Chance.ts"
import { Choices } from "./Choices.ts"
import { Clients, lastPatience } from "./Clients.ts"
import { carryOut } from "./Faults.ts"
import { calm } from "./Network.ts"
import type { Recorded } from "./Observed.ts"
import type { Plan } from "./Plan.ts"
import { gates } from "./Richness.ts"
import { World } from "./World.ts"

export interface FinishedRun {
  readonly ids: ReadonlyArray<ServerId>
  readonly settings: Settings
  readonly violation: Violation | undefined
  readonly counts: Readonly<Record<string, number>>
  /** In an order for a trace; those that crashes have undone, too. */
  readonly steps: ReadonlyArray<Recorded>
  /** Every message that was free to leave. */
  readonly sent: ReadonlyArray<Message>
  readonly history: ReadonlyArray<Operation>
  /** What happened last, in words. */
  readonly story: string
  /** Milliseconds of virtual time. */
  readonly time: number
}

const electionTimeout = { min: 150, max: 300 }

/** By place: how many milliseconds a server's wall clock is ahead. */
const skews = [0, 60, -45, 25, -20, 40, 10]

/** Milliseconds in which there must be a leader and one mind, once all is well; some elections may fail before. */
const recoveryLimit = 10_000

export const runPlan = (plan: Plan): FinishedRun => {
  const counter = new Counter(Object.keys(gates))
  const ids = serverIds(plan.servers)
  const chance = new Chance(plan.seed)
  let clients: Clients | undefined
  const world = new World({
    configuration: {
      servers: ids,
      electionTimeout,
      heartbeatInterval: 50,
      maxRaftStateBytes: plan.maxRaftStateBytes,
      settings: plan.settings
    },
    choices: new Choices(plan.tape),
    chance: chance.branch(),
    conditions: plan.network,
    skews,
    count: (what) => counter.count(what),
    onStep: (change) => {
      const { action, before, step } = change.taken
      counter.step(change, undefined, () => clients?.wait === true)
      const requests = lastIndex(step.server.log) - lastIndex(before.log)
      if (action === "ClientRequestAction" && requests > 1) counter.count("requestsTogether")
    }
  })
  clients = new Clients(world, chance, plan.sessionTimeout)
  const ask = clients.client(plan.duration)
  const { observed } = world
  const story = Effect.gen(function*() {
    const asking = Array.from({ length: plan.clients }, () => ask)
    const troubles = plan.faults.map((fault) => carryOut(world, fault))
    yield* Effect.all([...asking, ...troubles, recovery(world, plan.duration)], { concurrency: "unbounded", discard: true })
  })
  let violation = world.run(() => story, plan.duration + recoveryLimit + 2 * lastPatience)
  if (violation === undefined) {
    counter.counts["committed"]! += observed.ghost.committed.length
    violation = illegal(clients.history)
  }
  return {
    ids,
    settings: plan.settings,
    violation,
    counts: counter.counts,
    steps: observed.steps,
    sent: observed.sent,
    history: clients.history,
    story: world.story,
    time: world.simulator.now
  }
}

/** All is well, again and for good; then all servers must come to be of one mind. */
const recovery = Effect.fnUntraced(function*(world: World, duration: number) {
  // The last fault may begin at the end of it, and take a while to be over.
  yield* Effect.sleep(duration + 1500)
  world.network.conditions = calm
  world.network.heal()
  for (const id of world.ids) {
    world.resume(id)
    world.start(id)
  }
  world.tell("all", "is well")
  world.isQuiet = true
  const limit = world.simulator.now + recoveryLimit
  yield* world.until(() => ofOneMind(world) || world.simulator.now > limit)
  if (!ofOneMind(world)) {
    const minds = world.ids.map((id) => {
      const { commitIndex, currentTerm, lastApplied, log, role } = world.server(id)
      return `${id} ${role} t${currentTerm} c${commitIndex} a${lastApplied} last ${lastIndex(log)}`
    })
    world.observed.violate("Recovers", `not within ${recoveryLimit} ms: ${minds.join("; ")}`)
  }
})

/** Somebody leads, and everybody has committed and applied all that the leader has. */
const ofOneMind = (world: World): boolean => {
  const { leading } = world
  if (leading === undefined) return false
  const { currentTerm, log } = world.server(leading)
  return world.ids.every((id) => {
    const s = world.server(id)
    return world.replica(id) !== undefined && s.currentTerm === currentTerm
      && s.lastApplied === lastIndex(log) && lastIndex(s.log) === lastIndex(log) && lastTerm(s.log) === lastTerm(log)
  })
}

/** Why the history is none of a map; it is always decided. */
const illegal = (history: ReadonlyArray<Operation>): Violation | undefined => {
  const odd = history.find((operation) => misfit(kv, operation) !== undefined)
  if (odd !== undefined) return { property: "AnswersFit", detail: `${show(odd)}: ${misfit(kv, odd)}` }
  const { keys, verdict } = checkLinearizable(history, kv)
  const bad = keys.find((key) => key.verdict === verdict)
  if (verdict === "illegal" && bad?.verdict === "illegal") {
    return { property: "Linearizability", detail: `key ${bad.key}: ${bad.explanation?.reason}` }
  }
  return verdict === "unknown" ? { property: "LinearizabilityUndecided", detail: "the search's budget was used up" } : undefined
}
