------------------------------ MODULE Election ------------------------------
(* Leader election (5.2, 5.4.1). Twin of src/raft/Election.ts.              *)
EXTENDS Commit

\* Fig2.A2: "If RPC request or response contains term T > currentTerm: set currentTerm = T, convert to follower".
\* The one place where a term is learnt from others; every handler begins with it. A new term has no vote yet.
UpdateTerm(s, term) ==
  IF term <= s.currentTerm THEN s ELSE
  [s EXCEPT !.currentTerm = term, !.votedFor = Nil, !.role = "follower", !.votesGranted = {},
            !.nextIndex = forAll(s.members, 1), !.matchIndex = forAll(s.members, 0)]

\* Fig2.L1: a candidate with a majority of votes leads: it takes every log for as long as its own until told otherwise.
\* The no-op opens its term: entries of earlier terms commit under it (8).
BecomeLeader(s) ==
  LET last == lastIndex(s.log)
      l == [s EXCEPT !.role = "leader", !.votesGranted = {},
                     !.log = replaceAfter(@, last, <<[term |-> s.currentTerm, type |-> "noop", value |-> ""]>>),
                     !.nextIndex = forAll(s.members, last + 1),
                     !.matchIndex = [forAll(s.members, 0) EXCEPT ![s.id] = last + 1]]
  IN Step(AdvanceCommitIndex(l), {AppendEntries(l, j) : j \in Peers(l)}, FALSE)

\* Fig2.F2, Fig2.C1, Fig2.C4: no word from a leader and no vote granted for an election timeout: a new term, a vote for
\* itself, and RequestVote to everyone else. A candidate does the same again. Leaders have no such timer.
Timeout(s) ==
  IF s.role = "leader" THEN None ELSE
  LET c == [s EXCEPT !.currentTerm = @ + 1, !.votedFor = s.id, !.role = "candidate", !.votesGranted = {s.id}]
  IN \* A cluster of one has its majority at once.
     IF IsQuorum(c, c.votesGranted) THEN BecomeLeader(c)
     ELSE Step(c, {RequestVote(c, j) : j \in Peers(c)}, TRUE)

\* RequestVote RPC, receiver. Granting twice to the same candidate is safe and needed: the first answer may be lost.
HandleRequestVoteRequest(s0, m) ==
  LET s == UpdateTerm(s0, m.term)
      \* Fig2.RV1: "Reply false if term < currentTerm".
      termOk == m.term = s.currentTerm
      \* Fig2.RV2: "If votedFor is null or candidateId, ...
      voteFree == s.votedFor = Nil \/ s.votedFor = m.source
      \* ... and candidate's log is at least as up-to-date as receiver's log, grant vote".
      logOk == \/ m.lastLogTerm > lastTerm(s.log)
               \/ m.lastLogTerm = lastTerm(s.log) /\ m.lastLogIndex >= lastIndex(s.log)
      voteGranted == termOk /\ voteFree /\ logOk
      v == IF voteGranted THEN [s EXCEPT !.votedFor = m.source] ELSE s
  IN \* Fig2.F2: only a vote that is granted keeps the voter quiet.
     Step(v, {Vote(v, m.source, voteGranted)}, voteGranted)

\* RequestVote RPC, the answer at the candidate. A vote counts in the term it was asked for, and only there.
HandleRequestVoteResponse(s0, m) ==
  IF m.term > s0.currentTerm THEN Step(UpdateTerm(s0, m.term), {}, FALSE) ELSE
  IF m.term < s0.currentTerm \/ s0.role # "candidate" \/ ~ m.voteGranted THEN None ELSE
  IF m.source \in s0.votesGranted THEN None ELSE
  LET s == [s0 EXCEPT !.votesGranted = @ \cup {m.source}]
  IN \* Fig2.C2: "If votes received from majority of servers: become leader".
     IF IsQuorum(s, s.votesGranted) THEN BecomeLeader(s) ELSE Step(s, {}, FALSE)
=============================================================================
