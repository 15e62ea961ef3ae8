--------------------------------- MODULE KV ---------------------------------
(* What a client is promised: one map, whose operations each happen at one  *)
(* moment between call and return, once. The answer SESSION_EXPIRED leaves  *)
(* open whether they happened before it; after it they don't.               *)
(* Twin of check/kv/KV.ts.                                                  *)
EXTENDS Map

CONSTANTS Client,     \* ids
          Operation   \* [Client -> what it may ask for]

VARIABLES data,   \* the map
          calls,  \* [Client -> by number, what it waits for: [operation, answer: NotYet, or of length 1]]
          heard   \* [Client -> what it was told last: Nil, [status |-> "OK", response], or [status |-> "SESSION_EXPIRED"]]
vars == <<data, calls, heard>>

NotYet == <<>>

Init ==
  /\ data = InitData
  /\ calls = [c \in Client |-> NoTable]
  /\ heard = [c \in Client |-> Nil]

\* A call begins, beside others of the same client.
Invoke(c) ==
  /\ \E n \in DOMAIN calls'[c] \ DOMAIN calls[c] : \E operation \in Operation[c] :
       calls' = [calls EXCEPT ![c] = with(@, n, [operation |-> operation, answer |-> NotYet])]
  /\ UNCHANGED <<data, heard>>

\* It takes effect: at one moment, and never again.
TakeEffect(c) ==
  /\ \E n \in DOMAIN calls[c] :
       LET done == execute(data, calls[c][n].operation)
       IN /\ calls[c][n].answer = NotYet
          /\ calls' = [calls EXCEPT ![c][n].answer = <<done.response>>]
          /\ data' = done.data
  /\ UNCHANGED heard

\* It returns, with the answer that it had then.
Return(c) ==
  /\ \E n \in DOMAIN calls[c] :
       /\ calls[c][n].answer # NotYet
       /\ calls' = [calls EXCEPT ![c] = only(@, DOMAIN @ \ {n})]
       /\ heard' = [heard EXCEPT ![c] = [status |-> "OK", response |-> calls[c][n].answer[1]]]
  /\ UNCHANGED data

\* The client's session is over, and so is whatever it waited for: what hasn't taken effect by now never will.
Expire(c) ==
  /\ calls' = [calls EXCEPT ![c] = NoTable]
  /\ heard' = [heard EXCEPT ![c] = [status |-> "SESSION_EXPIRED"]]
  /\ UNCHANGED data

Next == \E c \in Client : Invoke(c) \/ TakeEffect(c) \/ Return(c) \/ Expire(c)

Spec == Init /\ [][Next]_vars
=============================================================================
