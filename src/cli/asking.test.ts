// Goal: get, put, append, cas and delete end as their help says, and the quick way and the other say the same. Method: run
// them against servers without Raft (RespCluster.ts).
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest"
import { tableOf } from "../kv/Table.ts"
import { RespCluster } from "../../check/clerk/RespCluster.ts"
import { asked } from "./askingQuickly.ts"

const main = fileURLToPath(new URL("./main.ts", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "lockstep-asking-"))
afterAll(() => rmSync(folder, { recursive: true }))

let cluster: RespCluster
beforeEach(async () => {
  cluster = await RespCluster.start()
})
afterEach(() => cluster.stop())
const addresses = () => cluster.servers.map(({ address }) => address)

/** Runs a command to its end, while the servers of this process answer it. */
const lockstep = (...args: ReadonlyArray<string>): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args])
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text)
    child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text)
    child.on("close", (status) => resolve({ status, stdout, stderr }))
  })

describe("lockstep get, put, append, cas, delete", () => {
  /** What ends how; on a cluster where only `there` is, which is "old". */
  const cases: ReadonlyArray<readonly [args: string, status: number, stdout: string, stderr: string]> = [
    ["get there", 0, "old\n", ""],
    ["get none", 1, "", "none is absent\n"],
    ["put none new", 0, "", ""],
    ["append there er", 0, "", ""],
    ["get there --json", 0, "{\n  \"op\": \"get\",\n  \"key\": \"there\",\n  \"response\": \"old\"\n}\n", ""],
    ["cas there old new", 0, "", ""],
    ["cas there new newer", 1, "", "there has another value\n"],
    ["cas there new --absent", 1, "", "there is there already\n"],
    ["cas none new --absent", 0, "", ""],
    ["delete there", 0, "", ""],
    ["delete none", 1, "", "none is absent\n"],
    ["get there --timeout 0", 2, "", "--timeout 0: expected more than 0\n"],
    ["get there --cluster file", 2, "", "whom to ask: either --servers HOST:PORT,... or --cluster FILE\n"]
  ]

  test.each(cases)("%s", async (args, status, stdout, stderr) => {
    const words = [...args.split(" "), "--servers", addresses().join(",")]
    const reset = () => {
      cluster.kv = { ...cluster.kv, data: tableOf([["there", "old"]]) }
    }
    reset()
    expect(await lockstep(...words)).toEqual({ status, stdout, stderr })
    const after = cluster.kv.data
    // The command line with all of its help says and does the same; only it takes a level of the log.
    reset()
    expect(await lockstep(...words, "--log-level", "none")).toEqual({ status, stdout, stderr })
    expect(cluster.kv.data).toEqual(after)
  }, 20_000)

  test("the quick way takes plain words, and leaves all that is to be explained to the other", () => {
    expect(asked("cas", ["k", "a", "b", "--servers=h:1", "--timeout", "1.5", "--json"])).toEqual({
      operation: { op: "cas", key: "k", from: "a", to: "b" },
      flags: { servers: "h:1", cluster: undefined, timeout: 1.5, json: true }
    })
    expect(asked("cas", ["--absent", "k", "b"])).toMatchObject({ operation: { op: "cas", key: "k", from: null, to: "b" } })
    for (const args of ["", "k v", "k --help", "k --absent", "k --timeout x", "k --timeout", "k --log-level none", "k --server h:1"]) {
      expect([args, asked("get", args.split(" ").filter((arg) => arg !== ""))]).toEqual([args, undefined])
    }
    for (const args of [["k", "a"], ["k", "a", "b", "--absent"], ["k", "a", "b", "c"]]) expect(asked("cas", args)).toBeUndefined()
  })

  test("nobody there: exit code 2; an answer that doesn't come: exit code 3", async () => {
    expect(await lockstep("put", "k", "v", "--timeout", "0.2", "--servers", "127.0.0.1:1")).toEqual({
      status: 2,
      stdout: "",
      stderr: "not done: 127.0.0.1:1: connection refused\n"
    })
    cluster.servers[0]!.next = "silence"
    const address = addresses()[0]!
    expect(await lockstep("put", "k", "v", "--timeout", "0.3", "--servers", address)).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(`^outcome unknown: ${address}: no answer within \\d+ ms\n$`)
    })
    expect(cluster.kv.data).toEqual(tableOf([["k", "v"]]))
  }, 20_000)

  test("with a cluster file: the addresses for clients in it", async () => {
    const file = join(folder, "cluster.json")
    const servers = cluster.servers.map(({ address, id }) => [id, { peers: "127.0.0.1:1", clients: address }])
    writeFileSync(file, JSON.stringify({ cluster: "demo", servers: Object.fromEntries(servers) }))
    expect(await lockstep("put", "--cluster", file, "--", "k", "-v")).toEqual({ status: 0, stdout: "", stderr: "" })
    expect(await lockstep("get", "k", "--cluster", file)).toMatchObject({ status: 0, stdout: "-v\n" })
    expect(await lockstep("get", "k", "--cluster", join(folder, "none"))).toMatchObject({ status: 2, stderr: expect.stringMatching(/none: cannot be read/) })
  }, 20_000)

  test.each(["get", "put", "append", "cas", "delete"] as const)("%s --help explains the flags that the quick way takes", async (name) => {
    const { stdout } = await lockstep(name, "--help")
    const flags = stdout.slice(stdout.indexOf("\nFLAGS"), stdout.indexOf("\nGLOBAL FLAGS")).matchAll(/^ *--([\w-]+)/gm)
    const quick = ["servers", "cluster", "timeout", "json", ...name === "cas" ? ["absent"] : []]
    expect(Array.from(flags, ([, flag]) => flag).sort()).toEqual(quick.sort())
  }, 20_000)
})
