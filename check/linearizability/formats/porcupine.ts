// Porcupine's logs of a map, from the MIT labs: `{:process 0, :type :invoke, :f :append, :key "4", :value "x 0 1 y"}`.
import * as Result from "effect/Result"
import { HistoryError } from "../History.ts"
import type { History } from "../History.ts"
import { pair } from "./events.ts"
import type { Event, Outcome } from "./events.ts"

const string = String.raw`"(?:[^"\\]|\\.)*"`
const operation = new RegExp(
  String.raw`^\s*\{:process (\d+), :type :(invoke|ok|fail|info), :f :(\S+), :key (${string}), :value (nil|${string})\}\s*$`
)

/** Reads such a log. An absent key reads as the empty string there. */
export const readPorcupine = (text: string, file: string): Result.Result<ReadonlyArray<History>, HistoryError> => {
  const events: Array<Event> = []
  for (const [i, content] of text.split("\n").entries()) {
    if (content.trim() === "") continue
    const [, process, type, op, key, value] = operation.exec(content) ?? []
    if (value === undefined) {
      const reason = "not an operation: expected {:process, :type, :f, :key, :value}"
      return Result.fail(new HistoryError({ file, line: i + 1, reason }))
    }
    events.push({
      line: i + 1,
      process: Number(process),
      type: type as Event["type"],
      op: op!,
      key: JSON.parse(key!) as string,
      value: value === "nil" ? null : (JSON.parse(value) as string)
    })
  }
  return pair(events, file, (invocation) => invocation.value, outcome)
}

const outcome = ({ type, op, value }: Event): Outcome =>
  type === "info" ? "unknown" : type === "fail" ? "never" : { output: op === "get" ? value : null }
