-------------------------------- MODULE Disk --------------------------------
(* One server's log on its disk: what is written, what is durable, what a   *)
(* crash leaves, and what is read after it. Twin of                         *)
(* check/durability/Disk.ts. A state is the sequence of the records that it *)
(* is made of, by their numbers: whatever their content adds up to, a       *)
(* prefix of them adds up to a state that was once saved.                   *)
EXTENDS Naturals, Sequences

CONSTANT Budgets       \* the initial value of `left`

VARIABLES disk,        \* the record of InitDisk
          left         \* what may still happen: [saves, segments, compactions, fails, crashes, damages]
vars == <<disk, left>>

\* What a crash or a bit flip has left of a commit: bytes that don't match their checksum.
Torn == <<0>>

InitDisk ==
  [status       |-> "up",       \* or "stopped": the disk has refused something; "down"; "refused": it won't start
   saved        |-> 0,          \* records ever saved: numbers are never used again
   memory       |-> <<>>,       \* the server's state. When down: what it was
   acknowledged |-> 0,          \* so many of them are durable, as far as the server knows
   released     |-> 0,          \* messages that rely on so many of them have left
   segments     |-> << <<>> >>, \* files of frames; a frame is one commit, of some records or Torn
   trimmed      |-> 0,          \* the last segment that is removed
   named        |-> 1,          \* so many segments have durable names: the folder has been synced since
   synced       |-> 0,          \* so many frames of the last segment are durable, and all of the others
   \* What goes before segment `first`. A new one is written beside it, synced, and renamed.
   checkpoint   |-> [records |-> <<>>, first |-> 1],    \* durable
   renamed      |-> [records |-> <<>>, first |-> 1]]    \* what is read; a power cut may take it back

IsPrefix(a, b) == Len(a) <= Len(b) /\ SubSeq(b, 1, Len(a)) = a

Last(s) == s[Len(s)]
Front(s) == SubSeq(s, 1, Len(s) - 1)

RECURSIVE Flatten(_)
Flatten(sequences) == IF sequences = <<>> THEN <<>> ELSE Head(sequences) \o Flatten(Tail(sequences))

\* Without the torn tail of the last segment, if it has one.
Mended(d) ==
  LET frames == Last(d.segments)
  IN IF frames # <<>> /\ Last(frames) = Torn THEN [d EXCEPT !.segments = Front(@) \o <<Front(frames)>>] ELSE d

\* The frames that go after the checkpoint, in order.
Frames(d) == Flatten(SubSeq(d.segments, d.renamed.first, Len(d.segments)))

\* What is read.
Read(d) == d.renamed.records \o Flatten(Frames(Mended(d)))

\* Whether nothing is missing or damaged but a tail. A commit is written only when all before is durable: so what anything
\* follows was durable once, and no crash explains its damage.
Sound(d) ==
  /\ d.trimmed < d.renamed.first
  /\ \A k \in DOMAIN Frames(Mended(d)) : Frames(Mended(d))[k] # Torn

\* What is on the disk whatever is lost.
Durable(d) ==
  LET segments == SubSeq(d.segments, 1, d.named)
      kept == IF d.named < Len(d.segments) THEN Last(segments) ELSE SubSeq(Last(segments), 1, d.synced)
  IN [d EXCEPT !.segments = Front(segments) \o <<kept>>, !.renamed = d.checkpoint]

\* Nothing is under way: all is durable, and there is a file to write to.
Idle(d) ==
  /\ d.status = "up"
  /\ Durable(d) = d
  /\ Len(d.segments) >= d.checkpoint.first

\* A record is given to the disk; the server goes on at once.
Save(d) ==
  IF d.status # "up" THEN {}
  ELSE {[d EXCEPT !.saved = @ + 1, !.memory = Append(@, d.saved + 1)]}

\* Appends a frame to the last segment.
Put(d, frame) == [d EXCEPT !.segments = Front(@) \o <<Append(Last(@), frame)>>]

\* Some of the records that wait are written as one commit.
Write(d) ==
  IF ~ Idle(d) THEN {}
  ELSE {Put(d, SubSeq(d.memory, Len(Read(d)) + 1, n)) : n \in Len(Read(d)) + 1 .. Len(d.memory)}

\* The commit is durable, and only now acknowledged.
Sync(d) ==
  IF d.status # "up" \/ d.synced = Len(Last(d.segments)) THEN {}
  ELSE {[d EXCEPT !.synced = Len(Last(d.segments)), !.acknowledged = Len(Read(d))]}

\* The disk takes only a part of a commit (it is full): nobody knows what is durable, so the server stops for ever.
WriteFails(d) ==
  IF ~ Idle(d) \/ Len(Read(d)) = Len(d.memory) THEN {} ELSE {[Put(d, Torn) EXCEPT !.status = "stopped"]}

\* The same when it refuses a sync, or anything else: what that was for may be durable, or not.
SyncFails(d) ==
  IF d.status # "up" THEN {} ELSE {[d EXCEPT !.status = "stopped"]}

\* A new file, renamed to be the last segment.
NewSegment(d) ==
  IF d.status # "up" \/ Durable(d) # d \/ (Idle(d) /\ Last(d.segments) = <<>>) THEN {}
  ELSE {[d EXCEPT !.segments = Append(@, <<>>), !.synced = 0]}

\* A new checkpoint takes the old one's name. It makes the segments so far superfluous.
Compact(d) ==
  IF ~ Idle(d) THEN {}
  ELSE {[d EXCEPT !.renamed = [records |-> SubSeq(d.memory, 1, n), first |-> Len(d.segments) + 1]] :
          n \in Len(Read(d)) + 1 .. Len(d.memory)}

\* What nobody will ever read again doesn't count.
Forget(d) ==
  [d EXCEPT !.segments = [n \in DOMAIN @ |-> IF n < d.checkpoint.first THEN <<>> ELSE @[n]],
            !.synced = IF Len(d.segments) < d.checkpoint.first THEN 0 ELSE @]

\* Names are durable, and only now what they name is acknowledged.
SyncFolder(d) ==
  IF d.status # "up" \/ (d.named = Len(d.segments) /\ d.checkpoint = d.renamed) THEN {}
  ELSE {Forget([d EXCEPT !.named = Len(d.segments), !.checkpoint = d.renamed, !.acknowledged = Len(Read(d))])}

\* Superfluous segments are removed, once the next one is there.
Trim(d) ==
  IF ~ Idle(d) THEN {} ELSE {[d EXCEPT !.trimmed = n] : n \in d.trimmed + 1 .. d.checkpoint.first - 1}

\* Messages leave that rely on what is acknowledged.
Release(d) ==
  IF d.status # "up" \/ d.released = d.acknowledged THEN {} ELSE {[d EXCEPT !.released = d.acknowledged]}

\* The process ends. What was written is read still, durable or not.
Kill(d) ==
  IF d.status \notin {"up", "stopped"} THEN {} ELSE {[d EXCEPT !.status = "down"]}

\* What a power cut may leave of the segments: of what isn't durable any suffix is lost, its first frame perhaps torn.
Survivors(d) ==
  LET cut(k) == Front(d.segments) \o <<SubSeq(Last(d.segments), 1, k)>>
      torn(k) == Front(d.segments) \o <<Append(SubSeq(Last(d.segments), 1, k), Torn)>>
      frames == Len(Last(d.segments))
  IN {SubSeq(d.segments, 1, n) : n \in d.named .. Len(d.segments) - 1}
     \cup {cut(k) : k \in d.synced .. frames} \cup {torn(k) : k \in d.synced .. frames - 1}

\* The power fails. What is left is durable. (Removed segments may come back.)
PowerCut(d) ==
  IF d.status = "refused" \/ (d.status = "down" /\ Durable(d) = d) THEN {}
  ELSE {Forget([d EXCEPT !.status = "down", !.segments = segments, !.named = Len(segments),
                         !.synced = Len(Last(segments)), !.checkpoint = c, !.renamed = c, !.trimmed = n]) :
          segments \in Survivors(d), c \in {d.checkpoint, d.renamed}, n \in 0 .. d.trimmed}

\* A bit flips, in a frame that something follows. (Of the last one nobody could tell that it was whole once.)
Damage(d) ==
  IF d.status # "down" \/ Durable(d) # d THEN {}
  ELSE {[d EXCEPT !.segments[p[1]] = [@ EXCEPT ![p[2]] = Torn]] :
          p \in {q \in (d.renamed.first .. Len(d.segments)) \X (1 .. d.saved) :
                   /\ q[2] <= Len(d.segments[q[1]])
                   /\ q[1] < Len(d.segments) \/ (q[2] < Len(Last(d.segments)) /\ Last(d.segments)[q[2] + 1] # Torn)}}

\* The server starts with what it reads, and makes that durable before it believes it; or it won't start.
Recover(d) ==
  IF d.status # "down" THEN {}
  ELSE IF ~ Sound(d) THEN {[d EXCEPT !.status = "refused"]}
  ELSE LET m == Mended(d)
       IN {Forget([m EXCEPT !.status = "up", !.memory = Read(d), !.acknowledged = Len(Read(d)), !.released = Len(Read(d)),
                            !.named = Len(m.segments), !.synced = Len(Last(m.segments)), !.checkpoint = m.renamed])}

Take(disks, budget) ==
  /\ left[budget] > 0
  /\ disk' \in disks
  /\ left' = [left EXCEPT ![budget] = @ - 1]

SaveAction       == TRUE /\ Take(Save(disk), "saves")
WriteAction      == disk' \in Write(disk) /\ UNCHANGED left
SyncAction       == disk' \in Sync(disk) /\ UNCHANGED left
WriteFailsAction == TRUE /\ Take(WriteFails(disk), "fails")
SyncFailsAction  == TRUE /\ Take(SyncFails(disk), "fails")
NewSegmentAction == TRUE /\ Take(NewSegment(disk), "segments")
CompactAction    == TRUE /\ Take(Compact(disk), "compactions")
SyncFolderAction == disk' \in SyncFolder(disk) /\ UNCHANGED left
TrimAction       == disk' \in Trim(disk) /\ UNCHANGED left
ReleaseAction    == disk' \in Release(disk) /\ UNCHANGED left
KillAction       == TRUE /\ Take(Kill(disk), "crashes")
PowerCutAction   == TRUE /\ Take(PowerCut(disk), "crashes")
DamageAction     == TRUE /\ Take(Damage(disk), "damages")
RecoverAction    == disk' \in Recover(disk) /\ UNCHANGED left

Init == disk = InitDisk /\ left = Budgets

Next ==
  \/ SaveAction
  \/ WriteAction
  \/ SyncAction
  \/ WriteFailsAction
  \/ SyncFailsAction
  \/ NewSegmentAction
  \/ CompactAction
  \/ SyncFolderAction
  \/ TrimAction
  \/ ReleaseAction
  \/ KillAction
  \/ PowerCutAction
  \/ DamageAction
  \/ RecoverAction

Spec == Init /\ [][Next]_vars

(* What must hold. *)

\* What was acknowledged is never lost, whatever else is; unless a damaged disk says so.
AcknowledgedIsDurable ==
  LET d == Durable(disk)
  IN Sound(d) => IsPrefix(SubSeq(disk.memory, 1, disk.acknowledged), Read(d))

\* Nothing leaves before the sync that covers it.
ReleasedIsCovered ==
  LET d == Durable(disk)
  IN Sound(d) => IsPrefix(SubSeq(disk.memory, 1, disk.released), Read(d))

\* Only damage keeps a server from starting.
OnlyDamageIsRefused == disk.status = "refused" => left.damages < Budgets.damages

\* What is recovered is a prefix of what was saved, never a middle, with all in it that was acknowledged.
RecoveredIsAPrefix ==
  [][(disk.status = "down" /\ disk'.status = "up") =>
       /\ IsPrefix(disk'.memory, disk.memory)
       /\ IsPrefix(SubSeq(disk.memory, 1, disk.acknowledged), disk'.memory)]_vars
=============================================================================
