/** What a model must reach ("sometimes"), so that no property holds for want of anything happening. */
import type { Applied, Command } from "../../src/kv/Sessions.ts"
import * as Table from "../../src/kv/Table.ts"
import type { LocalStep, Predicate } from "../explorer/Model.ts"
import { actionBetween, actions } from "./KV.ts"
import { foldOf, promised } from "./Properties.ts"
import type { KVServer, KVWorld } from "./ReplicatedKV.ts"

type Sometimes = Predicate<KVWorld, never, null>

const step = (name: string, holds: (s: LocalStep<KVWorld, never>) => boolean): Sometimes => ({ name, reads: "step", holds })

/** Each action of KV is taken somewhere: a mapping that always stands still would refine anything. */
const witnesses = actions.map((name) =>
  step(name, ({ after, before }) => actionBetween(promised(before), promised(after)) === name)
)

/** The server that the step is of, as it was. */
const actor = ({ before, label }: LocalStep<KVWorld, never>): KVServer => before.servers[label.split("_")[1]!]!

const is = ({ label }: LocalStep<KVWorld, never>, action: string): boolean => label.startsWith(`${action}_`)

const commandAt = ({ log }: KVWorld, n: number): Command | undefined => {
  const request = log[n]?.request
  return request?.type === "command" ? request : undefined
}

const sameCommand = (a: Command | undefined, b: Command | undefined): boolean =>
  a !== undefined && a.session === b?.session && a.seq === b.seq

/** What a server learns, if the step is that; its position in the log, and what it makes of the state. */
const learnt = (s: LocalStep<KVWorld, never>): { readonly n: number; readonly applied: Applied } | undefined => {
  if (!is(s, "LearnAction")) return undefined
  const n = actor(s).applied
  return { n, applied: foldOf(s.before.log)[n]! }
}

const all: ReadonlyArray<Sometimes> = [
  ...witnesses,
  // A copy of a command that is in the log already.
  step("CopyAnswered", (s) => {
    const entry = learnt(s)
    return entry !== undefined && entry.applied.reply.status === "OK" && s.after.messages.length > s.before.messages.length
      && s.before.log.slice(0, entry.n).some((_, k) => sameCommand(commandAt(s.before, k), commandAt(s.before, entry.n)))
  }),
  step("LateCopyIsStale", (s) => learnt(s)?.applied.reply.status === "STALE"),
  step("AskedAgainAfterTheAnswer", (s) =>
    is(s, "RetryAction") && s.before.messages.some((m) => m.type === "Reply" && m.reply.status === "OK"
      && Table.get(s.before.clients[m.dest]!.waiting, m.reply.seq) !== undefined)),
  step("AnswersForgotten", (s) => {
    const entry = learnt(s)
    if (entry === undefined) return false
    const before = actor(s).kv.sessions
    return Table.entries(entry.applied.kv.sessions)
      .some(([id, session]) => session.first > (Table.get(before, id)?.first ?? 1))
  }),
  step("DecidedOutOfOrder", (s) => {
    const command = is(s, "DecideAction") ? commandAt(s.after, s.before.log.length) : undefined
    return command !== undefined && s.before.log.some((_, k) => commandAt(s.before, k)?.session === command.session
      && commandAt(s.before, k)!.seq > command.seq)
      && !s.before.log.some((_, k) => sameCommand(commandAt(s.before, k), command))
  }),
  // Between the decision and the answer, the only server that knows whom to answer crashes.
  step("WaitingForgotten", (s) => is(s, "RestartAction") && actor(s).waiting.size > 0),
  step("RestartedFromSnapshot", (s) => is(s, "RestartAction") && actor(s).snapshot.index > 0),
  step("SnapshotInstalled", (s) => is(s, "InstallAction")),
  step("AnsweredWithoutOneWhoWaits", (s) => is(s, "LearnAction") && actor(s).waiting.size === 0
    && commandAt(s.before, actor(s).applied) !== undefined),
  step("ClockFallsBack", (s) => is(s, "DecideAction") && s.after.log.at(-1)!.time < (s.before.log.at(-1)?.time ?? 0)),
  step("SessionExpires", (s) => {
    const entry = learnt(s)
    return entry !== undefined
      && Table.keys(actor(s).kv.sessions).some((id) => Table.get(entry.applied.kv.sessions, id) === undefined)
  }),
  ...([["ExpiredAfterEffect", 1], ["ExpiredWithoutEffect", 0]] as const).map(([name, answers]) =>
    step(name, ({ after, before }) => {
      const [was, is] = [promised(before), promised(after)]
      return actionBetween(was, is) === "Expire"
        && Object.entries(was.calls).some(([c, calls]) => Object.keys(is.calls[c]!).length === 0
          && Object.values(calls).some(({ answer }) => answer.length === answers))
    })
  ),
  step("NewSession", ({ after, before }) => Object.keys(before.clients).some((c) =>
    before.clients[c]!.session > 0 && after.clients[c]!.session > before.clients[c]!.session)),
  step("LateCopyOfOldSession", (s) => {
    const entry = learnt(s)
    return entry !== undefined && entry.applied.reply.status === "SESSION_EXPIRED"
      && Object.values(s.before.clients).some((c) => c.open && c.session > entry.applied.reply.session)
  })
]

/** By name. */
export const sometimes: ReadonlyMap<string, Sometimes> = new Map(all.map((predicate) => [predicate.name, predicate]))
