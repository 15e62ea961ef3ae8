------------------------------- MODULE World --------------------------------
(* The servers and the network between them: lifts each server's rules to   *)
(* the world. Twin of src/raft/World.ts. An event is one atomic step.       *)
EXTENDS Raft

CONSTANTS Server,      \* ids, as strings
          Value,       \* what clients may ask for
          Together,    \* the most of it that a leader takes in one step
          MaxTerm,     \* no server times out in this term
          ApplyAlone,  \* whether Apply is an event of its own, or part of the step that commits
          Prune,       \* whether dead messages are dropped
          Root         \* the world to start from: [servers, messages, left, ghost]

VARIABLES servers,     \* [Server -> server record]: Figure 2, "State"
          messages,    \* every message ever sent (but dead ones): so loss, delay, reordering and duplication need no actions
          left,        \* what may still happen: [requests, heartbeats, restarts, snapshots]
          ghost        \* proof only: [committed: each committed entry and the term that committed it, leaders: who led when]
vars == <<servers, messages, left, ghost>>

ASSUME Nil \notin Server

\* The ghost after some server has become s: committed entries are written down by the first server that counts them
\* committed, who is then their leader; LeaderCompleteness is about the term in which that happened.
Remember(g, s) ==
  [committed |-> g.committed \o [k \in 1 .. Max({s.commitIndex - Len(g.committed), 0}) |->
                                   [entry |-> entryAt(s.log, Len(g.committed) + k), term |-> s.currentTerm]],
   leaders   |-> IF s.role = "leader" THEN g.leaders \cup {[term |-> s.currentTerm, leader |-> s.id]} ELSE g.leaders]

\* Apply composed into the step that commits.
Settle(s) == IF ApplyAlone THEN s ELSE [s EXCEPT !.lastApplied = s.commitIndex]

\* Server i takes one of these steps.
Take(i, steps) ==
  \E step \in steps :
    LET s == Settle(step.server)
    IN /\ servers' = [servers EXCEPT ![i] = s]
       /\ messages' = {m \in messages : m.dest # i \/ ~ (Prune /\ Dead(s, m))}
                      \cup {m \in step.sends : ~ (Prune /\ Dead(servers[m.dest], m))}
       /\ ghost' = Remember(ghost, s)

\* Commands that may come together.
Batches == UNION {[1 .. n -> Value] : n \in 1 .. Together}

TimeoutAction(i) ==
  /\ servers[i].currentTerm < MaxTerm
  /\ Take(i, Timeout(servers[i]))
  /\ UNCHANGED left

ClientRequestAction(i) ==
  /\ left.requests > 0
  /\ \E values \in Batches : Take(i, ClientRequest(servers[i], values))
  /\ left' = [left EXCEPT !.requests = @ - 1]

HeartbeatTimeoutAction(i) ==
  /\ left.heartbeats > 0
  /\ Take(i, HeartbeatTimeout(servers[i]))
  /\ left' = [left EXCEPT !.heartbeats = @ - 1]

ApplyAction(i) ==
  /\ ApplyAlone
  /\ Take(i, Apply(servers[i]))
  /\ UNCHANGED left

RestartAction(i) ==
  /\ left.restarts > 0
  /\ Take(i, Restart(servers[i]))
  /\ left' = [left EXCEPT !.restarts = @ - 1]

\* The state machine, as far as models need one: it remembers everything that was ever applied to it.
Fold(state, entry) == Append(state, entry.value)

\* What has become of it at k on s, for lastIncludedIndex <= k <= lastIndex.
RECURSIVE MachineAt(_, _)
MachineAt(s, k) ==
  IF k = s.log.lastIncludedIndex THEN s.snapshot.data ELSE Fold(MachineAt(s, k - 1), entryAt(s.log, k))

SnapshotAction(i) ==
  /\ left.snapshots > 0
  /\ LET s == servers[i] IN Take(i, TakeSnapshot(s, s.lastApplied, MachineAt(s, s.lastApplied)))
  /\ left' = [left EXCEPT !.snapshots = @ - 1]

LeaderContactLostAction(i) ==
  /\ Take(i, LeaderContactLost(servers[i]))
  /\ UNCHANGED left

CheckQuorumAction(i) ==
  /\ Take(i, CheckQuorum(servers[i]))
  /\ UNCHANGED left

Receive(i, type) ==
  \E m \in messages : m.dest = i /\ m.type = type /\ Take(i, Handle(servers[i], m))

\* One action a message type, so that TLC names the edges of the state graph.
ReceivePreVoteRequest(i)        == Receive(i, "PreVoteRequest")        /\ UNCHANGED left
ReceivePreVoteResponse(i)       == Receive(i, "PreVoteResponse")       /\ UNCHANGED left
ReceiveRequestVoteRequest(i)    == Receive(i, "RequestVoteRequest")    /\ UNCHANGED left
ReceiveRequestVoteResponse(i)   == Receive(i, "RequestVoteResponse")   /\ UNCHANGED left
ReceiveAppendEntriesRequest(i)  == Receive(i, "AppendEntriesRequest")  /\ UNCHANGED left
ReceiveAppendEntriesResponse(i) == Receive(i, "AppendEntriesResponse") /\ UNCHANGED left
ReceiveInstallSnapshotRequest(i)  == Receive(i, "InstallSnapshotRequest")  /\ UNCHANGED left
ReceiveInstallSnapshotResponse(i) == Receive(i, "InstallSnapshotResponse") /\ UNCHANGED left

Init ==
  /\ servers = Root.servers
  /\ messages = Root.messages
  /\ left = Root.left
  /\ ghost = Root.ghost

Next ==
  \E i \in Server :
    \/ TimeoutAction(i)
    \/ ClientRequestAction(i)
    \/ HeartbeatTimeoutAction(i)
    \/ ApplyAction(i)
    \/ RestartAction(i)
    \/ SnapshotAction(i)
    \/ LeaderContactLostAction(i)
    \/ CheckQuorumAction(i)
    \/ ReceivePreVoteRequest(i)
    \/ ReceivePreVoteResponse(i)
    \/ ReceiveRequestVoteRequest(i)
    \/ ReceiveRequestVoteResponse(i)
    \/ ReceiveAppendEntriesRequest(i)
    \/ ReceiveAppendEntriesResponse(i)
    \/ ReceiveInstallSnapshotRequest(i)
    \/ ReceiveInstallSnapshotResponse(i)

Spec == Init /\ [][Next]_vars
=============================================================================
