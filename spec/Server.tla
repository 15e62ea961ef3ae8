------------------------------- MODULE Server -------------------------------
(* Figure 2, "State", and Figure 13's: one server as a record, and the only *)
(* ways to read its log and its configuration. Twin of src/raft/Server.ts.  *)
EXTENDS Naturals, FiniteSets, Sequences

CONSTANTS Nil,       \* no vote; not a server
          Bytes,     \* [value -> its length]: TLC can't measure a string
          Settings   \* [maxBatchBytes       |-> the most that the entries of one AppendEntries measure, but for a first one
                     \*  maxInflight         |-> the most entries sent to a follower ahead of its answer
                     \*  maxUncommittedBytes |-> the most that a leader's uncommitted entries measure, but for a first one
                     \*  chunkSize           |-> the most pieces of a snapshot in one InstallSnapshot
                     \*  preVote             |-> whether a server asks before it campaigns (diss. 9.6),
                     \*  checkQuorum         |-> whether a leader without a quorum steps down, and who hears a leader votes
                     \*                         for nobody (diss. 4.2.3, 6.2)]

Max(S) == CHOOSE x \in S : \A y \in S : x >= y
Min(S) == CHOOSE x \in S : \A y \in S : x <= y

\* `members` with the same value each.
forAll(members, value) == [j \in members |-> value]

\* Nothing of a snapshot has arrived.
NoPartial == [lastIncludedIndex |-> 0, data |-> <<>>]

\* A server that has never run (Figure 2, initial values).
InitServer(id, members) ==
  [id           |-> id,
   members      |-> members,              \* the configuration this server goes by
   \* Persistent: on disk before a step's messages leave.
   currentTerm  |-> 0,
   votedFor     |-> Nil,
   log          |-> [lastIncludedIndex |-> 0, lastIncludedTerm |-> 0, entries |-> <<>>],
   snapshot     |-> [members |-> members, data |-> <<>>],   \* of what the log's first entries amounted to, in pieces
   \* Volatile.
   role         |-> "follower",
   votesGranted |-> {},                   \* while candidate or pre-candidate: who granted (or would grant) its vote
   commitIndex  |-> 0,
   lastApplied  |-> 0,
   leaderContact |-> FALSE,               \* heard a leader within the minimum election timeout
   partial      |-> NoPartial,            \* the first pieces of a snapshot that is arriving
   \* Volatile, leaders only: otherwise as here.
   nextIndex    |-> forAll(members, 1),
   matchIndex   |-> forAll(members, 0),
   pipelined    |-> {},                   \* who is sent entries ahead of its answers; the others are probed
   snapshotOffset |-> forAll(members, 0), \* how many pieces of the snapshot each has acknowledged
   recentActive |-> {}]                   \* who has answered since the last CheckQuorum

\* Index of the last entry; 0 when there never was one.
lastIndex(log) == log.lastIncludedIndex + Len(log.entries)

\* The entry at k, for lastIncludedIndex < k <= lastIndex.
entryAt(log, k) == log.entries[k - log.lastIncludedIndex]

\* The term of the entry at k, for lastIncludedIndex <= k <= lastIndex; 0 at 0.
termAt(log, k) == IF k = log.lastIncludedIndex THEN log.lastIncludedTerm ELSE entryAt(log, k).term

lastTerm(log) == termAt(log, lastIndex(log))

\* What an entry measures; also an empty one costs something.
Size(entry) == 1 + Bytes[entry.value]

\* What the entries from..to measure.
RECURSIVE sizeOf(_, _, _)
sizeOf(log, from, to) == IF from > to THEN 0 ELSE Size(entryAt(log, from)) + sizeOf(log, from + 1, to)

\* The entries from..to.
entriesFrom(log, from, to) == SubSeq(log.entries, from - log.lastIncludedIndex, to - log.lastIncludedIndex)

\* The log without what a snapshot at k replaces, for lastIncludedIndex <= k <= lastIndex (7).
compact(log, k) ==
  [lastIncludedIndex |-> k, lastIncludedTerm |-> termAt(log, k), entries |-> entriesFrom(log, k + 1, lastIndex(log))]

\* The log up to and including k, then `entries`.
replaceAfter(log, k, entries) ==
  [log EXCEPT !.entries = SubSeq(@, 1, k - log.lastIncludedIndex) \o entries]

\* Everyone else in the configuration that s goes by.
Peers(s) == s.members \ {s.id}

\* Whether `ids` are a majority of the configuration that s goes by.
IsQuorum(s, ids) == 2 * Cardinality(ids \cap s.members) > Cardinality(s.members)
=============================================================================
