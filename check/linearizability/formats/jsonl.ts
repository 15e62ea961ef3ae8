// Lockstep's own format: JSON lines. Either one operation per line (one history), or one history per line (a bundle).
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { HistoryError, Operation } from "../History.ts"
import type { History } from "../History.ts"

/** One line of a bundle. */
const Bundled = Schema.Struct({
  id: Schema.String,
  model: Schema.String,
  verdict: Schema.optionalKey(Schema.Literals(["Ok", "Illegal"])),
  note: Schema.optionalKey(Schema.Array(Schema.String)),
  ops: Schema.Array(Operation)
})

const strict = { onExcessProperty: "error" } as const
const decodeOperation = Schema.decodeUnknownResult(Operation, strict)
const decodeBundled = Schema.decodeUnknownResult(Bundled, strict)

/** Reads a file of operations or a bundle; blank lines are skipped, and an empty file is an empty history. */
export const readJsonl = (text: string, file: string): Result.Result<ReadonlyArray<History>, HistoryError> => {
  const operations: Array<Operation> = []
  const lines: Array<number> = []
  const histories: Array<History> = []
  for (const [i, content] of text.split("\n").entries()) {
    if (content.trim() === "") continue
    const line = i + 1
    const fail = (reason: string) => Result.fail(new HistoryError({ file, line, reason }))
    const json = parseJson(content)
    if (Result.isFailure(json)) return fail("not JSON")
    const bundled = typeof json.success === "object" && json.success !== null && "ops" in json.success
    if (bundled ? operations.length > 0 : histories.length > 0) return fail("operations and bundled histories in one file")
    if (bundled) {
      const history = decodeBundled(json.success)
      if (Result.isFailure(history)) return fail(`not a history: ${oneLine(history.failure.message)}`)
      const { id, model, verdict, ops } = history.success
      const backwards = ops.find(returnsBeforeCall)
      if (backwards !== undefined) return fail(returnBeforeCall(backwards))
      const expected = verdict === undefined ? {} : { expected: verdict === "Ok" ? ("ok" as const) : ("illegal" as const) }
      histories.push({ id, model, ...expected, operations: ops, lines: ops.map(() => line) })
    } else {
      const x = decodeOperation(json.success)
      if (Result.isFailure(x)) return fail(`not an operation: ${oneLine(x.failure.message)}`)
      if (returnsBeforeCall(x.success)) return fail(returnBeforeCall(x.success))
      operations.push(x.success)
      lines.push(line)
    }
  }
  return Result.succeed(histories.length > 0 ? histories : [{ operations, lines }])
}

const parseJson = (content: string): Result.Result<unknown, unknown> => Result.try(() => JSON.parse(content) as unknown)

const returnsBeforeCall = (x: Operation): boolean => x.return !== null && x.return < x.call

const returnBeforeCall = (x: Operation): string => `${x.op} of client ${x.client} returns at ${x.return}, before its call at ${x.call}`

const oneLine = (message: string): string => message.replaceAll(/\s+/g, " ")
