------------------------------- MODULE Commit -------------------------------
(* What is committed, and applying it (5.3, 5.4.2).                         *)
(* Twin of src/raft/Commit.ts.                                              *)
EXTENDS Message

\* Fig2.L4: "If there exists an N such that N > commitIndex, a majority of matchIndex[i] >= N, and log[N].term ==
\* currentTerm: set commitIndex = N". Entries of earlier terms are never committed by counting (Figure 8).
AdvanceCommitIndex(s) ==
  LET stored(n) == {j \in s.members : s.matchIndex[j] >= n}
      committed == {n \in s.commitIndex + 1 .. lastIndex(s.log) :
                      /\ termAt(s.log, n) = s.currentTerm
                      /\ IsQuorum(s, stored(n))}
  IN IF committed = {} THEN s ELSE [s EXCEPT !.commitIndex = Max(committed)]

\* Fig2.A1: "If commitIndex > lastApplied: increment lastApplied, apply log[lastApplied] to state machine".
Apply(s) ==
  IF s.lastApplied >= s.commitIndex THEN None ELSE
  Step([s EXCEPT !.lastApplied = @ + 1], {}, FALSE)
=============================================================================
