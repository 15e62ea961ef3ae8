------------------------------ MODULE Coverage ------------------------------
(* What of the rules is evaluated: at all local steps that models can take, *)
(* and at those that the code has taken in recorded executions. Made for    *)
(* TLC's -coverage, which counts the evaluations of every expression,       *)
(* action by action: so either kind is an action.                           *)
(*   Modelled, Executed  rows as those of Steps in Trace.tla; `after` is 0  *)
(*                       where the rule must yield no step                  *)
(* Of the tables of Trace.tla, Steps, Lines and Traces are empty here. Each *)
(* row is an initial state, from which the rules take their values: what is *)
(* counted then has no tables in it, which would make it slow.              *)
EXTENDS Trace

Rows == <<Modelled, Executed>>

InitCoverage ==
  \E kind \in DOMAIN Rows : \E n \in DOMAIN Rows[kind] :
    LET r == Rows[kind][n]
    IN /\ trace = kind
       /\ line = n
       /\ at = [before |-> server(r[1]), action |-> r[2], argument |-> argumentOf(r),
                expected |-> IF r[4] = 0 THEN None
                             ELSE Step(server(r[4]), {message(r[5][k]) : k \in DOMAIN r[5]}, r[6])]

\* The rule yields what the code did.
Agrees ==
  IF stepsOf(at.before, at.action, at.argument) = at.expected THEN TRUE ELSE PrintT(<<"DIFFERS", trace, line>>) /\ FALSE

InModels     == trace = 1 /\ Agrees /\ UNCHANGED vars
InExecutions == trace = 2 /\ Agrees /\ UNCHANGED vars

CoverageSpec == InitCoverage /\ [][InModels \/ InExecutions]_vars
=============================================================================
