// Logs that have a line per call and a line per return: pairs them into operations. The clock is the line.
import * as Result from "effect/Result"
import { HistoryError } from "../History.ts"
import type { History, Json, Operation } from "../History.ts"

/** One line of such a log. */
export interface Event {
  readonly line: number
  readonly process: number
  readonly type: "invoke" | "ok" | "fail" | "info"
  readonly op: string
  readonly key: string
  readonly value: Json
}

/**
 * What a completion says: it answered `output`; or it had no effect at all (`never`), and is no operation then; or its
 * outcome is unknown.
 */
export type Outcome = { readonly output: Json } | "never" | "unknown"

/** Pairs each invocation with the next completion of the same process. What has none is of unknown outcome. */
export const pair = (
  events: ReadonlyArray<Event>,
  file: string,
  value: (invocation: Event) => Json,
  outcome: (completion: Event) => Outcome
): Result.Result<ReadonlyArray<History>, HistoryError> => {
  const operations = new Map<Event, Operation>()
  const open = new Map<number, Event>()
  for (const event of events) {
    const { line, process, op } = event
    const fail = (reason: string) => Result.fail(new HistoryError({ file, line, reason }))
    const invocation = open.get(process)
    if (event.type === "invoke") {
      if (invocation !== undefined) {
        return fail(`process ${process} invokes ${op} while its ${invocation.op} of line ${invocation.line} is open`)
      }
      open.set(process, event)
      const { key } = event
      operations.set(event, { client: process, op, key, value: value(event), call: line, return: null, output: null })
      continue
    }
    if (invocation === undefined) return fail(`process ${process} completes ${op} without an invocation`)
    if (invocation.op !== op || invocation.key !== event.key) {
      return fail(`process ${process} completes ${op}, but invoked ${invocation.op} in line ${invocation.line}`)
    }
    open.delete(process)
    const said = outcome(event)
    if (said === "never") operations.delete(invocation)
    else if (said !== "unknown") {
      operations.set(invocation, { ...operations.get(invocation)!, return: line, output: said.output })
    }
  }
  const lines = [...operations.keys()].map((event) => event.line)
  return Result.succeed([{ operations: [...operations.values()], lines }])
}
