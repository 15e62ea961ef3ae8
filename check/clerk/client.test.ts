// Goal: the library does what its documentation says. Method: its examples, and what a user may do wrong, against servers
// without Raft (RespCluster.ts).
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest"
import { connect, OutcomeUnknown, Unavailable } from "../../src/client/index.ts"
import { tableOf } from "../../src/kv/Table.ts"
import { RespCluster } from "./RespCluster.ts"

const root = new URL("../../", import.meta.url)
const folder = mkdtempSync(join(tmpdir(), "lockstep-client-"))
afterAll(() => rmSync(folder, { recursive: true }))

let cluster: RespCluster
const addresses = () => cluster.servers.map(({ address }) => address)
beforeEach(async () => {
  cluster = await RespCluster.start()
})
afterEach(() => cluster.stop())

/** Runs a program to its end, while the servers of this process answer it. */
const run = (file: string): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [file])
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text)
    child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text)
    child.on("close", (status) => resolve({ status, stdout, stderr }))
  })

describe("lockstep/client and lockstep/clerk", () => {
  test.each(["index", "clerk"])("the example in src/client/%s.ts", async (name) => {
    const source = readFileSync(new URL(`src/client/${name}.ts`, root), "utf8")
    const example = /```ts\n([^]*?)```/.exec(source)![1]!.replaceAll(/^ \* ?/gm, "")
    const outputs = Array.from(example.matchAll(/ \/\/ => (.*)$/gm), ([, output]) => output!)
    expect(outputs.length).toBeGreaterThan(0)
    const file = join(folder, `${name}.ts`)
    writeFileSync(
      file,
      cluster.servers.reduce((text, { port }, n) => text.replaceAll(`700${n + 1}`, `${port}`), example)
        .replaceAll(/"(lockstep|effect)\/(\w+)"/g, (_, from, module) =>
          `"${from === "effect" ? import.meta.resolve(`effect/${module}`) : new URL(`src/client/${module === "client" ? "index" : module}.ts`, root).href}"`)
    )
    expect(await run(file)).toEqual({ status: 0, stdout: outputs.map((line) => `${line}\n`).join(""), stderr: "" })
  })

  test("promises are rejected with errors that can be told apart", async () => {
    const client = connect({ servers: addresses(), patience: 300 })
    await client.put("k", "a")
    cluster.servers[0]!.next = "silence"
    await expect(client.append("k", "b")).rejects.toThrow(OutcomeUnknown)
    await cluster.stop()
    // The connection was there when the command was put to it, or it wasn't.
    await expect(client.get("k")).rejects.toThrow(/^(outcome unknown|not done): /)
    await expect(client.get("k")).rejects.toThrow(/^not done: .*connection refused$/)
    await client.close()
    expect(() => connect({ servers: ["localhost"] })).toThrow(`"localhost" is no address, HOST:PORT`)
    expect(() => connect({ servers: [] })).toThrow("no servers")
  })

  test("a client that is closed rejects what is under way, and all that follows", async () => {
    const client = connect({ servers: addresses() })
    await client.put("k", "a")
    cluster.servers[0]!.next = "silence"
    const underWay = client.append("k", "b")
    await expect.poll(() => cluster.servers[0]!.next).toBeUndefined()
    await client.close()
    await expect(underWay).rejects.toThrow(OutcomeUnknown)
    await expect(client.get("k")).rejects.toThrow(Unavailable)
    expect(cluster.kv.data).toEqual(tableOf([["k", "ab"]]))
  })
})
