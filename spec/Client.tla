------------------------------- MODULE Client -------------------------------
(* A client's side of its session (diss. 6.3): what it asks, asks again,    *)
(* and takes for an answer, over a network that loses, delays and repeats.  *)
(* Twin of src/kv/Client.ts.                                                *)
EXTENDS Sessions

InitClient ==
  [session |-> 0,         \* the latest session it had; 0: none ever
   open    |-> FALSE,     \* whether it still has it, as far as it knows
   seq     |-> 0,         \* the number of its latest command in that session
   waiting |-> NoTable,   \* the commands whose answers it waits for, by number: any number of them at a time
   heard   |-> Nil]       \* what it was told last: [status |-> "OK", response], or [status |-> "SESSION_EXPIRED"]

\* The numbers of the commands it waits for.
outstanding(c) == DOMAIN c.waiting

\* Its next command begins; not without a session. A number is never used for another one (Client.NewSeq).
Invoke(c, operation) ==
  IF ~ c.open THEN {} ELSE
  {[c EXCEPT !.seq = @ + 1, !.waiting = with(@, c.seq + 1, operation)]}

\* What it asks the servers for command seq, the first time and again (Client.SameSeq).
commandOf(c, seq) ==
  [type |-> "command", session |-> c.session, seq |-> seq, first |-> Min(outstanding(c)), operation |-> c.waiting[seq]]

\* It hears a reply; {}: one that tells it nothing, such as a copy of what it has heard.
Hear(c, reply) ==
  CASE reply.status = "OPENED" ->
         \* Client.NewSession: a late copy must not bring an old one back, whose numbers it would use again.
         IF c.open \/ reply.session <= c.session THEN {} ELSE
         {[c EXCEPT !.session = reply.session, !.open = TRUE, !.seq = 0]}
    [] reply.status = "OK" ->
         IF ~ c.open \/ reply.session # c.session \/ reply.seq \notin outstanding(c) THEN {} ELSE
         {[c EXCEPT !.waiting = only(@, DOMAIN @ \ {reply.seq}), !.heard = [status |-> "OK", response |-> reply.response]]}
    [] reply.status = "SESSION_EXPIRED" ->
         \* Client.Expired: so are all commands of that session, and none is tried in another one: it may have taken effect.
         IF ~ c.open \/ reply.session # c.session THEN {} ELSE
         {[c EXCEPT !.open = FALSE, !.waiting = NoTable, !.heard = [status |-> "SESSION_EXPIRED"]]}
    [] reply.status = "STALE" -> {}
=============================================================================
