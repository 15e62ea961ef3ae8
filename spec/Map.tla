-------------------------------- MODULE Map ---------------------------------
(* The sequential map: what an operation does when nothing else happens.    *)
(* Twin of src/kv/Map.ts. The operations of a model have responses of one   *)
(* kind, strings or truth values, for TLC compares none with the other.     *)
EXTENDS Integers, Sequences

CONSTANTS Nil,   \* the value of an absent key; not a string
          Key    \* the keys there are

Max(S) == CHOOSE x \in S : \A y \in S : x >= y
Min(S) == CHOOSE x \in S : \A y \in S : x <= y

\* Tables: functions from some of the numbers.
NoTable == [n \in {} |-> Nil]
only(table, keep) == [n \in DOMAIN table \cap keep |-> table[n]]
with(table, k, value) == [n \in DOMAIN table \cup {k} |-> IF n = k THEN value ELSE table[n]]

InitData == [key \in Key |-> Nil]

\* The key's value; Nil when absent.
valueOf(data, key) == data[key]

\* The map after the operation, and the answer.
execute(data, operation) ==
  LET key == operation.key
      value == valueOf(data, key)
  IN CASE \* KV.Get: the value, or Nil.
          operation.op = "get" -> [data |-> data, response |-> value]
     []   \* KV.Put: whatever was there.
          operation.op = "put" -> [data |-> [data EXCEPT ![key] = operation.value], response |-> Nil]
     []   \* KV.Append: to an absent key it is a Put.
          operation.op = "append" ->
            [data |-> [data EXCEPT ![key] = (IF value = Nil THEN "" ELSE value) \o operation.value], response |-> Nil]
     []   \* KV.Cas: only from the value expected; from Nil, only when absent.
          operation.op = "cas" ->
            IF value = operation.from
              THEN [data |-> [data EXCEPT ![key] = operation.to], response |-> TRUE]
              ELSE [data |-> data, response |-> FALSE]
     []   \* KV.Delete: tells whether the key was there.
          operation.op = "delete" ->
            IF value = Nil
              THEN [data |-> data, response |-> FALSE]
              ELSE [data |-> [data EXCEPT ![key] = Nil], response |-> TRUE]
=============================================================================
