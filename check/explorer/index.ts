/** The exhaustive explorer of any model (`lockstep/explorer`). */
export { explore } from "./Explore.ts"
export type { Exploration } from "./Explore.ts"
export { exploreInParallel } from "./Parallel.ts"
export type { ModelRef } from "./ModelRef.ts"
export type { Edge, Graph } from "./Graph.ts"
export type * from "./Model.ts"
export type { Options, Progress, Result, TraceStep, Violation } from "./Result.ts"
