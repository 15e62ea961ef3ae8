/**
 * What the labs, their handouts and the students' guide, the paper, the dissertation and etcd ask of Raft, by id: each is
 * tested here, or told by a story, or held to elsewhere, or there is a reason why not. README.md is made of it.
 */

/** Where an id is answered for when no test's title begins with it. */
export type Answer =
  | { readonly story: string }
  /** Another check that holds to it, all the time. */
  | { readonly always: string }
  /** Why there is no test. */
  | { readonly not: string }

/** An id, in words, and where it is answered for; without an answer, tests' titles begin with it. */
export type Row = readonly [id: string, what: string, answer?: Answer]

export interface Section {
  readonly title: string
  readonly rows: ReadonlyArray<Row>
}

const story = (name: string): Answer => ({ story: name })
const always = (how: string): Answer => ({ always: how })
const not = (reason: string): Answer => ({ not: reason })

const noMembership = not("there are no membership changes yet")
const noTransfer = not("there is no leadership transfer yet")
const noTransactions = not("a command has one key")
const noReads = not("there are no reads beside the log yet")
const noShards = not("there are no shards yet")
const nobodyWaits = not("messages go one way: nobody waits for an answer, so no call fails (PF-26)")

export const sections: ReadonlyArray<Section> = [
  {
    title: "The network simulator (labrpc)",
    rows: [
      ["N-1", "unreliable: requests are delayed"],
      ["N-2", "unreliable: requests are lost"],
      ["N-3", "unreliable: responses are lost"],
      ["N-5", "calls to the dead fail late", nobodyWaits],
      ["N-6", "calls to the dead fail", nobodyWaits],
      ["N-8", "no order, no duplicates"],
      ["N-9", "disconnecting and counting"],
      ["N-10", "many clients"],
      ["N-11", "unreliable for many clients"],
      ["N-13", "nothing shared between sender and receiver"]
    ]
  },
  {
    title: "The Raft suite (MIT 6.5840)",
    rows: [
      ["RA-1", "InitialElection"],
      ["RA-2", "ReElection"],
      ["RB-1", "BasicAgree"],
      ["RB-2", "RPCBytes"],
      ["RB-3", "FollowerFailure"],
      ["RB-4", "LeaderFailure"],
      ["RB-5", "FailAgree"],
      ["RB-6", "FailNoAgree"],
      ["RB-7", "ConcurrentStarts"],
      ["RB-8", "Rejoin"],
      ["RB-9", "Backup"],
      ["RB-10", "Count"],
      ["RC-1", "Persist1"],
      ["RC-2", "Persist2"],
      ["RC-4", "Figure8"],
      ["RC-5", "UnreliableAgree"],
      ["RC-7", "ReliableChurn"],
      ["RD-1", "SnapshotBasic"],
      ["RD-2", "SnapshotInstall"],
      ["RD-3", "SnapshotInstallUnreliable"],
      ["RD-4", "SnapshotInstallCrash"],
      ["RD-6", "SnapshotAllCrash"]
    ]
  },
  {
    title: "A single server, and locks (MIT 6.5840, lab 2)",
    rows: [
      ["KS-1", "Basic2"],
      ["KS-2", "Concurrent2"],
      ["KS-3", "Unreliable2"],
      ["KS-5", "MemGet2, MemPut2, MemAppend2; the last answer of each client is kept until it goes on"],
      ["KS-6", "MemPutManyClients, MemGetManyClients with 300 clients, MemManyAppends; a get's session, too, costs what a put's does until it expires"],
      ["KV1-1", "ReliablePut; a version is part of the value, and a put a Cas from that value"],
      ["KV1-2", "PutConcurrentReliable"],
      ["KV1-3", "MemPutManyClients with 300 clients; when their sessions have expired"],
      ["LK-1", "lock Basic"],
      ["LK-2", "lock Nested"],
      ["LK-3", "OneClientReliable"],
      ["LK-4", "ManyClientsReliable"],
      ["LK-5", "OneClientUnreliable"]
    ]
  },
  {
    title: "The replicated state machine (MIT 6.5840)",
    rows: [
      ["SM-1", "Basic4A; an Append answers nothing, so the count is read"],
      ["SM-2", "Concurrent4A"],
      ["SM-3", "LeaderFailure4A"],
      ["SM-5", "RestartReplay4A"],
      ["SM-6", "Shutdown4A"],
      ["SM-8", "Snapshot4C; in the measure of `maxRaftStateBytes`"]
    ]
  },
  {
    title: "The replicated key-value service (MIT 6.5840)",
    rows: [
      ["KA-1", "Basic"],
      ["KA-2", "Speed"],
      ["KA-3", "Concurrent"],
      ["KA-4", "Unreliable"],
      ["KA-6", "OnePartition"],
      ["KA-7", "ManyPartitionsOneClient"],
      ["KA-8", "ManyPartitionsManyClients"],
      ["KA-9", "PersistOneClient"],
      ["KA-10", "PersistConcurrent"],
      ["KA-11", "PersistConcurrentUnreliable"],
      ["KA-12", "PersistPartition"],
      ["KB-1", "SnapshotRPC"],
      ["KB-2", "SnapshotSize"],
      ["KB-3", "Speed with snapshots"],
      ["KB-4", "SnapshotRecover"],
      ["KB-5", "SnapshotRecoverManyClients"],
      ["KB-6", "SnapshotUnreliable"],
      ["KB-7", "SnapshotUnreliableRecover"],
      ["KB-8", "SnapshotUnreliableRecoverConcurrentPartition"]
    ]
  },
  {
    title: "Requirements of the handouts",
    rows: [
      ["HR-1", "heartbeats, and a leader within 5 s"],
      ["HR-2", "submissions return at once; commands in order; the dead do nothing"],
      ["HR-3", "saved before it can be seen, the snapshot with the rest", always("PromisesAreDurable, after every step of every scenario; `perform` saves log and snapshot as one record")],
      ["HR-5", "every server compacts, and snapshots move forward"],
      ["HR-6", "the key-value service"],
      ["HR-7", "the shard controller", noShards],
      ["HR-8", "the sharded service", noShards],
      ["HR-10", "shards by freeze, install and delete", noShards]
    ]
  },
  {
    title: "Stricter than the public suites",
    rows: [
      ["W-1", "no term change without a fault"],
      ["W-2", "definite verdicts on histories", always("random executions, and every scenario with clients, fail when a history's verdict is unknown (LinearizabilityUndecided)")],
      ["W-4", "KA-6's last wait"],
      ["W-7", "S5-15's wait", noShards],
      ["W-8", "conditions hold at every moment, not only when looked at", always("`Harness.watch` and `Service.watch`, after every step: RA-2, RB-3, RB-4, RB-6, RD-1 to RD-6, SM-8, KA, KB")],
      ["W-9", "duplicates, one-way cuts, pauses, clocks, disk faults", always("random executions of the rules and of replicas; J-9, J-13, J-18, D-19")],
      ["W-10", "any three of seven cut off; a minority that holds the leader"]
    ]
  },
  {
    title: "Classic pitfalls",
    rows: [
      ["PF-1", "heartbeat without the log check"],
      ["PF-3", "timer reset by anything"],
      ["PF-4", "candidate doesn't start again"],
      ["PF-5", "higher term handled last"],
      ["PF-6", "log too short"],
      ["PF-8", "longer log of a lower term"],
      ["PF-9", "two code paths apply", always("AppliedInOrder, after every step of every scenario")],
      ["PF-11", "match confused with next"],
      ["PF-12", "answers of old terms"],
      ["PF-13", "stale votes"],
      ["PF-15", "deadlock of four locks", not("the core is a function: there are no locks, and applying waits for nobody")],
      ["PF-16", "snapshot and log saved apart"],
      ["PF-17", "vote forgotten"],
      ["PF-20", "sessions not in the snapshot", always("EffectOnce and SameReply, in random executions with snapshots, and in every scenario with clients (HR-6, KB-4)")],
      ["PF-21", "sequence numbers and wrong groups", noShards],
      ["PF-23", "iteration order", always("MachinesAgree and SnapshotsAgree, in random executions")],
      ["PF-24", "shared references"],
      ["PF-25", "a deposed leader keeps clients waiting"],
      ["PF-26", "sending to one peer after the other"],
      ["PF-28", "activity after a kill"],
      ["PF-29", "fails once in 500 runs", always("`lockstep check --deep`: 1,000 seeds of each scenario of the rules, 100 of each with replicas")]
    ]
  },
  {
    title: "The paper",
    rows: [
      ["P-1", "Figure 6: what is committed"],
      ["P-2", "Figure 7: who may vote"],
      ["P-5", "Figure 7: extra entries are overwritten", story("figure-7")],
      ["P-6", "Figure 8 a-c: an old entry on a majority isn't committed", story("figure-8")],
      ["P-7", "Figure 8 d: it is overwritten", story("figure-8")],
      ["P-9", "a candidate hears a leader"],
      ["P-10", "up-to-date logs; repeated messages"],
      ["P-11", "Figure 10: changing members at once", noMembership],
      ["P-13", "Figure 12: a snapshot"],
      ["P-14", "Figure 13: installing one"],
      ["P-15", "reads", noReads],
      ["P-16", "Figure 16: election times"],
      ["P-18", "Figure 3", always("all properties of check/raft/Properties.ts, after every step of every scenario")]
    ]
  },
  {
    title: "The dissertation",
    rows: [
      ["D-1", "majorities of neighbouring configurations meet", noMembership],
      ["D-2", "a configuration counts from append", noMembership],
      ["D-3", "messages of unknown servers", noMembership],
      ["D-4", "one change at a time", noMembership],
      ["D-6", "catching up before voting", noMembership],
      ["D-8", "an empty newcomer", noMembership],
      ["D-9", "a leader that removes itself", noMembership],
      ["D-11", "a removed server", noMembership],
      ["D-12", "leaders at every stage of a change", noMembership],
      ["D-14", "changes under load", noMembership],
      ["D-15", "leadership transfer", noTransfer],
      ["D-16", "clients find the leader"],
      ["D-17", "CheckQuorum"],
      ["D-19", "sessions that expire"],
      ["D-20", "ReadIndex", noReads],
      ["D-22", "leases", noReads],
      ["D-23", "a snapshot of a prefix; none needlessly"],
      ["D-24", "the earliest of some timeouts"],
      ["D-26", "elections over a wide area"],
      ["D-27", "with different logs"],
      ["D-29", "the leader writes while it sends", not("we save before we send, also as leader")],
      ["D-30", "batches and pipelining"],
      ["D-31", "throughput", not("a comparison with other machines, not a claim: check/bench/cluster measures ours")]
    ]
  },
  {
    title: "etcd/raft",
    rows: [
      ["E-1", "async_storage_writes", not("we save before we send; an acknowledgement never waits for another thread")],
      ["E-3", "campaign"],
      ["E-4", "campaign_learner_must_vote", noMembership],
      ["E-5", "checkquorum"],
      ["E-6", "confchange_disable_validation", noMembership],
      ["E-7", "confchange_v1_add_single", noMembership],
      ["E-9", "confchange_v1_remove_leader_stepdown", noMembership],
      ["E-10", "confchange_v2_add_double_auto", noMembership],
      ["E-11", "confchange_v2_add_double_implicit", noMembership],
      ["E-12", "confchange_v2_add_single_auto", noMembership],
      ["E-14", "confchange_v2_replace_leader", noMembership],
      ["E-15", "confchange_v2_replace_leader_stepdown", noMembership],
      ["E-16", "forget_leader (LeaderContactLost)"],
      ["E-17", "forget_leader_prevote_checkquorum"],
      ["E-18", "forget_leader_read_only_lease_based", noReads],
      ["E-19", "heartbeat_resp_recovers_from_probing"],
      ["E-21", "prevote"],
      ["E-22", "prevote_checkquorum"],
      ["E-23", "probe_and_replicate", story("figure-7")],
      ["E-24", "replicate_pause"],
      ["E-25", "single_node"],
      ["E-26", "slow_follower_after_compaction"],
      ["E-28", "snapshot_succeed_via_app_resp_behind"],
      ["E-30", "CommitWithoutNewTermEntry"],
      ["E-31", "OldMessages, DuelingCandidates, DuelingPreCandidates, CandidateConcede", story("dueling-candidates, dueling-pre-candidates")],
      ["E-32", "FreeStuckCandidate, DisruptiveFollower, LeaderSuperseding"],
      ["E-34", "ReadOnly", noReads],
      ["E-35", "LeaderTransfer", noTransfer],
      ["E-37", "UncommittedEntryLimit, BoundedLogGrowth, SlowNodeRestore"],
      ["E-38", "ConfChangeCheckBeforeCampaign", noMembership]
    ]
  },
  {
    title: "etcd/raft: raft_paper_test.go",
    rows: [
      ["RP-1", "FollowerUpdateTermFromMessage"],
      ["RP-2", "CandidateUpdateTermFromMessage"],
      ["RP-3", "LeaderUpdateTermFromMessage"],
      ["RP-4", "RejectStaleTermMessage"],
      ["RP-5", "StartAsFollower"],
      ["RP-6", "LeaderBcastBeat"],
      ["RP-7", "FollowerStartElection"],
      ["RP-8", "CandidateStartNewElection"],
      ["RP-9", "LeaderElectionInOneRoundRPC"],
      ["RP-10", "FollowerVote"],
      ["RP-11", "CandidateFallback"],
      ["RP-12", "FollowerElectionTimeoutRandomized"],
      ["RP-13", "CandidateElectionTimeoutRandomized"],
      ["RP-14", "FollowersElectionTimeoutNonconflict"],
      ["RP-15", "CandidatesElectionTimeoutNonconflict"],
      ["RP-16", "LeaderStartReplication"],
      ["RP-17", "LeaderCommitEntry"],
      ["RP-18", "LeaderAcknowledgeCommit"],
      ["RP-19", "LeaderCommitPrecedingEntries"],
      ["RP-20", "FollowerCommitEntry"],
      ["RP-21", "FollowerCheckMsgApp"],
      ["RP-22", "FollowerAppendEntries"],
      ["RP-23", "LeaderSyncFollowerLog", story("figure-7")],
      ["RP-24", "VoteRequest"],
      ["RP-25", "Voter"],
      ["RP-26", "LeaderOnlyCommitsLogFromCurrentTerm"]
    ]
  },
  {
    title: "Jepsen",
    rows: [
      ["J-1", "register"],
      ["J-2", "set"],
      ["J-4", "transactions on registers", noTransactions],
      ["J-5", "locks with a lease", not("our locks are held until they are freed (LK-1 to LK-5)")],
      ["J-6", "queues, counters, watches, bank, long fork", not("we have one map, without transactions; `lockstep verify` has models of queue, set and counter")],
      ["J-7", "Maelstrom's workloads", not("our servers don't speak its protocol")],
      ["J-8", "the shape of a run"],
      ["J-9", "partitions"],
      ["J-13", "packets; none is corrupt here: TCP and TLS answer for bits, check/transport for frames that make no sense"],
      ["J-14", "kill"],
      ["J-16", "clocks that jump", not("timeouts follow a clock that nobody sets; only sessions read the wall clock, and log time never falls (D-19)")],
      ["J-17", "membership", noMembership],
      ["J-18", "disk"],
      ["J-20", "admin, and all at once: 20 s a seed; longer: `lockstep fuzz --level runtime`"]
    ]
  }
]
