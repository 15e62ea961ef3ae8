/** From the text of a trace file to its steps: everything that makes it a trace but the rules of Raft, which are TLC's. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Server, ServerId } from "../../src/raft/Server.ts"
import { InitServer } from "../../src/raft/Server.ts"
import { applyChange, serverOf } from "./Difference.ts"
import { Header, Line, TraceError } from "./Format.ts"
import type { Trace, TraceStep } from "./Format.ts"

const strict = { onExcessProperty: "error" } as const
const decodeHeader = Schema.decodeUnknownResult(Header, strict)
const decodeLine = Schema.decodeUnknownResult(Line, strict)

/** A step as it is built up. */
interface Draft extends TraceStep {
  /** The line of the restart that has undone it. */
  undoneBy?: number
}

/**
 * Reads one trace; pure. The error is the first thing that is wrong, with its line.
 *
 * A restart may go back to an earlier number: what its disk held. The steps from that number on never happened, for
 * nothing of them had left the server; that something of them was consumed is an error.
 */
export const readTrace = (text: string, file: string): Result.Result<Trace, TraceError> => {
  try {
    return Result.succeed(read(text, file))
  } catch (error) {
    if (error instanceof TraceError) return Result.fail(error)
    throw error
  }
}

const read = (text: string, file: string): Trace => {
  const texts = text.split("\n")
  if (texts.at(-1) === "") texts.pop()
  const fail = (line: number, reason: string): never => {
    throw new TraceError({ file, line, reason })
  }
  const decode = <A>(
    line: number,
    what: string,
    decoder: (json: unknown) => Result.Result<A, { readonly message: string }>
  ): A => {
    let json: unknown
    try {
      json = JSON.parse(texts[line - 1]!)
    } catch {
      return fail(line, "not JSON")
    }
    const decoded = decoder(json)
    if (Result.isSuccess(decoded)) return decoded.success
    return fail(line, `not ${what}: ${decoded.failure.message.replaceAll(/\s+/g, " ")}`)
  }

  if (texts.length === 0) fail(1, "empty: expected the header of a trace")
  const header = decode(1, "the header of a trace", decodeHeader)
  const members = header.servers
  /** Each node's steps by number, those that were undone cut off. */
  const histories = new Map<ServerId, Array<Draft>>(members.map((id) => [id, []]))
  const initial = new Map(members.map((id) => [id, InitServer(id, members, header.settings)]))
  const drafts: Array<Draft> = []

  for (let line = 2; line <= texts.length; line++) {
    const found = decode(line, "a step", decodeLine)
    const { action, node, number, resetElectionTimer, sends, values } = found
    const wrong = (reason: string): never => fail(line, reason)
    const history = histories.get(node) ?? wrong(`unknown node ${node} (there are ${members.join(", ")})`)
    const expected = history.length + 1

    if (number > expected) wrong(`${node}'s step ${number} follows its step ${expected - 1}: a line is missing`)
    if (number < expected && action !== "RestartAction") wrong(`${node}'s step ${number} is there already`)
    for (const undone of history.splice(number - 1)) undone.undoneBy = line

    if ((action === "ClientRequestAction") !== (values !== undefined)) {
      wrong(values === undefined ? "a ClientRequestAction has values" : `a ${action} has no values`)
    }
    const before = history.at(-1)?.after ?? initial.get(node)!
    const after = stateAfter(before, found, wrong)
    const consumed = consumption(found, histories, wrong)
    const draft: Draft = { line, node, number, action, values, consumed, before, after, sends, resetElectionTimer }
    history.push(draft)
    drafts.push(draft)
  }

  if (drafts.length === 0) fail(1, "no steps after the header")
  for (const { consumed, line } of drafts) {
    const { node, number, undoneBy } = (consumed?.sender as Draft | undefined) ?? {}
    if (undoneBy !== undefined) {
      fail(line, `consumes a message of ${node}'s step ${number}, which wasn't on disk when ${node} crashed (line ${undoneBy})`)
    }
  }
  const steps = drafts.filter(({ undoneBy }) => undoneBy === undefined)
  return { file, header, steps, lost: drafts.length - steps.length }
}

const stateAfter = (before: Server, line: Line, wrong: (reason: string) => never): Server => {
  const { action, change, node, state } = line
  if ((state === undefined) === (change === undefined)) wrong("expected either a state or a change")
  if (action === "RestartAction" && state === undefined) wrong("a RestartAction has a state: what was read from disk")
  if (action === "SnapshotAction" && state === undefined) wrong("a SnapshotAction has a state: what was taken")
  const after = state === undefined ? applyChange(before, change!) : serverOf(node, before.settings, state)
  if (typeof after === "string") return wrong(after)
  for (const field of ["nextIndex", "matchIndex", "snapshotOffset"] as const) {
    const ids = Object.keys(after[field]).sort()
    if (ids.join() !== after.members.join()) {
      wrong(`${field} is of ${ids.join(", ")}, the members are ${after.members.join(", ")}`)
    }
  }
  return after
}

const consumption = (
  { action, consumed, node }: Line,
  histories: ReadonlyMap<ServerId, ReadonlyArray<TraceStep>>,
  wrong: (reason: string) => never
): TraceStep["consumed"] => {
  const receives = action.startsWith("Receive")
  if (consumed === undefined) return receives ? wrong(`a ${action} consumes a message`) : undefined
  if (!receives) wrong(`a ${action} consumes no message`)
  const { message, position } = consumed
  if (action !== `Receive${message.type}`) wrong(`a ${action} doesn't consume a ${message.type}`)
  if (message.dest !== node) wrong(`${node} consumes a message to ${message.dest}`)
  const sender = histories.get(consumed.node)?.[consumed.number - 1]
  if (sender === undefined) {
    return wrong(`consumes a message of ${consumed.node}'s step ${consumed.number}, which isn't above this line`)
  }
  if (position > sender.sends.length) {
    wrong(`consumes message ${position} of ${consumed.node}'s step ${consumed.number}, which sends ${sender.sends.length}`)
  }
  return { sender, position, message }
}
