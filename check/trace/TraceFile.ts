/**
 * The trace of a process: an `Observer` that writes the steps of one server to a file, each before it is saved and before
 * anything of it leaves. So whoever kills the process loses no line of a step that its disk or others may know of. Nothing
 * is synced: a power cut may lose lines, and then the next start refuses the file.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import * as fs from "node:fs"
import type { ServerId } from "../../src/raft/Server.ts"
import { Observer } from "../../src/shell/Observer.ts"
import type { TakenStep } from "../../src/shell/Observer.ts"
import { Header, Line } from "./Format.ts"
import { lineOf } from "./TraceWriter.ts"

/** The file can't go on with what the server's disk holds, or can't be read or written. */
export class TraceFileError extends Data.TaggedError("TraceFileError")<{
  readonly file: string
  readonly reason: string
}> {
  override readonly message = `${this.file}: ${this.reason}`
  override readonly [Runtime.errorExitCode] = 2
}

/** A line may hold the whole state once so many are written since the last that did. */
const keyframeEvery = 500

/** Writes the server's trace to `file`, a new one or the one of its earlier lives, for as long as the scope is open. */
export const layerTraceFile = (file: string, header: Header): Layer.Layer<never, TraceFileError> =>
  Layer.effect(Observer, Effect.gen(function*() {
    const attempt = <A>(work: () => A) =>
      Effect.try({
        try: work,
        catch: (cause) =>
          cause instanceof TraceFileError ? cause : new TraceFileError({ file, reason: String((cause as Error).message) })
      })
    const descriptor = yield* Effect.acquireRelease(
      attempt(() => fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_CREAT)),
      (descriptor) => Effect.sync(() => fs.closeSync(descriptor))
    )
    const found = yield* attempt(() => open(descriptor, file, header))
    let end = found.end
    let sinceKeyframe = 0

    const append = (text: string) => {
      const bytes = Buffer.from(text)
      // A write may be short without being an error.
      for (let done = 0; done < bytes.length;) {
        const written = fs.writeSync(descriptor, bytes, done, bytes.length - done, end)
        done += written
        end += written
      }
    }

    const lineText = (taken: TakenStep): string => {
      const { before, consumed, number } = taken
      const whole = sinceKeyframe >= keyframeEvery && !mayChangeDisk(taken)
      sinceKeyframe = whole ? 0 : sinceKeyframe + 1
      const name = consumed === undefined ? undefined : {
        node: consumed.message.source,
        number: consumed.number,
        position: consumed.position,
        message: consumed.message
      }
      return `${JSON.stringify(lineOf(before.id, number, taken, name, whole))}\n`
    }

    // A trace with a gap proves nothing: the server must not go on without it.
    return {
      resume: (server, durable) =>
        attempt(() => {
          const last = lastThatCounts(found.lines(), server, durable, (reason) => {
            throw new TraceFileError({ file, reason })
          })
          // No restart will say that these never happened: the server starts as if for the first time.
          if (last === 0) {
            end = found.begin
            fs.ftruncateSync(descriptor, end)
          }
          return last
        }).pipe(Effect.orDie),
      taken: (steps) => attempt(() => append(steps.map(lineText).join(""))).pipe(Effect.orDie),
      durable: () => Effect.void
    }
  }))

interface Found {
  /** Where the first line after the header begins, and where the next one goes; in bytes. */
  readonly begin: number
  readonly end: number
  /** The lines after the header, from the last to the first. */
  readonly lines: () => Iterable<Line>
}

/** Reads what is there, or begins with the header; a last line that a kill has torn is cut: nothing of its step was saved. */
const open = (descriptor: number, file: string, header: Header): Found => {
  const bytes = fs.readFileSync(descriptor)
  const end = bytes.lastIndexOf(10) + 1
  fs.ftruncateSync(descriptor, end)
  if (end === 0) {
    const text = Buffer.from(`${JSON.stringify(header)}\n`)
    fs.writeSync(descriptor, text, 0, text.length, 0)
    return { begin: text.length, end: text.length, lines: () => [] }
  }
  const refuse = (reason: string): never => {
    throw new TraceFileError({ file, reason })
  }
  const decode = <A>(text: string, decoder: (json: unknown) => Result.Result<A, { readonly message: string }>): A => {
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch {
      return refuse(`not JSON: ${text.slice(0, 80)}`)
    }
    const decoded = decoder(json)
    return Result.isSuccess(decoded) ? decoded.success : refuse(decoded.failure.message.replaceAll(/\s+/g, " "))
  }
  const begin = bytes.indexOf(10) + 1
  const old = decode(bytes.toString("utf8", 0, begin), Schema.decodeUnknownResult(Header))
  for (const field of ["servers", "settings"] as const) {
    if (JSON.stringify(old[field]) !== JSON.stringify(header[field])) refuse(`a trace of other ${field}`)
  }
  const lines = function*() {
    for (let to = end; to > begin;) {
      const from = bytes.lastIndexOf(10, to - 2) + 1
      yield decode(bytes.toString("utf8", from, to), Schema.decodeUnknownResult(Line))
      to = from
    }
  }
  return { begin, end, lines }
}

/**
 * The number of the last step that happened, of the lines from the last to the first. The disk knows of those up to
 * `durable`. Later ones that left the disk as it was may have happened, and sent something; from the first one that changed
 * what is saved, none did, for nothing leaves before what came before it is durable.
 */
const lastThatCounts = (
  lines: Iterable<Line>,
  server: ServerId,
  durable: number,
  refuse: (reason: string) => never
): number => {
  /** Those above `durable` that no restart has undone, from the last to the first. */
  const later: Array<Line> = []
  let known = 0
  let above = Infinity
  for (const line of lines) {
    if (line.node !== server) refuse(`a trace of ${line.node}, not of ${server}`)
    // A later restart has undone it.
    if (line.number >= above) continue
    above = line.number
    if (line.number <= durable) {
      known = line.number
      break
    }
    later.push(line)
  }
  if (known !== durable) refuse(`${server}'s disk knows of ${durable} steps, this trace of ${known}`)
  const never = later.findLast(changedDisk)
  return never === undefined ? later[0]?.number ?? durable : never.number - 1
}

/** Actions whose whole state is one that changes what is saved, as far as the line can tell. */
const withSnapshot: ReadonlyArray<string> = ["SnapshotAction", "ReceiveInstallSnapshotRequest"]

/** Such a step has a whole state only if the format demands it. */
const mayChangeDisk = ({ action, before: b, step: { server: s } }: TakenStep): boolean =>
  withSnapshot.includes(action) || b.log !== s.log || b.currentTerm !== s.currentTerm || b.votedFor !== s.votedFor

/** Whether what is saved changed. A restart's state is what was saved already. */
const changedDisk = ({ action, change }: Line): boolean =>
  change === undefined
    ? withSnapshot.includes(action)
    : change.currentTerm !== undefined || change.votedFor !== undefined || change.log !== undefined
