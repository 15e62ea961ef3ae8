/** A story as a table: a row a step; in the acting server's column what it has become, with what changed. */
import type { Server } from "../../src/raft/Server.ts"
import { actionWords, changeWords, maxWidth, stateWords, wrap } from "./Story.ts"
import type { Story } from "./Story.ts"

const stepWidth = 5
const actionWidth = 22

/**
 * The first and the last row have all servers; in between, a cell has only what the step changed: `L` became leader,
 * `t2` the term, `c1` commitIndex, `v=s1` its vote, `hears` that it hears a leader and `active=s2` who answers one,
 * `-[1]` entries that went and `+[2]` that came, `{3/t2}` a snapshot up to there and `part={3}:1` the pieces of one that is
 * arriving; `(sends)` when it only sent messages. At most `maxWidth` wide, for up to nine servers.
 */
export const storyTable = (story: Story): string => {
  const ids = story.servers.map((s) => s.id)
  const last = new Map(story.servers.map((s) => [s.id, s]))
  const rows: Array<{ step: string; action: ReadonlyArray<string>; cells: ReadonlyArray<ReadonlyArray<string>> }> = []
  const all = (servers: Iterable<Server>) => Array.from(servers, stateWords)
  rows.push({ step: "", action: ["(before)"], cells: all(story.servers) })
  story.steps.forEach((step, n) => {
    const { after, before } = step
    const changes = changeWords(before, after)
    const cell = changes.length > 0 ? changes : [step.sends.length > 0 ? "(sends)" : "(same)"]
    last.set(after.id, after)
    rows.push({
      step: String(n + 1),
      action: actionWords(step),
      cells: ids.map((id) => id === after.id ? cell : [])
    })
  })
  rows.push({ step: "", action: ["(after)"], cells: all(last.values()) })

  const room = Math.floor((maxWidth - stepWidth - actionWidth) / ids.length) - 3
  const width = Math.min(room, Math.max(...rows.flatMap(({ cells }) => cells.map((words) => words.join(" ").length))))
  const line = (step: string, action: string, cells: ReadonlyArray<string>) =>
    [`${step.padStart(stepWidth - 1)} ${action.padEnd(actionWidth)}`, ...cells.map((c) => `| ${c.padEnd(width)} `)]
      .join("").trimEnd()
  const lines = [line("step", "action", ids)]
  lines.push("-".repeat(stepWidth + actionWidth + ids.length * (width + 3)))
  for (const { action, cells, step } of rows) {
    const columns = [wrap(action, actionWidth - 1), ...cells.map((words) => wrap(words, width))]
    const height = Math.max(...columns.map((column) => column.length))
    for (let k = 0; k < height; k++) {
      const [first, ...rest] = columns.map((column) => column[k] ?? "")
      lines.push(line(k === 0 ? step : "", first!, rest))
    }
  }
  return [story.title, "", ...lines, ""].join("\n")
}

