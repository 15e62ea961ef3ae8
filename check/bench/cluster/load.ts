/** The program that puts load on a cluster (load/main.go), and one run of it. */
import { execFile } from "node:child_process"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { Missing } from "./commandLine.ts"
import { endWithUs } from "./leftovers.ts"

/** What it prints; load/main.go says what each is. */
export interface LoadResult {
  readonly ops: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly errors: number
  readonly error?: string
  readonly all: number
  readonly cpuUs: number
}

export interface Load {
  readonly protocol: "etcd" | "resp" | "sessions"
  /** HOST:PORT. */
  readonly servers: ReadonlyArray<string>
  readonly clients: number
  readonly connections: number
  readonly seconds: number
  /** The end comes with whichever is first. */
  readonly writes?: number
}

const execute = promisify(execFile)

/** Builds the program; the first time of all takes a minute. */
export const buildLoad = async (): Promise<string> => {
  const folder = fileURLToPath(new URL("../../../node_modules/.cache/lockstep", import.meta.url))
  const program = join(folder, "load")
  mkdirSync(folder, { recursive: true })
  try {
    const cwd = fileURLToPath(new URL("load", import.meta.url))
    await execute("go", ["build", "-buildvcs=false", "-o", program, "."], { cwd })
    return program
  } catch (error) {
    const { code, stderr } = error as { readonly code?: string; readonly stderr?: string }
    const reason = code === "ENOENT" ? "go is not installed" : String(stderr).trim().split("\n").at(-1)
    throw new Missing(`The program that puts the load can't be built: ${reason}`)
  }
}

export const runLoad = async (
  program: string,
  { clients, connections, protocol, seconds, servers, writes }: Load
): Promise<LoadResult> => {
  const running = execute(program, [
    protocol,
    ...["--servers", servers.join(), "--clients", String(clients), "--connections", String(connections)],
    ...["--time", `${seconds}s`, ...writes === undefined ? [] : ["--writes", String(writes)]]
  ])
  endWithUs(running.child)
  return JSON.parse((await running).stdout) as LoadResult
}
