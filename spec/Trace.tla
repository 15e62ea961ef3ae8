------------------------------- MODULE Trace --------------------------------
(* Whether recorded executions are behaviours of the specification: each    *)
(* line must be the very step that the rules of Raft.tla yield, with all of *)
(* its contents. Tables.tla is made by check/trace/TraceModule.ts; it lists *)
(* equal values once, and names them by their position:                     *)
(*   Sizes      <<value, its length>>                                       *)
(*   Entries    <<term, type, value>>                                       *)
(*   EntryRuns  sequences of positions in Entries                           *)
(*   Logs       <<lastIncludedIndex, lastIncludedTerm, EntryRuns>>          *)
(*   Pieces     of snapshots                                                *)
(*   PieceRuns  sequences of positions in Pieces                            *)
(*   IdSets     sets of ids                                                 *)
(*   Indexes    nextIndex, matchIndex and snapshotOffset: [id -> number]    *)
(*   Servers    see server(n)                                               *)
(*   Messages   see message(n)                                              *)
(*   Steps      <<before, action, argument, after, sends, timer>>: Servers, *)
(*              Messages; the argument is what is consumed, a client's      *)
(*              value, <<index, PieceRuns>> of a snapshot taken, or 0       *)
(*   Lines      <<Steps, sender, position in its sends>>; the sender is a   *)
(*              line of the same trace, or 0                                *)
(*   Traces     <<first, count, start>>: count lines, the first of them     *)
(*              Lines[first]; start: [id -> Servers]. A slice that goes on  *)
(*              from another has <<first, count, start, earlier>>: so many  *)
(*              of its first lines only say what was sent before it         *)
(* They are definitions, not constants: TLC evaluates those only once.      *)
EXTENDS Raft, TLC, Tables

CONSTANT CheckOnce   \* whether a step is checked once, or at each of its lines, so that TLC names the line where it fails

VARIABLES trace,     \* position in Traces
          line,      \* how many of its lines are accepted
          at         \* [id -> position in Servers]: where each node is then
vars == <<trace, line, at>>

\* What the values of Sizes a..b measure.
RECURSIVE bytes(_, _)
bytes(a, b) ==
  IF a = b THEN Sizes[a][1] :> Sizes[a][2] ELSE LET m == (a + b) \div 2 IN bytes(a, m) @@ bytes(m + 1, b)
measured == bytes(1, Len(Sizes))

\* The constant Bytes. TLC evaluates anew, at each use, what it takes for a constant; so that is only a name.
TheBytes == measured

\* SubSeq, because TLC would evaluate a function anew at every use.
pieceRun(n) == LET run == PieceRuns[n] IN SubSeq([k \in DOMAIN run |-> Pieces[run[k]]], 1, Len(run))

entryRun(n) ==
  LET run == EntryRuns[n]
      entry(e) == [term |-> e[1], type |-> e[2], value |-> e[3]]
  IN SubSeq([k \in DOMAIN run |-> entry(Entries[run[k]])], 1, Len(run))

server(n) ==
  LET r == Servers[n]
      l == Logs[r[5]]
  IN [id |-> r[1], members |-> IdSets[r[2]], currentTerm |-> r[3], votedFor |-> IF r[4] = "" THEN Nil ELSE r[4],
      log |-> [lastIncludedIndex |-> l[1], lastIncludedTerm |-> l[2], entries |-> entryRun(l[3])],
      snapshot |-> [members |-> IdSets[r[6]], data |-> pieceRun(r[7])],
      role |-> r[8], votesGranted |-> IdSets[r[9]], commitIndex |-> r[10], lastApplied |-> r[11],
      leaderContact |-> r[12], partial |-> [lastIncludedIndex |-> r[13], data |-> pieceRun(r[14])],
      nextIndex |-> Indexes[r[15]], matchIndex |-> Indexes[r[16]],
      pipelined |-> IdSets[r[17]], snapshotOffset |-> Indexes[r[18]], recentActive |-> IdSets[r[19]]]

message(n) ==
  LET r == Messages[n]
  IN CASE r[1] \in {"PreVoteRequest", "RequestVoteRequest"} ->
            [type |-> r[1], source |-> r[2], dest |-> r[3], term |-> r[4], lastLogIndex |-> r[5], lastLogTerm |-> r[6]]
       [] r[1] \in {"PreVoteResponse", "RequestVoteResponse"} ->
            [type |-> r[1], source |-> r[2], dest |-> r[3], term |-> r[4], voteGranted |-> r[5]]
       [] r[1] = "AppendEntriesRequest" ->
            [type |-> r[1], source |-> r[2], dest |-> r[3], term |-> r[4], prevLogIndex |-> r[5], prevLogTerm |-> r[6],
             entries |-> entryRun(r[7]), leaderCommit |-> r[8]]
       [] r[1] = "AppendEntriesResponse" ->
            [type |-> r[1], source |-> r[2], dest |-> r[3], term |-> r[4], success |-> r[5], matchIndex |-> r[6],
             rejectedIndex |-> r[7], conflictTerm |-> r[8], conflictIndex |-> r[9]]
       [] r[1] = "InstallSnapshotRequest" ->
            [type |-> r[1], source |-> r[2], dest |-> r[3], term |-> r[4], lastIncludedIndex |-> r[5],
             lastIncludedTerm |-> r[6], members |-> IdSets[r[7]], offset |-> r[8], data |-> pieceRun(r[9]), done |-> r[10]]
       [] r[1] = "InstallSnapshotResponse" ->
            [type |-> r[1], source |-> r[2], dest |-> r[3], term |-> r[4], lastIncludedIndex |-> r[5], offset |-> r[6],
             done |-> r[7]]

(* The actions of World.tla, of one server. *)

localActions == {"TimeoutAction", "ClientRequestAction", "HeartbeatTimeoutAction", "ApplyAction", "RestartAction",
                 "SnapshotAction", "LeaderContactLostAction", "CheckQuorumAction"}

\* What a receiving action receives.
received == [ReceivePreVoteRequest          |-> "PreVoteRequest",
             ReceivePreVoteResponse         |-> "PreVoteResponse",
             ReceiveRequestVoteRequest      |-> "RequestVoteRequest",
             ReceiveRequestVoteResponse     |-> "RequestVoteResponse",
             ReceiveAppendEntriesRequest    |-> "AppendEntriesRequest",
             ReceiveAppendEntriesResponse   |-> "AppendEntriesResponse",
             ReceiveInstallSnapshotRequest  |-> "InstallSnapshotRequest",
             ReceiveInstallSnapshotResponse |-> "InstallSnapshotResponse"]
receiveActions == DOMAIN received

\* What s does with a message of this type that is addressed to it.
receive(s, m, type) == IF m.type = type /\ m.dest = s.id THEN Handle(s, m) ELSE None

\* The steps that the specification takes from s; the argument is the message received, clients' values, or nothing.
stepsOf(s, action, argument) ==
  CASE action = "TimeoutAction"                -> Timeout(s)
    [] action = "ClientRequestAction"          -> ClientRequest(s, argument)
    [] action = "HeartbeatTimeoutAction"       -> HeartbeatTimeout(s)
    [] action = "ApplyAction"                  -> Apply(s)
    [] action = "RestartAction"                -> Restart(s)
    [] action = "SnapshotAction"               -> TakeSnapshot(s, argument[1], pieceRun(argument[2]))
    [] action = "LeaderContactLostAction"      -> LeaderContactLost(s)
    [] action = "CheckQuorumAction"            -> CheckQuorum(s)
    [] action \in receiveActions               -> receive(s, argument, received[action])

\* What r, a row of Steps, hands to its rule.
argumentOf(r) == IF r[2] \in receiveActions THEN message(r[3]) ELSE r[3]

\* r is a step of the specification: the whole next state, exactly these messages, each once, and the timer.
IsStep(r) ==
  LET sends == {message(r[5][k]) : k \in DOMAIN r[5]}
  IN /\ Cardinality(sends) = Len(r[5])
     /\ stepsOf(server(r[1]), r[2], argumentOf(r)) = Step(server(r[4]), sends, r[6])

\* Evaluated once, and looked up by every line.
Legal == {n \in DOMAIN Steps : IsStep(Steps[n])}

\* An argument that a local action of s could have.
anArgument(s, action) ==
  IF action = "SnapshotAction" THEN <<s.lastApplied, CHOOSE n \in DOMAIN PieceRuns : TRUE>> ELSE <<"">>

(* One line after the other. *)

theLine(n) == Lines[Traces[trace][1] + n - 1]
theStep(n) == Steps[theLine(n)[1]]

\* The message that line n consumes is what an earlier line sent, at that position; other lines consume nothing.
WasSent(n) ==
  LET l == theLine(n)
  IN IF theStep(n)[2] \in receiveActions
     THEN /\ l[2] \in 1 .. n - 1
          /\ l[3] \in DOMAIN theStep(l[2])[5]
          /\ theStep(l[2])[5][l[3]] = theStep(n)[3]
     ELSE l[2] = 0

\* The node of line n is where its last line left it.
Continues(n) == LET before == theStep(n)[1] IN at[Servers[before][1]] = before

Accepted(n) ==
  /\ Continues(n)
  /\ WasSent(n)
  /\ IF CheckOnce THEN theLine(n)[1] \in Legal ELSE IsStep(theStep(n))

\* For the reader: what the specification does there instead.
Explain(n) ==
  LET r == theStep(n)
      s == server(at[Servers[r[1]][1]])
  IN PrintT(<<"REJECTED", trace, n, [continues |-> Continues(n),
                                     wasSent   |-> WasSent(n),
                                     enabled   |-> {a \in localActions : stepsOf(s, a, anArgument(s, a)) # None},
                                     steps     |-> stepsOf(s, r[2], argumentOf(r))]>>)

\* Whether another slice has shown how its nodes get to where they start.
goesOn == Len(Traces[trace]) = 4

Init ==
  /\ trace \in DOMAIN Traces
  /\ line = IF goesOn THEN Traces[trace][4] ELSE 0
  /\ at = Traces[trace][3]
  /\ goesOn \/ \A i \in DOMAIN at : server(at[i]) = InitServer(i, DOMAIN at)

Next ==
  /\ line < Traces[trace][2]
  /\ IF Accepted(line + 1) THEN TRUE ELSE Explain(line + 1) /\ FALSE
  /\ line' = line + 1
  /\ at' = [at EXCEPT ![Servers[theStep(line + 1)[1]][1]] = theStep(line + 1)[4]]
  /\ IF line' = Traces[trace][2] THEN PrintT(<<"ACCEPTED", trace, line'>>) ELSE TRUE
  /\ UNCHANGED trace

Spec == Init /\ [][Next]_vars
=============================================================================
