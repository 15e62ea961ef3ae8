/**
 * An execution as it is shown: a counterexample of the explorer or of TLC, a random execution or a scenario, all alike.
 */
import type { Cluster, Taken } from "../cluster/Cluster.ts"
import type { LocalStep } from "../explorer/Model.ts"
import { sameEntry } from "../raft/Entry.ts"
import type { Message } from "../../src/raft/Message.ts"
import { entriesFrom, entryAt, lastIndex, Peers } from "../../src/raft/Server.ts"
import { requested } from "../raft/Actions.ts"
import type { Entry, Server } from "../../src/raft/Server.ts"
import { entriesOf } from "../raft/Log.ts"
import { boxes, contactText, partialText, roleLetter, snapshotText, valueText, voteText } from "./Notation.ts"

export interface Story {
  /** What it shows, in a line: `violates ElectionSafety`. */
  readonly title: string
  /** The servers before the first step. */
  readonly servers: ReadonlyArray<Server>
  /** One step of one server each (`before.id`); all other servers stay as they are. */
  readonly steps: ReadonlyArray<LocalStep<Server, Message>>
}

/** The step that a cluster's observer was told of, at the time it is told. */
export const stepOf = (
  cluster: Cluster,
  { action, before, consumed, firstSent, step }: Taken
): LocalStep<Server, Message> => ({
  label: action,
  before,
  message: consumed === undefined ? undefined : cluster.sent[consumed],
  after: step.server,
  sends: cluster.sent.slice(firstSent)
})

/** The most characters of a line. */
export const maxWidth = 120

/** What a command says is cut to so many characters: the layer above may encode a lot in it. */
const maxValue = 10

const brief = (value: string): string => {
  const text = valueText(value).trimStart()
  return text.length <= maxValue ? text : `${text.slice(0, maxValue - 1)}…`
}

const briefBoxes = (entries: ReadonlyArray<Entry>): string =>
  boxes(entries.map((entry) => ({ ...entry, value: brief(entry.value) })))

/** For each step, the latest earlier step that sent the message it consumes; `undefined`: none, or none consumed. */
export const sendersOf = (story: Story): ReadonlyArray<number | undefined> => {
  const sent = new Map<string, number>()
  return story.steps.map(({ message, sends }, n) => {
    const sender = message === undefined ? undefined : sent.get(JSON.stringify(message))
    for (const m of sends) sent.set(JSON.stringify(m), n)
    return sender
  })
}

/** What happened, in a word or two: the world's action without its suffix, or the message consumed. */
export const actionWords = ({ after, before, label, message }: LocalStep<Server, Message>): ReadonlyArray<string> => {
  if (message !== undefined) return [message.type, `${message.source}->${message.dest}`]
  const name = label.replace(/Action$/, "")
  return name === "ClientRequest" ? [name, requested(before, after).map(brief).join(" ")] : [name]
}

/** The whole state, in words. */
export const stateWords = (s: Server): ReadonlyArray<string> =>
  [
    roleLetter[s.role],
    `t${s.currentTerm}`,
    `c${s.commitIndex}`,
    ...(s.lastApplied === s.commitIndex ? [] : [`a${s.lastApplied}`]),
    voteText(s),
    contactText(s),
    partialText(s),
    lastIndex(s.log) === 0 ? "[]" : snapshotText(s) + briefBoxes(entriesOf(s.log))
  ].filter((word) => word !== "")

/** What became of the log: entries that went, after `-`, and entries that came, after `+`. */
const logChange = (before: Server, after: Server): ReadonlyArray<string> => {
  let k = Math.max(before.log.lastIncludedIndex, after.log.lastIncludedIndex)
  while (
    k < Math.min(lastIndex(before.log), lastIndex(after.log))
    && sameEntry(entryAt(before.log, k + 1), entryAt(after.log, k + 1))
  ) k++
  // What a snapshot replaces isn't gone.
  const gone = entriesFrom(before.log, k + 1, lastIndex(before.log))
  const come = entriesFrom(after.log, k + 1, lastIndex(after.log))
  const snapshot = after.log.lastIncludedIndex === before.log.lastIncludedIndex ? [] : [snapshotText(after)]
  return [...snapshot, ...(gone.length > 0 ? [`-${briefBoxes(gone)}`] : []), ...(come.length > 0 ? [`+${briefBoxes(come)}`] : [])]
}

/** Who is heard now, where the new role or term doesn't say so: `hears`, `hears=-`; at a leader `active=s2`, `active=-`. */
const contactChange = (before: Server, after: Server): ReadonlyArray<string> => {
  const text = contactText(after)
  if (text === contactText(before)) return []
  if (text !== "") return [text]
  if (after.role !== before.role || after.currentTerm !== before.currentTerm) return []
  return [after.role === "leader" ? "active=-" : "hears=-"]
}

/** What the step changed, in words; none when it only sends. */
export const changeWords = (before: Server, after: Server): ReadonlyArray<string> => {
  const vote = voteText(after)
  return [
    ...(after.role === before.role ? [] : [roleLetter[after.role]]),
    ...(after.currentTerm === before.currentTerm ? [] : [`t${after.currentTerm}`]),
    ...(after.commitIndex === before.commitIndex ? [] : [`c${after.commitIndex}`]),
    // What is applied as it commits goes without saying.
    ...(after.lastApplied === before.lastApplied
        || (after.lastApplied === after.commitIndex && after.commitIndex !== before.commitIndex)
      ? []
      : [`a${after.lastApplied}`]),
    ...(after.votedFor === before.votedFor || after.role !== "follower" ? [] : [vote === "" ? "v=-" : vote]),
    ...(after.votesGranted.length === 0 || vote === voteText(before) ? [] : [vote]),
    ...contactChange(before, after),
    ...(partialText(after) === partialText(before) ? [] : [partialText(after) || "part=-"]),
    ...logChange(before, after),
    ...(after.role !== "leader" || before.role !== "leader" ? [] : Peers(after).flatMap((j) => [
      ...(after.nextIndex[j] === before.nextIndex[j] ? [] : [`next[${j}]=${after.nextIndex[j]}`]),
      ...(after.matchIndex[j] === before.matchIndex[j] ? [] : [`match[${j}]=${after.matchIndex[j]}`]),
      ...(after.snapshotOffset[j] === before.snapshotOffset[j] ? [] : [`offset[${j}]=${after.snapshotOffset[j]}`])
    ]))
  ]
}

/** Words packed into lines of at most `width` characters; longer ones are broken, after a box or comma if they have any. */
export const wrap = (words: ReadonlyArray<string>, width: number): Array<string> => {
  const lines: Array<string> = []
  let line = ""
  const add = (piece: string, glue: string) => {
    if (line !== "" && line.length + glue.length + piece.length > width) {
      lines.push(line)
      line = ""
    }
    line = line === "" ? piece : line + glue + piece
    while (line.length > width) {
      lines.push(line.slice(0, width))
      line = line.slice(width)
    }
  }
  for (const word of words) {
    if (word.length <= width) add(word, " ")
    else word.split(/(?<=\](?=\[)|,)/).forEach((piece, n) => add(piece, n === 0 ? " " : ""))
  }
  if (line !== "") lines.push(line)
  return lines
}
