------------------------------ MODULE Sessions ------------------------------
(* The replicated state: a map, and sessions that make each command take    *)
(* effect once, however often it is in the log (diss. 6.3). Twin of         *)
(* src/kv/Sessions.ts. A session's id is the index of the entry that opened *)
(* it: decided by the log, and never used again.                            *)
EXTENDS Map

InitKV ==
  [time     |-> 0,         \* the latest clock reading of any leader so far
   data     |-> InitData,
   sessions |-> NoTable]   \* by id: [timeout |-> how long it lives without being used
                           \*         used    |-> when it was last used
                           \*         first   |-> as the client has said: it has the answers of all commands below
                           \*         replies |-> the responses of those executed from there on, by number]

\* Time passes. Log time never falls, though leaders' clocks differ (KV.LogTime); the sessions that weren't used within
\* their timeout are gone, on all servers at the same entry (KV.Expire).
Advance(kv, reading) ==
  LET time == Max({kv.time, reading})
      live == {id \in DOMAIN kv.sessions : time - kv.sessions[id].used <= kv.sessions[id].timeout}
  IN [kv EXCEPT !.time = time, !.sessions = only(@, live)]

\* A session that begins with the entry at `index` (KV.Open).
OpenSession(kv, index, timeout) ==
  [kv |-> [kv EXCEPT !.sessions =
             with(@, index, [timeout |-> timeout, used |-> kv.time, first |-> 1, replies |-> NoTable])],
   reply |-> [status |-> "OPENED", session |-> index]]

\* A command takes effect, unless it already has.
Execute(kv, command) ==
  LET session == command.session
      seq == command.seq
      said(status) == [status |-> status, session |-> session, seq |-> seq]
      ok(response) == [status |-> "OK", session |-> session, seq |-> seq, response |-> response]
  IN \* KV.Expired: nobody knows any more whether it was executed, so it never is.
     IF session \notin DOMAIN kv.sessions THEN [kv |-> kv, reply |-> said("SESSION_EXPIRED")]
     ELSE LET s == kv.sessions[session]
              first == Max({s.first, command.first})
              become(data, replies) ==
                [kv EXCEPT !.data = data,
                           !.sessions[session] = [s EXCEPT !.used = kv.time, !.first = first,
                                                           !.replies = only(replies, {n \in DOMAIN replies : n >= first})]]
              done == execute(kv.data, command.operation)
          IN \* KV.OldSeq: a late copy of something whose answer the client has.
             IF seq < s.first THEN [kv |-> become(kv.data, s.replies), reply |-> said("STALE")]
             \* KV.SameSeq: asked again: the same answer, whatever the map says by now.
             ELSE IF seq \in DOMAIN s.replies
               THEN [kv |-> become(kv.data, s.replies),
                     reply |-> ok(s.replies[seq])]
             \* KV.CacheReply: in the replicated state, so that the next leader knows it.
             ELSE [kv |-> become(done.data, with(s.replies, seq, done.response)),
                   reply |-> ok(done.response)]

\* What the entry at `index` does: [time, request], a request with the clock reading of the leader that put it there.
apply(kv, index, entry) ==
  LET now == Advance(kv, entry.time)
  IN IF entry.request.type = "open" THEN OpenSession(now, index, entry.request.timeout) ELSE Execute(now, entry.request)
=============================================================================
