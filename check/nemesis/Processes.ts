/** The servers of a cluster as processes of the operating system, which are killed, stopped and started again. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { ServerId } from "../../src/raft/Server.ts"

const main = fileURLToPath(new URL(`../../src/cli/main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url))

export type Condition = "running" | "stopped" | "down"

export class ServerProcess {
  readonly id: ServerId
  readonly #args: ReadonlyArray<string>
  /** Of all of its lives: what the process writes. */
  readonly #log: string
  #child: ChildProcess | undefined
  #gone: Promise<void> = Promise.resolve()
  #isKilled = false
  /** How often it was started. */
  lives = 0
  condition: Condition = "down"
  /** How it ended although nobody killed it. */
  ended: string | undefined

  constructor(id: ServerId, args: ReadonlyArray<string>, log: string) {
    this.id = id
    this.#args = args
    this.#log = log
  }

  start(): void {
    if (this.condition !== "down") return
    const log = openSync(this.#log, "a")
    const child = spawn(process.execPath, [main, ...this.#args], { stdio: ["ignore", log, log] })
    closeSync(log)
    this.#child = child
    this.#isKilled = false
    this.lives++
    this.condition = "running"
    this.#gone = new Promise((resolve) => {
      const gone = (how: string) => {
        this.condition = "down"
        if (!this.#isKilled) this.ended = `${this.id} ended by itself (${how}): ${lastLine(this.#log)}`
        resolve()
      }
      child.once("exit", (code, signal) => gone(signal ?? `exit code ${code}`))
      child.once("error", (error) => gone(error.message))
    })
  }

  /** SIGKILL: it can do nothing about it. Waits until the process is gone. */
  async kill(): Promise<void> {
    this.killNow()
    await this.#gone
  }

  killNow(): void {
    if (this.condition === "down") return
    this.#isKilled = true
    this.#child!.kill("SIGKILL")
  }

  /** It stands still, as in a long pause of its machine, until `goOn`. */
  stop(): void {
    if (this.condition === "running" && this.#child!.kill("SIGSTOP")) this.condition = "stopped"
  }

  goOn(): void {
    if (this.condition === "stopped" && this.#child!.kill("SIGCONT")) this.condition = "running"
  }
}

const lastLine = (file: string): string => readFileSync(file, "utf8").trimEnd().split("\n").at(-1) ?? ""

/** Processes that are gone when the scope is closed, or this process ends in any way that it hears of. */
export const processes = (all: ReadonlyArray<ServerProcess>): Effect.Effect<void, never, Scope.Scope> => {
  const killAll = () => all.forEach((server) => server.killNow())
  return Effect.acquireRelease(
    Effect.sync(() => void process.on("exit", killAll)),
    () => Effect.promise(async () => {
      await Promise.all(all.map((server) => server.kill()))
      process.off("exit", killAll)
    })
  )
}
