---------------------------- MODULE Replication -----------------------------
(* Log replication (5.3). Twin of src/raft/Replication.ts.                  *)
EXTENDS Election

\* Fig2.L2: "If command received from client: append entry to local log". Only a leader takes commands.
ClientRequest(s, value) ==
  IF s.role # "leader" THEN None ELSE
  LET last == lastIndex(s.log) + 1
      l == [s EXCEPT !.log = replaceAfter(@, last - 1, <<[term |-> s.currentTerm, type |-> "command", value |-> value]>>),
                     !.matchIndex[s.id] = last]
  IN Step(AdvanceCommitIndex(l), {AppendEntries(l, j) : j \in Peers(l)}, FALSE)

\* Fig2.L1: the leader's timer: AppendEntries to everyone, repeated "to prevent election timeouts".
HeartbeatTimeout(s) ==
  IF s.role # "leader" THEN None ELSE Step(s, {AppendEntries(s, j) : j \in Peers(s)}, FALSE)

\* Index of the first of `entries`, which belong after `prev`, that `log` lacks or has of another term; else past the last.
firstNew(log, prev, entries) ==
  Min({prev + Len(entries) + 1} \cup
      {k \in prev + 1 .. prev + Len(entries) : k > lastIndex(log) \/ termAt(log, k) # entries[k - prev].term})

\* First index of the run of entries of one term that holds k. (Terms don't fall along a log.)
firstOfTerm(log, k) ==
  Min({n \in log.lastIncludedIndex + 1 .. k : termAt(log, n) = termAt(log, k)})

\* AppendEntries RPC, receiver. A request may be old: it must never undo what a later one did.
HandleAppendEntriesRequest(s0, m) ==
  LET s1 == UpdateTerm(s0, m.term)
  IN \* Fig2.AE1: "Reply false if term < currentTerm".
     IF m.term < s1.currentTerm THEN Step(s1, {Refuse(s1, m.source)}, FALSE) ELSE
  LET \* Fig2.C3: "If AppendEntries RPC received from new leader: convert to follower".
      s == [s1 EXCEPT !.role = "follower", !.votesGranted = {},
                      !.leaderContact = Settings.preVote \/ Settings.checkQuorum]
  IN \* Fig2.AE2: "Reply false if log doesn't contain an entry at prevLogIndex whose term matches prevLogTerm".
     IF m.prevLogIndex > lastIndex(s.log)
     THEN Step(s, {Conflict(s, m.source, m.prevLogIndex, 0, lastIndex(s.log) + 1)}, TRUE) ELSE
     IF termAt(s.log, m.prevLogIndex) # m.prevLogTerm
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
      ours == {k \in match + 1 .. m.rejectedIndex - 1 : termAt(s.log, k) = m.conflictTerm}
  IN IF ours # {} THEN Max(ours) + 1 ELSE Max({match + 1, m.conflictIndex})

\* Diss. 6.2: j has answered the leader s. Any answer counts, also one that says nothing new.
Answered(s, j) == IF Settings.checkQuorum THEN [s EXCEPT !.recentActive = @ \cup {j}] ELSE s

\* Diss. 6.2: an election timeout has passed at a leader: "a leader steps down if an election timeout elapses without a
\* successful round of heartbeats to a majority of its cluster".
CheckQuorum(s) ==
  IF s.role # "leader" \/ ~ Settings.checkQuorum THEN None ELSE
  IF IsQuorum(s, s.recentActive \cup {s.id})
  THEN IF s.recentActive = {} THEN None ELSE Step([s EXCEPT !.recentActive = {}], {}, FALSE)
  ELSE Step([s EXCEPT !.role = "follower", !.recentActive = {},
                      !.nextIndex = forAll(s.members, 1), !.matchIndex = forAll(s.members, 0)], {}, TRUE)

\* AppendEntries RPC, the answer at the leader. One to an earlier term's question says nothing about this term's log.
HandleAppendEntriesResponse(s0, m) ==
  IF m.term > s0.currentTerm THEN Step(UpdateTerm(s0, m.term), {}, FALSE) ELSE
  IF m.term < s0.currentTerm \/ s0.role # "leader" THEN None ELSE
  LET j == m.source
      s1 == Answered(s0, j)
      \* Nothing new but that j is there.
      heard == IF s1 = s0 THEN None ELSE Step(s1, {}, FALSE)
  IN IF m.success
     THEN \* Fig2.L3a: "If successful: update nextIndex and matchIndex for follower". Answers may overtake each other.
          IF m.matchIndex <= s0.matchIndex[j] THEN heard ELSE
          LET s == AdvanceCommitIndex([s1 EXCEPT !.matchIndex[j] = m.matchIndex,
                                                 !.nextIndex[j] = Max({@, m.matchIndex + 1})])
          IN \* Fig2.L3: "If last log index >= nextIndex for a follower: send AppendEntries": the next batch.
             Step(s, IF s.nextIndex[j] <= lastIndex(s.log) THEN {AppendEntries(s, j)} ELSE {}, FALSE)
     ELSE \* Fig2.L3b: "If AppendEntries fails because of log inconsistency: decrement nextIndex and retry". A rejection
          \* of anything but the latest probe is old news.
          IF m.rejectedIndex # s0.nextIndex[j] - 1 \/ m.rejectedIndex <= s0.matchIndex[j] THEN heard ELSE
          LET s == [s1 EXCEPT !.nextIndex[j] = BackUp(s1, m)]
          IN Step(s, {AppendEntries(s, j)}, FALSE)
=============================================================================
