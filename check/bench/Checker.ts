/** A checker in a process of its own, so that what it costs is its own, and that its end is not ours. */
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { createInterface } from "node:readline"
import type { Interface } from "node:readline"

/** What a checker is asked: one line of JSON. */
export interface Request {
  readonly file: string
  /** Of a generated history; logs say what they are. */
  readonly model?: string
  /** Go on checking for so long, at least once: many checks of a small history tell more than one. */
  readonly batchMs: number
  /** The budget of one check. */
  readonly timeoutMs: number
  readonly bytes: number
  /** Porcupine stops at the first bad key unless it is asked for all. */
  readonly all?: boolean
  /** Of us: check on two threads; explain, with a minimal core for each bad key. */
  readonly twoThreads?: boolean
  readonly cores?: boolean
}

/** What it answers; times are means of the batch. */
export interface Answer {
  /** Or what was used up. A checker that did not survive its memory limit has crashed. */
  readonly verdict: "ok" | "illegal" | "time" | "memory" | "crashed"
  /** The bad keys, of a checker that names them. */
  readonly bad?: ReadonlyArray<string>
  /** The sizes of the minimal cores that were asked for. */
  readonly cores?: ReadonlyArray<number>
  readonly checks: number
  /** User and system time of the process, garbage collection included. */
  readonly cpuMs: number
  readonly wallMs: number
  /** The most memory that the process has had in use so far. */
  readonly rssMb: number
}

export const isDecided = ({ verdict }: Pick<Answer, "verdict">): boolean => verdict === "ok" || verdict === "illegal"

export class Checker {
  readonly #command: ReadonlyArray<string>
  #process: { readonly child: ChildProcess; readonly lines: Interface } | undefined

  constructor(command: ReadonlyArray<string>) {
    this.#command = command
  }

  /** After an answer that is no verdict the process is ended: its memory is full of what helped nothing. */
  async ask(request: Request): Promise<Answer> {
    const { child, lines } = (this.#process ??= this.#start())
    const start = performance.now()
    const answered = new Promise<Answer>((resolve) => {
      lines.once("line", (line) => resolve(JSON.parse(line) as Answer))
      child.once("exit", () => {
        const wallMs = performance.now() - start
        // The answer may come just before the end, and be read after it.
        setTimeout(() => resolve({ verdict: "crashed", checks: 1, cpuMs: wallMs, wallMs, rssMb: NaN }), 200)
      })
    })
    child.stdin!.write(`${JSON.stringify(request)}\n`)
    const answer = await answered
    lines.removeAllListeners("line")
    child.removeAllListeners("exit")
    if (!isDecided(answer)) this.end()
    return answer
  }

  end(): void {
    this.#process?.child.kill("SIGKILL")
    this.#process = undefined
  }

  #start() {
    const child = spawn(this.#command[0]!, this.#command.slice(1), { stdio: ["pipe", "pipe", "inherit"] })
    // A process that ends early does not read its request.
    child.stdin.on("error", () => {})
    return { child, lines: createInterface({ input: child.stdout }) }
  }
}

/** A checker and what it is asked. */
export interface Side {
  readonly checker: Checker
  readonly request: Request
}

/** How many times as long the first batch is, in which a side warms up. */
const WARM = 10

/**
 * The best of several batches of each side (least CPU, least wall), the sides taking turns. The first batch is for warming
 * up, and counts only where it took so long that warmth doesn't matter. No side goes on for much more than 2 s, or after
 * it found no answer.
 */
export const compare = async (sides: ReadonlyArray<Side>): Promise<ReadonlyArray<Answer>> => {
  const runs = sides.map((side) => ({ ...side, spentMs: 0, best: undefined as Answer | undefined }))
  for (let round = 0; round <= 5; round++) {
    for (const run of runs) {
      if (run.best !== undefined && (run.spentMs > 2000 || !isDecided(run.best))) continue
      const isFirst = round === 0
      const { batchMs } = run.request
      const answer = await run.checker.ask({ ...run.request, batchMs: isFirst ? WARM * batchMs : batchMs })
      if (!isFirst) run.spentMs += answer.wallMs * answer.checks
      if (isFirst && isDecided(answer) && answer.wallMs < 500) continue
      const { cpuMs = Infinity, wallMs = Infinity } = run.best ?? {}
      run.best = { ...answer, cpuMs: Math.min(answer.cpuMs, cpuMs), wallMs: Math.min(answer.wallMs, wallMs) }
    }
  }
  return runs.map((run) => run.best!)
}
