/** Lockstep's checker and Porcupine on the same histories, and what is remembered of Porcupine's failures. */
import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { fileOf } from "../histories/shapes.ts"
import type { Shape } from "../histories/shapes.ts"
import { Checker, compare, isDecided } from "./Checker.ts"
import type { Answer, Request } from "./Checker.ts"

/** What both found for one history. */
export interface Pair {
  readonly name: string
  readonly ours: Answer
  /** `undefined`: Porcupine is missing, or known to find no answer. */
  readonly theirs: Answer | undefined
}

/** A request without its limits. */
type Wanted = Omit<Request, "timeoutMs" | "bytes">

/** Where Porcupine found no answer, when it was last asked. */
interface Pinned {
  readonly date: string
  readonly limits: string
  readonly undecided: Readonly<Record<string, string>>
}

// Porcupine's limits are those under which the figures were taken that the goals refer to. Ours are far beyond the goals.
const theirLimits = { timeoutMs: 30_000, bytes: 8 * 2 ** 30 }
export const ourLimits = { timeoutMs: 5000, bytes: 2 ** 31 }

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const pinnedFile = at("porcupine/pinned.json")

/** The program that runs Porcupine, or why there is none. */
const buildPorcupine = (): { readonly program: string } | { readonly missing: string } => {
  const folder = at("../../node_modules/.cache/lockstep")
  const program = join(folder, "porcupine")
  mkdirSync(folder, { recursive: true })
  try {
    execFileSync("go", ["build", "-o", program, "."], { cwd: at("porcupine"), stdio: ["ignore", "ignore", "pipe"] })
    return { program }
  } catch (error) {
    const { code, stderr } = error as { readonly code?: string; readonly stderr?: Buffer }
    return { missing: code === "ENOENT" ? "go is not installed" : `go build: ${String(stderr).trim().split("\n").at(-1)}` }
  }
}

export class Contest {
  /** All that was asked, in this order. */
  readonly asked: Array<Partial<Pair> & Pick<Pair, "name">> = []
  readonly porcupine = buildPorcupine()
  readonly pinned = JSON.parse(readFileSync(pinnedFile, "utf8")) as Pinned
  readonly #ours = new Checker([process.execPath, at("ours.ts")])
  readonly #theirs: Checker | undefined
  readonly full: boolean
  readonly #onProgress: (name: string) => void

  /** With `full`, Porcupine is asked also where it is known to find no answer. */
  constructor(full: boolean, onProgress: (name: string) => void) {
    this.full = full
    this.#onProgress = onProgress
    if ("missing" in this.porcupine) return
    // The shell's limit is for the machine's sake, should the program's own come too late.
    this.#theirs = new Checker(["sh", "-c", `ulimit -v ${14 * 2 ** 20}; exec "$0"`, this.porcupine.program])
  }

  /** The best of several batches of each. */
  async both(name: string, wanted: Wanted): Promise<Pair> {
    this.#onProgress(name)
    const sides = [{ checker: this.#ours, request: { ...wanted, ...ourLimits } }]
    const theirs = this.#theirsFor(name)
    if (theirs !== undefined) sides.push({ checker: theirs, request: { ...wanted, ...theirLimits } })
    const [a, b] = await compare(sides)
    const pair = { name, ours: a!, theirs: b }
    this.asked.push(pair)
    return pair
  }

  async bothOf(shape: Shape, more: Partial<Wanted> = {}): Promise<Pair> {
    return this.both(shape.name, { file: await fileOf(shape), model: shape.settings.model!, batchMs: 20, ...more })
  }

  /** The best of several batches of ours. */
  async ours(wanted: Wanted): Promise<Answer> {
    this.#onProgress(wanted.file)
    const [answer] = await compare([{ checker: this.#ours, request: { ...wanted, ...ourLimits } }])
    return answer!
  }

  /** One check of a generated history within these limits, cold. */
  async oursAlone(shape: Shape, limits: Pick<Request, "timeoutMs" | "bytes">): Promise<Answer> {
    this.#onProgress(shape.name)
    const ours = await this.#ours.ask({ file: await fileOf(shape), batchMs: 0, ...limits })
    this.asked.push({ name: shape.name, ours })
    return ours
  }

  async theirsAlone(shape: Shape): Promise<Answer | undefined> {
    const checker = this.#theirsFor(shape.name)
    if (checker === undefined) return undefined
    this.#onProgress(`${shape.name}, Porcupine`)
    const theirs = await checker.ask({ file: await fileOf(shape), model: shape.settings.model!, batchMs: 0, ...theirLimits })
    this.asked.push({ name: shape.name, theirs })
    return theirs
  }

  #theirsFor(name: string): Checker | undefined {
    return this.full || !Object.hasOwn(this.pinned.undecided, name) ? this.#theirs : undefined
  }

  end(): void {
    this.#ours.end()
    this.#theirs?.end()
  }

  /** Remembers for the next runs where Porcupine found no answer. What was not asked now stays as it was. */
  pin(): void {
    const undecided = { ...this.pinned.undecided }
    for (const { name, theirs } of this.asked) {
      if (theirs === undefined) continue
      delete undecided[name]
      if (!isDecided(theirs)) undecided[name] = theirs.verdict
    }
    const date = new Date().toISOString().slice(0, 10)
    writeFileSync(pinnedFile, `${JSON.stringify({ date, limits: this.pinned.limits, undecided }, null, 2)}\n`)
  }
}
