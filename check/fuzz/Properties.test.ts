// Goal: no wrong step passes the incremental checks, and no right one is blamed. Method: at the end of a random run one
// server takes a step that no rule allows, and the checks must say what the definitions say; then each property of
// histories, broken by hand.
import { describe, expect, it } from "vitest"
import { deadline, InitKV } from "../../src/kv/Sessions.ts"
import type { Applied, Command, KV, Reply, Request } from "../../src/kv/Sessions.ts"
import * as Table from "../../src/kv/Table.ts"
import type { Message } from "../../src/raft/Message.ts"
import { compact, figure2, forAll, lastIndex, replaceAfter } from "../../src/raft/Server.ts"
import type { Entry, Server } from "../../src/raft/Server.ts"
import { entriesOf, logOf } from "../raft/Log.ts"
import { persistent } from "../../src/shell/Perform.ts"
import { Remember } from "../../src/raft/World.ts"
import { Cluster, serverIds } from "../cluster/Cluster.ts"
import type { Taken } from "../cluster/Cluster.ts"
import { stateProperties } from "../raft/Properties.ts"
import { firstDifference } from "./Change.ts"
import type { Change } from "./Change.ts"
import { runSchedule } from "./Execution.ts"
import { HistoryProperties, keepsToLeader } from "./HistoryProperties.ts"
import type { Application } from "./HistoryProperties.ts"
import { realParts } from "./Run.ts"
import { StateProperties, violatedNow } from "./StateProperties.ts"
import { weathers } from "./Weather.ts"

const changeOf = (taken: Taken): Change => ({
  taken,
  firstChanged: firstDifference(taken.before.log, taken.step.server.log)
})

const withEntries = (s: Server, entries: ReadonlyArray<Entry>): Server => ({
  ...s,
  log: replaceAfter(s.log, s.log.lastIncludedIndex, entries)
})

const noop = (term: number): Entry => ({ term, type: "noop", value: "" })

const changed = (e: Entry): Entry => ({ ...e, value: `${e.value}!` })

const changeFirst = (s: Server, change: (e: Entry) => Entry): ReadonlyArray<Entry> => [
  ...entriesOf(s.log).slice(0, 1).map(change),
  ...entriesOf(s.log).slice(1)
]

/** Ways to go wrong at once; each gives one server another state, if it can. */
const wrongs: Readonly<Record<string, (s: Server, others: ReadonlyArray<Server>) => Server>> = {
  "leads all at once": (s) => ({ ...s, role: "leader" }),
  "leads the next term": (s) => ({ ...s, role: "leader", currentTerm: s.currentTerm + 1 }),
  "leads in its leader's term": (s, others) => ({
    ...s,
    role: "leader",
    currentTerm: others.find((o) => o.role === "leader")?.currentTerm ?? s.currentTerm
  }),
  "commits one more": (s) => ({ ...s, commitIndex: s.commitIndex + 1 }),
  "commits all": (s) => ({ ...s, commitIndex: lastIndex(s.log) }),
  "commits less": (s) => ({ ...s, commitIndex: s.lastApplied }),
  "applies what isn't committed": (s) => ({ ...s, lastApplied: s.commitIndex + 1 }),
  "loses its last entry": (s) => withEntries(s, entriesOf(s.log).slice(0, -1)),
  "loses its log": (s) => withEntries(s, []),
  "changes its last entry": (s) => withEntries(s, [...entriesOf(s.log).slice(0, -1), ...entriesOf(s.log).slice(-1).map(changed)]),
  "changes its first entry": (s) => withEntries(s, changeFirst(s, changed)),
  "changes its first entry's term": (s) => withEntries(s, changeFirst(s, (e) => ({ ...e, term: e.term + 1 }))),
  "appends of a later term": (s) => withEntries(s, [...entriesOf(s.log), noop(s.currentTerm + 1)]),
  "appends of an older term": (s) => withEntries(s, [...entriesOf(s.log), noop(1)]),
  "counts all as matching": (s) => ({ ...s, matchIndex: forAll(s.members, lastIndex(s.log)) }),
  "sends from the beginning": (s) => ({ ...s, nextIndex: forAll(s.members, 1) }),
  "votes for another": (s) => ({ ...s, votedFor: s.members.find((j) => j !== s.id && j !== s.votedFor)! }),
  "counts all votes": (s) => ({ ...s, role: "candidate", votesGranted: s.members }),
  "counts all votes of the highest term": (s, others) => ({
    ...s,
    role: "candidate",
    votesGranted: s.members,
    currentTerm: Math.max(...others.map((o) => o.currentTerm))
  }),
  "counts what others would vote": (s) => ({ ...s, role: "preCandidate", votesGranted: s.members }),
  "takes another's term": (s, others) => ({ ...s, currentTerm: others[0]!.currentTerm }),
  "takes another's log": (s, others) => ({ ...s, log: others[0]!.log }),
  "takes a snapshot of what isn't committed": (s, others) => {
    const last = Math.max(...[s, ...others].map((o) => lastIndex(o.log)))
    return { ...s, log: logOf(last + 1, s.currentTerm, []) }
  },
  "takes a snapshot of another term": (s) => ({
    ...s,
    log: { ...compact(s.log, s.lastApplied), lastIncludedTerm: s.currentTerm + 1 }
  }),
  "gets a snapshot of what isn't committed": (s) => ({ ...s, partial: { lastIncludedIndex: 10_000, data: ["x"] } }),
  "sends more than the window": (s) => ({
    ...s,
    role: "leader",
    nextIndex: forAll(s.members, lastIndex(s.log) + 1),
    pipelined: s.members.filter((j) => j !== s.id)
  }),
  "sends a snapshot to who needs none": (s) => ({ ...s, snapshotOffset: forAll(s.members, 1) }),
  "sends itself entries ahead": (s) => ({ ...s, pipelined: s.members }),
  "hears a leader of a term that has none": (s) => ({ ...s, currentTerm: s.currentTerm + 1, leaderContact: true }),
  "changes nothing": (s) => ({ ...s })
}


describe("after a step that no rule allows, the incremental checks say what the definitions say", () => {
  const violated = new Map<string, number>()
  for (const [name, wrong] of Object.entries(wrongs)) {
    it(`a server ${name}`, () => {
      let compared = 0
      for (const servers of [3, 5]) {
        for (let weather = 0; weather < weathers.length; weather++) {
          for (let victim = 0; victim < servers; victim++) {
            const length = 60 + 25 * victim
            const decisions = Array.from({ length }, (_, n) => Math.imul(n + 99 * weather, 0x9e3779b1) >>> 1)
            const settings = { ...figure2, maxBatchBytes: 1, maxInflight: 2, preVote: weather % 2 === 1, checkQuorum: victim % 2 === 1 }
            let cluster!: Cluster
            let state: StateProperties | undefined
            let history: HistoryProperties | undefined
            const check = (taken: Taken) => [state!.check(changeOf(taken)), history!.check(changeOf(taken))]
            runSchedule({ servers, settings, weather, decisions }, realParts, {
              act: (run) => {
                cluster = run.cluster
                state ??= new StateProperties(cluster)
                history ??= new HistoryProperties(cluster)
                return () => {}
              },
              step: check
            })
            const before = cluster.servers.get(cluster.ids[victim]!)!
            const server = wrong(before, [...cluster.servers.values()].filter((s) => s !== before))
            // Nobody can remember entries that aren't there.
            if (server.commitIndex > lastIndex(server.log) && server.commitIndex > cluster.ghost.committed.length) continue
            cluster.servers.set(server.id, server)
            cluster.ghost = Remember(cluster.ghost, server)
            const step = { server, sends: [], resetElectionTimer: false }
            const [byState, byHistory] = check({
              action: "WrongAction",
              server: server.id,
              before,
              consumed: undefined,
              step,
              firstSent: cluster.sent.length
            })
            const inFull = violatedNow(cluster)
            compared++
            expect(inFull.find((property) => property !== "LogMatching")).toBe(byState)
            if (inFull.includes("LogMatching")) expect(byHistory).toBe("EntriesAreUnique")
            for (const property of inFull) violated.set(property, (violated.get(property) ?? 0) + 1)
          }
        }
      }
      expect(compared).toBeGreaterThan(20)
    })
  }

  it("and each property was violated by some", () => {
    // The machine of SnapshotIsFold is that of the models.
    const names = stateProperties.map((p) => p.name).filter((name) => name !== "SnapshotIsFold")
    expect([...violated.keys()].sort()).toEqual(names.sort())
    expect([...violated.values()].every((times) => times >= 3)).toBe(true)
  })
})

it("VotesAreCast: what is only promised isn't cast, until it is counted as if it were", () => {
  const cluster = new Cluster(serverIds(3), { ...figure2, preVote: true })
  const state = new StateProperties(cluster)
  const step = (id: string, after: Partial<Server>) => {
    const before = cluster.servers.get(id)!
    const server = { ...before, ...after }
    cluster.servers.set(id, server)
    return [
      state.check(changeOf({
        action: "SomeAction",
        server: id,
        before,
        consumed: undefined,
        step: { server, sends: [], resetElectionTimer: false },
        firstSent: 0
      })),
      violatedNow(cluster)
    ]
  }
  expect(step("s1", { role: "preCandidate", votesGranted: ["s1", "s2"] })).toEqual([undefined, []])
  expect(step("s2", { votedFor: "s3" })).toEqual([undefined, []])
  expect(step("s1", { role: "candidate", votedFor: "s1" })).toEqual(["VotesAreCast", ["VotesAreCast"]])
})

describe("properties of histories", () => {
  /** Three servers that have never run, and a step of s1 that leaves it as `after`. */
  const world = () => {
    const cluster = new Cluster(serverIds(3), { ...figure2, maxBatchBytes: 1 })
    const history = new HistoryProperties(cluster)
    const s1 = () => cluster.servers.get("s1")!
    const step = (
      after: Partial<Server>,
      { action = "SomeAction", request, saved = true, sends = [] }: {
        readonly action?: string
        readonly request?: Message
        readonly saved?: boolean
        readonly sends?: ReadonlyArray<Message>
      } = {}
    ) => {
      const before = s1()
      const server = { ...before, ...after }
      const consumed = request === undefined ? undefined : cluster.sent.push(request) - 1
      const firstSent = cluster.sent.length
      cluster.sent.push(...sends)
      cluster.servers.set("s1", server)
      if (saved && sends.length > 0) cluster.disks.set("s1", persistent(server))
      return history.check(changeOf({
        action,
        server: "s1",
        before,
        consumed,
        step: { server, sends, resetElectionTimer: false },
        firstSent
      }))
    }
    return { cluster, history, s1, step }
  }

  const vote = (dest: string, term: number, voteGranted = true): Message => ({
    type: "RequestVoteResponse",
    source: "s1",
    dest,
    term,
    voteGranted
  })
  const append = (source: string, term: number): Message => ({
    type: "AppendEntriesRequest",
    source,
    dest: "s3",
    term,
    prevLogIndex: 0,
    prevLogTerm: 0,
    entries: [],
    leaderCommit: 0
  })
  const entry = (term: number, value: string): Entry => ({ term, type: "command", value })
  const log = (...entries: ReadonlyArray<Entry>) => logOf(0, 0, entries)

  const asks = (lastLogTerm: number, lastLogIndex: number): Message => ({
    type: "RequestVoteRequest",
    source: "s2",
    dest: "s1",
    term: 9,
    lastLogTerm,
    lastLogIndex
  })

  it("OneVotePerTerm: votes that left count, whatever is remembered of them", () => {
    const { step } = world()
    expect(step({}, { sends: [vote("s2", 1)], request: asks(0, 0) })).toBeUndefined()
    expect(step({}, { sends: [vote("s2", 1), vote("s3", 1, false), vote("s3", 2)], request: asks(0, 0) })).toBeUndefined()
    expect(step({}, { sends: [vote("s3", 1)], request: asks(0, 0) })).toBe("OneVotePerTerm")
  })

  it("OneVotePerTerm: to stand for election is to vote for oneself", () => {
    const { step } = world()
    expect(step({}, { sends: [vote("s2", 9)], request: asks(0, 0) })).toBeUndefined()
    expect(step({}, { sends: [{ ...asks(0, 0), source: "s1", dest: "s2" }] })).toBe("OneVotePerTerm")
  })

  it("VotesAreUpToDate: none for a log that ends in an older term, or in the same and sooner", () => {
    const mine = log(entry(1, "a"), entry(2, "b"))
    const found = ([lastLogTerm, lastLogIndex]: readonly [number, number]) =>
      world().step({ log: mine }, { sends: [vote("s2", 9)], request: asks(lastLogTerm, lastLogIndex) })
    for (const fine of [[2, 2], [2, 3], [3, 1]] as const) expect(found(fine)).toBeUndefined()
    for (const behind of [[1, 3], [2, 1], [0, 0]] as const) expect(found(behind)).toBe("VotesAreUpToDate")
  })

  it("VotesAreUpToDate: nor would one be given", () => {
    const wouldVote: Message = { type: "PreVoteResponse", source: "s1", dest: "s2", term: 9, voteGranted: true }
    const found = (type: "PreVoteRequest" | "RequestVoteRequest", lastLogTerm: number, voteGranted: boolean) =>
      world().step({ log: log(entry(1, "a")) }, {
        sends: [{ ...wouldVote, voteGranted }],
        request: { type, source: "s2", dest: "s1", term: 9, lastLogTerm, lastLogIndex: 1 }
      })
    expect(found("PreVoteRequest", 1, true)).toBeUndefined()
    expect(found("PreVoteRequest", 0, false)).toBeUndefined()
    expect(found("PreVoteRequest", 0, true)).toBe("VotesAreUpToDate")
    expect(found("RequestVoteRequest", 1, true)).toBe("VotesAreUpToDate")
  })

  it("keepsToLeader: with a leader, PreVote is ignored always, RequestVote with CheckQuorum, and nothing else", () => {
    const { s1 } = world()
    const preVote = { ...asks(0, 0), type: "PreVoteRequest" } as Message
    const checked = { ...s1(), settings: { ...figure2, checkQuorum: true } }
    const ignored = (s: Server) => [preVote, asks(0, 0), append("s2", 9), vote("s2", 9)].map((m) => keepsToLeader(s, m))
    for (const s of [s1(), checked, { ...checked, role: "candidate" } as const]) {
      expect(ignored(s)).toEqual([false, false, false, false])
    }
    for (const has of [{ leaderContact: true }, { role: "leader" } as const]) {
      expect(ignored({ ...s1(), ...has })).toEqual([true, false, false, false])
      expect(ignored({ ...checked, ...has })).toEqual([true, true, false, false])
    }
  })

  it("PromisesAreDurable: what a message says is on disk before it leaves", () => {
    for (const lost of [{ currentTerm: 1 }, { votedFor: "s2" }, { log: log(entry(1, "a")) }]) {
      const sends = [vote("s2", 1, false)]
      expect(world().step(lost, { sends })).toBeUndefined()
      expect(world().step(lost, { sends, saved: false })).toBe("PromisesAreDurable")
      expect(world().step(lost, { saved: false })).toBeUndefined()
    }
  })

  it("OneSourcePerTerm: AppendEntries of one term come from one server", () => {
    const { step } = world()
    expect(step({}, { sends: [append("s1", 1), append("s2", 2)] })).toBeUndefined()
    expect(step({}, { sends: [append("s2", 1)] })).toBe("OneSourcePerTerm")
  })

  it("EntriesAreUnique: also those that were overwritten meanwhile, and what came before them", () => {
    const { step } = world()
    expect(step({ log: log(entry(1, "a"), entry(1, "b")) })).toBeUndefined()
    expect(step({ log: log(entry(2, "c")) })).toBeUndefined()
    expect(step({ log: log(entry(1, "a"), entry(1, "x")) })).toBe("EntriesAreUnique")
    const other = world()
    expect(other.step({ log: log(entry(1, "a"), entry(2, "b")) })).toBeUndefined()
    expect(other.step({ log: log() })).toBeUndefined()
    expect(other.step({ log: log(entry(2, "c"), entry(2, "b")) })).toBe("EntriesAreUnique")
  })

  it("AppliedInOrder: one after the other, from the beginning in each life, and by Apply only", () => {
    const applied = (...steps: ReadonlyArray<[number, string]>) => {
      const { step } = world()
      return steps.map(([lastApplied, action]) => step({ lastApplied }, { action }))
    }
    expect(applied([1, "ApplyAction"], [2, "ApplyAction"], [0, "RestartAction"], [1, "ApplyAction"]))
      .toEqual([undefined, undefined, undefined, undefined])
    expect(applied([1, "ApplyAction"], [1, "ApplyAction"])[1]).toBe("AppliedInOrder")
    expect(applied([2, "ApplyAction"])).toEqual(["AppliedInOrder"])
    expect(applied([1, "ApplyAction"], [1, "RestartAction"])[1]).toBe("AppliedInOrder")
    expect(applied([1, "SomeAction"])).toEqual(["AppliedInOrder"])
  })

  it("AcknowledgedIsDurable: what a client knows is on a majority of disks, and stays there", () => {
    const { cluster, history, step } = world()
    const a = entry(1, "a")
    const save = (id: string, ...entries: ReadonlyArray<Entry>) =>
      cluster.disks.set(id, { ...cluster.disks.get(id)!, currentTerm: 1, log: log(...entries) })
    save("s1", a)
    expect(step({})).toBeUndefined()
    expect(history.acknowledge(1, a)).toBe("AcknowledgedIsDurable")
    save("s2", a)
    expect(history.acknowledge(1, a)).toBeUndefined()
    save("s1", a, entry(1, "b"))
    expect(step({})).toBeUndefined()
    save("s1", entry(2, "c"))
    expect(step({})).toBe("AcknowledgedIsDurable")
  })

  const session = 1
  const holding = (value: string): KV["data"] => Table.tableOf([["k", value]])
  /** The map with a session in it. */
  const opened = realParts.apply(InitKV, session, { time: 0, request: { type: "open", timeout: 100 } }).kv

  /** An application of `request` at `index` by `server`; by default, what the machine should do. */
  const application = (
    server: string,
    index: number,
    request: Request,
    before: KV = opened,
    { kv, reply }: Applied = realParts.apply(before, index, { time: 0, request })
  ): Application => ({ server, index, entry: entry(1, JSON.stringify(request)), request, before, reply, after: kv })
  const append1 = (value: string): Command =>
    ({ type: "command", session, seq: 1, first: 1, operation: { op: "append", key: "k", value } })
  const ok = (response: string | boolean | null): Reply => ({ status: "OK", session, seq: 1, response })

  it("AppliedIsUnique: no two servers apply different entries at an index", () => {
    const { history } = world()
    expect(history.application(application("s1", 2, append1("x")))).toBeUndefined()
    expect(history.application(application("s2", 2, append1("x")))).toBeUndefined()
    expect(history.application(application("s3", 2, append1("y")))).toBe("AppliedIsUnique")
  })

  it("MachinesAgree: in what an entry touches at once, in all the rest when looked at in full", () => {
    const { history } = world()
    const right = application("s1", 2, append1("x"))
    expect(history.application(right)).toBeUndefined()
    const otherValue = { ...right.after, data: holding("y") }
    const otherSession = { ...right.after, sessions: InitKV.sessions }
    const otherTime = { ...right.after, time: 1 }
    const later = { ...Table.get(right.after.sessions, session)!, used: 1 }
    const usedLater = { ...right.after, sessions: Table.tableOf([[session, later]], deadline) }
    for (const other of [otherValue, otherSession, otherTime, usedLater]) {
      expect(history.application({ ...right, after: other })).toBe("MachinesAgree")
    }
    expect(history.application({ ...right, reply: ok(true) })).toBe("MachinesAgree")
    const elsewhere = { ...right.after, data: Table.set(right.after.data, "z", "") }
    expect(history.application({ ...right, after: elsewhere })).toBeUndefined()
    expect(history.machineAgrees(2, right.after)).toBe(true)
    for (const other of [elsewhere, otherSession, otherTime, usedLater]) expect(history.machineAgrees(2, other)).toBe(false)
  })

  it("EffectOnce, SameReply: a repeated command changes nothing and is answered as the first time", () => {
    const { history } = world()
    const { after } = application("s1", 2, append1("x"))
    history.application(application("s1", 2, append1("x")))
    expect(history.application(application("s1", 3, append1("x"), after))).toBeUndefined()
    const again = (index: number, reply: Reply, kv: KV) =>
      history.application(application("s1", index, append1("x"), after, { reply, kv }))
    expect(again(4, ok(null), { ...after, data: holding("xx") })).toBe("EffectOnce")
    expect(again(5, ok(true), after)).toBe("SameReply")
    expect(again(6, { status: "STALE", session, seq: 1 }, after)).toBeUndefined()
  })

  it("EffectOnce: a command that is refused has no effect, and may have one later", () => {
    const { history } = world()
    const refused: Reply = { status: "SESSION_EXPIRED", session, seq: 1 }
    const { after, reply } = application("s1", 3, append1("x"))
    expect(history.application(application("s1", 2, append1("x"), opened, { kv: after, reply: refused }))).toBe("EffectOnce")
    expect(history.application(application("s1", 3, append1("x"), opened, { kv: opened, reply: refused }))).toBeUndefined()
    expect(history.application(application("s1", 4, append1("x"), opened, { kv: after, reply: reply! }))).toBeUndefined()
  })

  it("EffectOnce: what is no command has no effect", () => {
    const { history } = world()
    const quiet = { server: "s1", index: 1, entry: noop(1), request: undefined, before: InitKV, reply: undefined }
    expect(history.application({ ...quiet, after: InitKV })).toBeUndefined()
    expect(history.application({ ...quiet, index: 2, after: { ...InitKV, data: holding("") } })).toBe("EffectOnce")
    const open = application("s1", 3, { type: "open", timeout: 1 }, InitKV)
    expect(history.application(open)).toBeUndefined()
    expect(history.application({ ...open, index: 4, after: { ...open.after, data: holding("") } })).toBe("EffectOnce")
  })
})
