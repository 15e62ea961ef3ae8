/** The replicated map as a state machine (`lockstep/kv`). */
export * from "./KV.ts"
