/** The text of a scenario as blocks. */
import { verbs as scriptVerbs } from "./Script.ts"
import { settingVerbs } from "./Setup.ts"

/** A scenario that can't be read, or can't happen: one line with file, line and reason. */
export class ScenarioError extends Error {
  readonly file: string
  readonly line: number
  readonly reason: string
  constructor(file: string, line: number, reason: string) {
    super(`${file}:${line}: ${reason}`)
    this.file = file
    this.line = line
    this.reason = reason
  }
}

/** A story that can be read, and can't go on there as it says. */
export class Stuck extends ScenarioError {}

interface Line {
  readonly line: number
  readonly text: string
}

/**
 * `source` is the text up to and including its `----`. `output` begins in line `outputLine`; a last block may lack its
 * `----`, and then has no `outputLine`.
 */
export interface Block {
  readonly source: ReadonlyArray<string>
  readonly commands: ReadonlyArray<Line>
  readonly outputLine: number | undefined
  readonly output: ReadonlyArray<string>
}

const verbs: ReadonlySet<string> = new Set([
  ...scriptVerbs,
  "servers",
  ...settingVerbs,
  "apply-alone",
  "show",
  "messages",
  "progress",
  "contact",
  "client",
  "map",
  "nothing:",
  "mark",
  "back"
])

const verbOf = (text: string): string => text.trim().split(/\s+/)[0]!

/** The blocks of a text. Throws a `ScenarioError` where output runs into the next block: rewriting would lose it. */
export const parse = (text: string, file: string): { blocks: ReadonlyArray<Block>; rest: ReadonlyArray<string> } => {
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === "") lines.pop()
  const blocks: Array<Block> = []
  let source: Array<string> = []
  let commands: Array<Line> = []
  for (let n = 0; n < lines.length; n++) {
    const line = lines[n]!
    source.push(line)
    if (line.trim() === "----") {
      const outputLine = n + 2
      const output: Array<string> = []
      for (; n + 1 < lines.length && lines[n + 1]!.trim() !== ""; n++) {
        const next = lines[n + 1]!.trimEnd()
        if (next.startsWith("#") || verbs.has(verbOf(next))) {
          throw new ScenarioError(file, n + 2, `a blank line must come between output and "${next}"`)
        }
        output.push(next)
      }
      blocks.push({ source, commands, outputLine, output })
      source = []
      commands = []
    } else if (line.trim() !== "" && !line.trimStart().startsWith("#")) {
      commands.push({ line: n + 1, text: line.trim() })
    }
  }
  if (commands.length > 0) {
    while (source.at(-1)!.trim() === "") source.pop()
    blocks.push({ source: [...source, "----"], commands, outputLine: undefined, output: [] })
    source = []
  }
  return { blocks, rest: source }
}
