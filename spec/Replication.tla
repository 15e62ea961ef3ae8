---------------------------- MODULE Replication -----------------------------
(* Log replication (5.3). Twin of src/raft/Replication.ts.                  *)
EXTENDS Election

\* The last index of a batch that begins at `next`: one entry, and as many more up to `last` as measure maxBatchBytes.
batchEnd(s, next, last) ==
  Max({next} \cup {k \in next + 1 .. last : sizeOf(s.log, next, k) <= Settings.maxBatchBytes})

\* Asks j, with one message, where its log is: with a chunk of the snapshot when the log lacks what j needs next (7),
\* else with AppendEntries at nextIndex. It carries a batch that fits the window, unless that is under way already.
Probe(s, j) ==
  LET next == s.nextIndex[j]
      last == Min({lastIndex(s.log), next - 1 + Settings.maxInflight})
  IN IF next <= s.log.lastIncludedIndex THEN InstallSnapshot(s, j)
     ELSE AppendEntries(s, j, next, IF j \in s.pipelined THEN next - 1 ELSE batchEnd(s, next, last))

\* Fig2.L3: "If last log index >= nextIndex for a follower: send AppendEntries RPC with log entries starting at
\* nextIndex". j, whose log is known to agree up to matchIndex, is sent batches ahead of its answers, as many as the
\* window lets through (diss. 10.2.2).
RECURSIVE Replicate(_, _)
Replicate(s, j) ==
  LET next == s.nextIndex[j]
      last == Min({lastIndex(s.log), s.matchIndex[j] + Settings.maxInflight})
      end == batchEnd(s, next, last)
      rest == Replicate([s EXCEPT !.nextIndex[j] = end + 1], j)
  IN IF next > last THEN [nextIndex |-> next, sends |-> {}]
     ELSE [nextIndex |-> rest.nextIndex, sends |-> {AppendEntries(s, j, next, end)} \cup rest.sends]

\* Whether the leader s, with `log` for its own, would hold too much that is not committed yet: one entry it may.
Full(s, log) ==
  /\ s.commitIndex + 1 < lastIndex(log)
  /\ sizeOf(log, s.commitIndex + 1, lastIndex(log)) > Settings.maxUncommittedBytes

\* Fig2.L2: "If command received from client: append entry to local log"; commands that have come together are appended
\* together. Only a leader takes commands, and only as long as it gets rid of them.
ClientRequest(s, values) ==
  LET entries == [n \in DOMAIN values |-> [term |-> s.currentTerm, type |-> "command", value |-> values[n]]]
      log == replaceAfter(s.log, lastIndex(s.log), entries)
      l == AdvanceCommitIndex([s EXCEPT !.log = log, !.matchIndex[s.id] = lastIndex(log)])
      sent == [j \in s.pipelined |-> Replicate(l, j)]
  IN IF s.role # "leader" \/ Full(s, log) THEN None ELSE
     Step([l EXCEPT !.nextIndex = [j \in s.members |-> IF j \in s.pipelined THEN sent[j].nextIndex ELSE @[j]]],
          UNION {sent[j].sends : j \in s.pipelined}, FALSE)

\* Fig2.L1: the leader's timer: AppendEntries to everyone, repeated "to prevent election timeouts"; it also finds out
\* what was lost.
HeartbeatTimeout(s) ==
  IF s.role # "leader" THEN None ELSE Step(s, {Probe(s, j) : j \in Peers(s)}, FALSE)

\* Index of the first of `entries`, which belong after `prev`, that `log` lacks or has of another term; else past the last.
\* What a snapshot has replaced is committed, and agrees.
firstNew(log, prev, entries) ==
  Min({prev + Len(entries) + 1} \cup
      {k \in Max({prev, log.lastIncludedIndex}) + 1 .. prev + Len(entries) :
         k > lastIndex(log) \/ termAt(log, k) # entries[k - prev].term})

\* First index of the run of entries of one term that holds k. (Terms don't fall along a log.)
firstOfTerm(log, k) ==
  Min({n \in log.lastIncludedIndex + 1 .. k : termAt(log, n) = termAt(log, k)})

\* AppendEntries RPC, receiver. A request may be old: it must never undo what a later one did.
HandleAppendEntriesRequest(s0, m) ==
  LET s1 == UpdateTerm(s0, m.term)
  IN \* Fig2.AE1: "Reply false if term < currentTerm".
     IF m.term < s1.currentTerm THEN Step(s1, {Refuse(s1, m.source)}, FALSE) ELSE
  LET s == Follow(s1)
  IN \* Fig2.AE2: "Reply false if log doesn't contain an entry at prevLogIndex whose term matches prevLogTerm".
     IF m.prevLogIndex > lastIndex(s.log)
     THEN Step(s, {Conflict(s, m.source, m.prevLogIndex, 0, lastIndex(s.log) + 1)}, TRUE) ELSE
     IF m.prevLogIndex > s.log.lastIncludedIndex /\ termAt(s.log, m.prevLogIndex) # m.prevLogTerm
     THEN Step(s, {Conflict(s, m.source, m.prevLogIndex, termAt(s.log, m.prevLogIndex),
                            firstOfTerm(s.log, m.prevLogIndex))}, TRUE) ELSE
  LET lastNew == m.prevLogIndex + Len(m.entries)
      first == firstNew(s.log, m.prevLogIndex, m.entries)
      f == [s EXCEPT
             \* Fig2.AE3: "If an existing entry conflicts with a new one (same index but different terms), delete the
             \* existing entry and all that follow it"; Fig2.AE4: "Append any new entries not already in the log".
             !.log = IF first > lastNew THEN @
                     ELSE replaceAfter(@, first - 1, SubSeq(m.entries, first - m.prevLogIndex, Len(m.entries))),
             \* Fig2.AE5: "If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index of last new entry)".
             !.commitIndex = Max({@, Min({m.leaderCommit, lastNew})})]
  IN Step(f, {Accept(f, m.source, lastNew)}, TRUE)

\* Fig2.L3b: where to try next after the follower's log was found to differ at m.rejectedIndex (end of 5.3): after our
\* last entry of the follower's conflicting term, if we have that term before the conflict; otherwise at its first entry
\* of that term. Always lower than before, and never at or below what is known to match.
BackUp(s, m) ==
  LET match == s.matchIndex[m.source]
      ours == {k \in Max({match + 1, s.log.lastIncludedIndex}) .. m.rejectedIndex - 1 : termAt(s.log, k) = m.conflictTerm}
  IN IF ours # {} THEN Max(ours) + 1 ELSE Max({match + 1, m.conflictIndex})

\* Diss. 6.2: j has answered the leader s. Any answer counts, also one that says nothing new.
Answered(s, j) == IF Settings.checkQuorum THEN [s EXCEPT !.recentActive = @ \cup {j}] ELSE s

\* Diss. 6.2: an election timeout has passed at a leader: "a leader ... steps down if an election timeout elapses without a
\* successful round of heartbeats to a majority of its cluster".
CheckQuorum(s) ==
  IF s.role # "leader" \/ ~ Settings.checkQuorum THEN None ELSE
  IF IsQuorum(s, s.recentActive \cup {s.id})
  THEN IF s.recentActive = {} THEN None ELSE Step([s EXCEPT !.recentActive = {}], {}, FALSE)
  ELSE Step(StepDown(s), {}, TRUE)

\* Fig2.L3a: "If successful: update nextIndex and matchIndex for follower": j's log is known to agree with the leader's up
\* to matchIndex, and what follows is sent at once.
Matched(s0, j, matchIndex) ==
  LET next == Max({s0.nextIndex[j], matchIndex + 1})
      s1 == [s0 EXCEPT !.matchIndex[j] = matchIndex, !.nextIndex[j] = next]
      s == AdvanceCommitIndex([s1 EXCEPT !.pipelined = @ \cup {j}, !.snapshotOffset[j] = 0])
      sent == Replicate(s, j)
  IN IF next <= s1.log.lastIncludedIndex THEN Step(s1, {Probe(s1, j)}, FALSE)
     ELSE Step([s EXCEPT !.nextIndex[j] = sent.nextIndex], sent.sends, FALSE)

\* AppendEntries RPC, the answer at the leader. One to an earlier term's question says nothing about this term's log.
HandleAppendEntriesResponse(s0, m) ==
  IF m.term > s0.currentTerm THEN Step(UpdateTerm(s0, m.term), {}, FALSE) ELSE
  IF m.term < s0.currentTerm \/ s0.role # "leader" THEN None ELSE
  LET j == m.source
      s1 == Answered(s0, j)
      \* Nothing new but that j is there.
      heard == IF s1 = s0 THEN None ELSE Step(s1, {}, FALSE)
  IN IF m.success
     THEN \* Answers may overtake each other: what is known to match never shrinks.
          IF m.matchIndex <= s0.matchIndex[j] THEN heard ELSE Matched(s1, j, m.matchIndex)
     ELSE \* Fig2.L3b: "If AppendEntries fails because of log inconsistency: decrement nextIndex and retry". A rejection
          \* of anything but the latest probe, or one of the batches under way, is old news. With the others of them the
          \* window is free again.
          IF \/ m.rejectedIndex <= s0.matchIndex[j]
             \/ m.rejectedIndex >= s0.nextIndex[j]
             \/ j \notin s0.pipelined /\ m.rejectedIndex # s0.nextIndex[j] - 1
          THEN heard ELSE
          LET s == [s1 EXCEPT !.nextIndex[j] = BackUp(s1, m), !.pipelined = @ \ {j}]
          IN Step(s, {Probe(s, j)}, FALSE)
=============================================================================
