--------------------------- MODULE ReplicatedLog ----------------------------
(* What a consensus protocol is for: one log that only grows at its end.    *)
EXTENDS Naturals, Sequences

VARIABLE log

Init == log = <<>>

Extend == Len(log') > Len(log) /\ SubSeq(log', 1, Len(log)) = log

Steps == [][Extend]_log

Spec == Init /\ Steps
=============================================================================
