-------------------------------- MODULE Raft --------------------------------
(* All of a server: every message it handles, and its crash.                *)
(* Twin of src/raft/Raft.ts.                                                *)
EXTENDS Snapshot

\* What s does with m.
Handle(s, m) ==
  CASE m.type = "PreVoteRequest"        -> HandlePreVoteRequest(s, m)
    [] m.type = "PreVoteResponse"       -> HandlePreVoteResponse(s, m)
    [] m.type = "RequestVoteRequest"    -> HandleRequestVoteRequest(s, m)
    [] m.type = "RequestVoteResponse"   -> HandleRequestVoteResponse(s, m)
    [] m.type = "AppendEntriesRequest"  -> HandleAppendEntriesRequest(s, m)
    [] m.type = "AppendEntriesResponse" -> HandleAppendEntriesResponse(s, m)
    [] m.type = "InstallSnapshotRequest"  -> HandleInstallSnapshotRequest(s, m)
    [] m.type = "InstallSnapshotResponse" -> HandleInstallSnapshotResponse(s, m)

\* A crash, and the start after it: exactly currentTerm, votedFor, log[] and the snapshot survive (Figure 2, persistent
\* state; 7). The state machine starts from the snapshot, which is committed.
Restart(s) ==
  Step([InitServer(s.id, s.snapshot.members) EXCEPT
          !.currentTerm = s.currentTerm, !.votedFor = s.votedFor, !.log = s.log, !.snapshot = s.snapshot,
          !.commitIndex = s.log.lastIncludedIndex, !.lastApplied = s.log.lastIncludedIndex],
       {}, TRUE)

\* Whether m can have no effect on its destination d any more, whatever d does next: models drop such messages.
\* Only answers die: to a question of an earlier term, to one who doesn't ask any more, or with nothing new in them.
Dead(d, m) ==
  CASE m.type = "PreVoteResponse" ->
         \* (A granted one may still count: the same term can see several pre-campaigns.)
         \/ m.term < d.currentTerm
         \/ m.term = d.currentTerm /\ ~ m.voteGranted
    [] m.type = "RequestVoteResponse" ->
         \/ m.term < d.currentTerm
         \/ m.term = d.currentTerm /\ (d.role # "candidate" \/ ~ m.voteGranted \/ m.source \in d.votesGranted)
    [] m.type = "AppendEntriesResponse" ->
         \/ m.term < d.currentTerm
         \/ /\ m.term = d.currentTerm
            /\ \/ d.role \in {"follower", "preCandidate"}
               \/ d.role = "leader" /\ ~ Settings.checkQuorum /\ Max({m.matchIndex, m.rejectedIndex}) <= d.matchIndex[m.source]
    [] m.type = "InstallSnapshotResponse" ->
         \/ m.term < d.currentTerm
         \/ /\ m.term = d.currentTerm
            /\ \/ d.role \in {"follower", "preCandidate"}
               \/ /\ d.role = "leader" /\ ~ Settings.checkQuorum
                  /\ \/ m.lastIncludedIndex <= d.matchIndex[m.source]
                     \/ ~ m.done /\ m.lastIncludedIndex < d.log.lastIncludedIndex
    [] OTHER -> FALSE
=============================================================================
