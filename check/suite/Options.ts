/** What `lockstep check` is asked for, and whom it tells. */
import type { Row } from "./Row.ts"

export interface SuiteOptions {
  /** Hours instead of minutes. */
  readonly deep: boolean
  /** Of the random executions. */
  readonly seed: number
  readonly signal: AbortSignal
  /** Called with what is being done now. */
  readonly onProgress: (line: string) => void
  /** Called with each row when it is there. */
  readonly onRow: (row: Row) => void
}
