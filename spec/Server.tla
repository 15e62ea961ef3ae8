------------------------------- MODULE Server -------------------------------
(* Figure 2, "State": one server as a record, and the only ways to read its *)
(* log and its configuration. Twin of src/raft/Server.ts.                   *)
EXTENDS Naturals, FiniteSets, Sequences

CONSTANTS Nil,       \* no vote; not a server
          Settings   \* [maxEntries  |-> the most entries that one AppendEntries carries,
                     \*  preVote     |-> whether a server asks before it campaigns (diss. 9.6),
                     \*  checkQuorum |-> whether a leader without a quorum steps down, and who hears a leader votes for
                     \*                 nobody (diss. 4.2.3, 6.2)]

Max(S) == CHOOSE x \in S : \A y \in S : x >= y
Min(S) == CHOOSE x \in S : \A y \in S : x <= y

\* `members` with the same value each.
forAll(members, value) == [j \in members |-> value]

\* A server that has never run (Figure 2, initial values).
InitServer(id, members) ==
  [id           |-> id,
   members      |-> members,              \* the configuration this server goes by
   \* Persistent: on disk before a step's messages leave.
   currentTerm  |-> 0,
   votedFor     |-> Nil,
   log          |-> [lastIncludedIndex |-> 0, lastIncludedTerm |-> 0, entries |-> <<>>],
   \* Volatile.
   role         |-> "follower",
   votesGranted |-> {},                   \* while candidate or pre-candidate: who granted (or would grant) its vote
   commitIndex  |-> 0,
   lastApplied  |-> 0,
   leaderContact |-> FALSE,               \* heard a leader within the minimum election timeout
   recentActive |-> {},                   \* while leader: who has answered since the last CheckQuorum
   \* Volatile, leaders only: otherwise 1 and 0 throughout.
   nextIndex    |-> forAll(members, 1),
   matchIndex   |-> forAll(members, 0)]

\* Index of the last entry; 0 when there never was one.
lastIndex(log) == log.lastIncludedIndex + Len(log.entries)

\* The entry at k, for lastIncludedIndex < k <= lastIndex.
entryAt(log, k) == log.entries[k - log.lastIncludedIndex]

\* The term of the entry at k, for lastIncludedIndex <= k <= lastIndex; 0 at 0.
termAt(log, k) == IF k = log.lastIncludedIndex THEN log.lastIncludedTerm ELSE entryAt(log, k).term

lastTerm(log) == termAt(log, lastIndex(log))

\* At most `count` entries, from index `from` on.
entriesFrom(log, from, count) ==
  SubSeq(log.entries, from - log.lastIncludedIndex,
         Min({from - log.lastIncludedIndex + count - 1, Len(log.entries)}))

\* The log up to and including k, then `entries`.
replaceAfter(log, k, entries) ==
  [log EXCEPT !.entries = SubSeq(@, 1, k - log.lastIncludedIndex) \o entries]

\* Everyone else in the configuration that s goes by.
Peers(s) == s.members \ {s.id}

\* Whether `ids` are a majority of the configuration that s goes by.
IsQuorum(s, ids) == 2 * Cardinality(ids \cap s.members) > Cardinality(s.members)
=============================================================================
