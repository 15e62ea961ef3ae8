--------------------------- MODULE ReplicatedLog ----------------------------
(* What a consensus protocol is for: one log that only grows at its end, of *)
(* which everyone knows a prefix.                                           *)
EXTENDS Naturals, Sequences

VARIABLES log,      \* what is decided
          learnt    \* [who -> what it knows of that]

IsPrefix(a, b) == Len(a) <= Len(b) /\ SubSeq(b, 1, Len(a)) = a

Init == log = <<>> /\ \A i \in DOMAIN learnt : learnt[i] = <<>>

\* Something is decided.
Extend == IsPrefix(log, log') /\ log' # log

\* Somebody learns more, or (in a crash) forgets: it always knows a prefix of what is decided.
Learn == learnt' # learnt

Next ==
  /\ Extend \/ (Learn /\ log' = log)
  /\ \A i \in DOMAIN learnt' : IsPrefix(learnt'[i], log')

Steps == [][Next]_<<log, learnt>>

Spec == Init /\ Steps
=============================================================================
