/** What a whole process costs, as whoever waits for it sees it. */
import { spawn } from "node:child_process"

export interface Whole {
  /** Its exit code; null where a signal ended it. */
  readonly status: number | null
  readonly stdout: string
  readonly wallMs: number
  /** The most memory in use; NaN where the process did not live to tell. */
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

/** Runs a program to its end. Of a Node.js program (the first of `args` is a script) the memory is known too. */
export const wholeProcess = async (program: string, args: ReadonlyArray<string>): Promise<Whole> => {
  const start = performance.now()
  const isNode = program === process.execPath
  const child = spawn(program, [...(isNode ? ["--import", telling] : []), ...args], { stdio: ["ignore", "pipe", "ignore", "pipe"] })
  const [stdout, told, status] = await Promise.all([
    collected(child.stdout!),
    collected(child.stdio[3] as unknown as AsyncIterable<Buffer>),
    new Promise<number | null>((resolve) => child.once("exit", resolve))
  ])
  return { status, stdout, wallMs: performance.now() - start, rssMb: told === "" ? NaN : (Number(told) * 1024) / 1e6 }
}
