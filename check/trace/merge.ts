/** The traces of several processes as one, in which a line comes after the line that sent what it consumes. */
import * as Result from "effect/Result"
import type { ServerId } from "../../src/raft/Server.ts"
import { TraceError } from "./Format.ts"
import type { Line } from "./Format.ts"

interface Part {
  readonly file: string
  readonly lines: ReadonlyArray<{ readonly text: string; readonly line: Line }>
  /** By number: the position of its last line. What a restart has undone is another's number, or nobody's business. */
  readonly places: ReadonlyMap<number, number>
  /** How many are merged. */
  done: number
}

/**
 * Merges traces that `layerTraceFile` has written, one for each server that took a step, and all of one run; pure. A last
 * line that is torn is left out. Whatever else is wrong with a line, the reader of the merged trace will say.
 */
export const mergeTraces = (
  traces: ReadonlyArray<{ readonly file: string; readonly text: string }>
): Result.Result<string, TraceError> => {
  const parts = new Map<ServerId, Part>()
  const headers: Array<string> = []
  for (const { file, text } of traces) {
    const texts = text.slice(0, text.lastIndexOf("\n") + 1).split("\n").slice(0, -1)
    const parsed: Array<Part["lines"][number]> = []
    for (const [n, text] of texts.entries()) {
      try {
        const line = JSON.parse(text) as Line
        if (n > 0) parsed.push({ text, line })
      } catch {
        return Result.fail(new TraceError({ file, line: n + 1, reason: "not JSON" }))
      }
    }
    headers.push(...texts.slice(0, 1))
    if (headers.at(-1) !== headers[0]) {
      return Result.fail(new TraceError({ file, line: 1, reason: `not the header of ${traces[0]!.file}` }))
    }
    const node = parsed[0]?.line.node
    if (node === undefined) continue
    const other = parts.get(node)
    if (other !== undefined) {
      return Result.fail(new TraceError({ file, line: 2, reason: `${node}'s trace is in ${other.file}` }))
    }
    const places = new Map(parsed.map(({ line }, n) => [line.number, n]))
    parts.set(node, { file, lines: parsed, places, done: 0 })
  }

  const merged = headers.slice(0, 1)
  /** Whether what the line consumes was sent by a line that is merged already. */
  const ready = ({ consumed }: Line): boolean => {
    if (consumed === undefined) return true
    const sender = parts.get(consumed.node)
    return (sender?.places.get(consumed.number) ?? Infinity) < (sender?.done ?? 0)
  }
  const all = [...parts.values()]
  for (let before = -1; before !== merged.length;) {
    before = merged.length
    for (const part of all) {
      while (part.done < part.lines.length && ready(part.lines[part.done]!.line)) merged.push(part.lines[part.done++]!.text)
    }
  }
  const stuck = all.filter(({ done, lines }) => done < lines.length)
  if (stuck.length === 0) return Result.succeed(merged.map((text) => `${text}\n`).join(""))
  const waits = (part: Part) => part.lines[part.done]!.line.consumed!
  const isMissing = ({ node, number }: ReturnType<typeof waits>) => parts.get(node)?.places.has(number) !== true
  const first = stuck.find((part) => isMissing(waits(part))) ?? stuck[0]!
  const { node, number } = waits(first)
  const why = isMissing(waits(first)) ? "which no trace has" : "which itself comes after this line"
  const reason = `consumes a message of ${node}'s step ${number}, ${why}`
  return Result.fail(new TraceError({ file: first.file, line: first.done + 2, reason }))
}
