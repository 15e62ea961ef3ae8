// Goal: the rules that the students' guide, the paper and raft_paper_test.go ask for one by one. Method: one message to one
// server, whose log is written as in Figure 7; what isn't said is as at first.
import { describe, expect, test } from "vitest"
import { AdvanceCommitIndex } from "../../src/raft/Commit.ts"
import { BecomeLeader, LeaderContactLost, Timeout } from "../../src/raft/Election.ts"
import type {
  AppendEntriesRequest,
  AppendEntriesResponse,
  InstallSnapshotRequest,
  Message,
  RequestVoteRequest,
  RequestVoteResponse,
  Step
} from "../../src/raft/Message.ts"
import { Handle, Restart } from "../../src/raft/Raft.ts"
import { ClientRequest, HeartbeatTimeout } from "../../src/raft/Replication.ts"
import { entryAt, figure2, InitServer, lastIndex, termAt } from "../../src/raft/Server.ts"
import type { Entry, Log, Server, Term } from "../../src/raft/Server.ts"
import { entriesOf, logOf } from "../raft/Log.ts"
import { TakeSnapshot } from "../../src/raft/Snapshot.ts"
import { serverIds } from "../cluster/Cluster.ts"

const entries = (...terms: ReadonlyArray<Term>): ReadonlyArray<Entry> =>
  terms.map((term, n) => ({ term, type: "command", value: `${term}.${n}` }))
const log = (...terms: ReadonlyArray<Term>): Log => logOf(0, 0, entries(...terms))
const termsOf = (s: Server): ReadonlyArray<Term> => entriesOf(s.log).map(({ term }) => term)

/** s1 of so many, with no settings. */
const server = (change: Partial<Server> = {}, count = 3): Server => ({
  ...InitServer("s1", serverIds(count), figure2),
  ...change
})
const follower = (...terms: ReadonlyArray<Term>): Server => server({ currentTerm: terms.at(-1) ?? 1, log: log(...terms) })

/** s1 as it is just after its election in `term`, with these entries before its own first one. */
const leader = (term: Term, terms: ReadonlyArray<Term> = [], count = 3): Server =>
  BecomeLeader(server({ role: "candidate", currentTerm: term, votedFor: "s1", votesGranted: ["s1", "s2"], log: log(...terms) }, count))
    .server

const append = (change: Partial<AppendEntriesRequest> = {}): AppendEntriesRequest => ({
  type: "AppendEntriesRequest",
  source: "s2",
  dest: "s1",
  term: 1,
  prevLogIndex: 0,
  prevLogTerm: 0,
  entries: [],
  leaderCommit: 0,
  ...change
})
const ack = (change: Partial<AppendEntriesResponse> = {}): AppendEntriesResponse => ({
  type: "AppendEntriesResponse",
  source: "s2",
  dest: "s1",
  term: 1,
  success: true,
  matchIndex: 0,
  rejectedIndex: 0,
  conflictTerm: 0,
  conflictIndex: 0,
  ...change
})
const ask = (change: Partial<RequestVoteRequest> = {}): RequestVoteRequest => ({
  type: "RequestVoteRequest",
  source: "s2",
  dest: "s1",
  term: 1,
  lastLogIndex: 0,
  lastLogTerm: 0,
  ...change
})
const vote = (change: Partial<RequestVoteResponse> = {}): RequestVoteResponse => ({
  type: "RequestVoteResponse",
  source: "s2",
  dest: "s1",
  term: 1,
  voteGranted: true,
  ...change
})

const handle = (s: Server, m: Message): Step => {
  const step = Handle(s, m)
  expect(step).toBeDefined()
  return step!
}
const after = (s: Server, ...messages: ReadonlyArray<Message>): Server =>
  messages.reduce((now, m) => Handle(now, m)?.server ?? now, s)
/** The only message that the step sends. */
const answer = (step: Step): Message => {
  expect(step.sends).toHaveLength(1)
  return step.sends[0]!
}
const grants = (s: Server, m: RequestVoteRequest): boolean =>
  (answer(handle(s, m)) as RequestVoteResponse).voteGranted

describe("Pitfalls", () => {
  test("PF-1: a heartbeat that a conflicting tail is before is rejected, and commits nothing", () => {
    const s = server({ currentTerm: 2, log: log(1, 1) })
    const step = handle(s, append({ term: 2, prevLogIndex: 2, prevLogTerm: 2, leaderCommit: 2 }))
    expect(answer(step)).toMatchObject({ success: false, rejectedIndex: 2, conflictTerm: 1, conflictIndex: 1 })
    expect(step.server.commitIndex).toBe(0)
  })

  test("PF-3: only a leader of this term, a campaign of its own and a vote granted start a server's timer anew", () => {
    const s = server({ currentTerm: 2, votedFor: "s3" })
    const resets = (m: Message) => handle(s, m).resetElectionTimer
    expect(resets(append({ term: 2 }))).toBe(true)
    expect(resets(append({ term: 1 }))).toBe(false)
    expect(resets(ask({ term: 2 }))).toBe(false)
    expect(resets(ask({ term: 1 }))).toBe(false)
    expect(resets(ask({ term: 3 }))).toBe(true)
    expect(Timeout(s)!.resetElectionTimer).toBe(true)
  })

  test("PF-4: with all votes lost the term goes up by one with each timeout", () => {
    let s = server()
    for (let term = 1; term <= 5; term++) {
      s = Timeout(s)!.server
      expect([s.role, s.currentTerm, s.votesGranted]).toEqual(["candidate", term, ["s1"]])
    }
  })

  test("PF-5: who has voted grants its vote in a higher term", () => {
    const s = server({ currentTerm: 1, votedFor: "s3" })
    expect(grants(s, ask({ term: 1 }))).toBe(false)
    expect(grants(s, ask({ term: 2 }))).toBe(true)
    expect(after(s, ask({ term: 2 }))).toMatchObject({ currentTerm: 2, votedFor: "s2" })
  })

  test("PF-6: entries after the end of the log are rejected, with where it ends", () => {
    expect(answer(handle(follower(1), append({ prevLogIndex: 4, prevLogTerm: 1, entries: entries(1) }))))
      .toMatchObject({ success: false, rejectedIndex: 4, conflictTerm: 0, conflictIndex: 2 })
  })

  test("PF-8: a longer log of a lower last term doesn't get the vote", () => {
    expect(grants(server({ log: log(2) }), ask({ term: 3, lastLogIndex: 5, lastLogTerm: 1 }))).toBe(false)
  })

  test("PF-11: match is what the request carried, never lower, whatever order answers come in", () => {
    let s = leader(1)
    for (let n = 0; n < 3; n++) s = ClientRequest(s, [`${n}`])!.server
    const matched = after(s, ack({ matchIndex: 2 }))
    expect(matched.matchIndex["s2"]).toBe(2)
    const both = after(matched, ack({ matchIndex: 4 }), ack({ matchIndex: 1 }), ack({ matchIndex: 2 }))
    expect(both.matchIndex["s2"]).toBe(4)
    // The follower acknowledges what the request carried, not the end of its log.
    expect(answer(handle(follower(1, 1, 1), append({ entries: entries(1) })))).toMatchObject({ success: true, matchIndex: 1 })
  })

  test("PF-12: an answer to an earlier term's question is dropped, acknowledgement or rejection", () => {
    const s = leader(3, [1, 1])
    expect(Handle(s, ack({ term: 2, matchIndex: 3 }))).toBeUndefined()
    expect(Handle(s, ack({ term: 2, success: false, rejectedIndex: 2, conflictIndex: 1 }))).toBeUndefined()
  })

  test("PF-13: a vote of an earlier term doesn't count", () => {
    const s = server({ role: "candidate", currentTerm: 2, votedFor: "s1", votesGranted: ["s1"] })
    expect(Handle(s, vote({ term: 1 }))).toBeUndefined()
    expect(handle(s, vote({ term: 2 })).server.role).toBe("leader")
  })

  test("PF-16: what a snapshot covers isn't applied again after a restart, for log and snapshot are one value", () => {
    const s = server({ currentTerm: 1, log: log(1, 1, 1), commitIndex: 3, lastApplied: 2 })
    const { server: compacted } = TakeSnapshot(s, 2, ["state at 2"])!
    expect(Restart(compacted).server).toMatchObject({
      lastApplied: 2,
      commitIndex: 2,
      log: logOf(2, 1, entries(1, 1, 1).slice(2)),
      snapshot: { data: ["state at 2"] }
    })
  })

  test("PF-17: a vote survives a crash: a second candidate of the term is refused", () => {
    const voted = Restart(after(server(), ask({ source: "s3" }))).server
    expect(grants(voted, ask({ source: "s2" }))).toBe(false)
    expect(grants(voted, ask({ source: "s3" }))).toBe(true)
  })
})

describe("The paper", () => {
  test("P-1 Figure 6: what three of five logs hold is committed", () => {
    const logs = [[1, 1, 1, 2, 3, 3, 3, 3], [1, 1, 1, 2, 3], [1, 1, 1, 2, 3, 3, 3, 3], [1, 1], [1, 1, 1, 2, 3, 3, 3]]
    const s = server({
      role: "leader",
      currentTerm: 3,
      log: log(...logs[0]!),
      matchIndex: Object.fromEntries(logs.map(({ length }, n) => [`s${n + 1}`, length]))
    }, 5)
    expect(AdvanceCommitIndex(s).commitIndex).toBe(7)
  })

  test("P-2 Figure 7: (a), (b), (e) and (f) may vote for the leader of term 8, (c) and (d) must not", () => {
    const others: Readonly<Record<string, ReadonlyArray<Term>>> = {
      a: [1, 1, 1, 4, 4, 5, 5, 6, 6],
      b: [1, 1, 1, 4],
      c: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
      d: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
      e: [1, 1, 1, 4, 4, 4, 4],
      f: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]
    }
    const voters = Object.entries(others).filter(([, terms]) => grants(follower(...terms), ask({ term: 8, lastLogIndex: 10, lastLogTerm: 6 })))
    expect(voters.map(([name]) => name)).toEqual(["a", "b", "e", "f"])
  })

  test("P-9 5.2: a candidate follows a leader of its own term or a later one, and refuses one of an earlier", () => {
    const s = server({ role: "candidate", currentTerm: 2, votedFor: "s1", votesGranted: ["s1"] })
    expect(after(s, append({ term: 2 }))).toMatchObject({ role: "follower", currentTerm: 2 })
    expect(after(s, append({ term: 3 }))).toMatchObject({ role: "follower", currentTerm: 3 })
    const refused = handle(s, append({ term: 1 }))
    expect(refused.server.role).toBe("candidate")
    expect(answer(refused)).toMatchObject({ success: false, term: 2 })
  })

  test("P-10 5.4.1: the later last term wins, then the longer log; nine cases", () => {
    const voter = server({ log: log(1, 2) })
    const table = [1, 2, 3].map((lastLogTerm) =>
      [1, 2, 3].map((lastLogIndex) => grants(voter, ask({ term: 4, lastLogTerm, lastLogIndex })))
    )
    expect(table).toEqual([[false, false, false], [false, true, true], [true, true, true]])
  })

  test("P-10 5.5: repeated, RequestVote and AppendEntries change nothing and are answered alike", () => {
    for (const m of [ask({ term: 2 }), append({ term: 2, entries: entries(1, 2), leaderCommit: 1 })]) {
      const once = handle(server(), m)
      const twice = handle(once.server, m)
      expect(twice).toEqual(once)
    }
  })

  test("P-13 Figure 12: after a snapshot at 5 the log holds 6 and 7, and says what was at 5", () => {
    const s = server({ currentTerm: 3, log: log(1, 1, 1, 2, 3, 3, 3), commitIndex: 5, lastApplied: 5 })
    const { log: compacted, snapshot } = TakeSnapshot(s, 5, ["x = 0, y = 9"])!.server
    expect([compacted.lastIncludedIndex, compacted.lastIncludedTerm, lastIndex(compacted)]).toEqual([5, 3, 7])
    expect(entriesOf(compacted)).toEqual(entriesOf(s.log).slice(5))
    expect(snapshot.data).toEqual(["x = 0, y = 9"])
  })

  describe("P-14 Figure 13: a snapshot that arrives", () => {
    const install = (change: Partial<InstallSnapshotRequest> = {}): InstallSnapshotRequest => ({
      type: "InstallSnapshotRequest",
      source: "s2",
      dest: "s1",
      term: 3,
      lastIncludedIndex: 2,
      lastIncludedTerm: 2,
      members: serverIds(3),
      offset: 0,
      data: ["state"],
      done: true,
      ...change
    })
    const of = (...terms: ReadonlyArray<Term>) => server({ currentTerm: 3, log: log(...terms) })

    test("P-14: of an earlier term is refused", () => {
      const step = handle(of(1), install({ term: 2 }))
      expect(step.server.log).toEqual(log(1))
      expect(answer(step)).toMatchObject({ term: 3, done: false })
    })

    test("P-14: whose last entry the log has leaves what follows it", () => {
      expect(termsOf(after(of(1, 2, 3), install()))).toEqual([3])
    })

    test("P-14: whose last entry the log has otherwise, or lacks, drops the whole log", () => {
      expect(termsOf(after(of(1, 1, 1), install()))).toEqual([])
      expect(termsOf(after(of(1), install()))).toEqual([])
    })

    test("P-14: is the machine's state from then on, and again changes nothing", () => {
      const once = after(of(1), install())
      expect(once).toMatchObject({ snapshot: { data: ["state"] }, lastApplied: 2, commitIndex: 2 })
      expect(after(once, install())).toEqual(once)
    })

    test("D-23: of a prefix that a longer log agrees with leaves that log, and rolls nothing back", () => {
      const s = { ...of(1, 2, 3, 3), commitIndex: 3, lastApplied: 3 }
      const step = handle(s, install())
      expect(step.server.log).toEqual(s.log)
      expect(step.server.lastApplied).toBe(3)
      expect(answer(step)).toMatchObject({ done: true })
    })
  })
})

describe("raft_paper_test.go", () => {
  test("RP-1 RP-2 RP-3 5.1: a follower, a candidate and a leader take over a higher term, and follow", () => {
    const roles = [
      server({ currentTerm: 1 }),
      server({ role: "candidate", currentTerm: 1, votedFor: "s1", votesGranted: ["s1"] }),
      leader(1)
    ]
    for (const s of roles) expect(after(s, append({ term: 2 }))).toMatchObject({ currentTerm: 2, role: "follower" })
  })

  test("RP-4 5.1: a request of a stale term is refused", () => {
    const s = server({ currentTerm: 2 })
    expect(answer(handle(s, append({ entries: entries(1) })))).toMatchObject({ success: false, term: 2 })
    expect(answer(handle(s, ask()))).toMatchObject({ voteGranted: false, term: 2 })
  })

  test("RP-5 5.2: servers start as followers", () => {
    expect([server().role, Restart(leader(3)).server.role]).toEqual(["follower", "follower"])
  })

  test("RP-6 5.2: a leader sends heartbeats to all others each interval", () => {
    const sends = HeartbeatTimeout(leader(1))!.sends
    expect(sends.map(({ dest, type }) => `${type} ${dest}`)).toEqual(["AppendEntriesRequest s2", "AppendEntriesRequest s3"])
  })

  test("RP-7 RP-8 5.2: a follower or candidate that times out votes for itself in a new term and asks all others", () => {
    for (const role of ["follower", "candidate"] as const) {
      const step = Timeout(server({ role, currentTerm: 1 }))!
      expect(step.server).toMatchObject({ role: "candidate", currentTerm: 2, votedFor: "s1" })
      expect(step.sends.map(({ dest, term }) => [dest, term])).toEqual([["s2", 2], ["s3", 2]])
    }
  })

  test("RP-9 5.2: a candidate wins with a majority, and waits without one", () => {
    const cases: ReadonlyArray<readonly [servers: number, granted: number, role: string]> = [
      [1, 0, "leader"],
      [3, 2, "leader"],
      [3, 1, "leader"],
      [5, 4, "leader"],
      [5, 3, "leader"],
      [5, 2, "leader"],
      [3, 0, "candidate"],
      [5, 1, "candidate"],
      [5, 0, "candidate"]
    ]
    for (const [servers, granted, role] of cases) {
      const candidate = Timeout(server({}, servers))!.server
      const votes = serverIds(servers).slice(1).map((source, n) => vote({ source, voteGranted: n < granted }))
      expect(after(candidate, ...votes).role).toBe(role)
    }
  })

  test("RP-10 5.2: a follower votes for one candidate a term, first come first served", () => {
    const cases: ReadonlyArray<readonly [voted: string | null, asks: string, granted: boolean]> = [
      [null, "s2", true],
      [null, "s3", true],
      ["s2", "s2", true],
      ["s3", "s3", true],
      ["s2", "s3", false],
      ["s3", "s2", false]
    ]
    for (const [votedFor, source, granted] of cases) {
      expect(grants(server({ currentTerm: 1, votedFor }), ask({ source }))).toBe(granted)
    }
  })

  test("RP-11 5.2: a candidate falls back when a leader of its term, or of a later one, speaks", () => {
    for (const term of [1, 2]) expect(after(Timeout(server())!.server, append({ term }))).toMatchObject({ role: "follower", currentTerm: term })
  })

  test("RP-16 5.3: a leader appends the command and asks all others to replicate it", () => {
    const s = after(leader(1), ack({ matchIndex: 1 }), ack({ source: "s3", matchIndex: 1 }))
    const step = ClientRequest(s, ["x"])!
    expect(entryAt(step.server.log, 2)).toEqual({ term: 1, type: "command", value: "x" })
    expect(step.sends).toEqual(["s2", "s3"].map((dest) =>
      append({
        source: "s1",
        dest,
        prevLogIndex: 1,
        prevLogTerm: 1,
        entries: [{ term: 1, type: "command", value: "x" }],
        leaderCommit: 1
      })
    ))
  })

  test("RP-17 5.3: a leader commits what a majority has, and tells with the next AppendEntries", () => {
    const s = after(leader(1), ack({ matchIndex: 1 }))
    expect(s.commitIndex).toBe(1)
    for (const m of HeartbeatTimeout(s)!.sends) expect(m).toMatchObject({ leaderCommit: 1 })
  })

  test("RP-18 5.3: which acknowledgements are enough", () => {
    const cases: ReadonlyArray<readonly [servers: number, from: ReadonlyArray<string>, committed: boolean]> = [
      [1, [], true],
      [3, [], false],
      [3, ["s2"], true],
      [3, ["s2", "s3"], true],
      [5, [], false],
      [5, ["s2"], false],
      [5, ["s2", "s3"], true],
      [5, ["s2", "s3", "s4"], true],
      [5, ["s2", "s3", "s4", "s5"], true]
    ]
    for (const [servers, from, committed] of cases) {
      const s = after(leader(1, [], servers), ...from.map((source) => ack({ source, matchIndex: 1 })))
      expect(s.commitIndex).toBe(committed ? 1 : 0)
    }
  })

  test("RP-19 5.3: with its entry a leader commits all that precede it, also of earlier terms", () => {
    for (const terms of [[], [2], [1, 2], [1]]) {
      expect(after(leader(3, terms), ack({ term: 3, matchIndex: terms.length + 1 })).commitIndex).toBe(terms.length + 1)
    }
  })

  test("RP-20 5.3: a follower commits up to the leader's commit, and never past the last new entry", () => {
    for (const [leaderCommit, committed] of [[0, 0], [1, 1], [2, 2], [9, 2]] as const) {
      expect(after(server(), append({ entries: entries(1, 1), leaderCommit })).commitIndex).toBe(committed)
    }
  })

  test("RP-21 5.3: the entry before the new ones must be in the log, with its term", () => {
    const s = server({ currentTerm: 2, log: log(1, 2) })
    const cases: ReadonlyArray<readonly [prevLogTerm: Term, prevLogIndex: number, rejected: number]> = [
      [0, 0, 0],
      [1, 1, 0],
      [2, 2, 0],
      [1, 2, 2],
      [3, 3, 3]
    ]
    for (const [prevLogTerm, prevLogIndex, rejectedIndex] of cases) {
      expect(answer(handle(s, append({ term: 2, prevLogTerm, prevLogIndex })))).toMatchObject({ success: rejectedIndex === 0, rejectedIndex })
    }
  })

  test("RP-22 5.3: a follower deletes what conflicts and all after it, and appends what is new", () => {
    const cases: ReadonlyArray<readonly [prev: number, news: ReadonlyArray<Term>, becomes: ReadonlyArray<Term>]> = [
      [2, [3], [1, 2, 3]],
      [1, [3, 4], [1, 3, 4]],
      [0, [1], [1, 2]],
      [0, [3], [3]]
    ]
    for (const [prevLogIndex, news, becomes] of cases) {
      const s = server({ currentTerm: 2, log: log(1, 2) })
      const m = append({ term: 4, prevLogIndex, prevLogTerm: termAt(s.log, prevLogIndex), entries: entries(...news) })
      expect(termsOf(after(s, m))).toEqual(becomes)
    }
  })

  test("RP-24 5.4.1: a RequestVote says what the candidate's last entry is", () => {
    for (const terms of [[1], [1, 2]]) {
      const [m] = Timeout(follower(...terms))!.sends
      expect(m).toMatchObject({ lastLogIndex: terms.length, lastLogTerm: terms.at(-1) })
    }
  })

  test("RP-25 5.4.1: a voter refuses a candidate whose log is behind its own", () => {
    const cases: ReadonlyArray<readonly [own: ReadonlyArray<Term>, term: Term, index: number, granted: boolean]> = [
      [[1], 1, 1, true],
      [[1], 1, 2, true],
      [[1, 1], 1, 1, false],
      [[1], 2, 1, true],
      [[1], 2, 2, true],
      [[1, 1], 2, 1, true],
      [[2], 1, 1, false],
      [[2], 1, 2, false],
      [[2, 1], 1, 1, false]
    ]
    for (const [own, lastLogTerm, lastLogIndex, granted] of cases) {
      expect(grants(server({ log: log(...own) }), ask({ term: 3, lastLogTerm, lastLogIndex }))).toBe(granted)
    }
  })

  test("RP-26 5.4.2: only entries of the leader's own term are committed by counting", () => {
    for (const [matchIndex, committed] of [[1, 0], [2, 0], [3, 3]] as const) {
      expect(after(leader(3, [1, 2]), ack({ term: 3, matchIndex })).commitIndex).toBe(committed)
    }
  })
})

describe("etcd", () => {
  test("E-30: entries of earlier terms wait for the first of the leader's own, and commit with it", () => {
    const s = leader(2, [1, 1])
    expect(after(s, ack({ term: 2, matchIndex: 2 })).commitIndex).toBe(0)
    expect(after(s, ack({ term: 2, matchIndex: 3 })).commitIndex).toBe(3)
  })

  test("E-31: messages of old terms are ignored: an old leader's entries don't enter the log", () => {
    const s = server({ currentTerm: 3, log: log(1, 3) })
    expect(after(s, append({ term: 2, prevLogIndex: 1, prevLogTerm: 1, entries: entries(2) }))).toEqual(s)
  })

  const settings = { ...figure2, preVote: true, checkQuorum: true }

  test("E-16 E-17: who has lost its leader keeps term and vote, and grants pre-votes, but not to a stale log", () => {
    const s = server({ settings, currentTerm: 2, votedFor: "s3", leaderContact: true, log: log(1, 2) })
    const preVote = (lastLogIndex: number): Message => ({ ...ask({ term: 2, lastLogIndex, lastLogTerm: 2 }), type: "PreVoteRequest" })
    expect(Handle(s, preVote(2))).toBeUndefined()
    const lost = LeaderContactLost(s)!
    expect(lost).toEqual({ server: { ...s, leaderContact: false }, sends: [], resetElectionTimer: false })
    expect(answer(handle(lost.server, preVote(2)))).toMatchObject({ voteGranted: true })
    expect(answer(handle(lost.server, preVote(1)))).toMatchObject({ voteGranted: false })
  })

  test("E-16: a leader and a candidate have no leader to lose", () => {
    expect(LeaderContactLost(leader(1))).toBeUndefined()
    expect(LeaderContactLost(server({ role: "candidate", currentTerm: 1, votedFor: "s1", votesGranted: ["s1"] }))).toBeUndefined()
  })

  describe("E-28: a follower that has what an older snapshot stands for", () => {
    const done = (lastIncludedIndex: number): Message => ({
      type: "InstallSnapshotResponse",
      source: "s2",
      dest: "s1",
      term: 1,
      lastIncludedIndex,
      offset: 0,
      done: true
    })
    /** s1 leads with eight entries, and has compacted so many of them since it sent its last snapshot. */
    const compacted = (count: number): Server => {
      let s = leader(1)
      for (let n = 0; n < 7; n++) s = ClientRequest(s, [`${n}`])!.server
      s = after(s, ack({ source: "s3", matchIndex: 8 }))
      return { ...TakeSnapshot({ ...s, lastApplied: 8 }, count, ["state"])!.server, nextIndex: { ...s.nextIndex, s2: 1 } }
    }

    test("E-28: is sent entries, if the log still has the next", () => {
      const step = handle(compacted(4), done(6))
      expect(step.server.matchIndex["s2"]).toBe(6)
      expect(answer(step)).toMatchObject({ type: "AppendEntriesRequest", prevLogIndex: 6 })
    })

    test("E-28: is sent the newer snapshot, if not", () => {
      const step = handle(compacted(6), done(4))
      expect(step.server.matchIndex["s2"]).toBe(4)
      expect(answer(step)).toMatchObject({ type: "InstallSnapshotRequest", lastIncludedIndex: 6, offset: 0 })
    })
  })
})
