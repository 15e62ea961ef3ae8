------------------------------ MODULE Liveness ------------------------------
(* Progress. No protocol makes any while messages are lost and timers run   *)
(* wild (FLP), so this is about what happens when that ends: partial        *)
(* synchrony. First chaos, all that World allows within its budgets. At     *)
(* some time the calm begins, and lasts: a majority of the servers stays    *)
(* up, the others are gone; what is under way is lost (what arrives late    *)
(* arrives before); from now on every message arrives, once, and timers are *)
(* longer than that takes, so they run out only when no message is under    *)
(* way. Time shows as periods, one election timeout each: in each period    *)
(* every leader's heartbeat comes first, then runs out every election timer *)
(* that nothing has started anew. Which of them first is left open.         *)
(* Twin of check/raft/Liveness.ts.                                          *)
EXTENDS World

VARIABLES calm,      \* whether the calm has begun
          started    \* in the calm: whose timer has run out or started anew in this period
lvars == <<servers, messages, left, ghost, calm, started>>

\* Who is up. (In the calm `servers` has only those.)
Up == DOMAIN servers

\* The term bound of the calm: so far from that of the chaos that nobody gets there (WithinHorizon).
Horizon == MaxTerm + 2 * Cardinality(Server)

ChaosNext == ~ calm /\ Next /\ UNCHANGED <<calm, started>>

\* The calm begins. Of the budgets only the clients' requests are of use, and nothing of what a proof remembers.
CalmBegins ==
  /\ ~ calm
  /\ \E up \in SUBSET Server :
       /\ 2 * Cardinality(up) > Cardinality(Server)
       /\ servers' = [i \in up |-> servers[i]]
  /\ messages' = {}
  /\ left' = [budget \in DOMAIN left |-> IF budget = "requests" THEN left[budget] ELSE 0]
  /\ ghost' = [committed |-> <<>>, leaders |-> {}]
  /\ calm' = TRUE
  /\ started' = {}

\* In the calm, server i takes one of these steps; `mail` is under way beside what it sends.
TakeInCalm(i, steps, mail, begun) ==
  /\ calm
  /\ \E step \in steps :
       /\ servers' = [servers EXCEPT ![i] = Settle(step.server)]
       /\ messages' = mail \cup {m \in step.sends : m.dest \in Up}
       /\ started' = IF step.resetElectionTimer THEN begun \cup {i} ELSE begun
  /\ UNCHANGED <<ghost, calm>>

\* What i does without waiting: it handles a message, which is then consumed, or applies an entry.
Deliver(i) ==
  /\ calm /\ i \in Up
  /\ \/ \E m \in messages :
          /\ m.dest = i
          /\ LET steps == Handle(servers[i], m)
             IN IF steps = None THEN messages' = messages \ {m} /\ UNCHANGED <<servers, ghost, calm, started>>
                ELSE TakeInCalm(i, steps, messages \ {m}, started)
     \/ ApplyAlone /\ TakeInCalm(i, Apply(servers[i]), messages, started)
  /\ UNCHANGED left

\* A client asks, at any time.
Ask(i) ==
  /\ calm /\ i \in Up /\ left.requests > 0
  /\ \E values \in Batches : TakeInCalm(i, ClientRequest(servers[i], values), messages, started)
  /\ left' = [left EXCEPT !.requests = @ - 1]

\* Nothing happens any more until time passes.
Quiet ==
  /\ calm /\ messages = {}
  /\ ApplyAlone => \A i \in Up : Apply(servers[i]) = None

\* When every timer has run out or started anew, a period is over.
PeriodOver == Up \subseteq started

\* Whose timers are accounted for in the period to which the next event belongs.
Begun == IF PeriodOver THEN {} ELSE started

\* The heartbeat of leader i.
Beat(i) ==
  /\ Quiet /\ i \in Up \ Begun
  /\ TakeInCalm(i, HeartbeatTimeout(servers[i]), {}, Begun \cup {i})
  /\ UNCHANGED left

\* Whether the time without a word from a leader is what may run out next at i: all heartbeats were sooner.
Runs(i) ==
  /\ Quiet /\ i \in Up \ Begun
  /\ \A j \in Up : servers[j].role = "leader" => j \in Begun

\* The election timer of i.
Expire(i) ==
  /\ Runs(i)
  /\ servers[i].currentTerm < Horizon
  /\ TakeInCalm(i, Timeout(servers[i]), {}, Begun \cup {i})
  /\ UNCHANGED left

\* The minimum election timeout of i, which is shorter than its timer.
LoseContact(i) ==
  /\ Runs(i)
  /\ TakeInCalm(i, LeaderContactLost(servers[i]), {}, Begun)
  /\ UNCHANGED left

\* The election timeout of leader i, between two periods.
Confirm(i) ==
  /\ Quiet /\ i \in Up /\ PeriodOver
  /\ TakeInCalm(i, CheckQuorum(servers[i]), {}, {})
  /\ UNCHANGED left

\* Time passes.
Tick == \E i \in Server : Beat(i) \/ Expire(i)

LivenessNext ==
  \/ ChaosNext
  \/ CalmBegins
  \/ Tick
  \/ \E i \in Server : Deliver(i) \/ Ask(i) \/ LoseContact(i) \/ Confirm(i)

\* Whether i has something to deliver, and whether a step did: WF_lvars(Deliver(i)), spelt out so that TLC needn't try every
\* rule on every message again for each edge.
Pending(i) ==
  /\ calm /\ i \in Up
  /\ (\E m \in messages : m.dest = i) \/ (ApplyAlone /\ Apply(servers[i]) # None)
Delivered(i) ==
  \/ \E m \in messages : m.dest = i /\ m \notin messages'
  \/ ApplyAlone /\ calm /\ i \in Up /\ servers'[i].lastApplied > servers[i].lastApplied

LivenessSpec ==
  /\ Init /\ calm = FALSE /\ started = {}
  /\ [][LivenessNext]_lvars
  /\ []<>calm
  /\ WF_lvars(Tick)
  /\ \A i \in Server : ([]<>~ Pending(i)) \/ ([]<><<Delivered(i)>>_lvars)

(* What must come, and stay. *)

Leads(i) == servers[i].role = "leader" /\ \A j \in Up \ {i} : servers[j].role = "follower"
                                                             /\ servers[j].currentTerm = servers[i].currentTerm

\* A leader is elected, and everyone follows it.
EventuallyLeader == <>[] \E i \in Up : Leads(i)

\* All that a leader's log holds is committed, applied: every proposal that a leader has taken in the calm, and before
\* it whatever is not lost with a deposed leader.
EventuallyCommits ==
  <>[] \E i \in Up : servers[i].role = "leader" /\ servers[i].lastApplied = lastIndex(servers[i].log)

\* Every follower's log is as long as the leader's and ends like it (so by LogMatching it is the same), and as much of it
\* is known to be committed.
EventuallyCaughtUp ==
  <>[] \E i \in Up : /\ servers[i].role = "leader"
                     /\ \A j \in Up : /\ lastIndex(servers[j].log) = lastIndex(servers[i].log)
                                      /\ lastTerm(servers[j].log) = lastTerm(servers[i].log)
                                      /\ servers[j].commitIndex = servers[i].commitIndex

\* The bound is no reason for anything.
WithinHorizon == \A i \in Up : servers[i].currentTerm < Horizon
=============================================================================
