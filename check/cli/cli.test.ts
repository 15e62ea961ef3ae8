// Goal: whatever a user gets wrong ends in one clear line and a documented exit code. Method: run the command line.
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../../", import.meta.url))
const dir = mkdtempSync(join(tmpdir(), "lockstep-cli-"))
const file = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text)
  return join(dir, name)
}

const lockstep = (args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = {}) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [join(root, "src/cli/main.ts"), ...args], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, ...env }
  })
  return { status, stderr: stderr.trim(), stdout: stdout.trim() }
}

/** One line on stderr, nothing on stdout, no stack. */
const oneLine = (args: ReadonlyArray<string>, status: number, line: RegExp, env?: NodeJS.ProcessEnv) => {
  const ran = lockstep(args, env)
  expect({ status: ran.status, stdout: ran.stdout }).toEqual({ status, stdout: "" })
  expect(ran.stderr.split("\n")).toHaveLength(1)
  expect(ran.stderr).toMatch(line)
}

const request = readFileSync(join(root, "traces/request.ndjson"), "utf8").split("\n")
const noJava = { PATH: dirname(process.execPath) }

describe("Bad usage and bad input: exit code 2, one line with file, line and reason", () => {
  it("an unknown command", () => oneLine(["explre"], 2, /Unknown subcommand "explre"/))
  it("an unknown flag", () => oneLine(["models", "--sorted"], 2, /--sorted/))
  it("an unknown model", () => oneLine(["explore", "elektion"], 2, /no model elektion in spec\/models.json \(there are election, /))
  it("an unknown level", () => oneLine(["fuzz", "--level", "hardware"], 2, /hardware/))
  it("a number out of range", () => oneLine(["fuzz", "--servers", "0"], 2, /--servers 0: expected 1 to 9/))
  it("an unreadable trace", () => oneLine(["validate", join(dir, "none.ndjson")], 2, /none.ndjson: cannot be read/))
  it("a trace that isn't JSON", () => oneLine(["validate", file("a.ndjson", `${request[0]}\nhello\n`)], 2, /a.ndjson:2: not JSON/))
  it("a trace with a gap", () => {
    const text = request.filter((_, n) => n !== 1).join("\n")
    oneLine(["validate", file("b.ndjson", text)], 2, /b.ndjson:2: /)
  })
  it("an empty trace", () => oneLine(["validate", file("c.ndjson", "")], 2, /c.ndjson:1: empty/))
  it("an unreadable history", () => oneLine(["verify", join(dir, "none.jsonl")], 2, /none.jsonl: cannot be read/))
  it("a malformed history", () => {
    const line = { client: 1, op: "put", key: "k", value: "v", call: 5, return: 3, output: null }
    oneLine(["verify", file("a.jsonl", `${JSON.stringify(line)}\n`)], 2, /a.jsonl:1: /)
  })
  it("two promises at once", () =>
    oneLine(["verify", "none.jsonl", "--consistency", "sequential", "--stale-bound", "5"], 2, /--stale-bound goes with --consistency linearizable/))
  it("a scenario with an unknown command", () =>
    oneLine(["scenario", file("a.txt", "servers 3\n----\n\nelekt s1\n----\n")], 2, /a.txt:4: .*elekt/))
  it("a scenario to replay with a server that doesn't exist", () =>
    oneLine(["fuzz", "--replay", file("c9.txt", "servers 3\napply s9 unheard\n")], 2, /c9.txt: line 2: no server s9/))
  it("a scenario to replay with too many servers", () =>
    oneLine(["fuzz", "--replay", file("c99.txt", "servers 99999999\ntimeout s1\n")], 2, /c99.txt: line 1: expected "servers n" with n from 1 to 9/))
  it("a scenario to replay that can't happen", () =>
    oneLine(["fuzz", "--replay", file("b.txt", "servers 3\nheartbeat s1\n")], 2, /b.txt: line 2: nothing happens/))
})

describe("Scenarios that can't go on, or can't be read", () => {
  const good = file("good.txt", "servers 3\ntimeout s1\n----\ns1 C t1 c0 [] votes=s1\n")
  const stuck = file("stuck.txt", "servers 3\nheartbeat s1\n----\n")
  const busy = file("busy.txt", "servers 3\nnothing: timeout s1\n----\n")
  const unreadable = file("unreadable.txt", "servers 3\nelekt s1\n----\n")

  it("a story that can't go on has FAILED with file and line, and the files behind it are run: exit code 1", () => {
    const { status, stderr, stdout } = lockstep(["scenario", stuck, busy, good])
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" })
    expect(stdout.split("\n")).toEqual([
      `FAILED  ${stuck}`,
      `  ${stuck}:2: nothing happens: heartbeat s1`,
      `FAILED  ${busy}`,
      `  ${busy}:2: something happens: timeout s1`,
      `ok  ${good}`
    ])
  })

  it("a file that can't be read doesn't hide the others' results: exit code 2", () => {
    const { status, stderr, stdout } = lockstep(["scenario", unreadable, good, join(dir, "none.txt")])
    expect({ status, stdout }).toEqual({ status: 2, stdout: `ok  ${good}` })
    expect(stderr.split("\n")).toEqual([
      `${unreadable}:2: no command "elekt"`,
      expect.stringMatching(/none\.txt: cannot be read/)
    ])
  })
})

describe("A missing tool: exit code 4", () => {
  it("no Java", () => oneLine(["tlc", "one-server"], 4, /no Java found/, noJava))
  it("no Java, and TLC required", () => oneLine(["check", "--require-tlc"], 4, /no Java found/, noJava))
  it.skipIf(spawnSync("java", ["-version"]).status !== 0)("a jar with the wrong checksum (needs Java)", () =>
    oneLine(["tlc", "one-server"], 4, /wrong checksum/, { TLA2TOOLS_JAR: join(root, "package.json") }))
})

describe("Results", () => {
  it("hold: exit code 0, and one JSON document with --json", () => {
    const { status, stdout } = lockstep(["explore", "one-server", "--json"])
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ model: "one-server", distinct: 20, complete: true, violations: [] })
  })

  it("are also written as a page, with --html", () => {
    const [none, one] = [join(dir, "none.html"), join(dir, "one.html")]
    expect(lockstep(["explore", "one-server", "--html", none]).status).toBe(0)
    expect(lockstep(["scenario", join(root, "check/scenarios/figure-8.txt"), "--html", one]).status).toBe(0)
    const title = (path: string) => /<title>(.*)<\/title>/.exec(readFileSync(path, "utf8"))?.[1]
    expect([title(none), title(one)]).toEqual(["explore one-server", "scenario"])
    const { status, stderr, stdout } = lockstep(["explore", "one-server", "--html", join(dir, "no-folder/x.html")])
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(/no-folder\/x.html: cannot be written/) })
    expect(stdout).toMatch(/^one-server: 20 distinct states/)
  }, 60_000)

  it("violated: exit code 1", () => {
    const { status, stdout } = lockstep(["verify", join(root, "check/histories/porcupine/jepsen/etcd_000.log")])
    expect(status).toBe(1)
    expect(stdout).toMatch(/^illegal .*not linearizable/s)
  })

  it("interrupted: exit code 130, and what was found so far", async () => {
    const child = spawn(process.execPath, [join(root, "src/cli/main.ts"), "fuzz", "--runs", "1000000"], { cwd: root })
    let stdout = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text)
    setTimeout(() => child.kill("SIGINT"), 4_000)
    const [status] = await once(child, "close") as [number]
    expect(status).toBe(130)
    expect(stdout).toMatch(/3 servers, seed 1: [\d,]+ runs, [\d,]+ events/)
  }, 60_000)

  it("a run's trace and history can be saved, and the history is linearizable", () => {
    expect(lockstep(["fuzz", "--runs", "1", "--save", join(dir, "saved")]).status).toBe(0)
    expect(readFileSync(join(dir, "saved/run-0.ndjson"), "utf8")).toMatch(/^\{"format":"lockstep-trace","version":3,/)
    const { status, stdout } = lockstep(["verify", join(dir, "saved/run-0.jsonl")])
    expect(status).toBe(0)
    expect(stdout).toMatch(/^ok .*[1-9]\d* operations/)
  }, 60_000)

  it("undecided when memory is used up: exit code 3, and what was covered", () => {
    const { status, stdout } = lockstep(["explore", "two-requests", "--memory", "4"])
    expect(status).toBe(3)
    expect(stdout).toMatch(/stopped \(memory\): \d+ levels complete/)
  }, 60_000)

  it("a scenario whose output differs: exit code 1, with the line", () => {
    const { status, stdout } = lockstep(["scenario", file("d.txt", "servers 3\ntimeout s1\n----\ns1 F t1 c0\n")])
    expect(status).toBe(1)
    expect(stdout).toMatch(/d.txt\n {2}from line 4:\n {4}- s1 F t1 c0\n {4}\+ s1 C t1 c0/)
  })
})
