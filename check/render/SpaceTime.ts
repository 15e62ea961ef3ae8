/** A story as a space-time diagram: a column a server, time runs down, an arrow where a message arrives. */
import type { Message } from "../../src/raft/Message.ts"
import { actionWords, changeWords, maxWidth, sendersOf, stateWords, wrap } from "./Story.ts"
import type { Story } from "./Story.ts"

const stepWidth = 5

const shortName: Readonly<Record<Message["type"], string>> = {
  PreVoteRequest: "PreVote",
  PreVoteResponse: "WouldVote",
  RequestVoteRequest: "RequestVote",
  RequestVoteResponse: "Vote",
  AppendEntriesRequest: "Append",
  AppendEntriesResponse: "Answer",
  InstallSnapshotRequest: "Install",
  InstallSnapshotResponse: "Received"
}

/**
 * `*` marks a step in the acting server's column, what changed stands below it. An arrow comes from the sender's
 * column and says what arrives, and in which step it was sent: `--Vote(2)-->*`; `(?)` if before the first. Between
 * columns too narrow for the name only `(2)` is said. At most `maxWidth` wide.
 */
export const spaceTime = (story: Story): string => {
  const ids = story.servers.map((s) => s.id)
  const pitch = Math.min(30, Math.floor((maxWidth - stepWidth) / ids.length))
  const column = (id: string) => stepWidth + ids.indexOf(id) * pitch
  const lifelines = () => {
    const line = Array.from({ length: maxWidth }, () => " ")
    for (const id of ids) line[column(id)] = "|"
    return line
  }
  const put = (line: Array<string>, at: number, text: string) => {
    for (let k = 0; k < text.length && at + k < maxWidth; k++) line[at + k] = text[k]!
  }
  const lines: Array<string> = []
  const finish = (line: ReadonlyArray<string>) => lines.push(line.join("").trimEnd())
  /** Words right of a server's lifeline, one line or more. */
  const note = (cells: ReadonlyMap<string, ReadonlyArray<string>>) => {
    const wrapped = ids.map((id) => wrap(cells.get(id) ?? [], pitch - 3))
    for (let k = 0; k < Math.max(...wrapped.map((w) => w.length)); k++) {
      const line = lifelines()
      ids.forEach((id, n) => put(line, column(id) + 2, wrapped[n]![k] ?? ""))
      finish(line)
    }
  }

  const head = Array.from({ length: maxWidth }, () => " ")
  for (const id of ids) put(head, column(id), id)
  finish(head)
  note(new Map(story.servers.map((s) => [s.id, stateWords(s)])))
  const sentIn = sendersOf(story)
  story.steps.forEach((step, n) => {
    const { after, before, message } = step
    const line = lifelines()
    put(line, 0, String(n + 1).padStart(stepWidth - 2))
    const to = column(after.id)
    if (message === undefined) {
      put(line, to + 2, actionWords(step).join(" "))
    } else {
      const from = column(message.source)
      const number = `(${sentIn[n] === undefined ? "?" : sentIn[n]! + 1})`
      const left = Math.min(from, to) + 1
      const length = Math.abs(from - to) - 1
      const name = shortName[message.type] + number
      const label = name.length + 4 <= length ? name : number
      put(line, left, "-".repeat(length))
      put(line, left + Math.floor((length - label.length) / 2), label)
      put(line, from < to ? to - 1 : to + 1, from < to ? ">" : "<")
    }
    line[to] = "*"
    finish(line)
    note(new Map([[after.id, changeWords(before, after)]]))
  })
  return [story.title, "", ...lines, ""].join("\n")
}
