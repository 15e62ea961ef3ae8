import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { flagsOf, options } from "./quickly.ts"
import { defaults } from "./verifying.ts"

const main = fileURLToPath(new URL("./main.ts", import.meta.url))
const verify = (...args: ReadonlyArray<string>) => spawnSync(process.execPath, [main, "verify", ...args], { encoding: "utf8" })

describe("lockstep verify, at once", () => {
  it("takes plain flags", () => {
    expect(flagsOf(["a.jsonl", "--timeout=1.5", "--memory", "7", "-", "--json", "--fail", "answered-no", "--model", "cas", "--stale-bound", "9"])).toEqual({
      paths: ["a.jsonl", "-"],
      model: "cas",
      format: undefined,
      fail: "answered-no",
      consistency: "linearizable",
      key: undefined,
      staleBound: 9,
      timeout: 1.5,
      memory: 7,
      threads: defaults.threads,
      verdictOnly: false,
      json: true
    })
    expect(flagsOf(["a"])).toEqual({ paths: ["a"], ...defaults, key: undefined, staleBound: undefined, verdictOnly: false, json: false })
  })

  it("leaves all that is to be explained to the other command line", () => {
    for (const args of ["", "a --help", "a --modell x", "a --format xml", "a --fail maybe", "a --consistency eventual", "a --stale-bound x", "a --timeout x", "a --memory 1.5", "a --threads two", "a --html b", "a --json=1", "a --model"]) {
      expect([args, flagsOf(args.split(" ").filter((arg) => arg !== ""))]).toEqual([args, undefined])
    }
  })

  it("knows the same flags as the other one, which says the same", () => {
    const help = verify("--help").stdout
    const flags = help.slice(help.indexOf("\nFLAGS"), help.indexOf("\nGLOBAL FLAGS")).matchAll(/^ *--([\w-]+)/gm)
    expect(Array.from(flags, ([, name]) => name).sort()).toEqual(Object.keys(options).sort())
    // Only the other one takes a level of the log.
    const quick = verify("none.jsonl", "--timeout", "0")
    expect(quick.stderr).toBe("--timeout 0: expected more than 0\n")
    const slow = verify("none.jsonl", "--timeout", "0", "--log-level", "all")
    expect([slow.status, slow.stdout, slow.stderr]).toEqual([quick.status, quick.stdout, quick.stderr])
  }, 20_000)

  it("interrupted while it waits for its input: exit code 130", async () => {
    const child = spawn(process.execPath, [main, "verify", "-"])
    child.stdin.write('{"client":0,"op":"put"')
    setTimeout(() => child.kill("SIGINT"), 1500)
    let stderr = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text)
    expect(await once(child, "close")).toEqual([130, null])
    expect(stderr).toBe("interrupted: the result is partial\n")
  }, 20_000)

  it("is undecided when its memory is used up, and never crashes: exit code 3", () => {
    const folder = mkdtempSync(join(tmpdir(), "lockstep-memory-"))
    // Every order of forty additions is a state of its own, and states are large.
    const add = (value: number) => ({ client: value, op: "add", key: "x", value, call: value, return: 1000 + value, output: null })
    const seen = { client: 99, op: "seen", key: "x", value: null, call: 2000, return: 2001, output: true }
    writeFileSync(join(folder, "h.jsonl"), [...Array.from({ length: 40 }, (_, i) => add(i)), seen].map((x) => JSON.stringify(x)).join("\n"))
    writeFileSync(
      join(folder, "mine.ts"),
      `export const model = { name: "list", init: [], step: (s, x) => x.op === "add" ? [...s, ...Array(300).fill(x.value)] : undefined }`
    )
    const args = [main, "verify", join(folder, "h.jsonl"), "--model", join(folder, "mine.ts"), "--timeout", "100"]
    for (const [heap, memory] of [["4000", "50"], ["200", "20000"]] as const) {
      const { status, stdout } = spawnSync(process.execPath, [`--max-old-space-size=${heap}`, ...args, "--memory", memory], { encoding: "utf8" })
      expect([status, stdout.includes("key x is undecided: memory")]).toEqual([3, true])
    }
    rmSync(folder, { recursive: true })
  }, 120_000)
})
