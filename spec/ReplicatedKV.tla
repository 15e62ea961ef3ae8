---------------------------- MODULE ReplicatedKV ----------------------------
(* Clients with sessions, and servers that apply one replicated log:        *)
(* refines KV. Who leads, and how the log comes about, is ReplicatedLog's   *)
(* affair: here a request that a server takes is decided at once, for one   *)
(* that waits to be decided, or is lost, is a request under way.            *)
(* Twin of check/kv/ReplicatedKV.ts.                                        *)
EXTENDS Client

CONSTANTS Server,      \* ids, as strings
          Client,      \* ids, as strings
          Operation,   \* [Client -> what it may ask for]
          Contact,     \* the server that clients ask first
          Timeout,     \* of every session
          Clock,       \* what leaders' clocks may read, at any time: they differ, and stand still or jump
          Root         \* the world to start from

VARIABLES log,         \* what is decided: [time, request]
          servers,     \* [Server -> server record]
          clients,     \* [Client -> client record]
          messages,    \* every message ever sent: so loss, delay, reordering and duplication need no actions
          left,        \* what may still happen: [opens, calls, retries, entries, snapshots, restarts]
          ghost        \* proof only: [kv: what the whole log amounts to, answers: the reply to each of its entries]
vars == <<log, servers, clients, messages, left, ghost>>

InitServer ==
  [applied  |-> 0,                             \* so many entries of the log it has learnt and applied
   kv       |-> InitKV,                        \* what they amount to
   snapshot |-> [index |-> 0, kv |-> InitKV],  \* on disk
   waiting  |-> NoTable]                       \* by index: the client to answer, once that is applied

\* A client's request to a server; and the answer.
Ask(source, dest, request) == [type |-> "Request", source |-> source, dest |-> dest, request |-> request]
Answer(dest, reply) == [type |-> "Reply", dest |-> dest, reply |-> reply]

(* Rules of a server, which yield the set of its steps, at most one. *)

Step(server, sends) == {[server |-> server, sends |-> sends]}

\* It learns the next entry of the log, applies it, and answers who waits for it here.
Learn(s, entry) ==
  LET index == s.applied + 1
      done == apply(s.kv, index, entry)
  IN Step([s EXCEPT !.applied = index, !.kv = done.kv, !.waiting = only(@, DOMAIN @ \ {index})],
          IF index \in DOMAIN s.waiting THEN {Answer(s.waiting[index], done.reply)} ELSE {})

\* A snapshot of what it has applied: sessions, their answers and log time are in it.
TakeSnapshot(s) ==
  IF s.applied = s.snapshot.index THEN {} ELSE
  Step([s EXCEPT !.snapshot = [index |-> s.applied, kv |-> s.kv]], {})

\* Another server's snapshot brings it further. Nobody here knows the answers of what that stands for.
InstallSnapshot(s, snapshot) ==
  IF snapshot.index <= s.applied THEN {} ELSE
  Step([applied |-> snapshot.index, kv |-> snapshot.kv, snapshot |-> snapshot,
        waiting |-> only(s.waiting, {n \in DOMAIN s.waiting : n > snapshot.index})], {})

\* A crash, and the start after it, from the snapshot.
Restart(s) == Step([applied |-> s.snapshot.index, kv |-> s.snapshot.kv, snapshot |-> s.snapshot, waiting |-> NoTable], {})

(* The world. *)

\* The ghost after the log has got an entry at `index`.
Remember(g, index, entry) ==
  LET done == apply(g.kv, index, entry)
  IN [kv |-> done.kv, answers |-> Append(g.answers, done.reply)]

\* Server i takes one of these steps.
Take(i, steps) ==
  /\ \E step \in steps : /\ servers' = [servers EXCEPT ![i] = step.server]
                         /\ messages' = messages \cup step.sends
  /\ UNCHANGED <<log, clients, ghost>>

\* Client c asks for a session.
OpenAction(c) ==
  /\ left.opens > 0
  /\ ~ clients[c].open
  /\ messages' = messages \cup {Ask(c, Contact, [type |-> "open", timeout |-> Timeout])}
  /\ left' = [left EXCEPT !.opens = @ - 1]
  /\ UNCHANGED <<log, servers, clients, ghost>>

\* Client c calls.
CallAction(c) ==
  /\ left.calls > 0
  /\ \E operation \in Operation[c] : \E next \in Invoke(clients[c], operation) :
       /\ clients' = [clients EXCEPT ![c] = next]
       /\ messages' = messages \cup {Ask(c, Contact, commandOf(next, next.seq))}
  /\ left' = [left EXCEPT !.calls = @ - 1]
  /\ UNCHANGED <<log, servers, ghost>>

\* Client c has waited long enough, and asks again: any server. (The same again of the same is a copy, and no step.)
RetryAction(c) ==
  /\ left.retries > 0
  /\ \E seq \in outstanding(clients[c]), i \in Server :
       LET m == Ask(c, i, commandOf(clients[c], seq))
       IN m \notin messages /\ messages' = messages \cup {m}
  /\ left' = [left EXCEPT !.retries = @ - 1]
  /\ UNCHANGED <<log, servers, clients, ghost>>

\* Server i gets a request into the log, and remembers whom to answer.
DecideAction(i) ==
  /\ left.entries > 0
  /\ \E m \in messages, time \in Clock :
       /\ m.type = "Request" /\ m.dest = i
       /\ log' = Append(log, [time |-> time, request |-> m.request])
       /\ ghost' = Remember(ghost, Len(log'), log'[Len(log')])
       /\ servers' = [servers EXCEPT ![i].waiting = with(@, Len(log) + 1, m.source)]
  /\ left' = [left EXCEPT !.entries = @ - 1]
  /\ UNCHANGED <<clients, messages>>

LearnAction(i) ==
  /\ servers[i].applied < Len(log)
  /\ Take(i, Learn(servers[i], log[servers[i].applied + 1]))
  /\ UNCHANGED left

SnapshotAction(i) ==
  /\ left.snapshots > 0
  /\ Take(i, TakeSnapshot(servers[i]))
  /\ left' = [left EXCEPT !.snapshots = @ - 1]

InstallAction(i) ==
  /\ Take(i, UNION {InstallSnapshot(servers[i], servers[j].snapshot) : j \in Server})
  /\ UNCHANGED left

RestartAction(i) ==
  /\ left.restarts > 0
  /\ Take(i, Restart(servers[i]))
  /\ left' = [left EXCEPT !.restarts = @ - 1]

\* Client c hears a reply.
HearAction(c) ==
  /\ \E next \in UNION {Hear(clients[c], m.reply) : m \in {n \in messages : n.type = "Reply" /\ n.dest = c}} :
       clients' = [clients EXCEPT ![c] = next]
  /\ UNCHANGED <<log, servers, messages, left, ghost>>

Init ==
  /\ log = Root.log
  /\ servers = Root.servers
  /\ clients = Root.clients
  /\ messages = Root.messages
  /\ left = Root.left
  /\ ghost = Root.ghost

Next ==
  \/ \E c \in Client :
       \/ OpenAction(c)
       \/ CallAction(c)
       \/ RetryAction(c)
       \/ HearAction(c)
  \/ \E i \in Server :
       \/ DecideAction(i)
       \/ LearnAction(i)
       \/ SnapshotAction(i)
       \/ InstallAction(i)
       \/ RestartAction(i)

Spec == Init /\ [][Next]_vars

(* What must hold. *)

\* What the first k entries of the log make of the state.
RECURSIVE MachineAt(_)
MachineAt(k) == IF k = 0 THEN InitKV ELSE apply(MachineAt(k - 1), k, log[k]).kv

\* Every server has what the log says at the index up to which it has applied it, and so has its snapshot.
MachinesAgree ==
  \A i \in Server : /\ servers[i].kv = MachineAt(servers[i].applied)
                    /\ servers[i].snapshot.kv = MachineAt(servers[i].snapshot.index)

\* Log time at k: the latest reading up to there.
LogTime(k) == Max({0} \cup {log[n].time : n \in 1 .. k})

\* The last use of the session, up to k: its opening, or any copy of a command in it.
LastUse(session, k) ==
  Max({n \in 1 .. k : n = session \/ (log[n].request.type = "command" /\ log[n].request.session = session)})

\* Whether between the uses of the session, and since then, never more log time has passed than its timeout.
RECURSIVE Alive(_, _)
Alive(session, k) ==
  \/ k = session
  \/ /\ Alive(session, k - 1)
     /\ LogTime(k) - LogTime(LastUse(session, k - 1)) <= log[session].request.timeout

\* The sessions that there are, are those opened and used in time: none goes early, and none stays.
ExpiryIsByLogTime ==
  \A k \in 0 .. Len(log) :
    DOMAIN MachineAt(k).sessions = {session \in 1 .. k : log[session].request.type = "open" /\ Alive(session, k)}

(* Refinement: the log is one that only grows, of which each server has learnt a prefix. *)

Log == INSTANCE ReplicatedLog WITH log <- log, learnt <- [i \in Server |-> SubSeq(log, 1, servers[i].applied)]

RefinesReplicatedLog == Log!Spec

\* The same from a root in which something is decided already.
RefinesReplicatedLogSteps == Log!Steps

(* Refinement: the map is what the whole log makes of it, so a call takes effect when the log decides on it, the first   *)
(* time that it isn't refused; a client hears the answer of that moment.                                                  *)

\* The answer that the log has for command seq of the session, if any.
AnswerInLog(session, seq) ==
  LET executed == {k \in DOMAIN ghost.answers : /\ ghost.answers[k].status = "OK"
                                                /\ ghost.answers[k].session = session
                                                /\ ghost.answers[k].seq = seq}
  IN IF executed = {} THEN <<>> ELSE <<ghost.answers[Min(executed)].response>>

Promise == INSTANCE KV WITH
  data  <- ghost.kv.data,
  calls <- [c \in Client |-> [seq \in outstanding(clients[c]) |->
              [operation |-> clients[c].waiting[seq], answer |-> AnswerInLog(clients[c].session, seq)]]],
  heard <- [c \in Client |-> clients[c].heard]

RefinesKV == [][Promise!Next]_(Promise!vars)

\* And begins like it, when nothing has happened yet.
BeginsAsKV == Promise!Init
=============================================================================
