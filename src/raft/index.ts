/** The pure core of Raft (`lockstep/raft`): values in, values out. */
export * from "./Commit.ts"
export * from "./Election.ts"
export * from "./Message.ts"
export * from "./Raft.ts"
export * from "./Replication.ts"
export * from "./Server.ts"
export * from "./Snapshot.ts"
export * from "./World.ts"
