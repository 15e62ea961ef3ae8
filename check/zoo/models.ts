/** Models for mutants that the table's models are too small for, or that pruning would hide there. */
import { loadModels } from "../models/load.ts"
import type { KVSpec, ModelSpec, RaftSpec } from "../models/Table.ts"
import { figure2 } from "../../src/raft/Server.ts"

const defaults = {
  layer: "raft",
  servers: 3,
  maxTerm: 2,
  values: ["x"],
  together: 1,
  settings: { ...figure2, maxInflight: 8 },
  applyAlone: false,
  prune: true,
  left: { requests: 0, heartbeats: 0, restarts: 0, snapshots: 0 },
  scope: "check",
  edges: false,
  mustReach: []
} as const satisfies Partial<RaftSpec>

const raftModels: ReadonlyArray<RaftSpec> = [
  {
    ...defaults,
    name: "zoo-late-vote",
    about: "a vote for s1 is under way, and s1 asks again; dead messages stay",
    prune: false,
    root: ["timeout s1", "lose", "deliver RequestVoteRequest s1->s2"]
  },
  {
    ...defaults,
    name: "zoo-second-request",
    about: "all have the first entry, a request follows, and another campaign",
    left: { requests: 1, heartbeats: 0, restarts: 0, snapshots: 0 },
    root: ["elect s1 by s2", "replicate s1 to s2 s3", "lose"]
  },
  {
    ...defaults,
    name: "zoo-rivals",
    about: "s1 has an entry that the others lack, and s1 and s2 may stand in the same term",
    root: ["elect s1 by s2", "restart s1", "lose"]
  },
  {
    ...defaults,
    name: "zoo-longer-log",
    about: "s1 has led alone, with a log longer than anyone's",
    maxTerm: 3,
    root: ["elect s1 by s2", "propose s1 x", "propose s1 y", "lose"]
  },
  {
    ...defaults,
    name: "zoo-heartbeats",
    about: "s2 leads term 2 with heartbeats; s1 has an entry of term 1 more, s3 has nothing",
    left: { requests: 0, heartbeats: 2, restarts: 0, snapshots: 0 },
    root: ["elect s1 by s2", "replicate s1 to s2", "propose s1 x", "lose", "elect s2 by s3"]
  },
  {
    ...defaults,
    name: "zoo-shared-suffix",
    about: "five servers: s1 and s2 have two entries of term 1, s4 leads term 2 with another first one",
    servers: 5,
    root: [
      "elect s1 by s2 s3",
      "propose s1 x",
      "replicate s1 to s2",
      "timeout s4",
      "lose",
      "elect s4 by s3 s5"
    ]
  },
  {
    ...defaults,
    name: "zoo-old-answer",
    about: "five servers: s2's answer to s1's term 1 is under way, s3 has overwritten both logs, s1 leads term 3",
    servers: 5,
    prune: false,
    left: { requests: 0, heartbeats: 1, restarts: 0, snapshots: 0 },
    root: [
      "elect s1 by s2 s3",
      "propose s1 x",
      "heartbeat s1",
      "elect s3 by s4 s5",
      "deliver AppendEntriesRequest s3->s1",
      "elect s1 by s4 s5",
      "lose",
      "deliver AppendEntriesRequest s1->s2 #2",
      "deliver AppendEntriesRequest s3->s2"
    ]
  },
  {
    ...defaults,
    name: "zoo-second-campaign",
    about: "five servers: s1 had s2's vote for term 1; in term 2, s3 has voted for s1, s5 for s4, and s4 asks the others",
    servers: 5,
    root: [
      "timeout s1",
      "deliver RequestVoteRequest s1->s2",
      "deliver RequestVoteResponse s2->s1",
      "timeout s1",
      "timeout s4",
      "lose",
      "timeout s4",
      "deliver RequestVoteRequest s1->s3",
      "deliver RequestVoteRequest s4->s5"
    ]
  },
  {
    ...defaults,
    name: "zoo-two-answers",
    about: "an elected leader and a request; dead messages stay",
    maxTerm: 1,
    prune: false,
    left: { requests: 1, heartbeats: 0, restarts: 0, snapshots: 0 },
    root: ["elect s1 by s2", "lose", "heartbeat s1"]
  },
  {
    ...defaults,
    name: "zoo-answered",
    about: "all have answered the leader, it has counted them, and has a heartbeat left",
    maxTerm: 1,
    settings: { ...figure2, maxInflight: 8, checkQuorum: true },
    left: { requests: 0, heartbeats: 1, restarts: 0, snapshots: 0 },
    root: ["elect s1 by s2", "replicate s1 to s2 s3", "check-quorum s1", "lose"]
  },
  {
    ...defaults,
    name: "zoo-beside-leader",
    about: "a server that was cut off asks the leader and its follower, who hear each other, for a PreVote",
    maxTerm: 1,
    prune: false,
    settings: { ...figure2, maxInflight: 8, preVote: true },
    root: ["elect s1 by s2 s3", "replicate s1 to s2 s3", "contact-lost s3", "lose", "timeout s3"]
  },
  {
    ...defaults,
    name: "zoo-kept-leader",
    about: "a server that was cut off asks the leader and its follower, who hear each other, for votes",
    prune: false,
    settings: { ...figure2, maxInflight: 8, checkQuorum: true },
    root: ["elect s1 by s2 s3", "replicate s1 to s2 s3", "contact-lost s3", "lose", "timeout s3"]
  },
  {
    ...defaults,
    name: "zoo-one-answer",
    about: "four servers, one of which answers the leader",
    servers: 4,
    maxTerm: 1,
    settings: { ...figure2, maxInflight: 8, checkQuorum: true },
    root: ["elect s1 by s2 s3", "lose", "deliver AppendEntriesRequest s1->s2"]
  },
  {
    ...defaults,
    name: "zoo-repeated-vote",
    about: "five servers: one vote for s1 and two for s4 are under way; dead messages stay",
    servers: 5,
    maxTerm: 1,
    prune: false,
    root: [
      "timeout s1",
      "timeout s4",
      "lose",
      "deliver RequestVoteRequest s1->s2",
      "deliver RequestVoteRequest s4->s3",
      "deliver RequestVoteRequest s4->s5"
    ]
  },
  {
    ...defaults,
    name: "zoo-two-two",
    about: "four servers: a vote for s1 and one for s3 are under way",
    servers: 4,
    maxTerm: 1,
    root: [
      "timeout s1",
      "timeout s3",
      "lose",
      "deliver RequestVoteRequest s1->s2",
      "deliver RequestVoteRequest s3->s4"
    ]
  },
  {
    ...defaults,
    name: "zoo-late-rejection",
    about: "s3 lacks the first of the leader's two entries; dead messages stay",
    prune: false,
    root: ["elect s1 by s2", "replicate s1 to s2", "restart s1", "lose", "elect s1 by s2"]
  },
  {
    ...defaults,
    name: "zoo-old-match",
    about: "five servers: s2 had two of s1's entries in term 1, s3 has overwritten both logs, s1 leads term 3",
    servers: 5,
    root: [
      "elect s1 by s2 s3",
      "replicate s1 to s2",
      "propose s1 x",
      "replicate s1 to s2",
      "elect s3 by s4 s5",
      "deliver AppendEntriesRequest s3->s1",
      "deliver AppendEntriesRequest s3->s2",
      "lose",
      "elect s1 by s4 s5"
    ]
  },
  {
    ...defaults,
    name: "zoo-own-snapshot",
    about: "a cluster of one: what it applies, a snapshot, and a restart",
    servers: 1,
    maxTerm: 1,
    applyAlone: true,
    left: { requests: 1, heartbeats: 0, restarts: 1, snapshots: 1 },
    root: []
  },
  {
    ...defaults,
    name: "zoo-arriving-snapshot",
    about: "a snapshot is under way to s3, who may campaign first; applying is an event of its own",
    maxTerm: 1,
    applyAlone: true,
    root: ["elect s1 by s2", "replicate s1 to s2", "apply s1", "snapshot s1", "lose", "heartbeat s1"]
  },
  {
    ...defaults,
    name: "zoo-old-snapshot",
    about: "the leader of term 2 has a snapshot of term 1, which s3 needs",
    root: ["elect s1 by s2", "replicate s1 to s2", "snapshot s1", "restart s1", "lose", "elect s1 by s2"]
  },
  {
    ...defaults,
    name: "zoo-compacted-follower",
    about: "two servers: the follower has compacted what old messages still bring it",
    servers: 2,
    maxTerm: 1,
    left: { requests: 1, heartbeats: 0, restarts: 0, snapshots: 0 },
    root: [
      "elect s1 by s2",
      "propose s1 x",
      "replicate s1 to s2",
      "heartbeat s1",
      "deliver AppendEntriesRequest s1->s2",
      "snapshot s2"
    ]
  },
  {
    ...defaults,
    name: "zoo-batch",
    about: "the leader has committed two entries, and one of them is under way to s3, which has none",
    maxTerm: 1,
    settings: { ...figure2, maxInflight: 8, maxBatchBytes: 1 },
    root: ["elect s1 by s2", "propose s1 x", "replicate s1 to s2", "lose", "heartbeat s1"]
  },
  {
    ...defaults,
    name: "zoo-uncommitted",
    about: "two servers: the leader has applied one entry, has another, and may take a snapshot",
    servers: 2,
    maxTerm: 1,
    left: { requests: 0, heartbeats: 0, restarts: 0, snapshots: 1 },
    root: ["elect s1 by s2", "replicate s1 to s2", "propose s1 x", "lose"]
  },
  {
    ...defaults,
    name: "zoo-long-log",
    about: "two servers: the leader has more entries than the window lets through, and a heartbeat left",
    servers: 2,
    maxTerm: 1,
    settings: { ...figure2, maxInflight: 2 },
    left: { requests: 0, heartbeats: 1, restarts: 0, snapshots: 0 },
    root: ["elect s1 by s2", "propose s1 x", "propose s1 x", "lose"]
  }
]

/** The table's models, then those of the zoo. */
const kvDefaults = {
  layer: "kv",
  servers: 1,
  operations: { c1: [{ op: "append", key: "k", value: "x" }] },
  timeout: 5,
  clock: [0],
  scope: "check",
  edges: false,
  mustReach: []
} as const satisfies Partial<KVSpec>

const nothingLeft = { opens: 0, calls: 0, retries: 0, entries: 0, snapshots: 0, restarts: 0 }

/** A client gets a session, at the first time of the clock; nothing of it comes again. */
const opened = (client: string): ReadonlyArray<string> =>
  [`OpenAction_${client}`, "DecideAction_s1", "LearnAction_s1", `HearAction_${client}`, "lose"]

const kvModels: ReadonlyArray<KVSpec> = [
  {
    ...kvDefaults,
    name: "zoo-two-clients",
    about: "two clients with a session each call once",
    operations: { c1: [{ op: "append", key: "k", value: "x" }], c2: [{ op: "append", key: "k", value: "y" }] },
    left: { ...nothingLeft, calls: 2, entries: 2 },
    root: [...opened("c1"), ...opened("c2")]
  },
  {
    ...kvDefaults,
    name: "zoo-two-cas",
    about: "two calls of the same Cas, only one of which can succeed, and a copy of one",
    operations: { c1: [{ op: "cas", key: "k", from: null, to: "x" }] },
    left: { ...nothingLeft, calls: 2, entries: 3 },
    root: opened("c1")
  },
  {
    ...kvDefaults,
    name: "zoo-refused-cas",
    about: "a Cas that doesn't apply, one after which it would, and a copy of one",
    operations: { c1: [{ op: "cas", key: "k", from: "x", to: "y" }, { op: "cas", key: "k", from: null, to: "x" }] },
    left: { ...nothingLeft, calls: 2, entries: 3 },
    root: opened("c1")
  },
  {
    ...kvDefaults,
    name: "zoo-idle-session",
    about: "a session isn't used for some time, and the server takes a snapshot and restarts",
    clock: [0, 4],
    left: { ...nothingLeft, snapshots: 1, restarts: 1 },
    root: [...opened("c1").slice(0, -1), "DecideAction_s1 #2", "LearnAction_s1"]
  },
  {
    ...kvDefaults,
    name: "zoo-used-in-time",
    about: "a session is used, always within its timeout, for longer than that",
    clock: [0, 4, 8],
    left: { ...nothingLeft, calls: 1, entries: 2 },
    root: opened("c1")
  },
  {
    ...kvDefaults,
    name: "zoo-late-session",
    about: "a client had its session and an answer; copies of all replies are still under way",
    clock: [0, 9],
    left: { ...nothingLeft, calls: 2, entries: 1 },
    root: [...opened("c1").slice(0, -1), "CallAction_c1", "DecideAction_s1", "LearnAction_s1", "HearAction_c1"]
  }
]

export const allModels = (): ReadonlyArray<ModelSpec> => [...loadModels(), ...raftModels, ...kvModels]

/** The model of this name. Throws when there is none. */
export const modelNamed = (name: string): ModelSpec => {
  const found = allModels().find((model) => model.name === name)
  if (found === undefined) throw new Error(`there is no model ${name}`)
  return found
}

/** The model of Raft of this name. Throws when there is none. */
export const raftModelNamed = (name: string): RaftSpec => {
  const found = modelNamed(name)
  if (found.layer !== "raft") throw new Error(`${name} is no model of Raft`)
  return found
}
