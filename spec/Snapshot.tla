------------------------------ MODULE Snapshot ------------------------------
(* Log compaction (7, Figure 13). Twin of src/raft/Snapshot.ts.             *)
EXTENDS Replication

\* A server's own snapshot of what it has applied: `data` is the state machine's at `index`, in pieces. "Each server takes
\* snapshots independently, covering just the committed entries in its log" (7). A leader begins to send it from its start.
TakeSnapshot(s, index, data) ==
  IF index <= s.log.lastIncludedIndex \/ index > s.lastApplied THEN None ELSE
  Step([s EXCEPT !.log = compact(@, index), !.snapshot = [members |-> s.members, data |-> data],
                 !.pipelined = {j \in @ : s.nextIndex[j] > index}, !.snapshotOffset = forAll(s.members, 0)],
       {}, FALSE)

\* Fig13.IS5 to Fig13.IS8: the snapshot has arrived. What it says is committed, and more than s knew to be.
Install(s, m, data) ==
  [s EXCEPT
    \* Fig13.IS6: "If existing log entry has same index and term as snapshot's last included entry, retain log entries
    \* following it"; Fig13.IS7: else "discard the entire log".
    !.log = IF m.lastIncludedIndex <= lastIndex(@) /\ termAt(@, m.lastIncludedIndex) = m.lastIncludedTerm
            THEN compact(@, m.lastIncludedIndex)
            ELSE [lastIncludedIndex |-> m.lastIncludedIndex, lastIncludedTerm |-> m.lastIncludedTerm, entries |-> <<>>],
    \* Fig13.IS8: "Reset state machine using snapshot contents (and load snapshot's cluster configuration)".
    !.snapshot = [members |-> m.members, data |-> data],
    !.members = m.members,
    !.commitIndex = m.lastIncludedIndex,
    !.lastApplied = m.lastIncludedIndex,
    \* Fig13.IS5: "discard any existing or partial snapshot with a smaller index".
    !.partial = NoPartial]

\* InstallSnapshot RPC, receiver. Chunks may be lost, come twice or out of order: the answer says how many pieces are here,
\* which is where to go on.
HandleInstallSnapshotRequest(s0, m) ==
  LET s1 == UpdateTerm(s0, m.term)
  IN \* Fig13.IS1: "Reply immediately if term < currentTerm".
     IF m.term < s1.currentTerm THEN Step(s1, {Received(s1, m.source, 0, 0, FALSE)}, FALSE) ELSE
  LET s == Follow(s1)
      index == m.lastIncludedIndex
      \* Fig13.IS2: "Create new snapshot file if first chunk (offset is 0)".
      held == IF index = s.partial.lastIncludedIndex THEN s.partial.data ELSE <<>>
      \* Fig13.IS3: "Write data into snapshot file at given offset".
      data == held \o m.data
  IN \* A snapshot of what is known to be committed says nothing new: it must not roll anything back.
     IF index <= s.commitIndex THEN Step(s, {Received(s, m.source, index, 0, TRUE)}, TRUE) ELSE
     \* Not the chunk that is needed, or of a snapshot that a newer one has replaced.
     IF m.offset # Len(held) \/ index < s.partial.lastIncludedIndex
     THEN Step(s, {Received(s, m.source, index, Len(held), FALSE)}, TRUE) ELSE
     \* Fig13.IS4: "Reply and wait for more data chunks if done is false".
     IF ~ m.done
     THEN Step([s EXCEPT !.partial = [lastIncludedIndex |-> index, data |-> data]],
               {Received(s, m.source, index, Len(data), FALSE)}, TRUE)
     ELSE Step(Install(s, m, data), {Received(s, m.source, index, 0, TRUE)}, TRUE)

\* InstallSnapshot RPC, the answer at the leader: the next chunk, from where the follower is. It may have less than it had
\* acknowledged, lost in a restart. That can't be told from a late answer; to believe it costs a chunk, and not to believe
\* it would be to wait for ever.
HandleInstallSnapshotResponse(s0, m) ==
  IF m.term > s0.currentTerm THEN Step(UpdateTerm(s0, m.term), {}, FALSE) ELSE
  IF m.term < s0.currentTerm \/ s0.role # "leader" THEN None ELSE
  LET j == m.source
      s1 == Answered(s0, j)
      heard == IF s1 = s0 THEN None ELSE Step(s1, {}, FALSE)
  IN IF m.done
     THEN IF m.lastIncludedIndex <= s0.matchIndex[j] THEN heard ELSE Matched(s1, j, m.lastIncludedIndex)
     ELSE \* Of a snapshot that isn't sent any more, or to one who doesn't need it any more.
          IF \/ m.lastIncludedIndex # s0.log.lastIncludedIndex
             \/ s0.nextIndex[j] > s0.log.lastIncludedIndex
             \/ m.offset = s0.snapshotOffset[j]
          THEN heard ELSE
          LET s == [s1 EXCEPT !.snapshotOffset[j] = m.offset]
          IN Step(s, {InstallSnapshot(s, j)}, FALSE)
=============================================================================
