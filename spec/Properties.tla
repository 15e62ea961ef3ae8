----------------------------- MODULE Properties -----------------------------
(* What must hold: Figure 3 and the invariants behind it, of states and of  *)
(* steps. Twin of check/raft/Properties.ts.                                 *)
EXTENDS World

(* Of states. *)

\* Figure 3: "At most one leader can be elected in a given term" (5.2), at the same time or not.
ElectionSafety ==
  \A a, b \in ghost.leaders : a.term = b.term => a.leader = b.leader

\* Figure 3: "If two logs contain an entry with the same index and term, then the logs are identical in all entries up
\* through the given index" (5.3).
LogMatching ==
  \A i, j \in Server :
    LET a == servers[i].log
        b == servers[j].log
        shared == Max({a.lastIncludedIndex, b.lastIncludedIndex}) + 1 .. Min({lastIndex(a), lastIndex(b)})
    IN \A k \in shared : termAt(a, k) = termAt(b, k) => \A n \in shared : n <= k => entryAt(a, n) = entryAt(b, n)

\* Figure 3: "If a log entry is committed in a given term, then that entry will be present in the logs of the leaders for
\* all higher-numbered terms" (5.4): the term in which it was committed, not the one in which it was written.
LeaderCompleteness ==
  \A i \in Server : servers[i].role = "leader" =>
    \A k \in DOMAIN ghost.committed :
      (ghost.committed[k].term < servers[i].currentTerm /\ k > servers[i].log.lastIncludedIndex) =>
        k <= lastIndex(servers[i].log) /\ entryAt(servers[i].log, k) = ghost.committed[k].entry

\* Figure 3: "If a server has applied a log entry at a given index to its state machine, no other server will ever apply
\* a different log entry for the same index" (5.4.3); here already of what a server counts committed.
StateMachineSafety ==
  \A i \in Server :
    \A k \in servers[i].log.lastIncludedIndex + 1 .. servers[i].commitIndex :
      /\ k <= lastIndex(servers[i].log)
      /\ k <= Len(ghost.committed)
      /\ entryAt(servers[i].log, k) = ghost.committed[k].entry

\* What the first k committed entries make of the state machine.
RECURSIVE CommittedMachine(_)
CommittedMachine(k) == IF k = 0 THEN <<>> ELSE Fold(CommittedMachine(k - 1), ghost.committed[k].entry)

\* A snapshot is of committed entries, the last of which has the term that it says (7).
SnapshotIsCommitted ==
  \A i \in Server :
    LET log == servers[i].log
    IN /\ log.lastIncludedIndex <= Len(ghost.committed)
       /\ log.lastIncludedTerm =
            (IF log.lastIncludedIndex = 0 THEN 0 ELSE ghost.committed[log.lastIncludedIndex].entry.term)
       /\ servers[i].partial.lastIncludedIndex <= Len(ghost.committed)

\* A snapshot is what those entries make of the state machine; the first pieces of one, too, while it arrives.
SnapshotIsFold ==
  \A i \in Server :
    LET s == servers[i]
    IN /\ s.snapshot.data = CommittedMachine(s.log.lastIncludedIndex)
       /\ s.partial.data = SubSeq(CommittedMachine(s.partial.lastIncludedIndex), 1, Len(s.partial.data))

\* Whatever is committed is stored by a majority of some server's configuration. (It counts for itself: a wrong IsQuorum
\* must not blind it.)
CommittedIsDurable ==
  \A k \in DOMAIN ghost.committed :
    \E i \in Server :
      2 * Cardinality({j \in servers[i].members : \/ k <= servers[j].log.lastIncludedIndex
                                                  \/ /\ k <= lastIndex(servers[j].log)
                                                     /\ entryAt(servers[j].log, k) = ghost.committed[k].entry})
        > Cardinality(servers[i].members)

\* What a leader takes for stored by a follower of its term is stored there.
MatchIndexIsTrue ==
  \A i \in Server : servers[i].role = "leader" =>
    \A j \in servers[i].members : servers[j].currentTerm = servers[i].currentTerm =>
      /\ servers[i].matchIndex[j] <= Min({lastIndex(servers[i].log), lastIndex(servers[j].log)})
      /\ \A k \in servers[j].log.lastIncludedIndex + 1 .. servers[i].matchIndex[j] :
           k > servers[i].log.lastIncludedIndex => entryAt(servers[i].log, k) = entryAt(servers[j].log, k)

\* A candidate's votes were cast for it.
VotesAreCast ==
  \A i \in Server : servers[i].role = "candidate" => \A j \in servers[i].votesGranted :
    servers[j].currentTerm = servers[i].currentTerm => servers[j].votedFor = i

\* The indices of one server, and its log, are in order; and what doesn't apply to its role is as it was at first.
WellFormed ==
  \A i \in Server :
    LET s == servers[i]
    IN /\ s.role # "leader" => /\ s.nextIndex = forAll(s.members, 1)
                              /\ s.matchIndex = forAll(s.members, 0)
                              /\ s.recentActive = {}
                              /\ s.pipelined = {}
                              /\ s.snapshotOffset = forAll(s.members, 0)
       /\ s.role \notin {"candidate", "preCandidate"} => s.votesGranted = {}
       /\ s.log.lastIncludedIndex <= s.lastApplied
       /\ s.lastApplied <= s.commitIndex
       /\ s.commitIndex <= lastIndex(s.log)
       /\ lastTerm(s.log) <= s.currentTerm
       /\ \A k \in s.log.lastIncludedIndex + 1 .. lastIndex(s.log) : termAt(s.log, k - 1) <= termAt(s.log, k)
       /\ s.role = "leader" => /\ \A j \in Peers(s) : s.matchIndex[j] < s.nextIndex[j]
                              /\ s.pipelined \subseteq Peers(s)

\* A leader has at most the window's entries under way to a follower; and a snapshot, or part of it, is what one gets whose
\* next entry the log lacks, and nobody else.
FlowIsBounded ==
  \A i \in Server : \A j \in Peers(servers[i]) :
    LET s == servers[i]
    IN /\ j \in s.pipelined => /\ s.nextIndex[j] > s.log.lastIncludedIndex
                               /\ s.nextIndex[j] - 1 <= s.matchIndex[j] + Settings.maxInflight
       /\ s.snapshotOffset[j] > 0 => /\ s.nextIndex[j] <= s.log.lastIncludedIndex
                                     /\ s.snapshotOffset[j] <= Len(s.snapshot.data)

\* Who hears a leader hears one of its own term.
ContactIsOfTerm ==
  \A i \in Server : servers[i].leaderContact => \E l \in ghost.leaders : l.term = servers[i].currentTerm

(* Of steps. A restart shows as a smaller left.restarts. *)

Restarts(i) == left'.restarts # left.restarts /\ servers'[i] # servers[i]

\* A server's term never falls, not even over a restart.
TermMonotone ==
  [][\A i \in Server : servers'[i].currentTerm >= servers[i].currentTerm]_vars

\* One vote a term, not even forgotten in a restart (5.2).
VoteOnce ==
  [][\A i \in Server : (servers'[i].currentTerm = servers[i].currentTerm /\ servers[i].votedFor # Nil)
       => servers'[i].votedFor = servers[i].votedFor]_vars

\* Figure 3: "A leader never overwrites or deletes entries in its log; it only appends new entries" (5.3).
LeaderAppendOnly ==
  [][\A i \in Server :
       (servers[i].role = "leader" /\ servers'[i].role = "leader" /\ servers'[i].currentTerm = servers[i].currentTerm)
         => /\ lastIndex(servers'[i].log) >= lastIndex(servers[i].log)
            /\ \A k \in servers'[i].log.lastIncludedIndex + 1 .. lastIndex(servers[i].log) :
                 entryAt(servers'[i].log, k) = entryAt(servers[i].log, k)]_vars

\* Within one life of a server, neither index falls.
CommitMonotone ==
  [][\A i \in Server : Restarts(i) \/ /\ servers'[i].commitIndex >= servers[i].commitIndex
                                      /\ servers'[i].lastApplied >= servers[i].lastApplied]_vars

\* What a leader knows to match never shrinks while it leads.
MatchMonotone ==
  [][\A i \in Server :
       (servers[i].role = "leader" /\ servers'[i].role = "leader" /\ servers'[i].currentTerm = servers[i].currentTerm)
         => \A j \in servers[i].members : servers'[i].matchIndex[j] >= servers[i].matchIndex[j]]_vars

\* Only the leader of a term sends AppendEntries of that term.
AppendEntriesFromLeader ==
  [][\A m \in messages' \ messages : m.type = "AppendEntriesRequest" =>
       servers'[m.source].role = "leader" /\ servers'[m.source].currentTerm = m.term]_vars

\* Beginning to ask before a campaign changes neither term nor vote (diss. 9.6).
PreVoteChangesNothing ==
  [][\A i \in Server : (servers[i].role # "preCandidate" /\ servers'[i].role = "preCandidate") =>
       servers'[i].currentTerm = servers[i].currentTerm /\ servers'[i].votedFor = servers[i].votedFor]_vars

\* Who hears a leader, or is one, helps nobody to campaign: it answers no PreVote (diss. 9.6), and with CheckQuorum no
\* RequestVote (diss. 4.2.3).
LeaderIsKept ==
  [][\A m \in messages' \ messages :
       (m.type = "PreVoteResponse" \/ (m.type = "RequestVoteResponse" /\ Settings.checkQuorum)) =>
         servers[m.source].role # "leader" /\ ~ servers[m.source].leaderContact]_vars

\* A leader begins to count anew who answers only after it has counted a majority, with itself (diss. 6.2).
QuorumIsConfirmed ==
  [][\A i \in Server :
       (/\ servers[i].role = "leader" /\ servers'[i].role = "leader"
        /\ servers'[i].currentTerm = servers[i].currentTerm
        /\ ~ (servers[i].recentActive \subseteq servers'[i].recentActive))
         => 2 * Cardinality((servers[i].recentActive \cup {i}) \cap servers[i].members) > Cardinality(servers[i].members)]_vars

\* Who answers a leader of its term, and doesn't just say that the term is over, follows it (Fig2.C3).
AnswersAsFollower ==
  [][\A m \in messages' \ messages :
       (\/ m.type = "AppendEntriesResponse" /\ (m.success \/ m.rejectedIndex > 0)
        \/ m.type = "InstallSnapshotResponse" /\ m.lastIncludedIndex > 0)
         => servers'[m.source].role = "follower"]_vars

\* A leader takes a command only as long as what isn't committed stays within its bound, or it is the only one.
UncommittedIsBounded ==
  [][\A i \in Server :
       left'.requests # left.requests /\ servers'[i].log # servers[i].log =>
         \/ servers[i].commitIndex = lastIndex(servers[i].log)
         \/ sizeOf(servers'[i].log, servers[i].commitIndex + 1, lastIndex(servers'[i].log)) <= Settings.maxUncommittedBytes]_vars

\* A leader sends its snapshot exactly to those whose next entry it lacks (7): others get AppendEntries, and none goes
\* beyond what its receiver needs next.
SnapshotWhenLogLacks ==
  [][\A m \in messages' \ messages :
       LET s == servers'[m.source]
       IN /\ m.type = "InstallSnapshotRequest" => /\ s.role = "leader"
                                                 /\ s.nextIndex[m.dest] <= s.log.lastIncludedIndex
          /\ m.type = "AppendEntriesRequest" => m.prevLogIndex < s.nextIndex[m.dest]]_vars

\* Nothing takes from a server what it has appended and no leader has contradicted: the entries after a snapshot that its own
\* log agrees with stay (Fig13.IS6).
InstallKeepsSuffix ==
  [][\A i \in Server :
       LET before == servers[i].log
           after == servers'[i].log
           k == after.lastIncludedIndex
       IN (k > before.lastIncludedIndex /\ k <= lastIndex(before) /\ termAt(before, k) = after.lastIncludedTerm)
            => after = compact(before, k)]_vars

\* No AppendEntries carries more than the window lets through, nor, but for a first entry, more than a batch.
BatchIsBounded ==
  [][\A m \in messages' \ messages : m.type = "AppendEntriesRequest" =>
       /\ Len(m.entries) <= Settings.maxInflight
       /\ Len(m.entries) <= 1 \/ sizeOf([lastIncludedIndex |-> 0, lastIncludedTerm |-> 0, entries |-> m.entries],
                                       1, Len(m.entries)) <= Settings.maxBatchBytes]_vars

\* A restart keeps the persistent state (Figure 2), and nothing else.
RestartKeeps ==
  [][left'.restarts # left.restarts =>
       \A i \in Server : Restarts(i) =>
         LET s == servers[i]
         IN servers'[i] = [InitServer(i, s.snapshot.members) EXCEPT
                             !.currentTerm = s.currentTerm, !.votedFor = s.votedFor, !.log = s.log, !.snapshot = s.snapshot,
                             !.commitIndex = s.log.lastIncludedIndex, !.lastApplied = s.log.lastIncludedIndex]]_vars

(* Refinement: Raft implements one log of values that only grows, of which each server has learnt a prefix: what its  *)
(* snapshot stands for, and its own log holds up to its commitIndex. (The state machine remembers every value.)       *)

Log == INSTANCE ReplicatedLog WITH
  log    <- CommittedMachine(Len(ghost.committed)),
  learnt <- [i \in Server |-> MachineAt(servers[i], Min({servers[i].commitIndex, lastIndex(servers[i].log)}))]

RefinesReplicatedLog == Log!Spec

\* The same from a root in which something is committed already.
RefinesReplicatedLogSteps == Log!Steps
=============================================================================
