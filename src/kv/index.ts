/** The replicated map with exactly-once sessions, as pure functions (`lockstep/kv`). */
export * from "./Client.ts"
export * from "./Encoding.ts"
export * from "./Map.ts"
export * from "./Sessions.ts"
export * as Table from "./Table.ts"
