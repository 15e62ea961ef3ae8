/** What a server has read from its disk, as its trace tells: the state of its restarts. */
import { readFileSync } from "node:fs"
import type { Line } from "../trace/Format.ts"

const restart = "\"action\":\"RestartAction\""

/** What was read at the start of a life (the first one is 1, and reads nothing), in words; `undefined`: nothing. */
export const recoveryOf = (traceFile: string, life: number): string | undefined => {
  const text = readFileSync(traceFile)
  let at = -1
  for (let n = 1; n < life; n++) {
    at = text.indexOf(restart, at + 1)
    if (at === -1) return undefined
  }
  if (at === -1) return undefined
  const line = JSON.parse(text.toString("utf8", text.lastIndexOf(10, at) + 1, text.indexOf(10, at))) as Line
  const { currentTerm, log: { entries, lastIncludedIndex } } = line.state!
  if (entries.length + lastIncludedIndex === 0) return undefined
  const snapshot = lastIncludedIndex === 0 ? "" : ` after a snapshot at ${lastIncludedIndex}`
  return `term ${currentTerm}, ${entries.length} entries${snapshot}`
}
