// Jepsen's logs of a register in etcd, as Porcupine has them: `INFO  jepsen.util - 3  :invoke  :cas  [1 4]`.
import * as Result from "effect/Result"
import { HistoryError } from "../History.ts"
import type { History, Json } from "../History.ts"
import { pair } from "./events.ts"
import type { Event, Outcome } from "./events.ts"

const logLine = /\bjepsen\.util\s+-\s+(\d+\s+:.*)$/
const otherLine = /^\s*$|\bjepsen\.|^(TRACE|DEBUG|INFO|WARN|ERROR)\b/
const operation = /^(\d+)\s+:(invoke|ok|fail|info)\s+:(\S+)\s+(\S.*?)\s*$/

/** Reads such a log. Lines that are no operations (of the nemesis, or of the test itself) are skipped. */
export const readJepsen = (text: string, file: string): Result.Result<ReadonlyArray<History>, HistoryError> => {
  const events: Array<Event> = []
  for (const [i, content] of text.split("\n").entries()) {
    const line = i + 1
    const fail = (reason: string) => Result.fail(new HistoryError({ file, line, reason }))
    const said = logLine.exec(content)?.[1]
    if (said === undefined) {
      if (otherLine.test(content)) continue
      return fail("not a line of a Jepsen log")
    }
    const [, process, type, op, rest] = operation.exec(said) ?? []
    const value = rest === undefined ? undefined : valueOf(rest)
    if (value === undefined) return fail("not an operation: expected process, :invoke :ok :fail or :info, :read :write or :cas, value")
    events.push({ line, process: Number(process), type: type as Event["type"], op: op!, key: "register", value })
  }
  return pair(events, file, (invocation) => (invocation.op === "read" ? null : invocation.value), outcome)
}

/** `nil`, an integer, a pair of integers, or a keyword such as `:timed-out`, which stays as it is. */
const valueOf = (text: string): Json | undefined => {
  if (text === "nil") return null
  if (/^-?\d+$/.test(text)) return Number(text)
  const both = /^\[(-?\d+) (-?\d+)\]$/.exec(text)
  if (both !== null) return [Number(both[1]), Number(both[2])]
  return text.startsWith(":") ? text : undefined
}

/**
 * In these logs a failed compare-and-set found another value, and a read of nil found none yet. A compare-and-set that
 * timed out may have happened. Any other operation that failed did nothing.
 */
const outcome = ({ type, op, value }: Event): Outcome => {
  if (type === "info") return "unknown"
  if (type === "ok") return { output: op === "read" ? value : op === "cas" ? true : null }
  if (op !== "cas") return "never"
  return Array.isArray(value) ? { output: false } : "unknown"
}
