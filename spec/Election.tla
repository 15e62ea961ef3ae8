------------------------------ MODULE Election ------------------------------
(* Leader election (5.2, 5.4.1). Twin of src/raft/Election.ts.              *)
EXTENDS Commit

\* To follower, without what only a candidate or a leader has.
StepDown(s) ==
  [s EXCEPT !.role = "follower", !.votesGranted = {},
            !.nextIndex = forAll(s.members, 1), !.matchIndex = forAll(s.members, 0),
            !.pipelined = {}, !.snapshotOffset = forAll(s.members, 0), !.recentActive = {}]

\* Fig2.A2: "If RPC request or response contains term T > currentTerm: set currentTerm = T, convert to follower".
\* The one place where a term is learnt from others; every handler does so first, unless it ignores the message. A new term
\* has no vote yet, nor any part of its leader's snapshot.
UpdateTerm(s, term) ==
  IF term <= s.currentTerm THEN s ELSE
  [StepDown(s) EXCEPT !.currentTerm = term, !.votedFor = Nil, !.leaderContact = FALSE, !.partial = NoPartial]

\* Fig2.C3: "If AppendEntries RPC received from new leader: convert to follower". Anything of a leader of its own term
\* does so.
Follow(s) ==
  [s EXCEPT !.role = "follower", !.votesGranted = {}, !.leaderContact = Settings.preVote \/ Settings.checkQuorum]

\* Diss. 4.2.3: whether s hears a leader, or is one. Such a server helps nobody to campaign.
HearsLeader(s) == s.role = "leader" \/ s.leaderContact

\* Fig2.RV2: "candidate's log is at least as up-to-date as receiver's log" (5.4.1): the later last term wins, and between
\* equal ones the longer log.
UpToDate(s, m) ==
  \/ m.lastLogTerm > lastTerm(s.log)
  \/ m.lastLogTerm = lastTerm(s.log) /\ m.lastLogIndex >= lastIndex(s.log)

\* Fig2.L1: a candidate with a majority of votes leads: it takes every log for as long as its own until told otherwise.
\* The no-op opens its term: entries of earlier terms commit under it (8).
BecomeLeader(s) ==
  LET last == lastIndex(s.log)
      l == [s EXCEPT !.role = "leader", !.votesGranted = {}, !.leaderContact = FALSE,
                     !.log = replaceAfter(@, last, <<[term |-> s.currentTerm, type |-> "noop", value |-> ""]>>),
                     !.nextIndex = forAll(s.members, last + 1),
                     !.matchIndex = [forAll(s.members, 0) EXCEPT ![s.id] = last + 1]]
  IN Step(AdvanceCommitIndex(l), {AppendEntries(l, j, last + 1, last + 1) : j \in Peers(l)}, FALSE)

\* Fig2.C1: a new term, a vote for itself, and RequestVote to everyone else.
Campaign(s) ==
  LET c == [s EXCEPT !.currentTerm = @ + 1, !.votedFor = s.id, !.role = "candidate", !.votesGranted = {s.id},
                     !.leaderContact = FALSE, !.partial = NoPartial]
  IN \* A cluster of one has its majority at once.
     IF IsQuorum(c, c.votesGranted) THEN BecomeLeader(c)
     ELSE Step(c, {RequestVote(c, j) : j \in Peers(c)}, TRUE)

\* Fig2.F2, Fig2.C4: no word from a leader and no vote granted for an election timeout: campaign; with PreVote ask first,
\* which changes neither term nor vote (diss. 9.6). A candidate does the same again. Leaders have no such timer.
Timeout(s) ==
  IF s.role = "leader" THEN None ELSE
  IF ~ Settings.preVote THEN Campaign(s) ELSE
  LET c == [s EXCEPT !.role = "preCandidate", !.votesGranted = {s.id}, !.leaderContact = FALSE]
  IN IF IsQuorum(c, c.votesGranted) THEN Campaign(c)
     ELSE Step(c, {RequestPreVote(c, j) : j \in Peers(c)}, TRUE)

\* The minimum election timeout has passed since s last heard a leader.
LeaderContactLost(s) ==
  IF ~ s.leaderContact THEN None ELSE Step([s EXCEPT !.leaderContact = FALSE], {}, FALSE)

\* PreVote, receiver (diss. 9.6). Who hears a leader doesn't answer. Others do, also to an earlier term: else one who has
\* fallen behind and one who needs its vote could wait for each other for ever.
HandlePreVoteRequest(s0, m) ==
  IF HearsLeader(s0) THEN None ELSE
  LET s == UpdateTerm(s0, m.term)
  IN Step(s, {PreVote(s, m.source, m.term = s.currentTerm /\ UpToDate(s, m))}, FALSE)

\* PreVote, the answer: with a majority of them the campaign begins.
HandlePreVoteResponse(s0, m) ==
  IF m.term > s0.currentTerm THEN Step(UpdateTerm(s0, m.term), {}, FALSE) ELSE
  IF m.term < s0.currentTerm \/ s0.role # "preCandidate" \/ ~ m.voteGranted THEN None ELSE
  IF m.source \in s0.votesGranted THEN None ELSE
  LET s == [s0 EXCEPT !.votesGranted = @ \cup {m.source}]
  IN IF IsQuorum(s, s.votesGranted) THEN Campaign(s) ELSE Step(s, {}, FALSE)

\* RequestVote RPC, receiver. Granting twice to the same candidate is safe and needed: the first answer may be lost.
HandleRequestVoteRequest(s0, m) ==
  \* Diss. 4.2.3: with CheckQuorum, who hears a leader ignores the request and its term.
  IF Settings.checkQuorum /\ HearsLeader(s0) THEN None ELSE
  LET s == UpdateTerm(s0, m.term)
      \* Fig2.RV1: "Reply false if term < currentTerm".
      termOk == m.term = s.currentTerm
      \* Fig2.RV2: "If votedFor is null or candidateId, ...
      voteFree == s.votedFor = Nil \/ s.votedFor = m.source
      \* ... and candidate's log is at least as up-to-date as receiver's log, grant vote".
      voteGranted == termOk /\ voteFree /\ UpToDate(s, m)
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
