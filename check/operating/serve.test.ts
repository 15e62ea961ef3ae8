// Goal: what keeps a server from starting, or ends it, is said in one line, with exit code 2, and loses nothing.
// Method: processes, started as users do.
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { connect, Unavailable } from "../../src/client/index.ts"
import type { Status } from "../../src/shell/Replica.ts"
import { freePorts } from "../freePorts.ts"

const main = join(import.meta.dirname, "../../src/cli/main.ts")

let folder = ""
let ports: ReadonlyArray<number> = []
const children = new Set<ChildProcess>()

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "lockstep-serve-"))
  ports = await freePorts(3)
})
afterEach(async () => {
  await Promise.all([...children].map(async (child) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill("SIGKILL")
    await once(child, "exit")
  }))
  children.clear()
  rmSync(folder, { recursive: true })
})

/** A cluster of one: it leads itself. */
const file = (more: object = {}): string => {
  const [peers, clients, http] = ports.map((port) => `127.0.0.1:${port}`)
  const name = join(folder, "cluster.json")
  writeFileSync(name, JSON.stringify({ cluster: "one", servers: { s1: { peers, clients, http } }, ...more }))
  return name
}

interface Ended {
  readonly code: number | null
  /** Without the lines of the log. */
  readonly said: string
}

/** Starts `lockstep serve`; `limit`: bytes that a file of its may have, as if the disk were full there. */
const serve = (args: ReadonlyArray<string>, limit?: number): { readonly child: ChildProcess; readonly ended: Promise<Ended> } => {
  const command = [process.execPath, main, "serve", ...args]
  // Ignored, so that the write fails instead: as on a full disk.
  const limited = ["bash", "-c", `trap '' XFSZ; ulimit -f ${(limit ?? 0) / 1024}; exec "$@"`, "bash", ...command]
  const [program, ...rest] = limit === undefined ? command : limited
  const child = spawn(program!, rest, { stdio: ["ignore", "ignore", "pipe"] })
  children.add(child)
  let text = ""
  child.stderr!.on("data", (data) => text += data)
  const ended = once(child, "close").then(([code]) => ({
    code: code as number | null,
    said: text.split("\n").filter((line) => line !== "" && !line.startsWith("timestamp=")).join("\n").replaceAll(folder, "DIR")
  }))
  return { child, ended }
}

const leads = async () => {
  for (let tries = 0; tries < 600; tries++) {
    try {
      const status = await (await fetch(`http://127.0.0.1:${ports[2]}/status`)).json() as Status
      if (status.role === "leader") return
    } catch {
      // Not there yet.
    }
    await sleep(50)
  }
  throw new Error("no leader within 30 s")
}

const arguments_ = (data = "data") => ["--cluster", file(), "--id", "s1", "--data", join(folder, data)]

describe("a server doesn't start", () => {
  test.each([["peers", 0], ["clients", 1], ["http", 2]] as const)("when its port for %s is in use", async (_, which) => {
    const other = createServer().listen(ports[which], "127.0.0.1")
    await once(other, "listening")
    const { code, said } = await serve(arguments_()).ended
    other.close()
    expect(code).toBe(2)
    expect(said).toMatch(new RegExp(`^[^\\n]*127\\.0\\.0\\.1:${ports[which]}[^\\n]*in use[^\\n]*$`))
  })

  test("on the data of another server, or of another cluster, or while another process has it", async () => {
    const first = serve(arguments_())
    await leads()
    expect(await serve(arguments_()).ended).toEqual({ code: 2, said: "DIR/data: another process uses this folder" })
    first.child.kill("SIGTERM")
    expect(await first.ended).toEqual({ code: 0, said: "" })

    const [peers, clients] = await freePorts(2)
    const other = join(folder, "other.json")
    const address = { peers: `127.0.0.1:${peers}`, clients: `127.0.0.1:${clients}` }
    for (const [cluster, id] of [["two", "s1"], ["one", "s2"]] as const) {
      writeFileSync(other, JSON.stringify({ cluster, servers: { [id]: address } }))
      expect(await serve(["--cluster", other, "--id", id, "--data", join(folder, "data")]).ended)
        .toEqual({ code: 2, said: `DIR/data: the data of s1 of cluster "one", not of ${id} of cluster "${cluster}"` })
    }
  })

  test("where other machines could reach its metrics, unless that is wanted", async () => {
    const name = file()
    writeFileSync(name, JSON.stringify({
      cluster: "one",
      servers: { s1: { peers: `127.0.0.1:${ports[0]}`, clients: `127.0.0.1:${ports[1]}`, http: `0.0.0.0:${ports[2]}` } }
    }))
    const { code, said } = await serve(["--cluster", name, "--id", "s1", "--data", join(folder, "data")]).ended
    expect(code).toBe(2)
    expect(said).toMatch(/^cannot listen on 0\.0\.0\.0:\d+ for HTTP: it can be reached from other machines/)
  })

  test("with an id that its cluster hasn't, or certificates that are none", async () => {
    expect(await serve(["--cluster", file(), "--id", "s4", "--data", join(folder, "data")]).ended)
      .toEqual({ code: 2, said: "DIR/cluster.json: no server s4 (there are s1)" })
    writeFileSync(join(folder, "none.pem"), "none")
    const tls = { ca: "none.pem", cert: "none.pem", key: "none.pem" }
    const { code, said } = await serve(["--cluster", file({ tls }), "--id", "s1", "--data", join(folder, "data")]).ended
    expect(code).toBe(2)
    expect(said).toMatch(/^TLS files: [^\n]*$/)
  })
})

/** The log grows by a MiB at a time, so that a disk is full either then, or in the middle of a commit that is longer. */
const fillings: ReadonlyArray<readonly [string, (n: number) => number]> = [
  ["that has no room to grow by", () => 10_000],
  ["that cuts a commit short", (n) => n < 20 ? 10_000 : 2 * 2 ** 20]
]
test.each(fillings)("a full disk %s ends the server, and nothing that was acknowledged is lost", async (_, lengthOf) => {
  const valueOf = (n: number) => "v".repeat(lengthOf(n))
  const full = serve(arguments_(), 1.5 * 2 ** 20)
  await leads()
  const client = connect({ servers: [`127.0.0.1:${ports[1]}`], patience: 2000 })
  const acknowledged: Array<number> = []
  try {
    for (let n = 0;; n++) {
      await client.put(`k${n}`, valueOf(n))
      acknowledged.push(n)
    }
  } catch {
    await client.close()
  }
  const { code, said } = await full.ended
  expect(code).toBe(2)
  expect(said).toMatch(/^DIR\/data\/log-1: can't write: EFBIG[^\n]*$/)
  expect(acknowledged.length).toBeGreaterThanOrEqual(20)

  serve(arguments_())
  await leads()
  const again = connect({ servers: [`127.0.0.1:${ports[1]}`] })
  for (const n of acknowledged) expect(await again.get(`k${n}`)).toBe(valueOf(n))
  await again.close()
}, 120_000)

test("a key or a value that is too large is refused, and stored nowhere", async () => {
  serve(arguments_())
  await leads()
  const client = connect({ servers: [`127.0.0.1:${ports[1]}`] })
  await expect(client.put("k".repeat(70_000), "v")).rejects.toThrow(Unavailable)
  await expect(client.put("k", "v".repeat(9 * 2 ** 20))).rejects.toThrow(Unavailable)
  expect(await client.get("k")).toBe(null)
  await client.close()
}, 120_000)
