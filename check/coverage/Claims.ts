/** What the code says of single steps of single servers: each is one, or is none. */
import fc from "fast-check"
import type { Taken } from "../cluster/Cluster.ts"
import { explore } from "../explorer/index.ts"
import { runSchedule } from "../fuzz/Execution.ts"
import { realParts } from "../fuzz/Run.ts"
import { weathers } from "../fuzz/Weather.ts"
import { raftModel } from "../models/RaftModel.ts"
import type { RaftSpec } from "../models/Table.ts"
import { linesOf } from "../trace/TraceWriter.ts"
import type { Claim } from "../trace/TraceModule.ts"
import type { Message, Step } from "../../src/raft/Message.ts"
import { Handle } from "../../src/raft/Raft.ts"
import { lastIndex, lastTerm } from "../../src/raft/Server.ts"
import type { Server, Settings } from "../../src/raft/Server.ts"
import { Actions, receiveAction } from "../../src/raft/World.ts"
import type { Bounds } from "../../src/raft/World.ts"

/** What a client may ask for: no rule looks into it. */
const request = "x"

/** What the code does there, as the line of a trace would say it; `step` is `undefined` where it does nothing. */
const claim = (action: string, before: Server, message: Message | undefined, step: Step | undefined): Claim => {
  const consumed = message === undefined ? undefined : { message }
  if (step === undefined) {
    const values = action === "ClientRequestAction" ? [request] : undefined
    return { action, before, values, consumed, after: undefined, sends: [], resetElectionTimer: false }
  }
  const taken: Taken = { action, server: before.id, before, consumed: message === undefined ? undefined : 0, step, firstSent: 1 }
  const line = linesOf(message === undefined ? [] : [message], [taken])[0]!
  return { ...line, values: line.values, before, consumed, after: step.server }
}

/** Without a model's bounds, the rules alone say what may happen. */
const unbounded: Bounds = { maxTerm: Infinity, values: [request], together: 1, applyAlone: true }

const received = (s: Server, m: Message): Claim => claim(receiveAction(m), s, m, Handle(s, m))

/** Of every local step that the model can take, and of every message and timer that changes nothing in it. */
export const claimsOfModel = async (spec: RaftSpec): Promise<ReadonlyArray<Claim>> => {
  const claims: Array<Claim> = []
  const model = raftModel(spec)
  const bounds: Bounds = { maxTerm: spec.maxTerm, values: spec.values, together: spec.together, applyAlone: spec.applyAlone }
  await explore({
    ...model,
    properties: [],
    mustReach: [],
    actions: model.actions.map((action, n) => ({
      ...action,
      outcomes: (s: Server) => {
        const { name, steps } = Actions[n]!
        for (const step of steps(bounds, s)) claims.push(claim(name, s, undefined, step))
        if (steps(unbounded, s).length === 0) claims.push(claim(name, s, undefined, undefined))
        return action.outcomes(s)
      }
    })),
    handle: (s, m) => {
      // The check of dead messages asks about them, too, but no world holds any.
      if (model.dead?.(s, m) !== true) claims.push(received(s, m))
      return model.handle(s, m)
    }
  })
  return claims
}

/** What a step comes to. */
const effectOf = ({ action, after, before, consumed, sends }: Claim): string => {
  const fields = Object.keys(before).sort() as Array<keyof Server>
  const changed = after === undefined ? ["-"] : fields.filter((name) => before[name] !== after[name])
  const said = Object.entries(consumed?.message ?? {}).filter(([, value]) => typeof value === "boolean").sort()
  return [action, before.role, before.leaderContact, said, changed, after?.role, sends.map(({ type }) => type)].join()
}

/** How the message's terms and indices compare with the server's, which is what rules look at, roughly. */
const comparisonsOf = ({ before, consumed }: Claim): string => {
  const { commitIndex, currentTerm, log, matchIndex, nextIndex, partial, snapshotOffset } = before
  const m = consumed?.message
  return Object.entries(m ?? {}).sort().flatMap(([name, value]) => {
    if (typeof value !== "number") return []
    const own = /term/i.test(name)
      ? [currentTerm, lastTerm(log)]
      : name === "offset"
      ? [partial.data.length, snapshotOffset[m!.source]!]
      : [lastIndex(log), commitIndex, nextIndex[m!.source]! - 1, matchIndex[m!.source]!, partial.lastIncludedIndex]
    return own.map((n) => Math.sign(value - n))
  }).join()
}

/** Of claims that come to the same, some that differ in how they come to it. */
export const varied = (claims: ReadonlyArray<Claim>, some: number): ReadonlyArray<Claim> =>
  [...Map.groupBy(claims, effectOf).values()].flatMap((same) => {
    const different = new Map(same.map((claim) => [comparisonsOf(claim), claim]))
    return [...different.values()].slice(0, some)
  })

/** Servers, in turn. */
const sizes = [3, 5, 3, 5, 1]
/** What is rare, such as a snapshot that arrives late, comes once in some ten thousand steps. */
const runs = 180
const decisionsOfARun = 500

/**
 * Of the steps of random executions of the code under these settings; and, after each, of a timer and two messages that
 * may come then and change nothing. They are the same executions each time: chance doesn't decide what is covered.
 */
export const claimsOfExecutions = (settings: Settings): ReadonlyArray<Claim> => {
  const claims: Array<Claim> = []
  const decisions = fc.array(fc.nat(), { minLength: decisionsOfARun, maxLength: decisionsOfARun })
  for (const [n, decided] of fc.sample(decisions, { seed: 1, numRuns: runs }).entries()) {
    const schedule = { servers: sizes[n % sizes.length]!, settings, weather: n % weathers.length, decisions: decided }
    const taken: Array<Taken> = []
    const { cluster, violation } = runSchedule(schedule, realParts, { step: (step) => taken.push(step) })
    if (violation !== undefined) throw new Error(`${violation.property}: ${violation.detail}`)
    linesOf(cluster.sent, taken).forEach((line, k) => {
      const { before, firstSent, step: { server } } = taken[k]!
      const consumed = line.consumed === undefined ? undefined : { message: line.consumed.message }
      claims.push({ ...line, values: line.values, before, consumed, after: server })
      const { name, steps } = Actions[k % Actions.length]!
      if (steps(unbounded, server).length === 0) claims.push(claim(name, server, undefined, undefined))
      const own = cluster.sent.slice(0, firstSent).filter((m) => m.dest === server.id)
      for (const m of new Set([own.at(-1), own[(Math.imul(k, 0x9e3779b1) >>> 0) % own.length]])) {
        if (m !== undefined && Handle(server, m) === undefined) claims.push(received(server, m))
      }
    })
  }
  return claims
}
