------------------------------ MODULE Message -------------------------------
(* Figures 2 and 13, the arguments and results of the RPCs, as one-way      *)
(* messages, and the step that every rule yields.                           *)
(* Twin of src/raft/Message.ts.                                             *)
EXTENDS Server

\* What one event does to one server, atomically: its next state, the messages that it sends, and whether its election
\* timer starts anew. Rules yield the set of their steps: at most one, for they are functions.
Step(server, sends, resetElectionTimer) ==
  {[server |-> server, sends |-> sends, resetElectionTimer |-> resetElectionTimer]}

\* Not enabled: nothing changes and nothing is sent.
None == {}

RequestVote(s, j) ==
  [type |-> "RequestVoteRequest", source |-> s.id, dest |-> j, term |-> s.currentTerm,
   lastLogIndex |-> lastIndex(s.log), lastLogTerm |-> lastTerm(s.log)]

Vote(s, j, voteGranted) ==
  [type |-> "RequestVoteResponse", source |-> s.id, dest |-> j, term |-> s.currentTerm,
   voteGranted |-> voteGranted]

\* Diss. 9.6: the same question before a campaign, in the term that s is in.
RequestPreVote(s, j) ==
  [type |-> "PreVoteRequest", source |-> s.id, dest |-> j, term |-> s.currentTerm,
   lastLogIndex |-> lastIndex(s.log), lastLogTerm |-> lastTerm(s.log)]

PreVote(s, j, voteGranted) ==
  [type |-> "PreVoteResponse", source |-> s.id, dest |-> j, term |-> s.currentTerm,
   voteGranted |-> voteGranted]

\* Fig2.L1, Fig2.L3: the leader's entries next..last; without any it is a heartbeat, which goes through the same checks.
AppendEntries(s, j, next, last) ==
  [type |-> "AppendEntriesRequest", source |-> s.id, dest |-> j, term |-> s.currentTerm,
   prevLogIndex |-> next - 1, prevLogTerm |-> termAt(s.log, next - 1),
   entries |-> entriesFrom(s.log, next, last), leaderCommit |-> s.commitIndex]

\* The log agrees with the leader's up to matchIndex.
Accept(s, j, matchIndex) ==
  [type |-> "AppendEntriesResponse", source |-> s.id, dest |-> j, term |-> s.currentTerm,
   success |-> TRUE, matchIndex |-> matchIndex, rejectedIndex |-> 0, conflictTerm |-> 0, conflictIndex |-> 0]

\* The request was of an older term; the answer's term tells its sender.
Refuse(s, j) ==
  [type |-> "AppendEntriesResponse", source |-> s.id, dest |-> j, term |-> s.currentTerm,
   success |-> FALSE, matchIndex |-> 0, rejectedIndex |-> 0, conflictTerm |-> 0, conflictIndex |-> 0]

\* The log doesn't agree at rejectedIndex: there it holds conflictTerm, whose first entry is at conflictIndex; term 0: it
\* is too short, and conflictIndex is the first index that it lacks.
Conflict(s, j, rejectedIndex, conflictTerm, conflictIndex) ==
  [type |-> "AppendEntriesResponse", source |-> s.id, dest |-> j, term |-> s.currentTerm,
   success |-> FALSE, matchIndex |-> 0, rejectedIndex |-> rejectedIndex,
   conflictTerm |-> conflictTerm, conflictIndex |-> conflictIndex]

\* Figure 13: the next chunk of the leader's snapshot, after what j has acknowledged of it.
InstallSnapshot(s, j) ==
  LET offset == s.snapshotOffset[j]
      end == Min({offset + Settings.chunkSize, Len(s.snapshot.data)})
  IN [type |-> "InstallSnapshotRequest", source |-> s.id, dest |-> j, term |-> s.currentTerm,
      lastIncludedIndex |-> s.log.lastIncludedIndex, lastIncludedTerm |-> s.log.lastIncludedTerm,
      members |-> s.snapshot.members, offset |-> offset, data |-> SubSeq(s.snapshot.data, offset + 1, end),
      done |-> end = Len(s.snapshot.data)]

\* Of the snapshot at lastIncludedIndex, s holds the first `offset` pieces; done: it has what that stands for.
Received(s, j, lastIncludedIndex, offset, done) ==
  [type |-> "InstallSnapshotResponse", source |-> s.id, dest |-> j, term |-> s.currentTerm,
   lastIncludedIndex |-> lastIncludedIndex, offset |-> offset, done |-> done]
=============================================================================
