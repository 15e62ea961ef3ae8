/** Places in the sources, as mutants name them: files, and texts that several of them replace. */

export const election = "src/raft/Election.ts"
export const replication = "src/raft/Replication.ts"
export const commit = "src/raft/Commit.ts"
export const raft = "src/raft/Raft.ts"
export const server = "src/raft/Server.ts"
export const snapshot = "src/raft/Snapshot.ts"
export const specElection = "spec/Election.tla"
export const specReplication = "spec/Replication.tla"
export const specCommit = "spec/Commit.tla"
export const specRaft = "spec/Raft.tla"
export const specServer = "spec/Server.tla"
export const specSnapshot = "spec/Snapshot.tla"

/** AE3 and AE4: what becomes of the log. */
export const newLog = {
  file: replication,
  from: "first > lastNew ? s.log : replaceAfter(s.log, first - 1, m.entries.slice(first - m.prevLogIndex - 1))"
}
export const specNewLog = {
  file: specReplication,
  from: `IF first > lastNew THEN @
                     ELSE replaceAfter(@, first - 1, SubSeq(m.entries, first - m.prevLogIndex, Len(m.entries)))`
}

/** AE5. */
export const newCommit = { file: replication, from: "Math.max(s.commitIndex, Math.min(m.leaderCommit, lastNew))" }
export const specNewCommit = { file: specReplication, from: "Max({@, Min({m.leaderCommit, lastNew})})" }
