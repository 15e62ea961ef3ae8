/** What a whole process costs, as whoever waits for it sees it. */
import { spawn } from "node:child_process"

export interface Whole {
  /** Its exit code; null where a signal ended it. */
  readonly status: number | null
  readonly stdout: string
  readonly wallMs: number
  /** The most memory in use, if that was asked for; Infinity where the process did not live to tell. */
  readonly rssMb: number
}

/** Makes a Node.js process tell, at its end, the most memory it had in use (KiB). */
const telling = `data:text/javascript,${
  encodeURIComponent(`
    import { writeSync } from "node:fs"
    process.on("exit", () => writeSync(3, String(process.resourceUsage().maxRSS)))`)
}`

const collected = async (stream: AsyncIterable<Buffer>): Promise<string> => {
  const pieces: Array<Buffer> = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

/** No process here has a reason to run for longer. */
const patienceMs = 120_000

/**
 * Runs a program to its end, or kills it after two minutes. A Node.js program (the first of `args` is a script) can be made
 * to tell how much memory it had in use, for which it starts a little later.
 */
export const wholeProcess = async (program: string, args: ReadonlyArray<string>, tellsMemory = false): Promise<Whole> => {
  const start = performance.now()
  const child = spawn(program, [...(tellsMemory ? ["--import", telling] : []), ...args], {
    stdio: ["ignore", "pipe", "ignore", "pipe"],
    timeout: patienceMs,
    killSignal: "SIGKILL"
  })
  const [stdout, told, status] = await Promise.all([
    collected(child.stdout!),
    collected(child.stdio[3] as unknown as AsyncIterable<Buffer>),
    new Promise<number | null>((resolve) => child.once("exit", resolve))
  ])
  return { status, stdout, wallMs: performance.now() - start, rssMb: told === "" ? Infinity : (Number(told) * 1024) / 1e6 }
}
