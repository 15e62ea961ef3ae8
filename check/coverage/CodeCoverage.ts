/**
 * Whether executions run every branch of the core, by V8's own count of blocks (`NODE_V8_COVERAGE`): a branch that is
 * written down. That a condition is also false where nothing is written for it, the guards of the specification show
 * (SpecCoverage.ts). An assertion is a `throw`; it isn't asked for.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"
import exceptions from "./exceptions.json" with { type: "json" }

const root = fileURLToPath(new URL("../../", import.meta.url))
const exercise = join(root, "check/coverage/exercise.ts")

/** A block that may stay unexecuted. `line` is all of its first line, without the space around it. */
export interface Exception {
  readonly file: string
  readonly line: string
  readonly reason: string
}

/** A block that wasn't executed. */
export interface Block {
  readonly file: string
  /** From 1. */
  readonly number: number
  readonly line: string
  readonly text: string
}

/** What Node writes for a process. */
interface Recorded {
  readonly result: ReadonlyArray<{
    readonly url: string
    readonly functions: ReadonlyArray<{
      readonly ranges: ReadonlyArray<{ readonly startOffset: number; readonly endOffset: number; readonly count: number }>
    }>
  }>
}

/** The blocks of a file that were never executed; `ranges` as V8 gives them. */
export const unexecuted = (file: string, text: string, ranges: ReadonlyArray<{ startOffset: number; endOffset: number; count: number }>) =>
  ranges.filter(({ count }) => count === 0).flatMap(({ endOffset, startOffset }): ReadonlyArray<Block> => {
    const block = text.slice(startOffset, endOffset)
    if (/^\{?\s*throw\b/.test(block)) return []
    const number = text.slice(0, startOffset).split("\n").length
    return [{ file, number, line: text.split("\n")[number - 1]!.trim(), text: block.replace(/\s+/g, " ") }]
  })

/** One line each: blocks without an exception, and exceptions without a block. */
export const faults = (blocks: ReadonlyArray<Block>, allowed: ReadonlyArray<Exception>): ReadonlyArray<string> => [
  ...blocks.filter((block) => !allowed.some(({ file, line }) => file === block.file && line === block.line))
    .map(({ file, number, text }) => `${file}:${number}: never executed: ${text.slice(0, 80)}`),
  ...allowed.filter(({ file, line }) => !blocks.some((block) => file === block.file && line === block.line))
    .map(({ file, line }) => `${file}: is executed, or isn't there, and has an exception: ${line}`)
]

export interface CodeCoverage {
  readonly files: number
  /** Functions and branches. */
  readonly blocks: number
  readonly exceptions: number
  readonly faults: ReadonlyArray<string>
}

/** What is counted: the folders of pure functions. */
const folders = ["src/raft/", "src/kv/"]

/** Whether the sources are here: a built package has none. */
export const sourcesAreHere = existsSync(exercise)

/** Runs the executions in a process of its own, and counts. */
export const codeCoverage = async (signal: AbortSignal): Promise<CodeCoverage> => {
  const dir = mkdtempSync(join(tmpdir(), "lockstep-coverage-"))
  try {
    const child = spawn(process.execPath, [exercise], {
      env: { ...process.env, NODE_V8_COVERAGE: dir },
      signal,
      stdio: ["ignore", "ignore", "inherit"]
    })
    const [code] = await once(child, "close") as [number | null]
    if (code !== 0) throw new Error(`${relative(root, exercise)} ended with exit code ${code}`)
    const files = new Map<string, number>()
    const blocks: Array<Block> = []
    for (const name of readdirSync(dir)) {
      const { result } = JSON.parse(readFileSync(join(dir, name), "utf8")) as Recorded
      for (const { functions, url } of result) {
        if (!url.startsWith("file:")) continue
        const file = relative(root, fileURLToPath(url)).split(sep).join("/")
        if (!folders.some((folder) => file.startsWith(folder))) continue
        const ranges = functions.flatMap((f) => f.ranges)
        files.set(file, ranges.length)
        blocks.push(...unexecuted(file, readFileSync(join(root, file), "utf8"), ranges))
      }
    }
    const all = folders.flatMap((folder) =>
      readdirSync(join(root, folder)).filter((name) => name.endsWith(".ts") && name !== "index.ts").map((name) => folder + name)
    )
    const unseen = all.filter((file) => !files.has(file)).map((file) => `${file}: never loaded`)
    return {
      files: files.size,
      blocks: [...files.values()].reduce((sum, n) => sum + n, 0),
      exceptions: exceptions.length,
      faults: [...unseen, ...faults(blocks, exceptions)]
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
